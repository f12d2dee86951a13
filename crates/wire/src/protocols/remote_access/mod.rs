//! Remote-access products that say who they are with their first bytes.
//!
//! Source:  `knowledge/remote-access-banners.csv`: what each product's client or server says first.
//! Input:   the first bytes of either side.
//! Output:  the name of the product.
//! Limits:  products whose first bytes are encrypted are told by names and certificates, if at
//!          all; see TLS, TeamViewer and AnyDesk.
//! Privacy: nothing of the connection is copied.

use std::sync::LazyLock;

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};

/// Any of them, over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[1494, 4000, 4899],
    probe,
    open: || Box::new(Banner),
    fields: FIELDS,
};

/// What the first bytes tell.
pub const FIELDS: &[Field] = &[TOOL];

const TOOL: Field = Field::new(
    NAME,
    "first bytes",
    Attribute::RemoteAccessTool,
    Confidence::STRONG,
    "the product whose connections begin so, knowledge/remote-access-banners.csv",
);

/// One way to begin.
struct Row {
    tool: &'static str,
    server: bool,
    start: Vec<u8>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| TEXT.lines().skip(1).filter_map(row).collect());

fn row(line: &'static str) -> Option<Row> {
    let mut cells = line.split(',');
    let (tool, side, digits) = (cells.next()?, cells.next()?, cells.next()?);
    let bytes = digits.as_bytes().chunks(2).map(|pair| {
        std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    Some(Row { tool, server: side == "server", start: bytes.collect::<Option<_>>()? })
}

fn probe(opening: &Opening<'_>) -> Probe {
    let mut may = false;
    for row in ROWS.iter() {
        let said = if row.server { opening.to_client } else { opening.to_server };
        if said.starts_with(&row.start) {
            return Probe::Mine;
        }
        may |= row.start.starts_with(said);
    }
    if may { Probe::NeedMore } else { Probe::NotMine }
}

struct Banner;

impl StreamDissector for Banner {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let server = direction == Direction::ToClient;
        let mut rows = ROWS.iter().filter(|row| row.server == server);
        if let Some(row) = rows.clone().find(|row| input.starts_with(&row.start)) {
            sink.found(&TOOL, About::Sender, row.tool, 0..row.start.len());
            return Step::Done;
        }
        // The side that says nothing of the kind may speak first.
        if rows.any(|row| row.start.starts_with(input)) {
            Step::Used(0)
        } else {
            Step::Skip(u64::MAX)
        }
    }
}

const NAME: &str = "remote_access";
const TEXT: &str = include_str!("../../../../../knowledge/remote-access-banners.csv");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{probe as probes, stream};

    #[test]
    fn every_row_is_read_and_told() {
        assert_eq!(ROWS.len(), TEXT.lines().count() - 1);
        for row in ROWS.iter() {
            assert!(row.start.len() >= 4, "{} proves too little", row.tool);
            let (direction, client, server) = if row.server {
                (Direction::ToClient, &[][..], &row.start[..])
            } else {
                (Direction::ToServer, &row.start[..], &[][..])
            };
            assert_eq!(probes(&PROTOCOL, client, server), Probe::Mine, "{}", row.tool);
            let found = stream(&PROTOCOL, &[(direction, &row.start)]);
            assert!(found.contains(&format!("remote_access_tool = \"{}\"", row.tool)), "{found}");
        }
        assert_eq!(probes(&PROTOCOL, b"GET / HTTP/1.1", b"HTTP/1.1 200"), Probe::NotMine);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(client: Vec<u8>, server: Vec<u8>) {
            stream(&PROTOCOL, &[(Direction::ToServer, &client), (Direction::ToClient, &server)]);
            probes(&PROTOCOL, &client, &server);
        }
    }
}
