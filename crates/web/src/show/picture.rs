//! The picture of what a device talks to, drawn on the server.
//!
//! The device stands in the middle; who calls it is on its left, whom it calls on its right,
//! grouped by application. A line is as thick as the logarithm of its volume. The table beside it
//! holds every number, so the picture carries nothing alone.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;

use super::{bytes, escaped, text};

/// One peer of a device, all conversations in one direction and application together.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Peer {
    /// Application, or transport and port where the content did not say.
    pub(crate) application: String,
    /// Name or address.
    pub(crate) name: String,
    /// Page of the peer, where it is a device of ours.
    pub(crate) link: Option<String>,
    /// Bytes in both directions.
    pub(crate) bytes: u64,
}

/// The picture.
pub(crate) struct Picture {
    /// Name of the device.
    pub(crate) name: String,
    /// Who calls it, sorted by application.
    pub(crate) callers: Vec<Peer>,
    /// Whom it calls, sorted by application.
    pub(crate) called: Vec<Peer>,
}

impl Picture {
    /// Keeps the largest peers of each side, in order of application; the rest is in the table.
    pub(crate) fn new(name: &str, callers: Vec<Peer>, called: Vec<Peer>) -> Self {
        let name = clip(name, 22);
        Self { name, callers: largest(callers), called: largest(called) }
    }

    fn height(&self) -> usize {
        self.callers.len().max(self.called.len()).max(2) * ROW + 2 * MARGIN
    }

    fn side(&self, f: &mut fmt::Formatter<'_>, peers: &[Peer], left: bool) -> fmt::Result {
        let middle = self.height() / 2;
        let top = middle.saturating_sub(peers.len() * ROW / 2) + ROW / 2;
        let (near, far) = if left { (BOX_LEFT, LABEL_LEFT) } else { (BOX_RIGHT, LABEL_RIGHT) };
        let bend = usize::midpoint(near, far);
        let mut group = "";
        for (index, peer) in peers.iter().enumerate() {
            let y = top + index * ROW;
            let width = thickness(peer.bytes);
            write!(
                f,
                "<path d=\"M{near} {middle} C{bend} {middle} {bend} {y} {far} {y}\" \
                 stroke-width=\"{width}\"/>"
            )?;
            self.label(f, peer, y, left)?;
            if peer.application != group {
                group = &peer.application;
                let x = if left { far + 6 } else { far - 6 };
                let anchor = if left { "start" } else { "end" };
                let application = escaped(&clip(group, 18));
                write!(
                    f,
                    "<text class=\"app\" x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">\
                     {application}</text>",
                    y - 5
                )?;
            }
        }
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "reads as part of the picture")]
    fn label(&self, f: &mut fmt::Formatter<'_>, peer: &Peer, y: usize, left: bool) -> fmt::Result {
        let (x, anchor) = if left { (LABEL_LEFT - 8, "end") } else { (LABEL_RIGHT + 8, "start") };
        let name = escaped(&clip(&peer.name, 24));
        let volume = bytes(peer.bytes);
        let mut words = String::new();
        write!(
            words,
            "<text x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{name} \
             <tspan class=\"vol\">{volume}</tspan></text>",
            y + 4
        )?;
        match &peer.link {
            Some(link) => write!(f, "<a href=\"{}\">{words}</a>", escaped(link)),
            None => f.write_str(&words),
        }
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (height, middle) = (self.height(), self.height() / 2);
        write!(
            f,
            "<svg class=\"talks\" viewBox=\"0 0 {WIDTH} {height}\" role=\"group\" \
             aria-labelledby=\"talks-title\"><g class=\"lines\">"
        )?;
        self.side(f, &self.callers, true)?;
        self.side(f, &self.called, false)?;
        let (top, width) = (middle - 18, BOX_RIGHT - BOX_LEFT);
        write!(
            f,
            "</g><rect x=\"{BOX_LEFT}\" y=\"{top}\" width=\"{width}\" height=\"36\" rx=\"4\"/>\
             <text class=\"me\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text></svg>",
            WIDTH / 2,
            middle + 5,
            escaped(&self.name)
        )
    }
}

impl HtmlSafe for Picture {}

fn largest(mut peers: Vec<Peer>) -> Vec<Peer> {
    peers.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.cmp(b)));
    peers.truncate(PEERS_MAX);
    peers.sort();
    peers
}

/// 1 to 9 units: one more for each tenfold volume above a kilobyte.
fn thickness(bytes: u64) -> u32 {
    (bytes / 1000).checked_ilog10().map_or(1, |tens| (tens + 2).min(9))
}

fn clip(name: &str, chars_max: usize) -> String {
    let name = text(name);
    if name.chars().count() <= chars_max {
        return name;
    }
    name.chars().take(chars_max - 1).chain(['…']).collect()
}

/// Peers drawn on each side; more cannot be told apart.
const PEERS_MAX: usize = 10;

/// Units of the drawing, which scales to the page.
const WIDTH: usize = 880;
const ROW: usize = 30;
const MARGIN: usize = 10;
const BOX_LEFT: usize = 350;
const BOX_RIGHT: usize = 530;
const LABEL_LEFT: usize = 230;
const LABEL_RIGHT: usize = 650;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_bounded_and_escapes_names() {
        let peer = |number: u64| Peer {
            application: "dicom".to_owned(),
            name: format!("<script>{number}"),
            link: None,
            bytes: number,
        };
        let picture = Picture::new("a\"b", (0..500).map(peer).collect(), Vec::new());
        let svg = picture.to_string();
        assert_eq!(svg.matches("<path").count(), PEERS_MAX);
        assert!(svg.contains("&lt;script&gt;499") && !svg.contains("<script>"));
        assert!(svg.contains("a&quot;b"));
    }

    #[test]
    fn lines_grow_with_volume() {
        let widths = [0, 999, 1000, 10_000, 1_000_000_000, u64::MAX].map(thickness);
        assert_eq!(widths, [1, 1, 2, 3, 8, 9]);
    }
}
