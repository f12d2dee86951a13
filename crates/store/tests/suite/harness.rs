//! Every test runs on SQLite, and on PostgreSQL where the Debian package is installed.
//!
//! One server is started for the whole binary, in a folder of its own that goes when the binary
//! ends; each test has its own database. `initdb` refuses root, so root runs it as `postgres`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use store::{Store, StoreUrl};

/// Runs `test` on an empty store of each kind.
pub(crate) fn for_each_store(test: impl Fn(&Store)) {
    for_each_url(|url| test(&Store::open(url).expect("opens")));
}

/// Runs `test` on the address of a database of each kind that has nothing in it.
pub(crate) fn for_each_url(test: impl Fn(&StoreUrl)) {
    let folder = tempfile::tempdir().unwrap();
    test(&StoreUrl::in_folder(folder.path()));
    match server() {
        Some(server) => test(&StoreUrl::parse(&server.new_database()).unwrap()),
        None => testing::skip("PostgreSQL is not installed, so only SQLite was tested"),
    }
}

/// The server, started by whoever asks first.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(Server::start).as_ref()
}

/// A PostgreSQL server of ours alone.
pub(crate) struct Server {
    folder: PathBuf,
    admin: Mutex<postgres::Client>,
    /// The keeper stops the server when this end of its pipe closes with the test binary.
    _keeper: Mutex<std::process::Child>,
}

impl Server {
    /// The address of a new database.
    pub(crate) fn new_database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.admin.lock().unwrap().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        self.address(&name)
    }

    fn address(&self, database: &str) -> String {
        format!("postgres://regimen@/{database}?host={}", self.folder.display())
    }

    fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("regimen-pg-").tempdir().unwrap().keep();
        let script = START.replace("{programs}", &programs.display().to_string());
        let script = script.replace("{folder}", &folder.display().to_string());
        let as_postgres = is_root();
        if as_postgres {
            let owned = Command::new("chown").arg("postgres").arg(&folder).status().unwrap();
            assert!(owned.success());
        }
        let mut command = if as_postgres { Command::new("runuser") } else { Command::new("sh") };
        if as_postgres {
            command.args(["-u", "postgres", "--", "sh"]);
        }
        let mut keeper = command
            .args(["-c", &script])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0u8; 6];
        keeper.stdout.take().unwrap().read_exact(&mut ready).expect("the server starts");
        let address = format!("postgres://regimen@/postgres?host={}", folder.display());
        let admin = postgres::Client::connect(&address, postgres::NoTls).unwrap();
        Some(Self { folder, admin: Mutex::new(admin), _keeper: Mutex::new(keeper) })
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

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}

/// Starts the server, says so, waits until the test binary is gone, and cleans up.
const START: &str = "set -e
{programs}/initdb --pgdata={folder}/data --username=regimen --auth=trust --encoding=UTF8 \
    --locale=C.UTF-8 --no-sync >{folder}/initdb.log 2>&1
{programs}/pg_ctl --pgdata={folder}/data --wait --log={folder}/server.log --options=\"\
    -c listen_addresses= -c unix_socket_directories={folder} -c fsync=off\" start >/dev/null
echo ready
cat >/dev/null
{programs}/pg_ctl --pgdata={folder}/data --mode=immediate stop >/dev/null
cd /
rm -rf {folder}/data {folder}/*.log {folder}/.s.*
rmdir {folder} 2>/dev/null || true
";
