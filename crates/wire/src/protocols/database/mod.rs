//! Databases: the version that SQL Server, MySQL and PostgreSQL tell before or after a login.
//!
//! Source:  MS-TDS sections 2.2.3.1 and 2.2.6.5 (PRELOGIN); MySQL client/server protocol,
//!          `Protocol::HandshakeV10`; PostgreSQL documentation, chapter "Message Formats".
//! Input:   both directions from the first byte.
//! Output:  product and version of the server.
//! Limits:  [`MESSAGE_BYTES_MAX`].
//! Privacy: nothing of the client's login, and no statement or row, is looked at.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::reader::Reader;
use crate::text;

/// Microsoft SQL Server over TCP.
pub const TDS: StreamProtocol = StreamProtocol {
    name: "tds",
    ports: &[1433],
    probe: |opening| decide(tds_fits(opening.to_server)),
    open: || Box::new(Dissector { version: tds_version }),
    fields: &[TDS_VERSION],
};

/// MySQL and MariaDB over TCP.
pub const MYSQL: StreamProtocol = StreamProtocol {
    name: "mysql",
    ports: &[3306],
    probe: mysql_probe,
    open: || Box::new(Dissector { version: mysql_version }),
    fields: &[MYSQL_VERSION],
};

/// PostgreSQL over TCP.
pub const POSTGRESQL: StreamProtocol = StreamProtocol {
    name: "postgresql",
    ports: &[5432],
    probe: |opening| decide(postgresql_fits(opening.to_server)),
    open: || Box::new(Dissector { version: postgresql_version }),
    fields: &[POSTGRESQL_VERSION],
};

const fn decide(fits: Option<bool>) -> Probe {
    match fits {
        Some(true) => Probe::Mine,
        Some(false) => Probe::NotMine,
        None => Probe::NeedMore,
    }
}

/// The client speaks first: with a PRELOGIN whose first token is its version, or, where the start
/// was not seen, with a login or a request that carries the headers of TDS 7.2 or later.
fn tds_fits(client: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(client);
    let (kind, status) = (reader.u8()?, reader.u8()?);
    let known = matches!(kind, TDS_BATCH | TDS_CALL | TDS_LOGIN | TDS_PRELOGIN);
    if !known || status & !TDS_STATUS != 0 {
        return Some(false);
    }
    let length = reader.u16_be()?;
    reader.skip(4)?;
    if kind == TDS_PRELOGIN {
        let (token, offset, size) = (reader.u8()?, reader.u16_be()?, reader.u16_be()?);
        return Some(token == 0 && size == 6 && (6..length).contains(&offset));
    }
    let first = reader.u32_le()?;
    if kind == TDS_LOGIN {
        let version = reader.u32_le()?;
        let fits = first.checked_add(8) == Some(u32::from(length));
        return Some(fits && matches!(version >> 24, 0x70..=0x74));
    }
    let (header, what) = (reader.u32_le()?, reader.u16_le()?);
    Some(first == 22 && header == 18 && what == TDS_TRANSACTION)
}

fn mysql_probe(opening: &Opening<'_>) -> Probe {
    if opening.to_client.is_empty() {
        // The server speaks first.
        let waits = opening.to_server.is_empty();
        return if waits { Probe::NeedMore } else { Probe::NotMine };
    }
    let mut reader = Reader::new(opening.to_client);
    decide((|| {
        let [low, middle, high] = reader.array()?;
        let length = u32::from_le_bytes([low, middle, high, 0]);
        let fits = (40..1024).contains(&length);
        let marked = reader.u8()? == 0 && reader.u8()? == MYSQL_PROTOCOL;
        let version = reader.rest().iter().take_while(|byte| **byte != 0);
        let texts = version.clone().all(u8::is_ascii_graphic)
            && reader.rest().first().is_none_or(u8::is_ascii_digit);
        if !(fits && marked && texts) {
            return Some(false);
        }
        (version.count() < reader.remaining()).then_some(true)
    })())
}

/// StartupMessage of protocol 3.0 with its `user`, or SSLRequest.
fn postgresql_fits(client: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(client);
    let (length, code) = (reader.u32_be()?, reader.u32_be()?);
    Some(match code {
        POSTGRESQL_3 => (16..10_000).contains(&length) && reader.take(5)? == b"user\0",
        POSTGRESQL_TLS => length == 8,
        _ => false,
    })
}

/// What a search for a version came to.
enum Found {
    /// The product with its version, its field, and where it stands.
    Version(&'static Field, String, std::ops::Range<usize>),
    /// This many bytes are of no interest.
    Pass(usize),
    NeedMore,
    Nothing,
}

struct Dissector {
    version: fn(&[u8]) -> Found,
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        if direction == Direction::ToServer {
            return Step::Used(input.len());
        }
        match (self.version)(input) {
            Found::Pass(count) => Step::Used(count),
            Found::Nothing => Step::Done,
            Found::NeedMore if input.len() > MESSAGE_BYTES_MAX => Step::OverLimit("over 16 KiB"),
            Found::NeedMore => Step::Used(0),
            Found::Version(field, version, at) => {
                sink.found_text(field, About::Sender, &version, at);
                Step::Done
            }
        }
    }
}

fn tds_version(input: &[u8]) -> Found {
    let mut reader = Reader::new(input);
    let header = (reader.u8(), reader.u8(), reader.u16_be(), reader.skip(4));
    let (Some(kind), _, Some(length), Some(())) = header else { return Found::NeedMore };
    if kind != TDS_ANSWER || length < 8 {
        return Found::Nothing;
    }
    let Some(body) = reader.part(usize::from(length) - 8) else { return Found::NeedMore };
    let mut tokens = body;
    let token = (tokens.u8(), tokens.u16_be(), tokens.u16_be());
    let (Some(0), Some(offset), Some(6)) = token else { return Found::Nothing };
    let mut value = body;
    let version = value
        .skip(usize::from(offset))
        .and_then(|()| Some((value.position(), value.u8()?, value.u8()?, value.u16_be()?)));
    match version {
        Some((at, major, minor, build)) => {
            let text = format!("SQL Server@{major}.{minor}.{build}");
            Found::Version(&TDS_VERSION, text, at..at + 4)
        }
        None => Found::Nothing,
    }
}

fn mysql_version(input: &[u8]) -> Found {
    let version = input.get(5..).unwrap_or_default();
    let Some(length) = memchr::memchr(0, version) else { return Found::NeedMore };
    let text = version.get(..length).and_then(text::clean);
    let Some(text) = text.filter(|_| input.get(4) == Some(&MYSQL_PROTOCOL)) else {
        return Found::Nothing;
    };
    // MariaDB puts a version that old clients accept before its own.
    let (name, text) = match text.strip_prefix("5.5.5-").unwrap_or(&text) {
        own if own.contains("MariaDB") => ("MariaDB", own.split('-').next().unwrap_or(own)),
        own => ("MySQL", own),
    };
    Found::Version(&MYSQL_VERSION, format!("{name}@{text}"), 5..5 + length)
}

fn postgresql_version(input: &[u8]) -> Found {
    let mut reader = Reader::new(input);
    let Some(kind) = reader.u8() else { return Found::NeedMore };
    match kind {
        // The answer to SSLRequest is one byte; yes means that TLS follows.
        b'N' if input.get(1).is_some_and(|next| *next != 0) => return Found::Pass(1),
        b'R' | b'K' | b'N' | b'S' => {}
        _ => return Found::Nothing,
    }
    let Some(length) = reader.u32_be().map(|length| length as usize) else {
        return Found::NeedMore;
    };
    if !(4..=MESSAGE_BYTES_MAX).contains(&length) {
        return Found::Nothing;
    }
    let Some(body) = reader.take(length - 4) else { return Found::NeedMore };
    let value = body.strip_prefix(b"server_version\0").filter(|_| kind == b'S');
    match value.and_then(text::clean) {
        Some(version) => {
            let text = format!("PostgreSQL@{version}");
            Found::Version(&POSTGRESQL_VERSION, text, 20..reader.position() - 1)
        }
        None => Found::Pass(reader.position()),
    }
}

/// Packet types, MS-TDS section 2.2.3.1.1.
const TDS_BATCH: u8 = 0x01;
const TDS_CALL: u8 = 0x03;
const TDS_LOGIN: u8 = 0x10;
const TDS_PRELOGIN: u8 = 0x12;
/// Bits of the status that are assigned, section 2.2.3.1.2.
const TDS_STATUS: u8 = 0x1b;
/// Header with the number of the transaction, section 2.2.5.3.
const TDS_TRANSACTION: u16 = 2;
const TDS_ANSWER: u8 = 0x04;
const MYSQL_PROTOCOL: u8 = 10;
const POSTGRESQL_3: u32 = 0x0003_0000;
const POSTGRESQL_TLS: u32 = 80_877_103;

/// Longest message before the version, in bytes. Real ones stay under 1 KiB.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;

const fn version(protocol: &'static str, name: &'static str, meaning: &'static str) -> Field {
    Field::new(protocol, name, Attribute::Software, Confidence::STATED, meaning)
}

const TDS_VERSION: Field =
    version("tds", "PRELOGIN.VERSION", "version of the server, MS-TDS section 2.2.6.5");
const MYSQL_VERSION: Field =
    version("mysql", "server version", "version of the server, Protocol::HandshakeV10");
const POSTGRESQL_VERSION: Field =
    version("postgresql", "server_version", "parameter the server reports after a login");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{hex, probe as probes, stream};

    const PRELOGIN: &str = "1201 0014 0000 0000 00 0006 0006 ff 0e000c 3a0000";

    fn mysql(version: &str) -> Vec<u8> {
        [&hex("4a000000 0a"), version.as_bytes(), &[0; 60]].concat()
    }

    fn parameter(name: &str, value: &str) -> Vec<u8> {
        let length = u32::try_from(name.len() + value.len() + 6).unwrap();
        [b"S".as_slice(), &length.to_be_bytes(), name.as_bytes(), b"\0", value.as_bytes(), b"\0"]
            .concat()
    }

    #[test]
    fn reads_versions() {
        let tds = hex("0401 0014 0000 0100 00 0006 0006 ff 0f0007d0 0000");
        let postgresql = [
            b"N".as_slice(),
            &hex("52 00000008 00000000"),
            &parameter("client_encoding", "UTF8"),
            &parameter("server_version", "15.4 (Debian)"),
        ]
        .concat();
        for (row, protocol, server, want) in [
            (
                "tds",
                &TDS,
                tds,
                "sender software = \"SQL Server@15.0.2000\" PRELOGIN.VERSION @14+4\n",
            ),
            (
                "mysql",
                &MYSQL,
                mysql("8.0.33"),
                "sender software = \"MySQL@8.0.33\" server version @5+6\n",
            ),
            (
                "mariadb",
                &MYSQL,
                mysql("5.5.5-10.6.12-MariaDB"),
                "sender software = \"MariaDB@10.6.12\" server version @5+21\n",
            ),
            (
                "postgresql",
                &POSTGRESQL,
                postgresql,
                "sender software = \"PostgreSQL@15.4 (Debian)\" server_version @56+13\n",
            ),
            ("an error", &POSTGRESQL, b"E\0\0\0\x09xxxx\0".to_vec(), ""),
            ("an old server", &TDS, hex("0401 0010 0000 0100 aa0000 00000000 00"), ""),
        ] {
            let found = stream(protocol, &[(ToServer, b"x"), (ToClient, &server)]);
            assert_eq!(found, format!("{want}end: Done\n"), "{row}");
        }
    }

    #[test]
    fn probes_by_content() {
        let startup = [&hex("00000020 00030000"), b"user\0jane\0".as_slice()].concat();
        for (row, protocol, client, server, want) in [
            ("tds", &TDS, hex(PRELOGIN), vec![], Probe::Mine),
            ("tds start", &TDS, hex("1201"), vec![], Probe::NeedMore),
            ("tds login", &TDS, hex("1001 0090 0000 0100 88000000 04000074"), vec![], Probe::Mine),
            (
                "tds request",
                &TDS,
                hex("0301 00da 0000 0100 16000000 12000000 0200"),
                vec![],
                Probe::Mine,
            ),
            (
                "DICOM",
                &TDS,
                hex("0100 0000 00cd 0001 0000 5041 4353 2020 2020"),
                vec![],
                Probe::NotMine,
            ),
            ("not tds", &TDS, hex("1602"), vec![], Probe::NotMine),
            ("mysql", &MYSQL, vec![], mysql("8.0.33"), Probe::Mine),
            ("mysql start", &MYSQL, vec![], hex("4a0000"), Probe::NeedMore),
            ("client first", &MYSQL, hex("01"), vec![], Probe::NotMine),
            ("not mysql", &MYSQL, vec![], b"220 hello".to_vec(), Probe::NotMine),
            ("postgresql", &POSTGRESQL, startup, vec![], Probe::Mine),
            ("postgresql with TLS", &POSTGRESQL, hex("00000008 04d2162f"), vec![], Probe::Mine),
            ("not postgresql", &POSTGRESQL, hex("00000008 00000000"), vec![], Probe::NotMine),
        ] {
            assert_eq!(probes(protocol, &client, &server), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(head in 0usize..6, bytes: Vec<u8>) {
            let heads = ["", "0401 0014 0000 0100 00", "4a000000 0a", "53 00000020", "4e", "52"];
            let server = [hex(heads[head]), bytes.clone()].concat();
            for protocol in [&TDS, &MYSQL, &POSTGRESQL] {
                stream(protocol, &[(ToServer, &bytes), (ToClient, &server)]);
                probes(protocol, &bytes, &server);
            }
        }
    }
}
