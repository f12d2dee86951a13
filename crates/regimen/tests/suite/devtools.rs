//! A browser that is driven over its debugging pipe.
//!
//! What:   Debian's Chromium without a window. Messages are JSON, each ended by a zero byte; the
//!         browser ends when the pipe does.
//! Source: the Chrome DevTools Protocol, version 1.3.
//! Limits: every wait has a deadline, and one test at a time has the browser.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::deadline;

/// A page of its own, with its own cookies. `None`, with a notice, where there is no browser.
pub(crate) fn page() -> Option<Page> {
    let browser = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
    if browser.is_none() {
        testing::skip("Chromium is not installed");
        return None;
    }
    Some(Page::open(browser))
}

/// One page of the browser.
pub(crate) struct Page {
    browser: MutexGuard<'static, Option<Browser>>,
    context: String,
    session: String,
    /// What the browser told of this page and no call has asked for.
    pub(crate) events: Vec<Value>,
}

impl Page {
    fn open(browser: MutexGuard<'static, Option<Browser>>) -> Self {
        let mut page =
            Self { browser, context: String::new(), session: String::new(), events: Vec::new() };
        let context = page.call("Target.createBrowserContext", &json!({}));
        page.context = text(&context["browserContextId"]);
        let target = json!({ "url": "about:blank", "browserContextId": page.context });
        let target = page.call("Target.createTarget", &target);
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        page.session = text(&page.call("Target.attachToTarget", &target)["sessionId"]);
        for domain in ["Page", "Network", "Runtime", "Log", "Audits"] {
            page.call(&format!("{domain}.enable"), &json!({}));
        }
        page.size(1440, 900, false);
        page
    }

    /// Sends one command and waits for its answer.
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let answer = self.try_call(method, parameters);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&mut self, method: &str, parameters: &Value) -> Result<Value, String> {
        let browser = self.browser.as_mut().unwrap();
        let id = browser.send(method, parameters, &self.session);
        let end = deadline(WAIT);
        loop {
            let message = browser.messages.recv_timeout(end.left());
            let message = message.map_err(|error| format!("no answer: {error}"))?;
            if message["id"] == id {
                let error = message.get("error").map(ToString::to_string);
                return error.map_or(Ok(message["result"].clone()), Err);
            }
            if message.get("method").is_some() {
                self.events.push(message);
            }
        }
    }

    /// Waits until the browser tells of `method`, counted from the event `from`.
    fn wait_for(&mut self, method: &str, from: usize) {
        let end = deadline(WAIT);
        while !self.events[from..].iter().any(|event| event["method"] == method) {
            let message = self.browser.as_mut().unwrap().messages.recv_timeout(end.left());
            match message {
                Ok(message) => self.events.push(message),
                Err(error) => panic!("no {method}: {error}; at {}", self.address()),
            }
        }
    }

    /// Goes to an address and waits until it is there with all that belongs to it.
    pub(crate) fn go(&mut self, address: &str) {
        let from = self.events.len();
        let answer = self.call("Page.navigate", &json!({ "url": address }));
        assert!(answer.get("errorText").is_none(), "{address}: {answer}");
        self.wait_for("Page.loadEventFired", from);
    }

    /// Does something that leads to another page, and waits until it is there.
    pub(crate) fn lead(&mut self, act: impl FnOnce(&mut Self)) {
        let from = self.events.len();
        act(self);
        self.wait_for("Page.loadEventFired", from);
    }

    /// The value of an expression. The page's own rules on scripts do not bind the debugger.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
            "timeout": u64::try_from(WAIT.as_millis()).unwrap(),
        });
        let answer = self.call("Runtime.evaluate", &asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression:.200}: {answer:.600}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn holds(&mut self, expression: &str) {
        let end = deadline(WAIT);
        while self.value(expression) != true {
            assert!(!end.is_over(), "{expression} is not so at {}", self.address());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The text of the first element that `selector` finds, once there is one.
    pub(crate) fn text(&mut self, selector: &str) -> String {
        self.holds(&format!("document.querySelector({selector:?}) !== null"));
        let found = self.value(&format!("document.querySelector({selector:?}).innerText"));
        text(&found).trim().to_owned()
    }

    pub(crate) fn count(&mut self, selector: &str) -> u64 {
        self.value(&format!("document.querySelectorAll({selector:?}).length")).as_u64().unwrap()
    }

    /// Path and query of the present page.
    pub(crate) fn address(&mut self) -> String {
        text(&self.value("location.pathname + location.search"))
    }

    /// Presses the mouse where a person would: in the middle of the element, as far as it shows.
    pub(crate) fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); if (!e) return null; \
             e.scrollIntoView({{block: 'center'}}); const b = e.getClientRects()[0]; \
             return b ? [b.x + b.width / 2, b.y + b.height / 2] : null; }})()"
        ));
        assert!(place.is_array(), "{selector} does not show at {}", self.address());
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1
            });
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// Types into what has the focus.
    pub(crate) fn write(&mut self, words: &str) {
        self.call("Input.insertText", &json!({ "text": words }));
    }

    /// Presses a key, by the name that the protocol has for it.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, typed) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            "Escape" => (27, ""),
            one => (u32::from(one.as_bytes()[0].to_ascii_uppercase()), one),
        };
        for kind in [if typed.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
            let text = if kind == "keyUp" { "" } else { typed };
            let event = json!({
                "type": kind, "key": key, "windowsVirtualKeyCode": code, "text": text
            });
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    pub(crate) fn size(&mut self, width: u32, height: u32, mobile: bool) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile
        });
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    /// `light` or `dark`, as a person sets it for the whole machine.
    pub(crate) fn scheme(&mut self, name: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": name }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    pub(crate) fn scripts(&mut self, run: bool) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({ "value": !run }));
    }

    /// What shows, as a PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let shot = self
            .call("Page.captureScreenshot", &json!({ "format": "png", "optimizeForSpeed": false }));
        decoded(shot["data"].as_str().unwrap())
    }

    /// Fails if the browser has complained, or has asked anyone but `host` for anything.
    pub(crate) fn is_content(&mut self, host: &str) {
        // What the browser still has to say comes before the answer to this.
        self.value("1");
        for event in &self.events {
            let said = &event["params"];
            match event["method"].as_str().unwrap() {
                "Log.entryAdded" => {
                    panic!("the browser says {}: {}", said["entry"]["text"], said["entry"]["url"])
                }
                "Runtime.consoleAPICalled" => panic!("the console has {}", said["args"]),
                "Runtime.exceptionThrown" => panic!("a script failed: {said}"),
                "Audits.issueAdded" => panic!("the browser finds fault: {said}"),
                "Network.loadingFailed" if said["canceled"] != true => panic!("not loaded: {said}"),
                "Network.requestWillBeSent" => {
                    let url = said["request"]["url"].as_str().unwrap();
                    let own = url.starts_with(&format!("http://{host}/"));
                    assert!(own || url.starts_with("about:"), "a request to {url}");
                }
                "Page.javascriptDialogOpening" => panic!("a script opened a dialog: {said}"),
                _ => {}
            }
        }
    }

    /// Forgets what the browser has told so far.
    pub(crate) fn forget(&mut self) {
        self.value("1");
        self.events.clear();
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.session.clear();
        let context = json!({ "browserContextId": self.context });
        if self.try_call("Target.disposeBrowserContext", &context).is_err() {
            // The next test gets a browser that answers.
            *self.browser = Browser::start();
        }
    }
}

struct Browser {
    keeper: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    last: u64,
}

impl Browser {
    fn start() -> Option<Self> {
        let program = PROGRAMS.iter().find(|program| Path::new(program).exists())?;
        let profile =
            tempfile::Builder::new().prefix("regimen-chromium-").tempdir().unwrap().keep();
        // The shell stays to clear the profile away once the browser has ended with its pipe.
        let mut keeper = Command::new("sh")
            .args(["-c", KEEP, "sh", program])
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(FLAGS)
            .env("PROFILE", &profile)
            .env("HOME", &profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let input = keeper.stdin.take();
        let mut output = BufReader::new(keeper.stdout.take().unwrap());
        let (tell, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            while output.read_until(0, &mut bytes).is_ok_and(|count| count > 0) {
                let message = serde_json::from_slice(bytes.strip_suffix(&[0]).unwrap_or(&bytes));
                if message.map_or(true, |message: Value| tell.send(message).is_err()) {
                    return;
                }
                bytes.clear();
            }
        });
        Some(Self { keeper, input, messages, last: 0 })
    }

    fn send(&mut self, method: &str, parameters: &Value, session: &str) -> u64 {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if !session.is_empty() {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.as_mut().unwrap().write_all(&bytes).expect("the browser runs");
        self.last
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.input.take());
        let end = deadline(Duration::from_secs(5));
        while self.keeper.try_wait().is_ok_and(|status| status.is_none()) {
            if end.is_over() {
                let group = format!("-{}", self.keeper.id());
                let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The bytes behind base64 (RFC 4648, section 4).
fn decoded(base64: &str) -> Vec<u8> {
    let digits = base64.bytes().filter_map(|byte| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    });
    let mut bytes = Vec::with_capacity(base64.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in digits {
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    bytes
}

/// The one browser. It ends with the pipe when the test process ends.
static BROWSER: LazyLock<Mutex<Option<Browser>>> = LazyLock::new(|| Mutex::new(Browser::start()));

/// Where Debian and its kin put the browser.
const PROGRAMS: [&str; 2] = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

const FLAGS: [&str; 16] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    // A click on a page that is not painted yet counts.
    "--allow-pre-commit-input",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--hide-scrollbars",
    "--disable-lcd-text",
    "--force-color-profile=srgb",
];

/// The browser reads commands from descriptor 3 and answers on 4.
const KEEP: &str = "\"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1; cd /; rm -rf \"$PROFILE\" || true";

/// Longest that the browser may take to answer, on a busy machine.
const WAIT: Duration = Duration::from_secs(30);

#[test]
fn base64_is_decoded() {
    for (text, bytes) in
        [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob")]
    {
        assert_eq!(decoded(text), bytes.as_bytes(), "{text}");
    }
}
