//! SSH: identification strings and HASSH fingerprints of both sides.
//!
//! Source:  RFC 4253 sections 4.2 (identification), 6 (packets) and 7.1 (key exchange);
//!          Salesforce HASSH (the two lists of algorithms and their order).
//! Input:   both directions from the first byte; lines before the server's identification are
//!          allowed.
//! Output:  identification, software, HASSH of client and server.
//! Limits:  [`PREAMBLE_BYTES_MAX`], [`PACKET_BYTES_MAX`].
//! Privacy: stops with the first packet of each side; names and keys come later, encrypted.

use std::fmt::Write as _;
use std::ops::Range;

use md5::{Digest, Md5};
use model::{Answerable, Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol, until,
};
use crate::reader::Reader;
use crate::text;

/// SSH over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[22, 2222],
    probe,
    open: || Box::<Dissector>::default(),
    fields: FIELDS,
};

/// Every field that SSH yields.
pub const FIELDS: &[Field] = &[BANNER, SOFTWARE, HASSH_CLIENT, HASSH_SERVER];

/// Decides from the identification of either side.
fn probe(opening: &Opening<'_>) -> Probe {
    let (client, server) = (opening.to_server, opening.to_client);
    let greets = server.starts_with(MARK) || memchr::memmem::find(server, b"\nSSH-").is_some();
    if client.starts_with(MARK) || greets {
        return Probe::Mine;
    }
    // A server may greet with lines of its own first; then the client tells.
    let open = MARK.starts_with(client) && server.iter().all(|byte| is_text(*byte));
    if open { Probe::NeedMore } else { Probe::NotMine }
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b'\t' | 0x20..=0x7e)
}

/// Reads the opening of one connection.
#[derive(Default)]
struct Dissector {
    sides: [Side; 2],
}

#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Side {
    #[default]
    Identification,
    KeyExchange,
    Done,
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let side = direction.side(&mut self.sides);
        let step = match side {
            Side::Identification => read_line(input, side, sink),
            Side::KeyExchange => read_packet(direction, input, side, sink),
            Side::Done => Step::Used(input.len()),
        };
        if self.sides == [Side::Done; 2] { Step::Done } else { step }
    }
}

/// Reads one line; the identification is the first that starts with `SSH-`.
fn read_line(input: &[u8], side: &mut Side, sink: &mut dyn Sink) -> Step {
    let line = match until(input, b"\n", PREAMBLE_BYTES_MAX, "line over 4 KiB") {
        Ok(line) => line,
        Err(step) => return step,
    };
    if line.starts_with(MARK) {
        report_identification(line, sink);
        *side = Side::KeyExchange;
    }
    Step::Used(line.len() + 1)
}

fn report_identification(line: &[u8], sink: &mut dyn Sink) {
    let line = line.trim_ascii_end();
    sink.found_bytes(&BANNER, About::Sender, line, 0..line.len());
    let Some((software, at)) = software_version(line) else {
        sink.odd(NAME, "identification without a software version", Answerable::Sender);
        return;
    };
    if let Some(software) = text::clean(software) {
        sink.found(&SOFTWARE, About::Sender, &name_at_version(&software), at);
    }
}

/// The third part of `SSH-2.0-OpenSSH_9.2p1 Debian-2`, up to the first blank.
fn software_version(line: &[u8]) -> Option<(&[u8], Range<usize>)> {
    let rest = line.get(MARK.len()..)?;
    let start = MARK.len() + memchr::memchr(b'-', rest)? + 1;
    let token = line.get(start..)?.split(|byte| *byte == b' ').next()?;
    Some((token, start..start + token.len())).filter(|(token, _)| !token.is_empty())
}

/// `OpenSSH_9.2p1` as `OpenSSH@9.2p1`: the version starts at the first digit behind a `_` or `-`.
pub(crate) fn name_at_version(software: &str) -> String {
    let is_edge = |(_, pair): &(usize, &[u8])| matches!(pair, [b'_' | b'-', b'0'..=b'9']);
    let edge = software.as_bytes().windows(2).enumerate().find(is_edge);
    let parts = edge.and_then(|(at, _)| Some((software.get(..at)?, software.get(at + 1..)?)));
    let (name, version) = parts.filter(|(name, _)| !name.is_empty()).unwrap_or((software, ""));
    format!("{name}@{version}")
}

/// Reads the first packet, which must be the offer of algorithms.
fn read_packet(direction: Direction, input: &[u8], side: &mut Side, sink: &mut dyn Sink) -> Step {
    let mut reader = Reader::new(input);
    let Some(length) = reader.u32_be() else { return Step::Used(0) };
    if length > PACKET_BYTES_MAX {
        return Step::Malformed("packet longer than the standard allows");
    }
    let Some(mut packet) = reader.part(length as usize) else { return Step::Used(0) };
    let (_padding, Some(KEXINIT)) = (packet.u8(), packet.u8()) else {
        return Step::Malformed("first packet is not the offer of algorithms");
    };
    let start = packet.position();
    let Some(algorithms) = Algorithms::read(&mut packet) else {
        return Step::Malformed("offer of algorithms breaks off");
    };
    let (field, hashed) = match direction {
        Direction::ToServer => (&HASSH_CLIENT, algorithms.of_client()),
        Direction::ToClient => (&HASSH_SERVER, algorithms.of_server()),
    };
    sink.found(field, About::Sender, &hex_md5(&hashed), start..packet.position());
    *side = Side::Done;
    Step::Used(reader.position())
}

/// The lists of names in the order of RFC 4253 section 7.1, without languages.
struct Algorithms<'a>([&'a [u8]; 8]);

impl<'a> Algorithms<'a> {
    fn read(packet: &mut Reader<'a>) -> Option<Self> {
        packet.skip(COOKIE_BYTES)?;
        let mut lists = [[].as_slice(); 8];
        for list in &mut lists {
            let length = packet.u32_be()?;
            *list = packet.take(length as usize)?;
        }
        Some(Self(lists))
    }

    fn of_client(&self) -> Vec<u8> {
        let [exchange, _host_key, encryption, _, mac, _, compression, _] = self.0;
        [exchange, encryption, mac, compression].join(&b';')
    }

    fn of_server(&self) -> Vec<u8> {
        let [exchange, _host_key, _, encryption, _, mac, _, compression] = self.0;
        [exchange, encryption, mac, compression].join(&b';')
    }
}

fn hex_md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().fold(String::with_capacity(32), |mut hex, byte| {
        // A String cannot fail to be written to.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

const NAME: &str = "ssh";
const MARK: &[u8] = b"SSH-";
const KEXINIT: u8 = 20;
const COOKIE_BYTES: usize = 16;

/// Longest line, in bytes. RFC 4253 section 4.2 allows 255; notices before it run longer.
pub const PREAMBLE_BYTES_MAX: usize = 4096;

/// Longest packet, in bytes: RFC 4253 section 6.1.
pub const PACKET_BYTES_MAX: u32 = 35_000;

const BANNER: Field = Field::new(
    NAME,
    "identification",
    Attribute::SshBanner,
    Confidence::STATED,
    "identification string, RFC 4253 section 4.2",
);
const SOFTWARE: Field = Field::new(
    NAME,
    "softwareversion",
    Attribute::Software,
    Confidence::STRONG,
    "third part of the identification, split where the version starts",
);
const HASSH_CLIENT: Field = Field::new(
    NAME,
    "hassh",
    Attribute::Hassh,
    Confidence::STATED,
    "MD5 of the client's algorithms for key exchange, encryption, MAC and compression",
);
const HASSH_SERVER: Field = Field::new(
    NAME,
    "hasshServer",
    Attribute::Hassh,
    Confidence::STATED,
    "MD5 of the server's algorithms for key exchange, encryption, MAC and compression",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{probe as probes, stream};

    fn offer() -> Vec<u8> {
        let mut payload = vec![4, KEXINIT];
        payload.extend([0x77; COOKIE_BYTES]);
        for list in ["kex", "key", "enc-up", "enc-down", "mac-up", "mac-down", "none", "zlib"] {
            payload.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
            payload.extend(list.as_bytes());
        }
        payload.extend([0; 13 + 4]);
        let length = u32::try_from(payload.len()).unwrap();
        [length.to_be_bytes().as_slice(), &payload].concat()
    }

    #[test]
    fn reads_both_sides() {
        let client = [b"SSH-2.0-PuTTY_Release_0.78\r\n".as_slice(), &offer()].concat();
        let server =
            [b"Property of the clinic\r\nSSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".as_slice(), &offer()]
                .concat();
        assert_eq!(
            stream(&PROTOCOL, &[(ToServer, &client), (ToClient, &server)]),
            "sender ssh_banner = \"SSH-2.0-PuTTY_Release_0.78\" identification @0+26\n\
             sender software = \"PuTTY_Release@0.78\" softwareversion @8+18\n\
             sender hassh = \"b24bd9679b2d538c6045b028c2e0dc7c\" hassh @34+90\n\
             sender ssh_banner = \"SSH-2.0-OpenSSH_9.2p1 Debian-2\" identification @24+30\n\
             sender software = \"OpenSSH@9.2p1\" softwareversion @32+13\n\
             sender hassh = \"62c3aaa5253739a5ce75b4d85ba39881\" hasshServer @62+90\n\
             end: Done\n"
        );
    }

    #[test]
    fn splits_name_and_version() {
        for (software, want) in [
            ("OpenSSH_9.2p1", "OpenSSH@9.2p1"),
            ("dropbear_2019.78", "dropbear@2019.78"),
            ("Cisco-1.25", "Cisco@1.25"),
            ("OpenSSH_for_Windows_8.1", "OpenSSH_for_Windows@8.1"),
            ("mod_sftp", "mod_sftp@"),
            ("_7", "_7@"),
        ] {
            assert_eq!(name_at_version(software), want);
        }
    }

    #[test]
    fn tells_what_is_wrong() {
        for (row, input, want) in [
            (
                "no software",
                b"SSH-2.0-\r\n".as_slice(),
                "sender ssh_banner = \"SSH-2.0-\" identification @0+8\n\
                 odd ssh: identification without a software version (Sender)\n",
            ),
            (
                "packet too long",
                b"\nSSH-2.0-a\n\xff\xff\xff\xff",
                "sender ssh_banner = \"SSH-2.0-a\" identification @1+9\n\
                 sender software = \"a@\" softwareversion @9+1\n\
                 end: Malformed(\"packet longer than the standard allows\")\n",
            ),
            ("endless line", &[b'x'; 5000], "end: OverLimit(\"line over 4 KiB\")\n"),
        ] {
            assert_eq!(stream(&PROTOCOL, &[(ToClient, input)]), want, "{row}");
        }
    }

    #[test]
    fn probes_by_content() {
        for (row, to_server, to_client, want) in [
            ("client", b"SSH-2".as_slice(), b"".as_slice(), Probe::Mine),
            ("server", b"", b"SSH-", Probe::Mine),
            ("start", b"SS", b"", Probe::NeedMore),
            ("notice first", b"", b"Property of\r\nSSH-2", Probe::Mine),
            ("notice only", b"", b"Property of\r\n", Probe::NeedMore),
            ("other client", b"USER x", b"220 ftp", Probe::NotMine),
            ("other server", b"", b"\xff\xfd\x18", Probe::NotMine),
        ] {
            assert_eq!(probes(&PROTOCOL, to_server, to_client), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(cut in 0usize..130, tail: Vec<u8>) {
            let mut server = [b"SSH-2.0-OpenSSH_9.2p1\r\n".as_slice(), &offer()].concat();
            server.truncate(cut);
            server.extend(tail);
            stream(&PROTOCOL, &[(ToClient, &server), (ToServer, &server)]);
        }
    }
}
