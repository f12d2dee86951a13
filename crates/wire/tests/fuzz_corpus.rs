//! Every file of `fuzz/corpus` for this crate and `capture` is replayed, and the seeds that come
//! from the simulated hospital are what it says today.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test may stop")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use common::{fuzz_corpus, hospital, observe_frames, seeds};
use model::{Timestamp, Transport};
use wire::dissect::{Direction, LinkKind};
use wire::exercise::{self, Turn};
use wire::{LinkType, protocols};

#[test]
fn every_file_is_replayed() {
    let mut replayed = 0;
    for entry in std::fs::read_dir(fuzz_corpus()).unwrap() {
        let target = entry.unwrap().file_name().into_string().unwrap();
        for (name, bytes) in seeds(&target) {
            eprintln!("{target}/{name}");
            replayed += usize::from(replay(&target, &bytes));
        }
    }
    assert!(replayed > 60, "only {replayed} files");
}

/// False for the targets of other crates, which replay their own.
fn replay(target: &str, bytes: &[u8]) -> bool {
    if target == "capture" {
        let file = Box::new(std::io::Cursor::new(bytes.to_vec()));
        let Ok(mut reader) = capture::from_reader(file, "seed") else { return true };
        while let Ok(Some(_)) = reader.next_frame() {}
        return true;
    }
    match target.split_once('_') {
        Some(("stream", name)) => drop(exercise::stream(name, bytes)),
        Some(("datagram", name)) => drop(exercise::datagram(name, bytes)),
        Some(("link", name)) => drop(exercise::link(name, bytes)),
        Some(("observer", name)) => drop(exercise::observer(link_type(name), bytes)),
        _ => return false,
    }
    true
}

fn link_type(name: &str) -> LinkType {
    let known = LINK_TYPES.iter().find(|(known, _)| *known == name);
    known.unwrap_or_else(|| panic!("no link type is called {name}")).1
}

const LINK_TYPES: &[(&str, LinkType)] = &[
    ("cooked", LinkType::LINUX_SLL),
    ("cooked2", LinkType::LINUX_SLL2),
    ("ethernet", LinkType::ETHERNET),
    ("ipv4", LinkType::IPV4),
    ("ipv6", LinkType::IPV6),
    ("loop", LinkType::LOOP),
    ("null", LinkType::NULL),
    ("ppp", LinkType::PPP),
    ("raw", LinkType::RAW),
    ("raw_bsd", LinkType::RAW_BSD),
    ("raw_openbsd", LinkType::RAW_OPENBSD),
];

/// The first conversations of each application, one seed each.
#[test]
fn hospital_seeds_are_current() {
    let hospital = hospital();
    let made = Seeds::of(&hospital);
    for (target, inputs) in &made.inputs {
        for (index, bytes) in inputs.iter().enumerate() {
            let path = fuzz_corpus().join(target).join(format!("hospital-{}", index + 1));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
                continue;
            }
            let kept = std::fs::read(&path).unwrap_or_default();
            assert!(kept == *bytes, "{} differs; UPDATE_GOLDEN=1 refreshes it", path.display());
        }
    }
    assert!(made.inputs.len() > 20, "{:?}", made.inputs.keys());
}

#[derive(Default)]
struct Seeds {
    inputs: BTreeMap<String, Vec<Vec<u8>>>,
    /// Where the input of a connection is.
    places: BTreeMap<(String, Vec<u8>), usize>,
}

impl Seeds {
    fn of(hospital: &[(Timestamp, Vec<u8>)]) -> Self {
        let seen =
            observe_frames("seeds", hospital.iter().map(|(time, frame)| (*time, &frame[..])));
        let mut servers: BTreeMap<(Transport, IpAddr, u16), BTreeSet<String>> = BTreeMap::new();
        for flow in seen.flows {
            if let (Some(ip), Some(application)) = (flow.server.ip, flow.application) {
                servers.entry((flow.transport, ip, flow.port)).or_default().insert(application);
            }
        }
        let mut seeds = Self::default();
        for (_, frame) in hospital {
            if let Some(packet) = Packet::of(frame) {
                let to_server = servers.get(&(packet.transport, packet.to.0, packet.to.1));
                let to_client = servers.get(&(packet.transport, packet.from.0, packet.from.1));
                let Some(names) = to_server.or(to_client) else { continue };
                for name in names {
                    seeds.packet(name, &packet, to_server.is_some());
                }
            } else {
                seeds.link(frame);
            }
        }
        for (link, skip) in [("ethernet", 0), ("raw", 14), ("ipv4", 14)] {
            let mut data = Vec::new();
            for (_, frame) in hospital.iter().filter(|(_, frame)| frame[12..14] == [8, 0]).take(12)
            {
                exercise::write_frame(&mut data, 1, &frame[skip..]);
            }
            seeds.inputs.insert(format!("observer_{link}"), vec![data]);
        }
        seeds
    }

    fn packet(&mut self, name: &str, packet: &Packet<'_>, to_server: bool) {
        if packet.payload.is_empty() {
            return;
        }
        if packet.transport == Transport::Udp {
            let Some(protocol) = protocols::DATAGRAM.iter().find(|one| one.name == name) else {
                return;
            };
            let known = |port| if protocol.ports.contains(&port) { port } else { 49_152 };
            let wanted = (known(packet.from.1), known(packet.to.1));
            let choice = (0..=255).find(|choice| exercise::ports(protocol, *choice) == wanted);
            let Some(choice) = choice else { return };
            let input = [&[choice], packet.payload].concat();
            let inputs = self.inputs.entry(format!("datagram_{name}")).or_default();
            if inputs.len() < SEEDS_MAX && inputs.iter().all(|kept| kept.len() != input.len()) {
                inputs.push(input);
            }
            return;
        }
        if protocols::STREAM.iter().all(|protocol| protocol.name != name) {
            return;
        }
        let (client, server) =
            if to_server { (packet.from, packet.to) } else { (packet.to, packet.from) };
        let target = format!("stream_{name}");
        let inputs = self.inputs.entry(target.clone()).or_default();
        let key = (target, format!("{client:?}{server:?}").into_bytes());
        let count = inputs.len();
        let place = *self.places.entry(key).or_insert(count);
        if place >= SEEDS_MAX {
            return;
        }
        if place == count {
            inputs.push(Vec::new());
        }
        let direction = if to_server { Direction::ToServer } else { Direction::ToClient };
        let Some(input) = inputs.get_mut(place) else { return };
        if input.len() < SEED_BYTES_MAX {
            exercise::write_turn(input, Turn::Bytes(direction, packet.payload));
        }
    }

    fn link(&mut self, frame: &[u8]) {
        let kind = u16::from_be_bytes([frame[12], frame[13]]);
        let (kind, payload) = if kind < 1536 {
            let number = u16::from_be_bytes([frame[20], frame[21]]);
            (LinkKind::Snap([frame[17], frame[18], frame[19]], number), &frame[22..])
        } else {
            (LinkKind::EtherType(kind), &frame[14..])
        };
        let Some(protocol) = protocols::LINK.iter().find(|one| one.kind == kind) else { return };
        let inputs = self.inputs.entry(format!("link_{}", protocol.name)).or_default();
        if inputs.len() < SEEDS_MAX {
            inputs.push(payload.to_vec());
        }
    }
}

/// An IPv4 packet with TCP or UDP.
struct Packet<'a> {
    transport: Transport,
    from: (IpAddr, u16),
    to: (IpAddr, u16),
    payload: &'a [u8],
}

impl<'a> Packet<'a> {
    fn of(frame: &'a [u8]) -> Option<Self> {
        let ip = match frame[12..14] {
            [8, 0] => &frame[14..],
            // One VLAN tag.
            [0x81, 0] if frame[16..18] == [8, 0] => &frame[18..],
            _ => return None,
        };
        let length = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        let address =
            |at: usize| IpAddr::V4(Ipv4Addr::new(ip[at], ip[at + 1], ip[at + 2], ip[at + 3]));
        let carried = &ip[usize::from(ip[0] & 15) * 4..length];
        let port = |at: usize| u16::from_be_bytes([carried[at], carried[at + 1]]);
        let (transport, header) = match ip[9] {
            6 => (Transport::Tcp, usize::from(carried[12] >> 4) * 4),
            17 => (Transport::Udp, 8),
            _ => return None,
        };
        Some(Self {
            transport,
            from: (address(12), port(0)),
            to: (address(16), port(2)),
            payload: &carried[header..],
        })
    }
}

/// Seeds of one target.
const SEEDS_MAX: usize = 2;

/// A connection is cut off once its seed has so many bytes.
const SEED_BYTES_MAX: usize = 3000;
