//! Checkpoints: the end of the chain at some time, signed, to be kept outside of the machine.
//!
//! Source: C2SP `signed-note`; the layout is that of C2SP `tlog-checkpoint`, but the chain is no
//!         tree: the third line is the hash of the newest row.
//! Output: four lines: the origin (which house's chain it is), the number of the newest row, its
//!         hash in base64, and `time` with the time.
//! Limits: a checkpoint proves what the chain was; it cannot show what was never written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::Timestamp;

use crate::canonical::hex;
use crate::chain::Head;
use crate::note::NoteError;

/// The end of a chain at some time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// Which chain.
    pub origin: String,
    /// Its newest row.
    pub head: Head,
    /// When.
    pub at: Timestamp,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        let hash = BASE64.encode(from_hex(&self.head.hash).unwrap_or_default());
        format!("{}\n{}\n{hash}\ntime {}\n", self.origin, self.head.number, self.at)
    }

    /// Reads that text. Lines behind the fourth are left to later versions.
    ///
    /// # Errors
    ///
    /// Fails where it is no checkpoint of ours.
    pub fn read(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.lines();
        let mut line = || lines.next().ok_or(NoteError::Malformed("it is no checkpoint"));
        let (origin, number, hash, at) = (line()?, line()?, line()?, line()?);
        let number = number.parse().map_err(|_| WRONG)?;
        let hash = BASE64.decode(hash).ok().filter(|hash| hash.len() == 32).ok_or(WRONG)?;
        let at = at.strip_prefix("time ").and_then(|at| at.parse().ok()).ok_or(WRONG)?;
        let hash = hex(&hash);
        Ok(Self { origin: origin.to_owned(), head: Head { number, hash }, at })
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

const WRONG: NoteError = NoteError::Malformed("it is no checkpoint of an evidence log");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reads_back(hash in "[0-9a-f]{64}", number in any::<u32>(), seconds in 0i64..4_000_000_000) {
            let checkpoint = Checkpoint {
                origin: "regimen-evidence/1f".to_owned(),
                head: Head { number: number.into(), hash },
                at: Timestamp::from_seconds(seconds),
            };
            prop_assert_eq!(Checkpoint::read(&checkpoint.text()), Ok(checkpoint));
        }
    }

    #[test]
    #[rustfmt::skip]
    fn refuses_what_is_no_checkpoint() {
        let hash = BASE64.encode([7; 32]);
        for (name, text) in [
            ("empty",      String::new()),
            ("no number",  format!("o\nmany\n{hash}\ntime 2026-11-25T10:00:00Z\n")),
            ("short hash", "o\n1\nAAAA\ntime 2026-11-25T10:00:00Z\n".to_owned()),
            ("no time",    format!("o\n1\n{hash}\n")),
            ("odd time",   format!("o\n1\n{hash}\ntime today\n")),
        ] {
            assert!(Checkpoint::read(&text).is_err(), "{name}");
        }
    }
}
