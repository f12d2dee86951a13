//! Which datagrams of a conversation are read, and by which protocol.
//!
//! A datagram that the capture cut is read as far as it goes; see `observe::cut`.
//!
//! Limits: [`DATAGRAMS_READ_MAX`] and [`DATAGRAM_PAUSE_MICROS`] keep a flood cheap.

use model::Answerable;

use super::{Basis, Parties};
use crate::dissect::{Datagram, DatagramProtocol, Heard, Server, Sink};
use crate::limits::{DATAGRAM_PAUSE_MICROS, DATAGRAMS_READ_MAX, DATAGRAMS_TRIED_MAX};
use crate::observe::cut::Findings;
use crate::observe::record::Hearing;
use crate::protocols;

/// How many datagrams were read, and when the next is due.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pace {
    protocol: Option<&'static DatagramProtocol>,
    read: u32,
    due: i64,
    settled: bool,
}

impl Pace {
    /// True where the datagram at `now` is to be read; counts it if so.
    #[inline]
    pub(crate) fn is_due(&mut self, now: i64, ports: [u16; 2]) -> bool {
        if self.settled {
            return false;
        }
        let free = if self.protocol.is_some() { DATAGRAMS_READ_MAX } else { DATAGRAMS_TRIED_MAX };
        // A relay speaks for every client behind it, in one conversation.
        let relayed = ports.contains(&DHCP_SERVER_PORT);
        if self.read >= free && now < self.due && !relayed {
            return false;
        }
        self.read = self.read.saturating_add(1);
        self.due = now.saturating_add(DATAGRAM_PAUSE_MICROS);
        true
    }

    /// Reads a datagram from `side`, by the protocol that read the last one or by all.
    pub(crate) fn read(
        &mut self,
        side: usize,
        datagram: &Datagram<'_>,
        parties: &mut Parties,
        hearing: &mut Hearing<'_>,
    ) {
        let hinted = hearing.hinted_datagrams([datagram.source_port, datagram.destination_port]);
        let Some((protocol, heard)) = self.ask(datagram, hinted, hearing) else { return };
        if let Heard::Malformed(what) = heard {
            hearing.oddity(protocol.name, what, Answerable::Sender);
        }
        self.heard(side, protocol, heard, parties);
    }

    /// Reads what is left of a datagram, filled up in two ways.
    pub(crate) fn read_cut(
        &mut self,
        side: usize,
        filled: [Datagram<'_>; 2],
        parties: &mut Parties,
        hearing: &mut Hearing<'_>,
    ) {
        let [one, other] = filled;
        let hinted = hearing.hinted_datagrams([one.source_port, one.destination_port]);
        let (mut first, mut second) = (Findings::default(), Findings::default());
        let answers = [self.ask(&one, hinted, &mut first), self.ask(&other, hinted, &mut second)];
        let Some((protocol, heard)) = answers.iter().flatten().next().copied() else { return };
        let agree = answers.iter().flatten().all(|(other, _)| other.name == protocol.name);
        if agree {
            first.tell_common(&second, one.kept, hearing);
            self.heard(side, protocol, heard, parties);
        }
    }

    /// The conversation is a part of another, which told what it is.
    pub(crate) fn settle(&mut self) {
        self.settled = true;
    }

    /// Asks the protocol that read the last datagram, then all that may be.
    fn ask(
        &self,
        datagram: &Datagram<'_>,
        hinted: u64,
        sink: &mut dyn Sink,
    ) -> Option<(&'static DatagramProtocol, Heard)> {
        let known = self.protocol.map(|protocol| (protocol, (protocol.read)(datagram, sink)));
        known
            .filter(|(_, heard)| *heard != Heard::NotMine)
            .or_else(|| search(datagram, hinted, sink))
    }

    fn heard(
        &mut self,
        side: usize,
        protocol: &'static DatagramProtocol,
        heard: Heard,
        parties: &mut Parties,
    ) {
        let server = match heard {
            Heard::NotMine => return,
            Heard::Malformed(_) => Server::Unclear,
            Heard::Mine(server) => server,
        };
        self.protocol = Some(protocol);
        parties.application.get_or_insert(protocol.name);
        match server {
            Server::Sender => parties.serves(side, Basis::Content),
            Server::Receiver => parties.serves(1 - side, Basis::Content),
            Server::Unclear => {}
        }
    }
}

/// Asks every protocol that the ports or the content may lead to.
fn search(
    datagram: &Datagram<'_>,
    hinted: u64,
    sink: &mut dyn Sink,
) -> Option<(&'static DatagramProtocol, Heard)> {
    for wanted in [true, false] {
        for (bit, protocol) in protocols::DATAGRAM.iter().enumerate() {
            let is_hinted = bit < 64 && hinted >> bit & 1 == 1;
            if is_hinted != wanted || !(is_hinted || protocol.any_port) {
                continue;
            }
            match (protocol.read)(datagram, sink) {
                Heard::NotMine => {}
                heard => return Some((protocol, heard)),
            }
        }
    }
    None
}

const DHCP_SERVER_PORT: u16 = 67;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_sampled() {
        let mut pace = Pace { protocol: protocols::DATAGRAM.first(), ..Pace::default() };
        let reads = |pace: &mut Pace, ports| {
            (0..5_000_000).step_by(1000).filter(|now| pace.is_due(*now, ports)).count()
        };
        assert_eq!(reads(&mut pace, [53, 40000]), DATAGRAMS_READ_MAX as usize + 4);
        assert_eq!(reads(&mut Pace::default(), [9, 9]), DATAGRAMS_TRIED_MAX as usize + 4);
        assert_eq!(reads(&mut Pace::default(), [67, 67]), 5000, "a relay is never sampled");
    }
}
