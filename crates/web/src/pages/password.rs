//! Choosing one's own password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use hub::SignIn;
use model::Secret;

use super::{Shell, html, sign_in};
use crate::app::App;
use crate::connections::Source;
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
    Source(source): Source,
    OwnForm(mut fields): OwnForm,
) -> Result<Response, Failure> {
    let mut take = |name: &str| Secret::new(fields.remove(name).unwrap_or_default());
    let (current, new, again) = (take("current"), take("new"), take("again"));
    if new != again {
        return html(&page(&signed, Some("The two new passwords differ.")));
    }
    let (caller, now, chosen) = (signed.caller.clone(), signed.now, new.clone());
    let changed = app.ask(move |hub| hub.change_password(&caller, &current, &chosen, now)).await;
    match changed.map_err(Failure::from) {
        Ok(()) => {}
        Err(failure) if matches!(failure.kind, Kind::Invalid | Kind::NotSignedIn) => {
            return html(&page(&signed, Some(&failure.detail)));
        }
        Err(failure) => return Err(failure),
    }
    let attempt = SignIn { name: signed.caller.name.clone(), password: new, source };
    let session = sign_in::check(&app, attempt).await?;
    app.ask(move |hub| hub.sign_out(&signed.token, signed.now)).await?;
    Ok(sign_in::opened(&app, &session, "/"))
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
