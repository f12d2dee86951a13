//! Opening and closing a session by API.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub::SignIn;
use model::Secret;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::connections::Source;
use crate::error::Failure;
use crate::pages::sign_in;
use crate::session::{self, Signed};

/// What a program sends to sign in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

/// `POST /api/v1/session`
pub(crate) async fn open(
    State(app): State<App>,
    Source(source): Source,
    body: Result<Json<Credentials>, JsonRejection>,
) -> Result<Response, Failure> {
    let Json(sent) = body.map_err(|error| {
        let failure = Failure::of_status(error.status());
        // The framework's words may quote the body, which holds a password.
        Failure { detail: "Send JSON with `name` and `password`.".to_owned(), ..failure }
    })?;
    let attempt = SignIn { name: sent.name, password: Secret::new(sent.password), source };
    let opened = sign_in::check(&app, attempt).await?;
    let body = json!({
        "token": opened.token.expose(),
        "expires": opened.expires,
        "name": opened.caller.name,
        "role": opened.caller.role().map_or("none", |role| role.name()),
        "grants": opened.caller.grants,
        "must_change_password": opened.caller.must_change_password,
    });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// `DELETE /api/v1/session`
pub(crate) async fn close(State(app): State<App>, signed: Signed) -> Result<Response, Failure> {
    app.ask(move |hub| hub.sign_out(&signed.token, signed.now)).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = session::ended_cookie(&app.options) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
