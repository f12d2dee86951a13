//! Today: what needs a decision, as a worklist.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use hub::{Caller, EngineWaits, Hub, HubError};
use model::Verdict;
use store::records::{
    DeviceFilter, DeviceOrder, DeviceRow, HeldRow, OpenQuestion, Overview, Page, Rows,
};

use super::{Room, Shell, html};
use crate::app::App;
use crate::error::Failure;
use crate::query::{self, DeviceQuery};
use crate::session::Signed;
use crate::show::{self, Badge, Strip};

/// `GET /`
pub(crate) async fn show(State(app): State<App>, signed: Signed) -> Result<Response, Failure> {
    let caller = signed.caller.clone();
    let house = app.ask(move |hub| House::read(hub, &caller)).await?;
    app.keep_feeds(&signed.caller, house.overview.feeds.clone(), signed.now);
    let shell = Shell::with(&signed, Some(Room::Today), "Today", &house.overview.feeds);
    let shell = shell.telling(house.pending);
    html(&page(shell, &house))
}

/// What the page is made from.
#[derive(Default)]
pub(crate) struct House {
    pub(crate) overview: Overview,
    /// The most exposed devices that are affected.
    pub(crate) affected: Vec<DeviceRow>,
    /// Classes that keep patients alive, with how many of each are affected.
    pub(crate) life_support: Vec<(String, u64)>,
    pub(crate) questions: Vec<OpenQuestion>,
    /// Devices that are not decided with what is held.
    pub(crate) pending: u64,
    /// Disclosures whose newest version would clear devices.
    pub(crate) held: Vec<HeldRow>,
    /// A newer version of Regimen that would clear much.
    pub(crate) engine: Option<EngineWaits>,
    /// Whether the reader may confirm either.
    pub(crate) may_confirm: bool,
}

impl House {
    fn read(hub: &Hub, caller: &Caller) -> Result<Self, HubError> {
        let overview = hub.overview(caller)?;
        let questions = hub.open_questions(caller, QUESTIONS_MAX)?;
        let list = |class: Option<String>, limit: u64| -> Result<Rows<DeviceRow>, HubError> {
            let filter =
                DeviceFilter { class, verdict: Some(Verdict::Affected), ..DeviceFilter::default() };
            hub.devices(caller, &filter, DeviceOrder::Exposure, Page { offset: 0, limit })
        };
        let affected = list(None, AFFECTED_MAX)?.rows;
        let mut life_support = Vec::new();
        let present = overview.by_class.iter().map(|(class, _)| class);
        for class in present.filter(|class| show::is_life_support(class)) {
            let total = list(Some(class.clone()), 1)?.total;
            if total > 0 {
                life_support.push((class.clone(), total));
            }
        }
        Ok(Self {
            overview,
            affected,
            life_support,
            questions,
            pending: hub.pending(caller)?,
            held: hub.held_back(caller)?,
            engine: hub.engine_waits(caller)?,
            may_confirm: caller.may_confirm(),
        })
    }
}

#[derive(Template)]
#[template(path = "today.html")]
pub(crate) struct TodayPage {
    shell: Shell,
    headline: String,
    empty: bool,
    work: Vec<Work>,
    strip: Strip,
    engine: Option<EngineWaits>,
    may_confirm: bool,
    overview: Overview,
    practices: Vec<Practice>,
}

/// One line of the worklist.
struct Work {
    mark: Option<Badge>,
    verb: &'static str,
    object: String,
    reason: String,
    who: String,
    link: String,
    action: &'static str,
}

/// One of the five practices.
struct Practice {
    name: &'static str,
    link: &'static str,
    number: String,
    means: String,
    next: String,
}

pub(crate) fn page(shell: Shell, house: &House) -> TodayPage {
    let overview = house.overview.clone();
    TodayPage {
        shell,
        headline: headline(house),
        empty: overview.devices == 0 && overview.disclosures == 0,
        work: worklist(house),
        strip: Strip::new(overview.by_verdict, overview.devices),
        practices: practices(&overview),
        engine: house.engine.clone(),
        may_confirm: house.may_confirm,
        overview,
    }
}

fn headline(house: &House) -> String {
    let verdicts = house.overview.by_verdict;
    let open = verdicts.affected + verdicts.unknown;
    if house.overview.devices == 0 {
        return "No device is known yet".to_owned();
    }
    if open == 0 && house.pending > 0 {
        return show::of(house.pending, "device is not yet decided", "devices are not yet decided");
    }
    if open == 0 {
        return format!(
            "No device needs a decision; {} known",
            show::of(house.overview.devices, "is", "are")
        );
    }
    let mut line = show::of(open, "device needs a decision", "devices need a decision");
    let exploited = house.overview.exploited;
    if exploited > 0 {
        let tail = show::of(exploited, "has", "have");
        line = format!("{line}; {tail} a vulnerability that is exploited in the wild");
    }
    let alive: u64 = house.life_support.iter().map(|(_, number)| number).sum();
    if alive > 0 {
        line = format!("{line}; {} life support", show::of(alive, "is", "are"));
    }
    line
}

fn worklist(house: &House) -> Vec<Work> {
    let overview = &house.overview;
    let mut work: Vec<Work> = exploited(house).chain(life_support(house)).collect();
    work.extend(held(house));
    work.extend(house.questions.iter().filter(|one| !is_of_held(one)).map(question));
    work.extend(counted(
        overview.not_in_inventory,
        Counted {
            verb: "Identify",
            noun: ("device", "devices"),
            reason: "on the network, but not in the inventory",
            who: "biomed",
            link: "/assets?in_inventory=false&on_network=true",
            action: "Review",
        },
    ));
    work.extend(counted(
        overview.never_seen,
        Counted {
            verb: "Find",
            noun: ("device", "devices"),
            reason: "in the inventory, but never seen on the network",
            who: "biomed",
            link: "/assets?in_inventory=true&on_network=false",
            action: "Review",
        },
    ));
    work.extend(counted(
        overview.skipped,
        Counted {
            verb: "Correct",
            noun: ("input", "inputs"),
            reason: "could not be read, so nothing above counts what they hold",
            who: "whoever took it in",
            link: "/settings#inputs",
            action: "See why",
        },
    ));
    work
}

fn exploited(house: &House) -> impl Iterator<Item = Work> {
    let rows = house.affected.iter().filter(|row| row.exploited).take(EXPLOITED_MAX);
    let listed = house.overview.exploited.min(EXPLOITED_MAX as u64);
    let more = house.overview.exploited.saturating_sub(listed);
    rows.map(|row| Work {
        mark: Some(show::exploited()),
        verb: "Decide",
        object: show::text(&row.name),
        reason: format!(
            "{}; affected by {} exploited in the wild",
            place(row),
            show::of(row.affected, "vulnerability that is", "vulnerabilities, some of them")
        ),
        who: "security".to_owned(),
        link: format!("/assets/{}", row.id),
        action: "Open",
    })
    .chain(counted(
        more,
        Counted {
            verb: "Decide",
            noun: ("more device", "more devices"),
            reason: "affected by a vulnerability that is exploited in the wild",
            who: "security",
            link: "/assets?verdict=affected",
            action: "Open list",
        },
    ))
}

fn life_support(house: &House) -> impl Iterator<Item = Work> {
    house.life_support.iter().map(|(class, number)| Work {
        mark: Some(show::affected(number)),
        verb: "Decide",
        object: format!("{}: {}", show::class(class), show::of(number, "device", "devices")),
        reason: "keeps patients alive and is affected".to_owned(),
        who: "biomed and security".to_owned(),
        link: list_of(DeviceFilter {
            class: Some(class.clone()),
            verdict: Some(Verdict::Affected),
            ..DeviceFilter::default()
        }),
        action: "Open list",
    })
}

fn held(house: &House) -> impl Iterator<Item = Work> {
    house.held.iter().take(HELD_MAX).map(|row| Work {
        mark: Some(show::verdict(Verdict::Unknown)),
        verb: "Confirm",
        object: format!("version {} of {}", show::text(&row.version), show::text(&row.disclosure)),
        reason: format!(
            "would clear {} on {}",
            show::of(row.verdicts, "verdict", "verdicts"),
            show::of(row.devices, "device", "devices")
        ),
        who: "security".to_owned(),
        link: super::disclosure_link(&row.key()),
        action: "Review",
    })
}

/// What waits for a confirmation has a line of its own.
fn is_of_held(question: &OpenQuestion) -> bool {
    question.attribute == "disclosure_version"
}

fn question(question: &OpenQuestion) -> Work {
    Work {
        mark: Some(show::verdict(Verdict::Unknown)),
        verb: "Ask",
        object: show::text(&question.text),
        reason: format!(
            "decides {} on {}; start with {}",
            show::of(question.verdicts, "verdict", "verdicts"),
            show::of(question.devices, "device", "devices"),
            show::text(&question.example_name)
        ),
        who: show::text(&question.who),
        link: format!("/assets/{}", question.example),
        action: "Open",
    }
}

#[derive(Clone, Copy)]
struct Counted {
    verb: &'static str,
    noun: (&'static str, &'static str),
    reason: &'static str,
    who: &'static str,
    link: &'static str,
    action: &'static str,
}

fn counted(number: u64, line: Counted) -> Option<Work> {
    (number > 0).then(|| Work {
        mark: None,
        verb: line.verb,
        object: show::of(number, line.noun.0, line.noun.1),
        reason: line.reason.to_owned(),
        who: line.who.to_owned(),
        link: line.link.to_owned(),
        action: line.action,
    })
}

fn place(row: &DeviceRow) -> String {
    let class = row.class.as_ref().map_or_else(|| "class unknown".to_owned(), show::class);
    match &row.location {
        Some(location) => format!("{class}, {}", show::text(location)),
        None => class,
    }
}

fn list_of(filter: DeviceFilter) -> String {
    let query = DeviceQuery { filter, order: DeviceOrder::default() };
    super::address("/assets", &query::of_devices(&query))
}

fn practices(overview: &Overview) -> Vec<Practice> {
    let identified = overview.devices.saturating_sub(overview.unidentified);
    let verdicts = overview.by_verdict;
    let unbuilt = |name, link, means: &str| Practice {
        name,
        link,
        number: "–".to_owned(),
        means: means.to_owned(),
        next: "Not measured yet: this part of Regimen is not built.".to_owned(),
    };
    vec![
        Practice {
            name: "Asset management",
            link: "/assets",
            number: format!("{} of {}", show::count(identified), show::count(overview.devices)),
            means: "devices have a maker and a model".to_owned(),
            next: if overview.unidentified > 0 {
                format!("{} lack one or both.", show::count(overview.unidentified))
            } else {
                "Nothing is missing.".to_owned()
            },
        },
        Practice {
            name: "Vulnerability management",
            link: "/vulnerabilities",
            number: show::count(verdicts.affected),
            means: "devices are affected by a known vulnerability".to_owned(),
            next: format!(
                "{} undecided; the questions above decide most of them.",
                show::of(verdicts.unknown, "device is", "devices are")
            ),
        },
        unbuilt("Endpoint protection", "/protection", "devices that meet their baseline"),
        unbuilt("Identity and access", "/access", "remote sessions that somebody approved"),
        unbuilt("Contract terms", "/contracts", "makers that keep their terms"),
    ]
}

/// Most exposed devices that are looked through for exploited ones.
const AFFECTED_MAX: u64 = 100;

/// Exploited devices listed one by one; the rest is one line.
const EXPLOITED_MAX: usize = 6;

/// Disclosures to confirm, listed one by one; those with most devices come first.
const HELD_MAX: usize = 6;

/// Questions in the worklist; each decides fewer than the one before.
const QUESTIONS_MAX: u64 = 6;
