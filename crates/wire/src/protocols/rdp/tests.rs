//! RDP openings by example.

use super::*;
use crate::dissect::Direction::{ToClient, ToServer};
use crate::testing::{hex, probe as probes, stream};

fn tpkt(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[3, 0], length.as_slice(), body].concat()
}

fn connection(kind: u8, variable: &[u8]) -> Vec<u8> {
    let header = [u8::try_from(variable.len() + 6).unwrap(), kind, 0, 0, 0, 0, 0];
    tpkt(&[header.as_slice(), variable].concat())
}

fn request() -> Vec<u8> {
    connection(
        0xe0,
        &[b"Cookie: mstshash=jane.doe\r\n".as_slice(), &hex("01000800 03000000")].concat(),
    )
}

fn settings(mark: &[u8], blocks: &[u8]) -> Vec<u8> {
    let length = (0x8000 | u16::try_from(blocks.len()).unwrap()).to_be_bytes();
    tpkt(&[&hex("02f080 7f65 8200"), mark, &length, blocks].concat())
}

fn client_core() -> Vec<u8> {
    let mut block =
        hex("04c0 0800 00000000 01c0 4800 04000800 0004 0003 01ca 03aa 09040000 280a0000");
    let mut name: Vec<u8> = "WS7".encode_utf16().flat_map(u16::to_le_bytes).collect();
    name.resize(32, 0);
    block.extend(name);
    block.resize(8 + 0x48, 0);
    settings(b"Duca", &block)
}

fn server_security(method: u8) -> Vec<u8> {
    settings(
        b"McDn",
        &[hex("010c 0800 04000800 020c 0c00"), vec![method, 0, 0, 0, 2, 0, 0, 0]].concat(),
    )
}

#[test]
fn reads_standard_security() {
    let confirm = connection(0xd0, b"");
    assert_eq!(
        stream(
            &PROTOCOL,
            &[
                (ToServer, &request()),
                (ToClient, &confirm),
                (ToServer, &client_core()),
                (ToClient, &server_security(1)),
            ]
        ),
        "sender rdp_security = \"standard RDP\" RDP_NEG_RSP.selectedProtocol @11+0\n\
         sender software = \"Remote Desktop client@2600\" TS_UD_CS_CORE.clientBuild @91+4\n\
         sender hostname = \"WS7\" TS_UD_CS_CORE.clientName @95+6\n\
         sender rdp_security = \"standard RDP, 40 bit\" TS_UD_SC_SEC1.encryptionMethod @40+4\n\
         end: Done\n"
    );
}

#[test]
fn names_the_security_chosen() {
    for (chosen, want) in [
        ("02 00 0800 00000000", "standard RDP"),
        ("02 00 0800 01000000", "TLS"),
        ("02 1f 0800 02000000", "CredSSP"),
        ("02 1f 0800 08000000", "CredSSP with early authorization"),
    ] {
        let found = stream(&PROTOCOL, &[(ToClient, &connection(0xd0, &hex(chosen)))]);
        let want = format!("sender rdp_security = {want:?} RDP_NEG_RSP.selectedProtocol @11+8\n");
        assert_eq!(found, want);
    }
    let refused = connection(0xd0, &hex("03 00 0800 05000000"));
    assert_eq!(stream(&PROTOCOL, &[(ToClient, &refused)]), "", "a failure chooses nothing");
}

#[test]
fn hands_on_to_tls() {
    let hello = [hex("160301002d 01000029 0303"), vec![7; 32], hex("00 0002 c02f 01 00")].concat();
    let found = stream(
        &PROTOCOL,
        &[
            (ToServer, &request()),
            (ToClient, &connection(0xd0, &hex("0200080001000000"))),
            (ToServer, &hello),
        ],
    );
    assert!(found.contains("tls_version = \"TLS 1.2\""), "{found}");
    assert!(!found.contains("jane"), "{found}");
}

#[test]
fn tells_what_is_wrong() {
    for (row, bytes, want) in [
        ("text", b"GET /".to_vec(), "end: Malformed(\"neither TPKT nor TLS\")\n"),
        ("no header", tpkt(&[]), "end: Malformed(\"X.224 header breaks off\")\n"),
        ("odd kind", connection(0x80, b""), "end: Malformed(\"unexpected X.224 packet\")\n"),
    ] {
        assert_eq!(stream(&PROTOCOL, &[(ToServer, &bytes)]), want, "{row}");
    }
}

#[test]
fn probes_by_content() {
    let bare = connection(0xe0, b"");
    for (row, client, server, want) in [
        ("cookie", request(), vec![], Probe::Mine),
        ("negotiation only", connection(0xe0, &hex("0100080001000000")), vec![], Probe::Mine),
        ("server only", vec![], connection(0xd0, &hex("0200080001000000")), Probe::Mine),
        ("bare", bare.clone(), vec![], Probe::NeedMore),
        ("bare, then settings", [bare.clone(), client_core()].concat(), vec![], Probe::Mine),
        ("S7", connection(0xe0, &hex("c0010ac1020100c2020102")), vec![], Probe::NotMine),
        ("bare, then S7", [bare, tpkt(&hex("02f080320100"))].concat(), vec![], Probe::NotMine),
        ("start", hex("0300"), vec![], Probe::NeedMore),
        ("TLS", hex("1603010100"), vec![], Probe::NotMine),
    ] {
        assert_eq!(probes(&PROTOCOL, &client, &server), want, "{row}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>, cut in 0usize..150, side: bool) {
        let side = if side { ToServer } else { ToClient };
        stream(&PROTOCOL, &[(side, &bytes)]);
        stream(&PROTOCOL, &[(side, &connection(0xd0, &bytes))]);
        stream(&PROTOCOL, &[(side, &settings(b"Duca", &bytes)), (side, &settings(b"McDn", &bytes))]);
        let mut core = client_core();
        core.truncate(cut);
        stream(&PROTOCOL, &[(side, &core)]);
        probes(&PROTOCOL, &bytes, &core);
    }
}
