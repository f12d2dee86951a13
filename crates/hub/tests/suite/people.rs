//! Who may do what and where: grants and their reach, first passwords, tokens, and what two decide.

use access::{Permission, Role};
use hub::{Caller, Grant, HubError, IngestRequest, NewPerson, SignIn, SignedIn, Together};
use model::{PersonId, Scope, Secret, Timestamp};
use store::records::{DeviceFilter, DeviceOrder};

use crate::house::{ALL, House, NOW, small_inventory};

const HOUR: i64 = 3600;

fn site(name: &str) -> Scope {
    Scope::Within { sites: [name.to_owned()].into(), departments: [].into() }
}

fn new(name: &str, grant: Grant) -> NewPerson {
    NewPerson { name: name.to_owned(), display_name: format!("{name} Example"), grant }
}

fn holding(grants: Vec<Grant>) -> Caller {
    Caller { grants, ..Caller::console() }
}

fn enter(house: &House, name: &str, secret: &Secret, now: Timestamp) -> Result<SignedIn, HubError> {
    let who = SignIn { name: name.to_owned(), password: secret.clone(), source: None };
    house.hub.sign_in(&who, now)
}

/// The newest row of evidence: who, what, to what, and more.
fn newest(house: &House) -> (String, String, String, serde_json::Value) {
    let rows = house.hub.evidence(&Caller::console(), ALL).unwrap().rows;
    let row = rows.into_iter().next().unwrap();
    let details = serde_json::from_str(&row.spelled(&row.details.to_string())).unwrap();
    (row.actor, row.action, row.subject, details)
}

#[test]
fn a_grant_reaches_its_site_in_reading_and_in_acting() {
    let house = House::new();
    let inventory = house.write("cmms.csv", small_inventory());
    let take = |caller: &Caller, site: &str| {
        let request = IngestRequest {
            paths: vec![inventory.clone()],
            site: site.to_owned(),
            ..IngestRequest::default()
        };
        house.hub.ingest(caller, &request, NOW)
    };
    let north = holding(vec![Grant { role: Role::Analyst, scope: site("north") }]);
    assert!(take(&north, "north").is_ok());
    for elsewhere in ["south", ""] {
        let refused = take(&north, elsewhere);
        assert!(matches!(refused, Err(HubError::OutOfReach(_))), "{elsewhere}: {refused:?}");
    }
    take(&Caller::console(), "south").unwrap();
    let seen = |caller: &Caller| {
        let any = DeviceFilter::default();
        house.hub.devices(caller, &any, DeviceOrder::Name, ALL).unwrap().rows
    };
    let (all, some) = (seen(&Caller::console()), seen(&north));
    assert!(some.iter().all(|row| row.site == "north") && !some.is_empty());
    let other = all.iter().find(|row| row.site == "south").unwrap();
    let missing = house.hub.device(&north, other.id);
    assert!(matches!(missing, Err(HubError::NotFound { .. })), "not even that it is there");
    let in_use = DeviceFilter { retired: Some(false), ..DeviceFilter::default() };
    let in_use = house.hub.devices(&north, &in_use, DeviceOrder::Name, ALL).unwrap().total;
    assert_eq!(house.hub.overview(&north).unwrap().devices, in_use);
    assert_eq!(house.hub.device_facets(&north).unwrap().sites.len(), 1);
    assert_eq!(house.hub.sources(&north).unwrap().len(), 1);
    let told = house.hub.ingests(&north, ALL).unwrap();
    assert_eq!(told.total, 1);
    for house_wide in [house.hub.people(&north).err(), house.hub.evidence(&north, ALL).err()] {
        assert!(matches!(house_wide, Some(HubError::Forbidden(_))));
    }
    let nobody = holding(Vec::new());
    assert!(house.hub.overview(&nobody).is_err(), "without a grant nothing is seen");
}

#[test]
fn grants_come_and_go_with_evidence_and_somebody_always_manages() {
    let house = House::new();
    let console = Caller::console();
    let (admin, _) = house.hub.first_administrator(NOW).unwrap().unwrap();
    house.hub.add_person(&console, &new("rosa", Grant::everywhere(Role::Viewer)), NOW).unwrap();
    let biomed = Grant { role: Role::Biomed, scope: site("north") };
    house.hub.grant(&console, "rosa", &biomed, NOW).unwrap();
    let (_, action, subject, details) = newest(&house);
    assert_eq!((action.as_str(), subject.as_str()), ("grant_role", "rosa"));
    assert_eq!(details["scope"]["within"]["sites"][0], "north");
    let nowhere = Grant { role: Role::Biomed, scope: Scope::nowhere() };
    assert!(house.hub.grant(&console, "rosa", &nowhere, NOW).is_err(), "closed by default");
    house.hub.revoke(&console, "rosa", &biomed, NOW).unwrap();
    assert_eq!(newest(&house).1, "revoke_role");
    assert!(house.hub.revoke(&console, "rosa", &biomed, NOW).is_err(), "not twice");
    let all = Grant::everywhere(Role::Administrator);
    assert!(house.hub.revoke(&console, &admin, &all, NOW).is_err(), "the last who manages");
    assert!(house.hub.disable_person(&console, &admin, true, NOW).is_err());
    let people = house.hub.people(&console).unwrap();
    let rosa = people.iter().find(|person| person.name == "rosa").unwrap();
    assert_eq!((rosa.role.as_str(), rosa.grants.len()), ("viewer", 1));
}

#[test]
fn a_name_is_only_a_name() {
    let house = House::new();
    let console = Caller::console();
    let first =
        house.hub.add_person(&console, &new("rosa", Grant::everywhere(Role::Viewer)), NOW).unwrap();
    let before: PersonId = house.hub.people(&console).unwrap()[0].id;
    let caller = enter(&house, "rosa", &first, NOW).unwrap().caller;
    let own = Secret::new("a quiet ward at night");
    house.hub.change_password(&caller, &first, &own, NOW).unwrap();
    let (actor, _, _, details) = newest(&house);
    assert_eq!((actor.as_str(), &details["by"]), ("rosa", &serde_json::json!(before)));
    house.hub.rename_person(&console, "rosa", "rosa.lindqvist", NOW).unwrap();
    assert!(enter(&house, "rosa", &own, NOW).is_err());
    let session = enter(&house, "rosa.lindqvist", &own, NOW).unwrap();
    assert_eq!(session.caller.id, Some(before), "the same person");
    house.hub.add_person(&console, &new("rosa", Grant::everywhere(Role::Viewer)), NOW).unwrap();
    assert!(house.hub.rename_person(&console, "rosa", "rosa.lindqvist", NOW).is_err(), "taken");
    house.hub.disable_person(&console, "rosa.lindqvist", true, NOW).unwrap();
    assert!(house.hub.caller(&session.token, NOW).is_err(), "kept out at once");
    house.hub.disable_person(&console, "rosa.lindqvist", false, NOW).unwrap();
    assert!(enter(&house, "rosa.lindqvist", &own, NOW).is_ok());
}

#[test]
fn a_first_password_opens_once_and_in_time() {
    let house = House::new();
    let console = Caller::console();
    let first = |name: &str| {
        let grant = Grant::everywhere(Role::Viewer);
        house.hub.add_person(&console, &new(name, grant), NOW).unwrap()
    };
    let (ada, eve) = (first("ada"), first("eve"));
    let caller = enter(&house, "ada", &ada, NOW).unwrap().caller;
    let again = enter(&house, "ada", &ada, NOW);
    assert!(matches!(&again, Err(HubError::Invalid(why)) if why.contains("one sign-in")));
    assert_eq!(newest(&house).3["why"].as_str().map(str::is_empty), Some(false));
    for common in ["Password1234!", "Hospital2026!", "my regimen is long", "Example for all"] {
        let chosen = house.hub.change_password(&caller, &ada, &Secret::new(common), NOW);
        assert!(chosen.is_err(), "{common}");
    }
    let own = Secret::new("a quiet ward at night");
    house.hub.change_password(&caller, &ada, &own, NOW).unwrap();
    for later in [0, 400 * 24 * HOUR] {
        assert!(enter(&house, "ada", &own, NOW.plus_seconds(later)).is_ok(), "one's own holds");
    }
    let late = enter(&house, "eve", &eve, NOW.plus_seconds(72 * HOUR));
    assert!(matches!(&late, Err(HubError::Invalid(why)) if why.contains("in time")), "{late:?}");
    let done = house.hub.set_setting(&console, "first_password_hours", "1", "", NOW).unwrap();
    assert_eq!(done, Together::Done(()));
    let anew = house.hub.reset_password(&console, "eve", NOW).unwrap();
    assert!(enter(&house, "eve", &anew, NOW.plus_seconds(HOUR)).is_err());
    assert!(enter(&house, "eve", &anew, NOW.plus_seconds(HOUR - 1)).is_ok());
}

#[test]
fn a_program_has_a_token_for_a_time_and_its_own_grants() {
    let house = House::new();
    let console = Caller::console();
    let grant = Grant { role: Role::Viewer, scope: site("north") };
    let token = house.hub.add_token(&console, &new("exporter", grant.clone()), 30, NOW).unwrap();
    let caller = house.hub.caller(&token, NOW).unwrap();
    assert_eq!((caller.name.as_str(), caller.grants.clone()), ("exporter", vec![grant]));
    assert!(caller.require(Permission::Read).is_ok());
    assert!(caller.require(Permission::Ingest).is_err());
    assert!(house.hub.caller(&token, NOW.plus_seconds(30 * 24 * HOUR)).is_err(), "over");
    assert!(enter(&house, "exporter", &token, NOW).is_err(), "a token is no password");
    house.hub.disable_person(&console, "exporter", true, NOW).unwrap();
    assert!(house.hub.caller(&token, NOW).is_err());
}

#[test]
fn what_two_decide_waits_for_another_or_for_its_time() {
    let house = House::new();
    for name in ["ada", "bob", "eve"] {
        let all = Grant::everywhere(Role::Administrator);
        house.hub.add_person(&Caller::console(), &new(name, all), NOW).unwrap();
    }
    let set = |caller: &Caller, value: &str, reason: &str, now| {
        house.hub.set_setting(caller, "deciders", value, reason, now)
    };
    let console = Caller::console();
    let ada =
        Caller { id: Some(PersonId::new(NOW, [1; 10])), name: "ada".into(), ..console.clone() };
    assert_eq!(set(&console, "2", "", NOW).unwrap(), Together::Done(()), "more is no risk");
    assert!(set(&console, "1", "", NOW).is_err(), "a reason is typed");
    let why = "Rosa left the hospital";
    let waiting = |done| match done {
        Ok(Together::Waiting(waiting)) => waiting,
        other => panic!("{other:?}"),
    };
    let first = waiting(set(&console, "1", why, NOW));
    assert_eq!(first.until, None, "two decide here");
    let week = NOW.plus_seconds(7 * 24 * HOUR);
    assert_eq!(waiting(set(&console, "1", why, week)), first, "the same person, a week later");
    assert_eq!(house.hub.proposals(&console).unwrap().len(), 1);
    assert_eq!(set(&ada, "1", "", week).unwrap(), Together::Done(()));
    let agreed = newest(&house).3["agreement"].clone();
    assert_eq!((&agreed["decided_alone"], &agreed["reason"]), (&false.into(), &why.into()));
    assert!(house.hub.reviews(&console, NOW, week.plus_seconds(1)).unwrap().is_empty());
}

#[test]
fn where_the_second_has_left_the_first_can_still_decide() {
    let house = House::new();
    let console = Caller::console();
    house.hub.set_setting(&console, "deciders", "2", "", NOW).unwrap();
    let lower = |now| {
        let reason = "the second of us left";
        house.hub.set_setting(&console, "deciders", "1", reason, now).unwrap()
    };
    assert!(matches!(lower(NOW), Together::Waiting(ref waiting) if waiting.until.is_some()));
    let value = |name: &str| {
        let all = house.hub.settings(&console).unwrap();
        all.into_iter().find(|one| one.name == name).unwrap().value
    };
    assert_eq!(value("deciders"), "2", "nothing was done");
    let day = NOW.plus_seconds(24 * HOUR);
    assert_eq!(lower(day), Together::Done(()));
    assert_eq!((value("deciders").as_str(), newest(&house).3["from"].as_str()), ("1", Some("2")));
    assert_eq!(house.hub.reviews(&console, NOW, day.plus_seconds(1)).unwrap().len(), 1);
}
