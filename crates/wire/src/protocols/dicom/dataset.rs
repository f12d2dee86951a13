//! The data set of a C-STORE: equipment attributes of groups 0002, 0008 and 0018, nothing else.
//!
//! Source:  PS3.5 chapter 7 (elements, sequences) and annex A (transfer syntaxes).
//! Input:   fragments of one data set, in order; a fragment may still be growing.
//! Output:  the attributes that `fields::of_tag` lists, and how many bytes are of no interest.
//! Limits:  values over [`VALUE_BYTES_MAX`] and sequences nested deeper than [`DEPTH_MAX`] are
//!          not read.
//! Privacy: values are looked at only where `fields::of_tag` names the tag, outside of sequences. The
//!          data set is left for good at the first tag behind group 0018, so the patient module
//!          (group 0010) is passed over by its lengths alone.

use std::ops::Range;

use crate::reader::Reader;

/// How elements are laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encoding {
    ImplicitLittle,
    ExplicitLittle,
    ExplicitBig,
}

impl Encoding {
    /// The encoding of a transfer syntax; `None` for one that is compressed as a whole.
    pub(super) fn of(transfer_syntax: &str) -> Option<Self> {
        match transfer_syntax {
            "1.2.840.10008.1.2" => Some(Self::ImplicitLittle),
            "1.2.840.10008.1.2.2" => Some(Self::ExplicitBig),
            "1.2.840.10008.1.2.1.99" | "1.2.840.10008.1.2.4.95" | "1.2.840.10008.1.2.4.205" => None,
            _ => Some(Self::ExplicitLittle),
        }
    }

    /// The encoding that the first element shows, where the negotiation was not seen.
    fn guess(start: &[u8]) -> Self {
        let explicit = start.get(4..6).is_some_and(|vr| vr.iter().all(u8::is_ascii_uppercase));
        match (explicit, start.first()) {
            (true, Some(0)) => Self::ExplicitBig,
            (true, _) => Self::ExplicitLittle,
            (false, _) => Self::ImplicitLittle,
        }
    }
}

/// A tag, as group and element.
pub(super) type Tag = (u16, u16);

/// What to do with the front of the input.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Progress {
    /// An element is cut off by the end of `input`: show it again with more behind it.
    NeedMore,
    /// This many bytes are dealt with; there may be more of them than `input` holds.
    Used(usize),
    /// So are these, and a value of interest stands in the range. Of a value that two fragments
    /// share, the range covers the part in the later one.
    Value { used: usize, tag: Tag, value: Vec<u8>, at: Range<usize> },
    /// Nothing of interest is left in the data set.
    Finished,
    /// The data set is broken, in this way.
    Malformed(&'static str),
    /// The data set is beyond what we read, in this way.
    OverLimit(&'static str),
}

/// Reads one data set.
#[derive(Debug)]
pub(super) struct DataSet {
    encoding: Option<Encoding>,
    /// Bytes of a value to pass over before the next element.
    passing: u64,
    /// The front of an element that a fragment cut in two.
    carry: Vec<u8>,
    /// Open sequences and items of undefined length; the encoding inside each.
    open: Vec<Encoding>,
    /// The last element outside of sequences; elements ascend.
    last: Option<Tag>,
}

impl DataSet {
    /// Starts with the encoding that was negotiated, if that was seen.
    pub(super) fn new(encoding: Option<Encoding>) -> Self {
        Self { encoding, passing: 0, carry: Vec::new(), open: Vec::new(), last: None }
    }

    /// Reads from the front of `input`. `whole` says that it reaches to the end of its fragment.
    /// `left` bytes of the fragment are still to come or in `input`.
    pub(super) fn read(&mut self, input: &[u8], left: u64, whole: bool) -> Progress {
        if self.passing > 0 {
            let passed = self.passing.min(left);
            self.passing -= passed;
            return Progress::Used(usize::try_from(passed).unwrap_or(usize::MAX));
        }
        if self.carry.is_empty() {
            return self.element(input, 0, whole);
        }
        let mut joined = std::mem::take(&mut self.carry);
        let carried = joined.len();
        let taken = input.len().min(ELEMENT_BYTES_MAX.saturating_sub(carried));
        joined.extend_from_slice(input.get(..taken).unwrap_or_default());
        self.element(&joined, carried, whole && taken == input.len())
    }

    /// Reads one element of `bytes`, whose first `carried` bytes came with an earlier fragment.
    fn element(&mut self, bytes: &[u8], carried: usize, whole: bool) -> Progress {
        if self.encoding.is_none() && bytes.len() < GUESS_BYTES {
            return self.cut(bytes, carried, whole);
        }
        let encoding = *self.encoding.get_or_insert_with(|| Encoding::guess(bytes));
        let encoding = self.open.last().copied().unwrap_or(encoding);
        let mut reader = Reader::new(bytes);
        let Some(header) = header(&mut reader, encoding) else {
            return self.cut(bytes, carried, whole);
        };
        let used = |end: usize| end.saturating_sub(carried);
        if header.tag.0 == ITEM_GROUP {
            return self.delimiter(&header, encoding, used(reader.position()));
        }
        if self.open.is_empty() && header.tag.0 > LAST_GROUP {
            return Progress::Finished;
        }
        if self.open.is_empty() && self.last.is_some_and(|last| last > header.tag) {
            // A length was wrong: what looks like elements may be a value, and a patient's.
            return Progress::Malformed("elements out of order");
        }
        if self.open.is_empty() {
            self.last = Some(header.tag);
        }
        let Some(length) = header.length else {
            return self.descend(header.inside, used(reader.position()));
        };
        if !self.open.is_empty() || !header.is_wanted() || length > VALUE_BYTES_MAX {
            self.passing = u64::from(length);
            return Progress::Used(used(reader.position()));
        }
        let start = reader.position();
        match reader.take(length as usize) {
            Some(value) => Progress::Value {
                used: used(reader.position()),
                tag: header.tag,
                value: value.to_vec(),
                at: used(start)..used(reader.position()),
            },
            None => self.cut(bytes, carried, whole),
        }
    }

    /// Keeps the front of an element whose rest comes with the next fragment.
    fn cut(&mut self, bytes: &[u8], carried: usize, whole: bool) -> Progress {
        if whole {
            self.carry = bytes.to_vec();
            return Progress::Used(bytes.len().saturating_sub(carried));
        }
        self.carry = bytes.get(..carried).unwrap_or_default().to_vec();
        Progress::NeedMore
    }

    fn descend(&mut self, inside: Encoding, used: usize) -> Progress {
        if self.open.len() >= DEPTH_MAX {
            return Progress::OverLimit("sequences nested too deep");
        }
        self.open.push(inside);
        Progress::Used(used)
    }

    fn delimiter(&mut self, header: &Header, encoding: Encoding, used: usize) -> Progress {
        match (header.tag.1, header.length) {
            _ if self.open.is_empty() => {
                return Progress::Malformed("item outside of a sequence");
            }
            (ITEM, None) => return self.descend(encoding, used),
            (ITEM, Some(length)) => self.passing = u64::from(length),
            (ITEM_END | SEQUENCE_END, _) => drop(self.open.pop()),
            _ => return Progress::Malformed("unknown delimiter"),
        }
        Progress::Used(used)
    }
}

struct Header {
    tag: Tag,
    /// `None` where it is undefined.
    length: Option<u32>,
    /// How elements inside are laid out, where it holds any.
    inside: Encoding,
    /// What kind of value it says to hold, where it says so.
    kind: Option<[u8; 2]>,
}

impl Header {
    /// True for the attributes that may be read: they describe equipment, never a person.
    fn is_wanted(&self) -> bool {
        let of_text = self.kind.is_none_or(|kind| TEXT_VRS.contains(&&kind));
        of_text && super::fields::of_tag(self.tag).is_some()
    }
}

fn header(reader: &mut Reader<'_>, encoding: Encoding) -> Option<Header> {
    let big = encoding == Encoding::ExplicitBig;
    let u16 = |reader: &mut Reader<'_>| if big { reader.u16_be() } else { reader.u16_le() };
    let u32 = |reader: &mut Reader<'_>| if big { reader.u32_be() } else { reader.u32_le() };
    let tag = (u16(reader)?, u16(reader)?);
    let (mut inside, mut kind) = (encoding, None);
    let length = if encoding == Encoding::ImplicitLittle || tag.0 == ITEM_GROUP {
        u32(reader)?
    } else {
        let vr = reader.array::<2>()?;
        kind = Some(vr);
        if vr == *b"UN" {
            // PS3.5 section 6.2.2, note: what is inside an unknown value is implicit.
            inside = Encoding::ImplicitLittle;
        }
        if LONG_VRS.contains(&&vr) {
            reader.skip(2)?;
            u32(reader)?
        } else {
            u32::from(u16(reader)?)
        }
    };
    Some(Header { tag, length: (length != UNDEFINED).then_some(length), inside, kind })
}

/// Longest value read, in bytes: the text types used here hold 64 characters, and software
/// versions may hold several such values.
const VALUE_BYTES_MAX: u32 = 1024;

/// Longest element kept across fragments, in bytes: a header and a value.
const ELEMENT_BYTES_MAX: usize = 12 + VALUE_BYTES_MAX as usize;

/// Most open sequences and items. Real objects nest three or four deep.
const DEPTH_MAX: usize = 32;

/// Group 0018 is the last with equipment attributes of interest.
const LAST_GROUP: u16 = 0x0018;

/// A tag and a value representation, enough to guess the encoding.
const GUESS_BYTES: usize = 6;

const ITEM_GROUP: u16 = 0xFFFE;
const ITEM: u16 = 0xE000;
const ITEM_END: u16 = 0xE00D;
const SEQUENCE_END: u16 = 0xE0DD;
const UNDEFINED: u32 = u32::MAX;

/// Value representations of the text that is read, PS3.6 table 6-1, and the unknown one.
const TEXT_VRS: [&[u8; 2]; 5] = [b"CS", b"LO", b"SH", b"UI", b"UN"];

/// Value representations with a length of four bytes, PS3.5 table 7.1-1.
const LONG_VRS: [&[u8; 2]; 13] =
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];
