//! DICOM upper layer and DIMSE: who images, who archives, and with what equipment.
//!
//! Source:  PS3.8 section 9.3 (PDUs), PS3.7 section 6.3 (commands), PS3.5 chapter 7 (data sets).
//! Input:   one TCP connection that starts with an association. TLS hides it.
//! Output:  titles, implementation, SOP classes, roles, and of C-STORE the equipment attributes.
//!          What a data set says is about the device that made the image. It is credited to the
//!          sender as likely where the sender proposes images of one modality only, else as weak,
//!          because archives and workstations forward what others made.
//! Limits:  an association of at most [`BUFFER_BYTES_MAX`], a command of [`COMMAND_BYTES_MAX`];
//!          text is read as UTF-8 or ISO 8859-1, whatever (0008,0005) says.
//! Privacy: only C-STORE data sets are opened, and of those only the attributes that `fields`
//!          lists; queries, worklists and everything from group 0019 on are passed over.

mod associate;
mod command;
mod dataset;
mod fields;
#[cfg(test)]
pub(crate) mod lab;
mod sop_class;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use model::Answerable;

use crate::dissect::{
    About, BUFFER_BYTES_MAX, Direction, Field, Opening, Probe, Sink, Step, StreamDissector,
    StreamProtocol,
};
use crate::reader::Reader;

use associate::{Association, Context, PDU_HEADER_BYTES, Text};
use command::Command;
use dataset::{DataSet, Encoding, Progress, Tag};

/// DICOM over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[104, 11112, 4242],
    probe,
    open: || Box::new(Dicom::default()),
    fields: FIELDS,
};

/// Every field it yields.
pub const FIELDS: &[Field] = fields::ALL;

fn probe(opening: &Opening<'_>) -> Probe {
    match (opening.to_server, opening.to_client) {
        ([], []) => Probe::NeedMore,
        ([], answer) => probe_start(answer, &[PDU_ACCEPT, PDU_REJECT]),
        (request, _) => probe_start(request, &[PDU_REQUEST]),
    }
}

fn probe_start(start: &[u8], kinds: &[u8]) -> Probe {
    let mut reader = Reader::new(start);
    if !reader.u8().is_some_and(|kind| kinds.contains(&kind)) || reader.u8().is_some_and(|b| b != 0)
    {
        return Probe::NotMine;
    }
    let Some(length) = reader.u32_be() else { return Probe::NeedMore };
    if start.first() == Some(&PDU_REJECT) {
        return if length == 4 { Probe::Mine } else { Probe::NotMine };
    }
    if !(ASSOCIATE_BYTES_MIN..BUFFER_BYTES_MAX as u32).contains(&length) {
        return Probe::NotMine;
    }
    // Bit 0 of the protocol version is the only one defined; two reserved bytes follow.
    match reader.array::<4>() {
        Some([_, version, 0, 0]) if version & 1 == 1 => Probe::Mine,
        Some(_) => Probe::NotMine,
        None => Probe::NeedMore,
    }
}

/// One association.
#[derive(Default)]
struct Dicom {
    sides: [Side; 2],
    called: Option<String>,
    contexts: BTreeMap<u8, Negotiated>,
    /// SOP classes for which the caller proposes to be provider, as C-GET needs.
    reversed: BTreeSet<String>,
    /// Modalities that the storage classes of the caller imply.
    modalities: BTreeSet<&'static str>,
}

/// What both sides agreed on for one presentation context, as far as it was seen.
#[derive(Default)]
struct Negotiated {
    class: Option<String>,
    transfer_syntax: Option<String>,
}

/// Where the reader is in one direction.
#[derive(Default)]
struct Side {
    /// Bytes of a P-DATA-TF that follow the fragment in hand.
    pdu_left: u64,
    fragment: Option<Fragment>,
    /// Commands whose last fragment is still to come, by presentation context.
    commands: BTreeMap<u8, Vec<u8>>,
    /// Messages whose data set is read, likewise: fragments of several may be mixed.
    messages: BTreeMap<u8, Message>,
    /// Bytes that were shown and not used, which a gap drops as well.
    unread: usize,
}

/// One presentation data value.
#[derive(Clone, Copy)]
struct Fragment {
    left: u64,
    context: u8,
    is_command: bool,
    is_last: bool,
}

/// A message whose data set is read.
struct Message {
    data_set: DataSet,
    own: bool,
    implies_modality: bool,
}

/// One move of the reader.
enum Move {
    NeedMore,
    Used(usize),
    End(Step),
}

impl StreamDissector for Dicom {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let step = self.advance(direction, input, sink);
        self.side(direction).unread = match step {
            Step::Used(used) => input.len() - used,
            _ => 0,
        };
        step
    }

    fn gap(&mut self, direction: Direction, missing: u64) -> Step {
        let side = self.side(direction);
        let missing = missing + std::mem::take(&mut side.unread) as u64;
        let Some(fragment) = &mut side.fragment else { return Step::Done };
        if fragment.left < missing || fragment.is_command {
            return Step::Done;
        }
        fragment.left -= missing;
        let context = fragment.context;
        side.messages.remove(&context);
        Step::Used(0)
    }

    fn end(&mut self, answered: bool, sink: &mut dyn Sink) {
        // An answer that was captured says more, and a peer that sent none may not be one.
        if let Some(called) = self.called.take().filter(|_| !answered) {
            sink.found(&fields::CALLED_UNHEARD, About::Receiver, &called, CALLED_AE_AT);
        }
    }
}

/// Passes findings on, with ranges moved to the front of the whole input.
struct Findings<'a> {
    sink: &'a mut dyn Sink,
    base: usize,
}

impl Findings<'_> {
    fn sender(&mut self, field: &'static Field, value: &str, at: Range<usize>) {
        self.about(About::Sender, field, value, at);
    }

    fn about(&mut self, about: About, field: &'static Field, value: &str, at: Range<usize>) {
        self.sink.found(field, about, value, self.base + at.start..self.base + at.end);
    }

    fn text(&mut self, field: &'static Field, text: Option<&Text>) {
        if let Some(text) = text {
            self.sender(field, &text.value, text.at.clone());
        }
    }

    fn odd(&mut self, what: &'static str, answerable: Answerable) {
        self.sink.odd(NAME, what, answerable);
    }
}

impl Dicom {
    fn side(&mut self, direction: Direction) -> &mut Side {
        direction.side(&mut self.sides)
    }

    fn advance(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let mut front = 0;
        loop {
            let rest = input.get(front..).unwrap_or_default();
            if rest.is_empty() {
                return Step::Used(front);
            }
            let mut found = Findings { sink: &mut *sink, base: front };
            match self.step(direction, rest, &mut found) {
                Move::NeedMore => return Step::Used(front),
                Move::Used(count) if count <= rest.len() => front += count,
                Move::Used(count) => return Step::Skip((front + count) as u64),
                Move::End(step) => return step,
            }
        }
    }

    fn step(&mut self, direction: Direction, rest: &[u8], found: &mut Findings<'_>) -> Move {
        let side = self.side(direction);
        match side.fragment {
            Some(fragment) if fragment.is_command => self.command(direction, fragment, rest, found),
            Some(fragment) => self.data(direction, fragment, rest, found),
            None if side.pdu_left > 0 => side.next_fragment(rest),
            None => self.pdu(direction, rest, found),
        }
    }

    fn pdu(&mut self, direction: Direction, rest: &[u8], found: &mut Findings<'_>) -> Move {
        let mut reader = Reader::new(rest);
        let (Some(kind), Some(_), Some(length)) = (reader.u8(), reader.u8(), reader.u32_be())
        else {
            return Move::NeedMore;
        };
        if kind == PDU_DATA {
            self.side(direction).pdu_left = u64::from(length);
            return Move::Used(PDU_HEADER_BYTES);
        }
        if !(PDU_REQUEST..=PDU_ABORT).contains(&kind) {
            return Move::End(Step::Malformed("unknown PDU type"));
        }
        let whole = PDU_HEADER_BYTES.saturating_add(length as usize);
        if whole > BUFFER_BYTES_MAX {
            return Move::End(Step::OverLimit("association PDU over limit"));
        }
        let Some(pdu) = rest.get(..whole) else { return Move::NeedMore };
        match (kind, associate::parse(pdu)) {
            (PDU_REJECT | PDU_ABORT, _) => return Move::End(Step::Done),
            (PDU_REQUEST | PDU_ACCEPT, None) => {
                return Move::End(Step::Malformed("association item runs past its PDU"));
            }
            (PDU_REQUEST, Some(association)) => self.request(association, found),
            (PDU_ACCEPT, Some(association)) => self.accept(&association, found),
            _ => {}
        }
        Move::Used(whole)
    }

    fn request(&mut self, association: Association, found: &mut Findings<'_>) {
        found.text(&fields::CALLING_AE, association.calling.as_ref());
        found.text(&fields::IMPLEMENTATION_CLASS, association.implementation_class.as_ref());
        found.text(&fields::IMPLEMENTATION_VERSION, association.implementation_version.as_ref());
        if let Some(at) = association.passcode {
            found.about(About::Receiver, &fields::PASSCODE, "dicom user identity", at);
        }
        self.called = association.called.map(|title| title.value);
        let reversed = association.roles.into_iter().filter(|role| role.provider && !role.user);
        self.reversed = reversed.map(|role| role.class).collect();
        let mut told = BTreeSet::new();
        for context in association.contexts {
            if let Some(class) = &context.abstract_syntax {
                self.proposed(class, &mut told, found);
            }
            self.contexts.insert(context.id, Negotiated::proposed(context));
        }
        let mut modalities = self.modalities.iter();
        if let (Some(modality), None) = (modalities.next(), modalities.next()) {
            found.sender(&fields::IMPLIED_MODALITY, modality, 0..PDU_HEADER_BYTES);
        }
    }

    fn proposed(&mut self, class: &Text, told: &mut BTreeSet<String>, found: &mut Findings<'_>) {
        let is_user = !self.reversed.contains(&class.value);
        if let Some(known) = sop_class::find(&class.value) {
            if is_user && !known.modality.is_empty() {
                self.modalities.insert(known.modality);
            }
            if let Some(role) = known.role(is_user).filter(|role| told.insert(role.clone())) {
                found.sender(&fields::PROPOSED_ROLE, &role, class.at.clone());
            }
        }
        if told.insert(class.value.clone()) {
            found.text(&fields::PROPOSED_CLASS, Some(class));
        }
    }

    fn accept(&mut self, association: &Association, found: &mut Findings<'_>) {
        found.text(&fields::IMPLEMENTATION_CLASS, association.implementation_class.as_ref());
        found.text(&fields::IMPLEMENTATION_VERSION, association.implementation_version.as_ref());
        // The answer repeats the title that was called, but nobody may rely on it.
        let called = self.called.take().or(association.called.clone().map(|title| title.value));
        if let Some(called) = called {
            found.sender(&fields::CALLED_AE, &called, CALLED_AE_AT);
        }
        let mut told = BTreeSet::new();
        for context in association.contexts.iter().filter(|context| context.accepted) {
            let negotiated = self.contexts.entry(context.id).or_default();
            negotiated.transfer_syntax = context.transfer_syntaxes.first().cloned();
            let Some(class) = &negotiated.class else { continue };
            let is_user = self.reversed.contains(class);
            let role = sop_class::find(class).and_then(|known| known.role(is_user));
            if let Some(role) = role.filter(|role| told.insert(role.clone())) {
                found.sender(&fields::ACCEPTED_ROLE, &role, context.at.clone());
            }
            if told.insert(class.clone()) {
                found.sender(&fields::PROPOSED_CLASS, class, context.at.clone());
            }
        }
    }

    fn command(
        &mut self,
        direction: Direction,
        fragment: Fragment,
        rest: &[u8],
        found: &mut Findings<'_>,
    ) -> Move {
        let side = self.side(direction);
        let length = usize::try_from(fragment.left).unwrap_or(usize::MAX);
        let kept: usize = side.commands.values().map(Vec::len).sum();
        if kept.saturating_add(length) > COMMAND_BYTES_MAX {
            return Move::End(Step::OverLimit("command set over limit"));
        }
        let Some(bytes) = rest.get(..length) else { return Move::NeedMore };
        side.commands.entry(fragment.context).or_default().extend_from_slice(bytes);
        side.fragment = None;
        if fragment.is_last {
            let bytes = side.commands.remove(&fragment.context).unwrap_or_default();
            match command::parse(&bytes) {
                Some(command) => self.obey(direction, fragment.context, &command, length, found),
                None => return Move::End(Step::Malformed("command set is broken")),
            }
        }
        Move::Used(length)
    }

    fn obey(
        &mut self,
        direction: Direction,
        context: u8,
        command: &Command,
        length: usize,
        found: &mut Findings<'_>,
    ) {
        let negotiated = self.contexts.get(&context);
        let class = negotiated.and_then(|context| context.class.as_deref());
        let class = command.class.as_deref().or(class).and_then(sop_class::find);
        let role = class.zip(command.sender_is_user()).and_then(|(class, user)| class.role(user));
        if let Some(role) = role {
            found.sender(&fields::ACTED_ROLE, &role, 0..length);
        }
        let opens = command.field == command::STORE && command.has_data_set;
        let syntax = negotiated.and_then(|context| context.transfer_syntax.as_deref());
        let encoding = syntax.map(Encoding::of);
        if opens && encoding == Some(None) {
            found.odd("deflated data set not read", Answerable::Us);
        }
        let message = (opens && encoding != Some(None)).then(|| Message {
            data_set: DataSet::new(encoding.flatten()),
            own: direction == Direction::ToServer && self.modalities.len() == 1,
            implies_modality: class.is_none_or(|class| !class.modality.is_empty()),
        });
        let messages = &mut self.side(direction).messages;
        messages.remove(&context);
        if messages.len() >= MESSAGES_MAX {
            return found.odd("more messages at once than are read", Answerable::Us);
        }
        messages.extend(message.map(|message| (context, message)));
    }

    fn data(
        &mut self,
        direction: Direction,
        fragment: Fragment,
        rest: &[u8],
        found: &mut Findings<'_>,
    ) -> Move {
        let side = self.side(direction);
        if fragment.left == 0 {
            side.fragment = None;
            if fragment.is_last {
                side.messages.remove(&fragment.context);
            }
            return Move::Used(0);
        }
        let Some(message) = side.messages.get_mut(&fragment.context) else {
            return side.pass(fragment.left);
        };
        let length = usize::try_from(fragment.left).unwrap_or(usize::MAX);
        let (part, whole) = match rest.get(..length) {
            Some(part) => (part, true),
            None => (rest, false),
        };
        match message.data_set.read(part, fragment.left, whole) {
            Progress::NeedMore => return Move::NeedMore,
            Progress::Used(used) => return side.pass(used as u64),
            Progress::Value { used, tag, value, at } => {
                message.report(tag, &value, &at, found);
                return side.pass(used as u64);
            }
            Progress::Finished => {}
            Progress::Malformed(what) => found.odd(what, Answerable::Sender),
            Progress::OverLimit(what) => found.odd(what, Answerable::Us),
        }
        side.messages.remove(&fragment.context);
        Move::Used(0)
    }
}

impl Negotiated {
    /// Where one transfer syntax is proposed, it stands until the answer is seen, or if it never is.
    fn proposed(context: Context) -> Self {
        let mut syntaxes = context.transfer_syntaxes.into_iter();
        let first = syntaxes.next();
        Self {
            class: context.abstract_syntax.map(|text| text.value),
            transfer_syntax: if syntaxes.next().is_none() { first } else { None },
        }
    }
}

impl Side {
    fn next_fragment(&mut self, rest: &[u8]) -> Move {
        let mut reader = Reader::new(rest);
        let (Some(length), Some([context, flags])) = (reader.u32_be(), reader.array()) else {
            return Move::NeedMore;
        };
        let whole = u64::from(length) + 4;
        if length < 2 || whole > self.pdu_left {
            return Move::End(Step::Malformed("fragment runs past its PDU"));
        }
        self.pdu_left -= whole;
        self.fragment = Some(Fragment {
            left: u64::from(length) - 2,
            context,
            is_command: flags & 1 == 1,
            is_last: flags & 2 == 2,
        });
        Move::Used(FRAGMENT_HEADER_BYTES)
    }

    /// Moves on within the fragment in hand.
    fn pass(&mut self, count: u64) -> Move {
        if let Some(fragment) = &mut self.fragment {
            fragment.left = fragment.left.saturating_sub(count);
        }
        Move::Used(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

impl Message {
    fn report(&self, tag: Tag, value: &[u8], at: &Range<usize>, found: &mut Findings<'_>) {
        let Some(field) = fields::of_tag(tag) else { return };
        // Reports, presentation states and captures carry the modality of what they are about.
        let own = self.own && (tag != MODALITY || self.implies_modality);
        for (index, part) in value.split(|byte| *byte == b'\\').enumerate() {
            let field = if own && index == 0 { &field.own } else { &field.forwarded };
            if let Some(text) = crate::text::clean(part) {
                found.sender(field, &text, at.clone());
            }
        }
    }
}

/// Longest command set, in bytes: all elements of PS3.7 annex E together are far below.
pub const COMMAND_BYTES_MAX: usize = 16 * 1024;

/// Messages of one direction whose data sets are read at once. Few devices send two.
const MESSAGES_MAX: usize = 16;

/// Shortest body of an association request or answer, in bytes: its fixed part.
const ASSOCIATE_BYTES_MIN: u32 = 68;

/// Length, context identifier and control header of a fragment.
const FRAGMENT_HEADER_BYTES: usize = 6;

/// Where the called title stands in a PDU.
const CALLED_AE_AT: Range<usize> = 10..26;

const NAME: &str = "dicom";
const MODALITY: Tag = (0x0008, 0x0060);

const PDU_REQUEST: u8 = 1;
const PDU_ACCEPT: u8 = 2;
const PDU_REJECT: u8 = 3;
const PDU_DATA: u8 = 4;
const PDU_ABORT: u8 = 7;
