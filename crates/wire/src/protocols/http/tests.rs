//! Hand-made connections through the harness, hostile bytes, and captures.

use std::collections::BTreeSet;
use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::dissect::Direction::{ToClient, ToServer};
use crate::protocols::dicom::lab;
use crate::testing::{Transcript, probe, stream};

/// The findings without their places.
fn findings(turns: &[(Direction, &[u8])]) -> Vec<String> {
    let transcript = stream(&PROTOCOL, turns);
    assert!(!transcript.contains("CANARY"), "{transcript}");
    transcript.lines().map(|line| line.split(" @").next().unwrap().to_owned()).collect()
}

const GET: &[u8] =
    b"GET /study?patient=CANARY HTTP/1.1\r\nHost: pacs:8080\r\nUser-Agent: Viewer/2\r\n\
    Cookie: CANARY\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nServer: Acme/1.0\r\nContent-Length: 6\r\n\r\nCANARY";

const GET_FOUND: [&str; 2] = [
    r#"receiver http_host = "pacs:8080" Host"#,
    r#"sender http_user_agent = "Viewer/2" User-Agent"#,
];
const OK_FOUND: &str = r#"sender http_server = "Acme/1.0" Server"#;

#[test]
fn reads_heads_and_passes_over_bodies() {
    let [host, agent] = GET_FOUND;
    let body = |head: &str, body: &str| [head, "\r\n\r\n", body].concat().into_bytes();
    let sized = body("HTTP/1.1 200 OK\r\nContent-Length: 3", "\r\nX");
    let chunked = body(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
        "5;x=y\r\nCANAR\r\n1\r\nY\r\n0\r\nTrailer: CANARY\r\n\r\n",
    );
    let empty = body("HTTP/1.1 304 Not Modified\r\nContent-Length: 900", "");
    let wait = body("HTTP/1.1 100 Continue", "");
    let post = body("POST / HTTP/1.1\r\nContent-Length: 6", "CANARY\r\n");
    let head = body("HEAD / HTTP/1.1", "");
    let closed =
        body("HTTP/1.0 200 OK\r\nServer: Old", "CANARY HTTP/1.1 200 OK\r\nServer: CANARY\r\n\r\n");
    for (name, turns, want) in [
        ("one", vec![(ToServer, GET), (ToClient, OK)], vec![host, agent, OK_FOUND]),
        (
            "pipelined",
            vec![(ToServer, GET), (ToServer, GET), (ToClient, OK), (ToClient, OK)],
            vec![host, agent, host, agent, OK_FOUND, OK_FOUND],
        ),
        ("chunked", vec![(ToClient, &chunked), (ToClient, OK)], vec![OK_FOUND]),
        ("sized", vec![(ToClient, &sized), (ToClient, OK)], vec![OK_FOUND]),
        ("no body by status", vec![(ToClient, &empty), (ToClient, OK)], vec![OK_FOUND]),
        (
            "interim answer",
            vec![
                (ToServer, &head),
                (ToClient, &wait),
                (ToClient, &OK[..OK.len() - 6]),
                (ToClient, OK),
            ],
            vec![OK_FOUND, OK_FOUND],
        ),
        ("request body", vec![(ToServer, &post), (ToServer, GET)], vec![host, agent]),
        ("until close", vec![(ToClient, &closed)], vec![r#"sender http_server = "Old" Server"#]),
    ] {
        assert_eq!(findings(&turns), want, "{name}");
    }
}

#[test]
fn names_the_place_of_a_value() {
    let transcript = stream(&PROTOCOL, &[(ToServer, GET), (ToServer, GET)]);
    let start = GET.windows(4).position(|window| window == b"pacs").unwrap();
    for start in [start, start + GET.len()] {
        assert!(transcript.contains(&format!("@{start}+9\n")), "{transcript}");
    }
}

#[test]
fn reads_authentication_and_software_but_no_secret() {
    let basic = b"GET / HTTP/1.1\r\nAuthorization: Basic Q0FOQVJZOkNBTkFSWQ==\r\n\r\n".as_slice();
    let bare = b"GET / HTTP/1.1\r\nAuthorization: CANARY\r\n\r\n";
    let challenge =
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"Ward 3\", nonce=\"CANARY\"\r\n\
        WWW-Authenticate: NTLM\r\nX-Powered-By: PHP/7.4.3, ASP.NET\r\nContent-Length: 0\r\n\r\n";
    for (name, turn, want) in [
        (
            "basic",
            (ToServer, basic),
            vec![
                r#"receiver http_authentication = "Basic" Authorization"#,
                r#"receiver clear_text_login = "http basic" Authorization"#,
            ],
        ),
        ("no scheme", (ToServer, bare.as_slice()), vec![]),
        (
            "challenge",
            (ToClient, challenge),
            vec![
                r#"sender http_authentication = "Digest" WWW-Authenticate"#,
                r#"sender http_realm = "Ward 3" realm"#,
                r#"sender http_authentication = "NTLM" WWW-Authenticate"#,
                r#"sender software = "PHP@7.4.3" X-Powered-By"#,
                r#"sender software = "ASP.NET@" X-Powered-By"#,
            ],
        ),
    ] {
        assert_eq!(findings(&[turn]), want, "{name}");
    }
}

/// A challenge of NTLM with one name in it, as MS-NLMP lays it out.
#[test]
fn hands_ntlm_on() {
    let name: Vec<u8> = "PUMP-SRV".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let pairs = [&[1, 0, name.len() as u8, 0], name.as_slice(), &[0; 4]].concat();
    let length = pairs.len() as u8;
    let mut message = b"NTLMSSP\0\x02\0\0\0".to_vec();
    message.extend([0; 8]);
    message.extend([0x01, 0, 0, 0]);
    message.extend([0; 16]);
    message.extend([length, 0, length, 0, 48, 0, 0, 0]);
    message.extend(&pairs);
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let token: String = message
        .chunks(3)
        .flat_map(|three| {
            let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
            let bits = bits << (8 * (3 - three.len()));
            (0..=three.len()).map(move |index| bits >> (18 - 6 * index) & 63)
        })
        .map(|index| char::from(letters[index as usize]))
        .collect();
    let answer = format!("HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM {token}\r\n\r\n");
    let found = findings(&[(ToClient, answer.as_bytes())]);
    assert!(found.iter().any(|line| line.contains("PUMP-SRV")), "{found:?}");
}

const METADATA: &str = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope' \
    xmlns:p='http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01' \
    xmlns:q='http://schemas.microsoft.com/windows/pub/2005/07'><e:Body>\
    <p:ThisModel><p:Manufacturer>Acme</p:Manufacturer><p:ModelName>Pump 7</p:ModelName></p:ThisModel>\
    <p:ThisDevice><p:FirmwareVersion>3.1</p:FirmwareVersion></p:ThisDevice>\
    <p:Host><p:Types>p:Device</p:Types><q:Computer>PC7/Domain:WARD</q:Computer></p:Host>\
    <p:PatientContext>CANARY</p:PatientContext></e:Body></e:Envelope>";
const METADATA_FOUND: [&str; 6] = [
    r#"sender maker = "Acme" ThisModel/Manufacturer"#,
    r#"sender model = "Pump 7" ThisModel/ModelName"#,
    r#"sender software_version = "3.1" ThisDevice/FirmwareVersion"#,
    r#"sender wsd_type = "dpws:Device" Types"#,
    r#"sender hostname = "PC7" pub:Computer"#,
    r#"sender domain = "WARD" pub:Computer domain"#,
];

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(body).unwrap();
    packer.finish().unwrap()
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn sized(headers: &str, body: &[u8]) -> Vec<u8> {
    answer(&format!("{headers}Content-Length: {}\r\n", body.len()), body)
}

#[test]
fn reads_what_devices_say_of_themselves_however_it_is_packed() {
    let plain = METADATA.as_bytes();
    let (left, right) = plain.split_at(100);
    let mut chunks = Vec::new();
    for part in [left, right, b""] {
        chunks.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        chunks.extend_from_slice(part);
        chunks.extend_from_slice(b"\r\n");
    }
    let deflated = {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(plain).unwrap();
        packer.finish().unwrap()
    };
    for (name, message) in [
        ("plain", sized("", plain)),
        ("gzip", sized("Content-Encoding: gzip\r\n", &gzip(plain))),
        ("deflate", sized("Content-Encoding: deflate\r\n", &deflated)),
        ("chunks", answer("Transfer-Encoding: chunked\r\n", &chunks)),
    ] {
        let want: Vec<_> = METADATA_FOUND.into_iter().chain([OK_FOUND]).collect();
        assert_eq!(findings(&[(ToClient, &message), (ToClient, OK)]), want, "{name}");
    }
    let until_close = answer("", &[plain, b"\r\n"].concat());
    assert_eq!(findings(&[(ToClient, &until_close)]), METADATA_FOUND, "until close");
    let upnp = b"<root xmlns='urn:schemas-upnp-org:device-1-0'><device><modelName>C7</modelName>\
        </device></root>";
    let found = findings(&[(ToClient, &sized("", upnp))]);
    assert_eq!(found, [r#"sender model = "C7" modelName"#], "UPnP");
    let metric =
        METADATA.replace("<p:ThisModel>", "<p:Other>").replace("</p:ThisModel>", "</p:Other>");
    assert_eq!(findings(&[(ToClient, &sized("", metric.as_bytes()))]).len(), 4, "other paths");
}

#[test]
fn tells_what_went_wrong_and_who_is_answerable() {
    let bomb = gzip(&vec![b' '; 3 << 20]);
    let long = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(70_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(101));
    let endless = [b"<a>".as_slice(), &vec![b'x'; XML_BYTES_MAX]].concat();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (name, message, want) in [
        ("broken head", b"HTTP/1.1 2x0 OK\r\n\r\n".to_vec(), r#"end: Malformed("head is broken")"#),
        ("long head", long.into_bytes(), r#"end: OverLimit("head over limit")"#),
        ("many headers", many.into_bytes(), r#"end: OverLimit("too many headers")"#),
        (
            "length",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".to_vec(),
            r#"end: Malformed("content length is no number")"#,
        ),
        (
            "two lengths",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_vec(),
            r#"end: Malformed("two content lengths")"#,
        ),
        (
            "bad chunk",
            [chunked, "xyz\r\n"].concat().into_bytes(),
            r#"end: Malformed("chunk without a size")"#,
        ),
        (
            "gzip bomb",
            sized("Content-Encoding: gzip\r\n", &bomb),
            "odd http: unpacked body over limit (Us)",
        ),
        (
            "broken gzip",
            sized("Content-Encoding: gzip\r\n", b"nonsense"),
            "odd http: packed body is broken (Sender)",
        ),
        (
            "brotli",
            sized("Content-Encoding: br\r\n", b"nonsense"),
            "odd http: XML in a coding not read (Us)",
        ),
        ("broken XML", sized("", b"<Envelope>"), "odd http: XML is not well-formed (Sender)"),
        ("large XML", sized("", &endless), "odd http: XML body over limit (Us)"),
        ("endless XML", answer("", &endless), "odd http: XML body over limit (Us)"),
        ("upgrade", b"HTTP/1.1 101 Switching\r\n\r\nCANARY".to_vec(), "end: Done"),
    ] {
        let direction = if message.starts_with(b"GET") { ToServer } else { ToClient };
        let found = findings(&[(direction, &message)]);
        assert!(found.iter().any(|line| line == want), "{name}: {found:?}");
    }
    let tunnel = [
        (ToServer, b"CONNECT x:443 HTTP/1.1\r\n\r\n".as_slice()),
        (ToClient, b"HTTP/1.1 200 OK\r\n\r\nCANARY"),
    ];
    assert_eq!(findings(&tunnel), ["receiver role = \"web_proxy\" Via", "end: Done"]);
}

#[test]
fn tells_a_proxy_from_those_it_speaks_for() {
    let direct = "GET / HTTP/1.1\r\nUser-Agent: Pump\r\n";
    let asked = "GET http://x/ HTTP/1.1\r\nHost: x\r\nUser-Agent: Pump\r\n";
    let own = "sender http_user_agent = \"Pump\" User-Agent";
    let (sends, gets) = ("sender role = \"web_proxy\" Via", "receiver role = \"web_proxy\" Via");
    for (name, head, answer, want) in [
        ("no proxy", direct, "", [own, "sender http_server = \"S\" Server"].as_slice()),
        (
            "passed on",
            &format!("{direct}Via: 1.1 gate\r\n"),
            "",
            &[sends, "sender http_server = \"S\" Server"],
        ),
        (
            "for another",
            &format!("{direct}X-Forwarded-For: 10.0.0.9\r\n"),
            "",
            &[sends, "sender http_server = \"S\" Server"],
        ),
        ("asked of a proxy", asked, "", &[gets, own]),
        ("answered by a proxy", direct, "Via: 1.1 gate\r\n", &[own, sends]),
    ] {
        let request = format!("{head}\r\n");
        let answer = format!("HTTP/1.1 200 OK\r\nServer: S\r\n{answer}Content-Length: 0\r\n\r\n");
        let found = findings(&[(ToServer, request.as_bytes()), (ToClient, answer.as_bytes())]);
        assert_eq!(found, want, "{name}");
    }
}

#[test]
fn decides_by_content() {
    let long = format!("GET /{}", "x".repeat(1100));
    for (name, to_server, to_client, want) in [
        ("request", GET, b"".as_slice(), Probe::Mine),
        ("answer alone", b"", OK, Probe::Mine),
        ("not yet", b"GET /index", b"", Probe::NeedMore),
        ("answer not yet", b"", b"HTT", Probe::NeedMore),
        ("nothing", b"", b"", Probe::NeedMore),
        ("long target", long.as_bytes(), b"", Probe::Mine),
        ("SIP", b"OPTIONS sip:x SIP/2.0\r\n", b"", Probe::NotMine),
        ("RTSP", b"DESCRIBE rtsp://x RTSP/1.0\r\n", b"", Probe::NotMine),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n", b"", Probe::NotMine),
        ("TLS", b"\x16\x03\x01\x02\0", b"", Probe::NotMine),
        ("SMTP", b"EHLO x\r\n", b"220 x", Probe::NotMine),
        ("FTP greeting", b"", b"220 ready\r\n", Probe::NotMine),
        ("binary", b"GET \0\0\0", b"", Probe::NotMine),
    ] {
        assert_eq!(probe(&PROTOCOL, to_server, to_client), want, "{name}");
    }
}

/// A capture cut anywhere asks for more; it never blames the sender.
#[test]
fn no_prefix_is_malformed() {
    let message = sized("Content-Encoding: gzip\r\n", &gzip(METADATA.as_bytes()));
    for (direction, bytes) in [(ToServer, GET), (ToClient, OK), (ToClient, message.as_slice())] {
        for seen in 0..bytes.len() {
            let step = Http::default().read(direction, &bytes[..seen], &mut Transcript::default());
            assert!(matches!(step, Step::Used(_) | Step::Skip(_)), "{seen}: {step:?}");
        }
    }
}

#[test]
fn goes_on_behind_a_gap_in_a_body() {
    let message = sized("", METADATA.as_bytes());
    let mut http = Http::default();
    let mut transcript = Transcript::default();
    let Step::Used(used) = http.read(ToClient, &message[..300], &mut transcript) else { panic!() };
    assert!(used < 300, "the body is waited for");
    assert_eq!(http.gap(ToClient, 50), Step::Used(0));
    let rest = [&message[350..], OK].concat();
    http.read(ToClient, &rest, &mut transcript);
    assert!(transcript.lines.starts_with(OK_FOUND), "{}", transcript.lines);
    assert_eq!(http.gap(ToClient, 1), Step::Done, "a gap in a head loses the place");
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(noise in prop::collection::vec(any::<u8>(), 0..300), kind in 0usize..4) {
        let head = ["", "Content-Encoding: gzip\r\nContent-Length: 99\r\n", "Transfer-Encoding: chunked\r\n", "X: y\r\n"][kind];
        stream(&PROTOCOL, &[(ToClient, &answer(head, &noise)), (ToServer, &noise)]);
        stream(&PROTOCOL, &[(ToServer, &[b"POST / HTTP/1.1\r\n".as_slice(), &noise].concat())]);
    }

    #[test]
    fn hostile_chunks_never_panic(noise in "[0-9a-f\r\n;]{0,80}") {
        for kind in ["text/xml", "text/plain"] {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n");
            stream(&PROTOCOL, &[(ToClient, [head.as_str(), &noise].concat().as_bytes())]);
        }
    }
}

#[test]
fn reads_the_medical_device_of_the_lab_capture() {
    let Some(connections) = lab::connections("lab/sdc_11073_wsdiscovery_soap.pcap") else { return };
    let all: String =
        connections.iter().map(|turns| stream(&PROTOCOL, &lab::borrowed(turns))).collect();
    for attribute in ["maker", "model", "model_number", "serial", "software_version", "wsd_type"] {
        assert!(all.contains(&format!("sender {attribute} = ")), "no {attribute}: {all}");
    }
    assert!(!all.contains("odd ") && !all.contains("end: "), "{all}");
}

/// Servers, agents and hosts are those that tshark reads.
#[test]
fn agrees_with_tshark_on_captures() {
    for capture in ["ndpi/ipp.pcap", "lab/sdc_11073_wsdiscovery_soap.pcap"] {
        let Some(connections) = lab::connections(capture) else { return };
        let mine = |turns: &&lab::Turns| {
            let side =
                |way| turns.iter().find(|turn| turn.0 == way).map_or(&[][..], |turn| &turn.1);
            probe(&PROTOCOL, side(ToServer), side(ToClient)) == Probe::Mine
        };
        let all: String = connections
            .iter()
            .filter(mine)
            .map(|turns| stream(&PROTOCOL, &lab::borrowed(turns)))
            .collect();
        for (name, attribute) in [
            ("http.server", "http_server"),
            ("http.user_agent", "http_user_agent"),
            ("http.host", "http_host"),
        ] {
            let Some(rows) = lab::fields(capture, name, &[name]) else { return };
            let want: BTreeSet<String> = rows.iter().map(|row| row[0].clone()).collect();
            let lines = all.lines().filter(|line| line.contains(&format!(" {attribute} = ")));
            let found = lines.filter_map(|line| line.split('"').nth(1).map(str::to_owned));
            assert_eq!(found.collect::<BTreeSet<_>>(), want, "{capture} {name}");
        }
    }
}
