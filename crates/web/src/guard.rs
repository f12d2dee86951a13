//! What every request passes and every answer carries.
//!
//! In: the `Host` must be one of ours, or a page elsewhere could point its own name at the hub and
//! read it (DNS rebinding); an unsafe method must come from a page of this hub.
//! Out: strict headers on everything, and each [`Failure`] as a page or as a problem document
//! (RFC 9457), whichever the address is for.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::{App, Options};
use crate::error::{Failure, Kind};
use crate::session::Signed;
use crate::{api, pages, query};

/// Marks an answer that is an error and says so itself.
#[derive(Clone, Copy)]
pub(crate) struct Explained;

/// The outermost layer.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = match admit(&method, &uri, request.headers(), &app.options) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    let mut response = explain(&method, &uri, response);
    protect(response.headers_mut(), &app.options);
    response
}

/// Refuses what does not come from a page or a program that addresses this hub by name.
fn admit(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    options: &Options,
) -> Result<(), Failure> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = host.or_else(|| uri.authority().map(Authority::as_str)).unwrap_or_default();
    if !is_ours(host, options) {
        let detail = "The name in the address is not one that this hub answers to.";
        return Err(Failure::new(Kind::ForeignHost, detail));
    }
    if method.is_safe() || comes_from_here(headers, host) {
        return Ok(());
    }
    Err(Failure::new(Kind::CrossSite, "The hub changes nothing on behalf of another site."))
}

/// An IP address cannot be rebound, so any is fine; a name must be loopback's or configured.
fn is_ours(host: &str, options: &Options) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    address.parse::<std::net::IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || options.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Browsers say where a request comes from; programs that say nothing hold no one's cookies.
fn comes_from_here(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    text(header::ORIGIN).is_none_or(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    })
}

/// Puts words to an answer that is an error.
fn explain(method: &Method, uri: &Uri, mut response: Response) -> Response {
    let status = response.status();
    let known = response.extensions_mut().remove::<Failure>();
    let explained = response.extensions_mut().remove::<Explained>().is_some();
    if explained || known.is_none() && !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let failure = known.unwrap_or_else(|| Failure::of_status(status));
    let signed = response.extensions_mut().remove::<Signed>();
    let mut explained = if is_api(uri) {
        api::problem(&failure, uri)
    } else {
        match failure.kind {
            Kind::NotSignedIn => to_sign_in(method, uri),
            Kind::PasswordDue => Redirect::to("/password").into_response(),
            _ => pages::error(&failure, signed.as_ref()),
        }
    };
    let kept = [header::ALLOW, header::SET_COOKIE];
    for name in kept {
        if let Some(value) = response.headers_mut().remove(&name) {
            explained.headers_mut().insert(name, value);
        }
    }
    if let Some(seconds) = failure.retry_after {
        explained.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    explained
}

fn to_sign_in(method: &Method, uri: &Uri) -> Response {
    let wanted = uri.path_and_query().map_or("/", |path| path.as_str());
    let back = if method == Method::GET && wanted != "/" {
        format!("/sign-in?next={}", query::encode(wanted))
    } else {
        "/sign-in".to_owned()
    };
    Redirect::to(&back).into_response()
}

fn is_api(uri: &Uri) -> bool {
    uri.path().starts_with("/api/")
}

/// Headers of every answer. A handler's own `Cache-Control` stands.
fn protect(headers: &mut HeaderMap, options: &Options) {
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if options.https {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

/// The answer for an address that no route has.
pub(crate) async fn nothing_here() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Not `no-referrer`: browsers would then send `Origin: null` with our own forms, and over plain
    // HTTP off loopback they send nothing else that says where a form comes from.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn answers_only_to_its_own_names() {
        let options = Options { hosts: vec!["regimen.hospital.example".to_owned()], ..Options::default() };
        for (host, want) in [
            ("localhost:8405",                true),
            ("127.0.0.1:8405",                true),
            ("[::1]:8405",                    true),
            ("10.1.2.3",                      true),
            ("Regimen.Hospital.Example:443",  true),
            ("evil.example",                  false),
            ("localhost.evil.example",        false),
            ("regimen.hospital.example@evil", false),
            ("",                              false),
        ] {
            assert_eq!(is_ours(host, &options), want, "{host}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn unsafe_methods_come_from_a_page_of_this_hub() {
        for (name, header, value, want) in [
            ("own page",          "sec-fetch-site", "same-origin",           true),
            ("typed",             "sec-fetch-site", "none",                  true),
            ("sibling name",      "sec-fetch-site", "same-site",             false),
            ("another site",      "sec-fetch-site", "cross-site",            false),
            ("own origin",        "origin",         "http://localhost:8405", true),
            ("another port",      "origin",         "http://localhost:9999", false),
            ("another origin",    "origin",         "http://evil.example",   false),
            ("opaque origin",     "origin",         "null",                  false),
            ("a program",         "user-agent",     "curl",                  true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost:8405"));
            headers.insert(header, HeaderValue::from_static(value));
            let admitted = admit(&Method::POST, &Uri::from_static("/x"), &headers, &Options::default());
            assert_eq!(admitted.is_ok(), want, "{name}");
        }
    }
}
