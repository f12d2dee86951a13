//! Frames in, observations out: what ties the layers together.

mod carried;
pub(crate) mod cut;
mod doubled;
pub(crate) mod hosts;
pub(crate) mod record;
pub(crate) mod sightings;
mod transfers;

use std::collections::BTreeSet;

use model::{Answerable, Attribute, Confidence, Observations, Stats, Transport};

use crate::dissect::{Datagram, Heard, LinkFrame, LinkKind};
use crate::flow::conversations::{ConversationKey, Conversations, Share};
use crate::flow::{Basis, Flow, FlowKey, Flows, Parties, server_by_port, transport};
use crate::frame::Frame;
use crate::ip::fragments::{Fragments, Seen, Step};
use crate::ip::{self, IpPacket, neighbours, protocol};
use crate::limits::Limits;
use crate::link::{self, Content, Layer, Link, NO_MAC, Packet, Skip, mac_of};
use crate::place::{Origin, Place};
use crate::protocols::{self, tftp};
use crate::reader::Reader;
use crate::tcp::connection::{Around, Connection, Interest};
use crate::tcp::{self, Segment};
use carried::{Carried, udp_header};
use doubled::Doubled;
use hosts::HostKey;
use record::{Hearing, NO_HOST, Now, Record};
use sightings::Finding;
use transfers::Transfers;

/// Turns the frames of one capture into observations.
///
/// The same frames in the same order give the same observations, byte for byte.
pub struct Observer {
    capture: String,
    limits: Limits,
    stats: Stats,
    record: Record,
    flows: Flows,
    conversations: Conversations,
    fragments: Fragments,
    doubled: Doubled,
    /// Bytes of unread streams kept.
    stream_bytes: usize,
    transfers: Transfers,
}

impl Observer {
    /// Starts; `capture` is the name of the file or interface, without its folder.
    pub fn new(capture: &str, limits: Limits) -> Self {
        Self {
            capture: capture.to_owned(),
            limits,
            stats: Stats::default(),
            record: Record::new(&limits),
            flows: Flows::new(limits.flows_max, limits.hash_seed),
            conversations: Conversations::new(limits.conversations_max, limits.hash_seed),
            fragments: Fragments::new(limits.fragment_bytes_max),
            doubled: Doubled::default(),
            stream_bytes: 0,
            transfers: Transfers::default(),
        }
    }

    /// Takes the next frame.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.stats.packets += 1;
        self.stats.bytes += u64::from(frame.original_bytes);
        let now = Now {
            time: frame.time.as_micros(),
            frame: frame.number,
            frame_bytes: frame.bytes.len() as u32,
            packets: 1,
            wire_bytes: u64::from(frame.original_bytes),
        };
        if let Some(flow) = self.flows.sweep(now.time) {
            self.close(flow, now);
        }
        if self.record.hosts.is_crowded() {
            self.thin_out(now);
        }
        if frame.bytes.len() < frame.original_bytes as usize {
            self.record.skips.count(Skip::Fixed("frame cut short by the capture"), 1);
        }
        let Some(layer) = Layer::of(frame.link) else {
            return self.record.skips.count(Skip::LinkType(frame.link.0), 1);
        };
        let packet = link::decode(layer, Link::UNKNOWN, Reader::new(frame.bytes));
        let places = [Place { start: 0, frame: frame.number, offset: 0 }];
        self.packet(packet, &places, now, FRAGMENT_NESTING_MAX);
    }

    /// Hands over what was seen since the last time and goes on; conversations stay open.
    pub fn take(&mut self) -> Observations {
        let mut flows = std::mem::replace(
            &mut self.flows,
            Flows::new(self.limits.flows_max, self.limits.hash_seed),
        );
        for flow in flows.iter_mut() {
            self.fold(flow);
        }
        let observations = self.batch();
        // Endpoints that nobody talks about any more are let go.
        let fresh = hosts::Hosts::new(self.limits.endpoints_max, self.limits.hash_seed);
        let old = std::mem::replace(&mut self.record.hosts, fresh);
        for flow in flows.iter_mut() {
            for host in &mut flow.parties.hosts {
                *host = old.key(*host).map_or(NO_HOST, |key| self.record.hosts.number(key));
            }
        }
        self.flows = flows;
        observations
    }

    /// Ends the capture and hands everything over.
    pub fn finish(mut self) -> Observations {
        let flows = self.flows.drain();
        for flow in flows {
            let now = Now {
                time: flow.last_seen,
                frame: flow.first_frame,
                frame_bytes: 0,
                packets: 0,
                wire_bytes: 0,
            };
            self.close(flow, now);
        }
        self.fragments.abandon_all();
        self.batch()
    }

    /// Lets endpoints go that hardly spoke, with all that is known of them.
    fn thin_out(&mut self, now: Now) {
        let again = self.record.sightings.again();
        let numbers = self.record.hosts.thin_out(&again);
        let gone = numbers.iter().filter(|number| **number == NO_HOST).count();
        let number = |host: u32| match numbers.get(host as usize) {
            Some(&NO_HOST) => None,
            Some(number) => Some(*number),
            None => Some(NO_HOST),
        };
        let unread = self.flows.renumber(number);
        self.stream_bytes = self.stream_bytes.saturating_sub(unread);
        self.conversations.renumber(number);
        self.record.sightings.renumber(number);
        let macs: BTreeSet<u64> = self.record.hosts.keys().map(|key| key.mac).collect();
        let ips: BTreeSet<u128> = self.record.hosts.keys().map(|key| key.ip).collect();
        self.record.bindings.keep(|mac, address| {
            macs.contains(&link::mac_number(mac.0)) || ips.contains(&ip::number(address))
        });
        let what = "endpoints that hardly spoke, let go to make room";
        self.record.oddities.add("wire", what, Answerable::Us, now.frame, gone as u64);
    }

    fn batch(&mut self) -> Observations {
        self.record.skips.count(
            Skip::Fixed("fragment of a datagram that never became whole"),
            std::mem::take(&mut self.fragments.abandoned),
        );
        let mut stats = std::mem::take(&mut self.stats);
        stats.skipped = self.record.skips.take();
        let hosts = &self.record.hosts;
        Observations {
            talkers: hosts.talkers(),
            sightings: self.record.sightings.take(hosts, &self.capture),
            bindings: self.record.bindings.take(),
            flows: self.conversations.take(hosts),
            anomalies: self.record.oddities.take(&self.capture),
            stats,
            capture: self.capture.clone(),
        }
    }

    fn packet(&mut self, packet: Packet<'_>, places: &[Place], now: Now, nesting: u8) {
        let Packet { link, content, tunnel } = packet;
        if let Some((link, source, _)) = tunnel {
            self.sender(link, source, now);
        }
        match content {
            Content::Unread(skip) => {
                self.record.skips.count(skip, 1);
                if link.source != NO_MAC {
                    self.sender(link, 0, now);
                }
            }
            Content::Link(kind, payload) => self.link_frame(link, kind, payload, places, now),
            Content::Ip(packet) if packet.fragment.is_some() => {
                self.fragment(link, &packet, now, nesting);
            }
            Content::Ip(packet) => {
                if self.doubled.shows_again(&packet, now.time) {
                    let what = "a packet is shown twice, as by a mirror of both directions";
                    self.record.oddities.count("capture", what, Answerable::Capture, now.frame);
                }
                self.carried(&Carried {
                    link,
                    source: packet.source,
                    destination: packet.destination,
                    protocol: packet.protocol,
                    hops: packet.hops,
                    payload: packet.payload,
                    missing: packet.missing,
                    places,
                    now,
                });
            }
        }
    }

    /// Counts a frame sent from an endpoint that is not followed any further.
    fn sender(&mut self, link: Link, source: u128, now: Now) -> u32 {
        let key = HostKey { ip: source, mac: link.source, vlan: link.vlan, station: 0 };
        let host = self.endpoint(key, now);
        self.record.hosts.sent(host, now.time, now.frame, now.wire_bytes);
        host
    }

    fn endpoint(&mut self, key: HostKey, now: Now) -> u32 {
        let host = self.record.hosts.number(key);
        if host == NO_HOST {
            let what = "more endpoints than we keep";
            self.record.oddities.count("wire", what, Answerable::Us, now.frame);
        }
        host
    }

    fn link_frame(
        &mut self,
        link: Link,
        kind: LinkKind,
        payload: Reader<'_>,
        places: &[Place],
        now: Now,
    ) {
        let sender = self.sender(link, 0, now);
        let key = HostKey { ip: 0, mac: link.destination, vlan: link.vlan, station: 0 };
        let (Some(source), Some(destination)) = (mac_of(link.source), mac_of(link.destination))
        else {
            return self.record.skips.count(unread_link(kind), 1);
        };
        for protocol in protocols::LINK.iter().filter(|protocol| protocol.kind == kind) {
            let receiver = self.endpoint(key, now);
            let mut hearing = Hearing::new(&mut self.record, sender, receiver, now);
            let origin = Origin { base: payload.position() as u64, places };
            let frame = LinkFrame { payload: payload.rest(), source, destination };
            match hearing.at(origin, |sink| (protocol.read)(&frame, sink)) {
                Heard::NotMine => continue,
                Heard::Mine(_) => {}
                Heard::Malformed(what) => {
                    hearing.oddity(protocol.name, what, Answerable::Sender);
                }
            }
            return self.conversation(
                ConversationKey {
                    client: sender,
                    server: receiver,
                    transport: Transport::Link,
                    port: 0,
                    application: Some(protocol.name),
                },
                Share {
                    packets: 1,
                    bytes: now.wire_bytes,
                    connections: 0,
                    answered: false,
                    first_seen: now.time,
                    last_seen: now.time,
                },
                now.frame,
            );
        }
        self.record.skips.count(unread_link(kind), 1);
    }

    fn fragment(&mut self, link: Link, packet: &IpPacket<'_>, now: Now, nesting: u8) {
        let Some(fragment) = packet.fragment else { return };
        let seen = Seen {
            time: now.time,
            frame: now.frame,
            wire_bytes: now.wire_bytes.min(u64::from(u32::MAX)) as u32,
        };
        let step = self.fragments.add(packet, fragment, link.vlan, seen);
        for _ in 0..std::mem::take(&mut self.fragments.overlaps) {
            let what = "overlapping fragments";
            self.record.oddities.count("ip", what, Answerable::Sender, now.frame);
        }
        let whole = match step {
            Step::Whole(whole) if nesting > 0 => whole,
            Step::Whole(_) => {
                self.record.skips.count(Skip::Fixed("fragments nested too deep"), 1);
                return;
            }
            Step::Kept => {
                self.sender(link, packet.source, now);
                return;
            }
            Step::Refused(why) => {
                self.sender(link, packet.source, now);
                self.record.skips.count(Skip::Fixed(why), 1);
                return;
            }
        };
        let payload = Reader::new(&whole.payload);
        let now = Now { packets: whole.frames, wire_bytes: whole.wire_bytes, ..now };
        if let Some(layer) = link::tunnelled(packet.protocol, payload) {
            let inner = link::decode(layer, Link::UNKNOWN, payload);
            return self.packet(inner, &whole.places, now, nesting - 1);
        }
        self.carried(&Carried {
            link,
            source: packet.source,
            destination: packet.destination,
            protocol: packet.protocol,
            hops: packet.hops,
            payload,
            missing: 0,
            places: &whole.places,
            now,
        });
    }

    /// A whole packet: finds its conversation and has its payload read.
    #[inline]
    fn carried(&mut self, carried: &Carried<'_>) {
        match carried.protocol {
            protocol::TCP => match tcp::header(carried.payload, carried.missing) {
                Some(segment) => self.segment(carried, &segment),
                None => self.headless(carried, "TCP"),
            },
            protocol::UDP => match udp_header(carried.payload) {
                Some((ports, payload)) => self.datagram(carried, ports, payload),
                None => self.headless(carried, "UDP"),
            },
            protocol::ICMPV6 => self.neighbour(carried),
            _ => {
                let (number, side) = self.find(carried, [0; 2]);
                self.count(number, side, carried);
            }
        }
    }

    fn headless(&mut self, carried: &Carried<'_>, header: &'static str) {
        self.record.skips.count(Skip::Cut(header), 1);
        let (number, side) = self.find(carried, [0; 2]);
        self.count(number, side, carried);
    }

    fn neighbour(&mut self, carried: &Carried<'_>) {
        let (number, side) = self.find(carried, [0; 2]);
        self.count(number, side, carried);
        let Some(flow) = self.flows.at(number) else { return };
        let parties = &flow.parties;
        let mut hearing =
            Hearing::new(&mut self.record, parties.host(side), parties.host(1 - side), carried.now);
        let source = ip::any_address(carried.source);
        hearing.at(carried.origin(carried.payload), |sink| {
            neighbours::read(carried.payload.rest(), source, sink);
        });
    }

    fn datagram(&mut self, carried: &Carried<'_>, ports: [u16; 2], payload: Reader<'_>) {
        let (number, side) = self.find(carried, ports);
        self.count(number, side, carried);
        let Some(flow) = self.flows.at(number) else { return };
        if !flow.pace.is_due(carried.now.time, ports) {
            return;
        }
        let [source_port, destination_port] = ports;
        let datagram = Datagram {
            payload: payload.rest(),
            kept: payload.remaining(),
            source: ip::any_address(carried.source),
            destination: ip::any_address(carried.destination),
            source_port,
            destination_port,
            source_mac: mac_of(carried.link.source),
        };
        let parties = &mut flow.parties;
        let mut hearing =
            Hearing::new(&mut self.record, parties.host(side), parties.host(1 - side), carried.now);
        let fresh = parties.application.is_none();
        hearing.at(carried.origin(payload), |hearing| {
            if carried.missing == 0 {
                return flow.pace.read(side, &datagram, parties, hearing);
            }
            // The sender is not answerable for what the capture cut off.
            let filled = cut::filled(datagram.payload, carried.missing);
            let filled = filled.each_ref().map(|payload| Datagram { payload, ..datagram });
            flow.pace.read_cut(side, filled, parties, hearing);
        });
        if fresh && parties.application == Some(tftp::NAME) {
            self.transfers.asked((carried.source, source_port), carried.destination);
        }
    }

    fn segment(&mut self, carried: &Carried<'_>, segment: &Segment<'_>) {
        let (number, side) = self.find(carried, [segment.source_port, segment.destination_port]);
        if segment.flags.syn() {
            self.handshake(number, side, segment, carried.now);
        }
        self.count(number, side, carried);
        let Some(flow) = self.flows.at(number) else { return };
        let payload = !segment.payload.is_empty() || segment.missing > 0;
        if !flow.over && (payload || flow.connection.is_some()) {
            let before = flow.kept_bytes();
            let mut around =
                Around { record: &mut self.record, parties: &mut flow.parties, now: carried.now };
            let connection = flow.connection.get_or_insert_with(|| Connection::new(flow.syn));
            let mut interest = Interest::Open;
            for (part, bytes, place) in carried.parts(segment) {
                interest = connection.segment(side, &part, bytes, place, &mut around);
                if interest == Interest::Over {
                    break;
                }
            }
            if interest == Interest::Over {
                flow.stop_reading();
            }
            self.stream_bytes = (self.stream_bytes + flow.kept_bytes()).saturating_sub(before);
            self.reclaim(carried.now);
        }
        if segment.flags.fin() || segment.flags.reset() {
            self.farewell(number, side, segment, carried.now);
        }
    }

    /// Keeps unread streams within their limit: the longest silent ones are read no further.
    fn reclaim(&mut self, now: Now) {
        while self.stream_bytes > self.limits.stream_bytes_max {
            let Some(flow) = self.flows.stalest_unread() else { return };
            self.stream_bytes = self.stream_bytes.saturating_sub(flow.kept_bytes());
            flow.stop_reading();
            let what = "more unread streams than we keep";
            self.record.oddities.count("tcp", what, Answerable::Us, now.frame);
        }
    }

    /// A SYN: tells who serves, or that the ports are used again for another connection.
    fn handshake(&mut self, number: u32, side: usize, segment: &Segment<'_>, now: Now) {
        let Some(flow) = self.flows.at(number) else { return };
        let own = flow.syn.get(side).copied().flatten();
        let again = own.is_some_and(|sequence| sequence != segment.sequence);
        if again || (flow.is_closed() && own.is_none()) {
            let fresh = Flow::new(flow.key, flow.hash, flow.parties.renewed(), now);
            let old = std::mem::replace(flow, fresh);
            self.close(old, now);
        }
        let Some(flow) = self.flows.at(number) else { return };
        if let Some(own) = flow.syn.get_mut(side) {
            *own = Some(segment.sequence);
        }
        let server = if segment.flags.acknowledges() { side } else { 1 - side };
        flow.parties.serves(server, Basis::Handshake);
    }

    /// A FIN or RST: once nothing more can come, what is left is read.
    fn farewell(&mut self, number: u32, side: usize, segment: &Segment<'_>, now: Now) {
        let Some(flow) = self.flows.at(number) else { return };
        if let Some(finished) = flow.finished.get_mut(side) {
            *finished = true;
        }
        flow.reset |= segment.flags.reset();
        if flow.is_closed() {
            let before = flow.kept_bytes();
            flow.end_reading(&mut self.record, now);
            self.stream_bytes = self.stream_bytes.saturating_sub(before);
        }
    }

    /// The number of the conversation that the packet belongs to, and the side that sent it.
    #[inline]
    fn find(&mut self, carried: &Carried<'_>, ports: [u16; 2]) -> (u32, usize) {
        let [source_port, destination_port] = ports;
        let source = if ip::is_unspecified(carried.source) {
            // Those who have no address yet are told apart by their link address.
            NO_ADDRESS | u128::from(carried.link.source)
        } else {
            carried.source
        };
        let (key, side) = FlowKey::new(
            (source, source_port),
            (carried.destination, destination_port),
            carried.protocol,
        );
        let hash = self.flows.hash(&key);
        match self.flows.find(hash, &key) {
            Some(number) => (number, side),
            None => (self.open(carried, key, hash, side, ports), side),
        }
    }

    fn open(
        &mut self,
        carried: &Carried<'_>,
        key: FlowKey,
        hash: u32,
        side: usize,
        ports: [u16; 2],
    ) -> u32 {
        if self.flows.is_full()
            && let Some(flow) = self.flows.evict()
        {
            let what = "more conversations at once than we follow";
            self.record.oddities.count("wire", what, Answerable::Us, carried.now.frame);
            self.close(flow, carried.now);
        }
        let Link { source, destination, vlan } = carried.link;
        let sender = HostKey { ip: carried.source, mac: source, vlan, station: 0 };
        let receiver = HostKey { ip: carried.destination, mac: destination, vlan, station: 0 };
        let pair = (self.endpoint(sender, carried.now), self.endpoint(receiver, carried.now));
        let ([from, to], hosts) = (ports, if side == 0 { pair } else { (pair.1, pair.0) });
        let ports = if side == 0 { [from, to] } else { [to, from] };
        let transfer = self.transfers.find(carried, [from, to]);
        let mut parties = Parties {
            hosts: [hosts.0, hosts.1],
            spoke: [false; 2],
            ports,
            server: server_by_port(ports, side, |port| self.record.is_known(port)),
            basis: Basis::Ports,
            application: None,
        };
        if let Some(by_sender) = transfer {
            parties.identified(tftp::NAME, if by_sender { side } else { 1 - side });
        }
        let mut flow = Flow::new(key, hash, parties, carried.now);
        if transfer.is_some() {
            flow.pace.settle();
        }
        self.flows.insert(flow)
    }

    /// Counts the packet for its conversation and its sender.
    #[inline]
    fn count(&mut self, number: u32, side: usize, carried: &Carried<'_>) {
        let (link, now) = (carried.link, carried.now);
        let Some(flow) = self.flows.at(number) else { return };
        flow.count(&now);
        let mut host = flow.parties.host(side);
        let known = self.record.hosts.key(host).is_some_and(|key| key.mac == link.source);
        if !known {
            let key = HostKey { ip: carried.source, mac: link.source, vlan: link.vlan, station: 0 };
            host = self.record.hosts.number(key);
        }
        // What a side sends from is its endpoint, rather than what others send it to.
        flow.parties.speaks(side, host);
        self.record.hosts.sent(host, now.time, now.frame, now.wire_bytes);
        self.record.hosts.hopped(host, carried.hops);
    }

    /// The conversation is over: reads what is left and adds it to the totals.
    fn close(&mut self, mut flow: Flow, now: Now) {
        let before = flow.kept_bytes();
        flow.end_reading(&mut self.record, now);
        self.stream_bytes = self.stream_bytes.saturating_sub(before);
        self.fold(&mut flow);
    }

    /// Adds what a conversation has gathered to the totals.
    fn fold(&mut self, flow: &mut Flow) {
        if flow.packets == 0 {
            return;
        }
        let parties = flow.parties;
        let server = self.called(&parties);
        let key = ConversationKey {
            client: parties.host(1 - server),
            server: parties.host(server),
            transport: transport(flow.key.protocol()),
            port: parties.port_of(server),
            application: parties.application,
        };
        let share = Share {
            packets: flow.packets,
            bytes: flow.bytes,
            connections: u64::from(!flow.counted),
            answered: parties.has_spoken(server),
            first_seen: flow.first_seen,
            last_seen: flow.last_seen,
        };
        self.conversation(key, share, flow.first_frame);
        self.roles(flow);
        flow.start_anew();
    }

    /// The side that a conversation is kept under as server: a group was always called.
    fn called(&self, parties: &Parties) -> usize {
        let server = parties.server;
        let client_is_group = self.record.is_group(parties.host(1 - server));
        if client_is_group { 1 - server } else { server }
    }

    fn conversation(&mut self, key: ConversationKey, share: Share, frame: u64) {
        let known = key.client != NO_HOST && key.server != NO_HOST;
        if !known || !self.conversations.add(key, share) {
            let what = "more conversations than we keep totals of";
            self.record.oddities.count("wire", what, Answerable::Us, frame);
        }
    }

    /// Says of both parties which part they play in the application.
    fn roles(&mut self, flow: &Flow) {
        let Some(application) = flow.parties.application else { return };
        for side in [0, 1] {
            let host = flow.parties.host(side);
            if !flow.parties.has_spoken(side) || self.record.is_group(host) {
                continue;
            }
            let part = if side == flow.parties.server { "server" } else { "client" };
            self.record.add(&Finding {
                host,
                attribute: Attribute::Role,
                value: &format!("{application}_{part}"),
                confidence: Confidence::STRONG,
                protocol: application,
                field: "conversation",
                rule: Some("flow.role"),
                frame: flow.first_frame,
                offset: 0,
                length: flow.first_frame_bytes,
                first_seen: flow.first_seen,
                last_seen: flow.last_seen,
            });
        }
    }
}

fn unread_link(kind: LinkKind) -> Skip {
    match kind {
        LinkKind::EtherType(number) => Skip::EtherType(number),
        LinkKind::Snap(organisation, number) => Skip::Snap(organisation, number),
    }
}

/// Fragmented datagrams inside tunnels inside fragmented datagrams that are followed.
const FRAGMENT_NESTING_MAX: u8 = 3;

/// In front of a link address where there is no network address: no host's address starts so.
const NO_ADDRESS: u128 = u128::MAX << 64;
