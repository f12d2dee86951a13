//! XML of devices: leaf elements with their path, names bound by namespace and not by prefix.
//!
//! Source:  Namespaces in XML 1.0; `knowledge/xml-namespaces.csv` gives each known namespace one
//!          prefix of ours, so that `dpws:Device` means the same whatever the sender calls it.
//! Input:   one whole document of a bounded size; the caller bounds it.
//! Output:  visits; ranges are in bytes of the document.
//! Limits:  [`DEPTH_MAX`]; no entity is expanded but the five that XML predefines, and a document
//!          type declaration ends the reading.
//! Privacy: text is handed to the visitor with its path and not kept.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use model::Answerable;
use quick_xml::NsReader;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::{Namespace, NamespaceResolver, QName, ResolveResult};

/// Is shown the elements of a document.
pub(crate) trait Visitor {
    /// An element without children ended. `path` leads to it and ends with its own name.
    fn leaf(&mut self, path: &[String], leaf: &Leaf<'_>);

    /// Any element ended, leaves included.
    fn close(&mut self, path: &[String]) {
        let _ = path;
    }
}

/// The text of an element.
pub(crate) struct Leaf<'a> {
    /// The text, references resolved.
    pub(crate) text: &'a str,
    /// Where it stands.
    pub(crate) at: Range<usize>,
    names: &'a NamespaceResolver,
}

impl Leaf<'_> {
    /// A qualified name inside the text, with our prefix for its namespace.
    pub(crate) fn qualified(&self, name: &str) -> String {
        canonical(self.names, QName(name))
    }
}

/// Why a document was not read to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum XmlError {
    /// The sender: this is no well-formed XML.
    #[error("XML is not well-formed")]
    Malformed,
    /// The sender: no protocol read here allows one.
    #[error("XML with a document type declaration")]
    DocumentType,
    /// Us.
    #[error("XML nested deeper than {DEPTH_MAX}")]
    TooDeep,
}

impl XmlError {
    /// A fixed phrase, and who is answerable.
    pub(crate) fn oddity(self) -> (&'static str, Answerable) {
        match self {
            Self::Malformed => ("XML is not well-formed", Answerable::Sender),
            Self::DocumentType => ("XML with a document type declaration", Answerable::Sender),
            Self::TooDeep => ("XML nested too deep", Answerable::Us),
        }
    }
}

/// The document as text. What is not UTF-8 is read as ISO 8859-1, and then ranges do not hold.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

/// Shows `visitor` all elements of `document`, in order.
///
/// # Errors
///
/// What was visited before an error stands.
pub(crate) fn walk(document: &str, visitor: &mut dyn Visitor) -> Result<(), XmlError> {
    let mut reader = NsReader::from_str(document);
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<String> = Vec::new();
    let mut text = Text::default();
    loop {
        let start = position(&reader);
        let event = reader.read_event().map_err(|_| XmlError::Malformed)?;
        let at = start..position(&reader);
        match event {
            Event::Start(element) if path.len() < DEPTH_MAX => {
                path.push(canonical(reader.resolver(), element.name()));
                text = Text { in_leaf: true, ..Text::default() };
            }
            Event::Start(_) => return Err(XmlError::TooDeep),
            Event::End(_) => {
                text.visit(&path, reader.resolver(), visitor);
                visitor.close(&path);
                path.pop();
            }
            Event::Text(part) => text.push(&part, at),
            Event::CData(part) => text.push(&part, at),
            Event::GeneralRef(reference) => text.push(resolve(&reference).as_str(), at),
            Event::DocType(_) => return Err(XmlError::DocumentType),
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err(XmlError::Malformed),
            _ => {}
        }
    }
}

fn position(reader: &NsReader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// The text of the innermost element, as long as it has no child.
#[derive(Default)]
struct Text {
    in_leaf: bool,
    value: String,
    at: Option<Range<usize>>,
}

impl Text {
    fn push(&mut self, part: &str, at: Range<usize>) {
        if self.in_leaf && self.value.len() + part.len() <= TEXT_BYTES_MAX {
            self.value.push_str(part);
            let start = self.at.take().map_or(at.start, |before| before.start);
            self.at = Some(start..at.end);
        }
    }

    fn visit(&mut self, path: &[String], names: &NamespaceResolver, visitor: &mut dyn Visitor) {
        let Self { in_leaf, value, at } = std::mem::take(self);
        if let (true, Some(at)) = (in_leaf, at) {
            visitor.leaf(path, &Leaf { text: &value, at, names });
        }
    }
}

/// A character, or nothing for an entity that only a declaration could explain.
fn resolve(reference: &BytesRef<'_>) -> String {
    match reference.as_ref() {
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "amp" => "&".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        _ => reference.resolve_char_ref().ok().flatten().map(String::from).unwrap_or_default(),
    }
}

fn canonical(names: &NamespaceResolver, name: QName<'_>) -> String {
    match names.resolve_element(name) {
        (ResolveResult::Bound(Namespace(uri)), local) => match PREFIXES.get(uri) {
            Some(prefix) => format!("{prefix}:{}", local.as_ref()),
            None if uri.len() > URI_BYTES_MAX => format!("{{}}{}", local.as_ref()),
            None => format!("{{{uri}}}{}", local.as_ref()),
        },
        (_, local) => local.as_ref().to_owned(),
    }
}

static PREFIXES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let (prefix, rest) = line.split_once(',')?;
        Some((rest.split_once(',')?.0, prefix))
    };
    include_str!("../../../../../knowledge/xml-namespaces.csv")
        .lines()
        .skip(1)
        .filter_map(row)
        .collect()
});

/// Deepest element read. Device descriptions nest some twenty deep.
pub(crate) const DEPTH_MAX: usize = 64;

/// Longest unknown namespace that is repeated in a path, in bytes: every element repeats it.
const URI_BYTES_MAX: usize = 128;

/// Longest text of one element kept, in bytes: lists of scopes are the longest of interest.
const TEXT_BYTES_MAX: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Lines(Vec<String>);

    impl Visitor for Lines {
        fn leaf(&mut self, path: &[String], leaf: &Leaf<'_>) {
            self.0.push(format!("{}={} @{:?}", path.join("/"), leaf.text, leaf.at));
        }
    }

    fn check(document: &str) -> (Vec<String>, Result<(), XmlError>) {
        let mut lines = Lines::default();
        let end = walk(document, &mut lines);
        (lines.0, end)
    }

    #[test]
    fn binds_names_by_namespace() {
        let upnp = "urn:schemas-upnp-org:device-1-0";
        for (name, document, want) in [
            (
                "default",
                format!("<root xmlns='{upnp}'><a>1</a></root>"),
                "upnp:root/upnp:a=1 @49..50",
            ),
            (
                "any prefix",
                format!("<q:root xmlns:q='{upnp}'><q:a>1</q:a></q:root>"),
                "upnp:root/upnp:a=1 @55..56",
            ),
            (
                "rebound",
                format!("<a xmlns='{upnp}'><a xmlns='x'>1</a></a>"),
                "upnp:a/{x}a=1 @56..57",
            ),
            ("none", "<a><b>1</b></a>".to_owned(), "a/b=1 @6..7"),
            ("references", "<a>x&amp;&#65;&bomb;<![CDATA[<y>]]></a>".to_owned(), "a=x&A<y> @3..35"),
        ] {
            assert_eq!(check(&document), (vec![want.to_owned()], Ok(())), "{name}");
        }
    }

    #[test]
    fn says_why_it_stopped() {
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        for (name, document, want) in [
            ("entity bomb", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", XmlError::DocumentType),
            ("deep", deep.as_str(), XmlError::TooDeep),
            ("cut", "<a><b>1</b>", XmlError::Malformed),
            ("crossed", "<a><b></a></b>", XmlError::Malformed),
        ] {
            assert_eq!(check(document).1, Err(want), "{name}");
        }
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(document in "[<>/a:xmlns='\"&;#!\\[\\]\\-? \u{e9}]{0,200}") {
            let _ = check(&document);
        }
    }
}
