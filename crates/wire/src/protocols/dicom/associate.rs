//! The association: who calls whom, and what they propose to do together.
//!
//! Source:  PS3.8 section 9.3.2 (A-ASSOCIATE-RQ) and 9.3.3 (A-ASSOCIATE-AC); PS3.7 annex D.3.3
//!          for the user information items.
//! Input:   one whole PDU, header included.
//! Output:  titles, presentation contexts and user information, with ranges into the PDU.
//! Limits:  at most 128 presentation contexts, because their odd identifiers fit one byte.
//! Privacy: of a user identity (58H) only its type is read, never the name or the passcode.

use std::ops::Range;

use crate::reader::Reader;

/// Text in a PDU and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) at: Range<usize>,
}

/// One presentation context, proposed or answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Context {
    pub(super) id: u8,
    pub(super) at: Range<usize>,
    /// Whether an answer accepts it; true in a proposal.
    pub(super) accepted: bool,
    /// Only a proposal has one.
    pub(super) abstract_syntax: Option<Text>,
    /// All that are proposed, or the one that is accepted.
    pub(super) transfer_syntaxes: Vec<String>,
}

/// SCP/SCU role selection for one SOP class.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RoleSelection {
    pub(super) class: String,
    /// The one who asked for the association uses the class.
    pub(super) user: bool,
    /// The one who asked for the association provides the class.
    pub(super) provider: bool,
}

/// An A-ASSOCIATE-RQ or A-ASSOCIATE-AC.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Association {
    pub(super) called: Option<Text>,
    pub(super) calling: Option<Text>,
    pub(super) contexts: Vec<Context>,
    pub(super) roles: Vec<RoleSelection>,
    pub(super) implementation_class: Option<Text>,
    pub(super) implementation_version: Option<Text>,
    /// A user name with a passcode was sent in clear text; where the item stands.
    pub(super) passcode: Option<Range<usize>>,
}

/// Reads the PDU; `None` where an item runs past its end.
pub(super) fn parse(pdu: &[u8]) -> Option<Association> {
    let mut reader = Reader::new(pdu);
    reader.skip(PDU_HEADER_BYTES + 4)?;
    let mut found = Association {
        called: title(&mut reader)?,
        calling: title(&mut reader)?,
        ..Association::default()
    };
    reader.skip(32)?;
    while !reader.is_empty() {
        let (kind, item) = item(&mut reader)?;
        match kind {
            0x20 | 0x21 if found.contexts.len() < CONTEXTS_MAX => {
                found.contexts.push(context(item, kind == 0x20)?);
            }
            0x50 => user_information(item, &mut found)?,
            _ => {}
        }
    }
    Some(found)
}

/// `None` is a PDU that is too short; an empty title is an inner `None`.
#[expect(clippy::option_option, reason = "cut off and empty are different answers")]
fn title(reader: &mut Reader<'_>) -> Option<Option<Text>> {
    let start = reader.position();
    let bytes = reader.take(16)?;
    Some(text(bytes, start))
}

fn text(bytes: &[u8], start: usize) -> Option<Text> {
    let value = crate::text::clean(bytes)?.into_owned();
    Some(Text { value, at: start..start + bytes.len() })
}

fn item<'a>(reader: &mut Reader<'a>) -> Option<(u8, Reader<'a>)> {
    let kind = reader.u8()?;
    reader.skip(1)?;
    let length = reader.u16_be()?;
    Some((kind, reader.part(usize::from(length))?))
}

fn context(mut reader: Reader<'_>, proposal: bool) -> Option<Context> {
    let at = reader.position()..reader.position() + reader.remaining();
    let [id, _, result, _] = reader.array()?;
    let mut context = Context {
        id,
        at,
        accepted: proposal || result == 0,
        abstract_syntax: None,
        transfer_syntaxes: Vec::new(),
    };
    while !reader.is_empty() {
        let (kind, item) = item(&mut reader)?;
        match kind {
            0x30 => context.abstract_syntax = text(item.rest(), item.position()),
            0x40 if context.transfer_syntaxes.len() < TRANSFER_SYNTAXES_MAX => {
                context.transfer_syntaxes.extend(uid(item.rest()));
            }
            _ => {}
        }
    }
    Some(context)
}

fn uid(bytes: &[u8]) -> Option<String> {
    crate::text::clean(bytes).map(std::borrow::Cow::into_owned)
}

fn user_information(mut reader: Reader<'_>, found: &mut Association) -> Option<()> {
    while !reader.is_empty() {
        let start = reader.position();
        let (kind, mut item) = item(&mut reader)?;
        match kind {
            0x52 => found.implementation_class = text(item.rest(), item.position()),
            0x55 => found.implementation_version = text(item.rest(), item.position()),
            0x54 if found.roles.len() < CONTEXTS_MAX => found.roles.push(role(&mut item)?),
            0x58 if item.u8() == Some(USERNAME_AND_PASSCODE) => {
                found.passcode = Some(start..start + 5);
            }
            _ => {}
        }
    }
    Some(())
}

fn role(reader: &mut Reader<'_>) -> Option<RoleSelection> {
    let length = reader.u16_be()?;
    let class = uid(reader.take(usize::from(length))?).unwrap_or_default();
    let [user, provider] = reader.array()?;
    Some(RoleSelection { class, user: user == 1, provider: provider == 1 })
}

/// PDU type, a reserved byte and the length.
pub(super) const PDU_HEADER_BYTES: usize = 6;

/// Presentation context identifiers are the odd numbers of one byte.
const CONTEXTS_MAX: usize = 128;

/// Most transfer syntaxes kept of one context: some sixty are registered.
const TRANSFER_SYNTAXES_MAX: usize = 64;

/// User identity type 2, PS3.7 table D.3-14.
const USERNAME_AND_PASSCODE: u8 = 2;
