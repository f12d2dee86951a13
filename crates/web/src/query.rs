//! Addresses as views: a list's filters, order and page live in its query string.
//!
//! A parameter that is not known is refused: a filter with a typing error must not answer with
//! everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use model::{DeviceId, Timestamp, Verdict};
use store::records::{DeviceFilter, DeviceOrder, DisclosureFilter, Page, VerdictFilter};

use crate::error::{Failure, Kind};

/// The parameters of a request, by name, each given once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Params(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let read = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let unread = |_| Failure::new(Kind::Invalid, "The parameters cannot be read.");
        let Query(pairs) = read.map_err(unread)?;
        Self::of(pairs)
    }
}

impl Params {
    /// A name that is given twice is refused: one of the two would be lost in silence.
    fn of(pairs: Vec<(String, String)>) -> Result<Self, Failure> {
        let mut params = BTreeMap::new();
        for (name, value) in pairs {
            if params.contains_key(&name) {
                let shown: String = name.chars().take(60).collect();
                let detail = format!("The parameter `{shown}` is given twice.");
                return Err(Failure::new(Kind::Invalid, detail));
            }
            params.insert(name, value);
        }
        Ok(Self(params))
    }
}

/// A list of devices as its address describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DeviceQuery {
    pub(crate) filter: DeviceFilter,
    pub(crate) order: DeviceOrder,
}

/// Reads [`DEVICE_PARAMS`].
pub(crate) fn devices(params: &Params) -> Result<DeviceQuery, Failure> {
    let filter = DeviceFilter {
        text: text(params, "text"),
        class: text(params, "class"),
        maker: text(params, "maker"),
        maker_spellings: Vec::new(),
        site: text(params, "site"),
        verdict: verdict(params)?,
        in_inventory: flag(params, "in_inventory")?,
        on_network: flag(params, "on_network")?,
        retired: None,
        disclosure: text(params, "disclosure"),
        as_of: as_of(params)?,
    };
    let order = match text(params, "sort") {
        None => DeviceOrder::default(),
        Some(name) => order(&name)
            .ok_or_else(|| unusable("sort", &name, ORDERS.map(|(name, _, _)| name).join(", ")))?,
    };
    Ok(DeviceQuery { filter, order })
}

/// The query string of `query`, without `?`; empty for the plain list.
pub(crate) fn of_devices(query: &DeviceQuery) -> String {
    let filter = &query.filter;
    let yes_no = |value: Option<bool>| value.map(|flag| flag.to_string());
    let sort = (query.order != DeviceOrder::default())
        .then(|| ORDERS.iter().find(|(_, order, _)| *order == query.order))
        .flatten()
        .map(|(name, _, _)| (*name).to_owned());
    of(&[
        ("text", filter.text.clone()),
        ("class", filter.class.clone()),
        ("maker", filter.maker.clone()),
        ("site", filter.site.clone()),
        ("verdict", filter.verdict.map(|verdict| verdict.name().to_owned())),
        ("in_inventory", yes_no(filter.in_inventory)),
        ("on_network", yes_no(filter.on_network)),
        ("disclosure", filter.disclosure.clone()),
        ("as_of", filter.as_of.map(|at| at.to_string())),
        ("sort", sort),
    ])
}

/// Reads `text`, `verdict` and `exploited`.
pub(crate) fn disclosures(params: &Params) -> Result<DisclosureFilter, Failure> {
    Ok(DisclosureFilter {
        text: text(params, "text"),
        verdict: verdict(params)?,
        exploited: flag(params, "exploited")?,
    })
}

/// The query string of `filter`.
pub(crate) fn of_disclosures(filter: &DisclosureFilter) -> String {
    of(&[
        ("text", filter.text.clone()),
        ("verdict", filter.verdict.map(|verdict| verdict.name().to_owned())),
        ("exploited", filter.exploited.map(|flag| flag.to_string())),
    ])
}

/// Reads `verdict`, `device`, `disclosure` and `vulnerability`.
pub(crate) fn verdicts(params: &Params) -> Result<VerdictFilter, Failure> {
    let device = text(params, "device").map(|id| device_id(&id)).transpose()?;
    Ok(VerdictFilter {
        verdict: verdict(params)?,
        device,
        disclosure: text(params, "disclosure"),
        vulnerability: text(params, "vulnerability"),
        as_of: as_of(params)?,
    })
}

/// A device key from an address.
pub(crate) fn device_id(text: &str) -> Result<DeviceId, Failure> {
    let missing = |_| {
        let shown: String = text.chars().take(60).collect();
        Failure::new(Kind::NotFound, format!("There is no device `{shown}`."))
    };
    text.parse().map_err(missing)
}

/// Reads `offset` and `limit`, as the API takes them.
pub(crate) fn window(params: &Params) -> Result<Page, Failure> {
    let offset = number(params, "offset")?.unwrap_or(0);
    let limit = number(params, "limit")?.unwrap_or(API_ROWS);
    if limit == 0 || limit > Page::LIMIT_MAX {
        return Err(unusable("limit", &limit.to_string(), format!("1 to {}", Page::LIMIT_MAX)));
    }
    Ok(Page { offset, limit })
}

/// Reads `page`, from 1, as the pages take it.
pub(crate) fn page(params: &Params, rows: u64) -> Result<Page, Failure> {
    let number = number(params, "page")?.unwrap_or(1).max(1);
    Ok(Page { offset: (number - 1).saturating_mul(rows), limit: rows })
}

/// Refuses a parameter that is not in any of `known`.
pub(crate) fn only(params: &Params, known: &[&[&str]]) -> Result<(), Failure> {
    let stranger =
        params.0.keys().find(|name| !known.iter().any(|set| set.contains(&name.as_str())));
    match stranger {
        None => Ok(()),
        Some(name) => {
            let shown: String = name.chars().take(60).collect();
            let known = known.concat().join(", ");
            let detail = format!("There is no parameter `{shown}` here; known are: {known}.");
            Err(Failure::new(Kind::Invalid, detail))
        }
    }
}

/// A parameter, unless it is absent or blank.
pub(crate) fn text(params: &Params, name: &str) -> Option<String> {
    let value = params.0.get(name)?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Percent-encodes all but letters, digits and `-._~` (RFC 3986 section 2.3).
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// A query string of the pairs that have a value.
pub(crate) fn of(pairs: &[(&str, Option<String>)]) -> String {
    let set = pairs.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let parts: Vec<String> = set.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    parts.join("&")
}

fn order(name: &str) -> Option<DeviceOrder> {
    ORDERS.iter().find(|(known, _, _)| *known == name).map(|(_, order, _)| *order)
}

fn verdict(params: &Params) -> Result<Option<Verdict>, Failure> {
    let Some(name) = text(params, "verdict") else { return Ok(None) };
    let known = [Verdict::Affected, Verdict::Unknown, Verdict::NotAffected];
    let found = known.into_iter().find(|verdict| verdict.name() == name);
    let wanted = || known.map(Verdict::name).join(", ");
    found.map(Some).ok_or_else(|| unusable("verdict", &name, wanted()))
}

/// Reads `as_of`: a time, or a day, which stands for its end.
pub(crate) fn as_of(params: &Params) -> Result<Option<Timestamp>, Failure> {
    let Some(value) = text(params, "as_of") else { return Ok(None) };
    let read = Timestamp::of_time_or_day(&value).ok();
    read.map(Some).ok_or_else(|| unusable("as_of", &value, "a time in UTC, or a day"))
}

fn flag(params: &Params, name: &str) -> Result<Option<bool>, Failure> {
    match text(params, name).as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(unusable(name, other, "true, false")),
    }
}

fn number(params: &Params, name: &str) -> Result<Option<u64>, Failure> {
    let Some(value) = text(params, name) else { return Ok(None) };
    // The store counts in signed 64-bit numbers; nothing is that long.
    let read = value.parse::<u32>().map(u64::from);
    read.map(Some).map_err(|_| unusable(name, &value, "a whole number"))
}

fn unusable(name: &str, value: &str, wanted: impl std::fmt::Display) -> Failure {
    let shown: String = value.chars().take(60).collect();
    let detail = format!("`{shown}` is no {name} that can be used; wanted: {wanted}.");
    Failure::new(Kind::Invalid, detail)
}

/// What a list of devices can be sorted by: the name in the address, and the name people read.
pub(crate) const ORDERS: [(&str, DeviceOrder, &str); 7] = [
    ("exposure", DeviceOrder::Exposure, "Verdicts"),
    ("name", DeviceOrder::Name, "Name"),
    ("class", DeviceOrder::Class, "Class"),
    ("maker", DeviceOrder::Maker, "Maker"),
    ("last_seen", DeviceOrder::LastSeen, "Last seen"),
    ("first_seen", DeviceOrder::FirstSeen, "First seen"),
    ("location", DeviceOrder::Location, "Location"),
];

/// Parameters of a list of devices.
pub(crate) const DEVICE_PARAMS: &[&str] = &[
    "text",
    "class",
    "maker",
    "site",
    "verdict",
    "in_inventory",
    "on_network",
    "disclosure",
    "as_of",
    "sort",
];
/// Parameters of a list of disclosures.
pub(crate) const DISCLOSURE_PARAMS: &[&str] = &["text", "verdict", "exploited"];
/// Parameters of a list of verdicts.
pub(crate) const VERDICT_PARAMS: &[&str] =
    &["verdict", "device", "disclosure", "vulnerability", "as_of"];
/// The window of a list in the API.
pub(crate) const WINDOW_PARAMS: &[&str] = &["offset", "limit"];
/// The page of a list on a page.
pub(crate) const PAGE_PARAMS: &[&str] = &["page"];

/// Rows the API returns where no `limit` is given.
pub(crate) const API_ROWS: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Params::of(owned.collect()).unwrap()
    }

    #[test]
    fn a_view_can_be_mailed() {
        let query = DeviceQuery {
            filter: DeviceFilter {
                text: Some("ct 1&x=\u{fc}".to_owned()),
                verdict: Some(Verdict::NotAffected),
                in_inventory: Some(false),
                ..DeviceFilter::default()
            },
            order: DeviceOrder::LastSeen,
        };
        let address = of_devices(&query);
        assert_eq!(
            address,
            "text=ct%201%26x%3D%C3%BC&verdict=not_affected&in_inventory=false&sort=last_seen"
        );
        let read = params(&[
            ("text", "ct 1&x=\u{fc}"),
            ("verdict", "not_affected"),
            ("in_inventory", "false"),
            ("sort", "last_seen"),
        ]);
        assert_eq!(devices(&read), Ok(query));
        assert_eq!(of_devices(&DeviceQuery::default()), "");
    }

    #[test]
    fn a_name_given_twice_is_refused() {
        for (name, pairs, refused) in
            [("twice", ["text", "text"], true), ("two names", ["text", "class"], false)]
        {
            let pairs = pairs.map(|name| (name.to_owned(), "x".to_owned()));
            assert_eq!(Params::of(pairs.to_vec()).is_err(), refused, "{name}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_cannot_be_used_is_refused() {
        for (name, value) in [
            ("verdict", "maybe"), ("in_inventory", "1"), ("sort", "random"),
        ] {
            assert!(devices(&params(&[(name, value)])).is_err(), "{name}={value}");
        }
        for (name, value) in [("limit", "0"), ("limit", "1001"), ("limit", "x"), ("offset", "-1")] {
            assert!(window(&params(&[(name, value)])).is_err(), "{name}={value}");
        }
        assert!(only(&params(&[("clas", "ct_scanner")]), &[DEVICE_PARAMS]).is_err());
        assert!(only(&params(&[("class", "ct_scanner")]), &[DEVICE_PARAMS]).is_ok());
    }
}
