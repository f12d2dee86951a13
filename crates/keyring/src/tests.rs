//! What a ring keeps, whom it refuses, and how one key follows another.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn key(number: u8) -> Key {
    let at = Timestamp::from_seconds(i64::from(number));
    Key::new(Purpose::Checkpoint, format!("k{number}"), None, [number; SECRET_BYTES], at)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn reading_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("keys");
    assert!(Keyring::read(&place).unwrap().keys().is_empty());
    assert!(!place.exists());
}

#[test]
fn the_newest_two_are_in_use_and_older_secrets_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("deep/keys");
    let mut ring = Keyring::read(&place).unwrap();
    for number in 1..=3 {
        ring.add(key(number)).unwrap();
    }
    let read = Keyring::read(&place).unwrap();
    assert_eq!(read, ring);
    let used: Vec<&str> = read.in_use(Purpose::Checkpoint).map(|key| key.id.as_str()).collect();
    assert_eq!(used, ["k2", "k3"]);
    let old = &read.keys()[0];
    assert_eq!((old.secret(), old.retired), (None, Some(Timestamp::from_seconds(3))));
    assert_eq!((mode(&place), mode(&place.join(FILE_NAME))), (0o700, 0o600));
}

#[test]
fn a_ring_that_others_can_reach_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("keys");
    Keyring::read(&place).unwrap().add(key(1)).unwrap();
    for (path, mode) in [(place.clone(), 0o750), (place.join(FILE_NAME), 0o604)] {
        let before = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Keyring::read(&place).unwrap_err();
        assert!(matches!(error, KeyringError::Exposed { mode: found, .. } if found == mode));
        assert_eq!(error.answerable(), Answerable::Caller);
        fs::set_permissions(&path, before).unwrap();
        Keyring::read(&place).unwrap();
    }
}

#[test]
fn what_is_no_ring_is_refused_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    for text in ["", "c2VjcmV0", "{\"version\":9,\"keys\":[]}", NO_SECRET] {
        file::replace(folder.path(), FILE_NAME, text.as_bytes()).unwrap();
        let error = Keyring::read(folder.path()).unwrap_err();
        assert!(matches!(error, KeyringError::Malformed { .. }), "{text}");
        assert!(!format!("{error} {error:?}").contains("c2VjcmV0"), "{error:?}");
    }
}

#[test]
fn keys_that_are_added_at_once_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("keys");
    std::thread::scope(|scope| {
        for number in 1..=8 {
            let place = &place;
            scope.spawn(move || Keyring::read(place).unwrap().add(key(number)).unwrap());
        }
    });
    assert_eq!(Keyring::read(&place).unwrap().keys().len(), 8);
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?}", key(0xab));
    assert_eq!(shown, "Key(checkpoint k171)");
}

const NO_SECRET: &str = r#"{"version":1,"keys":[{"id":"a","purpose":"checkpoint",
    "created":"2026-11-25T10:00:00Z","secret":"c2VjcmV0"}]}"#;
