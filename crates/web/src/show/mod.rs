//! How values are put before people: text, numbers, times, states, pictures.
//!
//! Whatever came from a device, a document or a file passes [`text`] on its way to a page, so that
//! it cannot hide, reverse or flood what stands beside it. Escaping is the templates' business;
//! the few types that write markup themselves escape what they hold.

mod classes;
mod picture;
mod strip;
mod time;
mod words;

use std::borrow::{Borrow, Cow};
use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;
use model::{Severity, Timestamp, Verdict};

pub(crate) use classes::{class, class_and_care, is_life_support};
pub(crate) use picture::{Peer, Picture};
pub(crate) use strip::Strip;
pub(crate) use time::When;
pub(crate) use words::{attribute, question_for, source};

/// Text from outside, fit to be shown: clipped, with invisible and direction-changing characters
/// made visible.
pub(crate) fn text(text: impl AsRef<str>) -> String {
    clipped(text.as_ref(), TEXT_CHARS_MAX)
}

/// The same for a paragraph of a document; line breaks stay.
pub(crate) fn prose(text: impl AsRef<str>) -> String {
    clipped(text.as_ref(), PROSE_CHARS_MAX)
}

/// A sentence of ours that quotes words from outside between backticks; they are set apart.
pub(crate) fn quoting(sentence: impl AsRef<str>) -> Quoting {
    Quoting(text(sentence))
}

/// A value, or the word that says there is none.
#[expect(clippy::ref_option, reason = "templates pass fields by reference")]
pub(crate) fn maybe(value: &Option<String>) -> Maybe<'_> {
    Maybe(value.as_deref())
}

/// A number with its thousands apart.
pub(crate) fn count(number: impl Borrow<u64>) -> String {
    let digits = number.borrow().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number and its noun: `1 device`, `12 devices`.
pub(crate) fn of(number: impl Borrow<u64>, one: &str, many: &str) -> String {
    let number = *number.borrow();
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A volume in bytes, in the unit that reads best.
pub(crate) fn bytes(bytes: impl Borrow<u64>) -> String {
    let bytes = *bytes.borrow();
    let (mut value, mut unit) = (bytes as f64, "B");
    for larger in ["kB", "MB", "GB", "TB", "PB"] {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    let decimals = usize::from(unit != "B" && value < 10.0);
    format!("{value:.decimals$} {unit}")
}

/// How long before `now`, e.g. `2 h ago`, with the time in full behind it.
pub(crate) fn ago(at: impl Borrow<Timestamp>, now: impl Borrow<Timestamp>) -> When {
    When { at: *at.borrow(), now: *now.borrow() }
}

/// The same where there may be no time.
#[expect(clippy::ref_option, reason = "templates pass fields by reference")]
pub(crate) fn maybe_ago(at: &Option<Timestamp>, now: impl Borrow<Timestamp>) -> MaybeWhen {
    MaybeWhen(at.map(|at| When { at, now: *now.borrow() }))
}

/// The badge of a verdict.
pub(crate) fn verdict(verdict: impl Borrow<Verdict>) -> Badge {
    match verdict.borrow() {
        Verdict::Affected => Badge::new("affected", "affected"),
        Verdict::Unknown => Badge::new("unknown", "unknown"),
        Verdict::NotAffected => Badge::new("clear", "not affected"),
    }
}

/// How many have a verdict; nothing for none.
pub(crate) fn tally(verdict: Verdict, number: impl Borrow<u64>) -> Badge {
    let number = *number.borrow();
    let Badge { state, words } = self::verdict(verdict);
    if number == 0 {
        return Badge { state: "", words: Cow::Borrowed("") };
    }
    Badge { state, words: Cow::Owned(format!("{} {words}", count(number))) }
}

/// Counts for tallies in templates, which cannot name a verdict.
pub(crate) fn affected(number: impl Borrow<u64>) -> Badge {
    tally(Verdict::Affected, number)
}

/// How many are undecided.
pub(crate) fn unknown(number: impl Borrow<u64>) -> Badge {
    tally(Verdict::Unknown, number)
}

/// How many are clear.
pub(crate) fn clear(number: impl Borrow<u64>) -> Badge {
    tally(Verdict::NotAffected, number)
}

/// The mark of a vulnerability that is exploited in the wild.
pub(crate) const fn exploited() -> Badge {
    Badge { state: "exploited", words: Cow::Borrowed("exploited") }
}

/// A score and its rating, e.g. `9.8 critical`.
pub(crate) fn severity(severity: &Severity) -> String {
    match (severity.score.or(severity.score_v4), &severity.rating) {
        (Some(score), Some(rating)) => format!("{score:.1} {}", text(rating)),
        (Some(score), None) => score_text(score),
        (None, Some(rating)) => text(rating),
        (None, None) => "not scored".to_owned(),
    }
}

/// A score, or that there is none.
#[expect(clippy::ref_option, reason = "templates pass fields by reference")]
pub(crate) fn score(score: &Option<f64>) -> String {
    score.map_or_else(|| "not scored".to_owned(), score_text)
}

/// A share as per cent, as EPSS is read.
pub(crate) fn percent(share: impl Borrow<f64>) -> String {
    let percent = *share.borrow() * 100.0;
    if percent > 0.0 && percent < 0.1 { "< 0.1 %".to_owned() } else { format!("{percent:.1} %") }
}

fn score_text(score: f64) -> String {
    format!("{score:.1}")
}

fn clipped(text: &str, chars_max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(chars_max * 4));
    for (index, character) in text.chars().enumerate() {
        if index == chars_max {
            shown.push('…');
            break;
        }
        if misleads(character) {
            let _ = write!(shown, "⟨U+{:04X}⟩", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Control characters, and those that change direction or take no room.
fn misleads(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(
            character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A value, or the word that says there is none.
pub(crate) struct Maybe<'a>(Option<&'a str>);

impl fmt::Display for Maybe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => f.write_str(&escaped(&text(value))),
            None => f.write_str("<span class=\"none\">unknown</span>"),
        }
    }
}

impl HtmlSafe for Maybe<'_> {}

/// A sentence with quotations.
pub(crate) struct Quoting(String);

impl fmt::Display for Quoting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self.0.matches('`').count();
        for (number, part) in self.0.split('`').enumerate() {
            // An odd tick at the end opens nothing.
            let quoted = number % 2 == 1 && number < ticks;
            let part = escaped(part);
            match (quoted, number % 2) {
                (true, _) => write!(f, "<q>{part}</q>")?,
                (false, 1) => write!(f, "`{part}")?,
                (false, _) => f.write_str(&part)?,
            }
        }
        Ok(())
    }
}

impl HtmlSafe for Quoting {}

/// A time, or the word that says there is none.
pub(crate) struct MaybeWhen(Option<When>);

impl fmt::Display for MaybeWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(when) => when.fmt(f),
            None => f.write_str("<span class=\"none\">no date</span>"),
        }
    }
}

impl HtmlSafe for MaybeWhen {}

/// A state: a word, with a shape and a colour that the style sheet gives it.
pub(crate) struct Badge {
    state: &'static str,
    words: Cow<'static, str>,
}

impl Badge {
    const fn new(state: &'static str, words: &'static str) -> Self {
        Self { state, words: Cow::Borrowed(words) }
    }
}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.words.is_empty() {
            return Ok(());
        }
        write!(f, "<span class=\"badge {}\">{}</span>", self.state, self.words)
    }
}

impl HtmlSafe for Badge {}

/// Text as HTML, for the few types that write markup.
pub(crate) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, character| {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
        html
    })
}

/// Longest value shown whole, in characters; a name or a banner that is longer is an oddity.
const TEXT_CHARS_MAX: usize = 160;

/// Longest paragraph shown whole, in characters; the raw document has the rest.
const PROSE_CHARS_MAX: usize = 4000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_set_apart_and_escaped() {
        for (sentence, want) in [
            ("Is it `X`?", "Is it <q>X</q>?"),
            ("`a` and `b`", "<q>a</q> and <q>b</q>"),
            ("an odd ` tick", "an odd ` tick"),
            ("`<script>`", "<q>&lt;script&gt;</q>"),
        ] {
            let got =
                quoting(sentence).to_string().replace("&#60;", "&lt;").replace("&#62;", "&gt;");
            assert_eq!(got, want, "{sentence}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn text_from_outside_cannot_mislead() {
        for (name, input, want) in [
            ("plain",          "CT-1 Süd",            "CT-1 Süd"),
            ("right to left",  "abc\u{202e}fdp.exe",  "abc⟨U+202E⟩fdp.exe"),
            ("zero width",     "pu\u{200b}mp",        "pu⟨U+200B⟩mp"),
            ("bell",           "a\u{7}b",             "a⟨U+0007⟩b"),
            ("right-to-left script stays", "جهاز",    "جهاز"),
        ] {
            assert_eq!(text(input), want, "{name}");
        }
        let long = text("x".repeat(10_000));
        assert_eq!(long.chars().count(), TEXT_CHARS_MAX + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn markup_types_escape_what_they_hold() {
        let value = Some("<script>alert(1)</script>".to_owned());
        assert_eq!(maybe(&value).to_string(), "&lt;script&gt;alert(1)&lt;/script&gt;");
    }

    #[test]
    #[rustfmt::skip]
    fn numbers_read_well() {
        for (number, want) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), want);
        }
        for (number, want) in [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (25_300_000, "25 MB")] {
            assert_eq!(bytes(number), want);
        }
        assert_eq!(of(1, "device", "devices"), "1 device");
        assert_eq!(percent(0.0004), "< 0.1 %");
        assert_eq!(tally(Verdict::Affected, 0).to_string(), "");
    }
}
