//! From frames to observations: links, tunnels, order of segments, limits.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]

use model::{Attribute, Mac, Observations, Sighting, Source, Timestamp, Transport, WireAnomaly};
use proptest::prelude::*;
use wire::{Frame, Limits, LinkType, Observer};

const BANNER: &[u8] = b"SSH-2.0-Pump_7.1\r\n";
const CLIENT: ([u8; 6], [u8; 4], u16) = ([2, 0, 0, 0, 0, 1], [192, 0, 2, 1], 40_000);
const SERVER: ([u8; 6], [u8; 4], u16) = ([2, 0, 0, 0, 0, 2], [192, 0, 2, 2], 22);
/// Turns one of the two packets, the server's or the client's, into a frame.
type Wrap<'a> = Box<dyn Fn(bool) -> Vec<u8> + 'a>;
/// A name, a link type, a wrapping, and the link address and VLAN to be found.
type Row<'a> = (&'static str, LinkType, Wrap<'a>, Option<Mac>, Option<u16>);

const FIN: u8 = 1;
const SYN: u8 = 2;
const ACK: u8 = 16;

/// An IPv4 packet without options; checksums are nobody's concern here.
fn ipv4(protocol: u8, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let start = [0x45, 0, length[0], length[1], 0, 7, 0, 0, 64, protocol, 0, 0];
    [&start[..], &from, &to, payload].concat()
}

fn tcp(from: u16, to: u16, sequence: u32, acknowledgement: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let mut segment = [from.to_be_bytes(), to.to_be_bytes()].concat();
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledgement.to_be_bytes());
    segment.extend([0x50, flags, 1, 0, 0, 0, 0, 0]);
    segment.extend(data);
    segment
}

fn udp(from: u16, to: u16, data: &[u8]) -> Vec<u8> {
    let length = (8 + data.len() as u16).to_be_bytes();
    [&from.to_be_bytes(), &to.to_be_bytes(), &length, &[0; 2][..], data].concat()
}

fn ethernet(from: [u8; 6], to: [u8; 6], kind: u16, payload: &[u8]) -> Vec<u8> {
    [&to[..], &from, &kind.to_be_bytes(), payload].concat()
}

/// A packet of the server to the client, or the other way round.
fn packet(by_server: bool, sequence: u32, acknowledgement: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let (from, to) = if by_server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
    ipv4(6, from.1, to.1, &tcp(from.2, to.2, sequence, acknowledgement, flags, data))
}

fn frame_of(by_server: bool, packet: &[u8]) -> Vec<u8> {
    let (from, to) = if by_server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
    ethernet(from.0, to.0, 0x0800, packet)
}

fn observe(link: LinkType, frames: &[Vec<u8>]) -> Observations {
    observe_with(Limits::default(), link, frames)
}

fn observe_with(limits: Limits, link: LinkType, frames: &[Vec<u8>]) -> Observations {
    let mut observer = Observer::new("test", limits);
    for (index, bytes) in frames.iter().enumerate() {
        observer.frame(&frame(link, index, bytes));
    }
    observer.finish()
}

fn frame(link: LinkType, index: usize, bytes: &[u8]) -> Frame<'_> {
    Frame {
        number: index as u64 + 1,
        time: Timestamp::from_micros(i64::from(index as u32) * 1000),
        link,
        bytes,
        original_bytes: bytes.len() as u32,
    }
}

/// The banner that was found, checked against the bytes it is said to stand at.
fn banner<'a>(seen: &'a Observations, frames: &[Vec<u8>]) -> Option<&'a Sighting> {
    let found = seen.sightings.iter().find(|found| {
        found.attribute == Attribute::SshBanner && found.endpoint.ip == Some(SERVER.1.into())
    })?;
    let Source::Wire { frame, offset_bytes, length_bytes, .. } = &found.source else {
        panic!("not from the wire");
    };
    let bytes = &frames[*frame as usize - 1];
    let (start, length) = (*offset_bytes as usize, *length_bytes as usize);
    let range = &bytes[start..(start + length).min(bytes.len())];
    assert!(BANNER.starts_with(range) && !range.is_empty(), "{:?}", String::from_utf8_lossy(range));
    Some(found)
}

/// The server says its banner, the client its own; first without, then inside of each wrapping.
#[test]
#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table with a row for each link and tunnel")]
fn finds_the_same_through_every_link_and_tunnel() {
    let inner = |by_server: bool| {
        let data = if by_server { BANNER } else { b"SSH-2.0-Laptop\r\n" };
        packet(by_server, 1, 1, ACK, data)
    };
    let outer = |protocol, payload: &[u8]| {
        ethernet([2, 9, 9, 9, 9, 1], [2, 9, 9, 9, 9, 2], 0x0800,
            &ipv4(protocol, [198, 51, 100, 1], [198, 51, 100, 2], payload))
    };
    let whole = |by_server| frame_of(by_server, &inner(by_server));
    // Tags, labels and headers in front of the packet, behind the Ethernet type.
    let inside = |kind: u16, header: &'static [u8]| -> Wrap<'_> {
        Box::new(move |by_server| {
            let packet = [header, &inner(by_server)].concat();
            let (from, to) = if by_server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
            ethernet(from.0, to.0, kind, &packet)
        })
    };
    let in_front = |header: &'static [u8]| -> Wrap<'_> {
        Box::new(move |by_server| [header, &inner(by_server)].concat())
    };
    let gre_frame = |header: &'static [u8]| -> Wrap<'_> {
        Box::new(move |by_server| outer(47, &[header, &whole(by_server)].concat()))
    };
    let eth = LinkType::ETHERNET;
    let mac = Some(Mac(SERVER.0));
    let rows: Vec<Row<'_>> = vec![
        ("Ethernet", eth, Box::new(whole), mac, None),
        ("802.1Q", eth, inside(0x8100, &[0x20, 7, 8, 0]), mac, Some(7)),
        ("priority tag", eth, inside(0x8100, &[0x20, 0, 8, 0]), mac, None),
        ("QinQ", eth, inside(0x88a8, &[0, 5, 0x81, 0, 0, 7, 8, 0]), mac, Some(5)),
        ("old QinQ", eth, inside(0x9100, &[0, 5, 0x81, 0, 0, 7, 8, 0]), mac, Some(5)),
        ("SNAP", eth, Box::new(|by_server| {
            let packet = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &inner(by_server)].concat();
            let (from, to) = if by_server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
            ethernet(from.0, to.0, packet.len() as u16, &packet)
        }), mac, None),
        ("MPLS", eth, inside(0x8847, &[0, 1, 0, 64, 0, 2, 1, 64]), mac, None),
        ("MPLS pseudo-wire", eth, Box::new(|by_server| {
            let payload = [&[0, 1, 1, 64, 0, 0, 0, 9][..], &whole(by_server)].concat();
            ethernet([2, 9, 9, 9, 9, 1], [2, 9, 9, 9, 9, 2], 0x8847, &payload)
        }), mac, None),
        ("MPLS without control word", eth, Box::new(|by_server| {
            let payload = [&[0, 1, 1, 64][..], &whole(by_server)].concat();
            ethernet([2, 9, 9, 9, 9, 1], [2, 9, 9, 9, 9, 2], 0x8847, &payload)
        }), mac, None),
        ("PPPoE", eth, Box::new(|by_server| {
            let packet = inner(by_server);
            let [high, low] = (packet.len() as u16 + 2).to_be_bytes();
            let payload = [&[0x11, 0, 0, 1, high, low, 0, 0x21][..], &packet].concat();
            let (from, to) = if by_server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
            ethernet(from.0, to.0, 0x8864, &payload)
        }), mac, None),
        ("GRE", eth, Box::new(|by_server| {
            outer(47, &[&[0, 0, 8, 0][..], &inner(by_server)].concat())
        }), None, None),
        ("GRE with all options", eth, Box::new(|by_server| {
            let header = [0xb0, 0, 8, 0, 1, 2, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1];
            outer(47, &[&header[..], &inner(by_server)].concat())
        }), None, None),
        ("GRE bridging", eth, gre_frame(&[0, 0, 0x65, 0x58]), mac, None),
        ("ERSPAN I", eth, gre_frame(&[0, 0, 0x88, 0xbe]), mac, None),
        ("ERSPAN II", eth, gre_frame(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 9, 0, 1, 0, 0, 0, 0]), mac, Some(9)),
        ("ERSPAN III", eth, gre_frame(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), mac, Some(9)),
        ("ERSPAN III, subheader", eth, gre_frame(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8]), mac, Some(9)),
        ("VXLAN", eth, Box::new(|by_server| {
            let payload = [&[8, 0, 0, 0, 0, 1, 0, 0][..], &whole(by_server)].concat();
            outer(17, &udp(50_000, 4789, &payload))
        }), mac, None),
        ("authentication header", eth, Box::new(|by_server| {
            let header = [6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
            let (from, to) = if by_server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
            let payload = [&header[..], &inner(by_server)[20..]].concat();
            frame_of(by_server, &ipv4(51, from.1, to.1, &payload))
        }), mac, None),
        ("IP in IP", eth, Box::new(|by_server| outer(4, &inner(by_server))), None, None),
        ("raw", LinkType::RAW, in_front(&[]), None, None),
        ("IPv4", LinkType::IPV4, in_front(&[]), None, None),
        ("null, little", LinkType::NULL, in_front(&[2, 0, 0, 0]), None, None),
        ("null, big", LinkType::NULL, in_front(&[0, 0, 0, 2]), None, None),
        ("loop", LinkType::LOOP, in_front(&[0, 0, 0, 2]), None, None),
        ("PPP", LinkType::PPP, in_front(&[0xff, 3, 0, 0x21]), None, None),
        ("cooked 1", LinkType::LINUX_SLL, Box::new(|by_server| {
            let last = if by_server { 2 } else { 1 };
            [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, last, 0, 0, 8, 0][..], &inner(by_server)].concat()
        }), mac, None),
        ("cooked 2", LinkType::LINUX_SLL2, Box::new(|by_server| {
            let last = if by_server { 2 } else { 1 };
            let header = [8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, last, 0, 0];
            [&header[..], &inner(by_server)].concat()
        }), mac, None),
    ];
    for (name, link, wrap, mac, vlan) in rows {
        let frames = [wrap(true), wrap(false)];
        let seen = observe(link, &frames);
        let found = banner(&seen, &frames).unwrap_or_else(|| panic!("{name}: {seen:#?}"));
        let endpoint = found.endpoint;
        assert_eq!((endpoint.mac, endpoint.vlan), (mac, vlan), "{name}");
        assert_eq!(endpoint.ip, Some(SERVER.1.into()), "{name}");
        let [flow] = seen.flows.as_slice() else { panic!("{name}: {:#?}", seen.flows) };
        assert_eq!((flow.port, flow.packets, flow.answered), (22, 2, true), "{name}");
        assert_eq!(flow.application.as_deref(), Some("ssh"), "{name}");
        assert!(seen.stats.skipped.is_empty(), "{name}: {:?}", seen.stats.skipped);
    }
}

/// A connection with its handshake, the server's stream cut and reordered as told.
fn connection(origin: u32, pieces: &[(usize, usize)]) -> Vec<Vec<u8>> {
    let mut packets = vec![
        (false, packet(false, 99, 0, SYN, b"")),
        (true, packet(true, origin.wrapping_sub(1), 100, SYN | ACK, b"")),
        (false, packet(false, 100, origin, ACK, b"")),
    ];
    for (start, end) in pieces {
        let sequence = origin.wrapping_add(*start as u32);
        packets.push((true, packet(true, sequence, 100, ACK, &BANNER[*start..*end])));
    }
    packets.push((false, packet(false, 100, origin, ACK, b"SSH-2.0-Laptop\r\n")));
    packets.into_iter().map(|(by_server, packet)| frame_of(by_server, &packet)).collect()
}

#[test]
#[rustfmt::skip]
fn finds_the_same_in_any_order_of_segments() {
    for (name, pieces) in [
        ("whole",         [(0, 18)].as_slice()),
        ("byte by byte",  &std::array::from_fn::<_, 18, _>(|at| (at, at + 1))),
        ("swapped",       &[(9, 18), (0, 9)]),
        ("twice",         &[(0, 9), (0, 9), (9, 18), (0, 18)]),
        ("overlapping",   &[(0, 7), (5, 12), (3, 18)]),
        ("backwards",     &[(15, 18), (12, 15), (9, 12), (6, 9), (3, 6), (0, 3)]),
        ("keep-alive",    &[(0, 9), (8, 9), (9, 18)]),
    ] {
        for origin in [1, 1000, u32::MAX, u32::MAX - 5, u32::MAX - 17] {
            let frames = connection(origin, pieces);
            let seen = observe(LinkType::ETHERNET, &frames);
            let found = banner(&seen, &frames).unwrap_or_else(|| panic!("{name} at {origin}"));
            assert_eq!(found.value, "SSH-2.0-Pump_7.1", "{name} at {origin}");
            assert_eq!(seen.flows.len(), 1, "{name} at {origin}");
            // The same packet at the same time can only be a copy.
            let odd = |anomaly: &&WireAnomaly| name != "twice" || anomaly.protocol != "capture";
            assert_eq!(seen.anomalies.iter().find(odd), None, "{name} at {origin}");
        }
    }
}

#[test]
fn tells_frames_that_a_mirror_shows_twice() {
    let frames = connection(1000, &[(0, 18)]);
    let doubled: Vec<Vec<u8>> =
        frames.iter().flat_map(|frame| [frame.clone(), frame.clone()]).collect();
    for (name, frames, want) in [("once", &frames, 0), ("twice", &doubled, frames.len() as u64)] {
        let seen = observe(LinkType::ETHERNET, frames);
        let told = seen.anomalies.iter().filter(|anomaly| anomaly.what.contains("shown twice"));
        assert_eq!(told.map(|anomaly| anomaly.count).sum::<u64>(), want, "{name}");
    }
}

/// What `observe` made of one connection, in a word or two.
fn summary(seen: &Observations) -> Vec<String> {
    let flows = seen.flows.iter().map(|flow| {
        let server = flow.server.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let application = flow.application.clone().unwrap_or_default();
        format!(
            "{server}:{} {application} {}p {}c{}",
            flow.port,
            flow.packets,
            flow.connections,
            if flow.answered { "" } else { " unanswered" }
        )
    });
    let odd = seen.anomalies.iter().map(|odd| format!("odd {}: {}", odd.protocol, odd.what));
    flows.chain(odd).collect()
}

#[test]
#[rustfmt::skip]
fn tells_who_serves_and_what_was_odd() {
    let syn = (false, packet(false, 99, 0, SYN, b""));
    let answer = (true, packet(true, 499, 100, SYN | ACK, b""));
    let says = (true, packet(true, 500, 100, ACK, BANNER));
    let replies = (false, packet(false, 100, 518, ACK, b"SSH-2.0-Laptop\r\n"));
    let far = (true, packet(true, 0x7fff_0000, 100, ACK, b"x"));
    let again = (false, packet(false, 7099, 0, SYN, b""));
    let fins = [(false, packet(false, 116, 518, ACK | FIN, b"")), (true, packet(true, 518, 117, ACK | FIN, b""))];
    let late = (true, packet(true, 510, 100, ACK, &BANNER[10..]));
    let evil = (true, packet(true, 512, 100, ACK, b"NOTHING"));
    for (name, frames, want) in [
        ("only a SYN", vec![syn.clone()], vec!["192.0.2.2:22  1p 1c unanswered"]),
        ("scan", vec![syn.clone(), again.clone()], vec!["192.0.2.2:22  2p 2c unanswered"]),
        ("whole", vec![syn.clone(), answer.clone(), says.clone(), replies.clone()], vec!["192.0.2.2:22 ssh 4p 1c"]),
        ("only the server was captured", vec![answer.clone(), says.clone()], vec!["192.0.2.2:22 ssh 2p 1c"]),
        ("only the client was captured", vec![syn.clone(), replies.clone()], vec!["192.0.2.2:22 ssh 2p 1c unanswered"]),
        ("picked up in the middle", vec![replies.clone(), says.clone()], vec!["192.0.2.2:22 ssh 2p 1c"]),
        ("ports used again", [vec![syn.clone(), answer.clone(), says.clone(), replies.clone()], fins.to_vec(), vec![again]].concat(),
            vec!["192.0.2.2:22  1p 1c unanswered", "192.0.2.2:22 ssh 6p 1c"]),
        ("far off", vec![syn.clone(), answer.clone(), far, says.clone(), replies.clone()],
            vec!["192.0.2.2:22 ssh 5p 1c", "odd tcp: segment far outside the window"]),
        ("contradiction", vec![syn.clone(), answer.clone(), late, evil, says.clone(), replies.clone()],
            vec!["192.0.2.2:22 ssh 6p 1c", "odd tcp: overlap with different bytes"]),
    ] {
        let frames: Vec<Vec<u8>> =
            frames.iter().map(|(by_server, packet)| frame_of(*by_server, packet)).collect();
        assert_eq!(summary(&observe(LinkType::ETHERNET, &frames)), want, "{name}");
    }
}

/// In a stream picked up in the middle a message may start with any of the next segments.
#[test]
fn tries_again_in_the_middle() {
    let noise = packet(true, 1, 1, ACK, &[0xee; 900]);
    let says = packet(true, 901, 1, ACK, BANNER);
    let frames = [frame_of(true, &noise), frame_of(true, &says)];
    let seen = observe(LinkType::ETHERNET, &frames);
    assert!(banner(&seen, &frames).is_some(), "{seen:#?}");
}

#[test]
fn fragments_are_joined_and_lead_back_to_their_frames() {
    let segment = tcp(22, 40_000, 1, 1, ACK, BANNER);
    let (first, rest) = segment.split_at(24);
    let fragment = |offset: usize, more: bool, payload: &[u8]| {
        let mut packet = ipv4(6, SERVER.1, CLIENT.1, payload);
        let field = (offset as u16 / 8) | if more { 0x2000 } else { 0 };
        packet[6..8].copy_from_slice(&field.to_be_bytes());
        frame_of(true, &packet)
    };
    let reply = frame_of(false, &packet(false, 1, 1, ACK, b"SSH-2.0-Laptop\r\n"));
    for (name, frames) in [
        ("in order", vec![fragment(0, true, first), fragment(24, false, rest), reply.clone()]),
        ("swapped", vec![fragment(24, false, rest), fragment(0, true, first), reply.clone()]),
    ] {
        let seen = observe(LinkType::ETHERNET, &frames);
        let found = banner(&seen, &frames).unwrap_or_else(|| panic!("{name}: {seen:#?}"));
        assert_eq!(found.value, "SSH-2.0-Pump_7.1", "{name}");
        assert_eq!(summary(&seen), ["192.0.2.2:22 ssh 3p 1c"], "{name}");
    }
    let seen = observe(LinkType::ETHERNET, &[fragment(24, false, rest)]);
    let reasons: Vec<_> = seen.stats.skipped.into_iter().collect();
    assert_eq!(reasons, [("fragment of a datagram that never became whole".to_owned(), 1)]);
}

#[test]
fn what_was_not_used_is_counted() {
    let whole = frame_of(true, &packet(true, 1, 1, ACK, BANNER));
    let mut observer = Observer::new("test", Limits::default());
    let mut cut = frame(LinkType::ETHERNET, 0, &whole[..60]);
    cut.original_bytes = whole.len() as u32;
    observer.frame(&cut);
    observer.frame(&frame(LinkType::ETHERNET, 1, &whole[..10]));
    observer.frame(&frame(LinkType::ETHERNET, 2, &ethernet([2; 6], [4; 6], 0x88b8, &[0; 40])));
    observer.frame(&frame(LinkType(147), 3, &whole));
    let seen = observer.finish();
    let reasons: Vec<String> =
        seen.stats.skipped.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
    assert_eq!(
        reasons,
        [
            "Ethernet header cut short: 1",
            "frame cut short by the capture: 1",
            "link type 147 (private use 0) is not read: record on Ethernet, or turn the capture into \
             Ethernet or raw IP: 1",
            "not IP: ethertype 0x88b8: 1",
        ]
    );
    assert_eq!(seen.talkers.len(), 2, "who sent is known even so");
}

/// Batches together hold what one run holds, each packet and connection once.
#[test]
fn batches_add_up() {
    let frames = connection(1000, &[(0, 9), (9, 18)]);
    let mut observer = Observer::new("test", Limits::default());
    let (mut packets, mut connections, mut talked) = (0, 0, 0);
    let mut add = |seen: Observations| {
        packets += seen.flows.iter().map(|flow| flow.packets).sum::<u64>();
        connections += seen.flows.iter().map(|flow| flow.connections).sum::<u64>();
        talked += seen.talkers.iter().map(|talker| talker.packets).sum::<u64>();
        assert_eq!(seen.stats.packets, seen.talkers.iter().map(|one| one.packets).sum::<u64>());
    };
    for (index, bytes) in frames.iter().enumerate() {
        observer.frame(&frame(LinkType::ETHERNET, index, bytes));
        add(observer.take());
    }
    add(observer.finish());
    assert_eq!((packets, connections, talked), (frames.len() as u64, 1, frames.len() as u64));
}

/// More of everything than is kept: counted, bounded, and the rest still right.
#[test]
fn limits_hold_and_are_shown() {
    let limits = Limits {
        flows_max: 64,
        endpoints_max: 100,
        conversations_max: 20,
        sightings_max: 10,
        ..Limits::default()
    };
    let frames: Vec<Vec<u8>> = (0..5000u32)
        .map(|number| {
            let [_, _, high, low] = number.to_be_bytes();
            let from = [10, 0, high, low];
            let sent = tcp(22, 40_000, 1, 1, ACK, format!("SSH-2.0-Pump_{number}\r\n").as_bytes());
            ethernet([2, 0, 0, 1, high, low], CLIENT.0, 0x0800, &ipv4(6, from, CLIENT.1, &sent))
        })
        .collect();
    let seen = observe_with(limits, LinkType::ETHERNET, &frames);
    assert_eq!(seen.stats.packets, 5000);
    assert!(seen.talkers.len() <= 100 && seen.flows.len() <= 20 && seen.sightings.len() <= 10);
    let odd: Vec<&str> = seen.anomalies.iter().map(|odd| odd.what.as_ref()).collect();
    for what in [
        "more conversations at once than we follow",
        "more conversations than we keep totals of",
        "endpoints that hardly spoke, let go to make room",
        "more values than we keep",
    ] {
        assert!(odd.contains(&what), "{what}: {odd:?}");
    }
}

/// A flood of new addresses hides nobody who comes before, between or behind it, and is told.
#[test]
fn a_flood_of_addresses_hides_no_device() {
    let device = |host: u8, hour: u32| {
        let said = tcp(22, 40_000, 1 + hour * 20, 1, ACK, BANNER);
        ethernet(
            [2, 0, 0, 7, 7, host],
            CLIENT.0,
            0x0800,
            &ipv4(6, [10, 7, 7, host], CLIENT.1, &said),
        )
    };
    let flood = (0..60_000u32).map(|number| {
        let [_, a, b, c] = number.to_be_bytes();
        let asked = udp(68, 67, &[1, 1, 6, 0]);
        ethernet([2, 1, 1, a, b, c], [255; 6], 0x0800, &ipv4(17, [0; 4], [255; 4], &asked))
    });
    let mut frames: Vec<Vec<u8>> = flood.collect();
    for (host, place) in [(1, 0), (2, 30_000), (3, 60_002)] {
        frames.insert(place, device(host, 0));
        frames.insert(place + 1, device(host, 1));
    }
    let seen = observe(LinkType::ETHERNET, &frames);
    for host in 1..=3 {
        let wanted = Some([10, 7, 7, host].into());
        let found = seen
            .sightings
            .iter()
            .any(|found| found.attribute == Attribute::SshBanner && found.endpoint.ip == wanted);
        assert!(found, "device {host} is hidden");
    }
    assert!(seen.talkers.len() <= 16_384 + 10, "{} endpoints", seen.talkers.len());
    let gone = seen.anomalies.iter().find(|odd| odd.what.contains("let go"));
    let gone = gone.map_or(0, |odd| odd.count) as usize;
    assert!(gone + seen.talkers.len() >= 60_000, "{gone} were let go");
}

/// Connections that never finish a message cannot keep others from being read.
#[test]
fn stalled_connections_make_room() {
    let limits = Limits { stream_bytes_max: 4096, ..Limits::default() };
    let stalled = (0..1000u16).map(|number| {
        let sent = tcp(22, 10_000 + number, 1, 1, ACK, b"SSH-2.0-never-ends");
        frame_of(true, &ipv4(6, SERVER.1, CLIENT.1, &sent))
    });
    let late = connection(1000, &[(0, 9), (9, 18)]);
    let frames: Vec<Vec<u8>> = stalled.chain(late).collect();
    let seen = observe_with(limits, LinkType::ETHERNET, &frames);
    assert!(banner(&seen, &frames).is_some());
    let odd = seen.anomalies.iter().find(|odd| odd.what == "more unread streams than we keep");
    assert!(odd.is_some_and(|odd| odd.count > 800), "{:?}", seen.anomalies);
}

/// An IPv6 router, behind a hop-by-hop header, and the same inside of IPv4.
#[test]
fn hears_ipv6_neighbours_in_and_out_of_a_tunnel() {
    let router: std::net::IpAddr = "fe80::1".parse().unwrap();
    let mut advertisement = vec![134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    advertisement.extend([1, 1, 2, 0, 0, 0, 0, 9]);
    let mut ipv6 = vec![0x60, 0, 0, 0, 0, 32, 0, 255];
    ipv6.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    ipv6.extend([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    ipv6.extend([58, 0, 5, 2, 0, 0, 1, 0]);
    ipv6.extend(advertisement);
    let from = [2, 0, 0, 0, 0, 9];
    let plain = ethernet(from, [0x33, 0x33, 0, 0, 0, 1], 0x86dd, &ipv6);
    let tunnelled = frame_of(true, &ipv4(41, SERVER.1, CLIENT.1, &ipv6));
    for (name, frame, mac) in [("plain", plain, Some(Mac(from))), ("6in4", tunnelled, None)] {
        let seen = observe(LinkType::ETHERNET, &[frame]);
        let [binding] = seen.bindings.as_slice() else { panic!("{name}: {seen:#?}") };
        assert_eq!((binding.mac, binding.ip), (Mac(from), router), "{name}");
        let [role] = seen.sightings.as_slice() else { panic!("{name}: {seen:#?}") };
        assert_eq!((role.value.as_str(), role.endpoint.mac), ("router", mac), "{name}");
    }
}

/// The seed of the hash tables shows nowhere, evictions included.
#[test]
fn results_do_not_depend_on_the_seed() {
    let frames: Vec<Vec<u8>> = (0..2000u32)
        .map(|number| {
            let [_, _, high, low] = (number * 7 % 1000).to_be_bytes();
            let question = udp(40_000, 9999, &[high, low]);
            let packet = ipv4(17, [10, 0, high, low], SERVER.1, &question);
            ethernet([2, 0, 0, 1, high, low], SERVER.0, 0x0800, &packet)
        })
        .collect();
    let runs = [1, 2].map(|hash_seed| {
        let limits = Limits { flows_max: 100, hash_seed, ..Limits::default() };
        observe_with(limits, LinkType::ETHERNET, &frames)
    });
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn roles_and_transport_of_a_conversation() {
    let seen = observe(LinkType::ETHERNET, &connection(1000, &[(0, 18)]));
    let roles: Vec<(String, &str)> = seen
        .sightings
        .iter()
        .filter(|seen| seen.attribute == Attribute::Role)
        .map(|seen| (seen.endpoint.ip.unwrap().to_string(), seen.value.as_str()))
        .collect();
    let want = [("192.0.2.1".to_owned(), "ssh_client"), ("192.0.2.2".to_owned(), "ssh_server")];
    assert_eq!(roles, want);
    assert_eq!(seen.flows[0].transport, Transport::Tcp);
}

const LINKS: [LinkType; 11] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::PPP,
    LinkType::RAW,
    LinkType::RAW_BSD,
    LinkType::RAW_OPENBSD,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::IPV4,
    LinkType::IPV6,
];

proptest! {
    /// Random bytes on every link type: no panic, and every frame is counted.
    #[test]
    fn random_frames_are_survived(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
    ) {
        for link in LINKS {
            prop_assert_eq!(observe(link, &frames).stats.packets, frames.len() as u64);
        }
    }

    /// Random bytes behind plausible headers get further in; still no panic.
    #[test]
    fn random_payloads_are_survived(
        payloads in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(any::<u8>(), 0..300), any::<u16>(), 0usize..9),
            1..30,
        ),
    ) {
        let ports = [22u16, 80, 104, 443, 445, 2575, 3389, 4789, 161];
        let frames: Vec<Vec<u8>> = payloads
            .iter()
            .map(|(by_server, bytes, number, which)| {
                let port = ports[*which];
                let packet = match number % 4 {
                    0 => ipv4(17, SERVER.1, CLIENT.1, &udp(port, 4789, bytes)),
                    1 => ipv4(47, SERVER.1, CLIENT.1, bytes),
                    _ => {
                        let sequence = u32::from(*number);
                        let (from, to) = if *by_server { (port, 40_000) } else { (40_000, port) };
                        ipv4(6, SERVER.1, CLIENT.1, &tcp(from, to, sequence, 1, ACK, bytes))
                    }
                };
                frame_of(*by_server, &packet)
            })
            .collect();
        let seen = observe(LinkType::ETHERNET, &frames);
        prop_assert_eq!(seen.stats.packets, frames.len() as u64);
        prop_assert_eq!(observe(LinkType::ETHERNET, &frames), seen);
    }
}
