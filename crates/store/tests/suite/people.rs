//! Accounts and sessions.

use store::records::{PersonRow, SessionRow};

use crate::harness::for_each_store;
use crate::samples::at;

fn person(name: &str) -> PersonRow {
    PersonRow {
        name: name.to_owned(),
        display_name: name.to_uppercase(),
        role: "viewer".to_owned(),
        password_hash: "$argon2id$x".to_owned(),
        must_change_password: true,
        disabled: false,
        created: at(0),
    }
}

fn session(token_hash: &str, person: &str, expires: i64) -> SessionRow {
    SessionRow {
        token_hash: token_hash.to_owned(),
        person: person.to_owned(),
        created: at(0),
        used: at(0),
        expires: at(expires),
    }
}

#[test]
fn people_are_kept_and_replaced_by_name() {
    for_each_store(|store| {
        let mut changed = person("ada");
        store
            .write(|tx| {
                tx.put_person(&person("bob"))?;
                tx.put_person(&changed)
            })
            .unwrap();
        (changed.disabled, changed.must_change_password) = (true, false);
        changed.role = "analyst".to_owned();
        store.write(|tx| tx.put_person(&changed)).unwrap();
        assert_eq!(store.read(|tx| tx.people()).unwrap(), [changed.clone(), person("bob")]);
        assert_eq!(store.read(|tx| tx.person("ada")).unwrap(), Some(changed));
        assert_eq!(store.read(|tx| tx.person("eve")).unwrap(), None);
    });
}

#[test]
fn a_password_hash_is_never_serialised() {
    let written = serde_json::to_string(&person("ada")).unwrap();
    assert!(!written.contains("argon2"), "{written}");
}

#[test]
fn sessions_are_used_and_ended() {
    for_each_store(|store| {
        let found = |hash: &str| store.read(|tx| tx.session(hash)).unwrap();
        let nobody = store.write(|tx| tx.put_session(&session("0", "eve", 10)));
        assert!(nobody.is_err(), "a session needs its person");
        store
            .write(|tx| {
                tx.put_person(&person("ada"))?;
                tx.put_person(&person("bob"))?;
                for (hash, name, expires) in
                    [("1", "ada", 10), ("2", "ada", 20), ("3", "ada", 30), ("4", "bob", 40)]
                {
                    tx.put_session(&session(hash, name, expires))?;
                }
                tx.touch_session("1", at(5))
            })
            .unwrap();
        assert_eq!(found("1").unwrap().used, at(5));
        assert_eq!(store.write(|tx| tx.end_expired_sessions(at(10))).unwrap(), 1);
        assert_eq!(found("1"), None);
        assert_eq!(store.write(|tx| tx.end_sessions_of("ada", Some("3"))).unwrap(), 1);
        assert_eq!((found("2"), found("3")), (None, Some(session("3", "ada", 30))));
        assert!(store.write(|tx| tx.end_session("3")).unwrap());
        assert!(!store.write(|tx| tx.end_session("3")).unwrap());
        assert_eq!(store.write(|tx| tx.end_sessions_of("bob", None)).unwrap(), 1);
    });
}
