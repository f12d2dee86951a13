//! Every use case: refused without the permission, with evidence and event where it acts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use access::Role;
use hub::protect::Segmentation;
use hub::{
    Asks, Caller, Grant, Hub, HubError, IngestRequest, NewPerson, OPERATIONS, VerifyRequest,
};
use model::{DeviceId, Scope, Secret};
use store::records::{DeviceFilter, DeviceOrder, DisclosureFilter, VerdictFilter};
use store::{Store, StoreError, StoreUrl};

use crate::house::{ALL, House, NOW, advisory, small_inventory};

/// What a use case is tried on.
struct Ground {
    house: House,
    device: DeviceId,
    inventory: std::path::PathBuf,
    password: Secret,
}

impl Ground {
    fn new() -> Self {
        let house = House::new();
        let inventory = house.write("cmms.csv", small_inventory());
        let document = house.write("a.json", advisory("A-1", 1, "<2.0"));
        house.ingest(&[&inventory, &document]);
        let console = Caller::console();
        let add = |name: &str| {
            let grant = Grant::everywhere(Role::Administrator);
            let new = NewPerson { name: name.into(), display_name: name.into(), grant };
            house.hub.add_person(&console, &new, NOW).unwrap()
        };
        add("boss");
        let password = add("ada");
        let device = house.devices().into_iter().next().unwrap().id;
        let inventory =
            house.write("more.csv", "asset_id,maker,model,serial\nZ-1,Halden,Zephyra V5,Q77\n");
        Self { house, device, inventory, password }
    }

    fn policy(&self) -> Segmentation {
        let path = self.house.write("policy/policy.toml", POLICY);
        Segmentation::read(path.parent().unwrap(), NOW).unwrap()
    }

    fn url(&self) -> StoreUrl {
        self.house.url()
    }

    fn written(&self) -> (u64, usize) {
        let store = Store::open(&self.url()).unwrap();
        let counted = store.read(|tx| {
            let rows = tx.evidence_head()?.map_or(0, |head| head.number);
            Ok::<_, StoreError>((rows, tx.events_after(0, 1000)?.len()))
        });
        counted.unwrap()
    }
}

type Try = fn(&Hub, &Caller, &Ground) -> Result<(), HubError>;

const POLICY: &str = r#"
[policy]
site = "Main"
networks = ["10.22.0.0/16"]

[[zone]]
name = "pumps"
kind = "therapy"
purpose = "infusion pumps"
members = ["10.22.1.0/24"]
"#;

fn person(name: &str) -> NewPerson {
    let grant = Grant::everywhere(Role::Viewer);
    NewPerson { name: name.into(), display_name: name.into(), grant }
}

fn site() -> Grant {
    let scope = Scope::Within { sites: ["north".to_owned()].into(), departments: [].into() };
    Grant { role: Role::Biomed, scope }
}

/// Makes something that was decided alone, for somebody to look at.
fn decide_alone(hub: &Hub) {
    let console = Caller::console();
    hub.disable_person(&console, "boss", true, NOW).unwrap();
    hub.set_setting(&console, "deciders", "2", "", NOW).unwrap();
    for now in [NOW, NOW.plus_seconds(48 * 3600)] {
        hub.set_setting(&console, "deciders", "1", "the other one left", now).unwrap();
    }
}

#[rustfmt::skip]
const TRIES: &[(&str, Try)] = &[
    ("overview",        |hub, who, _| hub.overview(who).map(drop)),
    ("feeds",           |hub, who, _| hub.feeds(who).map(drop)),
    ("open_questions",  |hub, who, _| hub.open_questions(who, 9).map(drop)),
    ("devices",         |hub, who, _| hub.devices(who, &DeviceFilter::default(), DeviceOrder::Name, ALL).map(drop)),
    ("device_facets",   |hub, who, _| hub.device_facets(who).map(drop)),
    ("device",          |hub, who, on| hub.device(who, on.device).map(drop)),
    ("device_history",  |hub, who, on| hub.device_history(who, on.device).map(drop)),
    ("software",        |hub, who, _| hub.software(who, None, None, ALL).map(drop)),
    ("disclosures",     |hub, who, _| hub.disclosures(who, &DisclosureFilter::default(), ALL).map(drop)),
    ("disclosure",      |hub, who, _| hub.disclosure(who, "A-1", ALL).map(drop)),
    ("disclosure_raw",  |hub, who, _| hub.disclosure_raw(who, "A-1").map(drop)),
    ("verdicts",        |hub, who, _| hub.verdicts(who, &VerdictFilter::default(), ALL).map(drop)),
    ("decisions",       |hub, who, on| hub.decisions(who, on.device).map(drop)),
    ("cleared",         |hub, who, _| hub.cleared(who, NOW, 9).map(drop)),
    ("pending",         |hub, who, _| hub.pending(who).map(drop)),
    ("disclosures_named", |hub, who, _| hub.disclosures_named(who, "A-1").map(drop)),
    ("held_back",       |hub, who, _| hub.held_back(who).map(drop)),
    ("engine_waits",    |hub, who, _| hub.engine_waits(who).map(drop)),
    ("trusted",         |hub, who, _| hub.trusted(who).map(drop)),
    ("propose_policy",  |hub, who, _| hub.propose_policy(who, None).map(drop)),
    ("simulate_policy", |hub, who, on| hub.simulate_policy(who, &on.policy(), None).map(drop)),
    ("confirm_clearing", |hub, who, on| {
        let paths = vec![on.house.write("b.json", advisory("A-1", 2, "<1.0"))];
        let _ = hub.ingest(who, &IngestRequest { paths, ..IngestRequest::default() }, NOW);
        hub.confirm_clearing(who, "A-1", NOW).map(drop)
    }),
    ("confirm_engine",  |hub, who, _| hub.confirm_engine(who, NOW).map(drop)),
    ("trust",           |hub, who, _| hub.trust(who, "https://psirt.example", None, NOW).map(drop)),
    ("untrust",         |hub, who, _| {
        let _ = hub.trust(who, "https://a.example", None, NOW);
        hub.untrust(who, "https://a.example", None, NOW)
    }),
    ("ingests",         |hub, who, _| hub.ingests(who, ALL).map(drop)),
    ("sources",         |hub, who, _| hub.sources(who).map(drop)),
    ("jobs",            |hub, who, _| hub.jobs(who, NOW).map(drop)),
    ("settings",        |hub, who, _| hub.settings(who).map(drop)),
    ("evidence",        |hub, who, _| hub.evidence(who, ALL).map(drop)),
    ("verify_evidence", |hub, who, _| hub.verify_evidence(who).map(drop)),
    ("verify_evidence_as", |hub, who, _| hub.verify_evidence_as(who, &VerifyRequest::default()).map(drop)),
    ("newest_checkpoint", |hub, who, _| hub.newest_checkpoint(who).map(drop)),
    ("checkpoint",      |hub, who, _| hub.checkpoint(who, NOW).map(drop)),
    ("keys",            |hub, who, _| hub.keys(who).map(drop)),
    ("data_times",      |hub, who, _| hub.data_times(who).map(drop)),
    ("integrity",       |hub, who, _| hub.integrity(who).map(drop)),
    ("back_up",         |hub, who, on| hub.back_up(who, &on.inventory.with_extension("copy")).map(drop)),
    ("rotate_keys",     |hub, who, _| hub.rotate_keys(who, NOW).map(drop)),
    ("redact",          |hub, who, _| hub.redact(who, "Zephyra", "a patient's name slipped in", NOW).map(drop)),
    ("ingest",          |hub, who, on| {
        let paths = vec![on.inventory.clone()];
        hub.ingest(who, &IngestRequest { paths, ..IngestRequest::default() }, NOW).map(drop)
    }),
    ("decide",          |_, who, on| {
        let other = Hub::open_with_engine(&on.url(), "another").unwrap();
        other.decide(who, "a new engine", NOW).map(drop)
    }),
    ("people",          |hub, who, _| hub.people(who).map(drop)),
    ("proposals",       |hub, who, _| hub.proposals(who).map(drop)),
    ("reviews",         |hub, who, _| hub.reviews(who, NOW, NOW).map(drop)),
    ("add_person",      |hub, who, _| hub.add_person(who, &person("eve"), NOW).map(drop)),
    ("add_token",       |hub, who, _| hub.add_token(who, &person("eve"), 9, NOW).map(drop)),
    ("grant",           |hub, who, _| hub.grant(who, "ada", &site(), NOW)),
    ("revoke",          |hub, who, _| hub.revoke(who, "ada", &Grant::everywhere(Role::Administrator), NOW)),
    ("rename_person",   |hub, who, _| hub.rename_person(who, "ada", "countess", NOW)),
    ("disable_person",  |hub, who, _| hub.disable_person(who, "ada", true, NOW)),
    ("reset_password",  |hub, who, _| hub.reset_password(who, "ada", NOW).map(drop)),
    ("set_setting",     |hub, who, _| hub.set_setting(who, "deciders", "2", "", NOW).map(drop)),
    ("review",          |hub, who, _| {
        if who.require(access::Permission::ManagePeople).is_ok() {
            decide_alone(hub);
        }
        hub.review(who, 1, NOW)
    }),
    ("change_password", |hub, who, on| {
        let ada = Caller { name: "ada".to_owned(), ..who.clone() };
        hub.change_password(&ada, &on.password, &Secret::new("a quiet ward at night"), NOW).map(drop)
    }),
];

/// They have nothing to work on here; what they leave behind is tried where they belong.
const NOTHING_HERE: &[&str] =
    &["propose_policy", "confirm_engine", "checkpoint", "rotate_keys", "keys", "back_up"];

fn holding(role: Option<Role>, scope: Scope) -> Caller {
    let grants = role.map(|role| Grant { role, scope }).into_iter().collect();
    Caller { name: "somebody".to_owned(), grants, ..Caller::console() }
}

fn is_refused(done: &Result<(), HubError>) -> bool {
    matches!(done, Err(HubError::Forbidden(_) | HubError::OutOfReach(_)))
}

#[test]
fn every_use_case_is_listed_and_tried() {
    let listed: BTreeSet<&str> = OPERATIONS.iter().map(|one| one.name).collect();
    let tried: BTreeSet<&str> = TRIES.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, tried, "each has a row in OPERATIONS and one in TRIES");
    let mut there = BTreeSet::new();
    written_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut there);
    let listed: BTreeSet<String> = listed.into_iter().map(str::to_owned).collect();
    assert_eq!(listed, there, "each public function that takes a caller has a row in OPERATIONS");
}

/// The names of public functions that take a caller.
fn written_in(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            written_in(&path, names);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for part in text.split("pub fn ").skip(1) {
            let (head, _) = part.split_once('{').unwrap_or((part, ""));
            if head.contains("&self") && head.contains("caller: &Caller") {
                names.insert(head.split('(').next().unwrap_or_default().to_owned());
            }
        }
    }
}

#[test]
fn nothing_is_done_without_its_permission_and_nothing_in_silence() {
    let tries: BTreeMap<&str, Try> = TRIES.iter().copied().collect();
    // What reads changes nothing, so one ground does for all of it.
    let shared = Ground::new();
    for operation in OPERATIONS {
        let Asks::Permission(permission) = operation.asks else { continue };
        let attempt = tries[operation.name];
        let nobody = holding(None, Scope::Everywhere);
        let own = operation.acts.then(Ground::new);
        let on = own.as_ref().unwrap_or(&shared);
        let before = on.written();
        let refused = attempt(&on.house.hub, &nobody, on);
        assert!(is_refused(&refused), "{} without a grant: {refused:?}", operation.name);
        for role in Role::ALL.iter().filter(|role| !role.allows(permission)) {
            let refused = attempt(&on.house.hub, &holding(Some(*role), Scope::Everywhere), on);
            assert!(is_refused(&refused), "{} as {role}: {refused:?}", operation.name);
        }
        assert_eq!(on.written(), before, "{}: refused, and nothing was written", operation.name);
        let weakest = Role::ALL.iter().find(|role| role.allows(permission)).copied();
        let done = attempt(&on.house.hub, &holding(weakest, Scope::Everywhere), on);
        if NOTHING_HERE.contains(&operation.name) {
            assert!(!is_refused(&done), "{} as {weakest:?}: {done:?}", operation.name);
            continue;
        }
        assert!(done.is_ok(), "{} as {weakest:?}: {done:?}", operation.name);
        let (rows, events) = on.written();
        assert_eq!(
            (rows > before.0, events > before.1),
            (operation.acts, operation.acts),
            "{}",
            operation.name
        );
    }
}

/// What a grant of another site allows of acts: nothing here.
#[test]
fn no_act_reaches_beyond_its_site() {
    let on = Ground::new();
    let elsewhere =
        || Scope::Within { sites: ["elsewhere".to_owned()].into(), departments: [].into() };
    let before = on.written();
    for operation in OPERATIONS.iter().filter(|one| one.acts) {
        let Asks::Permission(_) = operation.asks else { continue };
        let attempt = TRIES.iter().find(|(name, _)| *name == operation.name).unwrap().1;
        let caller = holding(Some(Role::Administrator), elsewhere());
        if operation.name == "decide" {
            continue; // What follows from what was taken in is the hub's own.
        }
        let done = attempt(&on.house.hub, &caller, &on);
        assert!(is_refused(&done), "{}: {done:?}", operation.name);
    }
    assert_eq!(on.written(), before);
}

#[test]
fn one_s_own_password_is_one_s_own() {
    let on = Ground::new();
    let before = on.written();
    let attempt = TRIES.iter().find(|(name, _)| *name == "change_password").unwrap().1;
    attempt(&on.house.hub, &holding(None, Scope::Everywhere), &on).unwrap();
    assert!(on.written() > before);
}
