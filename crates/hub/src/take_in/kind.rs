//! What kind of input a file is, decided by its content and never by its name.

use std::fmt;
use std::str::FromStr;

/// A kind of input.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Kind {
    /// Packets: pcap or pcapng.
    Capture,
    /// CSAF 2.0 or 2.1 document.
    Csaf,
    /// CISA's Known Exploited Vulnerabilities catalogue.
    Kev,
    /// FIRST's Exploit Prediction Scoring System.
    Epss,
    /// The hospital's inventory as CSV.
    Inventory,
}

impl Kind {
    /// All kinds.
    pub const ALL: &'static [Self] =
        &[Self::Capture, Self::Csaf, Self::Kev, Self::Epss, Self::Inventory];

    /// The name users type and see.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Csaf => "csaf",
            Self::Kev => "kev",
            Self::Epss => "epss",
            Self::Inventory => "inventory",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or(UnknownKind)
    }
}

/// The caller: no kind of input has this name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the type is one of capture, csaf, kev, epss, inventory")]
pub struct UnknownKind;

/// The kind of a document, by its first bytes or all of them, or `None` where it is none that we
/// read.
pub(crate) fn kind_of(bytes: &[u8]) -> Option<Kind> {
    if capture::sniff(bytes).is_some() {
        return Some(Kind::Capture);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => json_kind(text),
        Some(_) if vulnerability::kev::is_table(text) => Some(Kind::Kev),
        Some(_) if vulnerability::epss::is_epss(text) => Some(Kind::Epss),
        Some(_) if assets::looks_like_inventory(bytes) => Some(Kind::Inventory),
        _ => None,
    }
}

/// Looks at the names of the outermost members only, so a large document costs one light pass.
/// A document that breaks off is still recognised by the members before the break, so that its
/// own reader can say where it breaks.
fn json_kind(text: &[u8]) -> Option<Kind> {
    let members = outer_members(text);
    let has = |name: &str| members.iter().any(|member| member == name);
    if has("document") {
        Some(Kind::Csaf)
    } else if has("catalogVersion") || (has("vulnerabilities") && has("dateReleased")) {
        Some(Kind::Kev)
    } else {
        None
    }
}

/// The names of the outermost members of a JSON object.
pub(crate) fn outer_members(text: &[u8]) -> Vec<String> {
    let (mut members, mut depth, mut at) = (Vec::new(), 0usize, 0usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let start = at + 1;
                at = end_of_string(text, start);
                let is_member = depth == 1
                    && text
                        .get(at + 1..)
                        .and_then(|rest| rest.iter().find(|byte| !byte.is_ascii_whitespace()))
                        == Some(&b':');
                if is_member {
                    let name = text.get(start..at).unwrap_or_default();
                    members.push(String::from_utf8_lossy(name).into_owned());
                }
                if members.len() == MEMBERS_MAX {
                    break;
                }
            }
            _ => {}
        }
        at += 1;
    }
    members
}

/// Position of the quote that ends the string which starts at `at`, or the end of the text.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// Most outer members looked at; a hostile document could have millions.
const MEMBERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decides_by_content() {
        for (name, text, want) in [
            ("csaf", r#"{"document":{"csaf_version":"2.0"}}"#, Some(Kind::Csaf)),
            ("csaf that breaks off", r#"{"document":{"title":"x"#, Some(Kind::Csaf)),
            ("kev", r#"{"title":"t","catalogVersion":"1","vulnerabilities":[]}"#, Some(Kind::Kev)),
            (
                "kev as a table",
                "cveID,vendorProject,dateAdded\nCVE-2026-10001,v,2026-01-01\n",
                Some(Kind::Kev),
            ),
            ("inner name", r#"{"a":{"document":1}}"#, None),
            ("a string value", r#"{"a":"document"}"#, None),
            ("epss", "#model_version:v2025\ncve,epss,percentile\n", Some(Kind::Epss)),
            ("inventory", "asset_id,maker\n1,2\n", Some(Kind::Inventory)),
            ("prose", "Dear colleague", None),
            ("nothing", "", None),
        ] {
            assert_eq!(kind_of(text.as_bytes()), want, "{name}");
        }
    }
}
