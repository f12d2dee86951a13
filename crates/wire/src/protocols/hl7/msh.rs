//! HL7 v2 message header: the `MSH` segment.
//!
//! Source:  HL7 v2.x chapter 2, MSH segment table; field numbers below are that table's.
//! Input:   one TCP direction, MLLP framing (0x0B … 0x1C 0x0D) already stripped.
//! Output:  slices borrowed from the input; every length and offset is in bytes.
//! Privacy: stops at whatever may end the segment, and at the first field that is not of its
//!          shape, so `PID` and later segments are never looked at.

use std::ops::Range;

use super::shape;

/// A header, cut out of its message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Msh<'a> {
    segment: &'a [u8],
    separator: u8,
    component: u8,
    /// The last field that is believed.
    last: usize,
}

/// Why there is no header to report, and who is answerable for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum MshError {
    /// The sender: the delimiters are none.
    #[error("bad delimiters")]
    BadDelimiter,
    /// The capture: more may complete the segment.
    #[error("segment still open")]
    Incomplete,
    /// Nobody: this is some other protocol.
    #[error("input does not start with `MSH`")]
    NotHl7,
    /// Us: the segment runs past [`MSH_BYTES_MAX`].
    #[error("segment longer than {MSH_BYTES_MAX} bytes")]
    TooLong,
}

/// Reads the header at the start of `input`.
///
/// # Errors
///
/// Fails only when there is nothing to report. A required field that is missing is a fact about
/// the sender, so [`Msh::field`] answers `None` and this is no error.
pub(super) fn parse(input: &[u8]) -> Result<Msh<'_>, MshError> {
    if !input.starts_with(b"MSH") && !b"MSH".starts_with(input) {
        return Err(MshError::NotHl7);
    }
    let window = input.get(..MSH_BYTES_MAX).unwrap_or(input);
    let (text, escape) = opening(window);
    let Some(end) = shape::end(window, text, escape) else {
        let capped = window.len() == MSH_BYTES_MAX;
        return Err(if capped { MshError::TooLong } else { MshError::Incomplete });
    };
    let (segment, _patient_data) = window.split_at(end);
    let separator = segment.get(3).copied().filter(u8::is_ascii_punctuation);
    let separator = separator.ok_or(MshError::BadDelimiter)?;
    let msh = Msh { segment, separator, component: b'^', last: usize::MAX };
    let marks = msh.field(2).and_then(|at| segment.get(at)).unwrap_or_default();
    match marks {
        [component, _, _, _] | [component, _, _, _, _]
            if marks.iter().all(u8::is_ascii_punctuation) =>
        {
            Ok(Msh { component: *component, ..msh }.believed())
        }
        _ => Err(MshError::BadDelimiter),
    }
}

/// Where the fields of text start, and the character that escapes in them.
fn opening(window: &[u8]) -> (usize, u8) {
    let marks = window.get(3).and_then(|separator| nth(window, *separator, 1));
    let escape = marks.as_ref().and_then(|at| window.get(at.start + 2));
    (marks.as_ref().map_or(0, |at| at.end), escape.copied().unwrap_or(b'\\'))
}

impl<'a> Msh<'a> {
    /// Bytes of the segment, without its end.
    pub(super) fn len(&self) -> usize {
        self.segment.len()
    }

    /// The header up to the first field that is not of its shape: an end was lost before it.
    fn believed(self) -> Self {
        let misfit = (3..=LAST_FIELD_READ).find(|number| {
            let field = self.field(*number).and_then(|at| self.segment.get(at)).unwrap_or_default();
            let components: Vec<&[u8]> = field.split(|byte| *byte == self.component).collect();
            let next = self.field(number + 1).and_then(|at| self.segment.get(at));
            !shape::fits(*number, &components)
                || shape::runs_into_segment(field, next.unwrap_or_default())
        });
        Self { last: misfit.map_or(LAST_FIELD_READ, |number| number - 1), ..self }
    }

    /// The field with this number, from 2 on. Absent and empty are both `None`.
    pub(super) fn field(&self, number: usize) -> Option<Range<usize>> {
        // MSH-1 is the separator itself, so slice 0 is the name and slice n is MSH-(n + 1).
        let number = (number <= self.last).then_some(number)?;
        nth(self.segment, self.separator, number.checked_sub(1)?)
    }

    /// A component of a field, both counted from 1. Absent and empty are both `None`.
    pub(super) fn component(
        &self,
        number: usize,
        component: usize,
    ) -> Option<(&'a [u8], Range<usize>)> {
        let field = self.field(number)?;
        let inner = nth(self.segment.get(field.clone())?, self.component, component - 1)?;
        let at = field.start + inner.start..field.start + inner.end;
        Some((self.segment.get(at.clone())?, at))
    }
}

fn nth(bytes: &[u8], separator: u8, number: usize) -> Option<Range<usize>> {
    let mut start = 0;
    for (index, part) in bytes.split(|byte| *byte == separator).enumerate() {
        if index == number {
            return (!part.is_empty()).then_some(start..start + part.len());
        }
        start += part.len() + 1;
    }
    None
}

/// Longest segment scanned, in bytes. The standard sets no limit; this one bounds the work.
pub(super) const MSH_BYTES_MAX: usize = 4096;

/// The version.
const LAST_FIELD_READ: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(input: &[u8]) -> Result<Option<&[u8]>, MshError> {
        parse(input).map(|msh| msh.component(3, 1).map(|(value, _)| value))
    }

    #[test]
    #[rustfmt::skip]
    fn reports_a_header_or_who_is_answerable() {
        let long = [b"MSH|", [b'A'; MSH_BYTES_MAX].as_slice()].concat();
        for (name, input, want) in [
            ("whole header",  b"MSH|^~\\&|ANALYZER||||2026||ORU^R01\rPID|x".as_slice(), Ok(Some(b"ANALYZER".as_slice()))),
            ("five marks",    b"MSH|^~\\&#|ANALYZER^1.2^ISO\r", Ok(Some(b"ANALYZER"))),
            ("odd separator", b"MSH#^~\\&#ANALYZER####2026##ORU^R01\r", Ok(Some(b"ANALYZER"))),
            ("odd component", b"MSH|*~\\&|LAB*1.2\r", Ok(Some(b"LAB"))),
            ("MSH-3 empty",   b"MSH|^~\\&||x\r", Ok(None)),
            ("MSH-3 absent",  b"MSH|^~\\&\r", Ok(None)),
            ("not ours",      b"GET / HTTP/1.1\r\n", Err(MshError::NotHl7)),
            ("letter splits", b"MSHX\r", Err(MshError::BadDelimiter)),
            ("short MSH-2",   b"MSH|^~\r", Err(MshError::BadDelimiter)),
            ("never ends",    &long, Err(MshError::TooLong)),
        ] {
            assert_eq!(sender(input), want, "{name}");
        }
    }

    /// A capture cut anywhere asks for more; it never blames the sender.
    #[test]
    fn every_proper_prefix_is_incomplete() {
        let whole = b"MSH|^~\\&|ANALYZER||||2026||ORU^R01\r";
        for seen in 0..whole.len() {
            assert_eq!(parse(&whole[..seen]), Err(MshError::Incomplete), "{seen} bytes");
        }
    }
}
