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

/// Whether a new password of this account is accepted.
pub fn check_password(password: &Secret, account: &AccountName) -> Result<(), PasswordRule> {
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
    if COMMON.lines().any(|common| common == lower) || repeats(&lower) {
        return Err(PasswordRule::Common);
    }
    Ok(())
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

/// Account names shorter than this occur in too many words to forbid.
const NAME_CHARS_MIN: usize = 3;

/// Memory for one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over that memory.
const PASSES: u32 = 2;

/// Lanes; more would need threads.
const LANES: u32 = 1;

/// Passwords of at least twelve characters that are tried first: keyboard walks, the obvious ones
/// of this trade, and phrases that every list has. In lower case.
const COMMON: &str = "\
adminadminadmin
administrator
administrator1
administrator123
admin1234567
admin12345678
biomedbiomed
changeme1234
changemenow!
changemeplease
correct horse battery staple
correcthorsebatterystaple
hospital1234
hospital12345
iloveyou1234
letmein12345
letmeinplease
medicaldevice
medicaldevices
mynameisadmin
p@ssw0rd1234
p@ssword1234
passw0rd1234
password1234
password12345
password123456
password1234!
password@123
password2025
password2026
passwordpassword
q1w2e3r4t5y6
qwerty123456
qwertyuiop12
qwertyuiop[]
qwertyuiop123
qwertyuiopasdf
1q2w3e4r5t6y
1qaz2wsx3edc
1qaz@wsx3edc
zaq12wsxcde3
regimenregimen
regimen12345
startstart12
summer202600
supervisor123
trustno1trustno1
welcome12345
welcome123456
winter202600";

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
        ] {
            let account = AccountName::parse("ada.l").unwrap();
            assert_eq!(check_password(&Secret::new(text), &account), want, "{text}");
        }
        let short = AccountName::parse("al").unwrap();
        assert_eq!(check_password(&Secret::new("a small hospital"), &short), Ok(()));
    }

    #[test]
    fn every_common_password_would_pass_otherwise() {
        for common in COMMON.lines() {
            assert!(common.chars().count() >= PASSWORD_CHARS_MIN, "{common}");
            assert_eq!(common, common.to_lowercase());
        }
    }
}
