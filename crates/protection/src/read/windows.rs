//! Windows Defender Firewall, as the PowerShell that is rendered here.
//!
//! Source: Microsoft documentation of the NetSecurity module. Rules have no order, a block beats
//! every allow, what no rule names goes by the profile's default. One list for each direction.

use super::{Line, List, ReadError, number, port, with_memory};
use crate::packets::{
    Addresses, Diagrams, ICMP, ICMPV6, Ports, Region, Set, TCP, UDP, any_addresses,
};
use crate::policy::network;

/// The lists `inbound` and `outbound`.
pub(super) fn read(text: &str, diagrams: &mut Diagrams) -> Result<Vec<List>, ReadError> {
    let mut directions = [Direction::default(), Direction::default()];
    let mut profile = None;
    for (index, line) in text.lines().enumerate() {
        let line = Line { number: index + 1, text: line.trim() };
        if line.text.is_empty() || line.text.starts_with('#') {
            continue;
        }
        let words = words(line)?;
        match words.first().map(String::as_str) {
            Some("Set-NetFirewallProfile") => profile = Some(defaults(line, &words)?),
            Some("Remove-NetFirewallRule") => directions = Default::default(),
            Some("New-NetFirewallRule") => {
                let rule = rule(line, &words)?;
                let set = rule.region.set(diagrams)?;
                let [inbound, outbound] = &mut directions;
                let direction = if rule.inbound { inbound } else { outbound };
                if rule.allows { direction.allowed.push(set) } else { direction.blocked.push(set) }
            }
            _ => return Err(line.refused("a command that is not read")),
        }
    }
    // Without a word about the profile Windows blocks what comes in and lets everything out.
    let defaults = profile.unwrap_or([false, true]);
    let mut lists = Vec::new();
    for ((direction, default), name) in
        directions.into_iter().zip(defaults).zip(["inbound", "outbound"])
    {
        lists.push(List {
            name: name.to_owned(),
            passed: direction.passed(default, diagrams)?,
            memory: true,
        });
    }
    Ok(lists)
}

#[derive(Default)]
struct Direction {
    allowed: Vec<Set>,
    blocked: Vec<Set>,
}

impl Direction {
    fn passed(self, default: bool, diagrams: &mut Diagrams) -> Result<Set, ReadError> {
        let allowed = if default { Set::ALL } else { diagrams.union_of(&self.allowed)? };
        let blocked = diagrams.union_of(&self.blocked)?;
        let passed = diagrams.difference(allowed, blocked)?;
        Ok(with_memory(passed, diagrams)?)
    }
}

/// Words by blanks; commas stay within a word; what stands in `'` is whole.
fn words(line: Line<'_>) -> Result<Vec<String>, ReadError> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for sign in line.text.chars() {
        match sign {
            '\'' => quoted = !quoted,
            ' ' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            sign if quoted || sign.is_ascii_alphanumeric() || "-,.:/".contains(sign) => {
                word.push(sign);
            }
            _ => return Err(line.refused("a sign that is not read")),
        }
    }
    if quoted {
        return Err(line.refused("a text without its end"));
    }
    words.push(word);
    Ok(words)
}

/// Whether what comes in, and what goes out, passes where no rule names it.
fn defaults(line: Line<'_>, words: &[String]) -> Result<[bool; 2], ReadError> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let allows = |word: &str| match word {
        "Allow" => Ok(true),
        "Block" => Ok(false),
        _ => Err(line.refused("neither Allow nor Block")),
    };
    match words.as_slice() {
        [
            _,
            "-All",
            "-Enabled",
            "True",
            "-DefaultInboundAction",
            inbound,
            "-DefaultOutboundAction",
            outbound,
        ] => Ok([allows(inbound)?, allows(outbound)?]),
        _ => Err(line.refused("a setting of profiles that is not read")),
    }
}

struct Rule {
    inbound: bool,
    allows: bool,
    region: Region,
}

#[derive(Default)]
struct Parts<'a> {
    direction: Option<&'a str>,
    action: Option<&'a str>,
    protocol: Option<&'a str>,
    local: Option<Addresses>,
    remote: Option<Addresses>,
    local_ports: Option<Ports>,
    remote_ports: Option<Ports>,
    kind: Option<u16>,
}

fn rule(line: Line<'_>, words: &[String]) -> Result<Rule, ReadError> {
    let mut parts = Parts::default();
    let mut pairs = words.get(1..).unwrap_or_default().chunks_exact(2);
    for pair in &mut pairs {
        let [name, value] = pair else { continue };
        match name.as_str() {
            "-Name" | "-DisplayName" | "-Group" => {}
            "-Direction" => parts.direction = Some(value),
            "-Action" => parts.action = Some(value),
            "-Protocol" => parts.protocol = Some(value),
            "-LocalAddress" => parts.local = Some(addresses(line, value)?),
            "-RemoteAddress" => parts.remote = Some(addresses(line, value)?),
            "-LocalPort" => parts.local_ports = ports(line, value)?,
            "-RemotePort" => parts.remote_ports = ports(line, value)?,
            "-IcmpType" => {
                let kind = number(value, 255).ok_or_else(|| line.refused("not a type of ICMP"))?;
                parts.kind = Some(kind as u16);
            }
            _ => return Err(line.refused("a parameter that is not read")),
        }
    }
    if !pairs.remainder().is_empty() {
        return Err(line.refused("a parameter without a value"));
    }
    parts.rule(line)
}

impl Parts<'_> {
    fn rule(self, line: Line<'_>) -> Result<Rule, ReadError> {
        let inbound = match self.direction {
            Some("Inbound") => true,
            Some("Outbound") => false,
            _ => return Err(line.refused("no direction")),
        };
        let allows = match self.action {
            Some("Allow") => true,
            Some("Block") => false,
            _ => return Err(line.refused("no action")),
        };
        let protocols = match self.protocol {
            None | Some("Any") => None,
            Some("TCP") => Some(vec![TCP]),
            Some("UDP") => Some(vec![UDP]),
            Some("ICMPv4") => Some(vec![ICMP]),
            Some("ICMPv6") => Some(vec![ICMPV6]),
            Some(word) => match number(word, 255) {
                Some(number) => Some(vec![number as u8]),
                None => return Err(line.refused("a protocol that is not read")),
            },
        };
        let local = self.local.unwrap_or_else(any_addresses);
        let remote = self.remote.unwrap_or_else(any_addresses);
        let (local_ports, remote_ports) = match self.kind {
            Some(kind) if inbound => (Some(vec![(kind, kind)]), None),
            Some(kind) => (None, Some(vec![(kind, kind)])),
            None => (self.local_ports, self.remote_ports),
        };
        let region = if inbound {
            Region {
                from: remote,
                to: local,
                protocols,
                source_ports: remote_ports,
                ports: local_ports,
                states: Vec::new(),
            }
        } else {
            Region {
                from: local,
                to: remote,
                protocols,
                source_ports: local_ports,
                ports: remote_ports,
                states: Vec::new(),
            }
        };
        Ok(Rule { inbound, allows, region })
    }
}

fn addresses(line: Line<'_>, value: &str) -> Result<Addresses, ReadError> {
    if value == "Any" {
        return Ok(any_addresses());
    }
    let mut addresses = Addresses::default();
    for word in value.split(',') {
        match network(word) {
            Some((first, length)) => addresses.add_network(first, length),
            None => return Err(line.refused("not an address")),
        }
    }
    Ok(addresses)
}

fn ports(line: Line<'_>, value: &str) -> Result<Option<Ports>, ReadError> {
    if value == "Any" {
        return Ok(None);
    }
    let mut ports = Ports::new();
    for word in value.split(',') {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        match (port(first), port(last)) {
            (Some(first), Some(last)) if first <= last => ports.push((first, last)),
            _ => return Err(line.refused("not a port")),
        }
    }
    Ok(Some(ports))
}
