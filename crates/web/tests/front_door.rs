//! The front door as a browser and a program meet it, over a real hub with real inputs.

#![expect(clippy::unwrap_used, reason = "a test says by failing")]

use std::path::PathBuf;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use hub::{Caller, Hub, IngestRequest, NewPerson};
use model::Timestamp;
use serde_json::Value;
use tower::ServiceExt;
use web::Options;

/// A hub with an inventory and a disclosure in it, and one account.
struct Door {
    router: Router,
    hub: Hub,
    name: String,
    password: String,
    _folder: tempfile::TempDir,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

impl Door {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("regimen.db").display());
        let hub = Hub::open(&store::StoreUrl::parse(&url).unwrap()).unwrap();
        let inputs: Vec<PathBuf> = [("inventory.csv", INVENTORY), ("advisory.json", ADVISORY)]
            .map(|(name, text)| {
                let path = folder.path().join(name);
                std::fs::write(&path, text).unwrap();
                path
            })
            .into();
        let request = IngestRequest { paths: inputs, ..IngestRequest::default() };
        let summary = hub.ingest(&Caller::console(), &request, now()).unwrap();
        assert_eq!(summary.skipped, [], "the inputs are whole");
        let (name, password) = hub.demo_account(now()).unwrap();
        let router = web::router(hub.clone(), Options::default()).unwrap();
        Self { router, hub, name, password: password.expose().to_owned(), _folder: folder }
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 10_000_000).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&self, cookie: &str, path: &str) -> Answer {
        let request = Request::get(path).header("host", "localhost").header("cookie", cookie);
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, cookie: &str, path: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header("host", "localhost")
            .header("origin", "http://localhost")
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        self.ask(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    async fn sign_in(&self, name: &str, password: &str) -> Answer {
        self.post("", "/sign-in", &format!("name={name}&password={password}&next=/assets")).await
    }

    async fn signed_in(&self) -> String {
        let answer = self.sign_in(&self.name, &self.password).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("location"), "/assets");
        answer.cookie()
    }
}

fn form_token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"form_token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_signs_in_works_and_signs_out() {
    let door = Door::open();
    let cookie = door.signed_in().await;
    let today = door.get(&cookie, "/").await;
    assert_eq!(today.status, StatusCode::OK);
    assert!(today.text.contains("need"), "the first line answers");

    let wrong = door.post(&cookie, "/sign-out", "form_token=00").await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN, "a form of another making is refused");
    let token = form_token(&today.text);
    let out = door.post(&cookie, "/sign-out", &format!("form_token={token}")).await;
    assert_eq!(out.header("location"), "/sign-in");
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let after = door.get(&cookie, "/assets").await;
    assert_eq!(after.header("location"), "/sign-in?next=%2Fassets", "the session is over");
}

#[tokio::test]
async fn a_wrong_password_says_so_and_no_more() {
    let door = Door::open();
    let known = door.sign_in(&door.name, "not-the-one").await;
    let stranger = door.sign_in("nobody", "not-the-one").await;
    for answer in [&known, &stranger] {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.text.contains("That name and password do not go together."));
        assert_eq!(answer.header("set-cookie"), "");
        assert!(!answer.text.contains("not-the-one"), "the password is not repeated");
    }
}

#[tokio::test]
async fn a_one_time_password_opens_only_the_way_to_ones_own() {
    let door = Door::open();
    let grant = Caller::console().grants[0].clone();
    let new = NewPerson { name: "rosa".to_owned(), display_name: "Rosa".to_owned(), grant };
    let password = door.hub.add_person(&Caller::console(), &new, now()).unwrap();
    let answer = door.sign_in("rosa", password.expose()).await;
    assert_eq!(answer.header("location"), "/password");
    let cookie = answer.cookie();
    assert_eq!(door.get(&cookie, "/assets").await.header("location"), "/password");
    let api = door.get(&cookie, "/api/v1/devices").await;
    assert_eq!(api.status, StatusCode::FORBIDDEN);
    assert_eq!(api.json()["type"], "/api#problem-password-due");

    let page = door.get(&cookie, "/password").await;
    let own = "correct-horse-battery-staple";
    let fields = |again: &str| {
        let token = form_token(&page.text);
        let current = password.expose();
        format!("form_token={token}&current={current}&new={own}&again={again}")
    };
    let differ = door.post(&cookie, "/password", &fields("other")).await;
    assert!(differ.text.contains("The two new passwords differ."));
    let changed = door.post(&cookie, "/password", &fields(own)).await;
    assert_eq!(changed.header("location"), "/", "{}", changed.text);
    assert_eq!(door.get(&changed.cookie(), "/assets").await.status, StatusCode::OK);
    assert_eq!(door.get(&cookie, "/assets").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_page_opens_and_carries_the_headers() {
    let door = Door::open();
    let cookie = door.signed_in().await;
    let devices = door.get(&cookie, "/api/v1/devices").await.json();
    let id = devices["rows"][0]["id"].as_str().unwrap().to_owned();
    let paths = [
        "/",
        "/assets",
        "/assets?verdict=unknown&sort=name&page=1",
        "/software",
        "/vulnerabilities",
        "/vulnerabilities/TEST-2026-001",
        "/protection",
        "/access",
        "/contracts",
        "/evidence",
        "/settings",
        "/api",
        "/search?q=pump",
        "/search",
        "/password",
    ];
    let own = ["", "/conversations", "/verdicts"].map(|tail| format!("/assets/{id}{tail}"));
    for path in paths.iter().map(ToString::to_string).chain(own) {
        let page = door.get(&cookie, &path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        assert!(page.text.contains("</html>"), "{path} is whole");
        assert!(page.text.len() < 150_000, "{path}");
    }
}

#[tokio::test]
async fn a_verdict_can_be_followed_from_list_to_reason() {
    let door = Door::open();
    let cookie = door.signed_in().await;
    let list = door.get(&cookie, "/assets?verdict=affected").await;
    assert!(list.text.contains("1 device matches"), "{}", list.text);
    let (_, rest) = list.text.split_once("class=\"name\"><a href=\"").unwrap();
    let device = door.get(&cookie, rest.split('"').next().unwrap()).await;
    assert!(device.text.contains("1 vulnerability affects it"));
    assert!(device.text.contains("CVE-2026-99001") && device.text.contains("TEST-2026-001"));
    assert!(device.text.contains("inventory.csv, row 2, column"));
    let advisory = door.get(&cookie, "/vulnerabilities/TEST-2026-001").await;
    assert!(advisory.text.contains("1 device is affected"));
    let raw = door.get(&cookie, "/vulnerabilities/TEST-2026-001/raw").await;
    assert_eq!(raw.text, ADVISORY, "byte for byte");
    assert!(raw.header("content-disposition").starts_with("attachment"));
}

#[tokio::test]
async fn an_address_behind_the_end_or_said_twice_is_no_empty_list() {
    let door = Door::open();
    let cookie = door.signed_in().await;
    for path in ["/assets", "/vulnerabilities", "/evidence", "/settings"] {
        let behind = door.get(&cookie, &format!("{path}?page=99")).await;
        assert_eq!(behind.status, StatusCode::SEE_OTHER, "{path}");
        let last = behind.header("location").to_owned();
        assert_eq!(door.get(&cookie, &last).await.status, StatusCode::OK, "{path}: {last}");
        let twice = door.get(&cookie, &format!("{path}?page=1&page=2")).await;
        assert_eq!(twice.status, StatusCode::BAD_REQUEST, "{path}");
    }
    let twice = door.get(&cookie, "/api/v1/devices?text=a&text=b").await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    let none = door.get(&cookie, "/assets?text=nothing-has-this-name&page=3").await;
    assert_eq!(none.status, StatusCode::OK, "a list that is empty has no last page");
}

#[tokio::test]
async fn search_leads_to_the_only_hit() {
    let door = Door::open();
    let cookie = door.signed_in().await;
    for text in ["00:1a:2b:3c:4d:07", "SN-0007"] {
        let answer = door.get(&cookie, &format!("/search?q={text}")).await;
        assert!(answer.header("location").starts_with("/assets/"), "{text}: {}", answer.text);
    }
    let answer = door.get(&cookie, "/search?q=CVE-2026-99001").await;
    assert!(answer.header("location").starts_with("/vulnerabilities/"), "{}", answer.text);
}

#[tokio::test]
async fn what_is_seen_can_be_exported() {
    let door = Door::open();
    let cookie = door.signed_in().await;
    let csv = door.get(&cookie, "/assets.csv?maker=Ostrava%20Medical").await;
    assert_eq!(csv.text.lines().count(), 3, "a heading and two pumps: {}", csv.text);
    let json = door.get(&cookie, "/assets.json").await;
    assert_eq!(json.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_program_signs_in_and_reads() {
    let door = Door::open();
    let body = format!("{{\"name\":\"{}\",\"password\":\"{}\"}}", door.name, door.password);
    let request = Request::post("/api/v1/session")
        .header("host", "localhost")
        .header("content-type", "application/json");
    let opened = door.ask(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(opened.status, StatusCode::CREATED);
    assert_eq!(opened.header("set-cookie"), "", "a program asked, not a browser");
    let bearer = format!("Bearer {}", opened.json()["token"].as_str().unwrap());
    let read = |path: &str| {
        let request = Request::get(path).header("host", "localhost");
        door.ask(request.header(header::AUTHORIZATION, &bearer).body(Body::empty()).unwrap())
    };
    for path in [
        "overview",
        "devices",
        "software",
        "disclosures",
        "disclosures/TEST-2026-001",
        "verdicts",
        "questions",
        "ingests",
        "evidence",
        "evidence/verify",
    ] {
        let answer = read(&format!("/api/v1/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
    }
    assert_eq!(read("/api/v1/overview").await.json()["devices"], 3);
    assert_eq!(read("/api/v1/evidence/verify").await.json()["ok"], true);
    let affected = read("/api/v1/verdicts?verdict=affected").await.json();
    assert_eq!(affected["rows"][0]["vulnerability"], "CVE-2026-99001");
    let document = read("/api/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
#[rustfmt::skip]
async fn problems_say_who_is_answerable() {
    let door = Door::open();
    let cookie = door.signed_in().await;
    for (path, status, kind) in [
        ("/api/v1/devices?verdict=maybe",  400, "invalid"),
        ("/api/v1/devices?clas=ct",        400, "invalid"),
        ("/api/v1/devices?limit=100000",   400, "invalid"),
        ("/api/v1/devices/none",           404, "not-found"),
        ("/api/v1/disclosures/none",       404, "not-found"),
        ("/api/v1/nothing",                404, "not-found"),
    ] {
        let answer = door.get(&cookie, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert_eq!(answer.json()["type"], format!("/api#problem-{kind}"), "{path}");
        assert_eq!(answer.json()["answerable"], "caller", "{path}");
    }
    let wrong = door.post(&cookie, "/api/v1/devices", "").await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.header("allow"), "GET,HEAD");
    let large = door.post("", "/sign-in", &"x".repeat(100_000)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    let page = door.get(&cookie, "/assets/none").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("What to do") && page.text.contains("</html>"));
}

#[tokio::test]
async fn other_sites_and_other_names_are_refused() {
    let door = Door::open();
    let cookie = door.signed_in().await;
    let rebound = Request::get("/assets").header("host", "evil.example").header("cookie", &cookie);
    let answer = door.ask(rebound.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    let token = form_token(&door.get(&cookie, "/").await.text);
    let forged = Request::post("/sign-out")
        .header("host", "localhost")
        .header("sec-fetch-site", "cross-site")
        .header("cookie", &cookie)
        .header("content-type", "application/x-www-form-urlencoded");
    let body = Body::from(format!("form_token={token}"));
    let answer = door.ask(forged.body(body).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(door.get(&cookie, "/assets").await.status, StatusCode::OK, "still signed in");
}

#[tokio::test]
async fn evidence_is_verified_by_button() {
    let door = Door::open();
    let cookie = door.signed_in().await;
    let page = door.get(&cookie, "/evidence").await;
    let form = format!("form_token={}", form_token(&page.text));
    let checked = door.post(&cookie, "/evidence/verify", &form).await;
    assert!(checked.text.contains("the chain holds"));
}

#[tokio::test]
async fn files_are_kept_by_browsers() {
    let door = Door::open();
    let page = door.get("", "/sign-in").await;
    let (_, rest) = page.text.split_once("stylesheet\" href=\"").unwrap();
    let path = rest.split('"').next().unwrap();
    let style = door.get("", path).await;
    assert_eq!(style.status, StatusCode::OK);
    assert!(style.header("cache-control").contains("immutable"));
    let request = Request::get(path).header("host", "localhost");
    let request = request.header("if-none-match", style.header("etag"));
    let again = door.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert_eq!(door.get("", "/static/regimen.0000000000000000.css").await.status.as_u16(), 404);
}

const INVENTORY: &str = "asset_id,maker,model,serial,software_version,mac,ip,location,class\n\
    P-1,Ostrava Medical,FlowGuard 3,SN-0007,4.2.1,00:1a:2b:3c:4d:07,10.0.0.7,ICU,infusion_pump\n\
    P-2,Ostrava Medical,FlowGuard 3,SN-0008,,00:1a:2b:3c:4d:08,10.0.0.8,ICU,infusion_pump\n\
    C-1,Northlight Imaging,Helix 64,SN-0009,5.2.1,00:1a:2b:3c:4d:09,10.0.0.9,ER,ct_scanner\n";

const ADVISORY: &str = r#"{
  "document": {
    "category": "csaf_security_advisory",
    "csaf_version": "2.0",
    "title": "Ostrava Medical FlowGuard 3",
    "publisher": { "category": "vendor", "name": "Ostrava Medical", "namespace": "https://ostrava.example" },
    "tracking": {
      "id": "TEST-2026-001", "status": "final", "version": "1",
      "initial_release_date": "2026-11-01T00:00:00Z", "current_release_date": "2026-11-01T00:00:00Z",
      "revision_history": [{ "number": "1", "date": "2026-11-01T00:00:00Z", "summary": "First" }]
    }
  },
  "product_tree": { "branches": [{
    "category": "vendor", "name": "Ostrava Medical", "branches": [{
      "category": "product_name", "name": "FlowGuard 3", "branches": [{
        "category": "product_version_range", "name": "<4.3",
        "product": { "product_id": "P1", "name": "Ostrava Medical FlowGuard 3 <4.3" }
      }]
    }]
  }] },
  "vulnerabilities": [{
    "cve": "CVE-2026-99001",
    "notes": [{ "category": "description", "text": "The service port asks for no password." }],
    "product_status": { "known_affected": ["P1"] },
    "remediations": [{ "category": "vendor_fix", "details": "Install 4.3.", "product_ids": ["P1"] }]
  }]
}
"#;
