//! DCE/RPC over TCP: the names that Windows tells when it binds.
//!
//! Source:  The Open Group C706 chapter 12 (PDUs); MS-RPCE section 2.2.2.11 (verifier).
//! Input:   both directions; every PDU tells its own length.
//! Output:  what NTLM tells in the verifier of a bind, its answer and the third leg.
//! Limits:  fragments of up to 65,535 bytes; only their verifiers are read.
//! Privacy: see NTLM; what is called and answered is passed over.

use crate::dissect::{
    Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::forms::ntlm;
use crate::reader::Reader;

/// DCE/RPC over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: "dcerpc",
    ports: &[135],
    probe,
    open: || Box::new(Calls),
    fields: FIELDS,
};

/// What NTLM tells.
pub const FIELDS: &[Field] = ntlm::FIELDS;

fn probe(opening: &Opening<'_>) -> Probe {
    Probe::of_sides([opening.to_server, opening.to_client].map(|side| {
        if side.len() < HEADER_BYTES {
            let start = [5, 0];
            let fits = side.iter().zip(start).all(|(byte, want)| *byte <= want.max(1));
            return if fits && side.first().is_none_or(|byte| *byte == 5) {
                Probe::NeedMore
            } else {
                Probe::NotMine
            };
        }
        if Header::read(side).is_some() { Probe::Mine } else { Probe::NotMine }
    }))
}

struct Header {
    kind: u8,
    length: usize,
    verifier: usize,
}

impl Header {
    fn read(input: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(input);
        let [version, minor, kind, _flags] = reader.array()?;
        let [order, characters, rest @ ..] = reader.array::<4>()?;
        let little = order == 0x10;
        let mut number = || if little { reader.u16_le() } else { reader.u16_be() };
        let (length, verifier) = (usize::from(number()?), usize::from(number()?));
        reader.skip(4)?;
        let fits = version == 5
            && minor <= 1
            && kind <= KIND_MAX
            && matches!(order, 0 | 0x10)
            && characters <= 3
            && rest == [0; 2]
            && length >= HEADER_BYTES + verifier;
        fits.then_some(Self { kind, length, verifier })
    }
}

struct Calls;

impl StreamDissector for Calls {
    fn read(&mut self, _direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        if input.len() < HEADER_BYTES {
            return Step::Used(0);
        }
        let Some(header) = Header::read(input) else {
            return Step::Malformed("no header of a PDU");
        };
        if header.verifier == 0 || !BINDS.contains(&header.kind) {
            return Step::Skip(header.length as u64);
        }
        let Some(pdu) = input.get(..header.length) else { return Step::Used(0) };
        let start = header.length - header.verifier;
        let token = pdu.get(start..).unwrap_or_default();
        ntlm::read(token, &|range| range.start + start..range.end + start, sink);
        Step::Used(header.length)
    }
}

const HEADER_BYTES: usize = 16;
/// The last kind of PDU, `orphaned`.
const KIND_MAX: u8 = 19;
/// `bind`, `bind_ack`, `alter_context`, `alter_context_resp`, `auth3`.
const BINDS: [u8; 5] = [11, 12, 14, 15, 16];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{probe as probes, stream};

    fn pdu(kind: u8, body: &[u8], verifier: &[u8]) -> Vec<u8> {
        let length = (HEADER_BYTES + body.len() + verifier.len()) as u16;
        let mut bytes = vec![5, 0, kind, 3, 0x10, 0, 0, 0];
        bytes.extend(length.to_le_bytes());
        bytes.extend((verifier.len() as u16).to_le_bytes());
        bytes.extend([1, 0, 0, 0]);
        [&bytes, body, verifier].concat()
    }

    #[test]
    fn names_stand_in_the_verifier() {
        let bound = pdu(12, &[0; 8], &ntlm::tests::challenge());
        let (call, answer) = (pdu(0, b"CANARY", b""), pdu(2, b"CANARY", b""));
        let found =
            stream(&PROTOCOL, &[(ToServer, &call), (ToClient, &bound), (ToClient, &answer)]);
        assert!(found.contains("sender hostname = "), "{found}");
        assert!(!found.contains("end:"), "{found}");
        assert_eq!(probes(&PROTOCOL, &call, b""), Probe::Mine);
        assert_eq!(probes(&PROTOCOL, &call[..7], b""), Probe::NeedMore);
        assert_eq!(
            probes(&PROTOCOL, &[5, 0, 99, 3, 0x10, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0], b""),
            Probe::NotMine
        );
    }

    proptest::proptest! {
        #[test]
        fn never_panics(kind in 0u8..20, body: Vec<u8>, verifier: Vec<u8>) {
            stream(&PROTOCOL, &[(ToServer, &pdu(kind, &body, &verifier)), (ToClient, &body)]);
        }
    }
}
