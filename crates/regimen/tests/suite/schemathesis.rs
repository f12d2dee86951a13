//! The whole API as its own description says it is, tried by a program that makes requests from
//! it: as each role, with a grant of one site, with no grant, and as nobody.
//!
//! Needs `schemathesis`, on the path or where `REGIMEN_SCHEMATHESIS` says; skipped elsewhere.

use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::harness::{Files, regimen};
use crate::site::Site;

/// Who asks: the name of their account and what is granted to them. Nobody has none.
const CALLERS: &[(&str, &[&str])] = &[
    ("viewer", &["--role", "viewer"]),
    ("biomed", &["--role", "biomed"]),
    ("analyst", &["--role", "analyst"]),
    ("administrator", &["--role", "administrator"]),
    ("of-one-site", &["--role", "administrator", "--site", "north"]),
    ("without-grant", &["--role", "viewer"]),
    ("nobody", &[]),
];

/// What every answer about a device of the other site has in it, and none about one's own.
const ELSEWHERE: &str = "XQSOUTHX";

fn program() -> Option<String> {
    if let Ok(program) = std::env::var("REGIMEN_SCHEMATHESIS") {
        return Some(program);
    }
    testing::installed("schemathesis").then(|| "schemathesis".to_owned())
}

/// A house of two sites, and a token for each caller.
fn house() -> (Files, Vec<(&'static str, String)>) {
    let files = Files::empty();
    for (site, mark) in [("north", "XQNORTHX"), ("south", ELSEWHERE)] {
        let row = |row: u32| {
            format!(
                "{mark}-{row},{mark} Works,Pump {row},{mark}{row},1.{row},{mark}host{row},{mark}"
            )
        };
        let rows: Vec<String> = (0..20).map(row).collect();
        let rows = rows.join("\n");
        let table = format!("asset_id,maker,model,serial,firmware,hostname,location\n{rows}");
        let path = files.write(&format!("{mark}.csv"), table.as_bytes());
        files.on("data", &["ingest", &path, "--site", site, "--source", mark]).ended(0);
    }
    let mut tokens = Vec::new();
    for (name, granted) in CALLERS {
        if granted.is_empty() {
            tokens.push((*name, String::new()));
            continue;
        }
        let made = [&["people", "token", name, "--json"], *granted].concat();
        let token = files.on("data", &made).ended(0).json()["token"].as_str().unwrap().to_owned();
        tokens.push((name, token));
    }
    let revoke = ["people", "revoke", "without-grant", "viewer", "--everywhere"];
    files.on("data", &revoke).ended(0);
    (files, tokens)
}

#[test]
fn the_api_is_what_it_says_and_keeps_to_what_was_granted() {
    let Some(program) = program() else { return };
    let (files, tokens) = house();
    let data = files.path("data");
    let reports = tempfile::tempdir().unwrap();
    let before = evidence(&data);
    let site = Site::serve(files);
    let by_administrator = bearer(&tokens, "administrator");
    let get = |path: &str, token: &str| site.get_as(path, token);
    let document = get("/api/openapi.json", by_administrator).text();
    let schema = reports.path().join("openapi.json");
    std::fs::write(&schema, document).unwrap();

    thread::scope(|scope| {
        for (name, token) in &tokens {
            let report = reports.path().join(format!("{name}.har"));
            let mut command = Command::new(&program);
            command
                .args(["run", &schema.display().to_string()])
                .args(["--url", &format!("http://{}", site.address), "--no-color"])
                .args(["--max-time", SECONDS, "--seed", "7", "--phases", "coverage,fuzzing"])
                .args(["--checks", CHECKS, "--generation-database", "none"])
                .args(["--report", "har", "--report-har-path", &report.display().to_string()])
                .current_dir(reports.path())
                .stdout(Stdio::piped());
            if !token.is_empty() {
                command.args(["--header", &format!("Authorization: Bearer {token}")]);
            }
            scope.spawn(move || {
                let done = command.output().unwrap();
                let said = String::from_utf8_lossy(&done.stdout).into_owned();
                assert!(done.status.success(), "as {name}:\n{said:.6000}");
                let seen = std::fs::read_to_string(&report).unwrap();
                assert!(seen.contains("/api/v1/devices"), "as {name}: nothing was asked");
                assert!(*name != "administrator" || seen.contains(ELSEWHERE), "the mark is there");
                let hidden = matches!(*name, "of-one-site" | "without-grant" | "nobody");
                assert!(!hidden || !seen.contains(ELSEWHERE), "as {name}: another site was seen");
            });
        }
    });
    keys_of_elsewhere_open_nothing(&site, &tokens);
    for row in evidence(&data).iter().skip(before.len()) {
        let (actor, action) = (row["actor"].as_str().unwrap(), row["action"].as_str().unwrap());
        let may_change = ["console", "system", "analyst", "administrator"].contains(&actor);
        assert!(may_change || HARMLESS.contains(&action), "something was changed: {row}");
    }
}

/// Who knows a key has no more for it: each device of the other site, asked for in every way.
fn keys_of_elsewhere_open_nothing(site: &Site, tokens: &[(&str, String)]) {
    let all = site.get_as("/api/v1/devices?limit=1000", bearer(tokens, "administrator")).json();
    let rows = all["rows"].as_array().unwrap();
    let theirs = rows.iter().filter(|row| row["site"] == "south");
    let own = bearer(tokens, "of-one-site");
    let mut tried = 0;
    for row in theirs {
        tried += 1;
        let id = row["id"].as_str().unwrap();
        for path in [
            format!("/api/v1/devices/{id}"),
            format!("/api/v1/devices/{id}/verdicts"),
            format!("/api/v1/conversations?device={id}"),
            format!("/api/v1/verdicts?device={id}"),
            format!("/api/v1/devices?text={id}"),
            format!("/api/v1/devices?text={}", row["name"].as_str().unwrap()),
            "/api/v1/devices?site=south".to_owned(),
            format!("/assets/{id}"),
            "/assets.csv".to_owned(),
            "/assets.json".to_owned(),
            "/software".to_owned(),
            "/".to_owned(),
            "/settings".to_owned(),
            "/api/v1/ingests".to_owned(),
            "/api/v1/overview".to_owned(),
            "/search?text=pump".to_owned(),
        ] {
            let reply = site.get_as(&path, own);
            assert!(reply.status < 500, "{path}: {}", reply.status);
            assert!(!reply.text().contains(ELSEWHERE), "{path}: {:.600}", reply.text());
        }
    }
    assert_eq!(tried, 20);
    let mine = site.get_as("/api/v1/devices?limit=1000", own).json();
    assert_eq!(mine["total"], 20);
    for path in ["/api/v1/people", "/api/v1/evidence", "/api/v1/evidence/verify"] {
        assert_eq!(site.get_as(path, own).status, 403, "{path} is the whole house's");
    }
}

fn bearer<'t>(tokens: &'t [(&str, String)], name: &str) -> &'t str {
    &tokens.iter().find(|(known, _)| *known == name).unwrap().1
}

/// Rows of the evidence log, oldest first.
fn evidence(data: &str) -> Vec<Value> {
    let shown = regimen(&["--data", data, "evidence", "show", "--limit", "1000", "--json"]);
    let mut rows = shown.ended(0).json()["rows"].as_array().unwrap().clone();
    rows.reverse();
    rows
}

/// What is written down of somebody who changes nothing.
const HARMLESS: &[&str] = &["sign_in_refused", "sign_out"];

/// What is held against each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
     response_schema_conformance";

/// How long each caller asks, in seconds; they ask at the same time.
const SECONDS: &str = "20";
