//! Those who act, what is granted to them, and their sessions.

use model::{PersonId, Scope};
use store::records::{CredentialRow, GrantRow, PersonRow, SessionRow};

use crate::harness::for_each_store;
use crate::samples::at;

fn key(number: u8) -> PersonId {
    PersonId::new(at(0), [number; 10])
}

fn person(number: u8, name: &str) -> PersonRow {
    PersonRow {
        id: key(number),
        kind: "person".to_owned(),
        name: name.to_owned(),
        display_name: name.to_uppercase(),
        disabled: false,
        created: at(0),
    }
}

fn session(token_hash: &str, person: u8, expires: i64) -> SessionRow {
    SessionRow {
        token_hash: token_hash.to_owned(),
        person: key(person),
        generation: 1,
        created: at(0),
        used: at(0),
        expires: at(expires),
    }
}

#[test]
fn people_are_kept_by_key_whatever_they_are_called() {
    for_each_store(|store| {
        let mut changed = person(1, "ada");
        store
            .write(|tx| {
                tx.put_person(&person(2, "bob"))?;
                tx.put_person(&changed)
            })
            .unwrap();
        changed.disabled = true;
        changed.name = "countess".to_owned();
        store.write(|tx| tx.put_person(&changed)).unwrap();
        assert_eq!(store.read(|tx| tx.people()).unwrap(), [person(2, "bob"), changed.clone()]);
        assert_eq!(store.read(|tx| tx.person("ada")).unwrap(), None);
        assert_eq!(store.read(|tx| tx.person("countess")).unwrap(), Some(changed.clone()));
        assert_eq!(store.read(|tx| tx.person_by_id(key(1))).unwrap(), Some(changed));
        let taken = store.write(|tx| tx.put_person(&person(3, "bob")));
        assert!(taken.is_err(), "no two of one name");
    });
}

#[test]
fn credentials_and_grants_belong_to_somebody() {
    for_each_store(|store| {
        let credential = CredentialRow {
            person: key(1),
            kind: CredentialRow::PASSWORD,
            secret_hash: "$argon2id$x".to_owned(),
            generation: 7,
            once: true,
            used: false,
            issued: at(0),
            expires: Some(at(9)),
        };
        let sites = ["north".to_owned()].into();
        let grant = GrantRow {
            person: key(1),
            role: "biomed".to_owned(),
            scope: Scope::Within { sites, departments: [].into() },
            given: at(1),
            given_by: "console".to_owned(),
        };
        assert!(store.write(|tx| tx.put_credential(&credential)).is_err(), "of nobody");
        assert!(store.write(|tx| tx.put_grant(&grant)).is_err(), "to nobody");
        store
            .write(|tx| {
                tx.put_person(&person(1, "ada"))?;
                tx.put_credential(&credential)?;
                tx.put_grant(&grant)?;
                tx.put_grant(&grant)
            })
            .unwrap();
        let kept = store.read(|tx| tx.credential(key(1), CredentialRow::PASSWORD)).unwrap();
        assert_eq!(kept.as_ref(), Some(&credential));
        let kind = CredentialRow::PASSWORD;
        let found = store.read(|tx| tx.credential_by_hash(kind, "$argon2id$x")).unwrap();
        assert_eq!(found, kept);
        assert_eq!(store.read(|tx| tx.credential(key(1), CredentialRow::TOKEN)).unwrap(), None);
        assert_eq!(store.read(|tx| tx.grants_of(key(1))).unwrap(), std::slice::from_ref(&grant));
        assert!(store.write(|tx| tx.remove_grant(&grant)).unwrap());
        assert!(!store.write(|tx| tx.remove_grant(&grant)).unwrap());
        assert_eq!(store.read(|tx| tx.grants()).unwrap(), []);
    });
}

#[test]
fn sessions_are_used_and_ended() {
    for_each_store(|store| {
        let found = |hash: &str| store.read(|tx| tx.session(hash)).unwrap();
        let nobody = store.write(|tx| tx.put_session(&session("0", 9, 10)));
        assert!(nobody.is_err(), "a session needs its person");
        store
            .write(|tx| {
                tx.put_person(&person(1, "ada"))?;
                tx.put_person(&person(2, "bob"))?;
                for (hash, person, expires) in
                    [("1", 1, 10), ("2", 1, 20), ("3", 1, 30), ("4", 2, 40)]
                {
                    tx.put_session(&session(hash, person, expires))?;
                }
                tx.touch_session("1", at(5))
            })
            .unwrap();
        assert_eq!(found("1").unwrap().used, at(5));
        assert_eq!(store.write(|tx| tx.end_expired_sessions(at(10))).unwrap(), 1);
        assert_eq!(found("1"), None);
        assert_eq!(store.write(|tx| tx.end_sessions_of(key(1))).unwrap(), 2);
        assert_eq!((found("2"), found("4")), (None, Some(session("4", 2, 40))));
        assert!(store.write(|tx| tx.end_session("4")).unwrap());
        assert!(!store.write(|tx| tx.end_session("4")).unwrap());
    });
}

#[test]
fn what_two_have_to_say_is_open_until_it_is_settled() {
    for_each_store(|store| {
        let number = store
            .write(|tx| tx.propose("redact", "row 7", "a name slipped in", "ada", at(1)))
            .unwrap();
        let open = || store.read(|tx| tx.open_agreement("redact", "row 7")).unwrap();
        assert_eq!(open().unwrap().reason, "a name slipped in");
        assert_eq!(store.read(|tx| tx.open_agreement("redact", "row 8")).unwrap(), None);
        assert_eq!(store.read(|tx| tx.open_agreements()).unwrap().len(), 1);
        store.write(|tx| tx.settle_agreement(number, "ada", true, at(5))).unwrap();
        assert_eq!(open(), None);
        let alone = |from, to| store.read(|tx| tx.decided_alone(at(from), at(to))).unwrap().len();
        assert_eq!((alone(5, 6), alone(0, 5), alone(6, 9)), (1, 0, 0));
        store.write(|tx| tx.review_agreement(number, "eve", at(8))).unwrap();
        let kept = store.read(|tx| tx.agreement(number)).unwrap().unwrap();
        assert_eq!((kept.reviewed_by.as_str(), kept.reviewed), ("eve", Some(at(8))));
    });
}
