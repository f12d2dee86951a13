//! BACnet/IP by example.

use proptest::prelude::*;

use super::*;
use crate::testing::{datagram, hex};

/// A message of this function, its length filled in.
fn message(function: u8, rest: &str) -> Vec<u8> {
    message_of(function, &hex(rest))
}

fn message_of(function: u8, rest: &[u8]) -> Vec<u8> {
    let size = (rest.len() + 4) as u16;
    [vec![BACNET_IP, function], size.to_be_bytes().to_vec(), rest.to_vec()].concat()
}

const PORTS: (u16, u16) = (47808, 47808);
/// Device 500, up to 1,476 bytes, no segments, vendor 313.
const I_AM_500: &str = "1000 c4 020001f4 22 05c4 91 03 22 0139";

#[test]
fn announcements() {
    let told = |who: &str, base: usize| {
        format!(
            "{who} role = \"bacnet_device\" answer @{}+1\n\
             {who} bacnet_instance = \"500\" device instance @{}+4\n\
             {who} bacnet_vendor_id = \"313\" vendor-identifier (120) @{}+2\n\
             {who} maker = \"Siemens\" vendor-identifier (120) maker @{}+2\n",
            base + 2,
            base + 3,
            base + 13,
            base + 13
        )
    };
    let manager = "sender role = \"bacnet_broadcast_manager\" Forwarded-NPDU @4+6\n";
    for (name, function, rest, want) in [
        ("broadcast", BROADCAST, format!("0100 {I_AM_500}"), told("sender", 6)),
        ("to all networks", BROADCAST, format!("0120 ffff 00 ff {I_AM_500}"), told("sender", 10)),
        (
            "forwarded",
            FORWARDED,
            format!("0a000001 bac0 0100 {I_AM_500}"),
            manager.to_owned() + &told("10.0.0.1", 12),
        ),
        (
            "forwarded by its sender",
            FORWARDED,
            format!("c0000201 bac0 0100 {I_AM_500}"),
            manager.to_owned() + &told("sender", 12),
        ),
        ("behind a router", BROADCAST, format!("0108 0007 01 05 {I_AM_500}"), told("7:5", 10)),
        (
            "behind a router, of no address",
            BROADCAST,
            format!("0108 0007 00 {I_AM_500}"),
            "odd bacnet: device behind a router is not told apart (Us)\n".to_owned(),
        ),
    ] {
        let want = format!("{want}Mine(Sender)\n");
        assert_eq!(datagram(&PROTOCOL, PORTS, &message(function, &rest)), want, "{name}");
    }
}

#[test]
fn answers() {
    let role = "sender role = \"bacnet_device\" answer @10+4\n";
    // Read-property-ack for device 4194303, property and value as given.
    let one =
        |property: &str, value: &str| format!("0100 30 01 0c 0c 023fffff {property} 3e {value} 3f");
    for (name, rest, want) in [
        (
            "instance",
            one("19 4b", "c4 020001f4"),
            "bacnet_instance = \"500\" device instance @18+4",
        ),
        (
            "vendor",
            one("19 78", "22 0104"),
            "bacnet_vendor_id = \"260\" vendor-identifier (120) @18+2",
        ),
        ("maker", one("19 79", "75 05 00 41636d65"), "maker = \"Acme\" vendor-name (121) @19+5"),
        (
            "model, two-byte text",
            one("19 46", "75 05 04 004d 0037"),
            "model = \"M7\" model-name (70) @19+5",
        ),
        (
            "firmware",
            one("19 2c", "74 00 312e32"),
            "software_version = \"1.2\" firmware-revision (44) @18+4",
        ),
        (
            "application",
            one("19 0c", "74 00 312e32"),
            "software = \"application@1.2\" application-software-version (12) @18+4",
        ),
        ("name", one("19 4d", "73 00 4142"), "device_name = \"AB\" object-name (77) @18+3"),
        ("location", one("19 3a", "73 00 4c31"), "stated_location = \"L1\" location (58) @18+3"),
        ("serial", one("1a 0174", "73 00 5331"), "serial = \"S1\" serial-number (372) @19+3"),
    ] {
        let want = format!("{role}sender {want}\nMine(Sender)\n");
        assert_eq!(datagram(&PROTOCOL, PORTS, &message(UNICAST, &rest)), want, "{name}");
    }
    for (name, rest, want) in [
        (
            "with its own instance",
            "0100 30 01 0c 0c 020001f4 19 1c 3e 71 00 3f",
            "sender role = \"bacnet_device\" answer @10+4\n\
             sender bacnet_instance = \"500\" device instance @10+4\nMine(Sender)\n",
        ),
        (
            "one of an array",
            "0100 30 01 0c 0c 023fffff 19 4c 29 00 3e 21 09 3f",
            "sender role = \"bacnet_device\" answer @10+4\nMine(Sender)\n",
        ),
        ("other object", "0100 30 01 0c 0c 00000001 19 4d 3e 73 00 4142 3f", "Mine(Sender)\n"),
        (
            "many properties",
            "0100 30 01 0e 0c 023fffff 1e 29 46 4e 73 00 4d37 4f 29 79 5e 91 02 91 20 5f 1f 0c 00000001 1e 1f",
            "sender role = \"bacnet_device\" answer @10+4\n\
             sender model = \"M7\" model-name (70) @19+3\nMine(Sender)\n",
        ),
        (
            "first segment",
            "0100 3c 01 00 04 0e 0c 023fffff 1e 29 46 4e 73 00 4d37 4f 29 79",
            "odd bacnet: segmented answer is read in part (Us)\n\
             sender role = \"bacnet_device\" answer @12+4\n\
             sender model = \"M7\" model-name (70) @21+3\nMine(Sender)\n",
        ),
        (
            "later segment",
            "0100 3c 01 01 04 0e 4142",
            "odd bacnet: segmented answer is read in part (Us)\nMine(Sender)\n",
        ),
        (
            "behind a router",
            "0108 0007 01 05 30 01 0c 0c 023fffff 19 46 3e 73 00 4d37 3f",
            "7:5 role = \"bacnet_device\" answer @14+4\n\
             7:5 model = \"M7\" model-name (70) @22+3\nMine(Sender)\n",
        ),
        (
            "bracket left open",
            "0100 30 01 0c 0c 023fffff 19 46 3e 73 00 4d37",
            "Malformed(\"ends early or breaks its coding\")\n",
        ),
    ] {
        assert_eq!(datagram(&PROTOCOL, PORTS, &message(UNICAST, rest)), want, "{name}");
    }
}

#[test]
fn the_rest() {
    for (name, function, rest, want) in [
        ("who is", BROADCAST, "0120 ffff 00 ff 10 08", "Mine(Unclear)\n"),
        ("reading", UNICAST, "0104 00 05 01 0c 0c 023fffff 19 4b", "Mine(Receiver)\n"),
        ("refusal", UNICAST, "0100 50 01 0c 91 02 91 20", "Mine(Sender)\n"),
        (
            "router",
            BROADCAST,
            "0180 01 0007",
            "sender role = \"bacnet_router\" I-Am-Router-To-Network @6+1\nMine(Unclear)\n",
        ),
        ("asks for a router", BROADCAST, "0180 00", "Mine(Unclear)\n"),
        ("foreign device registers", 0x05, "003c", "Mine(Receiver)\n"),
        ("result", RESULT, "0000", "Mine(Sender)\n"),
        ("other version", UNICAST, "0200 10 08", "NotMine\n"),
        ("reserved bits", UNICAST, "0150 10 08", "NotMine\n"),
        ("unknown function", 0x0d, "0100 10 08", "NotMine\n"),
        (
            "unknown data unit",
            UNICAST,
            "0100 90",
            "Malformed(\"ends early or breaks its coding\")\n",
        ),
        ("forwarded, cut", FORWARDED, "0a00", "Malformed(\"ends early or breaks its coding\")\n"),
    ] {
        assert_eq!(datagram(&PROTOCOL, PORTS, &message(function, rest)), want, "{name}");
    }
}

#[test]
fn every_prefix_is_another_length() {
    let whole = message(BROADCAST, &format!("0100 {I_AM_500}"));
    for seen in 0..whole.len() {
        let heard = datagram(&PROTOCOL, PORTS, &whole[..seen]);
        let told = heard.contains("odd bacnet: length in the message is wrong (Sender)");
        assert!(told || heard.ends_with("NotMine\n"), "{seen}: {heard}");
        assert_eq!(datagram(&PROTOCOL, (1, 2), &whole[..seen]), "NotMine\n", "{seen}");
    }
}

proptest! {
    #[test]
    fn never_panics(function in 0u8..13, head in 0usize..6, tail: Vec<u8>) {
        let heads = ["", "0100", "0100 1000", "0100 30010c", "0100 30010e 0c023fffff1e", "01"];
        let rest = [hex(heads[head]), tail.clone()].concat();
        datagram(&PROTOCOL, PORTS, &message_of(function, &rest));
        datagram(&PROTOCOL, PORTS, &tail);
    }
}
