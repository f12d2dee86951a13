//! Forms by which a person agrees to what would clear devices.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::disclosure_link;
use crate::app::App;
use crate::error::Failure;
use crate::session::{OwnForm, Signed};

/// `POST /vulnerabilities/{key}/confirm`: what the newest version of a disclosure clears.
pub(crate) async fn disclosure(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
    _form: OwnForm,
) -> Result<Response, Failure> {
    let named = key.clone();
    app.ask(move |hub| hub.confirm_clearing(&signed.caller, &named, signed.now)).await?;
    let link = key.parse().map_or("/vulnerabilities".to_owned(), |key| disclosure_link(&key));
    Ok(Redirect::to(&link).into_response())
}

/// `POST /confirm-engine`: what a newer engine clears.
pub(crate) async fn engine(
    State(app): State<App>,
    signed: Signed,
    _form: OwnForm,
) -> Result<Response, Failure> {
    app.ask(move |hub| hub.confirm_engine(&signed.caller, signed.now)).await?;
    Ok(Redirect::to("/").into_response())
}
