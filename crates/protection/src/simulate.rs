//! What a policy would have cut of the conversations that were seen, and how much was not seen.
//!
//! Source: Good, "The population frequencies of species and the estimation of population
//! parameters" (1953): what was seen once tells how much was never seen. The unit is a device-day.
//! Input: a policy, stations, conversations with their days. Output: what would be cut, and for
//! each pair of zones a bound of the chance that a device-day shows a conversation that was not
//! seen before. Limits: [`CUT_MAX`] conversations are listed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::civil::Date;
use serde::Serialize;

use crate::packets::{Diagrams, Packet, State, TooLarge};
use crate::policy::{Policy, conversations};
use crate::propose::{Ranges, Station, Talk};

/// Most conversations that are listed as cut; all are counted.
pub const CUT_MAX: usize = 10_000;

/// One in twenty bounds may be too low.
const CONFIDENCE: f64 = 0.95;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Simulated {
    /// Conversations that were looked at.
    pub conversations: usize,
    /// How many would be cut.
    pub cut_count: usize,
    /// Those, what touches care first; at most [`CUT_MAX`].
    pub cut: Vec<Cut>,
    /// How much was not seen, by pair of zones.
    pub bound: Vec<Bound>,
}

/// A conversation that would be cut.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Cut {
    /// Who opened it.
    pub client: String,
    /// Who answered.
    pub server: String,
    /// Number of the protocol above IP.
    pub protocol: u8,
    /// Port of the server.
    pub port: u16,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The care that one of them serves, where it serves any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub care_function: Option<String>,
    /// The last day on which it was seen.
    pub last_seen: Option<String>,
}

/// How much was not seen between two zones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bound {
    /// Zone of those who open.
    pub from_zone: String,
    /// Zone of those who answer; `outside` where it is none.
    pub to_zone: String,
    /// Days with a conversation.
    pub days: usize,
    /// Device-days with a conversation.
    pub device_days: usize,
    /// At most this share of device-days shows a conversation that was not seen before.
    pub missing_mass: f64,
    /// How sure: 0.95.
    pub confidence: f64,
    /// What the record is too short for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Looks at every conversation under the policy as it stands on `today`.
///
/// # Errors
///
/// [`TooLarge`] where the sets cannot be held.
pub fn simulate(
    policy: &Policy,
    stations: &[Station],
    talks: &[Talk],
    today: Date,
) -> Result<Simulated, TooLarge> {
    let mut diagrams = Diagrams::new();
    let meant = conversations(policy, today, &mut diagrams)?.openings;
    let care = care(stations);
    let mut found = Simulated { conversations: talks.len(), ..Simulated::default() };
    let ranges = Ranges::new(&policy.zones);
    for talk in talks.iter().filter(|talk| !ranges.stays_on_link(talk)) {
        if !diagrams.contains(meant, &opening(talk)) {
            found.cut_count += 1;
            found.cut.push(cut(talk, &care));
        }
    }
    found.cut.sort_by(|a, b| {
        let key = |one: &Cut| {
            (one.care_function.is_none(), one.client.clone(), one.server.clone(), one.port)
        };
        key(a).cmp(&key(b))
    });
    found.cut.truncate(CUT_MAX);
    found.bound = bounds(&ranges, talks);
    Ok(found)
}

fn opening(talk: &Talk) -> Packet {
    let echo = match talk.protocol {
        crate::packets::ICMP => 8,
        crate::packets::ICMPV6 => 128,
        _ => talk.port,
    };
    Packet {
        source: talk.client,
        destination: talk.server,
        protocol: talk.protocol,
        source_port: 0,
        destination_port: echo,
        state: State::Opening,
    }
}

/// The care that an address serves; support and records are none.
fn care(stations: &[Station]) -> BTreeMap<IpAddr, &str> {
    let cares = ["life_support", "therapy", "monitoring", "diagnosis", "laboratory"];
    let mut care = BTreeMap::new();
    for station in stations {
        let function = station.care_function.as_deref().filter(|word| cares.contains(word));
        if let Some(function) = function {
            care.extend(station.addresses.iter().map(|address| (*address, function)));
        }
    }
    care
}

fn cut(talk: &Talk, care: &BTreeMap<IpAddr, &str>) -> Cut {
    let function = care.get(&talk.client).or_else(|| care.get(&talk.server));
    Cut {
        client: talk.client.to_string(),
        server: talk.server.to_string(),
        protocol: talk.protocol,
        port: talk.port,
        application: talk.application.clone(),
        care_function: function.map(|word| (*word).to_owned()),
        last_seen: talk.days.last().map(Date::to_string),
    }
}

/// What one conversation is, apart from who opened it and when.
type Species = (IpAddr, u8, u16);

/// Device-days between two zones: what was seen in each.
#[derive(Default)]
struct Pair {
    units: BTreeMap<(IpAddr, Date), BTreeSet<Species>>,
    days: BTreeSet<Date>,
}

fn bounds(ranges: &Ranges<'_>, talks: &[Talk]) -> Vec<Bound> {
    let mut pairs: BTreeMap<(String, String), Pair> = BTreeMap::new();
    for talk in talks.iter().filter(|talk| !ranges.stays_on_link(talk)) {
        let zone = |address| ranges.zone(address).unwrap_or("outside").to_owned();
        let pair = pairs.entry((zone(talk.client), zone(talk.server))).or_default();
        for day in &talk.days {
            let unit = pair.units.entry((talk.client, *day)).or_default();
            unit.insert((talk.server, talk.protocol, talk.port));
            pair.days.insert(*day);
        }
    }
    pairs.into_iter().map(|((from, to), pair)| bound(from, to, &pair)).collect()
}

fn bound(from_zone: String, to_zone: String, pair: &Pair) -> Bound {
    let mut seen: BTreeMap<&Species, usize> = BTreeMap::new();
    for species in pair.units.values().flatten() {
        *seen.entry(species).or_default() += 1;
    }
    // Had this device-day been the next one, it would have shown something new.
    let new = |unit: &&BTreeSet<Species>| unit.iter().any(|species| seen.get(species) == Some(&1));
    let news = pair.units.values().filter(new).count();
    let units = pair.units.len();
    Bound {
        from_zone,
        to_zone,
        days: pair.days.len(),
        device_days: units,
        missing_mass: upper(news, units, CONFIDENCE),
        confidence: CONFIDENCE,
        note: note(&pair.days),
    }
}

/// Jobs that run weekly or monthly have to have been seen twice before the record speaks of them.
fn note(days: &BTreeSet<Date>) -> Option<String> {
    let (first, last) = (days.first()?, days.last()?);
    let span = first.until(*last).map_or(0, |span| span.get_days()) + 1;
    match span {
        ..14 => Some(format!(
            "not observed long enough: {span} days show no weekly and no monthly job twice"
        )),
        14..62 => Some(format!("not observed long enough for monthly jobs: {span} days")),
        _ => None,
    }
}

/// The largest chance under which `hits` or fewer of `units` still happens as often as one minus
/// the confidence (Clopper and Pearson 1934).
fn upper(hits: usize, units: usize, confidence: f64) -> f64 {
    if hits >= units {
        return 1.0;
    }
    let (mut low, mut high) = (hits as f64 / units as f64, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(hits, units, middle) > 1.0 - confidence { low = middle } else { high = middle }
    }
    high
}

/// The chance of at most `hits` of `units`, each with chance `p`.
fn at_most(hits: usize, units: usize, p: f64) -> f64 {
    let (mut term, mut sum) = (units as f64 * (1.0 - p).ln(), 0.0);
    for hit in 0..=hits {
        sum += term.exp();
        term += ((units - hit) as f64 / (hit + 1) as f64).ln() + p.ln() - (1.0 - p).ln();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_table() {
        // Clopper–Pearson, one-sided 95 %: rule of three and published values.
        for (hits, units, expected) in
            [(0, 10, 0.2589), (0, 100, 0.0295), (1, 10, 0.3942), (5, 50, 0.1991), (10, 10, 1.0)]
        {
            let found = upper(hits, units, 0.95);
            assert!((found - expected).abs() < 0.0005, "{hits} of {units}: {found}");
        }
    }
}
