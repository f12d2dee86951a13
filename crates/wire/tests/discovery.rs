//! What real captures tell of their devices through the discovery, naming and building protocols.
//!
//! The expected values were read with tshark 4.0 from the same frames.

use model::Observations;
use wire::{Frame, Limits, LinkType, Observer};

#[expect(clippy::unwrap_used, reason = "a capture that cannot be read fails the test")]
fn observe(path: &str) -> Option<Observations> {
    let path = testing::public_data(&format!("captures/{path}"))?;
    let mut reader = capture::open(&path).unwrap();
    let mut observer = Observer::new("corpus", Limits::default());
    while let Some(frame) = reader.next_frame().unwrap() {
        observer.frame(&Frame {
            number: frame.number,
            time: frame.time,
            link: LinkType(frame.link),
            bytes: frame.bytes,
            original_bytes: frame.original_bytes,
        });
    }
    Some(observer.finish())
}

/// True where something at `place` (an address) was seen to have this value.
fn says(seen: &Observations, place: &str, attribute: &str, value: &str) -> bool {
    seen.sightings.iter().any(|sighting| {
        let at_ip = sighting.endpoint.ip.is_some_and(|ip| ip.to_string() == place);
        let at_mac = sighting.endpoint.mac.is_some_and(|mac| mac.to_string() == place);
        (at_ip || at_mac) && sighting.attribute.name() == attribute && sighting.value == value
    })
}

#[test]
fn devices_say_what_they_are() {
    for (capture, place, expected) in [
        (
            "ndpi/android.pcap",
            "4c:6a:f6:9f:f6:27",
            [
                ("dhcp_vendor_class", "android-dhcp-9"),
                ("dhcp_fingerprint", "1,3,6,15,26,28,51,58,59,43"),
            ]
            .as_slice(),
        ),
        (
            "ndpi/android.pcap",
            "192.168.2.1",
            &[("role", "dhcp_server"), ("role", "default_gateway")],
        ),
        (
            "ndpi/alexa-app.pcapng",
            "78:f8:82:d3:fb:c2",
            &[
                ("hostname", "android-1c1335ec95a27318"),
                ("dhcp_vendor_class", "dhcpcd-5.5.6"),
                ("domain", "lan"),
            ],
        ),
        (
            "iti/s7_S7Comm_wrapup.pcapng",
            "fe80::98a:de6e:a5a4:6cfa",
            &[("hostname", "VJTI-PC3"), ("dhcp_vendor_class", "MSFT 5.0")],
        ),
        (
            "ndpi/iphone.pcap",
            "192.168.2.1",
            &[("hostname", "Lucas-iMac"), ("model", "iMac11,3"), ("dns_service", "_smb._tcp")],
        ),
        ("ndpi/netbios.pcap", "10.0.4.24", &[("hostname", "GUNNAR"), ("domain", "VIGILANT_GROUP")]),
        (
            "ndpi/telegram.pcap",
            "192.168.1.43",
            &[("hostname", "DESKTOP-RB5T12G"), ("os", "Windows NT 10.0")],
        ),
        (
            "ndpi/snmp.pcap",
            "97.0.115.163",
            &[
                ("device_name", "R1.lab.local"),
                ("stated_location", "GlobomanticsHQ"),
                ("snmp_version", "v1"),
                ("snmp_community", "default"),
            ],
        ),
        ("ndpi/snmp.pcap", "250.58.112.87", &[("snmp_engine_id", "800000090300aabbcc000100")]),
        (
            "iti/BACnet_bacnet_test.pcap",
            "10.1.1.165",
            &[
                ("bacnet_instance", "500"),
                ("bacnet_vendor_id", "5"),
                ("maker", "JCI"),
                ("maker", "Johnson Controls"),
                ("model", "MS-NAE4510-2"),
                ("software_version", "5.1.0.4400"),
                ("device_name", "KBRNAE"),
            ],
        ),
        (
            "ndpi/bacnet.pcap",
            "204.172.177.255",
            &[("bacnet_vendor_id", "260"), ("role", "bacnet_router")],
        ),
        ("ndpi/modbus.pcap", "192.168.110.138", &[("role", "modbus_server"), ("modbus_unit", "1")]),
        (
            "iti/IEC61850_Sample_File_MMS_and_GOOSE.pcap",
            "172.16.0.101",
            &[("role", "ntp_server"), ("ntp_stratum", "6")],
        ),
        ("ndpi/syslog.pcap", "10.251.23.139", &[("hostname", "nb6"), ("software", "chillispot@")]),
    ] {
        let Some(seen) = observe(capture) else { return };
        for (attribute, value) in expected {
            assert!(says(&seen, place, attribute, value), "{capture}: {place} {attribute} {value}");
        }
    }
}

/// Frames without an address of the network layer: the facts are the sender's link address's.
#[test]
fn neighbours_say_what_they_are() {
    for (capture, attribute, value) in [
        ("iti/profinet_Profinet_Failed.pcap", "device_name", "SCADA-PC-060839"),
        ("iti/profinet_Profinet_Failed.pcap", "management_address", "10.10.10.70"),
        (
            "iti/profinet_Profinet_Failed.pcap",
            "system_description",
            "Siemens AG SIMATIC S7 MULTIPORT SCALANCE X 200 FAM",
        ),
        ("iti/s7_S7Comm_wrapup.pcapng", "system_description", "Dell Inc. Vostro 3800,,JSJR542"),
        ("ndpi/capwap.pcap", "model", "cisco AIR-CAP2602I-Q-K9"),
        ("ndpi/capwap.pcap", "device_name", "APb838.61f3.05ac"),
        ("iti/openics_EIP-SoftwareUploadFailure.pcap", "model", "cisco WS-CE500-24TT"),
        ("iti/openics_EIP-SoftwareUploadFailure.pcap", "management_address", "192.168.10.253"),
    ] {
        let Some(seen) = observe(capture) else { return };
        let told = seen.sightings.iter().any(|sighting| {
            sighting.endpoint.mac.is_some()
                && sighting.attribute.name() == attribute
                && sighting.value == value
        });
        assert!(told, "{capture}: {attribute} {value}");
    }
}

#[test]
fn addresses_are_bound() {
    for (capture, mac, ip, protocol) in [
        ("ndpi/android.pcap", "4c:6a:f6:9f:f6:27", "192.168.2.16", "dhcp"),
        ("ndpi/netbios.pcap", "00:1c:c4:10:79:0f", "10.0.4.24", "netbios_name"),
        ("ndpi/gnutella.pcap", "08:00:27:e6:e5:59", "10.0.2.15", "arp"),
    ] {
        let Some(seen) = observe(capture) else { return };
        let bound = seen.bindings.iter().any(|binding| {
            binding.protocol == protocol
                && binding.mac.to_string() == mac
                && binding.ip.to_string() == ip
        });
        assert!(bound, "{capture}: {mac} {ip} by {protocol}");
    }
}

/// Names of people and secrets stand in these captures, and nothing of them may come out.
#[test]
fn people_and_secrets_stay_in_the_capture() {
    for (capture, secret) in [
        ("ndpi/snmp.pcap", "nick@globomantics.com"),
        ("ndpi/snmp.pcap", "public"),
        ("ndpi/dos_win98_smb_netbeui.pcap", "MARTIN ROSENAU"),
        ("ndpi/iphone.pcap", "Luca\u{2019}s iMac"),
    ] {
        let Some(seen) = observe(capture) else { return };
        let leak = seen.sightings.iter().find(|sighting| sighting.value.contains(secret));
        assert_eq!(leak.map(|sighting| sighting.attribute), None, "{capture}: {secret}");
    }
}
