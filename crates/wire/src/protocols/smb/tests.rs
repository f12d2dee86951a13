//! SMB and NTLM by example.

use super::*;
use crate::dissect::Direction::{ToClient, ToServer};
use crate::testing::{hex, probe as probes, stream};

fn session(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn smb1(command: u8, status: u32, unicode: bool, words: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut message = [b"\xffSMB".as_slice(), &[command], &status.to_le_bytes(), &[0x80]].concat();
    message.extend(if unicode { [1, 0xc8] } else { [1, 0x48] });
    message.extend([0; 20]);
    message.push(u8::try_from(words.len() / 2).unwrap());
    message.extend(words);
    message.extend(u16::try_from(bytes.len()).unwrap().to_le_bytes());
    message.extend(bytes);
    session(0, &message)
}

fn smb2(command: u16, status: u32, body: &[u8]) -> Vec<u8> {
    let mut message = b"\xfeSMB\x40\0\0\0".to_vec();
    message.extend(status.to_le_bytes());
    message.extend(command.to_le_bytes());
    message.extend([0; 50]);
    message.extend(body);
    session(0, &message)
}

fn token_body(field: usize, token: &[u8]) -> Vec<u8> {
    let start = field + 4;
    let mut body = vec![0; field];
    body.extend(u16::try_from(64 + start).unwrap().to_le_bytes());
    body.extend(u16::try_from(token.len()).unwrap().to_le_bytes());
    body.extend(token);
    body
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn encoded(name: &str, kind: u8) -> Vec<u8> {
    let mut raw = format!("{name:15}").into_bytes();
    raw.push(kind);
    let pairs = raw.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]);
    [32].into_iter().chain(pairs).chain([0]).collect()
}

fn request(called: &str) -> Vec<u8> {
    session(0x81, &[encoded(called, 0x20), encoded("WS7", 0)].concat())
}

#[test]
fn reads_smb_1() {
    let nt_words =
        hex("0500 07 3200 0100 04110000 00000100 00000000 fde30000 0000000000000000 0000 08");
    let negotiated =
        smb1(0x72, 0, true, &nt_words, &[vec![0x99; 8], wide("CLINIC"), wide("CT1")].concat());
    let setup_words = hex("ff000000 0411 3200 0000 00000000 0100 0200 00000000 d4000000");
    let setup = [vec![1, 2, 3], vec![], wide("jane.doe"), wide("CLINIC"), wide("Windows 5.1")];
    // Header and words are 61 bytes, the password three: the text is aligned without a filler.
    let setup = smb1(0x73, 0, true, &setup_words, &[setup.concat(), wide("Windows LM")].concat());
    let answer_bytes = [vec![0], wide("Unix"), wide("Samba 3.0.20"), wide("CLINIC")].concat();
    let answer = smb1(0x73, 0, true, &hex("ff00 0000 0000"), &answer_bytes);
    assert_eq!(
        stream(
            &PROTOCOL,
            &[
                (ToServer, &request("CT1")),
                (ToClient, &session(0x82, b"")),
                (ToClient, &negotiated),
                (ToServer, &setup),
                (ToClient, &answer),
            ]
        ),
        "receiver hostname = \"CT1\" session request, called name @4+34\n\
         sender hostname = \"WS7\" session request, calling name @38+34\n\
         sender smb_dialect = \"SMB 1, signing not required\" NEGOTIATE.Dialect @41+3\n\
         sender domain = \"CLINIC\" SESSION_SETUP_ANDX.PrimaryDomain @85+12\n\
         sender hostname = \"CT1\" NEGOTIATE.ServerName @99+6\n\
         sender smb_os = \"Windows 5.1\" SESSION_SETUP_ANDX.NativeOS @172+22\n\
         sender smb_os = \"Unix\" SESSION_SETUP_ANDX.NativeOS @153+8\n\
         sender software = \"Samba@3.0.20\" SESSION_SETUP_ANDX.NativeLanMan @163+24\n\
         sender domain = \"CLINIC\" SESSION_SETUP_ANDX.PrimaryDomain @189+12\n\
         end: Done\n"
    );
}

#[test]
fn reads_smb_2_with_ntlm() {
    let negotiated = smb2(0, 0, &hex("4100 0300 1103 0000"));
    let challenge = smb2(1, smb1::MORE_PROCESSING, &token_body(4, &ntlm::tests::challenge()));
    let authenticate = smb2(1, 0, &token_body(12, &ntlm::tests::authenticate()));
    let found = stream(
        &PROTOCOL,
        &[
            (ToClient, &negotiated),
            (ToClient, &challenge),
            (ToServer, &authenticate),
            (ToClient, &smb2(1, 0, &token_body(4, b""))),
        ],
    );
    assert_eq!(
        found,
        "sender smb_dialect = \"SMB 3.1.1, signing required\" NEGOTIATE.Dialect @70+4\n\
         sender hostname = \"CT1\" CHALLENGE.MsvAvNbComputerName @228+6\n\
         sender hostname = \"ct1\" CHALLENGE.MsvAvDnsComputerName @238+36\n\
         sender domain = \"CLINIC\" CHALLENGE.MsvAvNbDomainName @212+12\n\
         sender smb_os = \"Windows NT 6.1 build 7601\" CHALLENGE.Version @200+4\n\
         sender hostname = \"WS7\" AUTHENTICATE.Workstation @172+6\n\
         sender smb_os = \"Windows NT 10.0 build 19045\" AUTHENTICATE.Version @148+4\n\
         end: Done\n"
    );
    assert!(!found.contains("jane"));
}

#[test]
fn stops_where_it_must() {
    for (row, bytes, want) in [
        ("encrypted", session(0, &[b"\xfdSMB".as_slice(), &[0; 60]].concat()), "end: Done\n"),
        ("refused", session(0x83, &[0x82]), "end: Done\n"),
        ("another command", smb2(3, 0, &[]), "end: Done\n"),
        ("no mark", session(0, b"abcd"), "end: Malformed(\"message without the mark of SMB\")\n"),
        ("short", session(0, b"\xfeSMB"), "end: Malformed(\"message of SMB 2 breaks off\")\n"),
        (
            "a file",
            vec![0, 0xff, 0, 0],
            "end: OverLimit(\"message over 128 KiB before the session is set up\")\n",
        ),
        ("unknown", vec![7, 0, 0, 0], "end: Malformed(\"unknown type of session packet\")\n"),
    ] {
        assert_eq!(stream(&PROTOCOL, &[(ToClient, &bytes)]), want, "{row}");
    }
}

#[test]
fn probes_by_content() {
    for (row, client, server, want) in [
        ("SMB 1", hex("00000054 ff534d42"), vec![], Probe::Mine),
        ("server only", vec![], hex("00000054 fe534d42"), Probe::Mine),
        ("session request", request("*SMBSERVER"), vec![], Probe::Mine),
        ("start", hex("000000"), vec![], Probe::NeedMore),
        ("DICOM", hex("01000000 00cd0001"), vec![], Probe::NotMine),
        ("other", hex("00000054 01020304"), vec![], Probe::NotMine),
    ] {
        assert_eq!(probes(&PROTOCOL, &client, &server), want, "{row}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(bytes: Vec<u8>, command in 0u8..2, words in 0usize..20, side: bool) {
        let side = if side { ToServer } else { ToClient };
        let words: Vec<u8> = bytes.iter().copied().cycle().take(words * 2).collect();
        let words = if bytes.is_empty() { vec![] } else { words };
        stream(&PROTOCOL, &[(side, &bytes)]);
        stream(&PROTOCOL, &[(side, &session(0, &bytes))]);
        stream(&PROTOCOL, &[(side, &session(0x81, &bytes))]);
        stream(&PROTOCOL, &[(side, &smb1(0x72 + command, 0, true, &words, &bytes))]);
        stream(&PROTOCOL, &[(side, &smb2(u16::from(command), 0, &bytes))]);
        probes(&PROTOCOL, &bytes, &bytes);
    }
}
