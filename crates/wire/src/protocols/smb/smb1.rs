//! SMB 1: negotiation and session set-up.
//!
//! Source: MS-CIFS sections 2.2.3.1 (header), 2.2.4.52 (negotiate), 2.2.4.53 (session set-up);
//!         MS-SMB sections 2.2.4.5 and 2.2.4.6 (extended security).

use std::ops::Range;

use super::{DIALECT, LAN_MANAGER, NATIVE_OS, PRIMARY_DOMAIN, SERVER_NAME, State, ntlm, signing};
use crate::dissect::{About, Field, Sink};
use crate::reader::Reader;
use crate::text;

/// Reads one message; `base` is where it stands in the input.
pub(super) fn read(message: &[u8], base: usize, from_server: bool, sink: &mut dyn Sink) -> State {
    let Some(parts) = Parts::read(message, base) else {
        return State::Broken("message of SMB 1 breaks off");
    };
    match (parts.command, from_server) {
        (NEGOTIATE, true) => parts.report_negotiation(sink),
        (NEGOTIATE, false) => {}
        (SESSION_SETUP, true) => {
            parts.report_setup_response(sink);
            // More processing required is the only status that another round follows.
            let over = parts.status == 0 || parts.status != MORE_PROCESSING;
            return if over { State::Over } else { State::Opening };
        }
        (SESSION_SETUP, false) => parts.report_setup_request(sink),
        _ => return State::Over,
    }
    State::Opening
}

/// A message taken apart.
struct Parts<'a> {
    command: u8,
    status: u32,
    unicode: bool,
    words: &'a [u8],
    /// Positions count from the header, for the alignment of text.
    bytes: Reader<'a>,
    base: usize,
}

impl<'a> Parts<'a> {
    fn read(message: &'a [u8], base: usize) -> Option<Self> {
        let mut reader = Reader::new(message);
        reader.skip(4)?;
        let (command, status, _flags) = (reader.u8()?, reader.u32_le()?, reader.u8()?);
        let flags2 = reader.u16_le()?;
        reader.skip(HEADER_BYTES - 12)?;
        let word_count = reader.u8()?;
        let words = reader.take(usize::from(word_count) * 2)?;
        let _byte_count = reader.u16_le()?;
        let unicode = flags2 & UNICODE != 0;
        Some(Self { command, status, unicode, words, bytes: reader, base })
    }

    fn report_negotiation(&self, sink: &mut dyn Sink) {
        let mut words = Reader::new(self.words);
        let Some(index) = words.u16_le() else { return };
        if index == NO_DIALECT {
            return;
        }
        let at = self.base + HEADER_BYTES + 1;
        let mode = words.u8().unwrap_or_default();
        let dialect =
            if self.words.len() == NT_WORDS * 2 { "SMB 1" } else { "SMB 1 (LAN Manager)" };
        let signs = signing(mode & MODE_ENABLED != 0, mode & MODE_REQUIRED != 0);
        sink.found(&DIALECT, About::Sender, &format!("{dialect}, {signs}"), at..at + 3);
        if self.words.len() != NT_WORDS * 2 {
            return;
        }
        let tail = (words.skip(16), words.u32_le(), words.skip(10), words.u8());
        let (_, Some(capabilities), _, Some(key_length)) = tail else { return };
        let mut bytes = self.bytes;
        if capabilities & EXTENDED_SECURITY != 0 {
            let _server_id = bytes.skip(16);
            self.report_token(bytes, sink);
        } else if bytes.skip(usize::from(key_length)).is_some() {
            // Here, and only here, text is not aligned.
            self.report_text(&PRIMARY_DOMAIN, &mut bytes, false, sink);
            self.report_text(&SERVER_NAME, &mut bytes, false, sink);
        }
    }

    fn report_setup_request(&self, sink: &mut dyn Sink) {
        let mut bytes = self.bytes;
        let word = |index: usize| {
            Reader::new(self.words.get(index * 2..).unwrap_or_default()).u16_le().map(usize::from)
        };
        let names = match self.words.len() / 2 {
            12 => {
                let token = word(7).and_then(|length| bytes.part(length));
                token.map(|token| self.report_token(token, sink))
            }
            // User and domain stand before the system; they are stepped over.
            13 => (|| {
                bytes.skip(word(7)?)?;
                bytes.skip(word(8)?)?;
                self.text(&mut bytes, true)?;
                self.text(&mut bytes, true).map(|_| ())
            })(),
            10 => (|| {
                bytes.skip(word(7)?)?;
                self.text(&mut bytes, true)?;
                self.text(&mut bytes, true).map(|_| ())
            })(),
            _ => None,
        };
        if names.is_some() {
            self.report_system(&mut bytes, sink);
        }
    }

    fn report_setup_response(&self, sink: &mut dyn Sink) {
        let mut bytes = self.bytes;
        if self.words.len() == 4 * 2 {
            let mut words = Reader::new(self.words.get(6..).unwrap_or_default());
            let Some(token) = words.u16_le().and_then(|length| bytes.part(usize::from(length)))
            else {
                return;
            };
            self.report_token(token, sink);
        } else if self.words.len() != 3 * 2 {
            return;
        }
        self.report_system(&mut bytes, sink);
        self.report_text(&PRIMARY_DOMAIN, &mut bytes, true, sink);
    }

    fn report_token(&self, token: Reader<'_>, sink: &mut dyn Sink) {
        let start = self.base + token.position();
        ntlm::read(token.rest(), &|range| range.start + start..range.end + start, sink);
    }

    /// NativeOS and NativeLanMan.
    fn report_system(&self, bytes: &mut Reader<'a>, sink: &mut dyn Sink) {
        self.report_text(&NATIVE_OS, bytes, true, sink);
        let Some((manager, at)) = self.text(bytes, true) else { return };
        let samba = manager.as_deref().and_then(|manager| manager.strip_prefix("Samba "));
        if let Some(version) = samba {
            sink.found(&LAN_MANAGER, About::Sender, &format!("Samba@{version}"), at);
        }
    }

    fn report_text(
        &self,
        field: &'static Field,
        bytes: &mut Reader<'a>,
        aligned: bool,
        sink: &mut dyn Sink,
    ) {
        if let Some((Some(value), at)) = self.text(bytes, aligned) {
            sink.found(field, About::Sender, &value, at);
        }
    }

    /// The next text, up to its zero or the end, and where it stands in the input.
    fn text(
        &self,
        bytes: &mut Reader<'a>,
        aligned: bool,
    ) -> Option<(Option<String>, Range<usize>)> {
        if aligned && self.unicode && !bytes.position().is_multiple_of(2) {
            bytes.skip(1)?;
        }
        if bytes.is_empty() {
            return None;
        }
        let start = self.base + bytes.position();
        let (value, length, zero) = if self.unicode {
            let units = bytes.rest().as_chunks::<2>().0;
            let length = units.iter().position(|unit| *unit == [0, 0]).unwrap_or(units.len()) * 2;
            (ntlm::utf16_le(bytes.rest().get(..length)?), length, 2)
        } else {
            let length = memchr::memchr(0, bytes.rest()).unwrap_or(bytes.remaining());
            (text::clean(bytes.rest().get(..length)?).map(Into::into), length, 1)
        };
        bytes.skip((length + zero).min(bytes.remaining()))?;
        Some((value, start..start + length))
    }
}

const HEADER_BYTES: usize = 32;
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP: u8 = 0x73;
const NO_DIALECT: u16 = 0xffff;
const UNICODE: u16 = 0x8000;
const EXTENDED_SECURITY: u32 = 0x8000_0000;
const MODE_ENABLED: u8 = 0x04;
const MODE_REQUIRED: u8 = 0x08;
/// Parameter words of an answer in the dialect `NT LM 0.12`.
const NT_WORDS: usize = 17;
/// STATUS_MORE_PROCESSING_REQUIRED, MS-ERREF section 2.3.1.
pub(super) const MORE_PROCESSING: u32 = 0xc000_0016;
