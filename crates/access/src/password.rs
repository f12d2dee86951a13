//! Passwords: what is accepted, how it is kept, how it is checked.
//!
//! Source: RFC 9106 (Argon2id); OWASP Password Storage Cheat Sheet for the cost (19 MiB, 2 passes,
//!         1 lane); NIST SP 800-63B section 5.1.1 (length and a list of common ones, no rules of
//!         composition, no expiry); the PHC string format for the text that is kept.
//! Privacy: a password is a [`Secret`]; nothing here prints it, and no error repeats it.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use model::Secret;

use crate::AccountName;

/// Why a password could not be hashed. It says nothing about the password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PasswordError {
    /// The caller: a password longer than [`PASSWORD_CHARS_MAX`] was not checked before.
    #[error("the password is too long")]
    TooLong,
    /// The environment: there is not enough memory.
    #[error("the password could not be hashed; memory may have run out")]
    Hash,
}

/// The caller: why a new password is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PasswordRule {
    /// Too short to withstand guessing.
    #[error("use at least {PASSWORD_CHARS_MIN} characters; a sentence is fine")]
    TooShort,
    /// Longer than what is hashed.
    #[error("use at most {PASSWORD_CHARS_MAX} characters")]
    TooLong,
    /// The account name is in it.
    #[error("leave the account name out of the password")]
    HasAccountName,
    /// The name of the person, the hospital or this program is in it.
    #[error("leave your name, the hospital's and this program's out of the password")]
    HasContext,
    /// Others use it, or it is one thing repeated.
    #[error("this password is among the first that are tried; choose another")]
    Common,
}

/// Hashes a password. Takes about 40 ms and 19 MiB on purpose.
pub fn hash_password(password: &Secret, salt: &[u8; 16]) -> Result<String, PasswordError> {
    if password.expose().chars().count() > PASSWORD_CHARS_MAX {
        return Err(PasswordError::TooLong);
    }
    let hash: Result<PasswordHash, _> =
        hasher()?.hash_password_with_salt(password.expose().as_bytes(), salt);
    hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Hash)
}

/// Whether `password` is the one that `kept` was made of. A `kept` that cannot be read is no
/// password's.
pub fn verify_password(password: &Secret, kept: &str) -> bool {
    if password.expose().chars().count() > PASSWORD_CHARS_MAX {
        return false;
    }
    let Ok(hash) = PasswordHash::new(kept) else { return false };
    let checked =
        hasher().is_ok_and(|one| one.verify_password(password.expose().as_bytes(), &hash).is_ok());
    std::hint::black_box(checked)
}

/// Takes as long as [`verify_password`]: for an account that does not exist, so that the time
/// does not tell which accounts do.
pub fn verify_nobody(password: &Secret) {
    static NOBODY: LazyLock<String> = LazyLock::new(|| {
        hash_password(&Secret::new("nobody"), b"no account here.").unwrap_or_default()
    });
    std::hint::black_box(verify_password(password, &NOBODY));
}

/// What a new password is chosen in the context of: what somebody who guesses would try.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Names of the person beside the account name: those that are shown.
    pub display_name: &'a str,
    /// Name of the hospital.
    pub organization: &'a str,
}

/// Whether a new password of this account is accepted.
pub fn check_password(
    password: &Secret,
    account: &AccountName,
    context: Context<'_>,
) -> Result<(), PasswordRule> {
    let text = password.expose();
    let length = text.chars().count();
    if length < PASSWORD_CHARS_MIN {
        return Err(PasswordRule::TooShort);
    }
    if length > PASSWORD_CHARS_MAX {
        return Err(PasswordRule::TooLong);
    }
    let lower = text.to_lowercase();
    if account.as_str().len() >= NAME_CHARS_MIN && lower.contains(account.as_str()) {
        return Err(PasswordRule::HasAccountName);
    }
    let plain = foldings(&lower);
    let words = [PRODUCT, context.display_name, context.organization].map(str::to_lowercase);
    let mut words = words.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let long = |word: &&str| word.chars().count() >= CONTEXT_CHARS_MIN;
    if words.by_ref().filter(long).any(|word| plain.iter().any(|text| text.contains(word))) {
        return Err(PasswordRule::HasContext);
    }
    let bare = foldings(lower.trim_matches(|character: char| !character.is_alphabetic()));
    let of_stems = is_of_stems(&lower) || bare.iter().any(|text| is_of_stems(text));
    if is_common(&lower) || repeats(&lower) || of_stems {
        return Err(PasswordRule::Common);
    }
    Ok(())
}

/// `text` with the digits and signs that stand for letters read as those; where one may stand for
/// two, both readings.
fn foldings(text: &str) -> [String; 2] {
    ['i', 'l'].map(|one| {
        let letter = |character| match character {
            '0' => 'o',
            '1' | '!' | '|' => one,
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        };
        text.chars().map(letter).collect()
    })
}

/// True for what is tried first as it stands.
fn is_common(text: &str) -> bool {
    common("whole").any(|whole| whole == text)
}

/// True where nothing is left but a few common words, digits and signs: `Summer2026!`,
/// `Hospital-Admin-01`.
fn is_of_stems(text: &str) -> bool {
    let letters: String = text.chars().filter(|character| character.is_alphabetic()).collect();
    splits(&letters, STEMS_MAX)
}

/// True where `text` is `most` stems or fewer, one after the other.
fn splits(text: &str, most: usize) -> bool {
    text.is_empty()
        || most > 0
            && common("stem")
                .filter_map(|stem| text.strip_prefix(stem))
                .any(|rest| splits(rest, most - 1))
}

/// The texts of one kind in the table of common passwords.
fn common(kind: &'static str) -> impl Iterator<Item = &'static str> {
    COMMON.lines().skip(1).filter_map(move |line| {
        let (of, rest) = line.split_once(',')?;
        let (text, _) = rest.split_once(',')?;
        (of == kind).then_some(text)
    })
}

/// True for one to four characters over and over, and for runs such as `123456789012`.
fn repeats(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let periodic = (1..=4).any(|period| {
        characters.iter().zip(characters.iter().skip(period)).all(|(left, right)| left == right)
    });
    let follows = |(left, right): (&char, &char)| {
        *right as u32 == *left as u32 + 1 || (*left, *right) == ('9', '0')
    };
    periodic || characters.iter().zip(characters.iter().skip(1)).all(follows)
}

fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| PasswordError::Hash)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 12;

/// Longest password, in characters: room for a paragraph, and a bound on what is hashed.
pub const PASSWORD_CHARS_MAX: usize = 256;

/// What this program is called.
const PRODUCT: &str = "regimen";

/// Account names shorter than this occur in too many words to forbid.
const NAME_CHARS_MIN: usize = 3;

/// Memory for one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over that memory.
const PASSES: u32 = 2;

/// Lanes; more would need threads.
const LANES: u32 = 1;

/// Words shorter than this are no context to forbid: they occur in too many others.
const CONTEXT_CHARS_MIN: usize = 4;

/// Common words that a password may be put together of, at most; a sentence has more.
const STEMS_MAX: usize = 4;

const COMMON: &str = include_str!("../../../knowledge/common-passwords.csv");

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &[u8; 16] = b"0123456789abcdef";

    #[test]
    fn a_hash_names_its_parameters_and_verifies_only_its_password() {
        let password = Secret::new("a quiet ward at night");
        let kept = hash_password(&password, SALT).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_eq!(kept, hash_password(&password, SALT).unwrap(), "the same salt, the same hash");
        assert_ne!(kept, hash_password(&password, b"fedcba9876543210").unwrap());
        assert!(verify_password(&password, &kept));
        assert!(!verify_password(&Secret::new("a quiet ward at nighT"), &kept));
        assert!(!verify_password(&Secret::new(""), &kept));
        for broken in ["", "x", "$argon2id$", kept.get(..40).unwrap()] {
            assert!(!verify_password(&password, broken), "{broken}");
        }
        verify_nobody(&password);
        assert!(!verify_password(&Secret::new("x".repeat(257)), &kept));
        let long = hash_password(&Secret::new("x".repeat(257)), SALT);
        assert_eq!(long, Err(PasswordError::TooLong));
    }

    /// The costs are read from the text, so they can be raised and nobody loses a password.
    #[test]
    fn a_hash_with_other_costs_is_read() {
        let params = Params::new(64, 1, 1, None).unwrap();
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash: PasswordHash = cheap.hash_password_with_salt(b"password1234", SALT).unwrap();
        assert!(verify_password(&Secret::new("password1234"), &hash.to_string()));
    }

    #[test]
    #[rustfmt::skip]
    fn new_passwords_are_long_and_not_the_first_to_be_tried() {
        let long = "x y".repeat(100);
        for (text, want) in [
            ("a quiet ward",      Ok(())),
            ("наша больница 7",   Ok(())),
            ("eleven chars".get(..11).unwrap(), Err(PasswordRule::TooShort)),
            (long.as_str(),       Err(PasswordRule::TooLong)),
            ("my name is Ada.L!", Err(PasswordRule::HasAccountName)),
            ("Password1234",      Err(PasswordRule::Common)),
            ("aaaaaaaaaaaa",      Err(PasswordRule::Common)),
            ("abcabcabcabc",      Err(PasswordRule::Common)),
            ("123456789012",      Err(PasswordRule::Common)),
            ("abcdefghijkl",      Err(PasswordRule::Common)),
            ("Summer2026!!",      Err(PasswordRule::Common)),
            ("W1nter-2026-!",     Err(PasswordRule::Common)),
            ("Hospital-Admin-01", Err(PasswordRule::Common)),
            ("P@$$w0rd!2345",     Err(PasswordRule::Common)),
            ("biomed biomed 7",   Err(PasswordRule::Common)),
            ("5551234567890",     Err(PasswordRule::Common)),
            ("Regimen for you 7", Err(PasswordRule::HasContext)),
            ("L0velace rides on", Err(PasswordRule::HasContext)),
            ("up to the Marien",  Err(PasswordRule::HasContext)),
            ("klinikum-at-noon",  Err(PasswordRule::HasContext)),
            ("the quiet summer rain", Ok(())),
            ("correct horse battery", Ok(())),
        ] {
            let account = AccountName::parse("ada.l").unwrap();
            let context = Context { display_name: "Ada Lovelace", organization: "St. Marien-Klinikum" };
            assert_eq!(check_password(&Secret::new(text), &account, context), want, "{text}");
        }
        let short = AccountName::parse("al").unwrap();
        let plain = Context::default();
        assert_eq!(check_password(&Secret::new("a small hospital"), &short, plain), Ok(()));
    }

    #[test]
    fn the_table_of_common_passwords_is_read_whole() {
        let rows = COMMON.lines().skip(1).filter(|line| !line.is_empty()).count();
        assert_eq!(common("whole").count() + common("stem").count(), rows);
        for whole in common("whole") {
            assert!(whole.chars().count() >= PASSWORD_CHARS_MIN, "{whole} is too short anyway");
            assert_eq!(whole, whole.to_lowercase());
        }
        assert!(common("stem").all(|stem| stem.bytes().all(|byte| byte.is_ascii_lowercase())));
    }
}
