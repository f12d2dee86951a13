//! Rooms that are not built yet: a working door, and plain words behind it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{Room, Shell, html};
use crate::app::App;
use crate::error::Failure;
use crate::session::Signed;

#[derive(Template)]
#[template(path = "room.html")]
pub(crate) struct RoomPage {
    shell: Shell,
    title: &'static str,
    will: &'static str,
    meanwhile: &'static str,
    link: &'static str,
    action: &'static str,
}

/// `GET /protection`
pub(crate) async fn protection(
    State(app): State<App>,
    signed: Signed,
) -> Result<Response, Failure> {
    let shell = Shell::of(&app, &signed, Room::Protection, "Protection").await?;
    html(&RoomPage {
        shell,
        title: "Protection",
        will: "Here each device will be held against a baseline of six controls, its \
               conversations turned into zones and rules for your firewalls, and every rule tried \
               on recorded traffic before anybody approves it.",
        meanwhile: "What it will start from is already recorded: each device's page shows what the \
                    device talks to, and whether a login in clear text or a default SNMP community \
                    was seen.",
        link: "/assets",
        action: "Open the devices",
    })
}

/// `GET /access`
pub(crate) async fn access(State(app): State<App>, signed: Signed) -> Result<Response, Failure> {
    let shell = Shell::of(&app, &signed, Room::Access, "Access").await?;
    html(&RoomPage {
        shell,
        title: "Access",
        will: "Here a maker's technician will ask for a way in, one of you will approve it for a \
               set time, and every remote session on the network will be joined to an approval. \
               A session without one will raise an alarm.",
        meanwhile: "Remote-access tools that were seen on the network are already listed as \
                    software.",
        link: "/software",
        action: "Open the software list",
    })
}

/// `GET /contracts`
pub(crate) async fn contracts(State(app): State<App>, signed: Signed) -> Result<Response, Failure> {
    let shell = Shell::of(&app, &signed, Room::Contracts, "Contracts").await?;
    html(&RoomPage {
        shell,
        title: "Contracts",
        will: "Here the security terms of each maker and contract will be kept as terms that can \
               be measured, with their clocks, their breaches and the proof.",
        meanwhile: "Which disclosures each maker published, and what it says to do, is already \
                    here.",
        link: "/vulnerabilities",
        action: "Open the disclosures",
    })
}
