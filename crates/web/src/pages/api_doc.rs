//! The API, as a page: the same table that the OpenAPI document is made from.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{Room, Shell, html};
use crate::api::{OPERATIONS, Operation};
use crate::app::App;
use crate::error::{Failure, Kind};
use crate::session::Signed;

/// `GET /api`
pub(crate) async fn show(State(app): State<App>, signed: Signed) -> Result<Response, Failure> {
    let shell = Shell::of(&app, &signed, Room::Settings, "API").await?;
    html(&page(shell))
}

#[derive(Template)]
#[template(path = "api.html")]
pub(crate) struct ApiPage {
    shell: Shell,
    operations: &'static [Operation],
    problems: Vec<Problem>,
}

struct Problem {
    slug: &'static str,
    status: u16,
    title: &'static str,
    advice: &'static str,
}

pub(crate) fn page(shell: Shell) -> ApiPage {
    let problem = |kind: Kind| Problem {
        slug: kind.slug(),
        status: kind.status().as_u16(),
        title: kind.title(),
        advice: kind.advice(),
    };
    ApiPage { shell, operations: OPERATIONS, problems: Kind::ALL.map(problem).into() }
}
