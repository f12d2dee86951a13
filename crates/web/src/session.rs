//! Who is asking: the session cookie or bearer token, and forms that prove where they came from.

use std::collections::BTreeMap;

use axum::extract::{Form, FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hub::{Asks, Caller, SignedIn};
use model::{Secret, Timestamp};

use crate::app::{App, Options};
use crate::clock;
use crate::error::{Failure, Kind};

/// A person who is signed in, for the length of one request.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) caller: Caller,
    pub(crate) token: Secret,
    /// The token that the forms of this session carry.
    pub(crate) form_token: Secret,
    pub(crate) now: Timestamp,
}

/// The fields of a form that this hub made for this session.
pub(crate) struct OwnForm(pub(crate) BTreeMap<String, String>);

/// Lets those through who are signed in and may do what the route is for, wherever their grants
/// reach; how far, the hub asks. Leaves who it is in the request.
pub(crate) async fn require(
    State((app, asks)): State<(App, Asks)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let not_signed_in = || Failure::new(Kind::NotSignedIn, "Sign in first.");
    let token = token(request.headers(), &app.options).ok_or_else(not_signed_in)?;
    let now = clock::now();
    let presented = token.clone();
    let caller = app.ask(move |hub| hub.caller(&presented, now)).await?;
    let due = caller.must_change_password;
    let refused = match asks {
        Asks::Permission(permission) => caller.require(permission).err(),
        Asks::Nothing | Asks::Oneself => None,
    };
    let form_token = app.forms.token(&token);
    let signed = Signed { caller, token, form_token, now };
    let open = OPEN_BEFORE_PASSWORD.contains(&request.uri().path());
    let mut response = if due && !open {
        Failure::new(Kind::PasswordDue, "A one-time password lets you in only once.")
            .into_response()
    } else if let Some(error) = refused {
        Failure::from(error).into_response()
    } else {
        request.extensions_mut().insert(signed.clone());
        next.run(request).await
    };
    response.extensions_mut().insert(signed);
    Ok(response)
}

impl FromRequestParts<App> for Signed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Failure> {
        let signed = parts.extensions.get::<Self>().cloned();
        signed.ok_or_else(|| Failure::new(Kind::NotSignedIn, "Sign in first."))
    }
}

impl FromRequest<App> for OwnForm {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let signed = request.extensions().get::<Signed>().cloned();
        let fields = fields(request, app).await?;
        let sent = fields.get(FORM_TOKEN).map_or("", String::as_str);
        match signed {
            Some(signed) if app.forms.accepts(&signed.token, sent) => Ok(Self(fields)),
            _ => Err(Failure::new(
                Kind::StaleForm,
                "The form does not carry the mark of your present session.",
            )),
        }
    }
}

/// The fields of any form.
pub(crate) async fn fields(
    request: Request,
    app: &App,
) -> Result<BTreeMap<String, String>, Failure> {
    let form = Form::<BTreeMap<String, String>>::from_request(request, app).await;
    form.map(|Form(fields)| fields).map_err(|error| {
        let failure = Failure::of_status(error.status());
        Failure { detail: error.body_text(), ..failure }
    })
}

/// The session token of a request: a bearer token, else the cookie.
pub(crate) fn token(headers: &HeaderMap, options: &Options) -> Option<Secret> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(text) = bearer {
        let (scheme, token) = text.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()));
    }
    let wanted = cookie_name(options);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|one| one.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim() == wanted)?;
    Some(Secret::new(value.trim()))
}

/// The cookie that opens a session.
pub(crate) fn cookie(session: &SignedIn, options: &Options, now: Timestamp) -> Option<HeaderValue> {
    let left = session.expires.micros_since(now).max(0) / 1_000_000;
    set_cookie(session.token.expose(), left, options)
}

/// The cookie that ends it.
pub(crate) fn ended_cookie(options: &Options) -> Option<HeaderValue> {
    set_cookie("", 0, options)
}

fn set_cookie(value: &str, seconds: i64, options: &Options) -> Option<HeaderValue> {
    let name = cookie_name(options);
    let secure = if options.https { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Browsers accept the `__Host-` prefix only over HTTPS, where it pins the cookie to this host.
const fn cookie_name(options: &Options) -> &'static str {
    if options.https { "__Host-regimen" } else { "regimen" }
}

/// Name of the form field that carries the form token.
pub(crate) const FORM_TOKEN: &str = "form_token";

/// What a person may do who has not chosen a password yet.
const OPEN_BEFORE_PASSWORD: [&str; 3] = ["/password", "/sign-out", "/api/v1/session"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn finds_the_token() {
        let https = Options { https: true, ..Options::default() };
        for (name, header, value, options, want) in [
            ("cookie",          "cookie",        "a=b; regimen=tok",   &Options::default(), Some("tok")),
            ("prefixed",        "cookie",        "__Host-regimen=tok", &https,              Some("tok")),
            ("plain on https",  "cookie",        "regimen=tok",        &https,              None),
            ("bearer",          "authorization", "Bearer tok",         &https,              Some("tok")),
            ("basic",           "authorization", "Basic tok",          &https,              None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header, HeaderValue::from_static(value));
            assert_eq!(token(&headers, options), want.map(Secret::new), "{name}");
        }
    }

    #[test]
    fn the_cookie_cannot_be_read_by_script_or_sent_from_elsewhere() {
        for (https, want) in [
            (false, "regimen=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"),
            (true, "__Host-regimen=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure"),
        ] {
            let options = Options { https, ..Options::default() };
            assert_eq!(ended_cookie(&options).unwrap(), want);
        }
    }
}
