//! What a device is, from words of equipment lists and from its maker and model.
//!
//! Source: `knowledge/class-words.csv` (what lists call a class, in several languages),
//!         `knowledge/model-families.csv` (families of models by maker), and the names and keys of
//!         `knowledge/classes.csv`.
//! Input:  the facts of a device.
//! Output: classes with the fact that they follow from. The longest words decide.
//! Limits: a family tells a class only where the maker is one that makes it, and an accessory
//!         that is called by its device tells none.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use model::{Attribute, Confidence, Fact, Source};

use crate::knowledge;

/// Classes that follow from what was said of a device.
pub(crate) fn follow(facts: &[Fact]) -> Vec<Fact> {
    let told = |fact: &&Fact| !matches!(fact.source, Source::Rule { .. });
    let by_words = facts.iter().filter(told).filter_map(|fact| {
        let is_description = fact.attribute == Attribute::Description;
        let class = is_description.then(|| of_words(&fact.value)).flatten()?;
        Some(derived(fact, class, "class-words", WORDS_CONFIDENCE))
    });
    by_words.chain(of_family(facts)).collect()
}

/// The class that a cell calls by its key, its name or a word of any language.
pub(crate) fn named(cell: &str) -> Option<&'static str> {
    let text = tokens(cell).join(" ");
    let classes = knowledge::classes().values();
    let is_it = |class: &&knowledge::DeviceClass| {
        tokens(class.name).join(" ") == text || class.key.replace('_', " ") == text
    };
    classes.clone().find(is_it).map(|class| class.key).or_else(|| {
        let word = WORDS.iter().find(|word| word.tokens.join(" ") == text)?;
        Some(word.class)
    })
}

/// The class that a text speaks of, by its longest words.
fn of_words(text: &str) -> Option<&'static str> {
    let tokens = tokens(text);
    if tokens.iter().any(|token| knowledge::is_beside_a_device(token)) {
        return None;
    }
    let says = |word: &&Word| {
        let size = word.tokens.len();
        if word.is_whole {
            return agree(&word.tokens, &tokens) && size == tokens.len();
        }
        tokens.windows(size).any(|window| agree(&word.tokens, window))
    };
    let longest = WORDS.iter().filter(says).max_by_key(|word| (word.signs, word.tokens.len()));
    longest.map(|word| word.class)
}

/// True where the words are those of the text; the last may have an ending (`Infusionspumpen`).
fn agree(words: &[&str], text: &[String]) -> bool {
    let Some((last, front)) = words.split_last() else { return false };
    let Some((end, start)) = text.split_last() else { return false };
    let ending = end.strip_prefix(last);
    let same = ending.is_some_and(|rest| {
        rest.is_empty()
            || last.chars().count() >= INFLECTED_MIN && rest.chars().count() <= ENDING_MAX
    });
    same && front.iter().zip(start).all(|(word, token)| word == token) && front.len() == start.len()
}

/// The class of the longest family that a model of one of its makers belongs to.
fn of_family(facts: &[Fact]) -> Option<Fact> {
    let stands = |fact: &&Fact| {
        fact.confidence >= Confidence::LIKELY && !matches!(fact.source, Source::Rule { .. })
    };
    let makers: BTreeSet<String> = facts
        .iter()
        .filter(stands)
        .filter(|fact| fact.attribute == Attribute::Maker)
        .flat_map(|fact| tokens(&fact.value))
        .collect();
    let models = facts.iter().filter(stands).filter(|fact| MODELS.contains(&fact.attribute));
    let found = models.filter_map(|fact| {
        let tokens = tokens(&fact.value);
        let family = longest_family(&makers, &tokens)?;
        Some((family.0, fact, family.1))
    });
    let (_, fact, class) = found.max_by_key(|(signs, fact, _)| (*signs, fact.confidence))?;
    Some(derived(fact, class, "model-family", FAMILY_CONFIDENCE))
}

fn longest_family(makers: &BTreeSet<String>, model: &[String]) -> Option<(usize, &'static str)> {
    if model.iter().any(|token| knowledge::is_beside_a_device(token)) && model.len() > 1 {
        return longest(makers, model).filter(|(_, class)| SERVES.contains(class));
    }
    longest(makers, model)
}

fn longest(makers: &BTreeSet<String>, model: &[String]) -> Option<(usize, &'static str)> {
    let made_by = |word: &&str| makers.contains(*word) || model.iter().any(|token| token == word);
    let families = FAMILIES.iter().filter(|family| family.makers.iter().any(made_by));
    let sizes = families.filter_map(|family| {
        let fitting = family.names.iter().filter(|name| begins_somewhere(model, name));
        Some((fitting.map(String::len).max()?, family.class))
    });
    sizes.max_by_key(|(size, _)| *size)
}

/// True where a run of the model's words, written as one, begins with the family's name, so that
/// `MX800` and `MX 800` are one. A number goes on with no digit and a word with no letter.
fn begins_somewhere(model: &[String], name: &str) -> bool {
    (0..model.len()).any(|start| {
        let run: String = model.iter().skip(start).take(RUN_MAX).map(String::as_str).collect();
        let Some(rest) = run.strip_prefix(name) else { return false };
        let ends_in_digit = name.ends_with(|c: char| c.is_ascii_digit());
        let whole = is_at_a_seam(model, start, name.len());
        let goes_on = rest
            .chars()
            .next()
            .is_some_and(|next| name.len() >= GLUED_MIN && next.is_ascii_digit() != ends_in_digit);
        whole || goes_on
    })
}

/// True where `bytes` from the start of a word end where a word ends.
fn is_at_a_seam(model: &[String], start: usize, bytes: usize) -> bool {
    let mut sum = 0;
    model.iter().skip(start).any(|token| {
        sum += token.len();
        sum == bytes
    })
}

fn derived(fact: &Fact, class: &str, rule: &str, confidence: Confidence) -> Fact {
    Fact {
        attribute: Attribute::Class,
        value: class.to_owned(),
        confidence: confidence.min(fact.confidence),
        source: Source::Rule {
            rule: rule.to_owned(),
            from: format!("{} = {}", fact.attribute, fact.value),
        },
        ..fact.clone()
    }
}

fn tokens(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect()
}

/// One row of `class-words.csv`.
struct Word {
    tokens: Vec<&'static str>,
    signs: usize,
    is_whole: bool,
    class: &'static str,
}

static WORDS: LazyLock<Vec<Word>> = LazyLock::new(|| {
    let read = |row: Vec<&'static str>| {
        let [word, kind, class, ..] = row.as_slice() else { return None };
        let tokens: Vec<&str> = word.split(' ').collect();
        let signs = word.chars().count();
        Some(Word { tokens, signs, is_whole: *kind == "whole", class })
    };
    knowledge::rows(CLASS_WORDS).filter_map(read).collect()
});

/// One row of `model-families.csv`.
struct Family {
    makers: Vec<&'static str>,
    /// Names, each with its words written as one.
    names: Vec<String>,
    class: &'static str,
}

static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| {
    let read = |row: Vec<&'static str>| {
        let [makers, names, class, ..] = row.as_slice() else { return None };
        let names = names.split('|').map(|name| name.replace(' ', "")).collect();
        Some(Family { makers: makers.split('|').collect(), names, class })
    };
    knowledge::rows(MODEL_FAMILIES).filter_map(read).collect()
});

/// What names a model, or is called by it.
const MODELS: [Attribute; 3] = [Attribute::Model, Attribute::ModelNumber, Attribute::Description];

/// Classes that serve others and are called by them.
const SERVES: [&str; 4] =
    ["infusion_server", "medical_gateway", "telemetry_server", "central_station"];

const CLASS_WORDS: &str = include_str!("../../../knowledge/class-words.csv");
const MODEL_FAMILIES: &str = include_str!("../../../knowledge/model-families.csv");

/// Trust in a word of a list, less than in the rules that look at more than words.
const WORDS_CONFIDENCE: Confidence = Confidence::from_thousandths(700);
/// Trust in a family of a known maker.
const FAMILY_CONFIDENCE: Confidence = Confidence::from_thousandths(780);
/// Letters of a word that may have an ending, and of the ending.
const INFLECTED_MIN: usize = 6;
const ENDING_MAX: usize = 2;
/// Words of a model that are looked at together.
const RUN_MAX: usize = 8;
/// Letters of a family's name that a number may follow at once (`intellivuemx800`).
const GLUED_MIN: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    fn facts(told: &[(Attribute, &str)]) -> Vec<Fact> {
        let source = Source::Person { name: "test".to_owned(), at: Timestamp::EPOCH };
        let fact = |(attribute, value): &(Attribute, &str)| Fact {
            attribute: *attribute,
            value: (*value).to_owned(),
            confidence: Confidence::STATED,
            source: source.clone(),
            first_seen: Timestamp::EPOCH,
            last_seen: Timestamp::EPOCH,
            count: 1,
        };
        told.iter().map(fact).collect()
    }

    #[test]
    fn tables_name_classes() {
        let known = knowledge::classes();
        for class in WORDS.iter().map(|word| word.class).chain(FAMILIES.iter().map(|f| f.class)) {
            assert!(known.contains_key(class), "{class}");
        }
        let mut words: Vec<String> = WORDS.iter().map(|word| word.tokens.join(" ")).collect();
        let all = words.len();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), all, "a word tells one class");
    }

    #[test]
    fn tells_the_class_by_maker_and_model() {
        for (maker, model, want) in [
            ("Becton, Dickinson and Company (BD)", "Alaris 8015 PC Unit", "infusion_pump"),
            ("BD", "Alaris Gateway Workstation", "infusion_server"),
            ("Baxter", "Sigma Spectrum", "infusion_pump"),
            ("Smiths Medical", "Medfusion 4000 Wireless Syringe Infusion Pump", "syringe_pump"),
            ("Philips", "IntelliVue MX800", "patient_monitor"),
            ("Philips Healthcare", "MX 450", "patient_monitor"),
            ("Hamilton Medical AG", "HAMILTON-T1", "ventilator"),
            ("Dräger", "Evita V500", "ventilator"),
            ("GE", "Aestiva 7900", "anesthesia_machine"),
            ("ZYNO MEDICAL", "Z-800WF", "infusion_pump"),
            ("", "Baxter Sigma Spectrum", "infusion_pump"),
            ("Halden", "Alaris 8015", ""),
            ("BD", "Alaris power cable", ""),
            ("Baxter", "Unheard 5", ""),
        ] {
            let found = of_family(&facts(&[(Attribute::Maker, maker), (Attribute::Model, model)]));
            let got = found.as_ref().map_or("", |fact| fact.value.as_str());
            assert_eq!(got, want, "{maker} {model}");
        }
    }

    #[test]
    fn tells_the_class_by_the_words_of_lists() {
        for (text, want) in [
            ("Infusionspumpe", "infusion_pump"),
            ("Infusionspumpen Station 3", "infusion_pump"),
            ("PUMP, INFUSION", "infusion_pump"),
            ("Pompe à perfusion", "infusion_pump"),
            ("Bomba de infusión volumétrica", "infusion_pump"),
            ("Pompa a siringa", "syringe_pump"),
            ("Beademingsapparaat", "ventilator"),
            ("Moniteur multiparamétrique", "patient_monitor"),
            ("EKG", "ecg_cart"),
            ("Scanner", "ct_scanner"),
            ("Barcode scanner", ""),
            ("Röntgen", "xray"),
            ("Drucker Röntgen", ""),
            ("Infusion pump server", ""),
            ("Chair", ""),
        ] {
            assert_eq!(of_words(text).unwrap_or_default(), want, "{text}");
        }
    }
}
