//! Sign-in and sign-out.

use std::time::Duration;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use hub::{HubError, SignIn, SignedIn};
use model::Secret;

use super::{Shell, html};
use crate::app::App;
use crate::clock;
use crate::connections::Source;
use crate::error::{Failure, Kind};
use crate::query::{self, Params};
use crate::session::{self, OwnForm, Signed};

/// `GET /sign-in`
pub(crate) async fn form(State(app): State<App>, params: Params) -> Result<Response, Failure> {
    html(&page(&app, "", &query::text(&params, "next").unwrap_or_default(), None))
}

/// `POST /sign-in`
pub(crate) async fn submit(
    State(app): State<App>,
    Source(source): Source,
    request: Request,
) -> Result<Response, Failure> {
    let mut fields = session::fields(request, &app).await?;
    let mut take = |name: &str| fields.remove(name).unwrap_or_default();
    let (name, next) = (take("name"), take("next"));
    let attempt = SignIn { name: name.clone(), password: Secret::new(take("password")), source };
    match check(&app, attempt).await {
        Ok(signed_in) => Ok(opened(&app, &signed_in, &next)),
        Err(failure) if failure.kind == Kind::NotSignedIn => {
            let wrong = "That name and password do not go together.";
            Ok(refused(html(&page(&app, &name, &next, Some(wrong)))?, StatusCode::UNAUTHORIZED))
        }
        Err(failure) if failure.kind == Kind::Invalid => {
            let page = page(&app, &name, &next, Some(&failure.detail));
            Ok(refused(html(&page)?, StatusCode::UNAUTHORIZED))
        }
        Err(failure) => Err(failure),
    }
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(app): State<App>,
    signed: Signed,
    _form: OwnForm,
) -> Result<Response, Failure> {
    app.ask(move |hub| hub.sign_out(&signed.token, signed.now)).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    if let Some(cookie) = session::ended_cookie(&app.options) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Checks a sign-in, a few at a time: each takes memory and a core on purpose.
pub(crate) async fn check(app: &App, attempt: SignIn) -> Result<SignedIn, Failure> {
    let wait = tokio::time::timeout(QUEUE_WAIT, app.sign_ins.clone().acquire_owned()).await;
    let Ok(Ok(permit)) = wait else {
        return Err(HubError::TryLater { seconds: QUEUE_WAIT.as_secs() }.into());
    };
    let now = clock::now();
    let signed_in = app.ask(move |hub| {
        // Held by the work and not by the request, so that leaving early frees nothing.
        let _permit = permit;
        hub.sign_in(&attempt, now)
    });
    Ok(signed_in.await?)
}

/// The answer that opens a session and goes on to `next`.
pub(crate) fn opened(app: &App, signed_in: &SignedIn, next: &str) -> Response {
    let to = if signed_in.caller.must_change_password { "/password" } else { local(next) };
    let mut response = Redirect::to(to).into_response();
    if let Some(cookie) = session::cookie(signed_in, &app.options, clock::now()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    shell: Shell,
    name: &'a str,
    next: &'a str,
    notice: Option<&'a str>,
    wrong: Option<&'a str>,
}

fn page<'a>(app: &'a App, name: &'a str, next: &'a str, wrong: Option<&'a str>) -> SignInPage<'a> {
    let notice = app.options.notice.as_deref();
    SignInPage { shell: Shell::bare("Sign in"), name, next: local(next), notice, wrong }
}

/// `next` where it is a path of this hub; anything else could lead to another site.
fn local(next: &str) -> &str {
    let second = next.as_bytes().get(1);
    let plain = next.starts_with('/') && !matches!(second, Some(b'/' | b'\\'));
    if plain && next.bytes().all(|byte| byte.is_ascii_graphic()) { next } else { "/" }
}

fn refused(mut response: Response, status: StatusCode) -> Response {
    *response.status_mut() = status;
    // The page says what is wrong; without this the guard would put an error page in its place.
    response.extensions_mut().insert(crate::guard::Explained);
    response
}

/// Longest wait for a place among the sign-ins under way: longer than all that may be connected
/// at once take, so that a crowd delays a right password and does not refuse it.
const QUEUE_WAIT: Duration = Duration::from_secs(45);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn sign_in_leads_nowhere_else() {
        for (next, want) in [
            ("/assets?verdict=affected", "/assets?verdict=affected"),
            ("//evil.example",           "/"),
            ("/\\evil.example",          "/"),
            ("https://evil.example",     "/"),
            ("/a\r\nSet-Cookie: x",      "/"),
            ("",                         "/"),
        ] {
            assert_eq!(local(next), want, "{next}");
        }
    }
}
