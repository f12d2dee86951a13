//! The XML of spreadsheets: elements by their local names, texts with references resolved.
//!
//! Limits: nothing is expanded but the five entities that XML predefines, and a document type
//!         declaration ends the reading.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// What a document goes through.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    Start(&'a BytesStart<'a>),
    End(&'a str),
    Text(&'a str),
}

/// Shows every part of a document in its order; an element without content ends at once.
pub(super) fn walk(document: &str, mut show: impl FnMut(Part<'_>)) -> Result<(), &'static str> {
    let mut reader = Reader::from_str(document);
    reader.config_mut().expand_empty_elements = true;
    loop {
        match reader.read_event().map_err(|_| NOT_XML)? {
            Event::Start(element) => show(Part::Start(&element)),
            Event::End(element) => show(Part::End(element.local_name().as_ref())),
            Event::Text(text) => show(Part::Text(&text)),
            Event::CData(text) => show(Part::Text(&text)),
            Event::GeneralRef(reference) => show(Part::Text(&resolve(&reference))),
            Event::DocType(_) => return Err(NOT_XML),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// An attribute by its local name.
pub(super) fn attribute(element: &BytesStart<'_>, wanted: &str) -> Option<String> {
    let mut all = element.attributes();
    let attributes = all.with_checks(false).filter_map(Result::ok);
    let mut named = attributes.filter(|attribute| attribute.key.local_name().as_ref() == wanted);
    let value = named.next()?.value;
    Some(quick_xml::escape::unescape(&value).map_or_else(|_| value.to_string(), Into::into))
}

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

const NOT_XML: &str = "the spreadsheet's XML cannot be read";
