//! Every address the hub answers, in one table.
//!
//! Who may reach a route is part of its row, and the router is built from the rows, so that no
//! route can be forgotten by the sign-in check, by the API document, or by the tests.

use axum::routing::{MethodRouter, delete, get, post};

use hub::{Asks, Permission};

use crate::app::App;
use crate::{api, pages, statics};

/// One method at one address.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// What it asks of whoever comes.
    pub(crate) asks: Asks,
    pub(crate) handler: fn() -> MethodRouter<App>,
}

macro_rules! routes {
    ($($asks:ident $method:ident $path:literal $handler:path,)+) => {
        /// Every route.
        pub(crate) const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            asks: routes!(@asks $asks),
            handler: || $method($handler),
        },)+];
    };
    (@asks Anyone) => { Asks::Nothing };
    (@asks SignedIn) => { Asks::Oneself };
    (@asks $permission:ident) => { Asks::Permission(Permission::$permission) };
}

routes! {
    Anyone       get    "/health"                          statics::health,
    Anyone       get    "/static/{file}"                   statics::file,
    Anyone       get    "/sign-in"                         pages::sign_in::form,
    Anyone       post   "/sign-in"                         pages::sign_in::submit,
    SignedIn     post   "/sign-out"                        pages::sign_in::sign_out,
    SignedIn     get    "/password"                        pages::password::form,
    SignedIn     post   "/password"                        pages::password::submit,

    Read         get    "/"                                pages::today::show,
    Read         get    "/search"                          pages::search::show,
    Read         get    "/assets"                          pages::assets::show,
    Read         get    "/assets.csv"                      pages::assets::csv,
    Read         get    "/assets.json"                     pages::assets::json,
    Read         get    "/assets/{id}"                     pages::device::show,
    Read         get    "/assets/{id}/conversations"       pages::device::conversations,
    Read         get    "/assets/{id}/verdicts"            pages::device::verdicts,
    Read         get    "/software"                        pages::software::show,
    Read         get    "/vulnerabilities"                 pages::disclosures::show,
    Read         get    "/vulnerabilities/{key}"           pages::disclosure::show,
    Read         get    "/vulnerabilities/{key}/raw"       pages::disclosure::raw,
    ConfirmClearing post "/vulnerabilities/{key}/confirm"   pages::confirm::disclosure,
    ConfirmClearing post "/confirm-engine"                  pages::confirm::engine,
    SignedIn     get    "/protection"                      pages::rooms::protection,
    SignedIn     get    "/access"                          pages::rooms::access,
    SignedIn     get    "/contracts"                       pages::rooms::contracts,
    ReadEvidence get    "/evidence"                        pages::evidence::show,
    ReadEvidence post   "/evidence/verify"                 pages::evidence::verify,
    Read         get    "/settings"                        pages::settings::show,
    SignedIn     get    "/api"                             pages::api_doc::show,

    SignedIn     get    "/api/openapi.json"                api::openapi,
    Anyone       post   "/api/v1/session"                  api::session::open,
    SignedIn     delete "/api/v1/session"                  api::session::close,
    Read         get    "/api/v1/overview"                 api::read::overview,
    Read         get    "/api/v1/devices"                  api::read::devices,
    Read         get    "/api/v1/devices/{id}"             api::read::device,
    Read         get    "/api/v1/devices/{id}/verdicts"    api::read::device_verdicts,
    Read         get    "/api/v1/devices/{id}/history"     api::read::device_history,
    Read         get    "/api/v1/conversations"            api::read::conversations,
    Read         get    "/api/v1/software"                 api::read::software,
    Read         get    "/api/v1/disclosures"              api::read::disclosures,
    Read         get    "/api/v1/disclosures/{key}"        api::read::disclosure,
    Read         get    "/api/v1/disclosures/{key}/raw"    api::read::disclosure_raw,
    ConfirmClearing post "/api/v1/disclosures/{key}/confirm" api::clearing::confirm,
    Read         get    "/api/v1/held"                     api::clearing::held,
    Read         get    "/api/v1/engine"                   api::clearing::engine,
    ConfirmClearing post "/api/v1/engine/confirm"           api::clearing::confirm_engine,
    Read         get    "/api/v1/trust"                    api::clearing::trusted,
    ConfirmClearing post "/api/v1/trust"                    api::clearing::trust,
    ConfirmClearing delete "/api/v1/trust"                    api::clearing::untrust,
    Read         get    "/api/v1/verdicts"                 api::read::verdicts,
    Read         get    "/api/v1/questions"                api::read::questions,
    Read         get    "/api/v1/jobs"                     api::read::jobs,
    Read         get    "/api/v1/settings"                 api::read::settings,
    ManagePeople get    "/api/v1/people"                   api::read::people,
    Read         get    "/api/v1/ingests"                  api::read::ingests,
    ReadEvidence get    "/api/v1/evidence"                 api::read::evidence,
    ReadEvidence get    "/api/v1/evidence/verify"          api::read::verify_evidence,
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode, header};
    use hub::Hub;
    use tower::ServiceExt;

    use super::*;
    use crate::Options;

    /// A route that is added without thought is closed, and this test walks every one.
    #[tokio::test]
    async fn every_route_asks_who_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("regimen.db");
        let url = store::StoreUrl::parse(&format!("sqlite:{}", path.display())).unwrap();
        let hub = Hub::open(&url).unwrap();
        let router = crate::router(hub, Options::default()).unwrap();
        let open: Vec<_> = ROUTES.iter().filter(|route| route.asks == Asks::Nothing).collect();
        let open: Vec<_> = open.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(
            open,
            [
                ("get", "/health"),
                ("get", "/static/{file}"),
                ("get", "/sign-in"),
                ("post", "/sign-in"),
                ("post", "/api/v1/session"),
            ]
        );
        for route in ROUTES.iter().filter(|route| route.asks != Asks::Nothing) {
            for cookie in ["", "regimen=not-a-session"] {
                let request = Request::builder()
                    .method(route.method.to_uppercase().as_str())
                    .uri(route.path.replace(['{', '}'], ""))
                    .header(header::HOST, "localhost")
                    .header(header::COOKIE, cookie);
                let request = request.body(Body::empty()).unwrap();
                let response = router.clone().oneshot(request).await.unwrap();
                let name = format!("{} {}", route.method, route.path);
                if route.path.starts_with("/api/") {
                    assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{name}");
                } else {
                    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{name}");
                    let to = response.headers()[header::LOCATION].to_str().unwrap();
                    assert!(to.starts_with("/sign-in"), "{name}");
                }
            }
        }
    }
}
