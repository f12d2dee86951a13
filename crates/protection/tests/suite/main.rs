//! A policy from its text to the proof of its renderings.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says by failing"
)]

mod made;
mod mutants;
mod nft;
mod oracle;
mod proposed;
mod sets;
mod targets;
mod text;

use jiff::civil::{Date, date};
use protection::policy::{Policy, Refused, Source, read};

/// The day of every test.
const TODAY: Date = date(2026, 11, 25);

/// A small hospital: pumps, their server, scanners, an archive, a vendor's way in.
const HOSPITAL: &str = r#"
[policy]
site = "Main"
networks = ["10.22.0.0/16", "2001:db8:22::/48"]

[[zone]]
name = "pumps-a"
kind = "therapy"
purpose = "infusion pumps, wards 1 and 2"
members = ["10.22.1.0/25", "2001:db8:22:1::/64"]
holds = ["infusion_pump"]

[[zone]]
name = "pumps-b"
kind = "therapy"
purpose = "infusion pumps, wards 3 and 4"
members = ["10.22.1.128/26", "10.22.1.200"]
holds = ["infusion_pump"]

[[zone]]
name = "servers"
kind = "servers"
purpose = "servers of devices"
members = ["10.22.9.10", "10.22.9.12/30", "2001:db8:22:9::10"]

[[zone]]
name = "vendor"
kind = "vendor"
purpose = "where makers come in"
members = ["10.22.50.0/28"]

[[zone]]
name = "internet"
kind = "outside"
purpose = "everything else"
members = ["0.0.0.0/0", "::/0"]

[[block]]
name = "known-bad"
reason = "an advisory says that devices call it"
from = ["anywhere"]
to = ["202.114.4.0/24"]
services = ["any"]

[[conduit]]
name = "pump-server"
purpose = "drug library and status"
from = ["pumps-a", "pumps-b"]
to = ["servers"]
services = ["tcp/3613", "tcp/8000-8010", "udp/3613"]
evidence = ["observed 2026-11"]
approver = "K. Lind"

[[conduit]]
name = "server-updates"
purpose = "updates from the maker"
from = ["servers"]
to = ["internet"]
services = ["tcp/443"]
evidence = ["maker's manual, section 4"]

[[conduit]]
name = "vendor-in"
purpose = "service by the maker"
from = ["vendor"]
to = ["pumps-a"]
services = ["tcp/22", "ping"]
evidence = ["contract"]
expires = "2027-03-31"
"#;

/// Reads one text.
fn policy(text: &str) -> Result<Policy, Vec<Refused>> {
    read(&[Source { name: "policy.toml".into(), text: text.into() }])
}

fn hospital() -> Policy {
    policy(HOSPITAL).unwrap()
}
