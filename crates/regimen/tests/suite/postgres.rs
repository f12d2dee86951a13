//! The same commands on PostgreSQL, where Debian's package is installed.
//!
//! The server runs in a folder of its own and ends with the pipe that the test holds. `initdb`
//! refuses root, so root runs it as `postgres`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::harness::{Files, regimen};
use crate::kept::LISTS;

#[test]
fn both_databases_give_the_same_lists() {
    let Some(server) = Server::start() else {
        testing::skip("PostgreSQL is not installed");
        return;
    };
    let files = Files::of_a_hospital();
    let inputs = files.path("inputs");
    let sqlite = format!("sqlite:{}", files.path("regimen.db"));
    let stores = [sqlite, server.address()];
    let ask = |store: &str, list: &[&str]| regimen(&[&["--store", store], list].concat());
    let at = ["--now", "2026-11-23T10:00:00Z", "--json"];
    let take_in = [["ingest", &inputs].as_slice(), &at].concat();
    let said: Vec<_> = stores.iter().map(|store| ask(store, &take_in).json()).collect();
    assert_eq!(said[0], said[1]);
    for list in LISTS {
        let said: Vec<_> = stores.iter().map(|store| ask(store, list).ended(0).json()).collect();
        assert!(said[0] == said[1], "{list:?} differs:\n{:.800}\n{:.800}", said[0], said[1]);
    }
    let heads: Vec<_> =
        stores.iter().map(|store| ask(store, &["evidence", "verify", "--json"]).ended(0)).collect();
    assert_eq!(heads[0].json()["rows"], heads[1].json()["rows"]);
}

/// A PostgreSQL server of ours alone.
pub(crate) struct Server {
    folder: TempDir,
    keeper: Child,
}

impl Server {
    fn address(&self) -> String {
        format!("postgres://regimen@/postgres?host={}", self.folder.path().display())
    }

    /// The address of a new database.
    pub(crate) fn database(&self, name: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let sql = format!("CREATE DATABASE {name}");
        let words = ["-q", "-h", &folder, "-U", "regimen", "-d", "postgres", "-c", &sql];
        assert!(Command::new("psql").args(words).status().unwrap().success());
        format!("postgres://regimen@/{name}?host={folder}")
    }

    pub(crate) fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("regimen-pg-").tempdir().unwrap();
        let place = folder.path().display().to_string();
        let script = START.replace("{programs}", &programs.display().to_string());
        let script = script.replace("{folder}", &place);
        let mut command = if is_root() {
            assert!(Command::new("chown").args(["postgres", &place]).status().unwrap().success());
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-c", &script]).current_dir("/");
        let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = [0; 6];
        keeper.stdout.take().unwrap().read_exact(&mut ready).expect("the server starts");
        Some(Self { folder, keeper })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The newest PostgreSQL that Debian has put on this machine.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<PathBuf> =
        versions.flatten().map(|entry| entry.path().join("bin")).collect();
    folders.retain(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists());
    folders.sort();
    folders.pop()
}

pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}

/// Starts the server, says so, and stops it when the test's end of the pipe is gone.
const START: &str = "set -e
timeout 60 {programs}/initdb --pgdata={folder}/data --username=regimen --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync >{folder}/initdb.log 2>&1
{programs}/pg_ctl --pgdata={folder}/data --wait --timeout=60 --log={folder}/server.log --options=\"\
    -c listen_addresses= -c unix_socket_directories={folder} -c fsync=off\" start >/dev/null
echo ready
cat >/dev/null
{programs}/pg_ctl --pgdata={folder}/data --mode=immediate stop >/dev/null
rm -rf {folder}/data
";
