//! Every capture of the corpus is read, and what its listing says is in it is found.

#![expect(clippy::panic, reason = "a test may stop")]

mod common;

use std::collections::BTreeSet;

use common::{captures, listing, observe};
use model::{Observations, Source};

/// tshark's names, and ours for the same: any one of them will do. `gquic`, Google's QUIC of before
/// RFC 9000, is not covered: clients that speak it are gone.
const COVERED: &[(&str, &[&str])] = &[
    ("arp", &["arp"]),
    ("bacapp", &["bacnet"]),
    ("browser", &["netbios_datagram"]),
    ("bacnet", &["bacnet"]),
    ("bvlc", &["bacnet"]),
    ("cdp", &["cdp"]),
    ("dhcp", &["dhcp"]),
    ("dhcpv6", &["dhcpv6"]),
    ("dicom", &["dicom"]),
    ("dns", &["dns"]),
    ("dtls", &["dtls"]),
    ("ftp", &["ftp"]),
    ("hl7", &["hl7"]),
    ("http", &["http"]),
    ("imap", &["imap"]),
    ("ipp", &["http"]),
    ("lldp", &["lldp"]),
    ("llmnr", &["llmnr"]),
    ("mbtcp", &["modbus"]),
    ("mdns", &["mdns"]),
    ("modbus", &["modbus"]),
    ("mqtt", &["mqtt"]),
    ("nbdgm", &["netbios_datagram"]),
    ("nbns", &["netbios_name"]),
    ("ntlmssp", &["smb", "http"]),
    ("ntp", &["ntp"]),
    ("ocsp", &["http", "tls"]),
    ("pop", &["pop3"]),
    ("quic", &["quic"]),
    ("radius", &["radius"]),
    ("rdp", &["rdp"]),
    ("rtsp", &["rtsp"]),
    ("smb", &["smb", "netbios_datagram"]),
    ("smtp", &["smtp"]),
    ("snmp", &["snmp"]),
    ("ssdp", &["ssdp"]),
    ("ssh", &["ssh"]),
    ("syslog", &["syslog"]),
    ("tds", &["tds"]),
    ("telnet", &["telnet"]),
    ("tftp", &["tftp"]),
    ("tls", &["tls", "quic"]),
    ("vnc", &["vnc"]),
];

/// What the listing counts and we do not find: file, tshark's name, why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("ndpi/badpackets.pcap", "dns", "the capture cut every datagram short; those are not read"),
    ("ndpi/capwap.pcap", "dhcp", "inside of CAPWAP, a tunnel to radios that is not taken off"),
    ("ndpi/capwap.pcap", "dtls", "inside of CAPWAP, a tunnel to radios that is not taken off"),
    ("ndpi/capwap_data.pcapng", "tls", "inside of CAPWAP, a tunnel to radios"),
];

#[test]
#[expect(clippy::disallowed_methods, reason = "prints the slowest; nothing is asserted of it")]
fn covered_protocols_are_found() {
    let Some(folder) = captures() else { return };
    let listing = listing(&folder);
    assert_eq!(listing.len(), 112, "the corpus has 112 captures");
    let (mut missed, mut found, mut slowest) =
        (BTreeSet::new(), 0, (std::time::Duration::ZERO, ""));
    for (name, (packets, protocols)) in &listing {
        let start = std::time::Instant::now();
        let seen = observe(&folder.join(name));
        slowest = std::cmp::max(slowest, (start.elapsed(), name.as_str()));
        assert_eq!(seen.stats.packets, *packets, "{name}");
        let ours = names(&seen);
        for (theirs, any_of) in COVERED {
            if !protocols.contains_key(*theirs) {
                continue;
            }
            if any_of.iter().any(|own| ours.contains(*own)) {
                found += 1;
            } else {
                missed.insert((name.as_str(), *theirs));
            }
        }
    }
    eprintln!("{found} found, {} excepted, slowest {slowest:?}", missed.len());
    let excepted: BTreeSet<_> = EXCEPTIONS.iter().map(|(file, name, _)| (*file, *name)).collect();
    assert_eq!(missed, excepted, "left: missed, right: excepted");
    let counted: BTreeSet<&str> =
        listing.values().flat_map(|(_, names)| names.keys().map(String::as_str)).collect();
    for (theirs, _) in COVERED {
        assert!(counted.contains(theirs), "no capture counts {theirs}");
    }
}

/// Applications of conversations, and protocols that said something.
fn names(seen: &Observations) -> BTreeSet<String> {
    let applications = seen.flows.iter().filter_map(|flow| flow.application.clone());
    let speakers = seen.sightings.iter().map(|sighting| match &sighting.source {
        Source::Wire { protocol, .. } => protocol.clone(),
        source => panic!("{source:?} is not from the wire"),
    });
    applications.chain(speakers).collect()
}
