//! Hand-made messages through the harness, hostile text, and the lab capture.

use proptest::prelude::*;

use super::*;
use crate::protocols::dicom::lab;
use crate::testing::{datagram, hex};

const WSD_2009: &str = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01";
const WSD_2005: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery";

fn envelope(namespace: &str, body: &str) -> String {
    format!(
        "<?xml version='1.0'?><e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope' \
         xmlns:a='http://www.w3.org/2005/08/addressing' xmlns:d='{namespace}' \
         xmlns:p='http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01' \
         xmlns:m='http://standards.ieee.org/downloads/11073/11073-20702-2016'>\
         <e:Header><a:To>urn:x</a:To></e:Header><e:Body>{body}</e:Body></e:Envelope>"
    )
}

fn target(name: &str, addresses: &str) -> String {
    format!(
        "<d:{name}><a:EndpointReference><a:Address>urn:uuid:7</a:Address></a:EndpointReference>\
         <d:Types>p:Device m:MedicalDevice d:x</d:Types>\
         <d:Scopes>sdc.ctxt.loc:/x?fac=H&amp;bed=3 sdc.ctxt.pat:/CANARY</d:Scopes>\
         <d:XAddrs>{addresses}</d:XAddrs></d:{name}>"
    )
}

/// The findings without their places.
fn findings(payload: &str) -> Vec<String> {
    let transcript = datagram(&PROTOCOL, (3702, 3702), payload.as_bytes());
    assert!(!transcript.contains("CANARY"), "{transcript}");
    transcript.lines().map(|line| line.split(" @").next().unwrap().to_owned()).collect()
}

fn told(about: &str, server: &str) -> Vec<String> {
    vec![
        format!(r#"{about} endpoint_reference = "urn:uuid:7" EndpointReference"#),
        format!(r#"{about} wsd_type = "dpws:Device" Types"#),
        format!(r#"{about} wsd_type = "sdc:MedicalDevice" Types"#),
        format!(r#"{about} wsd_type = "wsd:x" Types"#),
        format!(r#"{about} stated_location = "H / 3" scope sdc.ctxt.loc"#),
        format!("Mine({server})"),
    ]
}

#[test]
fn reads_announcements_and_searches() {
    let matches = |inner: &str| format!("<d:ProbeMatches>{inner}</d:ProbeMatches>");
    let own = "http://192.0.2.1:5357/7 http://[2001:db8::1]:5357/7";
    let probe = "<d:Probe><d:Types>p:Device</d:Types><d:Scopes>CANARY</d:Scopes></d:Probe>";
    for (name, namespace, body, want) in [
        ("hello", WSD_2009, target("Hello", ""), told("sender", "Sender")),
        ("hello of 2005", WSD_2005, target("Hello", own), told("sender", "Sender")),
        (
            "hello, other address",
            WSD_2009,
            target("Hello", "http://192.0.2.9/"),
            told("sender", "Sender"),
        ),
        ("match", WSD_2009, matches(&target("ProbeMatch", own)), told("sender", "Sender")),
        (
            "by a proxy",
            WSD_2009,
            matches(&target("ProbeMatch", "http://192.0.2.9/")),
            told("192.0.2.9", "Sender"),
        ),
        (
            "by a proxy, v6",
            WSD_2009,
            matches(&target("ProbeMatch", "http://[2001:db8::1]:1/")),
            told("2001:db8::1", "Sender"),
        ),
        (
            "by name",
            WSD_2009,
            matches(&target("ProbeMatch", "http://pump/")),
            told("sender", "Sender"),
        ),
        ("probe", WSD_2009, probe.to_owned(), vec!["Mine(Receiver)".to_owned()]),
        (
            "something else",
            WSD_2009,
            "<p:x>CANARY</p:x>".to_owned(),
            vec!["Mine(Unclear)".to_owned()],
        ),
    ] {
        assert_eq!(findings(&envelope(namespace, &body)), want, "{name}");
    }
}

#[test]
fn tells_its_own_from_others_and_from_broken() {
    let whole = envelope(WSD_2009, &target("Hello", ""));
    let bomb = whole.replacen("<e:E", "<!DOCTYPE x [<!ENTITY y 'z'>]><e:E", 1);
    for (name, payload, want) in [
        ("other XML", "<a/>", "NotMine"),
        ("text", "GET / HTTP/1.1", "NotMine"),
        ("nothing", "", "NotMine"),
        ("bomb", &bomb, r#"Malformed("XML with a document type declaration")"#),
        ("cut", &whole[..whole.len() - 9], r#"Malformed("XML is not well-formed")"#),
    ] {
        assert_eq!(findings(payload).pop().as_deref(), Some(want), "{name}");
    }
    for seen in 0..whole.len() {
        let last = findings(&whole[..seen]).pop().unwrap();
        assert!(last == "NotMine" || last.starts_with("Malformed"), "{seen}: {last}");
    }
}

#[test]
fn names_the_place_of_a_value() {
    let payload = envelope(WSD_2009, &target("Hello", ""));
    let start = payload.find("urn:uuid:7").unwrap();
    let transcript = datagram(&PROTOCOL, (3702, 3702), payload.as_bytes());
    assert!(transcript.contains(&format!("@{start}+10")), "{transcript}");
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(at in 0usize..4000, noise in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut payload = envelope(WSD_2009, &target("Hello", "http://[::1]:1/")).into_bytes();
        let at = at % payload.len();
        payload.splice(at..at, noise.iter().copied());
        datagram(&PROTOCOL, (3702, 3702), &payload);
    }
}

#[test]
fn reads_the_lab_capture() {
    let names = ["udp.payload"];
    let Some(rows) = lab::fields("lab/sdc_11073_wsdiscovery_soap.pcap", "udp", &names) else {
        return;
    };
    let all: String =
        rows.iter().map(|row| datagram(&PROTOCOL, (3702, 3702), &hex(&row[0]))).collect();
    for want in [
        r#"endpoint_reference = "urn:uuid:6fa2b1c4-0000-4000-8000-00105dcc0062""#,
        r#"wsd_type = "sdc:MedicalDevice""#,
        r#"wsd_type = "sdc.cdc.type:///70001""#,
        r#"stated_location = "EXHOSP / ICU1 / Bed3""#,
        "Mine(Receiver)",
    ] {
        assert!(all.contains(want), "{want} is missing");
    }
    assert!(!all.contains("NotMine") && !all.contains("Malformed"), "{all}");
}
