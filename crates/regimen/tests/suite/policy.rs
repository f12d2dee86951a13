//! `regimen policy` on a folder of text: lint, ask, render, prove, diff.

use serde_json::Value;

use crate::harness::{Answer, Files, regimen};

const POLICY: &str = r#"
[policy]
site = "Main"
networks = ["10.22.0.0/16"]

[[zone]]
name = "pumps"
kind = "therapy"
purpose = "infusion pumps"
members = ["10.22.1.0/24"]

[[zone]]
name = "servers"
kind = "servers"
purpose = "servers of devices"
members = ["10.22.9.10"]

[[conduit]]
name = "pump-server"
purpose = "drug library and status"
from = ["pumps"]
to = ["servers"]
services = ["tcp/3613"]
evidence = ["observed 2026-11"]
approver = "K. Lind"
"#;

fn folder(text: &str) -> (Files, String) {
    let files = Files::empty();
    std::fs::create_dir(files.path("policy")).unwrap();
    files.write("policy/policy.toml", text.as_bytes());
    let folder = files.path("policy");
    (files, folder)
}

fn ask(folder: &str, dport: &str) -> Value {
    let flow = ["--src", "10.22.1.7", "--dst", "10.22.9.10", "--proto", "tcp", "--dport", dport];
    regimen(&[&["policy", "ask", folder, "--json"], flow.as_slice()].concat()).ended(0).json()
}

#[test]
fn a_conversation_is_asked_about() {
    let (_files, folder) = folder(POLICY);
    assert_eq!(ask(&folder, "3613")["rule"], "pump-server");
    let answer = ask(&folder, "22");
    assert_eq!((&answer["allowed"], &answer["rule"]), (&Value::Bool(false), &Value::Null));
    assert!(answer["why"].as_array().is_some_and(|why| why.len() == 3), "{answer}");
}

#[test]
fn what_is_rendered_is_proved_and_what_is_changed_is_not() {
    let (files, folder) = folder(POLICY);
    let prove = |target: &str, file: &str| -> Answer {
        regimen(&["policy", "prove", &folder, "--target", target, "--rendered", file, "--json"])
    };
    for target in ["nftables", "ios", "panos", "fortios", "windows"] {
        let out = files.path(target);
        regimen(&["policy", "render", &folder, "--target", target, "--out", &out]).ended(0);
        assert_eq!(prove(target, &out).ended(0).json()["equal"], true, "{target}");
        let text = String::from_utf8(files.read(target)).unwrap().replace("3613", "3614");
        let changed = files.write("changed", text.as_bytes());
        let proof = prove(target, &changed).ended(4).json();
        assert!(proof["counterexample"]["src"].is_string(), "{target}: {proof}");
        let refused = files.write("refused", b"let everything in\n");
        assert_eq!(prove(target, &refused).ended(4).json()["equal"], false, "{target}");
    }
}

#[test]
fn a_policy_is_linted_and_compared() {
    let (_files, right) = folder(POLICY);
    regimen(&["policy", "lint", &right]).ended(0);
    let (_doubtful, doubtful) = folder(&POLICY.replace("observed 2026-11", ""));
    let findings = regimen(&["policy", "lint", &doubtful, "--json"]).ended(4).json();
    assert_eq!(findings[0]["rule"], "evidence");
    let (_broken, broken) = folder(&POLICY.replace("from = [\"pumps\"]", "from = []"));
    let said = regimen(&["policy", "lint", &broken]).ended(4);
    assert!(
        said.err.contains("policy.toml:18") && said.err.contains("`from` is empty"),
        "{}",
        said.err
    );
    let (_newer, newer) = folder(&POLICY.replace("tcp/3613", "tcp/3613\", \"tcp/443"));
    let found = regimen(&["policy", "diff", &right, &newer, "--json"]).ended(0).json();
    assert_eq!(
        (&found["changed"][0], &found["gained"]["dport"]),
        (&"conduit pump-server".into(), &443.into())
    );
    regimen(&["policy", "lint", "/nowhere"]).ended(2);
}

#[test]
fn a_policy_is_proposed_from_what_was_seen_and_keeps_it() {
    let files = Files::empty();
    let data = files.path("data");
    regimen(&["demo", "--no-serve", "--data", &data]).ended(0);
    let store = format!("{data}/demo");
    let out = files.path("policy");
    let made =
        regimen(&["policy", "propose", "--out", &out, "--data", &store, "--json"]).ended(0).json();
    assert!(made["zones"].as_u64() > Some(3) && made["conduits"].as_u64() > Some(10), "{made}");
    // What somebody changed is never written over.
    regimen(&["policy", "propose", "--out", &out, "--data", &store]).ended(1);
    regimen(&["policy", "lint", &out]).ended(0);
    let kept = regimen(&["policy", "simulate", &out, "--data", &store, "--json"]).ended(0).json();
    assert!(kept["conversations"].as_u64() > Some(100), "{kept:.500}");
    assert!(
        kept["cut"].as_array().unwrap().iter().all(|cut| cut.get("care_function").is_none()),
        "{kept:.900}"
    );
    assert!(
        kept["bound"][0]["note"]
            .as_str()
            .is_some_and(|note| note.contains("not observed long enough"))
    );
    for target in ["nftables", "ios", "panos", "fortios", "windows"] {
        let file = files.path(target);
        regimen(&["policy", "render", &out, "--target", target, "--out", &file]).ended(0);
        let proof =
            regimen(&["policy", "prove", &out, "--target", target, "--rendered", &file, "--json"]);
        assert_eq!(proof.ended(0).json()["equal"], true, "{target}");
    }
    // Without its conduits everything is cut, care first.
    let text = String::from_utf8(files.read("policy/policy.toml")).unwrap();
    let (_empty, empty) = folder(text.split("\n[[conduit]]").next().unwrap());
    let cut = regimen(&["policy", "simulate", &empty, "--data", &store, "--json"]).ended(0).json();
    assert!(cut["cut_count"].as_u64() > kept["cut_count"].as_u64(), "{cut:.300}");
    assert!(cut["cut"][0]["care_function"].is_string(), "{:.300}", cut["cut"]);
}
