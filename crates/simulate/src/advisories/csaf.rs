//! From an advisory's outline to a CSAF 2.0 document.
//!
//! Source: OASIS CSAF 2.0 sections 3 and 4 (profiles), 5.1 (file names).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The outline of a document.
pub(super) struct Advisory {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// `csaf_security_advisory` or `csaf_vex`.
    pub(super) category: &'static str,
    /// Name, namespace and category of the publisher.
    pub(super) publisher: [&'static str; 3],
    /// Date and summary of each version, the first one first.
    pub(super) revisions: &'static [(&'static str, &'static str)],
    pub(super) products: &'static [Product],
    pub(super) vulnerabilities: &'static [Vulnerability],
    /// Summary and address of further documents.
    pub(super) references: &'static [(&'static str, &'static str)],
}

/// A leaf of the product tree.
pub(super) struct Product {
    pub(super) vendor: &'static str,
    pub(super) name: &'static str,
    /// Category and text of the version branch. Without a text the name says it all, and the
    /// category, where there is one, is the name's.
    pub(super) version: (&'static str, &'static str),
}

/// A vulnerability. Products are named by their place in the advisory.
pub(super) struct Vulnerability {
    pub(super) cve: &'static str,
    pub(super) title: &'static str,
    /// Number and name of the weakness.
    pub(super) weakness: (&'static str, &'static str),
    pub(super) text: &'static str,
    /// Vector, score and rating, where there are any.
    pub(super) score: Option<(&'static str, f64, &'static str)>,
    /// Status, e.g. `known_affected`, and its products.
    pub(super) status: &'static [(&'static str, &'static [u8])],
    /// Category and text; they concern the affected products.
    pub(super) remediations: &'static [(&'static str, &'static str)],
    /// Label of why the products under `known_not_affected` are not.
    pub(super) flag: &'static str,
}

/// Lower case, and an underscore for whatever else.
pub(super) fn file_name(advisory: &Advisory) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-');
    let name: String =
        advisory.id.to_ascii_lowercase().chars().map(|c| if kept(c) { c } else { '_' }).collect();
    format!("{name}.json")
}

/// The document's bytes.
pub(super) fn encode(advisory: &Advisory) -> Vec<u8> {
    let mut document = json!({
        "document": head(advisory),
        "product_tree": { "branches": branches(advisory) },
    });
    let vulnerabilities: Vec<Value> = advisory.vulnerabilities.iter().map(vulnerability).collect();
    if let Some(document) = document.as_object_mut() {
        document.insert("vulnerabilities".into(), Value::Array(vulnerabilities));
    }
    pretty(&document)
}

/// A JSON value as text for people.
pub(super) fn pretty(value: &Value) -> Vec<u8> {
    // A value made of maps, lists, text and finite numbers always serialises.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn head(advisory: &Advisory) -> Value {
    let [name, namespace, category] = advisory.publisher;
    let revisions: Vec<Value> = advisory
        .revisions
        .iter()
        .enumerate()
        .map(|(index, (date, summary))| {
            json!({ "date": date, "number": (index + 1).to_string(), "summary": summary })
        })
        .collect();
    let date =
        |revision: Option<&(&'static str, &'static str)>| revision.map_or("", |(date, _)| date);
    let own = json!({
        "category": "self",
        "summary": "This document",
        "url": format!("{namespace}/csaf/{}", file_name(advisory)),
    });
    let others = advisory
        .references
        .iter()
        .map(|(summary, url)| json!({ "category": "external", "summary": summary, "url": url }));
    json!({
        "category": advisory.category,
        "csaf_version": "2.0",
        "distribution": { "tlp": { "label": "WHITE" } },
        "lang": "en",
        "notes": [{
            "category": "summary",
            "title": "Simulation",
            "text": "Invented maker, product and vulnerability, for demonstration only.",
        }],
        "publisher": { "category": category, "name": name, "namespace": namespace },
        "references": std::iter::once(own).chain(others).collect::<Vec<_>>(),
        "title": advisory.title,
        "tracking": {
            "current_release_date": date(advisory.revisions.last()),
            "id": advisory.id,
            "initial_release_date": date(advisory.revisions.first()),
            "revision_history": revisions,
            "status": "final",
            "version": advisory.revisions.len().to_string(),
        },
    })
}

/// Vendor, product name and version branches, each name once on its level.
fn branches(advisory: &Advisory) -> Vec<Value> {
    let vendors: BTreeSet<&str> = advisory.products.iter().map(|one| one.vendor).collect();
    let of_vendor = |vendor: &str| {
        let own = || advisory.products.iter().filter(|one| one.vendor == vendor);
        let names: BTreeSet<&str> = own().map(|one| one.name).collect();
        let products: Vec<Value> =
            names.iter().map(|name| product(advisory, vendor, name)).collect();
        json!({ "category": "vendor", "name": vendor, "branches": products })
    };
    vendors.into_iter().map(of_vendor).collect()
}

fn product(advisory: &Advisory, vendor: &str, name: &str) -> Value {
    let mut leaves = Vec::new();
    for (place, one) in advisory.products.iter().enumerate() {
        if (one.vendor, one.name) != (vendor, name) {
            continue;
        }
        let (category, version) = one.version;
        let full = format!("{vendor} {name} {version}");
        let leaf = json!({ "name": full.trim(), "product_id": product_id(place) });
        if version.is_empty() {
            let category = if category.is_empty() { "product_name" } else { category };
            return json!({ "category": category, "name": name, "product": leaf });
        }
        leaves.push(json!({ "category": category, "name": version, "product": leaf }));
    }
    json!({ "category": "product_name", "name": name, "branches": leaves })
}

fn vulnerability(one: &Vulnerability) -> Value {
    let of = |wanted: &str| {
        let places = one.status.iter().filter(|(status, _)| *status == wanted);
        places.flat_map(|(_, places)| ids(places)).collect::<Vec<_>>()
    };
    let status: Map<String, Value> = one
        .status
        .iter()
        .map(|(status, places)| ((*status).to_owned(), json!(ids(places))))
        .collect();
    let mut value = json!({
        "cve": one.cve,
        "cwe": { "id": one.weakness.0, "name": one.weakness.1 },
        "notes": [{ "category": "description", "text": one.text }],
        "product_status": status,
        "title": one.title,
    });
    let Some(members) = value.as_object_mut() else { return value };
    let mut concerned = of("known_affected");
    concerned.extend(of("under_investigation"));
    if let Some((vector, score, rating)) = one.score {
        let cvss = json!({
            "version": "3.1", "vectorString": vector, "baseScore": score, "baseSeverity": rating,
        });
        members.insert("scores".into(), json!([{ "cvss_v3": cvss, "products": concerned }]));
    }
    let remediations: Vec<Value> = one
        .remediations
        .iter()
        .map(|(category, details)| {
            json!({ "category": category, "details": details, "product_ids": concerned })
        })
        .collect();
    if !remediations.is_empty() {
        members.insert("remediations".into(), Value::Array(remediations));
    }
    if !one.flag.is_empty() {
        let flags = json!([{ "label": one.flag, "product_ids": of("known_not_affected") }]);
        members.insert("flags".into(), flags);
    }
    value
}

fn ids(places: &[u8]) -> Vec<String> {
    places.iter().map(|place| product_id(usize::from(*place))).collect()
}

fn product_id(place: usize) -> String {
    format!("P{:03}", place + 1)
}
