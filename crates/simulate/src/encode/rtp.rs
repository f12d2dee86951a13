//! Camera streams: RTSP set-up and RTP packets.
//!
//! Source: RFC 2326; RFC 3550 section 5.1.

use super::octets::Octets;

/// An RTSP request.
pub(crate) fn request(method: &str, url: &str, number: u32, more: &str) -> Vec<u8> {
    format!("{method} {url} RTSP/1.0\r\nCSeq: {number}\r\nUser-Agent: WardView/2.0\r\n{more}\r\n")
        .into_bytes()
}

/// Its response.
pub(crate) fn response(server: &str, number: u32, more: &str, body: &str) -> Vec<u8> {
    let length = match body.len() {
        0 => String::new(),
        bytes => format!("Content-Type: application/sdp\r\nContent-Length: {bytes}\r\n"),
    };
    format!("RTSP/1.0 200 OK\r\nCSeq: {number}\r\nServer: {server}\r\n{more}{length}\r\n{body}")
        .into_bytes()
}

/// One packet of video.
pub(crate) fn packet(sequence: u16, time: u32, source: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, 96];
    bytes.be16(sequence).be32(time).be32(source).put(content);
    bytes
}
