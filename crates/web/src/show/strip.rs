//! A strip of devices by verdict, as wide as the page.

use std::fmt;

use askama::filters::HtmlSafe;
use store::records::VerdictCounts;

/// Shares of a whole, in the order affected, unknown, not affected, the rest.
pub(crate) struct Strip {
    parts: [(&'static str, u64); 4],
}

impl Strip {
    /// The strip of `devices`, counted by worst verdict.
    pub(crate) fn new(counts: VerdictCounts, devices: u64) -> Self {
        let decided = counts.affected + counts.unknown + counts.not_affected;
        Self {
            parts: [
                ("affected", counts.affected),
                ("unknown", counts.unknown),
                ("clear", counts.not_affected),
                ("rest", devices.saturating_sub(decided)),
            ],
        }
    }
}

impl fmt::Display for Strip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole: u64 = self.parts.iter().map(|(_, number)| number).sum();
        write!(
            f,
            "<svg class=\"strip\" viewBox=\"0 0 {WIDTH} 12\" preserveAspectRatio=\"none\" \
             aria-hidden=\"true\"><defs><pattern id=\"hatch\" width=\"6\" height=\"6\" \
             patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"6\" \
             height=\"6\"/><path d=\"M0 0V6\"/></pattern></defs>"
        )?;
        let mut start = 0;
        for (state, number) in self.parts {
            let end = start + number;
            let place = |count: u64| count.saturating_mul(WIDTH) / whole.max(1);
            let (x, width) = (place(start), place(end) - place(start));
            // A share that rounds to nothing is still there.
            let width = if number > 0 { width.max(3) } else { 0 };
            write!(f, "<rect class=\"{state}\" x=\"{x}\" width=\"{width}\" height=\"12\"/>")?;
            start = end;
        }
        f.write_str("</svg>")
    }
}

impl HtmlSafe for Strip {}

const WIDTH: u64 = 1000;
