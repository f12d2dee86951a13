//! TLS handshakes by example.

use super::*;
use crate::dissect::Direction::{ToClient, ToServer};
use crate::testing::{hex, probe as probes, stream};

/// A handshake message of `kind`, in records of at most `size` bytes.
fn records(kind: u8, body: &[u8], size: usize) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    message.extend(body);
    message.chunks(size).flat_map(|piece| record(22, piece)).collect()
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 3, 1];
    bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

/// Cipher GREASE and 1301; SNI `pacs.example`, versions GREASE, 1.3, 1.2.
fn client_hello() -> Vec<u8> {
    hex(&format!(
        "0303 {} 00 0004 0a0a1301 01 00 0020
         0000 0011 000f 00 000c 706163732e6578616d706c65
         002b 0007 06 1a1a03040303",
        "11".repeat(32)
    ))
}

fn server_hello(extensions: &str) -> Vec<u8> {
    hex(&format!("0303 {} 00 c02f 00 {extensions}", "22".repeat(32)))
}

fn certificates(leaf: &[u8], rest: usize) -> Vec<u8> {
    let three = |length: usize| u32::try_from(length).unwrap().to_be_bytes()[1..].to_vec();
    let mut list = [three(leaf.len()), leaf.to_vec()].concat();
    if rest > 0 {
        list.extend([three(rest), vec![0x55; rest]].concat());
    }
    [three(list.len()), list].concat()
}

/// DER: a tag, its length in the shortest form, its content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..128 => vec![tag, length as u8],
        128..256 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}

fn name(parts: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let rdn = |(oid, tag, value): &(&str, u8, &[u8])| {
        der(0x31, &der(0x30, &[der(6, &hex(oid)), der(*tag, value)].concat()))
    };
    der(0x30, &parts.iter().flat_map(rdn).collect::<Vec<_>>())
}

/// A certificate nobody could verify, with every part that is read and some that must not be.
fn leaf(subject: &[u8], issuer: &[u8]) -> Vec<u8> {
    let algorithm = der(0x30, &[der(6, &hex("2a864886f70d01010b")), der(5, b"")].concat());
    let key_algorithm = der(0x30, &[der(6, &hex("2a864886f70d010101")), der(5, b"")].concat());
    let names = der(
        0x30,
        &[
            der(0x82, b"ct1.example"),
            der(0x87, &[192, 0, 2, 9]),
            der(0x81, b"jane.doe@clinic.example"),
        ]
        .concat(),
    );
    let extension = der(0x30, &[der(6, &hex("551d11")), der(4, &names)].concat());
    let to_be_signed = der(
        0x30,
        &[
            der(0xa0, &der(2, &[2])),
            der(2, &[7]),
            algorithm.clone(),
            issuer.to_vec(),
            der(0x30, &[der(0x17, b"200102030405Z"), der(0x17, b"300102030405Z")].concat()),
            subject.to_vec(),
            der(0x30, &[key_algorithm, der(3, &[0, 1, 2, 3])].concat()),
            der(0xa3, &der(0x30, &extension)),
        ]
        .concat(),
    );
    der(0x30, &[to_be_signed, algorithm, der(3, &[0, 9, 9])].concat())
}

fn ct_name() -> Vec<u8> {
    name(&[
        ("550406", 0x13, b"DE"),
        ("55040a", 0x0c, b"Acme, Inc."),
        ("2a864886f70d010901", 0x16, b"jane.doe@clinic.example"),
        ("550403", 0x1e, b"\0C\0T\x001"),
    ])
}

const CLIENT: &str = "sender tls_server_name = \"pacs.example\" server_name @63+12\n\
     sender tls_version = \"TLS 1.3\" ClientHello.supported_versions @79+7\n\
     sender ja4 = \"t13d010200_0f2cb44170f4_b9a491fefe05\" ja4 @9+77\n";

#[test]
fn reads_hellos() {
    let client = records(CLIENT_HELLO, &client_hello(), 16_384);
    let whole_13 = records(SERVER_HELLO, &server_hello("0006 002b0002 0304"), 16_384);
    let secret = record(23, &[0xee; 40]);
    let alert = record(21, &[2, 40]);
    for (row, turns, want) in [
        (
            "version 1.3 ends with the server's hello",
            vec![(ToServer, client.clone()), (ToClient, whole_13.clone()), (ToServer, secret)],
            format!(
                "{CLIENT}sender tls_version = \"TLS 1.3\" ServerHello.version @53+2\nend: Done\n"
            ),
        ),
        (
            "server first, as a capture may have it",
            vec![(ToClient, whole_13.clone()), (ToServer, client.clone())],
            format!(
                "sender tls_version = \"TLS 1.3\" ServerHello.version @53+2\n{CLIENT}end: Done\n"
            ),
        ),
        (
            "an alert instead of an answer",
            vec![(ToServer, client.clone()), (ToClient, alert)],
            CLIENT.to_owned(),
        ),
        (
            "an unknown record",
            vec![(ToServer, record(99, b"x"))],
            "end: Malformed(\"record of an unknown type\")\n".to_owned(),
        ),
        (
            "a hello that is too large",
            vec![(ToServer, record(22, &[1, 2, 0, 0]))],
            "end: OverLimit(\"handshake message over 64 KiB\")\n".to_owned(),
        ),
        (
            "a hello that breaks off",
            vec![(ToServer, records(CLIENT_HELLO, &client_hello()[..50], 999))],
            "end: Malformed(\"client hello breaks off\")\n".to_owned(),
        ),
        (
            "resumed session of version 1.2",
            vec![
                (ToServer, client.clone()),
                (ToClient, records(SERVER_HELLO, &server_hello(""), 99)),
                (ToClient, record(20, &[1])),
            ],
            format!(
                "{CLIENT}sender tls_version = \"TLS 1.2\" ServerHello.version @9+2\nend: Done\n"
            ),
        ),
    ] {
        let turns: Vec<_> = turns.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect();
        assert_eq!(stream(&PROTOCOL, &turns), want, "{row}");
    }
}

#[test]
fn joins_any_fragments() {
    for size in [1, 5, 40] {
        let client = records(CLIENT_HELLO, &client_hello(), size);
        let found = stream(&PROTOCOL, &[(ToServer, &client)]);
        assert!(found.contains("\"pacs.example\"") && found.contains("t13d0102"), "{found}");
    }
}

#[test]
fn reads_the_leaf_certificate() {
    let ca = name(&[("550403", 0x0c, b"Clinic CA")]);
    let shown = |leaf: &[u8], rest| {
        let hello = records(SERVER_HELLO, &server_hello(""), 16_384);
        let list = records(CERTIFICATE, &certificates(leaf, rest), 16_384);
        let done = records(SERVER_HELLO_DONE, b"", 9);
        stream(&PROTOCOL, &[(ToClient, &[hello, list, done].concat())])
    };
    let want = "sender tls_version = \"TLS 1.2\" ServerHello.version @9+2\n\
        sender tls_subject = \"CN=CT1,O=Acme\\\\, Inc.,C=DE\" certificate.subject @146+93\n\
        sender tls_issuer = \"CN=Clinic CA\" certificate.issuer @92+22\n\
        sender tls_not_before = \"2020-01-02T03:04:05Z\" certificate.notBefore @114+32\n\
        sender tls_not_after = \"2030-01-02T03:04:05Z\" certificate.notAfter @114+32\n\
        sender tls_alternative_name = \"ct1.example\" certificate.subjectAltName @279+11\n\
        sender tls_alternative_name = \"192.0.2.9\" certificate.subjectAltName @292+4\n";
    assert_eq!(shown(&leaf(&ct_name(), &ca), 0), want);
    let long = shown(&leaf(&ct_name(), &ca), 200_000);
    assert_eq!(
        long.lines().count(),
        want.lines().count(),
        "the rest of the chain is not waited for"
    );
    let own = shown(&leaf(&ca, &ca), 0);
    assert!(own.contains("tls_self_signed = \"yes\""), "{own}");
    assert!(shown(b"junk", 0).contains("odd tls: certificate that is not X.509"));
    let anydesk = name(&[("550403", 0x0c, b"AnyNet Relay")]);
    let relay = shown(&leaf(&anydesk, &ca), 0);
    assert!(relay.contains("receiver remote_access_tool = \"AnyDesk\""), "{relay}");
}

#[test]
fn a_client_certificate_is_never_read() {
    let person = name(&[("550403", 0x0c, b"Jane Doe")]);
    let client = [
        records(CLIENT_HELLO, &client_hello(), 999),
        records(CERTIFICATE, &certificates(&leaf(&person, &person), 0), 9999),
    ];
    assert_eq!(stream(&PROTOCOL, &[(ToServer, &client.concat())]), CLIENT);
}

#[test]
fn reads_the_hello_of_ssl_2() {
    let hello = hex("8019 01 0002 0003 0000 000d 010080 11111111111111111111111111");
    let answer = hex("800b 04 0001 0002 0000 0000 0000");
    assert_eq!(probes(&PROTOCOL, &hello, b""), Probe::Mine);
    assert_eq!(
        stream(&PROTOCOL, &[(ToServer, &hello), (ToClient, &answer)]),
        "odd tls: hello in the form of SSL 2.0 (Sender)\n\
         sender tls_version = \"SSL 2.0\" ClientHello.supported_versions @3+2\n\
         odd tls: hello in the form of SSL 2.0 (Sender)\n\
         sender tls_version = \"SSL 2.0\" ServerHello.version @5+2\n\
         end: Done\n"
    );
}

#[test]
fn probes_by_content() {
    let client = records(CLIENT_HELLO, &client_hello(), 999);
    let server = records(SERVER_HELLO, &server_hello(""), 999);
    for (row, to_server, to_client, want) in [
        ("client", client.as_slice(), b"".as_slice(), Probe::Mine),
        ("server only", b"", &server, Probe::Mine),
        ("nothing yet", b"", b"", Probe::NeedMore),
        ("text", b"GET / HTTP/1.1", b"", Probe::NotMine),
        ("server speaks text", b"", b"220 hello", Probe::NotMine),
        ("TPKT", &hex("0300 0013 0e e0 0000 0000 00"), b"", Probe::NotMine),
        ("middle, one record", &record(23, &[7; 50]), b"", Probe::Mine),
        ("middle, a part of one", &record(23, &[7; 50])[..30], b"", Probe::NeedMore),
        ("middle, two records", &record(23, &[7; 50]).repeat(2), b"", Probe::Mine),
        ("middle, both sides", &record(23, &[7; 50]), &record(23, &[8; 9]), Probe::Mine),
        ("middle of another", &record(23, &[7; 50]), b"HTTP/1.1 200", Probe::NotMine),
        ("a server's hello from a client", &server, b"", Probe::NotMine),
    ] {
        assert_eq!(probes(&PROTOCOL, to_server, to_client), want, "{row}");
    }
    for seen in 0..9 {
        assert_eq!(probes(&PROTOCOL, &client[..seen], b""), Probe::NeedMore, "{seen}");
    }
}

#[test]
fn every_prefix_is_quiet() {
    let ca = ct_name();
    let server = [
        records(SERVER_HELLO, &server_hello(""), 30),
        records(CERTIFICATE, &certificates(&leaf(&ca, &ca), 0), 60),
    ]
    .concat();
    for seen in 0..server.len() {
        let found = stream(&PROTOCOL, &[(ToClient, &server[..seen])]);
        assert!(!found.contains("Malformed"), "{seen}: {found}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(bytes: Vec<u8>, kind in 0u8..25, side: bool) {
        let side = if side { ToServer } else { ToClient };
        stream(&PROTOCOL, &[(side, &bytes)]);
        stream(&PROTOCOL, &[(side, &records(kind, &bytes, 40))]);
        let list = certificates(&bytes, 0);
        stream(&PROTOCOL, &[(ToClient, &records(CERTIFICATE, &list, 40))]);
        probes(&PROTOCOL, &bytes, &bytes);
    }

    #[test]
    fn a_bent_certificate_never_panics(at in 0usize..300, byte: u8) {
        let ca = ct_name();
        let mut bytes = leaf(&ca, &ca);
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        stream(&PROTOCOL, &[(ToClient, &records(CERTIFICATE, &certificates(&bytes, 0), 16_000))]);
    }
}
