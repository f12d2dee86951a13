//! The HTTP API, version 1: the rows the pages show, as JSON, under the same names.

pub(crate) mod clearing;
pub(crate) mod operations;
pub(crate) mod read;
pub(crate) mod session;

use axum::Json;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(crate) use operations::{OPERATIONS, Operation, document};

use crate::error::Failure;

/// `GET /api/openapi.json`
pub(crate) async fn openapi() -> Json<Value> {
    Json(document())
}

/// A failure as a problem document (RFC 9457).
pub(crate) fn problem(failure: &Failure, uri: &Uri) -> Response {
    let body = json!({
        "type": format!("/api#problem-{}", failure.kind.slug()),
        "title": failure.kind.title(),
        "status": failure.kind.status().as_u16(),
        "detail": failure.detail,
        "instance": uri.path(),
        "answerable": failure.answerable(),
        "advice": failure.kind.advice(),
    });
    let mut response = (failure.kind.status(), Json(body)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    if failure.kind == crate::error::Kind::NotSignedIn {
        let scheme = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}
