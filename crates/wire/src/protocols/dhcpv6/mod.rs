//! DHCPv6: who a client says it is, and who serves the network.
//!
//! Source:  RFC 8415 sections 8, 9 and 21; RFC 4704 (FQDN); RFC 3646 (DNS); RFC 5908 (NTP).
//! Input:   one message over UDP.
//! Output:  facts about the client where the message comes straight from it; roles of servers.
//! Limits:  what a relay encloses is recognised and not read, because its client has no address in
//!          the frame. A client identifier binds nothing: it outlives the interface it came from.
//! Privacy: client identifiers are not copied.

use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Attribute, Confidence};

use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::protocols::dns::host;
use crate::protocols::dns::message::{HEADER_BYTES as DNS_HEADER_BYTES, Message as DnsMessage};
use crate::reader::Reader;

/// DHCPv6 over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[546, 547], any_port: false, read, fields: FIELDS };

/// What clients and servers tell.
pub const FIELDS: &[Field] = &[HOST, DOMAIN, VENDOR_CLASS, SERVER, DNS_SERVER, NTP_SERVER];

const HOST: Field = Field::new(
    NAME,
    "39 host",
    Attribute::Hostname,
    Confidence::STATED,
    "first label of the client's full name (RFC 4704)",
);
const DOMAIN: Field = Field::new(
    NAME,
    "39 domain",
    Attribute::Domain,
    Confidence::STRONG,
    "labels behind the first of the client's full name (RFC 4704)",
);
const VENDOR_CLASS: Field =
    Field::new(NAME, "16", Attribute::DhcpVendorClass, Confidence::STATED, "vendor class (21.16)");
const SERVER: Field = Field::new(
    NAME,
    "2",
    Attribute::Role,
    Confidence::STRONG,
    "identifies itself as a server (21.3)",
);
const DNS_SERVER: Field =
    Field::new(NAME, "23", Attribute::Role, Confidence::STRONG, "DNS servers (RFC 3646)");
const NTP_SERVER: Field = Field::new(
    NAME,
    "56",
    Attribute::Role,
    Confidence::STRONG,
    "NTP server by address (RFC 5908 section 4.1)",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(datagram.payload);
    let Some(kind) = reader.u8() else { return Heard::NotMine };
    let (header_bytes, server) = match kind {
        ADVERTISE | REPLY | RECONFIGURE => (3, Server::Sender),
        SOLICIT..=INFORMATION_REQUEST => (3, Server::Receiver),
        RELAY_FORWARD => (33, Server::Receiver),
        RELAY_REPLY => (33, Server::Sender),
        _ => return Heard::NotMine,
    };
    if reader.skip(header_bytes).is_none() || reader.is_empty() {
        return Heard::NotMine;
    }
    let relayed = matches!(kind, RELAY_FORWARD | RELAY_REPLY);
    for _ in 0..OPTIONS_MAX {
        if reader.is_empty() {
            return Heard::Mine(server);
        }
        let Some((code, value)) = option(&mut reader) else {
            return Heard::Malformed("option runs past the end");
        };
        match server {
            _ if relayed => {}
            Server::Sender => server_option(code, value, sink),
            _ => client_option(code, value, sink),
        }
    }
    sink.odd(NAME, "more options than are read", Answerable::Us);
    Heard::Mine(server)
}

fn option<'a>(reader: &mut Reader<'a>) -> Option<(u16, Reader<'a>)> {
    let (code, size) = (reader.u16_be()?, reader.u16_be()?);
    Some((code, reader.part(usize::from(size))?))
}

fn client_option(code: u16, mut value: Reader<'_>, sink: &mut dyn Sink) {
    let at = range(&value);
    match code {
        FULL_NAME if value.skip(1).is_some() => {
            let Some(name) = dns_form(value.rest()) else { return };
            let (host, domain) = host::split(&name);
            sink.found_text(&HOST, About::Sender, host, at.clone());
            sink.found_text(&DOMAIN, About::Sender, domain.unwrap_or_default(), at);
        }
        CLASS if value.skip(4).is_some() => {
            for _ in 0..CLASSES_MAX {
                let Some(size) = value.u16_be() else { return };
                let start = value.position();
                let Some(class) = value.take(usize::from(size)) else { return };
                sink.found_bytes(&VENDOR_CLASS, About::Sender, class, start..value.position());
            }
        }
        _ => {}
    }
}

fn server_option(code: u16, mut value: Reader<'_>, sink: &mut dyn Sink) {
    let at = range(&value);
    match code {
        SERVER_IDENTIFIER => sink.found(&SERVER, About::Sender, "dhcp_server", at),
        DNS_SERVERS => {
            for _ in 0..ADDRESSES_MAX {
                let Some(ip) = value.array::<16>() else { return };
                role(&DNS_SERVER, ip, "dns_server", &at, sink);
            }
        }
        TIME_SERVER => {
            // Suboption 1 is an address; the others are a group or a name.
            if let Some((1, mut address)) = option(&mut value)
                && let Some(ip) = address.array::<16>()
            {
                role(&NTP_SERVER, ip, "ntp_server", &at, sink);
            }
        }
        _ => {}
    }
}

fn role(
    field: &'static Field,
    octets: [u8; 16],
    role: &str,
    at: &Range<usize>,
    sink: &mut dyn Sink,
) {
    let ip = IpAddr::from(octets);
    if !ip.is_unspecified() && !ip.is_multicast() && !ip.is_loopback() {
        sink.found(field, About::Ip(ip), role, at.clone());
    }
}

fn dns_form(name: &[u8]) -> Option<String> {
    // A name that is only partly known has no root label at its end.
    let bytes = [&[0; DNS_HEADER_BYTES], name, &[0]].concat();
    DnsMessage::read(&bytes)?.name(DNS_HEADER_BYTES)?.host_text()
}

fn range(body: &Reader<'_>) -> Range<usize> {
    body.position()..body.position() + body.remaining()
}

const NAME: &str = "dhcpv6";
const SOLICIT: u8 = 1;
const ADVERTISE: u8 = 2;
const REPLY: u8 = 7;
const RECONFIGURE: u8 = 10;
const INFORMATION_REQUEST: u8 = 11;
const RELAY_FORWARD: u8 = 12;
const RELAY_REPLY: u8 = 13;
const SERVER_IDENTIFIER: u16 = 2;
const CLASS: u16 = 16;
const DNS_SERVERS: u16 = 23;
const FULL_NAME: u16 = 39;
const TIME_SERVER: u16 = 56;

/// Most options read of one message. Real ones have some ten.
const OPTIONS_MAX: usize = 128;
/// Most classes and addresses read of one option.
const CLASSES_MAX: usize = 4;
const ADDRESSES_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{datagram, hex};

    const CLIENT: &str = "01 123456 0001 000a 00030001 020000000001
        0027 0009 00 03637431 036c616e 0010 000e 00000137 0008 4d53465420352e30";

    #[test]
    fn messages() {
        for (name, bytes, want) in [
            (
                "client",
                CLIENT,
                "sender hostname = \"ct1\" 39 host @22+9\n\
                 sender domain = \"lan\" 39 domain @22+9\n\
                 sender dhcp_vendor_class = \"MSFT 5.0\" 16 @41+8\nMine(Receiver)\n",
            ),
            (
                "server",
                "07 123456 0002 000a 00030001 020000000002
                0017 0010 fd000000000000000000000000000001
                0038 0014 0001 0010 fd000000000000000000000000000002",
                "sender role = \"dhcp_server\" 2 @8+10\n\
                 fd00::1 role = \"dns_server\" 23 @22+16\n\
                 fd00::2 role = \"ntp_server\" 56 @42+20\nMine(Sender)\n",
            ),
            (
                "server names a group",
                "07 123456 0017 0010 ff020000000000000000000000000001",
                "Mine(Sender)\n",
            ),
            (
                "relayed",
                &["0c 00", &"00".repeat(32), "0027 0006 00 03637431 00"].concat(),
                "Mine(Receiver)\n",
            ),
            (
                "option too long",
                "01 123456 0027 00ff 00",
                "Malformed(\"option runs past the end\")\n",
            ),
            ("unknown kind", "0e 123456 0001 0000", "NotMine\n"),
            ("no options", "01 123456", "NotMine\n"),
            ("empty", "", "NotMine\n"),
        ] {
            assert_eq!(datagram(&PROTOCOL, (546, 547), &hex(bytes)), want, "{name}");
        }
    }

    #[test]
    fn every_prefix_is_refused_or_cut_at_an_option() {
        let whole = hex(CLIENT);
        for seen in 0..whole.len() {
            let transcript = datagram(&PROTOCOL, (546, 547), &whole[..seen]);
            let whole_options = matches!(seen, 18 | 31);
            assert_eq!(transcript.ends_with("Mine(Receiver)\n"), whole_options, "{seen}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(kind in 0u8..15, code in 0u8..60, tail: Vec<u8>) {
            let mut bytes = vec![kind, 1, 2, 3, 0, code, 0, tail.len() as u8];
            bytes.extend(&tail);
            datagram(&PROTOCOL, (546, 547), &bytes);
            datagram(&PROTOCOL, (546, 547), &tail);
        }
    }
}
