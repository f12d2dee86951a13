//! SNMP v1 and v2c questions for the system group; v3 engine discovery.
//!
//! Source: RFC 1157, RFC 3416, RFC 3418 (system group), RFC 3414 section 4 (discovery).

use super::ber::{INTEGER, OCTET_STRING, SEQUENCE, element, group, integer, object};

/// The system group of a device.
pub(crate) struct System<'a> {
    /// sysDescr.
    pub(crate) description: &'a str,
    /// Enterprise number below 1.3.6.1.4.1; zero leaves sysObjectID at 0.0.
    pub(crate) enterprise: u32,
    /// sysName.
    pub(crate) name: &'a str,
    /// sysLocation.
    pub(crate) location: &'a str,
}

/// Version field: 0 is v1, 1 is v2c.
pub(crate) const V1: u32 = 0;
/// Version field of v2c.
pub(crate) const V2C: u32 = 1;

/// A GetRequest for the system group.
pub(crate) fn question(version: u32, community: &str, id: u32) -> Vec<u8> {
    let nothing = || element(5, &[]);
    message(version, community, 0xa0, id, [nothing(), nothing(), nothing(), nothing()])
}

/// The GetResponse.
pub(crate) fn answer(version: u32, community: &str, id: u32, system: &System<'_>) -> Vec<u8> {
    let text = |text: &str| element(OCTET_STRING, text.as_bytes());
    let kind = match system.enterprise {
        0 => object(&[0, 0]),
        number => object(&[1, 3, 6, 1, 4, 1, number, 1, 1]),
    };
    let values = [text(system.description), kind, text(system.name), text(system.location)];
    message(version, community, 0xa2, id, values)
}

/// Discovery of an SNMPv3 engine: an unauthenticated request without an engine.
pub(crate) fn discovery(id: u32) -> Vec<u8> {
    version_3(
        id,
        &[],
        0,
        0,
        &group(0xa0, &[integer(id), integer(0), integer(0), group(SEQUENCE, &[])]),
    )
}

/// The report that names the engine.
pub(crate) fn report(id: u32, engine: &[u8], boots: u32, seconds: u32) -> Vec<u8> {
    let counter =
        group(SEQUENCE, &[object(&[1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0]), element(0x41, &[7])]);
    let report = group(0xa8, &[integer(id), integer(0), integer(0), group(SEQUENCE, &[counter])]);
    version_3(id, engine, boots, seconds, &report)
}

fn message(version: u32, community: &str, kind: u8, id: u32, values: [Vec<u8>; 4]) -> Vec<u8> {
    let bindings: Vec<Vec<u8>> = SYSTEM_GROUP
        .iter()
        .zip(values)
        .map(|(leaf, value)| group(SEQUENCE, &[object(&[1, 3, 6, 1, 2, 1, 1, *leaf, 0]), value]))
        .collect();
    let pdu = group(kind, &[integer(id), integer(0), integer(0), group(SEQUENCE, &bindings)]);
    group(SEQUENCE, &[integer(version), element(OCTET_STRING, community.as_bytes()), pdu])
}

fn version_3(id: u32, engine: &[u8], boots: u32, seconds: u32, pdu: &[u8]) -> Vec<u8> {
    let text = |bytes: &[u8]| element(OCTET_STRING, bytes);
    let flags = if engine.is_empty() { 4 } else { 0 };
    let global = group(SEQUENCE, &[integer(id), integer(65_507), text(&[flags]), integer(3)]);
    let security = group(
        SEQUENCE,
        &[text(engine), integer(boots), integer(seconds), text(&[]), text(&[]), text(&[])],
    );
    let scoped = group(SEQUENCE, &[text(engine), text(&[]), pdu.to_vec()]);
    group(SEQUENCE, &[element(INTEGER, &[3]), global, text(&security), scoped])
}

/// sysDescr, sysObjectID, sysName, sysLocation.
const SYSTEM_GROUP: [u32; 4] = [1, 2, 5, 6];
