//! Free texts and names enter the chain by their digest, so that they can be removed one day and the
//! chain still holds.
//!
//! Output: in place of a text its *token*, `text:` and the SHA-256 of a salt and the text, checked
//!         with `printf %s "$salt$text" | sha256sum`. Salt and text are kept beside the chain;
//!         where they are removed, the digest proves nothing to anybody: the salt is random.
//! Limits: what is free text is told by where it stands: the subject of an act that names what
//!         people name ([`Action::names_content`]), and members of the details of the names in
//!         [`FREE_TEXT`], however deep. Whoever writes a row answers for putting it there.

use serde_json::{Map, Value};

use crate::action::Action;
use crate::canonical::sha256_hex;

/// The digest of a text under a salt, hexadecimal.
pub fn text_digest(salt: &str, text: &str) -> String {
    sha256_hex(format!("{salt}{text}").as_bytes())
}

/// The token of a digest.
pub fn token(digest: &str) -> String {
    format!("{TOKEN}{digest}")
}

/// The digest in a token.
pub fn digest_of_token(text: &str) -> Option<&str> {
    let digest = text.strip_prefix(TOKEN)?;
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (digest.len() == 64 && digest.bytes().all(hex)).then_some(digest)
}

/// Puts tokens in the place of free texts. `keep` keeps a text and gives its token.
///
/// # Errors
///
/// Fails where `keep` does.
pub fn conceal<E>(
    action: Action,
    subject: &str,
    details: &Value,
    mut keep: impl FnMut(&str) -> Result<String, E>,
) -> Result<(String, Value), E> {
    let subject = if action.names_content() && !subject.is_empty() {
        keep(subject)?
    } else {
        subject.to_owned()
    };
    Ok((subject, concealed(details, false, &mut keep)?))
}

/// Every digest that a row refers to.
pub fn digests<'r>(subject: &'r str, details: &'r Value) -> Vec<&'r str> {
    let mut found: Vec<&str> = digest_of_token(subject).into_iter().collect();
    collect(details, &mut found);
    found
}

fn concealed<E>(
    value: &Value,
    free: bool,
    keep: &mut impl FnMut(&str) -> Result<String, E>,
) -> Result<Value, E> {
    Ok(match value {
        Value::String(text) if free && !text.is_empty() => Value::String(keep(text)?),
        Value::Array(items) => {
            let items = items.iter().map(|item| concealed(item, free, keep));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let mut hidden = Map::new();
            for (name, member) in members {
                let free = FREE_TEXT.contains(&name.as_str());
                hidden.insert(name.clone(), concealed(member, free, keep)?);
            }
            Value::Object(hidden)
        }
        other => other.clone(),
    })
}

fn collect<'r>(value: &'r Value, found: &mut Vec<&'r str>) {
    match value {
        Value::String(text) => found.extend(digest_of_token(text)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => members.values().for_each(|member| collect(member, found)),
        _ => {}
    }
}

/// What a token begins with.
const TOKEN: &str = "text:";

/// Members of details that hold what somebody typed or named.
pub const FREE_TEXT: &[&str] = &[
    "attachment",
    "because",
    "comment",
    "display_name",
    "file",
    "name",
    "note",
    "reason",
    "refused",
    "said",
    "source",
    "text",
    "where",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "what keeps a text may fail, and this does not")]
    fn keep(text: &str) -> Result<String, ()> {
        Ok(token(&text_digest("00", text)))
    }

    #[test]
    fn free_texts_are_concealed_and_nothing_else() {
        let details = json!({"type": "csaf", "reason": "Mr X", "details": {"where": ["row 1", 2]},
            "source": "", "sha256": "ab", "agreement": {"reason": "late"}});
        let (subject, hidden) = conceal(Action::Ingest, "X.pcap", &details, keep).unwrap();
        let text = format!("{subject} {hidden}");
        for free in ["Mr X", "row 1", "late", "X.pcap"] {
            assert!(!text.contains(free), "{free}: {text}");
            assert!(text.contains(&keep(free).unwrap()), "{free}: {text}");
        }
        assert_eq!((&hidden["type"], &hidden["sha256"]), (&json!("csaf"), &json!("ab")));
        assert_eq!((&hidden["source"], &hidden["details"]["where"][1]), (&json!(""), &json!(2)));
        assert_eq!(digests(&subject, &hidden).len(), 4);
        let (subject, _) = conceal(Action::AddPerson, "ada", &details, keep).unwrap();
        assert_eq!(subject, "ada");
    }

    #[test]
    fn only_whole_tokens_are_tokens() {
        let digest = text_digest("salt", "text");
        assert_eq!(digest_of_token(&token(&digest)), Some(digest.as_str()));
        for text in ["", "text:", "text:ab", &digest, &token(&digest.to_uppercase())] {
            assert_eq!(digest_of_token(text), None, "{text}");
        }
    }
}
