//! What an act needs, and what it leaves behind where it is refused.

use serde_json::json;
use tempfile::TempDir;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

fn house() -> (Hub, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Hub::open(&StoreUrl::in_folder(folder.path())).unwrap(), folder)
}

fn act(
    hub: &Hub,
    needs: Needs,
    work: impl FnOnce(&Act<'_, '_>) -> Result<(), HubError>,
) -> Result<(), HubError> {
    hub.act(&Caller::console(), needs, Place::Site("north"), NOW, work)
}

#[test]
fn a_change_without_evidence_is_undone() {
    let (hub, _folder) = house();
    let needs = Needs::Permission(Permission::Ingest);
    let change = |act: &Act<'_, '_>| Ok(act.change().put_setting("a", "b")?);
    let silent = act(&hub, needs, change);
    assert!(matches!(silent, Err(HubError::Environment(text)) if text == UNNOTED));
    assert_eq!(hub.ground().read_whole(|tx| tx.setting("a")).unwrap(), None);
    act(&hub, needs, |act| {
        change(act)?;
        act.note(Action::Ingest, "x", &json!({ "n": 1 }))
    })
    .unwrap();
    assert_eq!(hub.ground().read_whole(|tx| tx.setting("a")).unwrap().as_deref(), Some("b"));
}

#[test]
fn evidence_and_event_tell_the_same_and_fall_together() {
    let (hub, _folder) = house();
    let needs = Needs::Permission(Permission::Ingest);
    act(&hub, needs, |act| act.note(Action::Ingest, "x\0", &json!({ "n": 1 }))).unwrap();
    let failed = act(&hub, needs, |act| {
        act.note(Action::Ingest, "y", &json!({}))?;
        Err(HubError::Invalid("no".to_owned()))
    });
    assert!(failed.is_err());
    let events = hub.ground().read_whole(|tx| tx.events_after(0, 10)).unwrap();
    let head = hub.ground().read_whole(|tx| tx.evidence_head()).unwrap().unwrap();
    assert_eq!((events.len(), head.number), (1, 1));
    let event = &events[0];
    assert_eq!((event.evidence, event.kind.as_str(), event.site.as_str()), (1, "ingest", "north"));
    assert_eq!((event.actor.as_str(), &event.body), ("console", &json!({ "n": 1 })));
}

#[test]
fn without_a_permission_only_one_s_own_password_and_session() {
    let (hub, _folder) = house();
    for action in Action::ALL {
        for (needs, listed) in [(Needs::Self_, OWN), (Needs::Nothing, OPEN)] {
            for (subject, own) in [("console", true), ("ada", false)] {
                let done = act(&hub, needs, |act| act.note(*action, subject, &json!({})));
                assert_eq!(done.is_ok(), own && listed.contains(action), "{action} {needs:?}");
            }
        }
    }
}
