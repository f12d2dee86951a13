//! HL7 version 2 messages in MLLP frames.
//!
//! Source: HL7 v2.5.1 chapters 2, 3, 4 and 7; HL7 MLLP release 1.
//! Privacy: every patient is invented and carries a canary, so that a leak can be found.

use crate::canary;

/// Who says what to whom.
pub(crate) struct Header<'a> {
    /// MSH-3.
    pub(crate) sender: &'a str,
    /// MSH-4.
    pub(crate) facility: &'a str,
    /// MSH-5.
    pub(crate) receiver: &'a str,
    /// MSH-6.
    pub(crate) receiving_facility: &'a str,
    /// MSH-9, e.g. `ORU^R01`.
    pub(crate) kind: &'a str,
    /// MSH-12.
    pub(crate) version: &'a str,
    /// MSH-7, `20261123093000`.
    pub(crate) time: &'a str,
    /// MSH-10.
    pub(crate) control: u64,
}

/// A message about a patient; `rest` holds further segments, each ended by a carriage return.
pub(crate) fn message(header: &Header<'_>, patient: u64, rest: &str) -> Vec<u8> {
    let name = canary::name(patient);
    let id = canary::id(patient);
    framed(&format!(
        "{}PID|1||{id}^^^WARD^MR||{name}||19700101|U|||1 CANARY STREET^^WARDTOWN\r{rest}",
        msh(header)
    ))
}

/// The acknowledgement of a message: who was asked answers, with the same kind of event.
pub(crate) fn acknowledgement(asked: &Header<'_>, kind: &str) -> Vec<u8> {
    let header = Header {
        sender: asked.receiver,
        facility: asked.receiving_facility,
        receiver: asked.sender,
        receiving_facility: asked.facility,
        kind,
        ..*asked
    };
    framed(&format!("{}MSA|AA|M{:08}\r", msh(&header), asked.control))
}

fn msh(say: &Header<'_>) -> String {
    format!(
        "MSH|^~\\&|{}|{}|{}|{}|{}||{}|M{:08}|P|{}\r",
        say.sender,
        say.facility,
        say.receiver,
        say.receiving_facility,
        say.time,
        say.kind,
        say.control,
        say.version
    )
}

fn framed(text: &str) -> Vec<u8> {
    [b"\x0b", text.as_bytes(), b"\x1c\r"].concat()
}
