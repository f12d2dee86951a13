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
    port: u16,
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
        let folder = self.folder.display();
        format!("postgres://regimen@/{database}?host={folder}&port={}", self.port)
    }

    /// The address of a new database over TCP, the server vouched for by `authority`.
    pub(crate) fn address_with_tls(&self, host: &str, authority: &Path) -> String {
        let address = self.new_database();
        let database = address.split(['@', '?']).nth(1).unwrap();
        let (port, authority) = (self.port, authority.display());
        format!(
            "postgres://regimen@{host}:{port}{database}?sslmode=verify-full&sslrootcert={authority}"
        )
    }

    /// Certificates of who vouches for the server and of somebody else, where openssl made them.
    pub(crate) fn authorities(&self) -> Option<(PathBuf, PathBuf)> {
        let (ours, theirs) = (self.folder.join("ca.pem"), self.folder.join("other.pem"));
        (ours.exists() && theirs.exists()).then_some((ours, theirs))
    }

    fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("regimen-pg-").tempdir().unwrap().keep();
        let script = START.replace("{programs}", &programs.display().to_string());
        let script = script.replace("{folder}", &folder.display().to_string());
        let port = free_port();
        let script = script.replace("{port}", &port.to_string());
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
        let address = format!("postgres://regimen@/postgres?host={}&port={port}", folder.display());
        let admin = postgres::Client::connect(&address, postgres::NoTls).unwrap();
        Some(Self { folder, port, admin: Mutex::new(admin), _keeper: Mutex::new(keeper) })
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

/// A port on the loopback address that nobody had a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}

/// Starts the server, says so, waits until the test binary is gone, and cleans up. Where openssl is
/// installed, the server has a certificate by an authority of its own, and another one is made.
const START: &str = r#"set -e
cd {folder}
{programs}/initdb --pgdata={folder}/data --username=regimen --auth=trust --encoding=UTF8 \
    --locale=C.UTF-8 --no-sync >{folder}/initdb.log 2>&1
tls=
if command -v openssl >/dev/null; then
    new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    for name in ca other; do
        $new -x509 -days 3650 -subj /CN=$name -keyout $name.key.pem -out $name.pem 2>/dev/null
    done
    $new -subj /CN=localhost -keyout server.key.pem -out server.csr.pem 2>/dev/null
    echo subjectAltName=DNS:localhost >names.pem
    openssl x509 -req -in server.csr.pem -CA ca.pem -CAkey ca.key.pem -set_serial 1 -days 3650 \
        -extfile names.pem -out server.pem 2>/dev/null
    chmod 600 server.key.pem
    tls="-c ssl=on -c ssl_cert_file={folder}/server.pem -c ssl_key_file={folder}/server.key.pem"
fi
{programs}/pg_ctl --pgdata={folder}/data --wait --log={folder}/server.log --options="\
    -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} \
    -c fsync=off $tls" start >/dev/null
echo ready
cat >/dev/null
{programs}/pg_ctl --pgdata={folder}/data --mode=immediate stop >/dev/null
cd /
rm -rf {folder}/data {folder}/*.log {folder}/*.pem {folder}/.s.*
rmdir {folder} 2>/dev/null || true
"#;
