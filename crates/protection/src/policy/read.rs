//! Reads a policy from its texts.
//!
//! Input: TOML files; together they hold one `[policy]` and any number of `[[zone]]`, `[[conduit]]`
//! and `[[block]]`. An unknown word, an empty list, an address that is none, a zone outside the
//! site or over another one is refused, each with file, line and what to do; all of them at once.
//! Limits: [`TEXT_BYTES_MAX`] a file.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use super::{Block, Conduit, End, Place, Policy, Service, Zone, ZoneKind};
use crate::packets::Addresses;

/// Most bytes of one text: some 100,000 conduits.
pub const TEXT_BYTES_MAX: usize = 32 << 20;

/// One text and what it is called.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name that messages show.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Caller: why a policy was not read.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("{}:{}: {reason}; {fix}", place.file, place.line)]
pub struct Refused {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub fix: String,
}

/// Reads the texts as one policy.
///
/// # Errors
///
/// Everything that is wrong, in the order of the texts.
pub fn read(sources: &[Source]) -> Result<Policy, Vec<Refused>> {
    let mut reading = Reading::default();
    let mut texts: Vec<&Source> = sources.iter().collect();
    texts.sort_by(|a, b| a.name.cmp(&b.name));
    let parsed: Vec<(&Source, Text)> =
        texts.iter().filter_map(|source| Some((*source, reading.parse(source)?))).collect();
    let mut policy = reading.head(&parsed);
    policy.digest = digest(&texts);
    for (source, text) in &parsed {
        for zone in &text.zone {
            reading.zone(&mut policy, source, zone);
        }
    }
    reading.overlaps(&policy);
    for (source, text) in &parsed {
        for conduit in &text.conduit {
            reading.conduit(&mut policy, source, conduit);
        }
        for block in &text.block {
            reading.block(&mut policy, source, block);
        }
    }
    if reading.refused.is_empty() { Ok(policy) } else { Err(reading.refused) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    policy: Option<Spanned<HeadText>>,
    #[serde(default)]
    zone: Vec<Spanned<ZoneText>>,
    #[serde(default)]
    conduit: Vec<Spanned<ConduitText>>,
    #[serde(default)]
    block: Vec<Spanned<BlockText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadText {
    site: String,
    networks: Vec<String>,
    parent: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneText {
    name: String,
    kind: ZoneKind,
    members: Vec<String>,
    purpose: String,
    #[serde(default)]
    holds: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConduitText {
    name: String,
    from: Vec<String>,
    to: Vec<String>,
    services: Vec<String>,
    purpose: String,
    #[serde(default)]
    evidence: Vec<String>,
    approver: Option<String>,
    expires: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockText {
    name: String,
    from: Vec<String>,
    to: Vec<String>,
    services: Vec<String>,
    reason: String,
    expires: Option<String>,
}

#[derive(Default)]
struct Reading {
    refused: Vec<Refused>,
    /// Where each name of a zone, conduit or block stands.
    names: BTreeMap<String, Place>,
}

impl Reading {
    fn refuse(&mut self, place: &Place, reason: impl Into<String>, fix: &str) {
        let refused = Refused { place: place.clone(), reason: reason.into(), fix: fix.to_owned() };
        self.refused.push(refused);
    }

    fn parse(&mut self, source: &Source) -> Option<Text> {
        let whole = Place { file: source.name.clone(), line: 0 };
        if source.text.len() > TEXT_BYTES_MAX {
            self.refuse(&whole, format!("more than {TEXT_BYTES_MAX} bytes"), "split the file");
            return None;
        }
        match toml::from_str(&source.text) {
            Ok(text) => Some(text),
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                let place = Place { line: line(&source.text, start), ..whole };
                self.refuse(&place, error.message().to_owned(), "correct the line");
                None
            }
        }
    }

    fn head(&mut self, parsed: &[(&Source, Text)]) -> Policy {
        let mut heads =
            parsed.iter().filter_map(|(source, text)| Some((*source, text.policy.as_ref()?)));
        let nowhere = Place {
            file: parsed.first().map_or_else(String::new, |(source, _)| source.name.clone()),
            line: 0,
        };
        let mut policy = Policy {
            site: String::new(),
            parent: None,
            networks: Addresses::default(),
            zones: BTreeMap::new(),
            conduits: Vec::new(),
            blocks: Vec::new(),
            digest: String::new(),
            place: nowhere.clone(),
        };
        let Some((source, head)) = heads.next() else {
            self.refuse(&nowhere, "no [policy]", "say `site` and its `networks` in a [policy]");
            return policy;
        };
        policy.place = place_of(source, head);
        for (source, head) in heads {
            let place = place_of(source, head);
            self.refuse(&place, "a second [policy]", "keep one of them");
        }
        let head = head.get_ref();
        policy.site.clone_from(&head.site);
        policy.parent.clone_from(&head.parent);
        for word in &head.networks {
            match network(word) {
                Some((address, length)) => policy.networks.add_network(address, length),
                None => self.no_network(&policy.place.clone(), word),
            }
        }
        if head.networks.is_empty() {
            self.refuse(&policy.place.clone(), "`networks` is empty", "list the site's networks");
        }
        policy
    }

    fn zone(&mut self, policy: &mut Policy, source: &Source, text: &Spanned<ZoneText>) {
        let place = place_of(source, text);
        let text = text.get_ref();
        self.name(&place, &text.name);
        if text.members.is_empty() {
            self.refuse(&place, "`members` is empty", "list its addresses, or remove the zone");
        }
        let mut addresses = Addresses::default();
        for word in &text.members {
            match network(word) {
                Some((address, length)) => addresses.add_network(address, length),
                None => self.no_network(&place, word),
            }
        }
        if text.kind == ZoneKind::Outside {
            addresses = addresses.without(&policy.networks);
        } else if let Some(stray) = addresses.without(&policy.networks).networks().first() {
            let reason = format!("{}/{} is outside the site's networks", stray.0, stray.1);
            self.refuse(&place, reason, "correct the address, or add its network to [policy]");
        }
        self.words(&place, &text.purpose, "purpose");
        let zone = Zone {
            name: text.name.clone(),
            kind: text.kind,
            addresses,
            purpose: text.purpose.clone(),
            holds: text.holds.clone(),
            place,
        };
        policy.zones.insert(zone.name.clone(), zone);
    }

    /// An address belongs to one zone, or nobody could say which rules hold for it.
    fn overlaps(&mut self, policy: &Policy) {
        let mut ranges: Vec<(u8, u128, u128, &Zone)> = Vec::new();
        for zone in policy.zones.values() {
            ranges.extend(zone.addresses.v4.iter().map(|(first, last)| (4, *first, *last, zone)));
            ranges.extend(zone.addresses.v6.iter().map(|(first, last)| (6, *first, *last, zone)));
        }
        ranges.sort_by_key(|(version, first, last, _)| (*version, *first, *last));
        let mut before: Option<(u8, u128, u128, &Zone)> = None;
        for range in ranges {
            if let Some((version, _, end, zone)) = before
                && version == range.0
                && range.1 <= end
                && zone.name != range.3.name
            {
                let shared = crate::packets::address(version.into(), range.1);
                let reason = format!("{shared} is in zone `{}` too", zone.name);
                self.refuse(&range.3.place.clone(), reason, "leave each address in one zone");
            }
            if before.is_none_or(|(version, _, end, _)| version != range.0 || range.2 > end) {
                before = Some(range);
            }
        }
    }

    fn conduit(&mut self, policy: &mut Policy, source: &Source, text: &Spanned<ConduitText>) {
        let place = place_of(source, text);
        let text = text.get_ref();
        self.name(&place, &text.name);
        self.words(&place, &text.purpose, "purpose");
        let conduit = Conduit {
            name: text.name.clone(),
            from: self.ends(policy, &place, &text.from, "from"),
            to: self.ends(policy, &place, &text.to, "to"),
            services: self.services(&place, &text.services),
            purpose: text.purpose.clone(),
            evidence: text.evidence.clone(),
            approver: text.approver.clone().filter(|name| !name.trim().is_empty()),
            expires: self.date(&place, text.expires.as_deref()),
            place,
        };
        policy.conduits.push(conduit);
    }

    fn block(&mut self, policy: &mut Policy, source: &Source, text: &Spanned<BlockText>) {
        let place = place_of(source, text);
        let text = text.get_ref();
        self.name(&place, &text.name);
        self.words(&place, &text.reason, "reason");
        let block = Block {
            name: text.name.clone(),
            from: self.ends(policy, &place, &text.from, "from"),
            to: self.ends(policy, &place, &text.to, "to"),
            services: self.services(&place, &text.services),
            reason: text.reason.clone(),
            expires: self.date(&place, text.expires.as_deref()),
            place,
        };
        policy.blocks.push(block);
    }

    fn name(&mut self, place: &Place, name: &str) {
        if !is_name(name) {
            self.refuse(
                place,
                format!("`{}` is not a name", clipped(name)),
                "use lower-case letters, digits and hyphens, a letter first, 24 at most",
            );
        }
        if let Some(before) = self.names.insert(name.to_owned(), place.clone()) {
            let reason = format!(
                "the name `{}` stands at {}:{} too",
                clipped(name),
                before.file,
                before.line
            );
            self.refuse(place, reason, "give each zone, conduit and block a name of its own");
        }
    }

    /// What a person wrote; it ends up in comments of other languages, so it is one line.
    fn words(&mut self, place: &Place, words: &str, member: &str) {
        if words.trim().is_empty() {
            self.refuse(place, format!("`{member}` is empty"), "say why, in a sentence");
        }
        if words.chars().any(char::is_control) {
            self.refuse(
                place,
                format!("`{member}` has a control character"),
                "keep it to one line",
            );
        }
    }

    fn no_network(&mut self, place: &Place, word: &str) {
        let reason = format!("`{}` is neither an address nor a network", clipped(word));
        self.refuse(place, reason, "write 10.1.2.3, 10.1.2.0/24 or 2001:db8::/48");
    }

    fn ends(&mut self, policy: &Policy, place: &Place, words: &[String], side: &str) -> Vec<End> {
        if words.is_empty() {
            let fix = "name zones or addresses; `anywhere` where all are meant";
            self.refuse(place, format!("`{side}` is empty"), fix);
        }
        let mut ends = Vec::new();
        for word in words {
            if word == "anywhere" {
                ends.push(End::Anywhere);
            } else if let Some((address, length)) = network(word) {
                ends.push(End::Network(address, length));
            } else if policy.zones.contains_key(word) {
                ends.push(End::Zone(word.clone()));
            } else {
                let reason = format!("`{}` is no zone and no address", clipped(word));
                self.refuse(place, reason, "name a [[zone]], an address or a network");
            }
        }
        ends
    }

    fn services(&mut self, place: &Place, words: &[String]) -> Vec<Service> {
        if words.is_empty() {
            self.refuse(place, "`services` is empty", "list them; `any` where all are meant");
        }
        let mut services: Vec<Service> = Vec::new();
        for word in words {
            if let Some(service) = service(word) {
                service.join(&mut services);
            } else {
                let reason = format!("`{}` is not a service", clipped(word));
                let fix =
                    "write tcp/104, tcp/2000-2010, tcp/any, udp/161, ping, protocol/47 or any";
                self.refuse(place, reason, fix);
            }
        }
        services
    }

    fn date(&mut self, place: &Place, word: Option<&str>) -> Option<jiff::civil::Date> {
        let word = word?;
        let date = word.parse().ok();
        if date.is_none() {
            let reason = format!("`{}` is not a day", clipped(word));
            self.refuse(place, reason, "write 2027-03-31");
        }
        date
    }
}

fn service(word: &str) -> Option<Service> {
    let ports = |text: &str| -> Option<Vec<(u16, u16)>> {
        if text == "any" {
            return Some(vec![(0, u16::MAX)]);
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range: (u16, u16) = (digits(first)?, digits(last)?);
        (range.0 <= range.1).then(|| vec![range])
    };
    match word.split_once('/') {
        None if word == "any" => Some(Service::Any),
        None if word == "ping" => Some(Service::Ping),
        Some(("tcp", text)) => Some(Service::Tcp(ports(text)?)),
        Some(("udp", text)) => Some(Service::Udp(ports(text)?)),
        Some(("protocol", text)) => match digits(text)? {
            6 => Some(Service::Tcp(vec![(0, u16::MAX)])),
            17 => Some(Service::Udp(vec![(0, u16::MAX)])),
            number @ 0..=255 => Some(Service::Protocol(number as u8)),
            _ => None,
        },
        _ => None,
    }
}

fn digits(text: &str) -> Option<u16> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// An address or network; bits behind the prefix must be zero, or a typing error would pass.
pub(crate) fn network(word: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match word.split_once('/') {
        Some((address, length)) => (address.parse::<IpAddr>().ok()?, Some(digits(length)?)),
        None => (word.parse::<IpAddr>().ok()?, None),
    };
    let bits: u16 = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(bits);
    if length > bits {
        return None;
    }
    let mut network = Addresses::default();
    network.add_network(address, length as u8);
    let first = network.networks().first().map(|(first, _)| *first);
    (first == Some(address)).then_some((address, length as u8))
}

fn is_name(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|byte| byte.is_ascii_lowercase())
        && letters.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && name.len() <= NAME_BYTES_MAX
        && !matches!(name, "anywhere" | "any")
}

/// Room for what renderings put around a name within the limits of the targets (31 bytes, FortiOS).
const NAME_BYTES_MAX: usize = 24;

fn clipped(text: &str) -> String {
    text.chars().take(60).filter(|sign| !sign.is_control()).collect()
}

fn place_of<T>(source: &Source, text: &Spanned<T>) -> Place {
    Place { file: source.name.clone(), line: line(&source.text, text.span().start) }
}

fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset.min(text.len())).unwrap_or_default();
    before.split(|byte| *byte == b'\n').count()
}

fn digest(texts: &[&Source]) -> String {
    let mut hash = Sha256::new();
    for source in texts {
        hash.update((source.text.len() as u64).to_be_bytes());
        hash.update(source.text.as_bytes());
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        use std::fmt::Write as _;
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
