//! Which datagrams of a conversation are read, and by which protocol.
//!
//! Limits: [`DATAGRAMS_READ_MAX`] and [`DATAGRAM_PAUSE_MICROS`] keep a flood cheap.

use model::Answerable;

use super::{Basis, Parties};
use crate::dissect::{Datagram, DatagramProtocol, Heard, Server};
use crate::limits::{DATAGRAM_PAUSE_MICROS, DATAGRAMS_READ_MAX, DATAGRAMS_TRIED_MAX};
use crate::observe::record::Hearing;
use crate::protocols;

/// How many datagrams were read, and when the next is due.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pace {
    protocol: Option<&'static DatagramProtocol>,
    read: u32,
    due: i64,
}

impl Pace {
    /// True where the datagram at `now` is to be read; counts it if so.
    #[inline]
    pub(crate) fn is_due(&mut self, now: i64, ports: [u16; 2]) -> bool {
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
        let mut heard = self.protocol.map(|protocol| (protocol, ask(protocol, datagram, hearing)));
        if heard.is_none_or(|(_, heard)| heard == Heard::NotMine) {
            heard = search(datagram, hearing);
        }
        let Some((protocol, heard)) = heard else { return };
        let server = match heard {
            Heard::NotMine => return,
            Heard::Malformed(what) => {
                hearing.oddity(protocol.name, what, Answerable::Sender);
                Server::Unclear
            }
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
    hearing: &mut Hearing<'_>,
) -> Option<(&'static DatagramProtocol, Heard)> {
    let hinted = hearing.hinted_datagrams([datagram.source_port, datagram.destination_port]);
    for wanted in [true, false] {
        for (bit, protocol) in protocols::DATAGRAM.iter().enumerate() {
            let is_hinted = bit < 64 && hinted >> bit & 1 == 1;
            if is_hinted != wanted || !(is_hinted || protocol.any_port) {
                continue;
            }
            match ask(protocol, datagram, hearing) {
                Heard::NotMine => {}
                heard => return Some((protocol, heard)),
            }
        }
    }
    None
}

fn ask(protocol: &DatagramProtocol, datagram: &Datagram<'_>, hearing: &mut Hearing<'_>) -> Heard {
    (protocol.read)(datagram, hearing)
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
