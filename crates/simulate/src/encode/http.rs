//! HTTP/1.1 messages.
//!
//! Source: RFC 9112.

/// A request without a body.
pub(crate) fn get(host: &str, path: &str, agent: &str, more: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n{more}\r\n"
    )
    .into_bytes()
}

/// A request with a body.
pub(crate) fn post(host: &str, path: &str, agent: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A response; `more` holds whole header lines.
pub(crate) fn response(status: &str, server: &str, kind: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let server = if server.is_empty() { String::new() } else { format!("Server: {server}\r\n") };
    let head = format!(
        "HTTP/1.1 {status}\r\n{server}Content-Type: {kind}\r\n{more}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A small page with a title.
pub(crate) fn page(title: &str, text: &str) -> Vec<u8> {
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
    .into_bytes()
}
