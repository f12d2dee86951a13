//! What would clear devices and waits for a person; and whom the hospital trusts to clear them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use hub::{Confirmed, EngineWaits};
use serde::Serialize;
use store::records::{HeldRow, TrustRow};

use crate::app::App;
use crate::error::{Failure, Kind};
use crate::query::{self, Params};
use crate::session::Signed;

/// The engine of today, where it waits for a person.
#[derive(Serialize)]
pub(crate) struct Engine {
    pub(crate) waits: Option<EngineWaits>,
}

/// `GET /api/v1/held`
pub(crate) async fn held(
    State(app): State<App>,
    signed: Signed,
) -> Result<Json<Vec<HeldRow>>, Failure> {
    Ok(Json(app.ask(move |hub| hub.held_back(&signed.caller)).await?))
}

/// `POST /api/v1/disclosures/{key}/confirm`
pub(crate) async fn confirm(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
) -> Result<Json<Confirmed>, Failure> {
    let done = app.ask(move |hub| hub.confirm_clearing(&signed.caller, &key, signed.now));
    Ok(Json(done.await?))
}

/// `GET /api/v1/engine`
pub(crate) async fn engine(
    State(app): State<App>,
    signed: Signed,
) -> Result<Json<Engine>, Failure> {
    let waits = app.ask(move |hub| hub.engine_waits(&signed.caller)).await?;
    Ok(Json(Engine { waits }))
}

/// `POST /api/v1/engine/confirm`
pub(crate) async fn confirm_engine(
    State(app): State<App>,
    signed: Signed,
) -> Result<Json<Confirmed>, Failure> {
    Ok(Json(app.ask(move |hub| hub.confirm_engine(&signed.caller, signed.now)).await?))
}

/// `GET /api/v1/trust`
pub(crate) async fn trusted(
    State(app): State<App>,
    signed: Signed,
) -> Result<Json<Vec<TrustRow>>, Failure> {
    Ok(Json(app.ask(move |hub| hub.trusted(&signed.caller)).await?))
}

/// `POST /api/v1/trust`
pub(crate) async fn trust(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<Json<Confirmed>, Failure> {
    let (namespace, source) = named(&params)?;
    let work =
        move |hub: &hub::Hub| hub.trust(&signed.caller, &namespace, source.as_deref(), signed.now);
    Ok(Json(app.ask(work).await?))
}

/// `DELETE /api/v1/trust`
pub(crate) async fn untrust(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<StatusCode, Failure> {
    let (namespace, source) = named(&params)?;
    let work = move |hub: &hub::Hub| {
        hub.untrust(&signed.caller, &namespace, source.as_deref(), signed.now)
    };
    app.ask(work).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn named(params: &Params) -> Result<(String, Option<String>), Failure> {
    query::only(params, &[&["namespace", "source"]])?;
    let missing = || Failure::new(Kind::Invalid, "Name the `namespace` of the publisher.");
    let namespace = query::text(params, "namespace").ok_or_else(missing)?;
    Ok((namespace, query::text(params, "source")))
}
