//! Small captures, each of a kind that was read wrongly once, and what must be seen in it.

mod common;

use common::observe;
use model::{Answerable, Attribute, Confidence, Flow, Observations};

/// What must be seen in a capture of the folder.
type Check = fn(&Observations) -> bool;

#[test]
#[rustfmt::skip]
fn each_kind_of_capture_is_read() {
    let rows: &[(&str, Check)] = &[
        ("01-dicom-one-sided.pcap", |seen| {
            let called: Vec<_> = seen.sightings.iter().filter(|s| s.value == "PACS_ARCHIVE").collect();
            called.len() == 1 && called[0].confidence <= Confidence::from_thousandths(400)
                && ip(called[0].endpoint.ip) == "10.1.1.22" && has(seen, Attribute::AeTitle, "CT_ROOM_3")
        }),
        ("02-dicom-called-rejected.pcap", |seen| !has(seen, Attribute::AeTitle, "PACS_ARCHIVE")),
        ("03-udp-sliced-to-128.pcap", |seen| {
            ["dhcp", "dns", "snmp"].iter().all(|name| speaks(seen, name)) && nobody_is_blamed(seen)
        }),
        ("03b-dhcp-sliced-to-300.pcap", |seen| {
            // The vendor class is announced and cut: a part of a value is no value.
            speaks(seen, "dhcp") && has(seen, Attribute::Hostname, "PUMP-0412")
                && !any(seen, Attribute::DhcpVendorClass) && nobody_is_blamed(seen)
        }),
        ("05-bacnet-wrong-bvlc-length.pcap", |seen| {
            speaks(seen, "bacnet") && seen.anomalies.iter()
                .any(|odd| odd.protocol == "bacnet" && odd.answerable == Answerable::Sender && odd.count >= 8)
        }),
        ("06-tftp-transfer-ports.pcap", |seen| {
            seen.flows.iter().all(|flow| flow.application.as_deref() == Some("tftp")) && seen.flows.len() >= 2
        }),
        ("07-proxy-protocol-http.pcap", |seen| {
            speaks(seen, "http") && any(seen, Attribute::HttpHost) && any(seen, Attribute::HttpUserAgent)
        }),
        ("08-radiotap.pcap", |seen| speaks(seen, "dns") && seen.talkers.iter().any(|t| t.endpoint.mac.is_some())),
        ("09-gtp-u.pcap", |seen| {
            seen.flows.iter().any(|flow| flow.application.as_deref() == Some("dns")
                && between(flow, "10.131.1.9", "10.1.1.53"))
        }),
        ("10-gquic-q39.pcap", |seen| seen.flows.iter().all(|flow| flow.application.as_deref() == Some("quic"))),
    ];
    let Some(folder) = testing::cases("captures") else { return };
    for (name, right) in rows {
        let seen = observe(&folder.join(name));
        assert!(right(&seen), "{name}: {:#?}", (&seen.flows, &seen.sightings, &seen.anomalies));
    }
}

/// A mirror port of both directions shows each frame twice: that is told.
#[test]
fn frames_shown_twice_are_told() {
    let Some(folder) = testing::cases("mirror-port-shows-each-frame-twice") else { return };
    let seen = observe(&folder.join("in.pcap"));
    let told = seen.anomalies.iter().find(|odd| odd.what.contains("shown twice"));
    assert_eq!(told.map(|odd| odd.count), Some(7), "{:?}", seen.anomalies);
}

fn speaks(seen: &Observations, application: &str) -> bool {
    seen.flows.iter().any(|flow| flow.application.as_deref() == Some(application))
}

fn any(seen: &Observations, attribute: Attribute) -> bool {
    seen.sightings.iter().any(|sighting| sighting.attribute == attribute)
}

fn has(seen: &Observations, attribute: Attribute, value: &str) -> bool {
    seen.sightings.iter().any(|s| s.attribute == attribute && s.value == value)
}

fn nobody_is_blamed(seen: &Observations) -> bool {
    seen.anomalies.iter().all(|odd| odd.answerable != Answerable::Sender)
}

fn between(flow: &Flow, client: &str, server: &str) -> bool {
    ip(flow.client.ip) == client && ip(flow.server.ip) == server
}

fn ip(address: Option<std::net::IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

/// A first packet of QUIC tells whom its client asks for, in whatever order its pieces are.
#[test]
fn a_hello_inside_of_quic_is_read() {
    let Some(folder) = common::captures() else { return };
    let file = "ndpi/quic_frags_ch_out_of_order_same_packet_craziness.pcapng";
    let seen = observe(&folder.join(file));
    let from_quic = |attribute| seen.sightings.iter().filter(move |s| s.attribute == attribute);
    assert!(from_quic(Attribute::TlsServerName).count() > 0, "{:?}", seen.sightings);
    let prints: Vec<_> = from_quic(Attribute::Ja4).map(|sighting| &sighting.value).collect();
    assert!(prints.iter().any(|print| print.starts_with("q13d")), "{prints:?}");
}

/// Each controller behind a BACnet router is a station of its own.
#[test]
fn stations_behind_a_router_are_told_apart() {
    let Some(folder) = common::captures() else { return };
    let seen = observe(&folder.join("ndpi/bacnet.pcap"));
    let stations: std::collections::BTreeSet<_> =
        seen.sightings.iter().filter_map(|sighting| sighting.endpoint.station).collect();
    let hidden = seen.anomalies.iter().any(|odd| odd.what.contains("not told apart"));
    eprintln!("{} stations", stations.len());
    assert!(!hidden, "{:?}", seen.anomalies);
}
