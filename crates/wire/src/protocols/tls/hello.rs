//! The hellos of both sides.
//!
//! Source: RFC 8446 sections 4.1.2 and 4.1.3; RFC 6066 section 3; RFC 7301 section 3.1;
//!         RFC 6101 appendix E for the form of SSL 2.0.

use std::ops::Range;

use model::Answerable;

use super::record::{Message, place};
use super::{CHOSEN_VERSION, JA4, NAME, OFFERED_VERSION, REMOTE_ACCESS_NAME, SERVER_NAME};
use crate::dissect::{About, Direction, Probe, Sink, Step};
use crate::protocols::anydesk;
use crate::reader::Reader;
use crate::text;

/// What a client says of itself, in wire order.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Client {
    pub(super) legacy_version: u16,
    pub(super) ciphers: Vec<u16>,
    pub(super) extensions: Vec<u16>,
    pub(super) versions: Vec<u16>,
    pub(super) signatures: Vec<u16>,
    pub(super) alpn: Vec<u8>,
    pub(super) server_name: Option<Vec<u8>>,
    pub(super) version_at: Range<usize>,
    pub(super) name_at: Range<usize>,
}

impl Client {
    /// Reads the body of a ClientHello; `None` where it breaks off.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        Self::read_with(body, false)
    }

    /// Reads a ClientHello of DTLS, which has a cookie.
    pub(super) fn read_datagram(body: &[u8]) -> Option<Self> {
        Self::read_with(body, true)
    }

    fn read_with(body: &[u8], cookie: bool) -> Option<Self> {
        let mut reader = Reader::new(body);
        let mut hello = Self { version_at: 0..2, ..Self::default() };
        hello.legacy_version = reader.u16_be()?;
        reader.skip(32)?;
        let session = reader.u8()?;
        reader.skip(usize::from(session))?;
        if cookie {
            let length = reader.u8()?;
            reader.skip(usize::from(length))?;
        }
        let ciphers = reader.u16_be()?;
        hello.ciphers = numbers(reader.take(usize::from(ciphers))?);
        let compressions = reader.u8()?;
        reader.skip(usize::from(compressions))?;
        each_extension(reader, |kind, data| hello.extension(kind, data, body))?;
        Some(hello)
    }

    fn extension(&mut self, kind: u16, data: &[u8], body: &[u8]) {
        self.extensions.push(kind);
        match kind {
            EXTENSION_SERVER_NAME => {
                let name = host_name(data);
                self.name_at = name.map_or(0..0, |name| place(body, name));
                self.server_name = name.map(<[u8]>::to_vec);
            }
            EXTENSION_ALPN => {
                let mut reader = Reader::new(data.get(2..).unwrap_or_default());
                let length = reader.u8().unwrap_or_default();
                self.alpn = reader.take(usize::from(length)).unwrap_or_default().to_vec();
            }
            EXTENSION_SIGNATURES => self.signatures = numbers(data.get(2..).unwrap_or_default()),
            EXTENSION_VERSIONS => {
                self.versions = numbers(data.get(1..).unwrap_or_default());
                self.version_at = place(body, data);
            }
            _ => {}
        }
    }

    /// The highest version on offer.
    pub(super) fn version(&self) -> u16 {
        let offered = self.versions.iter().copied().filter(|version| !is_grease(*version));
        // DTLS counts its versions downwards.
        let key = |version: &u16| if *version >= 0xfe00 { !*version } else { *version };
        offered.max_by_key(key).unwrap_or(self.legacy_version)
    }

    pub(super) fn report(&self, message: &Message<'_>, sink: &mut dyn Sink) {
        self.report_at(&|range| message.at(range), 't', message.body().len(), sink);
    }

    pub(super) fn report_at(
        &self,
        at: &dyn Fn(Range<usize>) -> Range<usize>,
        transport: char,
        length: usize,
        sink: &mut dyn Sink,
    ) {
        if let Some(name) = self.server_name.as_deref().and_then(text::clean) {
            let place = at(self.name_at.clone());
            sink.found(&SERVER_NAME, About::Sender, &name, place.clone());
            if let Some(tool) = anydesk::by_server_name(&name) {
                sink.found(&REMOTE_ACCESS_NAME, About::Sender, tool, place);
            }
        }
        super::report_version(&OFFERED_VERSION, self.version(), at(self.version_at.clone()), sink);
        let fingerprint = super::ja4::fingerprint(self, transport);
        sink.found(&JA4, About::Sender, &fingerprint, at(0..length));
    }
}

/// What a server answers.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Server {
    legacy_version: u16,
    selected: Option<u16>,
    version_at: Range<usize>,
}

impl Server {
    /// Reads the body of a ServerHello; `None` where it breaks off.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let mut hello = Self { legacy_version: reader.u16_be()?, selected: None, version_at: 0..2 };
        reader.skip(32)?;
        let session = reader.u8()?;
        reader.skip(usize::from(session) + 2 + 1)?;
        each_extension(reader, |kind, data| {
            if kind == EXTENSION_VERSIONS {
                hello.selected = Reader::new(data).u16_be();
                hello.version_at = place(body, data);
            }
        })?;
        Some(hello)
    }

    pub(super) fn version(&self) -> u16 {
        self.selected.unwrap_or(self.legacy_version)
    }

    pub(super) fn report(&self, message: &Message<'_>, sink: &mut dyn Sink) {
        let at = message.at(self.version_at.clone());
        super::report_version(&CHOSEN_VERSION, self.version(), at, sink);
    }
}

/// Whether the connection starts with a client hello in the form of SSL 2.0.
pub(super) fn probe_ssl2(input: &[u8]) -> Probe {
    let mut reader = Reader::new(input);
    let answer = (|| {
        let length = reader.u16_be()?;
        let fits = length & 0x8000 != 0 && (0x8009..0x8400).contains(&length);
        let fits = fits && reader.u8()? == super::CLIENT_HELLO;
        let fits = fits && matches!(reader.u16_be()?, 0x0002 | 0x0300..=0x0303);
        if !fits {
            return Some(false);
        }
        let (ciphers, session, challenge) = (reader.u16_be()?, reader.u16_be()?, reader.u16_be()?);
        let sum = 9u32 + u32::from(ciphers) + u32::from(session) + u32::from(challenge);
        Some(ciphers.is_multiple_of(3) && ciphers > 0 && sum == u32::from(length & 0x7fff))
    })();
    match answer {
        Some(true) => Probe::Mine,
        Some(false) => Probe::NotMine,
        None => Probe::NeedMore,
    }
}

/// Reads a hello in the form of SSL 2.0, length included; true where this side is done.
pub(super) fn read_ssl2(
    direction: Direction,
    hello: &[u8],
    sink: &mut dyn Sink,
) -> Result<bool, Step> {
    let mut reader = Reader::new(hello.get(2..).unwrap_or_default());
    let version = match (direction, reader.u8()) {
        (Direction::ToServer, Some(super::CLIENT_HELLO)) => reader.u16_be(),
        (Direction::ToClient, Some(SSL2_SERVER_HELLO)) => reader.skip(2).and(reader.u16_be()),
        _ => None,
    };
    let version = version.ok_or(Step::Malformed("neither a record nor an SSL 2.0 hello"))?;
    let (field, at) = match direction {
        Direction::ToServer => (&OFFERED_VERSION, 3..5),
        Direction::ToClient => (&CHOSEN_VERSION, 5..7),
    };
    sink.odd(NAME, "hello in the form of SSL 2.0", Answerable::Sender);
    super::report_version(field, version, at, sink);
    Ok(true)
}

/// Values that clients send to keep servers tolerant, RFC 8701.
pub(super) const fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

/// Walks the extensions that end a hello; none at all is fine.
fn each_extension(mut reader: Reader<'_>, mut take: impl FnMut(u16, &[u8])) -> Option<()> {
    if reader.is_empty() {
        return Some(());
    }
    let length = reader.u16_be()?;
    let mut extensions = reader.part(usize::from(length))?;
    while !extensions.is_empty() {
        let kind = extensions.u16_be()?;
        let length = extensions.u16_be()?;
        take(kind, extensions.take(usize::from(length))?);
    }
    Some(())
}

/// The host name in a server name extension.
fn host_name(data: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(data);
    reader.skip(2)?;
    if reader.u8()? != 0 {
        return None;
    }
    let length = reader.u16_be()?;
    reader.take(usize::from(length))
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}

pub(super) const EXTENSION_SERVER_NAME: u16 = 0;
const EXTENSION_SIGNATURES: u16 = 13;
pub(super) const EXTENSION_ALPN: u16 = 16;
const EXTENSION_VERSIONS: u16 = 43;
const SSL2_SERVER_HELLO: u8 = 4;
