//! Writes a policy as the text that [`read`](super::read()) reads: sorted, commented with why, one
//! thing a line, so that a change is a small difference.

use std::fmt::Write as _;

use super::{Block, Conduit, End, Policy, Service, Zone};
use crate::packets::Ports;

/// The text of a policy.
pub fn write(policy: &Policy) -> String {
    let mut text = String::from(HEAD);
    text += "\n[policy]\n";
    line(&mut text, "site", &quoted(&policy.site));
    let networks = policy.networks.networks();
    line(&mut text, "networks", &list(networks.iter().map(|(first, length)| net(*first, *length))));
    if let Some(parent) = &policy.parent {
        line(&mut text, "parent", &quoted(parent));
    }
    for zone in policy.zones.values() {
        write_zone(&mut text, zone);
    }
    for block in &policy.blocks {
        write_block(&mut text, block);
    }
    for conduit in &policy.conduits {
        write_conduit(&mut text, conduit);
    }
    text
}

const HEAD: &str = "\
# What may pass between the zones of this site. Whatever no conduit names does not pass; a block
# wins over every conduit. Check with `regimen policy lint`, ask with `regimen policy ask`.
";

fn write_zone(text: &mut String, zone: &Zone) {
    text.push_str("\n[[zone]]\n");
    line(text, "name", &quoted(&zone.name));
    let kind = format!("{:?}", zone.kind).to_lowercase();
    line(text, "kind", &quoted(&kind));
    line(text, "purpose", &quoted(&zone.purpose));
    let networks = zone.addresses.networks();
    line(text, "members", &list(networks.iter().map(|(first, length)| net(*first, *length))));
    if !zone.holds.is_empty() {
        line(text, "holds", &list(zone.holds.iter().cloned()));
    }
}

fn write_conduit(text: &mut String, conduit: &Conduit) {
    text.push_str("\n[[conduit]]\n");
    line(text, "name", &quoted(&conduit.name));
    line(text, "purpose", &quoted(&conduit.purpose));
    line(text, "from", &list(conduit.from.iter().map(end)));
    line(text, "to", &list(conduit.to.iter().map(end)));
    line(text, "services", &list(conduit.services.iter().flat_map(service)));
    line(text, "evidence", &list(conduit.evidence.iter().cloned()));
    if let Some(approver) = &conduit.approver {
        line(text, "approver", &quoted(approver));
    }
    if let Some(day) = conduit.expires {
        line(text, "expires", &quoted(&day.to_string()));
    }
}

fn write_block(text: &mut String, block: &Block) {
    text.push_str("\n[[block]]\n");
    line(text, "name", &quoted(&block.name));
    line(text, "reason", &quoted(&block.reason));
    line(text, "from", &list(block.from.iter().map(end)));
    line(text, "to", &list(block.to.iter().map(end)));
    line(text, "services", &list(block.services.iter().flat_map(service)));
    if let Some(day) = block.expires {
        line(text, "expires", &quoted(&day.to_string()));
    }
}

fn line(text: &mut String, member: &str, value: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{member} = {value}");
}

/// An end, as it is typed.
pub(crate) fn end(end: &End) -> String {
    match end {
        End::Anywhere => "anywhere".to_owned(),
        End::Zone(name) => name.clone(),
        End::Network(first, length) => net(*first, *length),
    }
}

fn net(first: std::net::IpAddr, length: u8) -> String {
    let bits = if first.is_ipv4() { 32 } else { 128 };
    if length == bits { first.to_string() } else { format!("{first}/{length}") }
}

/// A service, as it is typed: a word for each range of ports.
pub(crate) fn service(service: &Service) -> Vec<String> {
    let ports = |protocol: &str, ports: &Ports| {
        let word = |(first, last): &(u16, u16)| match (first, last) {
            (0, &u16::MAX) => format!("{protocol}/any"),
            (first, last) if first == last => format!("{protocol}/{first}"),
            (first, last) => format!("{protocol}/{first}-{last}"),
        };
        ports.iter().map(word).collect()
    };
    match service {
        Service::Any => vec!["any".to_owned()],
        Service::Ping => vec!["ping".to_owned()],
        Service::Tcp(range) => ports("tcp", range),
        Service::Udp(range) => ports("udp", range),
        Service::Protocol(number) => vec![format!("protocol/{number}")],
    }
}

fn list(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.map(|word| quoted(&word)).collect();
    match words.as_slice() {
        [] => "[]".to_owned(),
        [one] => format!("[{one}]"),
        more => format!("[\n  {},\n]", more.join(",\n  ")),
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for sign in text.chars() {
        match sign {
            '"' | '\\' => quoted.extend(['\\', sign]),
            sign if sign.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(sign));
            }
            sign => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}
