//! Makers in lists and filters: spellings of one maker are one.
//!
//! Input:  spellings with how many devices have each.
//! Output: makers, each under its most frequent spelling. What a record or a device said stays as
//!         it is among its facts.

use std::collections::BTreeMap;

/// The makers, each with all of its devices; most first.
pub(super) fn joined(spellings: Vec<(String, u64)>) -> Vec<(String, u64)> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut makers: Vec<(String, u64)> = Vec::new();
    // The most frequent spelling comes first, so it names the maker.
    for (spelling, devices) in spellings {
        let place = *places.entry(assets::maker_key(&spelling)).or_insert(makers.len());
        match makers.get_mut(place) {
            Some((_, sum)) => *sum += devices,
            None => makers.push((spelling, devices)),
        }
    }
    makers.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    makers
}

/// The other spellings of a maker.
pub(super) fn spellings(known: &[(String, u64)], maker: &str) -> Vec<String> {
    let key = assets::maker_key(maker);
    let same = known.iter().map(|(spelling, _)| spelling).filter(|spelling| *spelling != maker);
    same.filter(|spelling| assets::maker_key(spelling) == key).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_maker_are_one() {
        let known: Vec<(String, u64)> = [
            ("Norrvik", 7),
            ("Halden", 6),
            ("NORRVIK INFUSION", 4),
            ("Halden Medical GmbH", 1),
            ("Philips", 1),
            ("Koninklijke Philips", 1),
        ]
        .map(|(spelling, devices)| (spelling.to_owned(), devices))
        .into();
        let makers = joined(known.clone());
        let told: Vec<String> = makers.iter().map(|(name, n)| format!("{name} {n}")).collect();
        assert_eq!(told, ["Norrvik 11", "Halden 7", "Philips 2"]);
        assert_eq!(spellings(&known, "NORRVIK INFUSION"), ["Norrvik"]);
        assert_eq!(spellings(&known, "Unheard"), Vec::<String>::new());
    }
}
