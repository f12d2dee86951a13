//! Removing what should never have been taken in: a name, a text, a document that holds it.
//!
//! The chain holds such texts by their digest only, so it still holds afterwards; it says that
//! something was removed, by whom and why, and never what.

use std::path::PathBuf;

use access::{Permission, Rule};
use evidence::{Action, words};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::records::Removed;

use crate::access::agreements::Proposal;
use crate::act::{Needs, Place};
use crate::{Caller, Hub, HubError, Together, random};

/// What a removal did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Redacted {
    /// What was removed, and from where.
    #[serde(flatten)]
    pub removed: Removed,
    /// Copies of the store that still hold it, to be deleted by hand, as backups are.
    pub copies: Vec<PathBuf>,
}

impl Hub {
    /// Removes `text` everywhere it is held, in any case of its letters, and leaves no byte of it
    /// where it lay. A document that holds it loses its bytes whole. Two people have to agree.
    pub fn redact(
        &self,
        caller: &Caller,
        text: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Together<Redacted>, HubError> {
        let (text, reason) = (text.trim(), reason.trim());
        check(text, reason)?;
        let needs = Needs::Permission(Permission::Redact);
        let salt = self.ground().read_whole(|tx| tx.setting(SALT))?.unwrap_or_default();
        let subject = subject(&salt, text);
        let proposal = Proposal { rule: Rule::Redact, subject: &subject, reason };
        let place = Place::House;
        let done = self.act_together(caller, needs, place, now, &proposal, |act| {
            let removed = act.change().redact(text)?;
            if removed.places.is_empty() {
                return Err(HubError::NotFound { kind: "text", key: "as given".to_owned() });
            }
            // With another salt nobody can try names on what was proposed.
            act.change().put_setting(SALT, &evidence::hex(&random::<16>()?))?;
            crate::view::kept::move_on(act.change())?;
            let Removed { places, digests, rows } = &removed;
            let details =
                json!({ "reason": reason, "places": places, "digests": digests, "rows": rows });
            act.note(Action::Redact, "content", &details)?;
            Ok(removed)
        })?;
        Ok(match done {
            Together::Waiting(waiting) => Together::Waiting(waiting),
            Together::Done(removed) => {
                let tables: Vec<String> = removed.places.keys().cloned().collect();
                let copies = self.ground().scrub(&tables)?;
                Together::Done(Redacted { removed, copies })
            }
        })
    }
}

fn check(text: &str, reason: &str) -> Result<(), HubError> {
    if text.chars().count() < TEXT_CHARS_MIN {
        let told = format!("`{text}` is too short: it would be found in everything");
        return Err(HubError::Invalid(told));
    }
    if reason.is_empty() || reason.to_lowercase().contains(&text.to_lowercase()) {
        let told = "say why, without saying again what is to be removed";
        return Err(HubError::Invalid(told.to_owned()));
    }
    Ok(())
}

/// What tells the removal of one text from that of another, and does not tell the text.
fn subject(salt: &str, text: &str) -> String {
    let digest = words::text_digest(salt, &text.to_lowercase());
    format!("text {}", digest.get(..16).unwrap_or_default())
}

/// Name of the setting with the salt of what is proposed. The first one is made with the schema.
const SALT: &str = "redaction_salt";

/// Shortest text that is removed, in characters.
const TEXT_CHARS_MIN: usize = 4;
