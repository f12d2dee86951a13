//! The contract between the core and a dissector.
//!
//! A dissector is told bytes and answers findings. It never sees a clock, an address table or
//! another conversation. "Need more", "not mine", "malformed" and "over limit" are different
//! answers, because different people are answerable for them.

use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Attribute, Confidence, Mac, Station};

use crate::text;

/// One field that a protocol yields. A protocol's table of these is its whole output.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Field {
    /// Protocol, e.g. `dicom`.
    pub protocol: &'static str,
    /// Field as its standard names it, e.g. `(0008,1090)`.
    pub name: &'static str,
    /// The attribute it fills.
    pub attribute: Attribute,
    /// How far the value can be trusted.
    pub confidence: Confidence,
    /// What it is and where the standard defines it, for the documentation.
    pub meaning: &'static str,
}

impl Field {
    /// A row of a protocol's table, its columns in the order of the fields.
    pub const fn new(
        protocol: &'static str,
        name: &'static str,
        attribute: Attribute,
        confidence: Confidence,
        meaning: &'static str,
    ) -> Self {
        Self { protocol, name, attribute, confidence, meaning }
    }
}

/// Tables of fields in one, for a protocol that carries another; the first is not empty.
#[expect(clippy::indexing_slicing, reason = "runs at compile time, where a bad index is an error")]
pub(crate) const fn joined<const N: usize>(tables: &[&[Field]]) -> [Field; N] {
    let mut all = [tables[0][0]; N];
    let (mut table, mut row, mut place) = (0, 0, 0);
    while table < tables.len() {
        if row < tables[table].len() {
            all[place] = tables[table][row];
            (row, place) = (row + 1, place + 1);
        } else {
            (table, row) = (table + 1, 0);
        }
    }
    all
}

/// Whom a finding is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum About {
    /// Whoever sent these bytes.
    Sender,
    /// Whoever these bytes were sent to.
    Receiver,
    /// The owner of a network address named inside the bytes.
    Ip(IpAddr),
    /// The owner of a link address named inside the bytes.
    Mac(Mac),
    /// A station on another network, for which the sender only passes on.
    Station(Station),
}

/// Receives what a dissector finds.
pub trait Sink {
    /// A value of `field` stands at `at`, a range of the input that the dissector was given.
    ///
    /// `value` is clean text: run wire bytes through [`crate::text::clean`] first.
    fn found(&mut self, field: &'static Field, about: About, value: &str, at: Range<usize>);

    /// The protocol says that these two addresses are one interface.
    fn bound(&mut self, protocol: &'static str, mac: Mac, ip: IpAddr);

    /// Something odd, worth counting. `what` is a fixed phrase, never text from the wire.
    fn odd(&mut self, protocol: &'static str, what: &'static str, answerable: Answerable);
}

impl dyn Sink + '_ {
    /// What `bytes` say is a value of `field`; nothing is, where they hold no text.
    pub(crate) fn found_bytes(
        &mut self,
        field: &'static Field,
        about: About,
        bytes: &[u8],
        at: Range<usize>,
    ) {
        if let Some(value) = text::clean(bytes) {
            self.found(field, about, &value, at);
        }
    }

    /// The same for text that is decoded but not yet clean.
    pub(crate) fn found_text(
        &mut self,
        field: &'static Field,
        about: About,
        value: &str,
        at: Range<usize>,
    ) {
        if let Some(value) = text::clean_str(value) {
            self.found(field, about, &value, at);
        }
    }
}

/// Which way bytes of a stream went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// From whoever opened the connection.
    ToServer,
    /// From whoever was called.
    ToClient,
}

impl Direction {
    /// What is kept of the side that sends this way; the client's stands first.
    pub(crate) const fn side<T>(self, sides: &mut [T; 2]) -> &mut T {
        let [client, server] = sides;
        match self {
            Self::ToServer => client,
            Self::ToClient => server,
        }
    }
}

/// Whether the start of a conversation belongs to a protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Probe {
    /// It does.
    Mine,
    /// It may; more bytes are needed.
    NeedMore,
    /// It does not.
    NotMine,
}

impl Probe {
    /// What two sides say together: either may rule the protocol out, else either proves it.
    pub(crate) const fn of_sides(sides: [Self; 2]) -> Self {
        match sides {
            [Self::NotMine, _] | [_, Self::NotMine] => Self::NotMine,
            [Self::Mine, _] | [_, Self::Mine] => Self::Mine,
            [Self::NeedMore, Self::NeedMore] => Self::NeedMore,
        }
    }
}

/// The first bytes of a connection, as far as they were seen. Either side may still be empty.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// First bytes from the client.
    pub to_server: &'a [u8],
    /// First bytes from the server.
    pub to_client: &'a [u8],
    /// Port of the server: a hint for ties, never a reason.
    pub port: u16,
}

/// What a stream dissector did with the bytes it was shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Used this many bytes from the front of the input. Fewer than all means: show the rest
    /// again, with more behind it. Zero is fine as long as the message fits [`BUFFER_BYTES_MAX`].
    Used(usize),
    /// The next bytes, counted from the front of the input, are of no interest; there may be more
    /// of them than the input holds. They are not buffered.
    Skip(u64),
    /// Used this many bytes; what follows on either side is another protocol, as if the connection
    /// began there.
    Wrapped(usize),
    /// Nothing more of interest in this connection.
    Done,
    /// The sender broke the protocol in this way. The conversation keeps its application.
    Malformed(&'static str),
    /// A message is larger than we read. The conversation keeps its application.
    OverLimit(&'static str),
}

/// The bytes before the first `end`, of which at most `bytes_max` may come; else the step to take
/// instead: to wait, or to stop over the limit that `over` names.
pub(crate) fn until<'a>(
    input: &'a [u8],
    end: &[u8],
    bytes_max: usize,
    over: &'static str,
) -> Result<&'a [u8], Step> {
    let found = memchr::memmem::find(input, end);
    if found.unwrap_or(input.len()) > bytes_max {
        return Err(Step::OverLimit(over));
    }
    found.and_then(|length| input.get(..length)).ok_or(Step::Used(0))
}

/// Reads one connection.
pub trait StreamDissector: Send {
    /// Reads from the front of `input`: all bytes of `direction` that were not used so far.
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step;

    /// `missing` bytes of `direction` were lost. `Done` gives up; `Used(0)` goes on behind it.
    fn gap(&mut self, direction: Direction, missing: u64) -> Step {
        let _ = (direction, missing);
        Step::Done
    }

    /// The connection is over, or nothing of it was captured for long. `answered` is true where
    /// the server sent anything; ranges count from the client's first byte.
    fn end(&mut self, answered: bool, sink: &mut dyn Sink) {
        let _ = (answered, sink);
    }
}

/// A protocol over TCP.
#[derive(Clone, Copy)]
pub struct StreamProtocol {
    /// Name, e.g. `dicom`.
    pub name: &'static str,
    /// Ports on which it is tried first. A hint for speed; the content decides.
    pub ports: &'static [u16],
    /// Decides from the content.
    pub probe: fn(&Opening<'_>) -> Probe,
    /// Starts reading a connection.
    pub open: fn() -> Box<dyn StreamDissector>,
    /// Every field it can yield.
    pub fields: &'static [Field],
}

/// One datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The payload of the transport, filled up where the capture cut it.
    pub payload: &'a [u8],
    /// Bytes of the payload that were captured.
    pub kept: usize,
    /// Sender's address.
    pub source: IpAddr,
    /// Receiver's address.
    pub destination: IpAddr,
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Sender's link address, where the frame had one.
    pub source_mac: Option<Mac>,
}

/// Which side of a datagram plays the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// The datagram is an answer or an announcement.
    Sender,
    /// The datagram is a request.
    Receiver,
    /// The content does not say; the ports decide.
    Unclear,
}

/// What a datagram dissector made of a datagram.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heard {
    /// It is this protocol.
    Mine(Server),
    /// It is not.
    NotMine,
    /// It is this protocol, broken by its sender in this way.
    Malformed(&'static str),
}

/// A protocol over UDP.
#[derive(Clone, Copy)]
pub struct DatagramProtocol {
    /// Name, e.g. `dns`.
    pub name: &'static str,
    /// Ports on which it is tried first. A hint for speed; the content decides.
    pub ports: &'static [u16],
    /// True where the content is so telling that it is tried on every port; false where it is
    /// tried on `ports` only, because its content alone proves too little.
    pub any_port: bool,
    /// Reads one datagram.
    pub read: fn(&Datagram<'_>, &mut dyn Sink) -> Heard,
    /// Every field it can yield.
    pub fields: &'static [Field],
}

/// What kind of link frame a protocol rides in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LinkKind {
    /// An EtherType.
    EtherType(u16),
    /// An LLC/SNAP organisation and protocol.
    Snap([u8; 3], u16),
}

/// One link frame that carries no IP.
#[derive(Clone, Copy, Debug)]
pub struct LinkFrame<'a> {
    /// Bytes after the EtherType or SNAP header.
    pub payload: &'a [u8],
    /// Sender's link address.
    pub source: Mac,
    /// Receiver's link address.
    pub destination: Mac,
}

/// A protocol straight on the link layer.
#[derive(Clone, Copy)]
pub struct LinkProtocol {
    /// Name, e.g. `lldp`.
    pub name: &'static str,
    /// Frames it rides in.
    pub kind: LinkKind,
    /// Reads one frame.
    pub read: fn(&LinkFrame<'_>, &mut dyn Sink) -> Heard,
    /// Every field it can yield.
    pub fields: &'static [Field],
}

/// Most bytes of one direction that wait for a dissector to use them. A dissector that wants a
/// longer message must take it in parts. Bounds the memory of a hostile connection.
pub const BUFFER_BYTES_MAX: usize = 256 * 1024;

/// Most bytes of each direction that are kept while no probe has decided.
pub const PROBE_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_up_to_the_end_or_the_limit() {
        for (row, input, want) in [
            ("whole", b"ab\r\ncd".as_slice(), Ok(b"ab".as_slice())),
            ("empty", b"\r\n", Ok(b"")),
            ("still to come", b"ab\r", Err(Step::Used(0))),
            ("as long as allowed", b"abcd\r\n", Ok(b"abcd")),
            ("too long", b"abcde\r\n", Err(Step::OverLimit("long"))),
            ("too long without an end", b"abcde", Err(Step::OverLimit("long"))),
        ] {
            assert_eq!(until(input, b"\r\n", 4, "long"), want, "{row}");
        }
    }
}
