//! Stations into zones.

use std::collections::BTreeMap;

use super::{Station, is_host};
use crate::packets::Addresses;
use crate::policy::{Place, Zone, ZoneKind};

/// Zones by name; an address that two stations share goes to the first of them.
pub(super) fn zones(stations: &[Station], networks: &Addresses) -> BTreeMap<String, Zone> {
    let mut zones: BTreeMap<String, Zone> = BTreeMap::new();
    let mut taken = Addresses::default();
    for (station, kind, name) in placed(stations) {
        let mut own = Addresses::default();
        for address in station.addresses.iter().filter(|address| is_host(**address)) {
            if networks.contains(*address) && !taken.contains(*address) {
                own.add_network(*address, if address.is_ipv4() { 32 } else { 128 });
            }
        }
        if own.is_empty() {
            continue;
        }
        taken.add(&own);
        let zone = zones.entry(name.clone()).or_insert_with(|| Zone {
            name,
            kind,
            addresses: Addresses::default(),
            purpose: purpose(kind).to_owned(),
            holds: Vec::new(),
            place: Place::default(),
        });
        zone.addresses.add(&own);
        let class = station.class.clone().unwrap_or_else(|| "unknown".to_owned());
        if !zone.holds.contains(&class) {
            zone.holds.push(class);
            zone.holds.sort();
        }
    }
    zones
}

/// Each station with the kind and name of its zone. Stations of one class that touch patients go
/// by turns to the two halves of their kind, neighbours by place together.
fn placed(stations: &[Station]) -> Vec<(&Station, ZoneKind, String)> {
    let mut by_class: BTreeMap<(ZoneKind, Option<&str>), Vec<&Station>> = BTreeMap::new();
    for station in stations {
        by_class.entry((kind(station), station.class.as_deref())).or_default().push(station);
    }
    let mut placed = Vec::new();
    for ((kind, _), mut class) in by_class {
        class.sort_by_key(|station| (&station.location, &station.addresses, &station.name));
        let half = class.len().div_ceil(2);
        for (place, station) in class.into_iter().enumerate() {
            let word = format!("{kind:?}").to_lowercase();
            let name = match (is_split(kind), place < half) {
                (false, _) => word,
                (true, true) => format!("{word}-a"),
                (true, false) => format!("{word}-b"),
            };
            placed.push((station, kind, name));
        }
    }
    placed
}

const fn is_split(kind: ZoneKind) -> bool {
    matches!(
        kind,
        ZoneKind::Therapy | ZoneKind::Monitoring | ZoneKind::Imaging | ZoneKind::Laboratory
    )
}

/// By the class, else by the zone it hints at; what hints at nothing is not trusted.
fn kind(station: &Station) -> ZoneKind {
    let by_class = station.class.as_deref().and_then(kind_of);
    let by_hint = || station.zone_hint.as_deref().and_then(|hint| kind_of(&format!("zone:{hint}")));
    let kind = by_class.or_else(by_hint).unwrap_or(ZoneKind::General);
    if station.legacy && kind.is_care() { ZoneKind::Legacy } else { kind }
}

/// What `knowledge/zone-kinds.csv` says of a word.
fn kind_of(word: &str) -> Option<ZoneKind> {
    let rows = include_str!("../../../../knowledge/zone-kinds.csv").lines().skip(1);
    let row = rows
        .map(|row| row.split(','))
        .find_map(|mut cells| (cells.next() == Some(word)).then(|| cells.next()).flatten())?;
    Some(match row {
        "therapy" => ZoneKind::Therapy,
        "monitoring" => ZoneKind::Monitoring,
        "imaging" => ZoneKind::Imaging,
        "archive" => ZoneKind::Archive,
        "laboratory" => ZoneKind::Laboratory,
        "servers" => ZoneKind::Servers,
        "vendor" => ZoneKind::Vendor,
        "shared" => ZoneKind::Shared,
        _ => return None,
    })
}

const fn purpose(kind: ZoneKind) -> &'static str {
    match kind {
        ZoneKind::Therapy => "devices that treat: pumps, ventilators, anaesthesia, surgery",
        ZoneKind::Monitoring => "bedside monitors and central stations",
        ZoneKind::Imaging => "imaging modalities",
        ZoneKind::Archive => "archives, viewers and worklists",
        ZoneKind::Laboratory => "analysers and point-of-care testing",
        ZoneKind::Servers => "servers and gateways of devices, clinical systems",
        ZoneKind::Vendor => "where makers come in",
        ZoneKind::Legacy => "devices whose operating system is no longer supported",
        ZoneKind::Maintenance => "scanners and test benches",
        ZoneKind::Shared => "DNS, DHCP, time, directory, logs",
        ZoneKind::General => "everything else; not trusted",
        ZoneKind::Outside => "outside the site",
    }
}
