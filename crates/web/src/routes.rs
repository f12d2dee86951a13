//! Every address the hub answers, in one table.
//!
//! Who may reach a route is part of its row, and the router is built from the rows, so that no
//! route can be forgotten by the sign-in check, by the API document, or by the tests.

use axum::routing::{MethodRouter, delete, get, post};

use crate::app::App;
use crate::{api, pages, statics};

/// Who may reach a route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// Anyone who can reach the hub.
    Anyone,
    /// People who are signed in.
    SignedIn,
}

/// One method at one address.
pub(crate) struct Route {
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests that walk every route"))]
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) reach: Reach,
    pub(crate) handler: fn() -> MethodRouter<App>,
}

macro_rules! routes {
    ($($reach:ident $method:ident $path:literal $handler:path,)+) => {
        /// Every route.
        pub(crate) const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            reach: Reach::$reach,
            handler: || $method($handler),
        },)+];
    };
}

routes! {
    Anyone   get    "/health"                          statics::health,
    Anyone   get    "/static/{file}"                   statics::file,
    Anyone   get    "/sign-in"                         pages::sign_in::form,
    Anyone   post   "/sign-in"                         pages::sign_in::submit,
    SignedIn post   "/sign-out"                        pages::sign_in::sign_out,
    SignedIn get    "/password"                        pages::password::form,
    SignedIn post   "/password"                        pages::password::submit,

    SignedIn get    "/"                                pages::today::show,
    SignedIn get    "/search"                          pages::search::show,
    SignedIn get    "/assets"                          pages::assets::show,
    SignedIn get    "/assets.csv"                      pages::assets::csv,
    SignedIn get    "/assets.json"                     pages::assets::json,
    SignedIn get    "/assets/{id}"                     pages::device::show,
    SignedIn get    "/assets/{id}/conversations"       pages::device::conversations,
    SignedIn get    "/assets/{id}/verdicts"            pages::device::verdicts,
    SignedIn get    "/software"                        pages::software::show,
    SignedIn get    "/vulnerabilities"                 pages::disclosures::show,
    SignedIn get    "/vulnerabilities/{key}"           pages::disclosure::show,
    SignedIn get    "/vulnerabilities/{key}/raw"       pages::disclosure::raw,
    SignedIn post   "/vulnerabilities/{key}/confirm"   pages::confirm::disclosure,
    SignedIn post   "/confirm-engine"                  pages::confirm::engine,
    SignedIn get    "/protection"                      pages::rooms::protection,
    SignedIn get    "/access"                          pages::rooms::access,
    SignedIn get    "/contracts"                       pages::rooms::contracts,
    SignedIn get    "/evidence"                        pages::evidence::show,
    SignedIn post   "/evidence/verify"                 pages::evidence::verify,
    SignedIn get    "/settings"                        pages::settings::show,
    SignedIn get    "/api"                             pages::api_doc::show,

    SignedIn get    "/api/openapi.json"                api::openapi,
    Anyone   post   "/api/v1/session"                  api::session::open,
    SignedIn delete "/api/v1/session"                  api::session::close,
    SignedIn get    "/api/v1/overview"                 api::read::overview,
    SignedIn get    "/api/v1/devices"                  api::read::devices,
    SignedIn get    "/api/v1/devices/{id}"             api::read::device,
    SignedIn get    "/api/v1/devices/{id}/verdicts"    api::read::device_verdicts,
    SignedIn get    "/api/v1/conversations"            api::read::conversations,
    SignedIn get    "/api/v1/software"                 api::read::software,
    SignedIn get    "/api/v1/disclosures"              api::read::disclosures,
    SignedIn get    "/api/v1/disclosures/{key}"        api::read::disclosure,
    SignedIn get    "/api/v1/disclosures/{key}/raw"    api::read::disclosure_raw,
    SignedIn post   "/api/v1/disclosures/{key}/confirm" api::clearing::confirm,
    SignedIn get    "/api/v1/held"                     api::clearing::held,
    SignedIn get    "/api/v1/engine"                   api::clearing::engine,
    SignedIn post   "/api/v1/engine/confirm"           api::clearing::confirm_engine,
    SignedIn get    "/api/v1/trust"                    api::clearing::trusted,
    SignedIn post   "/api/v1/trust"                    api::clearing::trust,
    SignedIn delete "/api/v1/trust"                    api::clearing::untrust,
    SignedIn get    "/api/v1/verdicts"                 api::read::verdicts,
    SignedIn get    "/api/v1/questions"                api::read::questions,
    SignedIn get    "/api/v1/ingests"                  api::read::ingests,
    SignedIn get    "/api/v1/evidence"                 api::read::evidence,
    SignedIn get    "/api/v1/evidence/verify"          api::read::verify_evidence,
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
        let open: Vec<_> = ROUTES.iter().filter(|route| route.reach == Reach::Anyone).collect();
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
        for route in ROUTES.iter().filter(|route| route.reach == Reach::SignedIn) {
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
