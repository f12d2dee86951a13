//! The words of a rule set, with their lines.

use std::net::IpAddr;

use super::super::{ReadError, number, port};
use crate::packets::{self, Addresses, Ports};

/// One word, brace, comma, or end of line (`\n`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) line: usize,
}

impl Word {
    pub(super) fn refused(&self, reason: &str) -> ReadError {
        let text = if self.text == "\n" { "end of line" } else { self.text.as_str() };
        ReadError::line(self.line, text, reason)
    }
}

/// All words of a text, read from the front.
pub(super) struct Words {
    words: Vec<Word>,
    next: usize,
}

impl Words {
    pub(super) fn new(text: &str) -> Result<Self, ReadError> {
        let mut words = Vec::new();
        for (number, line) in text.lines().enumerate() {
            split(number + 1, line, &mut words)?;
        }
        Ok(Self { words, next: 0 })
    }

    pub(super) fn peek(&self) -> Option<&Word> {
        self.words.get(self.next)
    }

    fn take(&mut self) -> Option<Word> {
        let word = self.words.get(self.next).cloned();
        self.next += usize::from(word.is_some());
        word
    }

    /// The next word that is no end of line; none at the end of the text.
    pub(super) fn next_of_line(&mut self) -> Option<Word> {
        while self.peek().is_some_and(|word| matches!(word.text.as_str(), "\n" | ";")) {
            self.next += 1;
        }
        self.take()
    }

    pub(super) fn needed(&mut self) -> Result<Word, ReadError> {
        let last = self.words.last().map_or(1, |word| word.line);
        self.take().ok_or_else(|| ReadError::line(last, "", "the text ends within a block"))
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<(), ReadError> {
        let word = self.needed()?;
        if word.text == text {
            Ok(())
        } else {
            Err(word.refused(&format!("`{text}` should stand here")))
        }
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.peek().is_some_and(|word| word.text == text);
        self.next += usize::from(found);
        found
    }

    pub(super) fn table_name(&mut self) -> Result<(String, String), ReadError> {
        let family = self.needed()?;
        Ok((family.text, self.needed()?.text))
    }

    /// One value or a list in braces.
    fn values<T>(
        &mut self,
        read: impl Fn(&Word) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        if !self.eat("{") {
            return Ok(vec![read(&self.needed()?)?]);
        }
        let mut values = Vec::new();
        loop {
            let word = self.needed()?;
            match word.text.as_str() {
                "}" => return Ok(values),
                "," | "\n" => {}
                _ => values.push(read(&word)?),
            }
        }
    }

    /// Addresses, networks and ranges of one version.
    pub(super) fn addresses(&mut self, version: u8) -> Result<Addresses, ReadError> {
        let mut addresses = Addresses::default();
        for (first, last) in self.values(|word| range(word, version))? {
            addresses.add_range(version.into(), first, last);
        }
        Ok(addresses)
    }

    pub(super) fn ports(&mut self) -> Result<Ports, ReadError> {
        self.values(|word| {
            let (first, last) = word
                .text
                .split_once('-')
                .filter(|(a, _)| number(a, 65_535).is_some())
                .unwrap_or((&word.text, &word.text));
            match (port(first), port(last)) {
                (Some(first), Some(last)) if first <= last => Ok((first, last)),
                _ => Err(word.refused("not a port")),
            }
        })
    }

    /// Words of a list, each as `read` takes it.
    pub(super) fn list<T>(
        &mut self,
        read: impl Fn(&str) -> Option<T>,
        reason: &str,
    ) -> Result<Vec<T>, ReadError> {
        self.values(|word| read(&word.text).ok_or_else(|| word.refused(reason)))
    }

    /// States, with commas and no braces.
    pub(super) fn states(&mut self) -> Result<Vec<Word>, ReadError> {
        if self.peek().is_some_and(|word| word.text == "{") {
            return self.values(|word| Ok(word.clone()));
        }
        let mut states = vec![self.needed()?];
        while self.eat(",") {
            states.push(self.needed()?);
        }
        Ok(states)
    }
}

fn range(word: &Word, version: u8) -> Result<(u128, u128), ReadError> {
    let own = |address: &IpAddr| packets::version(*address) == u128::from(version);
    let refused = || word.refused("not an address of this version");
    if let Some((first, last)) = word.text.split_once('-') {
        let ends =
            (first.parse::<IpAddr>().ok().filter(own), last.parse::<IpAddr>().ok().filter(own));
        let (Some(first), Some(last)) = ends else { return Err(refused()) };
        let (first, last) = (packets::number(first), packets::number(last));
        return if first <= last { Ok((first, last)) } else { Err(refused()) };
    }
    let (address, length) =
        word.text.split_once('/').map_or((word.text.as_str(), None), |(a, l)| (a, Some(l)));
    let address = address.parse::<IpAddr>().ok().filter(own).ok_or_else(refused)?;
    let bits = if version == 4 { 32 } else { 128 };
    let length = match length {
        Some(length) => number(length, bits).ok_or_else(refused)?,
        None => bits,
    };
    let mut network = Addresses::default();
    network.add_network(address, length as u8);
    let ranges = if version == 4 { network.v4 } else { network.v6 };
    ranges.first().copied().ok_or_else(refused)
}

/// Words of one line; a comment ends it; text in quotation marks is one word.
fn split(line: usize, text: &str, words: &mut Vec<Word>) -> Result<(), ReadError> {
    let mut signs = text.char_indices().peekable();
    let mut push = |text: &str| words.push(Word { text: text.to_owned(), line });
    while let Some((start, sign)) = signs.next() {
        match sign {
            '#' => break,
            '{' | '}' | ';' | ',' | '=' => push(sign.encode_utf8(&mut [0; 4])),
            '"' => {
                let Some((end, _)) = signs.find(|(_, sign)| *sign == '"') else {
                    return Err(ReadError::line(line, text, "a text without its end"));
                };
                push(text.get(start..=end).unwrap_or_default());
            }
            sign if sign.is_whitespace() => {}
            _ => {
                let within = |sign: char| !sign.is_whitespace() && !"{};,=\"#".contains(sign);
                // `!=` is one word.
                let mut end = start + sign.len_utf8();
                if text.get(start..).is_some_and(|rest| rest.starts_with("!=")) {
                    signs.next();
                    end = start + 2;
                } else {
                    while let Some((at, sign)) = signs.next_if(|(_, sign)| within(*sign)) {
                        end = at + sign.len_utf8();
                    }
                }
                push(text.get(start..end).unwrap_or_default());
            }
        }
    }
    push("\n");
    Ok(())
}
