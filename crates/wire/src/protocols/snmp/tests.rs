//! SNMP by example.

use proptest::prelude::*;

use super::*;
use crate::testing::{datagram, hex};

/// An element with its length in one byte, or in two behind 0x81.
fn element(tag: u8, body: &[u8]) -> Vec<u8> {
    let size = body.len() as u8;
    let head = if size < 0x80 { vec![tag, size] } else { vec![tag, 0x81, size] };
    [head, body.to_vec()].concat()
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

fn integer(value: u8) -> Vec<u8> {
    element(0x02, &[value])
}

fn binding(identifier: &str, tag: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[element(IDENTIFIER, &hex(identifier)), element(tag, value)])
}

fn pdu(kind: u8, bindings: &[Vec<u8>]) -> Vec<u8> {
    element(kind, &[integer(1), integer(0), integer(0), sequence(bindings)].concat())
}

fn message(version: u8, community: &str, pdu: Vec<u8>) -> Vec<u8> {
    sequence(&[integer(version), element(OCTETS, community.as_bytes()), pdu])
}

const SYS_DESCR: &str = "2b06010201010100";
const SYS_OBJECT_ID: &str = "2b06010201010200";
const SYS_NAME: &str = "2b06010201010500";

#[test]
fn communities() {
    let response = |bindings: &[Vec<u8>]| pdu(RESPONSE, bindings);
    let by = |version: &str, community: &str| {
        let size = if community == "default" { 6 } else { 3 };
        let role = 7 + size;
        format!(
            "sender role = \"snmp_agent\" PDU @{role}+1\n\
             sender snmp_version = \"{version}\" version @2+3\n\
             sender snmp_community = \"{community}\" community @7+{size}\n"
        )
    };
    for (name, bytes, want) in [
        (
            "description",
            message(1, "public", response(&[binding(SYS_DESCR, OCTETS, b"Pump\r\n7")])),
            by("v2c", "default") + "sender snmp_sys_descr = \"Pump  7\" 1.3.6.1.2.1.1.1.0 @40+7\n",
        ),
        (
            "own community",
            message(0, "w3d", response(&[binding("2b06010201010300", 0x43, &[1])])),
            by("v1", "other"),
        ),
        (
            "object identifier",
            message(
                0,
                "w3d",
                response(&[binding(SYS_OBJECT_ID, IDENTIFIER, &hex("2b06010401823701"))]),
            ),
            by("v1", "other")
                + "sender snmp_sys_object_id = \"1.3.6.1.4.1.311.1\" 1.3.6.1.2.1.1.2.0 @37+8\n",
        ),
        (
            "name",
            message(0, "w3d", response(&[binding(SYS_NAME, OCTETS, b"ct1.rad.lan")])),
            by("v1", "other")
                + "sender device_name = \"ct1.rad.lan\" 1.3.6.1.2.1.1.5.0 @37+11\n\
                sender hostname = \"ct1\" 1.3.6.1.2.1.1.5.0 host @37+11\n",
        ),
        (
            "contact is a person",
            message(0, "w3d", response(&[binding("2b06010201010400", OCTETS, b"Anna")])),
            by("v1", "other"),
        ),
        (
            "no such object",
            message(1, "w3d", response(&[binding(SYS_DESCR, 0x81, b"")])),
            by("v2c", "other"),
        ),
        (
            "printer",
            message(1, "w3d", response(&[binding("2b060102012b050101 1101", OCTETS, b"S1")])),
            by("v2c", "other") + "sender serial = \"S1\" 1.3.6.1.2.1.43.5.1.1.17.1 @40+2\n",
        ),
        (
            "a later entity",
            message(1, "w3d", response(&[binding("2b060102012f010101010d02", OCTETS, b"M")])),
            by("v2c", "other"),
        ),
    ] {
        let want = format!("{want}Mine(Sender)\n");
        assert_eq!(datagram(&PROTOCOL, (161, 40000), &bytes), want, "{name}");
    }
}

#[test]
fn requests_tell_nothing() {
    for (name, kind) in [("get", 0xa0), ("next", 0xa1), ("set", 0xa3), ("bulk", 0xa5)] {
        let bytes = message(1, "public", pdu(kind, &[binding(SYS_DESCR, OCTETS, b"x")]));
        assert_eq!(datagram(&PROTOCOL, (40000, 161), &bytes), "Mine(Receiver)\n", "{name}");
    }
}

#[test]
fn notifications() {
    let trap = |agent: &str| {
        let body = [
            element(IDENTIFIER, &hex("2b06010401823701")),
            element(NETWORK_ADDRESS, &hex(agent)),
            integer(6),
            integer(1),
            element(TIME_TICKS, &[0]),
            sequence(&[binding(SYS_NAME, OCTETS, b"P 7")]),
        ];
        message(0, "public", element(TRAP_V1, &body.concat()))
    };
    for (name, bytes, who) in [
        ("v1", trap("c0000201"), "sender"),
        ("v1 without an agent", trap("00000000"), "sender"),
        ("v1 through a relay", trap("0a000001"), "10.0.0.1"),
    ] {
        let want = format!(
            "{who} role = \"snmp_agent\" PDU @13+1\n\
             {who} snmp_version = \"v1\" version @2+3\n\
             {who} snmp_community = \"default\" community @7+6\n\
             {who} snmp_sys_object_id = \"1.3.6.1.4.1.311.1\" enterprise @17+8\n\
             {who} device_name = \"P 7\" 1.3.6.1.2.1.1.5.0 @56+3\nMine(Receiver)\n"
        );
        assert_eq!(datagram(&PROTOCOL, (50000, 162), &bytes), want, "{name}");
    }
    for kind in [TRAP_V2, INFORM] {
        let bytes = message(1, "public", pdu(kind, &[binding(SYS_NAME, OCTETS, b"P 7")]));
        let transcript = datagram(&PROTOCOL, (50000, 162), &bytes);
        assert!(
            transcript.contains("device_name = \"P 7\"")
                && transcript.ends_with("Mine(Receiver)\n")
        );
    }
}

fn secured(flags: u8, engine: &str, data: Vec<u8>) -> Vec<u8> {
    let header = [integer(1), integer(9), element(OCTETS, &[flags]), integer(3)];
    let usm = sequence(&[
        element(OCTETS, &hex(engine)),
        integer(1),
        integer(1),
        element(OCTETS, b"anna"),
        element(OCTETS, &[]),
        element(OCTETS, &[]),
    ]);
    sequence(&[integer(3), sequence(&header), element(OCTETS, &usm), data])
}

#[test]
fn secured_messages() {
    let scoped = |pdu: Vec<u8>| sequence(&[element(OCTETS, &[]), element(OCTETS, &[]), pdu]);
    let encrypted = || element(OCTETS, &[7; 24]);
    let engine = |who: &str| {
        format!("{who} snmp_engine_id = \"8000013703\" msgAuthoritativeEngineID @25+5\n")
    };
    let agent = |level: &str, at: usize| {
        format!(
            "sender role = \"snmp_agent\" PDU @{at}+1\n\
             sender snmp_version = \"v3 {level}\" version @2+3\n"
        )
    };
    for (name, ports, bytes, want) in [
        (
            "discovery",
            (9, 161),
            secured(4, "", scoped(pdu(0xa0, &[]))),
            "Mine(Receiver)\n".to_owned(),
        ),
        (
            "report",
            (161, 9),
            secured(0, "8000013703", scoped(pdu(REPORT, &[]))),
            engine("sender") + "sender role = \"snmp_agent\" PDU @52+1\nMine(Sender)\n",
        ),
        (
            "encrypted request",
            (9, 161),
            secured(7, "8000013703", encrypted()),
            engine("receiver") + "Mine(Receiver)\n",
        ),
        (
            "encrypted answer",
            (161, 9),
            secured(3, "8000013703", encrypted()),
            engine("sender") + &agent("authPriv", 48) + "Mine(Sender)\n",
        ),
        (
            "encrypted notification",
            (9, 162),
            secured(3, "8000013703", encrypted()),
            engine("sender") + &agent("authPriv", 48) + "Mine(Receiver)\n",
        ),
        (
            "plain answer",
            (161, 9),
            secured(1, "8000013703", scoped(pdu(RESPONSE, &[binding(SYS_NAME, OCTETS, b"P 7")]))),
            engine("sender")
                + &agent("authNoPriv", 52)
                + "sender device_name = \"P 7\" 1.3.6.1.2.1.1.5.0 @79+3\nMine(Sender)\n",
        ),
        (
            "encrypted without the flag",
            (161, 9),
            secured(0, "8000013703", encrypted()),
            "NotMine\n".to_owned(),
        ),
    ] {
        assert_eq!(datagram(&PROTOCOL, ports, &bytes), want, "{name}");
    }
}

#[test]
fn refuses() {
    let sound = message(1, "public", pdu(RESPONSE, &[binding(SYS_DESCR, OCTETS, b"x")]));
    let broken = message(1, "public", pdu(RESPONSE, &[element(SEQUENCE, &[6, 9])]));
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("text behind it", [sound.clone(), vec![0]].concat()),
        ("unknown version", message(2, "public", pdu(RESPONSE, &[]))),
        ("unknown data unit", message(1, "public", pdu(0xa9, &[]))),
    ] {
        assert_eq!(datagram(&PROTOCOL, (161, 9), &bytes), "NotMine\n", "{name}");
    }
    assert!(
        datagram(&PROTOCOL, (161, 9), &broken)
            .ends_with("Malformed(\"variable bindings are broken\")\n")
    );
    for seen in 0..sound.len() {
        assert_eq!(datagram(&PROTOCOL, (161, 9), &sound[..seen]), "NotMine\n", "{seen}");
    }
}

proptest! {
    #[test]
    fn never_panics(kind in 0xa0u8..0xa9, tail: Vec<u8>, at in 0usize..60, byte: u8) {
        let mut bytes = message(1, "public", pdu(kind, &[binding(SYS_DESCR, OCTETS, b"x"), tail.clone()]));
        datagram(&PROTOCOL, (161, 9), &bytes);
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        datagram(&PROTOCOL, (161, 9), &bytes);
        datagram(&PROTOCOL, (161, 9), &tail);
        datagram(&PROTOCOL, (161, 9), &secured(kind, "8000013703", tail));
    }
}
