//! A small tree of elements, with their lines.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::ReadError;

/// Deepest nesting that is followed; configurations have some ten levels.
pub(super) const DEPTH_MAX: usize = 32;

/// One element.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    /// The attribute `name`.
    pub(super) label: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
    line: usize,
}

impl Element {
    pub(super) fn refused(&self, reason: &str) -> ReadError {
        let shown = format!(
            "<{}{}> {}",
            self.name,
            if self.label.is_empty() { String::new() } else { format!(" {}", self.label) },
            self.text
        );
        ReadError::line(self.line, shown.trim(), reason)
    }

    /// The one child of this name, with no other beside it.
    pub(super) fn only(&self, name: &str) -> Result<&Self, ReadError> {
        match self.children.as_slice() {
            [child] if child.name == name => Ok(child),
            _ => Err(self.refused(&format!("only one <{name}> is read here"))),
        }
    }

    /// Children that are all `<member>`.
    pub(super) fn members(&self) -> Result<&[Self], ReadError> {
        match self.children.iter().find(|child| child.name != "member") {
            None if !self.children.is_empty() => Ok(&self.children),
            None => Err(self.refused("an empty list")),
            Some(other) => Err(other.refused("not known here")),
        }
    }
}

/// Reads the root element.
pub(super) fn read(text: &str) -> Result<Element, ReadError> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element { line: 1, ..Element::default() }];
    let (mut line, mut counted) = (1, 0);
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        line += text.get(counted..at).unwrap_or_default().matches('\n').count();
        counted = at;
        let event = reader
            .read_event()
            .map_err(|error| ReadError::line(line, "", format!("not XML: {error}")))?;
        match event {
            Event::Start(start) if open.len() < DEPTH_MAX => open.push(element(&start, line)?),
            Event::Start(_) => return Err(ReadError::line(line, "", "nested too deep")),
            Event::Empty(start) => close(&mut open, element(&start, line)?),
            Event::End(_) => {
                if let Some(done) = open.pop() {
                    close(&mut open, done);
                }
            }
            Event::Text(part) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(part.trim());
                }
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof => break,
            // Entities, instructions and document types can say what is not there to be read.
            _ => return Err(ReadError::line(line, "", "not plain elements and text")),
        }
    }
    let mut top = open.pop().unwrap_or_default();
    match (top.children.pop(), open.is_empty() && top.children.is_empty()) {
        (Some(root), true) if root.name == "config" => Ok(root),
        _ => Err(ReadError::line(1, "", "not one <config>")),
    }
}

fn close(open: &mut [Element], done: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(done);
    }
}

fn element(start: &BytesStart<'_>, line: usize) -> Result<Element, ReadError> {
    let mut element =
        Element { name: start.name().as_ref().to_owned(), line, ..Element::default() };
    for attribute in start.attributes() {
        let attribute =
            attribute.map_err(|error| ReadError::line(line, "", format!("not XML: {error}")))?;
        if attribute.key.as_ref() == "name" {
            element.label = attribute.value.into_owned();
        }
    }
    Ok(element)
}
