//! A policy in the languages of filters.
//!
//! What cannot be said whole in a language stops the rendering with the name of the conduit; a
//! rendering never says less, or more, than the policy.

mod fortios;
mod ios;
mod nftables;
mod panos;
mod windows;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::packets::Addresses;
use crate::policy::{Passage, Policy, passages};

/// A language.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Target {
    /// `nft -f` on a Linux gateway.
    Nftables,
    /// Extended access lists of Cisco IOS and IOS XE.
    Ios,
    /// Palo Alto PAN-OS, XML configuration.
    Panos,
    /// FortiGate FortiOS, configuration commands.
    Fortios,
    /// Windows Defender Firewall, for a device's own firewall; PowerShell.
    Windows,
}

impl Target {
    /// Every language, by the word that names it.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("nftables", Self::Nftables),
        ("ios", Self::Ios),
        ("panos", Self::Panos),
        ("fortios", Self::Fortios),
        ("windows", Self::Windows),
    ];

    /// The word that names it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, target)| *target == self).map_or("", |(name, _)| name)
    }
}

/// Caller: a conduit or block that a language cannot say whole.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{rule}` cannot be rendered for {}: {reason}", target.name())]
pub struct Unrenderable {
    /// The conduit's or block's name.
    pub rule: String,
    /// The language.
    pub target: Target,
    /// Why not, and what to do.
    pub reason: String,
}

/// Renders a policy as it stands on `today`.
///
/// # Errors
///
/// The first conduit or block that the language cannot say.
pub fn render(policy: &Policy, target: Target, today: Date) -> Result<String, Unrenderable> {
    let plan = Plan::new(policy, today);
    match target {
        Target::Nftables => Ok(nftables::render(&plan)),
        Target::Ios => ios::render(&plan),
        Target::Panos => panos::render(&plan),
        Target::Fortios => fortios::render(&plan),
        Target::Windows => Ok(windows::render(&plan)),
    }
}

/// What every rendering is made from.
struct Plan<'a> {
    policy: &'a Policy,
    /// Blocks first, then conduits.
    passages: Vec<Passage>,
    /// A name for each distinct set of addresses, the zone's where it is one.
    names: BTreeMap<Vec<(u128, u128, u8)>, String>,
}

impl<'a> Plan<'a> {
    fn new(policy: &'a Policy, today: Date) -> Self {
        let passages = passages(policy, today);
        let mut names = BTreeMap::new();
        for zone in policy.zones.values() {
            names.entry(key(&zone.addresses)).or_insert_with(|| zone.name.clone());
        }
        let mut count = 0;
        for passage in &passages {
            for addresses in [&passage.opening.from, &passage.opening.to] {
                names.entry(key(addresses)).or_insert_with(|| {
                    count += 1;
                    // No zone is called so: a name begins with a letter and has no dot.
                    format!("addresses.{count}")
                });
            }
        }
        Self { policy, passages, names }
    }

    /// The name of a set of addresses that some passage has.
    fn name(&self, addresses: &Addresses) -> &str {
        self.names.get(&key(addresses)).map_or("", String::as_str)
    }

    /// Every distinct set of addresses that a passage has, all addresses left out.
    fn named(&self) -> Vec<(&str, &Addresses)> {
        let mut named: Vec<(&str, &Addresses)> = Vec::new();
        let ends = self.passages.iter().flat_map(|one| [&one.opening.from, &one.opening.to]);
        for addresses in ends {
            let name = self.name(addresses);
            if !is_any_v4(addresses)
                && !is_any_v6(addresses)
                && named.iter().all(|(known, _)| *known != name)
            {
                named.push((name, addresses));
            }
        }
        named.sort_by_key(|(name, _)| *name);
        named
    }

    /// Lines that say what the text is; for a comment of the language.
    fn heading(&self) -> [String; 3] {
        [
            format!("Segmentation of {}, from the policy {}.", one_line(&self.policy.site), self.policy.digest),
            "Made by Regimen. Change the policy, not this text; `regimen policy prove` tells them apart.".to_owned(),
            "Whatever is not named here does not pass.".to_owned(),
        ]
    }
}

fn key(addresses: &Addresses) -> Vec<(u128, u128, u8)> {
    let v4 = addresses.v4.iter().map(|(first, last)| (*first, *last, 4));
    v4.chain(addresses.v6.iter().map(|(first, last)| (*first, *last, 6))).collect()
}

/// True where every IPv4 address is meant.
fn is_any_v4(addresses: &Addresses) -> bool {
    addresses.v4.as_slice() == [(0, u32::MAX.into())]
}

/// True where every IPv6 address is meant.
fn is_any_v6(addresses: &Addresses) -> bool {
    addresses.v6.as_slice() == [(0, u128::MAX)]
}

/// Text for a comment: one line, printable ASCII, nothing that ends a comment or a string.
fn one_line(text: &str) -> String {
    let plain =
        |sign: char| matches!(sign, ' ' | '_' | '-' | '.' | ',' | ':' | '(' | ')' | '/' | '+');
    let keep = |sign: char| if sign.is_ascii_alphanumeric() || plain(sign) { sign } else { '_' };
    text.chars().map(keep).take(120).collect()
}
