//! One device: who it is, what is wrong with it, what it talks to, what happened.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use hub::DeviceHistory;
use model::{Address, Attribute, Conversation, Device, Fact, Timestamp, Verdict};
use store::records::{DeviceDetail, HistoryRow, Rows, VerdictFilter};

use super::verdicts::{Group, grouped};
use super::{PAGE_ROWS, Pager, Room, Shell, html, list};
use crate::app::App;
use crate::error::Failure;
use crate::query::{self, Params};
use crate::session::Signed;
use crate::show::{self, Peer, Picture, When};

/// `GET /assets/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (id, caller) = (query::device_id(&id)?, signed.caller.clone());
    let (detail, history) = app
        .ask(move |hub| Ok((hub.device(&caller, id)?, hub.device_history(&caller, id)?)))
        .await?;
    let shell = Shell::of(&app, &signed, Room::Assets, name(&detail.device)).await?;
    html(&page(shell, &detail, &history, signed.now))
}

/// `GET /assets/{id}/conversations`
pub(crate) async fn conversations(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Failure> {
    query::only(&params, &[query::PAGE_PARAMS])?;
    let page = query::page(&params, PAGE_ROWS)?;
    let detail = read(&app, &signed, &id).await?;
    let name = name(&detail.device);
    let shell = Shell::of(&app, &signed, Room::Assets, format!("Conversations of {name}")).await?;
    let skip = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let wanted = detail.conversations.iter().skip(skip).take(PAGE_ROWS as usize);
    let rows: Vec<Talk> = wanted.map(|one| Talk::of(one, &detail)).collect();
    let path = format!("/assets/{id}/conversations");
    let total = detail.conversations.len() as u64;
    let pager = Pager::new(&path, "", page, rows.len(), total);
    let id = detail.device.id.to_string();
    let page = ConversationsPage { shell, now: signed.now, id, name, rows, pager };
    list(&page.pager, &page)
}

/// `GET /assets/{id}/verdicts`
pub(crate) async fn verdicts(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Failure> {
    query::only(&params, &[query::PAGE_PARAMS])?;
    let page = query::page(&params, PAGE_ROWS)?;
    let device = query::device_id(&id)?;
    let caller = signed.caller.clone();
    let (detail, found) = app
        .ask(move |hub| {
            let filter = VerdictFilter { device: Some(device), ..VerdictFilter::default() };
            Ok((hub.device(&caller, device)?, hub.verdicts(&caller, &filter, page)?))
        })
        .await?;
    let name = name(&detail.device);
    let shell = Shell::of(&app, &signed, Room::Assets, format!("Verdicts of {name}")).await?;
    let Rows { rows, total } = found;
    let groups = grouped(rows.iter().map(|row| &row.row));
    let pager = Pager::new(&format!("/assets/{device}/verdicts"), "", page, rows.len(), total);
    let page = VerdictsPage { shell, id: device.to_string(), name, groups, pager };
    list(&page.pager, &page)
}

async fn read(app: &App, signed: &Signed, id: &str) -> Result<DeviceDetail, Failure> {
    let id = query::device_id(id)?;
    let caller = signed.caller.clone();
    Ok(app.ask(move |hub| hub.device(&caller, id)).await?)
}

#[derive(Template)]
#[template(path = "device.html")]
pub(crate) struct DevicePage {
    shell: Shell,
    now: Timestamp,
    id: String,
    name: String,
    headline: String,
    subtitle: String,
    alert: bool,
    device: Device,
    identity: Vec<CardLine>,
    open: Vec<Group>,
    clear: Vec<Group>,
    more_verdicts: u64,
    talks_title: String,
    picture: Option<Picture>,
    talks: Vec<Talk>,
    more_talks: u64,
    facts: Vec<FactRow>,
    more_facts: u64,
    custom: BTreeMap<String, String>,
    events: Vec<Event>,
}

#[derive(Template)]
#[template(path = "conversations.html")]
struct ConversationsPage {
    shell: Shell,
    now: Timestamp,
    id: String,
    name: String,
    rows: Vec<Talk>,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "device_verdicts.html")]
struct VerdictsPage {
    shell: Shell,
    id: String,
    name: String,
    groups: Vec<Group>,
    pager: Pager,
}

/// A line of the identity card: a value, what stands behind it, and what speaks against it.
struct CardLine {
    label: String,
    value: Option<String>,
    disputed: bool,
    question: &'static str,
    for_it: Vec<FactRow>,
    against: Vec<FactRow>,
    more: u64,
}

/// A fact as a page shows it.
struct FactRow {
    label: String,
    value: String,
    confidence: String,
    source: String,
    count: String,
    last: When,
}

/// A conversation as a page shows it.
struct Talk {
    calls: bool,
    peer: String,
    link: Option<String>,
    address: String,
    application: String,
    port: String,
    packets: u64,
    bytes: u64,
    last: Timestamp,
}

/// Something that happened.
struct Event {
    at: Timestamp,
    what: String,
}

pub(crate) fn page(
    shell: Shell,
    detail: &DeviceDetail,
    history: &DeviceHistory,
    now: Timestamp,
) -> DevicePage {
    let device = &detail.device;
    let shown = detail.verdicts.iter().take(VERDICTS_MAX);
    let groups = grouped(shown);
    let (mut clear, mut open): (Vec<Group>, Vec<Group>) =
        groups.into_iter().partition(|group| group.verdict == Verdict::NotAffected);
    let hidden = open.len().saturating_sub(GROUPS_MAX) + clear.len().saturating_sub(GROUPS_MAX);
    open.truncate(GROUPS_MAX);
    clear.truncate(GROUPS_MAX);
    let unread = detail.verdicts.len().saturating_sub(VERDICTS_MAX);
    let other: Vec<&Fact> =
        device.facts.iter().filter(|fact| !CARD.contains(&fact.attribute)).collect();
    DevicePage {
        now,
        id: device.id.to_string(),
        name: name(device),
        headline: headline(detail),
        subtitle: subtitle(device),
        alert: detail.verdicts.iter().any(affects),
        identity: identity(device, now),
        open,
        clear,
        more_verdicts: (hidden + unread) as u64,
        talks_title: talks_title(detail),
        picture: picture(detail),
        talks: detail.conversations.iter().take(TALKS_MAX).map(|c| Talk::of(c, detail)).collect(),
        more_talks: detail.conversations.len().saturating_sub(TALKS_MAX) as u64,
        facts: other.iter().take(FACTS_MAX).map(|fact| FactRow::of(fact, now)).collect(),
        more_facts: other.len().saturating_sub(FACTS_MAX) as u64,
        custom: detail.custom_fields.iter().take(FACTS_MAX).map(clone_pair).collect(),
        events: events(detail, history),
        device: Device { facts: Vec::new(), addresses: addresses(device), ..device.clone() },
        shell,
    }
}

/// Its addresses, IP first. A MAC address alone says nothing more where an IP stands beside it.
fn addresses(device: &Device) -> Vec<Address> {
    let all = &device.addresses;
    let known = |mac| all.iter().any(|other| other.ip.is_some() && other.mac == mac);
    let shown = all.iter().filter(|address| address.ip.is_some() || !known(address.mac));
    let mut shown: Vec<Address> = shown.cloned().collect();
    shown.sort_by_key(|address| (address.ip.is_none(), address.ip));
    shown
}

/// The best name: host and other names, the asset id, an address, else the key.
fn name(device: &Device) -> String {
    let address = || device.addresses.iter().find_map(|address| address.ip);
    let link = || device.addresses.iter().find_map(|address| address.mac);
    let name = device.names.first().cloned().or_else(|| device.asset_id.clone());
    let name = name.or_else(|| address().map(|ip| ip.to_string()));
    let name = name.or_else(|| link().map(|mac| mac.to_string()));
    show::text(name.unwrap_or_else(|| device.id.to_string()))
}

fn affects(row: &model::VerdictRow) -> bool {
    row.verdict == Verdict::Affected
}

fn headline(detail: &DeviceDetail) -> String {
    let rows = &detail.verdicts;
    let number = |wanted| rows.iter().filter(|row| row.verdict == wanted).count() as u64;
    let (affected, unknown) = (number(Verdict::Affected), number(Verdict::Unknown));
    let exploited = rows.iter().filter(|row| affects(row) && row.kev.is_some()).count() as u64;
    let mut parts = Vec::new();
    if affected > 0 {
        parts.push(show::of(affected, "vulnerability affects it", "vulnerabilities affect it"));
    }
    if exploited > 0 {
        parts.push(show::of(exploited, "is exploited in the wild", "are exploited in the wild"));
    }
    if unknown > 0 {
        parts.push(show::of(unknown, "is undecided", "are undecided"));
    }
    match (parts.is_empty(), rows.is_empty()) {
        (false, _) => parts.join("; "),
        (true, false) => "No disclosure affects it".to_owned(),
        (true, true) => "No disclosure names a product like it".to_owned(),
    }
}

fn subtitle(device: &Device) -> String {
    let class =
        device.class.as_ref().map_or_else(|| "class unknown".to_owned(), show::class_and_care);
    let made = [device.maker.as_deref(), device.model.as_deref()];
    let made: Vec<String> = made.into_iter().flatten().map(show::text).collect();
    let place = device.location.as_ref().map(show::text);
    let parts = [Some(class), (!made.is_empty()).then(|| made.join(" ")), place];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn identity(device: &Device, now: Timestamp) -> Vec<CardLine> {
    CARD.iter().filter_map(|attribute| CardLine::of(device, *attribute, now)).collect()
}

impl CardLine {
    /// The line for `attribute`; none where it is unknown and not every device has it.
    fn of(device: &Device, attribute: Attribute, now: Timestamp) -> Option<Self> {
        let facts: Vec<&Fact> =
            device.facts.iter().filter(|fact| fact.attribute == attribute).collect();
        let value = derived(device, attribute).or_else(|| facts.first().map(|f| f.value.clone()));
        if value.is_none() && !ESSENTIAL.contains(&attribute) {
            return None;
        }
        let same =
            |fact: &&&Fact| value.as_deref().is_some_and(|v| agrees(attribute, v, &fact.value));
        let rows = |facts: Vec<&&Fact>| -> Vec<FactRow> {
            facts.into_iter().take(EVIDENCE_MAX).map(|fact| FactRow::of(fact, now)).collect()
        };
        let (agree, differ): (Vec<&&Fact>, Vec<&&Fact>) = facts.iter().partition(same);
        let best = agree.first().map_or(0, |fact| fact.confidence.thousandths());
        let strongest = differ.iter().map(|fact| fact.confidence.thousandths()).max();
        let (for_it, against) = (rows(agree), rows(differ));
        Some(Self {
            label: show::attribute(attribute),
            disputed: strongest.is_some_and(|against| against + DISPUTE_MARGIN >= best),
            question: show::question_for(attribute),
            more: (facts.len() - for_it.len() - against.len()) as u64,
            value: value.map(|value| match attribute {
                Attribute::Class => show::class(value),
                _ => show::text(value),
            }),
            for_it,
            against,
        })
    }
}

/// What the hub derived, which may differ in spelling from the fact that gave it.
fn derived(device: &Device, attribute: Attribute) -> Option<String> {
    match attribute {
        Attribute::Maker => device.maker.clone(),
        Attribute::Model => device.model.clone(),
        Attribute::Class => device.class.clone(),
        Attribute::Serial => device.serial.clone(),
        Attribute::Os => device.os.clone(),
        Attribute::SoftwareVersion => device.software_version.clone(),
        Attribute::Location => device.location.clone(),
        Attribute::AssetTag => device.asset_id.clone(),
        _ => None,
    }
}

/// Whether a fact says the same as the value. An operating system or a maker that is only named
/// more or less exactly does: `Windows` and `Windows 7`, or one of `Windows 7 or Server 2008`.
fn agrees(attribute: Attribute, value: &str, fact: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        text.split_whitespace().map(str::to_lowercase).collect()
    };
    if !matches!(attribute, Attribute::Os | Attribute::Maker) {
        return value.trim().eq_ignore_ascii_case(fact.trim());
    }
    value.split(" or ").any(|one| {
        fact.split(" or ").any(|other| {
            let (one, other) = (words(one), words(other));
            one.is_subset(&other) || other.is_subset(&one)
        })
    })
}

impl FactRow {
    fn of(fact: &Fact, now: Timestamp) -> Self {
        let share = f64::from(fact.confidence.thousandths()) / 1000.0;
        Self {
            label: show::attribute(fact.attribute),
            value: show::text(&fact.value),
            confidence: format!("{share:.2}"),
            source: show::source(&fact.source),
            count: show::of(fact.count, "time", "times"),
            last: show::ago(fact.last_seen, now),
        }
    }
}

impl Talk {
    fn of(one: &Conversation, detail: &DeviceDetail) -> Self {
        let calls = one.client == detail.device.id.to_string();
        let (peer, address) = if calls {
            (&one.server, &one.server_address)
        } else {
            (&one.client, &one.client_address)
        };
        let known = detail.peers.get(peer);
        let port = if one.port == 0 { String::new() } else { format!("/{}", one.port) };
        Self {
            calls,
            peer: show::text(known.unwrap_or(address)),
            link: known
                .filter(|_| query::device_id(peer).is_ok())
                .map(|_| format!("/assets/{peer}")),
            address: show::text(address),
            application: one.application.as_ref().map_or_else(|| "unknown".to_owned(), show::text),
            port: format!("{}{port}", one.transport.name()),
            packets: one.packets,
            bytes: one.bytes,
            last: one.last_seen,
        }
    }
}

fn peers(detail: &DeviceDetail, calls: bool) -> Vec<Peer> {
    let mut sums: BTreeMap<(String, String, Option<String>), u64> = BTreeMap::new();
    for one in &detail.conversations {
        let talk = Talk::of(one, detail);
        if talk.calls == calls {
            let known = one.application.is_some();
            let application = if known { talk.application } else { talk.port };
            *sums.entry((application, talk.peer, talk.link)).or_default() += talk.bytes;
        }
    }
    let peer = |((application, name, link), bytes)| Peer { application, name, link, bytes };
    sums.into_iter().map(peer).collect()
}

fn picture(detail: &DeviceDetail) -> Option<Picture> {
    (!detail.conversations.is_empty())
        .then(|| Picture::new(&name(&detail.device), peers(detail, false), peers(detail, true)))
}

fn talks_title(detail: &DeviceDetail) -> String {
    let Some(largest) = detail.conversations.first() else {
        return "It was not seen to talk to anything".to_owned();
    };
    let me = detail.device.id.to_string();
    let other = |c: &Conversation| if c.client == me { c.server.clone() } else { c.client.clone() };
    let all: BTreeSet<String> = detail.conversations.iter().map(other).collect();
    let talk = Talk::of(largest, detail);
    format!(
        "It talks to {}; most is {} {} {} ({})",
        show::of(all.len() as u64, "peer", "peers"),
        talk.application,
        if talk.calls { "to" } else { "from" },
        talk.peer,
        show::bytes(talk.bytes)
    )
}

/// What happened to the device and to its verdicts, newest first.
fn events(detail: &DeviceDetail, history: &DeviceHistory) -> Vec<Event> {
    let device = &detail.device;
    let event = |at: Timestamp, what: String| Event { at, what };
    let mut events = vec![
        event(device.first_seen, "First seen".to_owned()),
        event(device.last_seen, "Last seen".to_owned()),
        event(history.recorded, "First written down".to_owned()),
    ];
    let versions = device.facts.iter().filter(|fact| fact.attribute == Attribute::SoftwareVersion);
    events.extend(versions.take(EVENTS_MAX).map(|fact| {
        event(fact.first_seen, format!("Version {} first seen", show::text(&fact.value)))
    }));
    let told = history.changes.iter().rev().filter(|row| row.attribute != "configuration");
    events.extend(told.take(EVENTS_MAX).map(|row| event(row.at, changed(row))));
    let mut decided: BTreeMap<(Timestamp, &str), u64> = BTreeMap::new();
    for row in &history.verdicts {
        *decided.entry((row.at, row.because.as_str())).or_default() += 1;
    }
    events.extend(decided.into_iter().rev().take(EVENTS_MAX).map(|((at, because), number)| {
        let changes = show::of(number, "verdict changed", "verdicts changed");
        event(at, format!("{changes}: {}", show::text(because)))
    }));
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.what.cmp(&b.what)));
    events
}

fn changed(row: &HistoryRow) -> String {
    let value = |text: &str| match text {
        "" => "nothing".to_owned(),
        text => show::text(text.replace('\n', ", ")),
    };
    let what = row.attribute.replace('_', " ");
    let (before, after) = (value(&row.before), value(&row.after));
    format!("Its {what} changed from {before} to {after} ({})", show::text(&row.because))
}

fn clone_pair((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

/// What the identity card shows, in this order.
const CARD: [Attribute; 17] = [
    Attribute::Maker,
    Attribute::Model,
    Attribute::ModelNumber,
    Attribute::Class,
    Attribute::Serial,
    Attribute::Udi,
    Attribute::AssetTag,
    Attribute::SoftwareVersion,
    Attribute::HardwareVersion,
    Attribute::Os,
    Attribute::Hostname,
    Attribute::Location,
    Attribute::Department,
    Attribute::Owner,
    Attribute::Status,
    Attribute::Criticality,
    Attribute::SwitchPort,
];

/// What every device should have, shown even where it is unknown.
const ESSENTIAL: [Attribute; 8] = [
    Attribute::Maker,
    Attribute::Model,
    Attribute::Class,
    Attribute::Serial,
    Attribute::AssetTag,
    Attribute::SoftwareVersion,
    Attribute::Os,
    Attribute::Location,
];

/// A value is disputed where another is at most this much weaker, in thousandths of confidence.
const DISPUTE_MARGIN: u16 = 200;

/// Verdicts read for the page; the list of its own has the rest.
const VERDICTS_MAX: usize = 400;
/// Groups of verdicts on the page. These limits together keep it under its 150 kB.
const GROUPS_MAX: usize = 14;
/// Conversations on the page.
const TALKS_MAX: usize = 25;
/// Other facts, and own columns of the inventory, on the page.
const FACTS_MAX: usize = 40;
/// Facts for one value, and as many against it.
const EVIDENCE_MAX: usize = 4;
/// Events of one kind in the timeline.
const EVENTS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_dispute_from_another_wording() {
        for (attribute, value, fact, want) in [
            (Attribute::Os, "Windows Server 2019", "Windows 10 1809 or Windows Server 2019", true),
            (Attribute::Os, "Windows", "Windows XP", true),
            (Attribute::Os, "Windows 10", "Windows 7", false),
            (Attribute::Maker, "BRIGHTMERE", "Brightmere Imaging", true),
            (Attribute::Maker, "Halden", "Norrvik", false),
            (Attribute::SoftwareVersion, "12.1", "12.1.3", false),
            (Attribute::Model, "Flumen V", "Flumen V Plus", false),
        ] {
            assert_eq!(agrees(attribute, value, fact), want, "{value} and {fact}");
        }
    }
}
