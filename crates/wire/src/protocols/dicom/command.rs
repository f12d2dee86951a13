//! DIMSE command sets: what is asked or answered, for which SOP class.
//!
//! Source: PS3.7 section 6.3 and annex E. Commands are always implicit VR little endian.
//! Input:  one whole command set, joined from its fragments.

use crate::reader::Reader;

/// The parts of a command that tell what its sender does.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Command {
    /// (0000,0100).
    pub(super) field: u16,
    /// (0000,0002), else (0000,0003).
    pub(super) class: Option<String>,
    /// (0000,0800) says that a data set follows.
    pub(super) has_data_set: bool,
    /// (0000,0900), in answers.
    pub(super) status: u16,
}

impl Command {
    /// True for an answer.
    pub(super) fn is_answer(&self) -> bool {
        self.field & ANSWER != 0
    }

    /// True where the sender uses the service, false where it provides it; `None` where the
    /// command does not tell, as when the peer refuses the service.
    pub(super) fn sender_is_user(&self) -> Option<bool> {
        let request = self.field & !ANSWER;
        if request == CANCEL || self.is_answer() && REFUSALS.contains(&self.status) {
            return None;
        }
        Some((request == EVENT_REPORT) == self.is_answer())
    }
}

/// Reads a command set; `None` where it is broken or has no command field.
pub(super) fn parse(input: &[u8]) -> Option<Command> {
    let mut reader = Reader::new(input);
    let mut command = Command::default();
    let mut named = false;
    while !reader.is_empty() {
        let (group, element) = (reader.u16_le()?, reader.u16_le()?);
        let length = usize::try_from(reader.u32_le()?).ok()?;
        let value = reader.take(length)?;
        let number = || value.try_into().ok().map(u16::from_le_bytes);
        match (group, element) {
            (0, 0x0002) => command.class = uid(value),
            (0, 0x0003) if command.class.is_none() => command.class = uid(value),
            (0, 0x0100) => (command.field, named) = (number()?, true),
            (0, 0x0800) => command.has_data_set = number()? != NO_DATA_SET,
            (0, 0x0900) => command.status = number()?,
            _ => {}
        }
    }
    named.then_some(command)
}

fn uid(bytes: &[u8]) -> Option<String> {
    crate::text::clean(bytes).map(std::borrow::Cow::into_owned)
}

/// C-STORE-RQ.
pub(super) const STORE: u16 = 0x0001;

const ANSWER: u16 = 0x8000;
const CANCEL: u16 = 0x0FFF;
const EVENT_REPORT: u16 = 0x0100;
const NO_DATA_SET: u16 = 0x0101;

/// SOP class not supported, not authorized, no such SOP class, unrecognized operation (annex C).
const REFUSALS: [u16; 4] = [0x0122, 0x0124, 0x0118, 0x0211];
