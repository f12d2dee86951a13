//! How long a running hub takes from a new disclosure to stored verdicts.
//!
//! `cargo run --release -p hub --example one_disclosure -- STORE FILE…`: opens the store, decides what
//! is pending, and takes the files in one by one, as the hub does; the first one also pays for
//! reading and indexing the documents that are held.

use std::time::Instant;

use hub::{Caller, Hub, IngestRequest};
use model::Timestamp;
use store::StoreUrl;

#[expect(clippy::disallowed_methods, reason = "a measurement, not an engine")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let store = arguments.next().ok_or("name a store and files")?;
    let (hub, caller) = (Hub::open(&StoreUrl::parse(&store)?)?, Caller::console());
    let now = Timestamp::from_seconds(1_795_000_000);
    hub.decide(&caller, "before measuring", now)?;
    for file in arguments {
        let request = IngestRequest { paths: vec![(&file).into()], ..IngestRequest::default() };
        let start = Instant::now();
        let summary = hub.ingest(&caller, &request, now)?;
        let millis = start.elapsed().as_secs_f64() * 1e3;
        println!("{millis:>8.1} ms  {file}: {} accepted", summary.accepted);
    }
    Ok(())
}
