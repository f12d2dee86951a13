//! Modbus over TCP: who asks, who answers, and what a device says it is.
//!
//! Source:  MODBUS Messaging on TCP/IP Implementation Guide V1.0b section 3.1.3; MODBUS
//!          Application Protocol V1.1b3 section 6.21 (Read Device Identification).
//! Input:   both directions of a connection.
//! Output:  roles, units that answered, and the identification objects.
//! Limits:  behind a gateway several devices share one address; the first that identifies itself
//!          is told, others are counted. Values of registers are never copied.

mod shape;

use model::{Answerable, Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::reader::Reader;

/// Modbus over TCP.
pub const PROTOCOL: StreamProtocol =
    StreamProtocol { name: NAME, ports: &[502], probe, open, fields: FIELDS };

/// What a client or server tells.
pub const FIELDS: &[Field] =
    &[CLIENT, SERVER, UNIT, VENDOR_NAME, PRODUCT_CODE, REVISION, PRODUCT_NAME, MODEL_NAME];

const CLIENT: Field =
    Field::new(NAME, "request", Attribute::Role, Confidence::STRONG, "asks a server (section 4.1)");
const SERVER: Field = Field::new(
    NAME,
    "response",
    Attribute::Role,
    Confidence::STRONG,
    "answers a client (section 4.1)",
);
const UNIT: Field = Field::new(
    NAME,
    "unit identifier",
    Attribute::ModbusUnit,
    Confidence::STATED,
    "unit that answered without an exception (guide, 3.1.3)",
);
const VENDOR_NAME: Field =
    Field::new(NAME, "VendorName (0)", Attribute::Maker, Confidence::STATED, "maker (6.21)");
const PRODUCT_CODE: Field = Field::new(
    NAME,
    "ProductCode (1)",
    Attribute::ModelNumber,
    Confidence::STATED,
    "product code (6.21)",
);
const REVISION: Field = Field::new(
    NAME,
    "MajorMinorRevision (2)",
    Attribute::SoftwareVersion,
    Confidence::STATED,
    "revision (6.21)",
);
const PRODUCT_NAME: Field = Field::new(
    NAME,
    "ProductName (4)",
    Attribute::Model,
    Confidence::STRONG,
    "product name (6.21)",
);
const MODEL_NAME: Field =
    Field::new(NAME, "ModelName (5)", Attribute::Model, Confidence::STATED, "model name (6.21)");

fn probe(opening: &Opening<'_>) -> Probe {
    let request = shape::judge(opening.to_server, false);
    let response = shape::judge(opening.to_client, true);
    match (request, response) {
        (Probe::NotMine, _) | (_, Probe::NotMine) => Probe::NotMine,
        (Probe::Mine, _) | (_, Probe::Mine) => Probe::Mine,
        _ => Probe::NeedMore,
    }
}

fn open() -> Box<dyn StreamDissector> {
    Box::new(Messages::default())
}

#[derive(Default)]
struct Messages {
    client_told: bool,
    server_told: bool,
    /// One bit for each unit that was told.
    units_told: [u64; 4],
    /// The unit whose identification was told.
    identified: Option<u8>,
}

impl StreamDissector for Messages {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let mut reader = Reader::new(input);
        let header = match shape::header(&mut reader) {
            None => return Step::Used(0),
            Some(Err(what)) => return Step::Malformed(what),
            Some(Ok(header)) => header,
        };
        let Some(mut message) = reader.part(header.message_bytes) else { return Step::Used(0) };
        match direction {
            Direction::ToServer => {
                if !std::mem::replace(&mut self.client_told, true) {
                    sink.found(&CLIENT, About::Sender, "modbus_client", 0..HEADER_BYTES);
                }
            }
            Direction::ToClient => self.response(header.unit, &mut message, sink),
        }
        Step::Used(reader.position())
    }
}

impl Messages {
    fn response(&mut self, unit: u8, message: &mut Reader<'_>, sink: &mut dyn Sink) {
        if !std::mem::replace(&mut self.server_told, true) {
            sink.found(&SERVER, About::Sender, "modbus_server", 0..HEADER_BYTES);
        }
        let Some(function) = message.u8().filter(|function| function & EXCEPTION == 0) else {
            return;
        };
        self.unit(unit, sink);
        if function != INTERFACE_TRANSPORT || message.u8() != Some(READ_IDENTIFICATION) {
            return;
        }
        if *self.identified.get_or_insert(unit) != unit {
            sink.odd(NAME, "second unit behind one address is not told apart", Answerable::Us);
        } else if identification(message, sink).is_none() {
            sink.odd(NAME, "device identification ends early", Answerable::Sender);
        }
    }

    fn unit(&mut self, unit: u8, sink: &mut dyn Sink) {
        let (word, bit) = (usize::from(unit / 64), unit % 64);
        if let Some(told) = self.units_told.get_mut(word).filter(|told| **told >> bit & 1 == 0) {
            *told |= 1 << bit;
            sink.found(&UNIT, About::Sender, &unit.to_string(), HEADER_BYTES - 1..HEADER_BYTES);
        }
    }
}

/// The objects of an identification: number, length, text.
fn identification(message: &mut Reader<'_>, sink: &mut dyn Sink) -> Option<()> {
    let [_code, _conformity, _more, _next, count] = message.array()?;
    for _ in 0..count {
        let (number, size) = (message.u8()?, message.u8()?);
        let start = message.position();
        let value = message.take(usize::from(size))?;
        let field = match number {
            0 => &VENDOR_NAME,
            1 => &PRODUCT_CODE,
            2 => &REVISION,
            4 => &PRODUCT_NAME,
            5 => &MODEL_NAME,
            _ => continue,
        };
        sink.found_bytes(field, About::Sender, value, start..message.position());
    }
    Some(())
}

const NAME: &str = "modbus";
const HEADER_BYTES: usize = 7;
const EXCEPTION: u8 = 0x80;
const INTERFACE_TRANSPORT: u8 = 43;
const READ_IDENTIFICATION: u8 = 14;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{self, hex, stream};

    const ASK: &str = "0001 0000 0006 01 03 0000 0001";
    const ANSWER: &str = "0001 0000 0005 01 03 02 0007";
    const ASK_IDENTITY: &str = "0002 0000 0005 01 2b 0e 01 00";
    const IDENTITY: &str =
        "0002 0000 0017 01 2b 0e 01 01 00 00 03 00 04 41636d65 01 02 4d37 02 03 312e32";

    #[test]
    fn probes() {
        let (ask, answer) = (hex(ASK), hex(ANSWER));
        for (name, to_server, to_client, want) in [
            ("request", ask.as_slice(), [].as_slice(), Probe::Mine),
            ("response only", &[], &answer, Probe::Mine),
            ("both", &ask, &answer, Probe::Mine),
            ("part of a header", &ask[..5], &[], Probe::NeedMore),
            ("part of a message", &ask[..9], &[], Probe::NeedMore),
            ("nothing", &[], &[], Probe::NeedMore),
            ("request, then text", &ask, b"220 ready\r\n", Probe::NotMine),
            ("text", b"GET / HTTP/1.1\r\n", &[], Probe::NotMine),
            (
                "length that does not fit",
                &hex("0001 0000 0007 01 03 0000 0001 00"),
                &[],
                Probe::NotMine,
            ),
        ] {
            assert_eq!(testing::probe(&PROTOCOL, to_server, to_client), want, "{name}");
        }
    }

    fn answered(bytes: &str) -> String {
        let (ask, bytes) = (hex(ASK), hex(bytes));
        let want = "sender role = \"modbus_client\" request @0+7\n\
             sender role = \"modbus_server\" response @0+7\n";
        let turns = [(Direction::ToServer, ask.as_slice()), (Direction::ToClient, &bytes)];
        let transcript = stream(&PROTOCOL, &turns);
        transcript.strip_prefix(want).map(str::to_owned).unwrap_or(transcript)
    }

    #[test]
    fn responses() {
        let unit = "sender modbus_unit = \"1\" unit identifier @6+1\n";
        let identity = "sender maker = \"Acme\" VendorName (0) @16+4\n\
             sender model_number = \"M7\" ProductCode (1) @22+2\n\
             sender software_version = \"1.2\" MajorMinorRevision (2) @26+3\n";
        let other = IDENTITY.replacen("0017 01", "0017 02", 1);
        for (name, bytes, want) in [
            ("registers", ANSWER.to_owned(), unit.to_owned()),
            ("twice", ANSWER.repeat(2), unit.to_owned()),
            ("exception", "0001 0000 0003 01 83 0b".to_owned(), String::new()),
            ("identification", IDENTITY.to_owned(), [unit, identity].concat()),
            (
                "two units",
                IDENTITY.to_owned() + &other,
                [
                    unit,
                    identity,
                    "sender modbus_unit = \"2\" unit identifier @35+1\n\
                 odd modbus: second unit behind one address is not told apart (Us)\n",
                ]
                .concat(),
            ),
            (
                "names",
                "0002 0000 0010 01 2b 0e 02 02 00 00 02 04 02 5031 05 02 4d31".to_owned(),
                [
                    unit,
                    "sender model = \"P1\" ProductName (4) @16+2\n\
                  sender model = \"M1\" ModelName (5) @20+2\n",
                ]
                .concat(),
            ),
            (
                "identification cut",
                "0002 0000 000a 01 2b 0e 01 01 00 00 03 00 04".to_owned(),
                [unit, "odd modbus: device identification ends early (Sender)\n"].concat(),
            ),
            ("other protocol", "0001 0001 0005 01 03 02 0007".to_owned(), String::new()),
        ] {
            let got = answered(&bytes);
            let got =
                got.strip_prefix("sender role = \"modbus_client\" request @0+7\n").unwrap_or(&got);
            let want = if name == "other protocol" {
                "end: Malformed(\"protocol identifier is not zero\")\n".to_owned()
            } else {
                want
            };
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn every_prefix_waits() {
        let whole = hex(IDENTITY);
        for seen in 0..whole.len() {
            let turns = [(Direction::ToClient, &whole[..seen])];
            assert_eq!(stream(&PROTOCOL, &turns), "", "{seen}");
        }
        assert_eq!(testing::probe(&PROTOCOL, &hex(ASK_IDENTITY), &whole), Probe::Mine);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, function: u8) {
            let mut message = vec![0, 1, 0, 0, 0, (bytes.len().min(250) + 2) as u8, 1, function];
            message.extend(&bytes);
            testing::probe(&PROTOCOL, &message, &bytes);
            stream(&PROTOCOL, &[(Direction::ToClient, &message), (Direction::ToServer, &bytes)]);
        }
    }
}
