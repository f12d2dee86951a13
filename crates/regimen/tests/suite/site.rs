//! The hub as a running process, and a client that is no browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Files, command};

/// A hub that serves, until this is dropped or the test process ends.
pub(crate) struct Site {
    keeper: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) password: String,
    /// What the process said before it was ready.
    before: String,
    /// What it has said since, on both streams.
    said: Mutex<mpsc::Receiver<String>>,
    files: Files,
}

impl Site {
    /// A demonstration hospital.
    pub(crate) fn demo(arguments: &[&str]) -> Self {
        let files = Files::empty();
        Self::start(files, &[&["demo", "--port", "0"], arguments].concat())
    }

    /// Whatever was taken into the folder `data` of `files`.
    pub(crate) fn serve(files: Files) -> Self {
        Self::start(files, &["serve", "--port", "0"])
    }

    fn start(files: Files, arguments: &[&str]) -> Self {
        // The shell ends the hub when its own input ends, so that it goes even if the tests are
        // killed.
        let regimen = command();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEP, "sh"])
            .arg(regimen.get_program())
            .args(["--data", &files.path("data")])
            .args(arguments)
            .envs(regimen.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("FOLDER", files.path(""))
            .env_remove("REGIMEN_DATA")
            .env_remove("REGIMEN_STORE")
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(keeper.stdout.take().unwrap()).lines();
        let (tell, said) = mpsc::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let mut site = Self {
            keeper,
            address: String::new(),
            name: String::new(),
            password: String::new(),
            before: String::new(),
            said: Mutex::new(said),
            files,
        };
        site.read_sign_in();
        site
    }

    fn read_sign_in(&mut self) {
        while self.address.is_empty() {
            let line =
                self.said.get_mut().unwrap().recv_timeout(START).expect("the hub says where it is");
            self.before += &(line.clone() + "\n");
            if let Some((_, address)) = line.split_once("http://") {
                self.address = address.trim().into();
            } else if let Some((before, after)) = line.split_once("password  ") {
                self.password = after.split_whitespace().next().unwrap().into();
                if let Some(name) = before.split('`').nth(1) {
                    self.name = name.into();
                }
            } else if let Some((_, name)) = line.split_once("account   ") {
                self.name = name.trim().into();
            }
        }
    }

    /// Every line that the process has said so far.
    pub(crate) fn said(&self) -> String {
        let since = self.said.lock().unwrap();
        self.before.clone() + &since.try_iter().map(|line| line + "\n").collect::<String>()
    }

    /// The bytes of every file in the folder of the hub, without what was given to it.
    pub(crate) fn kept(&self) -> Vec<(String, Vec<u8>)> {
        let mut folders = vec![std::path::PathBuf::from(self.files.path("data"))];
        let mut kept = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("inputs") {
                    folders.push(path);
                } else if path.is_file() {
                    kept.push((path.display().to_string(), std::fs::read(&path).unwrap()));
                }
            }
        }
        kept
    }

    /// A file that the demonstration wrote and took in.
    pub(crate) fn given(&self, name: &str) -> Vec<u8> {
        self.files.read(&format!("data/demo/inputs/{name}"))
    }

    /// Signs in as a browser without script would, and gives the session's cookie.
    pub(crate) fn sign_in(&self) -> String {
        let form = format!("name={}&password={}", self.name, self.password);
        let reply = self.ask("POST", "/sign-in", "", &form);
        assert_eq!(reply.status, 303, "{}", reply.text());
        let cookie = reply.header("set-cookie").expect("a session");
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Signs in, and changes the password where it was for one sign-in.
    pub(crate) fn full_session(&self) -> String {
        let cookie = self.sign_in();
        let page = self.get("/password", &cookie).text();
        if self.get("/", &cookie).status == 200 {
            return cookie;
        }
        let token = page.split("name=\"form_token\" value=\"").nth(1).expect("a form");
        let token = token.split('"').next().unwrap();
        let (old, new) = (&self.password, "a+long+enough+password");
        let form = format!("form_token={token}&current={old}&new={new}&again={new}");
        let reply = self.ask("POST", "/password", &cookie, &form);
        assert_eq!(reply.status, 303, "{}", reply.text());
        let renewed = reply.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        renewed.map_or(cookie, str::to_owned)
    }

    pub(crate) fn get(&self, path: &str, cookie: &str) -> Reply {
        self.ask("GET", path, cookie, "")
    }

    /// As a program with a token.
    pub(crate) fn get_as(&self, path: &str, token: &str) -> Reply {
        self.send("GET", path, &format!("Authorization: Bearer {token}"), "")
    }

    pub(crate) fn ask(&self, method: &str, path: &str, cookie: &str, form: &str) -> Reply {
        self.send(method, path, &format!("Cookie: {cookie}"), form)
    }

    fn send(&self, method: &str, path: &str, credential: &str, form: &str) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(ANSWER)).unwrap();
        stream.set_write_timeout(Some(ANSWER)).unwrap();
        // Version 1.0 is answered in one piece and then hung up.
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nOrigin: http://{}\r\n{credential}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.address,
            self.address,
            form.len()
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).unwrap();
        Reply::parse(&bytes)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// What the hub answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        Self { status, headers: headers.collect(), body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Runs the hub until the standard input ends, and leaves nothing behind.
const KEEP: &str = "\"$@\" 2>&1 & hub=$!
cat >/dev/null
kill $hub
wait $hub
rm -rf \"$FOLDER\"";

/// Longest until the hub serves, in a build without optimisation on a busy machine.
const START: Duration = Duration::from_mins(3);

/// Longest that one answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// More than any answer has.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
