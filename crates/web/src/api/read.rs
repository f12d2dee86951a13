//! Reading by API: each operation asks the hub once and returns its rows as they are.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hub::{Caller, DeviceHistory, EvidenceCheck, Hub, HubError, JobShown, Person, SettingShown};
use model::Conversation;
use serde::Serialize;
use store::records::{
    DeviceDetail, DeviceRow, DeviceVerdict, DisclosureDetail, DisclosureRow, EvidenceRow,
    IngestRow, OpenQuestion, Overview, Rows, SoftwareRow, VerdictFilter,
};

use crate::app::App;
use crate::error::{Failure, Kind};
use crate::query::{self, DEVICE_PARAMS, DISCLOSURE_PARAMS, Params, VERDICT_PARAMS, WINDOW_PARAMS};
use crate::session::Signed;

type Answer<T> = Result<Json<T>, Failure>;

/// A window on rows that verdicts depend on.
#[derive(Serialize)]
pub(crate) struct Listed<T> {
    #[serde(flatten)]
    rows: Rows<T>,
    /// Devices that are not yet decided with what is held.
    pending: u64,
}

/// `GET /api/v1/overview`
pub(crate) async fn overview(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Answer<Overview> {
    query::only(&params, &[])?;
    ask(&app, move |hub| hub.overview(&signed.caller)).await
}

/// `GET /api/v1/devices`
pub(crate) async fn devices(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Answer<Listed<DeviceRow>> {
    query::only(&params, &[DEVICE_PARAMS, WINDOW_PARAMS])?;
    let (query, page) = (query::devices(&params)?, query::window(&params)?);
    list(&app, signed, move |hub, caller| hub.devices(caller, &query.filter, query.order, page))
        .await
}

/// `GET /api/v1/devices/{id}`
pub(crate) async fn device(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Answer<DeviceDetail> {
    let id = query::device_id(&id)?;
    ask(&app, move |hub| hub.device(&signed.caller, id)).await
}

/// `GET /api/v1/devices/{id}/verdicts`
pub(crate) async fn device_verdicts(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    params: Params,
) -> Answer<Listed<DeviceVerdict>> {
    query::only(&params, &[WINDOW_PARAMS])?;
    let device = Some(query::device_id(&id)?);
    let filter = VerdictFilter { device, ..VerdictFilter::default() };
    let page = query::window(&params)?;
    list(&app, signed, move |hub, caller| hub.verdicts(caller, &filter, page)).await
}

/// `GET /api/v1/devices/{id}/history`
pub(crate) async fn device_history(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Answer<DeviceHistory> {
    let id = query::device_id(&id)?;
    ask(&app, move |hub| hub.device_history(&signed.caller, id)).await
}

/// `GET /api/v1/conversations`
pub(crate) async fn conversations(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Answer<Rows<Conversation>> {
    query::only(&params, &[&["device"], WINDOW_PARAMS])?;
    let (device, page) = (query::text(&params, "device"), query::window(&params)?);
    let missing = || Failure::new(Kind::Invalid, "Name the `device` whose conversations you want.");
    let id = query::device_id(&device.ok_or_else(missing)?)?;
    ask(&app, move |hub| {
        let all = hub.device(&signed.caller, id)?.conversations;
        let total = all.len() as u64;
        let skip = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let take = usize::try_from(page.limit).unwrap_or(usize::MAX);
        Ok(Rows { rows: all.into_iter().skip(skip).take(take).collect(), total })
    })
    .await
}

/// `GET /api/v1/software`
pub(crate) async fn software(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Answer<Listed<SoftwareRow>> {
    query::only(&params, &[&["text", "as_of"], WINDOW_PARAMS])?;
    let (text, page) = (query::text(&params, "text"), query::window(&params)?);
    let as_of = query::as_of(&params)?;
    let find = move |hub: &Hub, caller: &Caller| hub.software(caller, text.as_deref(), as_of, page);
    list(&app, signed, find).await
}

/// `GET /api/v1/disclosures`
pub(crate) async fn disclosures(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Answer<Listed<DisclosureRow>> {
    query::only(&params, &[DISCLOSURE_PARAMS, WINDOW_PARAMS])?;
    let (filter, page) = (query::disclosures(&params)?, query::window(&params)?);
    list(&app, signed, move |hub, caller| hub.disclosures(caller, &filter, page)).await
}

/// `GET /api/v1/disclosures/{key}`
pub(crate) async fn disclosure(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
    params: Params,
) -> Answer<DisclosureDetail> {
    query::only(&params, &[WINDOW_PARAMS])?;
    let page = query::window(&params)?;
    ask(&app, move |hub| hub.disclosure(&signed.caller, &key, page)).await
}

/// `GET /api/v1/disclosures/{key}/raw`
pub(crate) async fn disclosure_raw(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
) -> Result<Response, Failure> {
    let bytes = app.ask(move |hub| hub.disclosure_raw(&signed.caller, &key)).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

/// `GET /api/v1/verdicts`
pub(crate) async fn verdicts(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Answer<Listed<DeviceVerdict>> {
    query::only(&params, &[VERDICT_PARAMS, WINDOW_PARAMS])?;
    let (filter, page) = (query::verdicts(&params)?, query::window(&params)?);
    list(&app, signed, move |hub, caller| hub.verdicts(caller, &filter, page)).await
}

/// `GET /api/v1/questions`
pub(crate) async fn questions(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Answer<Vec<OpenQuestion>> {
    query::only(&params, &[&["limit"]])?;
    let limit = query::window(&params)?.limit;
    ask(&app, move |hub| hub.open_questions(&signed.caller, limit)).await
}

/// `GET /api/v1/jobs`
pub(crate) async fn jobs(State(app): State<App>, signed: Signed) -> Answer<Vec<JobShown>> {
    ask(&app, move |hub| hub.jobs(&signed.caller, signed.now)).await
}

/// `GET /api/v1/settings`
pub(crate) async fn settings(State(app): State<App>, signed: Signed) -> Answer<Vec<SettingShown>> {
    ask(&app, move |hub| hub.settings(&signed.caller)).await
}

/// `GET /api/v1/people`
pub(crate) async fn people(State(app): State<App>, signed: Signed) -> Answer<Vec<Person>> {
    ask(&app, move |hub| hub.people(&signed.caller)).await
}

/// `GET /api/v1/ingests`
pub(crate) async fn ingests(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Answer<Rows<IngestRow>> {
    query::only(&params, &[WINDOW_PARAMS])?;
    let page = query::window(&params)?;
    ask(&app, move |hub| hub.ingests(&signed.caller, page)).await
}

/// `GET /api/v1/evidence`
pub(crate) async fn evidence(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Answer<Rows<EvidenceRow>> {
    query::only(&params, &[WINDOW_PARAMS])?;
    let page = query::window(&params)?;
    ask(&app, move |hub| hub.evidence(&signed.caller, page)).await
}

/// `GET /api/v1/evidence/verify`
pub(crate) async fn verify_evidence(
    State(app): State<App>,
    signed: Signed,
) -> Answer<EvidenceCheck> {
    ask(&app, move |hub| hub.verify_evidence(&signed.caller)).await
}

async fn list<T, F>(app: &App, signed: Signed, work: F) -> Answer<Listed<T>>
where
    F: FnOnce(&Hub, &Caller) -> Result<Rows<T>, HubError> + Send + 'static,
    T: Send + 'static,
{
    ask(app, move |hub| {
        let pending = hub.pending(&signed.caller)?;
        Ok(Listed { rows: work(hub, &signed.caller)?, pending })
    })
    .await
}

async fn ask<T, F>(app: &App, work: F) -> Answer<T>
where
    F: FnOnce(&Hub) -> Result<T, HubError> + Send + 'static,
    T: Send + 'static,
{
    Ok(Json(app.ask(work).await?))
}
