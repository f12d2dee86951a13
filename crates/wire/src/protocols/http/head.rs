//! The head of a message: what its headers say, and how its body is framed.
//!
//! Source:  RFC 9112 sections 3 to 6; RFC 9110 section 8 (content).
//! Input:   the front of one direction, at the start of a message.
//! Output:  findings, and how to get over the body.
//! Limits:  [`HEADERS_MAX`] headers in [`HEAD_BYTES_MAX`].
//! Privacy: neither the path nor the query is looked at, nor any header that is not named here.

use std::ops::Range;

use httparse::{Header, ParserConfig, Request, Response, Status};

use crate::dissect::{About, Sink, Step};

use super::{auth, fields};

/// What a request asks for, as far as the answer's framing depends on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    Head,
    Connect,
    /// Asked of a proxy, with the name of the server in the target (RFC 9112 section 3.2.2).
    OfProxy,
    Other,
}

/// A head that was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Head {
    /// Its length, in bytes.
    pub(super) length: usize,
    pub(super) body: Body,
    pub(super) content: Content,
}

/// How long the body is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Body {
    Absent,
    Length(u64),
    Chunked,
    UntilClose,
}

/// What is in the body.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Content {
    pub(super) is_xml: bool,
    pub(super) coding: Coding,
}

/// How the body is packed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Coding {
    #[default]
    Plain,
    Gzip,
    Zlib,
    Other,
}

/// True where the empty line that ends a head is here. The first `seen` bytes were searched before.
pub(super) fn is_whole(input: &[u8], seen: usize) -> Result<bool, Step> {
    let fresh = input.get(seen.saturating_sub(2)..).unwrap_or_default();
    let ends = memchr::memchr_iter(b'\n', fresh)
        .any(|end| matches!(fresh.get(end + 1..), Some([b'\n', ..] | [b'\r', b'\n', ..])));
    if !ends && input.len() > HEAD_BYTES_MAX {
        return Err(HEAD_OVER_LIMIT);
    }
    Ok(ends)
}

/// Reads a request; `Ok(None)` asks for more bytes.
pub(super) fn request(
    input: &[u8],
    sink: &mut dyn Sink,
    base: usize,
) -> Result<Option<(Head, Asked)>, Step> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = Request::new(&mut headers);
    let Some(length) = whole(config().parse_request(&mut request, input), input)? else {
        return Ok(None);
    };
    let of_proxy = request.path.is_some_and(|path| path.contains("://"));
    let asked = match request.method {
        Some("HEAD") => Asked::Head,
        Some("CONNECT") => Asked::Connect,
        _ if of_proxy => Asked::OfProxy,
        _ => Asked::Other,
    };
    let proxied = passed_on(request.headers, input, base);
    if let Some(at) = proxied.clone() {
        sink.found(&fields::PROXY, About::Sender, "web_proxy", at);
    }
    if of_proxy || asked == Asked::Connect {
        sink.found(&fields::PROXY, About::Receiver, "web_proxy", base..base + 1);
    }
    let mut facts = Facts::default();
    for header in request.headers.iter() {
        let at = place(input, header, base);
        let value = header.value;
        match header.name.to_ascii_lowercase().as_str() {
            // A proxy is called by the names of others, and passes on what clients run.
            "host" if of_proxy || asked == Asked::Connect => {}
            "user-agent" if proxied.is_some() => {}
            "host" => sink.found_bytes(&fields::HOST, About::Receiver, value, at),
            "user-agent" => sink.found_bytes(&fields::USER_AGENT, About::Sender, value, at),
            "authorization" | "proxy-authorization" => auth::credentials(value, &at, sink),
            name => facts.take(name, value)?,
        }
    }
    let body = match facts.framing() {
        Body::UntilClose => Body::Absent,
        framed => framed,
    };
    Ok(Some((Head { length, body, content: facts.content }, asked)))
}

/// Reads an answer to `asked`, with its status; `Ok(None)` asks for more bytes.
pub(super) fn response(
    input: &[u8],
    asked: Asked,
    sink: &mut dyn Sink,
    base: usize,
) -> Result<Option<(Head, u16)>, Step> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = Response::new(&mut headers);
    let Some(length) = whole(config().parse_response(&mut response, input), input)? else {
        return Ok(None);
    };
    let proxied = passed_on(response.headers, input, base);
    if let Some(at) = proxied.clone() {
        sink.found(&fields::PROXY, About::Sender, "web_proxy", at);
    }
    let of_other = asked == Asked::OfProxy || proxied.is_some();
    let mut facts = Facts::default();
    for header in response.headers.iter() {
        let at = place(input, header, base);
        let value = header.value;
        match header.name.to_ascii_lowercase().as_str() {
            "server" | "x-powered-by" if of_other => {}
            "server" => sink.found_bytes(&fields::SERVER, About::Sender, value, at),
            "x-powered-by" => powered_by(value, at, sink),
            "www-authenticate" | "proxy-authenticate" => auth::challenge(value, &at, sink),
            name => facts.take(name, value)?,
        }
    }
    let status = response.code.unwrap_or_default();
    let bodiless = asked == Asked::Head || matches!(status, 100..=199 | 204 | 304);
    let body = if bodiless { Body::Absent } else { facts.framing() };
    Ok(Some((Head { length, body, content: facts.content }, status)))
}

/// Where a header says that a proxy passed the message on.
fn passed_on(headers: &[Header<'_>], input: &[u8], base: usize) -> Option<Range<usize>> {
    let says =
        |header: &&Header<'_>| PASSED_ON.iter().any(|name| header.name.eq_ignore_ascii_case(name));
    headers.iter().find(says).map(|header| place(input, header, base))
}

/// Devices send heads that no browser would mind and a strict reader would refuse.
fn config() -> ParserConfig {
    let mut config = ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true)
        .ignore_invalid_headers_in_requests(true);
    config
}

fn whole(parsed: httparse::Result<usize>, input: &[u8]) -> Result<Option<usize>, Step> {
    match parsed {
        Ok(Status::Complete(length)) => Ok(Some(length)),
        Ok(Status::Partial) if input.len() > HEAD_BYTES_MAX => Err(HEAD_OVER_LIMIT),
        Ok(Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => Err(Step::OverLimit("too many headers")),
        Err(_) => Err(Step::Malformed("head is broken")),
    }
}

/// Where the value of a header stands.
fn place(input: &[u8], header: &Header<'_>, base: usize) -> Range<usize> {
    let start = header.value.as_ptr().addr().saturating_sub(input.as_ptr().addr());
    base + start..base + start + header.value.len()
}

/// `PHP/7.4.3` becomes `PHP@7.4.3`; a name alone gets an empty version.
fn powered_by(value: &[u8], at: Range<usize>, sink: &mut dyn Sink) {
    let Some(text) = crate::text::clean(value) else { return };
    for product in text.split([',', ';']).take(PRODUCTS_MAX) {
        let (name, version) = product.split_once('/').unwrap_or((product, ""));
        let product = format!("{}@{}", name.trim(), version.trim());
        if !name.trim().is_empty()
            && let Some(product) = crate::text::clean_str(&product)
        {
            sink.found(&fields::POWERED_BY, About::Sender, &product, at.clone());
        }
    }
}

/// What the headers say about the body.
#[derive(Default)]
struct Facts {
    length: Option<u64>,
    chunked: bool,
    content: Content,
}

impl Facts {
    fn take(&mut self, name: &str, value: &[u8]) -> Result<(), Step> {
        match name {
            "content-length" => {
                let text = std::str::from_utf8(value).unwrap_or_default();
                let length = text.trim().parse().ok().filter(|length| *length < LENGTH_MAX);
                let length = length.ok_or(Step::Malformed("content length is no number"))?;
                if self.length.is_some_and(|before| before != length) {
                    return Err(Step::Malformed("two content lengths"));
                }
                self.length = Some(length);
            }
            "transfer-encoding" => self.chunked = contains(value, b"chunked"),
            "content-type" => {
                let is_page = contains(value, b"xhtml") || contains(value, b"svg");
                let is_xml = contains(value, b"xml") || contains(value, b"dpws");
                self.content.is_xml = is_xml && !is_page;
            }
            "content-encoding" => self.content.coding = coding(value),
            _ => {}
        }
        Ok(())
    }

    fn framing(&self) -> Body {
        match self.length {
            _ if self.chunked => Body::Chunked,
            Some(0) => Body::Absent,
            Some(length) => Body::Length(length),
            None => Body::UntilClose,
        }
    }
}

fn coding(value: &[u8]) -> Coding {
    match value.trim_ascii().to_ascii_lowercase().as_slice() {
        b"identity" | b"" => Coding::Plain,
        b"gzip" | b"x-gzip" => Coding::Gzip,
        b"deflate" => Coding::Zlib,
        _ => Coding::Other,
    }
}

fn contains(value: &[u8], word: &[u8]) -> bool {
    value.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// Headers that proxies add.
const PASSED_ON: [&str; 3] = ["via", "x-forwarded-for", "forwarded"];

const HEAD_OVER_LIMIT: Step = Step::OverLimit("head over limit");

/// Most headers of one message. Browsers send some twenty.
pub(super) const HEADERS_MAX: usize = 100;

/// Longest head, in bytes. Servers refuse heads beyond 8 to 64 KiB.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Most products read of one `X-Powered-By`.
const PRODUCTS_MAX: usize = 8;

/// A body this long, in bytes, is a mistake: it would take years to send.
const LENGTH_MAX: u64 = 1 << 60;
