//! Both directions of a connection, and the dissector that reads them.
//!
//! Input:  segments; which side is which comes from [`Parties`].
//! Output: findings, into the [`Record`]; the application, into the parties.
//! Limits: [`PROBE_BYTES_MAX`] until a probe decides, [`BUFFER_BYTES_MAX`] afterwards, and
//!         [`SHOWN_FACTOR_MAX`] times the input in repeated looks at it.

use model::Answerable;

use super::Segment;
use super::half::{Accepted, Half};
use crate::dissect::{
    BUFFER_BYTES_MAX, Direction, Opening, PROBE_BYTES_MAX, Probe, Step, StreamDissector,
    StreamProtocol,
};
use crate::flow::Parties;
use crate::limits::{MIDSTREAM_TRIES_MAX, SHOWN_BYTES_FREE, SHOWN_FACTOR_MAX};
use crate::observe::record::{Hearing, Now, Record};
use crate::place::{Origin, Place};
use crate::protocols;

/// A connection somebody reads, or may yet.
pub(crate) struct Connection {
    sides: [Side; 2],
    reading: Reading,
    /// The side whose payload came first.
    first: Option<usize>,
    /// Segments tried so far on a connection picked up in the middle; none left otherwise.
    tries_left: u8,
    /// Protocols that may still be found inside of others.
    wraps_left: u8,
    received_bytes: u64,
    stalled_bytes: u64,
}

/// What one side sent.
#[derive(Default)]
struct Side {
    half: Half,
    unread: Unread,
    /// Where its first byte in order stood.
    first: Option<Place>,
}

/// Bytes in order that nobody used so far.
#[derive(Default)]
struct Unread {
    /// Offset in the stream of the first of them.
    start: u64,
    bytes: Vec<u8>,
    places: Vec<Place>,
}

enum Reading {
    /// No probe has decided; the set bits are the protocols it may be.
    Undecided(u64),
    Decided(&'static StreamProtocol, Box<dyn StreamDissector>),
}

/// Whether the connection is read on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Interest {
    Open,
    Over,
}

/// What a connection needs of its surroundings.
pub(crate) struct Around<'a> {
    pub(crate) record: &'a mut Record,
    pub(crate) parties: &'a mut Parties,
    pub(crate) now: Now,
}

/// Bytes in order, and where they came from.
#[derive(Clone, Copy)]
struct Fresh<'a> {
    start: u64,
    bytes: &'a [u8],
    place: Place,
}

impl Connection {
    /// A new connection, and the sequence numbers with which each side's stream starts, where
    /// they were captured.
    pub(crate) fn new(syn: [Option<u32>; 2]) -> Box<Self> {
        let midstream = syn == [None; 2];
        let mut connection = Box::new(Self {
            sides: Default::default(),
            reading: Reading::Undecided(ALL_PROTOCOLS),
            first: None,
            tries_left: if midstream { MIDSTREAM_TRIES_MAX } else { 0 },
            wraps_left: WRAPS_MAX,
            received_bytes: 0,
            stalled_bytes: 0,
        });
        for (side, sequence) in connection.sides.iter_mut().zip(syn) {
            if let Some(sequence) = sequence {
                side.half.begin(sequence);
            }
        }
        connection
    }

    /// Takes one segment that `side` sent. `place` is where its payload stands.
    pub(crate) fn segment(
        &mut self,
        side: usize,
        segment: &Segment<'_>,
        bytes: &[u8],
        place: Place,
        around: &mut Around<'_>,
    ) -> Interest {
        if let (Some(number), Some(other)) = (segment.acknowledgement, self.side(1 - side)) {
            other.half.begin(number);
            other.half.acknowledge(number);
        }
        let Some(own) = self.side(side) else { return Interest::Over };
        own.half.begin(segment.sequence);
        if !bytes.is_empty() || segment.missing > 0 {
            let accepted = own.half.accept(segment.sequence, bytes, segment.missing, place);
            if self.accepted(side, accepted, bytes, segment.missing, place, around)
                == Interest::Over
            {
                return Interest::Over;
            }
        }
        for side in [0, 1] {
            if let Some(lost) = self.side(side).and_then(|side| side.half.overdue())
                && self.lost(side, lost, around) == Interest::Over
            {
                return Interest::Over;
            }
        }
        Interest::Open
    }

    /// The connection ends: what waits behind holes is read.
    pub(crate) fn end(&mut self, around: &mut Around<'_>) {
        for side in [0, 1] {
            while let Some(lost) = self.side(side).and_then(|side| side.half.give_up()) {
                if self.lost(side, lost, around) == Interest::Over {
                    return;
                }
            }
        }
        self.farewell(around);
    }

    /// Lets the dissector say what it held back until the end.
    fn farewell(&mut self, around: &mut Around<'_>) {
        let Reading::Decided(_, dissector) = &mut self.reading else { return };
        let server = around.parties.server;
        let client = 1 - server;
        let place = self.sides.get(client).and_then(|side| side.first);
        let places = place.as_slice();
        let origin = Origin { base: place.map_or(0, |place| place.start), places };
        let answered = around.parties.has_spoken(server);
        around.hearing(client).at(origin, |sink| dissector.end(answered, sink));
    }

    /// Bytes kept.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.sides.iter().map(|side| side.half.kept_bytes() + side.unread.kept_bytes()).sum()
    }

    fn side(&mut self, side: usize) -> Option<&mut Side> {
        self.sides.get_mut(side)
    }

    fn accepted(
        &mut self,
        side: usize,
        accepted: Accepted,
        bytes: &[u8],
        missing: u32,
        place: Place,
        around: &mut Around<'_>,
    ) -> Interest {
        match accepted {
            Accepted::Next { skip, start } => {
                let fresh = Fresh {
                    start,
                    bytes: bytes.get(skip..).unwrap_or_default(),
                    place: Place { start, offset: place.offset + skip as u32, ..place },
                };
                if self.deliver(side, fresh, missing, around) == Interest::Over {
                    return Interest::Over;
                }
                return self.deliver_early(side, around);
            }
            Accepted::Early { consistent: true } | Accepted::Old => {}
            Accepted::Early { consistent: false } => {
                around.odd("tcp", "overlap with different bytes", Answerable::Sender);
            }
            Accepted::Elsewhere => {
                around.odd("tcp", "segment far outside the window", Answerable::Sender);
            }
        }
        Interest::Open
    }

    fn deliver_early(&mut self, side: usize, around: &mut Around<'_>) -> Interest {
        while let Some((piece, skip)) = self.side(side).and_then(|side| side.half.ready()) {
            let start = piece.start + skip as u64;
            let fresh = Fresh {
                start,
                bytes: piece.bytes.get(skip..).unwrap_or_default(),
                place: Place { start, offset: piece.place.offset + skip as u32, ..piece.place },
            };
            if self.deliver(side, fresh, piece.missing, around) == Interest::Over {
                return Interest::Over;
            }
        }
        Interest::Open
    }

    /// Bytes never came: tells the dissector, then goes on with what waited behind them.
    fn lost(&mut self, side: usize, lost: u64, around: &mut Around<'_>) -> Interest {
        if self.gap(side, lost, around) == Interest::Over {
            return Interest::Over;
        }
        self.deliver_early(side, around)
    }

    fn gap(&mut self, side: usize, lost: u64, around: &mut Around<'_>) -> Interest {
        around.odd("tcp", "bytes missing from a stream", Answerable::Capture);
        let direction = around.parties.direction(side);
        let Some(own) = self.sides.get_mut(side) else { return Interest::Over };
        own.unread.clear();
        let Reading::Decided(protocol, dissector) = &mut self.reading else {
            return self.try_again();
        };
        match dissector.gap(direction, lost) {
            Step::Used(_) => Interest::Open,
            Step::Skip(count) => {
                own.half.skip_ahead(count);
                Interest::Open
            }
            end => around.over(protocol.name, end),
        }
    }

    fn deliver(
        &mut self,
        side: usize,
        fresh: Fresh<'_>,
        missing: u32,
        around: &mut Around<'_>,
    ) -> Interest {
        self.received_bytes += fresh.bytes.len() as u64;
        if let Some(own) = self.side(side) {
            own.first.get_or_insert(fresh.place);
        }
        if !fresh.bytes.is_empty() {
            let interest = match self.reading {
                Reading::Undecided(candidates) => self.probe(side, fresh, candidates, around),
                Reading::Decided(..) => self.read(side, Some(fresh), around),
            };
            if interest == Interest::Over {
                return Interest::Over;
            }
        }
        if missing > 0 { self.gap(side, u64::from(missing), around) } else { Interest::Open }
    }

    /// Asks the protocols that it may be.
    fn probe(
        &mut self,
        side: usize,
        fresh: Fresh<'_>,
        candidates: u64,
        around: &mut Around<'_>,
    ) -> Interest {
        let candidates =
            if self.starts_afresh(side, fresh, around) { ALL_PROTOCOLS } else { candidates };
        let first = *self.first.get_or_insert(side);
        let direct = self.sides.iter().all(|side| side.unread.bytes.is_empty());
        if !direct && let Some(own) = self.side(side) {
            own.unread.push(fresh);
        }
        let mut shown: [&[u8]; 2] = [&[], &[]];
        for (view, side) in shown.iter_mut().zip(&self.sides) {
            *view = &side.unread.bytes;
        }
        if let (true, Some(view)) = (direct, shown.get_mut(side)) {
            *view = fresh.bytes;
        }
        let full = shown.iter().any(|bytes| bytes.len() > PROBE_BYTES_MAX);
        match ask(candidates, shown, around.parties, around.record.hinted(around.parties.ports)) {
            Answer::Is(protocol, server) => {
                around.parties.identified(protocol.name, server);
                self.reading = Reading::Decided(protocol, (protocol.open)());
                if direct {
                    return self.read(side, Some(fresh), around);
                }
                if self.read(first, None, around) == Interest::Over {
                    return Interest::Over;
                }
                match self.reading {
                    Reading::Decided(..) => self.read(1 - first, None, around),
                    Reading::Undecided(_) => Interest::Open,
                }
            }
            Answer::May(candidates) if candidates != 0 && !full => {
                self.reading = Reading::Undecided(candidates);
                if let (true, Some(own)) = (direct, self.side(side)) {
                    own.unread.push(fresh);
                }
                Interest::Open
            }
            Answer::May(_) => self.try_again(),
        }
    }

    /// In the middle of a connection, a message may start with this segment, and what was kept of
    /// the side before it is the end of another.
    fn starts_afresh(&mut self, side: usize, fresh: Fresh<'_>, around: &Around<'_>) -> bool {
        let Some(own) = self.sides.get_mut(side) else { return false };
        if self.tries_left == 0 || own.unread.bytes.is_empty() {
            return false;
        }
        self.tries_left -= 1;
        let mut shown: [&[u8]; 2] = [&[], &[]];
        if let Some(view) = shown.get_mut(side) {
            *view = fresh.bytes;
        }
        let hinted = around.record.hinted(around.parties.ports);
        let starts = matches!(ask(ALL_PROTOCOLS, shown, around.parties, hinted), Answer::Is(..));
        if starts {
            self.first = None;
            self.forget();
        }
        starts
    }

    /// Nobody reads this opening. In the middle of a connection the next segment may start a
    /// message.
    fn try_again(&mut self) -> Interest {
        let Some(left) = self.tries_left.checked_sub(1) else { return Interest::Over };
        self.tries_left = left;
        self.first = None;
        self.reading = Reading::Undecided(ALL_PROTOCOLS);
        self.forget();
        Interest::Open
    }

    fn forget(&mut self) {
        for side in &mut self.sides {
            side.unread.clear();
        }
    }

    /// The protocol so far only led to another one, which begins with what is left.
    fn unwrap(&mut self, around: &mut Around<'_>) -> Interest {
        let Some(left) = self.wraps_left.checked_sub(1) else { return Interest::Over };
        self.wraps_left = left;
        self.first = (0..2)
            .find(|side| self.sides.get(*side).is_some_and(|side| !side.unread.bytes.is_empty()));
        self.reading = Reading::Undecided(ALL_PROTOCOLS);
        let Some(first) = self.first else { return Interest::Open };
        self.probe_left(first, around)
    }

    /// Asks the protocols about what is left of both sides.
    fn probe_left(&mut self, first: usize, around: &mut Around<'_>) -> Interest {
        let [zero, one] = &self.sides;
        let shown = [zero.unread.bytes.as_slice(), one.unread.bytes.as_slice()];
        let hinted = around.record.hinted(around.parties.ports);
        match ask(ALL_PROTOCOLS, shown, around.parties, hinted) {
            Answer::Is(protocol, server) => {
                around.parties.identified(protocol.name, server);
                self.reading = Reading::Decided(protocol, (protocol.open)());
                self.read(first, None, around)
            }
            Answer::May(0) => Interest::Over,
            Answer::May(candidates) => {
                self.reading = Reading::Undecided(candidates);
                Interest::Open
            }
        }
    }

    /// Shows the dissector what it has not used so far, and what is new.
    fn read(&mut self, side: usize, fresh: Option<Fresh<'_>>, around: &mut Around<'_>) -> Interest {
        let Reading::Decided(protocol, dissector) = &mut self.reading else {
            return Interest::Over;
        };
        let Some(own) = self.sides.get_mut(side) else { return Interest::Over };
        let direct = fresh.filter(|_| own.unread.bytes.is_empty());
        if let (None, Some(fresh)) = (direct, fresh) {
            own.unread.push(fresh);
        }
        let place = direct.map(|fresh| fresh.place);
        let (input, base, places) = match (&direct, &place) {
            (Some(fresh), Some(place)) => (fresh.bytes, fresh.start, std::slice::from_ref(place)),
            _ => (own.unread.bytes.as_slice(), own.unread.start, own.unread.places.as_slice()),
        };
        let direction = around.parties.direction(side);
        let origin = Origin { base, places };
        let shown = show(dissector.as_mut(), direction, input, origin, &mut around.hearing(side));
        self.stalled_bytes += shown.stalled as u64;
        if let Some(end) = shown.end {
            return around.over(protocol.name, end);
        }
        match direct {
            Some(fresh) => own.unread.keep(fresh, shown.used),
            None => own.unread.consume(shown.used),
        }
        if shown.skip > 0 {
            own.half.skip_to((base + shown.used as u64).saturating_add(shown.skip));
        }
        let name = protocol.name;
        if shown.wrapped {
            return self.unwrap(around);
        }
        if own.unread.kept_bytes() > BUFFER_BYTES_MAX {
            return around.over(name, Step::OverLimit("message larger than we buffer"));
        }
        if self.stalled_bytes > self.received_bytes * SHOWN_FACTOR_MAX + SHOWN_BYTES_FREE {
            return around.over(name, Step::OverLimit("message in more pieces than we look at"));
        }
        Interest::Open
    }
}

/// What a dissector made of its input.
struct Shown {
    used: usize,
    /// What follows is another protocol.
    wrapped: bool,
    /// Bytes behind the input that it does not want.
    skip: u64,
    /// Bytes that it looked at and could not use yet.
    stalled: usize,
    end: Option<Step>,
}

/// Shows `input` until it is used up or the dissector waits for more.
fn show(
    dissector: &mut dyn StreamDissector,
    direction: Direction,
    input: &[u8],
    origin: Origin<'_>,
    hearing: &mut Hearing<'_>,
) -> Shown {
    let mut shown = Shown { used: 0, wrapped: false, skip: 0, stalled: 0, end: None };
    while let Some(rest) = input.get(shown.used..).filter(|rest| !rest.is_empty()) {
        let base = origin.base + shown.used as u64;
        let step =
            hearing.at(Origin { base, ..origin }, |sink| dissector.read(direction, rest, sink));
        match step {
            Step::Used(0) | Step::Skip(0) => {
                shown.stalled = rest.len();
                break;
            }
            Step::Used(count) => shown.used += count.min(rest.len()),
            Step::Wrapped(count) => {
                shown.used += count.min(rest.len());
                shown.wrapped = true;
                break;
            }
            Step::Skip(count) => {
                let here = count.min(rest.len() as u64);
                shown.used += here as usize;
                shown.skip = count - here;
            }
            end => {
                shown.end = Some(end);
                break;
            }
        }
    }
    shown
}

/// What the probes said.
enum Answer {
    /// It is this protocol, and this side is the server.
    Is(&'static StreamProtocol, usize),
    /// It may be one of these.
    May(u64),
}

/// Asks the candidates, those that the port hints at first.
fn ask(candidates: u64, shown: [&[u8]; 2], parties: &Parties, hinted: u64) -> Answer {
    let mut may = 0;
    for round in [candidates & hinted, candidates & !hinted] {
        for (bit, protocol) in protocols::STREAM.iter().enumerate().take(64) {
            if round >> bit & 1 == 0 {
                continue;
            }
            for server in parties.possible_servers() {
                let [zero, one] = shown;
                let (to_server, to_client) = if server == 1 { (zero, one) } else { (one, zero) };
                let port = parties.port_of(server);
                match (protocol.probe)(&Opening { to_server, to_client, port }) {
                    Probe::Mine => return Answer::Is(protocol, server),
                    Probe::NeedMore => may |= 1 << bit,
                    Probe::NotMine => {}
                }
            }
        }
    }
    Answer::May(may)
}

impl Unread {
    fn push(&mut self, fresh: Fresh<'_>) {
        if self.bytes.is_empty() {
            self.start = fresh.start;
            self.places.clear();
        }
        self.places.push(fresh.place);
        self.bytes.extend_from_slice(fresh.bytes);
    }

    /// Keeps what is left of a segment that was read where it lies.
    fn keep(&mut self, fresh: Fresh<'_>, used: usize) {
        if let Some(rest) = fresh.bytes.get(used..).filter(|rest| !rest.is_empty()) {
            self.push(Fresh { start: fresh.start + used as u64, bytes: rest, place: fresh.place });
        }
    }

    fn consume(&mut self, used: usize) {
        if used == 0 {
            return;
        }
        self.bytes.drain(..used.min(self.bytes.len()));
        self.start += used as u64;
        let behind = self.places.partition_point(|place| place.start <= self.start);
        self.places.drain(..behind.saturating_sub(1));
        if self.bytes.is_empty() {
            self.clear();
        }
    }

    fn clear(&mut self) {
        // The memory goes back, since most connections never need it again.
        self.bytes = Vec::new();
        self.places = Vec::new();
    }

    fn kept_bytes(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<Place>()
    }
}

impl Around<'_> {
    fn odd(&mut self, protocol: &'static str, what: &'static str, answerable: Answerable) {
        self.record.oddities.count(protocol, what, answerable, self.now.frame);
    }

    /// Notes why a dissector stopped.
    fn over(&mut self, protocol: &'static str, end: Step) -> Interest {
        match end {
            Step::Malformed(what) => self.odd(protocol, what, Answerable::Sender),
            Step::OverLimit(what) => self.odd(protocol, what, Answerable::Us),
            Step::Used(_) | Step::Skip(_) | Step::Wrapped(_) | Step::Done => {}
        }
        Interest::Over
    }

    fn hearing(&mut self, side: usize) -> Hearing<'_> {
        Hearing::new(self.record, self.parties.host(side), self.parties.host(1 - side), self.now)
    }
}

/// Protocols inside of others that are followed: a proxy's line, a proxy, and what it carries.
const WRAPS_MAX: u8 = 4;

/// Every protocol is possible.
const ALL_PROTOCOLS: u64 = u64::MAX;
