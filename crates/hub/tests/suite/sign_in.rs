//! Sign-in, sessions and passwords.

use access::Permission;
use hub::{Caller, HubError, SignIn, SignedIn};
use model::{Secret, Timestamp};

use crate::house::{House, NOW};

fn sign_in(house: &House, password: &Secret, now: Timestamp) -> Result<SignedIn, HubError> {
    house.hub.sign_in(
        &SignIn { name: "Admin".to_owned(), password: password.clone(), source: None },
        now,
    )
}

#[test]
fn the_first_administrator_must_choose_a_password() {
    let house = House::new();
    let (name, password) = house.hub.first_administrator(NOW).unwrap().unwrap();
    assert_eq!(name, "admin");
    assert!(house.hub.first_administrator(NOW).unwrap().is_none(), "only once");

    let signed_in = sign_in(&house, &password, NOW).unwrap();
    let caller = house.hub.caller(&signed_in.token, NOW).unwrap();
    assert!(caller.require(Permission::Read).is_err(), "nothing before a password is chosen");

    let new = Secret::new("correct horse battery");
    house.hub.change_password(&caller, &password, &new, NOW).unwrap();
    let ended = house.hub.caller(&signed_in.token, NOW);
    assert!(matches!(ended, Err(HubError::NotSignedIn)), "sessions end with the old password");
    assert!(sign_in(&house, &password, NOW).is_err(), "the one-time password is used up");
    let caller = sign_in(&house, &new, NOW).unwrap().caller;
    assert!(caller.require(Permission::ManagePeople).is_ok());
}

#[test]
fn guessing_is_slowed_down_and_leaves_a_trace() {
    let house = House::new();
    let (_, password) = house.hub.first_administrator(NOW).unwrap().unwrap();
    let wrong = Secret::new("wrong");
    let refused = (0..20).map(|_| sign_in(&house, &wrong, NOW)).collect::<Vec<_>>();
    assert!(
        refused.iter().any(|r| matches!(r, Err(HubError::TryLater { seconds }) if *seconds > 0))
    );
    assert!(matches!(sign_in(&house, &password, NOW), Err(HubError::TryLater { .. })));
    assert!(sign_in(&house, &password, NOW.plus_seconds(86_400)).is_ok(), "not for ever");
    let page = store::records::Page { offset: 0, limit: 100 };
    let rows = house.hub.evidence(&Caller::console(), page).unwrap().rows;
    assert!(rows.iter().any(|row| row.action == "sign_in_refused"));
}

#[test]
fn sessions_end() {
    let house = House::new();
    let (_, password) = house.hub.demo_account(NOW).unwrap();
    let enter = |now| {
        let who = SignIn { name: "demo".to_owned(), password: password.clone(), source: None };
        house.hub.sign_in(&who, now).unwrap().token
    };
    let token = enter(NOW);
    assert!(house.hub.caller(&token, NOW.plus_seconds(3600)).is_ok());
    assert!(house.hub.caller(&token, NOW.plus_seconds(3 * 86_400)).is_err(), "by time");
    let token = enter(NOW);
    house.hub.sign_out(&token, NOW).unwrap();
    assert!(house.hub.caller(&token, NOW).is_err(), "by signing out");
    assert!(house.hub.caller(&Secret::new("guess"), NOW).is_err());
}

#[test]
fn neither_made_up_names_nor_guesses_from_elsewhere_keep_a_right_password_out() {
    let house = House::new();
    let (_, first) = house.hub.first_administrator(NOW).unwrap().unwrap();
    let address = |last: u8| Some(std::net::IpAddr::from([10, 0, 0, last]));
    let enter = |name: &str, password: &Secret, last: u8| {
        let who =
            SignIn { name: name.to_owned(), password: password.clone(), source: address(last) };
        house.hub.sign_in(&who, NOW)
    };
    let caller = enter("admin", &first, 1).unwrap().caller;
    let wrong = Secret::new("wrong");
    for number in 0..50 {
        assert!(enter(&format!("made.up.{number}"), &wrong, 1).is_err());
    }
    while !matches!(enter("admin", &wrong, 9), Err(HubError::TryLater { .. })) {}
    let new = Secret::new("correct horse battery");
    house.hub.change_password(&caller, &first, &new, NOW).unwrap();
    assert!(enter("admin", &new, 1).is_ok());
    let page = store::records::Page { offset: 0, limit: 100 };
    let rows = house.hub.evidence(&Caller::console(), page).unwrap().rows;
    assert!(rows.iter().all(|row| !row.subject.contains("made.up") && !row.actor.contains("made")));
    assert!(rows.iter().any(|row| row.subject == "unknown"));
}

#[test]
fn a_wrong_current_password_is_evidence() {
    let house = House::new();
    let (_, first) = house.hub.first_administrator(NOW).unwrap().unwrap();
    let caller = sign_in(&house, &first, NOW).unwrap().caller;
    let new = Secret::new("correct horse battery");
    assert!(house.hub.change_password(&caller, &Secret::new("wrong"), &new, NOW).is_err());
    let page = store::records::Page { offset: 0, limit: 1 };
    let rows = house.hub.evidence(&Caller::console(), page).unwrap().rows;
    assert_eq!(rows[0].action, "change_password_refused");
}

#[test]
fn reading_keeps_a_session_alive_and_writes_nothing() {
    let house = House::new();
    let (_, password) = house.hub.demo_account(NOW).unwrap();
    let who = SignIn { name: "demo".to_owned(), password, source: None };
    let token = house.hub.sign_in(&who, NOW).unwrap().token;
    for hours in [7, 14, 21] {
        assert!(house.hub.caller(&token, NOW.plus_seconds(hours * 3600)).is_ok(), "{hours}");
    }
    let later = NOW.plus_seconds(22 * 3600);
    let again = house.again();
    assert!(again.caller(&token, later).is_err(), "nothing was written");
    house.hub.keep_sessions(later).unwrap();
    assert!(again.caller(&token, later).is_ok(), "and now it is");
}
