//! What is read and what is refused.

use protection::policy::{Severity, lint, write};

use crate::{HOSPITAL, TODAY, hospital, policy};

/// What a changed hospital is refused with, `read` where it is not; the place must be within the
/// block that was changed.
fn check(find: &str, put: &str, expected: &str) {
    let at = HOSPITAL.find(find).unwrap_or_else(|| panic!("no `{find}`"));
    let block = HOSPITAL[..at].rfind("\n[").map_or(0, |start| start + 1);
    let line = |offset: usize| HOSPITAL[..offset].matches('\n').count() + 1;
    let Err(refused) = policy(&HOSPITAL.replacen(find, put, 1)) else {
        return assert_eq!(expected, "read", "{find} → {put}");
    };
    let said = &refused[0];
    assert!(said.reason.contains(expected), "{find} → {put}: {said}");
    assert!((line(block)..=line(at) + 1).contains(&said.place.line), "{find} → {put}: {said}");
}

#[test]
fn what_is_refused_and_where() {
    check("10.22.1.200", "10.22.1.201", "read");
    check("purpose = \"servers of devices\"", "porpoise = \"x\"", "unknown field");
    check("kind = \"servers\"", "kind = \"server\"", "unknown variant");
    check("members = [\"10.22.50.0/28\"]", "members = []", "`members` is empty");
    check("from = [\"servers\"]", "from = []", "`from` is empty");
    check("services = [\"tcp/443\"]", "services = []", "`services` is empty");
    check("10.22.9.12/30", "10.22.9.13/30", "neither an address nor a network");
    check("10.22.9.12/30", "10.23.9.12/30", "outside the site's networks");
    check("10.22.1.200", "10.22.1.20", "is in zone `pumps-a` too");
    check("tcp/443", "tcp/70000", "not a service");
    check("tcp/443", "tcp/443-80", "not a service");
    check("tcp/443", "tcp", "not a service");
    check("to = [\"internet\"]", "to = [\"intranet\"]", "no zone and no address");
    check("name = \"vendor-in\"", "name = \"vendor in\"", "is not a name");
    check("name = \"vendor-in\"", "name = \"$(reboot)\"", "is not a name");
    check("name = \"vendor-in\"", "name = \"servers\"", "stands at policy.toml:");
    check("expires = \"2027-03-31\"", "expires = \"31.3.2027\"", "not a day");
    check("purpose = \"service by the maker\"", "purpose = \"a\\nb\"", "control character");
    check("purpose = \"service by the maker\"", "purpose = \" \"", "is empty");
    check("[policy]", "[policies]", "unknown field");
    check("site = \"Main\"", "site = \"Main", "invalid");
}

#[test]
fn a_policy_without_text_is_refused() {
    assert!(policy("").unwrap_err()[0].reason.contains("no [policy]"));
}

#[test]
fn what_is_written_reads_the_same() {
    let before = hospital();
    let text = write(&before);
    let mut after = policy(&text).unwrap_or_else(|refused| panic!("{refused:?}\n{text}"));
    after.digest.clone_from(&before.digest);
    for (a, b) in before.zones.values().zip(after.zones.values()) {
        assert_eq!((&a.name, a.kind, &a.addresses), (&b.name, b.kind, &b.addresses));
    }
    for (a, b) in before.conduits.iter().zip(&after.conduits) {
        assert_eq!(
            (&a.name, &a.from, &a.services, &a.expires),
            (&b.name, &b.from, &b.services, &b.expires)
        );
    }
    assert_eq!(before.blocks.len(), after.blocks.len());
}

/// The rules of the linter that find something in a changed hospital.
fn found(find: &str, put: &str) -> Vec<(&'static str, Severity)> {
    assert!(HOSPITAL.contains(find), "no `{find}`");
    let policy = policy(&HOSPITAL.replacen(find, put, 1)).unwrap();
    lint(&policy, TODAY).unwrap().into_iter().map(|one| (one.rule, one.severity)).collect()
}

#[test]
fn the_linter_finds_each_kind() {
    let has = |find, put, rule, severity| {
        let found = found(find, put);
        assert!(found.contains(&(rule, severity)), "{put}: {found:?}");
    };
    has("approver = \"K. Lind\"", "", "approver", Severity::Warning);
    has("evidence = [\"contract\"]", "evidence = [\" \"]", "evidence", Severity::Error);
    has("2027-03-31", "2026-11-24", "expired", Severity::Error);
    has("kind = \"vendor\"", "kind = \"maintenance\"", "scanner", Severity::Error);
    has("from = [\"vendor\"]", "from = [\"internet\"]", "from-outside", Severity::Error);
    has("from = [\"vendor\"]", "from = [\"198.51.100.7\"]", "from-outside", Severity::Error);
    has("from = [\"servers\"]", "from = [\"pumps-a\"]", "therapy-to-outside", Severity::Warning);
    has(
        "holds = [\"infusion_pump\"]",
        "holds = [\"ventilator\"]",
        "one-zone-type",
        Severity::Warning,
    );
    has("services = [\"tcp/443\"]", "services = [\"any\"]", "any-service", Severity::Warning);
    has("from = [\"servers\"]", "from = [\"servers\", \"pumps-a\"]", "blocked", Severity::Warning);
    let twice = "services = [\"tcp/22\", \"ping\"]\nevidence = [\"contract\"]\n[[conduit]]\nname = \"again\"\n\
                 purpose = \"x\"\nfrom = [\"vendor\"]\nto = [\"pumps-a\"]\nservices = [\"tcp/22\"]";
    has("services = [\"tcp/22\", \"ping\"]", twice, "redundant", Severity::Warning);
    let clean: Vec<_> = found("", "").into_iter().filter(|one| one.1 == Severity::Error).collect();
    assert_eq!(clean, []);
}
