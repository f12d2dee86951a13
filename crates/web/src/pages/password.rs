//! Choosing one's own password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use model::Secret;

use super::{Shell, html, sign_in};
use crate::app::App;
use crate::error::{Failure, Kind};
use crate::session::{OwnForm, Signed};

/// `GET /password`
pub(crate) async fn form(signed: Signed) -> Result<Response, Failure> {
    html(&page(&signed, None))
}

/// `POST /password`: changes it, and opens a new session in place of the old ones.
pub(crate) async fn submit(
    State(app): State<App>,
    signed: Signed,
    OwnForm(mut fields): OwnForm,
) -> Result<Response, Failure> {
    let mut take = |name: &str| Secret::new(fields.remove(name).unwrap_or_default());
    let (current, new, again) = (take("current"), take("new"), take("again"));
    if new != again {
        return html(&page(&signed, Some("The two new passwords differ.")));
    }
    let (caller, now, chosen) = (signed.caller.clone(), signed.now, new);
    // Apart from sign-ins: whoever is signed in waits for others who are, and for nobody else.
    let permit = app.changes.clone().acquire_owned().await;
    let changed = app
        .ask(move |hub| {
            let _permit = permit;
            hub.change_password(&caller, &current, &chosen, now)
        })
        .await;
    match changed.map_err(Failure::from) {
        Ok(session) => Ok(sign_in::opened(&app, &session, "/")),
        Err(failure) if matches!(failure.kind, Kind::Invalid | Kind::NotSignedIn) => {
            html(&page(&signed, Some(&failure.detail)))
        }
        Err(failure) => Err(failure),
    }
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage<'a> {
    shell: Shell,
    due: bool,
    name: &'a str,
    wrong: Option<&'a str>,
}

fn page<'a>(signed: &'a Signed, wrong: Option<&'a str>) -> PasswordPage<'a> {
    let due = signed.caller.must_change_password;
    // Until it is changed no other page opens, so none is offered.
    let mut shell =
        Shell::with(signed, None, "Change password", &std::collections::BTreeMap::new());
    if due {
        shell.rooms.clear();
    }
    PasswordPage { shell, due, name: &signed.caller.name, wrong }
}
