//! The crates we build on: their licences, those we do not want, those that come twice, and a
//! bill of materials of our own.
//!
//! Source: `cargo metadata --locked`; licences are SPDX expressions (SPDX 2.3, annex D), the bill
//!         of materials is CycloneDX 1.6 JSON.
//! Output: nothing where all holds; each breach with its crate otherwise.
#![expect(clippy::indexing_slicing, reason = "JSON that lacks a name gives null there")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Checks licences, banned crates and duplicates.
pub(crate) fn check() -> Result<()> {
    let packages = packages(&metadata()?);
    let mut breaches: Vec<String> = packages.iter().filter_map(licence_breach).collect();
    breaches.extend(packages.iter().filter_map(banned));
    breaches.extend(duplicates(&packages));
    ensure!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
    println!("{} crates: licences allowed, none banned, none twice unasked", packages.len());
    Ok(())
}

/// Writes what the released program is made of to `path`.
pub(crate) fn write_bill(path: &str) -> Result<()> {
    let metadata = metadata()?;
    let shipped = shipped(&metadata)?;
    let components: Vec<Value> = packages(&metadata)
        .iter()
        .filter(|package| shipped.contains(&package.id))
        .map(component)
        .collect();
    let count = components.len();
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "regimen",
                "version": env!("CARGO_PKG_VERSION"),
                "licenses": [{ "license": { "id": "Apache-2.0" } }],
            }
        },
        "components": components,
    });
    std::fs::write(path, serde_json::to_string_pretty(&bill)? + "\n")
        .with_context(|| format!("writing {path}"))?;
    println!("{count} components in {path}");
    Ok(())
}

struct Package {
    id: String,
    name: String,
    version: String,
    licence: String,
    ours: bool,
}

fn metadata() -> Result<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .context("starting cargo metadata")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn packages(metadata: &Value) -> Vec<Package> {
    let resolved: BTreeSet<&str> =
        list(&metadata["resolve"]["nodes"]).iter().filter_map(|node| node["id"].as_str()).collect();
    list(&metadata["packages"])
        .iter()
        .filter(|package| package["id"].as_str().is_some_and(|id| resolved.contains(id)))
        .map(|package| Package {
            id: text(&package["id"]),
            name: text(&package["name"]),
            version: text(&package["version"]),
            licence: text(&package["license"]),
            ours: package["source"].is_null(),
        })
        .collect()
}

/// What the program is linked from: everything reached from `regimen` by ordinary edges.
fn shipped(metadata: &Value) -> Result<BTreeSet<String>> {
    let nodes = list(&metadata["resolve"]["nodes"]);
    let by_id: BTreeMap<String, &Value> =
        nodes.iter().map(|node| (text(&node["id"]), node)).collect();
    let start = list(&metadata["packages"])
        .iter()
        .find(|package| package["name"] == "regimen" && package["source"].is_null())
        .context("there is no crate `regimen`")?;
    let mut open = vec![text(&start["id"])];
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        let Some(node) = by_id.get(&id) else { continue };
        if reached.insert(id) {
            open.extend(list(&node["deps"]).iter().filter(ordinary).map(to));
        }
    }
    Ok(reached)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what `filter` hands over")]
fn ordinary(dependency: &&Value) -> bool {
    list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
}

fn to(dependency: &Value) -> String {
    text(&dependency["pkg"])
}

fn component(package: &Package) -> Value {
    json!({
        "type": "library",
        "bom-ref": format!("{}@{}", package.name, package.version),
        "name": package.name,
        "version": package.version,
        "purl": format!("pkg:cargo/{}@{}", package.name, package.version),
        "licenses": [{ "expression": package.licence.replace('/', " OR ") }],
    })
}

fn licence_breach(package: &Package) -> Option<String> {
    // Older crates write `MIT/Apache-2.0`; the registry reads the stroke as OR.
    let expression = package.licence.replace('/', " OR ");
    let allowed = spdx::Expression::parse(&expression).is_ok_and(|expression| {
        expression.evaluate(|requirement| {
            requirement.license.id().is_some_and(|id| LICENCES.contains(&id.name))
        })
    });
    (!allowed).then(|| format!("{}: the licence `{}` is not allowed", package.name, expression))
}

fn banned(package: &Package) -> Option<String> {
    let (_, why) = BANNED.iter().find(|(name, _)| *name == package.name)?;
    Some(format!("{} {}: {why}", package.name, package.version))
}

fn duplicates(packages: &[Package]) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages.iter().filter(|package| !package.ours) {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    let twice = versions.iter().filter(|(_, versions)| versions.len() > 1);
    twice
        .filter(|(name, _)| !TWICE.iter().any(|(allowed, _)| allowed == *name))
        .map(|(name, versions)| {
            let versions: Vec<&str> = versions.iter().copied().collect();
            format!("{name} comes in several versions: {}", versions.join(", "))
        })
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Licences that ask nothing of a hospital that runs the program.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in, even by way of another, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "TLS is rustls: no C library to patch on every hospital's machine"),
    ("native-tls", "TLS is rustls"),
    ("aws-lc-sys", "a long C build; the provider is ring"),
    ("pcap", "capture reads files and sockets itself"),
    ("chrono", "time is jiff"),
];

/// Crates that may come in several versions, and why.
const TWICE: &[(&str, &str)] = &[
    ("const-oid", "the signing crates and the hashes have not met yet; tiny"),
    ("getrandom", "TLS to PostgreSQL brings the older one; tiny"),
    ("fallible-iterator", "the two databases' drivers have not met yet; both are tiny"),
    ("syn", "build time only; derive macros move at their own pace"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, licence: &str) -> Package {
        let [id, name, version, licence] = [name, name, version, licence].map(str::to_owned);
        Package { id, name, version, licence, ours: false }
    }

    #[test]
    #[rustfmt::skip]
    fn judges_licences() {
        for (licence, allowed) in [
            ("MIT",                                  true),
            ("MIT/Apache-2.0",                       true),
            ("MIT OR GPL-3.0-only",                  true),
            ("MIT AND GPL-3.0-only",                 false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0",  true),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
            ("GPL-3.0-only",                         false),
            ("",                                     false),
        ] {
            let breach = licence_breach(&package("one", "1.0.0", licence));
            assert_eq!(breach.is_none(), allowed, "{licence}");
        }
    }

    #[test]
    fn finds_what_comes_twice_and_what_is_banned() {
        let all = [package("a", "1.0.0", "MIT"), package("a", "2.0.0", "MIT")];
        assert_eq!(duplicates(&all), ["a comes in several versions: 1.0.0, 2.0.0"]);
        assert!(duplicates(&all[..1]).is_empty());
        assert!(banned(&package("openssl-sys", "0.9.0", "MIT")).is_some());
        assert!(banned(&package("rustls", "0.23.0", "MIT")).is_none());
    }
}
