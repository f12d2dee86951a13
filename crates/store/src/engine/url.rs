//! Which database to use: `sqlite:PATH` or `postgres://…`.
//!
//! Privacy: a PostgreSQL address can hold a password. Neither `Debug` nor `Display` shows it.

use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use postgres::config::{Host, SslMode};

use crate::StoreError;

/// Name of the database in a data folder.
pub const FILE_NAME: &str = "regimen.db";

/// Which database to use.
#[derive(Clone)]
pub struct StoreUrl(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

/// A PostgreSQL server, and whose word is taken for who it is.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) config: postgres::Config,
    /// Certificates in PEM of those who vouch for it; the connection is encrypted then.
    pub(crate) authorities: Option<PathBuf>,
}

impl StoreUrl {
    /// Reads `sqlite:PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// A password may stand there as it is, with `/`, `#`, `?` and `@` in it, or percent-encoded;
    /// a `%` before two hexadecimal digits must be written `%25`.
    ///
    /// # Errors
    ///
    /// Fails where the text is neither, and where the connection would be readable by others or
    /// nobody vouches for the server: what was to be protected is never sent in the clear.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(StoreError::Url("`sqlite:` needs the path of a file after it".to_owned()))
            } else {
                Ok(Self::sqlite(path))
            };
        }
        let rest = ["postgres://", "postgresql://"].iter().find_map(|name| text.strip_prefix(name));
        let Some(rest) = rest else {
            let message = "a store is `sqlite:PATH` or `postgres://USER@HOST/DATABASE`";
            return Err(StoreError::Url(message.to_owned()));
        };
        let (place, query) = parts(rest);
        let protection = Protection::of(query)?;
        let address = format!("postgres://{}{}", encoded(place), protection.others);
        let config: postgres::Config = address.parse().map_err(|error: postgres::Error| {
            let reason = crate::engine::error::PostgresCause(error);
            StoreError::Url(format!("this is no PostgreSQL address: {reason}"))
        })?;
        Ok(Self(Kind::Postgres(Box::new(protection.server(config)?))))
    }

    /// The file, where it names a SQLite store.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Sqlite(path) => Some(path),
            Kind::Postgres(_) => None,
        }
    }

    /// A SQLite file.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Kind::Sqlite(path.into()))
    }

    /// The SQLite file of a data folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self::sqlite(folder.join(FILE_NAME))
    }
}

/// What an address says of encryption, and the other parameters as they were.
#[derive(Debug, Default)]
struct Protection {
    mode: Option<String>,
    authorities: Option<PathBuf>,
    others: String,
}

impl Protection {
    fn of(query: &str) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) if MODES.contains(&mode) => {
                    found.mode = Some(mode.to_owned());
                }
                Some(("sslmode", _)) => {
                    let told = format!("`sslmode` is one of {}", MODES.join(", "));
                    return Err(StoreError::Url(told));
                }
                Some(("sslrootcert", path)) => found.authorities = Some(decoded(path).into()),
                _ => {
                    found.others.push(if found.others.is_empty() { '?' } else { '&' });
                    found.others.push_str(pair);
                }
            }
        }
        Ok(found)
    }

    /// The driver's default of `prefer` would quietly send the password and everything else over
    /// the network unprotected; and a server that nobody vouches for may be anybody's.
    fn server(self, mut config: postgres::Config) -> Result<Server, StoreError> {
        let Self { mode, authorities, .. } = self;
        let refused = |text: &str| Err(StoreError::Url(text.to_owned()));
        match (mode.as_deref(), &authorities) {
            (Some("disable"), Some(_)) => {
                return refused("`sslmode=disable` and `sslrootcert` contradict each other");
            }
            (Some("disable"), None) => config.ssl_mode(SslMode::Disable),
            (None | Some("prefer"), None) if is_local(&config) => config.ssl_mode(SslMode::Disable),
            (_, Some(_)) => config.ssl_mode(SslMode::Require),
            (_, None) => {
                return refused(
                    "name the certificate of whoever vouches for this PostgreSQL (the hospital's \
                     CA, PEM) with `sslrootcert=FILE`, or add `sslmode=disable` to accept a \
                     connection that others on the network can read",
                );
            }
        };
        Ok(Server { config, authorities })
    }
}

/// What stands before the parameters, and the parameters. A `?` in a password starts none.
fn parts(rest: &str) -> (&str, &str) {
    let is_query = |text: &str| {
        text.split('&').all(|pair| {
            pair.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            })
        })
    };
    let marks = rest.match_indices('?').map(|(at, _)| at);
    let found = marks.rev().find_map(|at| {
        let (place, query) = (rest.get(..at)?, rest.get(at + 1..)?);
        (query.is_empty() || is_query(query)).then_some((place, query))
    });
    found.unwrap_or((rest, ""))
}

/// The same place with name and password percent-encoded. The last `@` ends them, since no host and
/// no name of a database that is not encoded holds one.
fn encoded(place: &str) -> String {
    let Some((who, host)) = place.rsplit_once('@') else { return place.to_owned() };
    match who.split_once(':') {
        Some((name, password)) => {
            format!("{}:{}@{host}", encoded_part(name), encoded_part(password))
        }
        None => format!("{}@{host}", encoded_part(who)),
    }
}

fn encoded_part(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let hex = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_hexdigit);
        let kept = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if kept || (*byte == b'%' && hex(at + 1) && hex(at + 2)) {
            out.push(char::from(*byte));
        } else {
            push_encoded(&mut out, *byte);
        }
    }
    out
}

/// Adds a byte that may not stand in an address as itself (RFC 3986 section 2.1).
pub(crate) fn push_encoded(out: &mut String, byte: u8) {
    // Writing to a text cannot fail.
    let _ = write!(out, "%{byte:02X}");
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Ways to protect a connection. The last three are one here: the server is always made sure of.
const MODES: &[&str] = &["disable", "prefer", "require", "verify-ca", "verify-full"];

fn is_local(config: &postgres::Config) -> bool {
    let named_here = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        Host::Unix(_) => true,
    });
    named_here && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Kind::Postgres(server) => {
                f.write_str("postgres://")?;
                for (index, host) in server.config.get_hosts().iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    match host {
                        Host::Tcp(name) => f.write_str(name)?,
                        Host::Unix(path) => write!(f, "{}", path.display())?,
                    }
                }
                write!(f, "/{}", server.config.get_dbname().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn reads_what_names_a_store_and_refuses_the_rest() {
        for (text, want) in [
            ("sqlite:/var/lib/regimen/regimen.db",      Some("sqlite:/var/lib/regimen/regimen.db")),
            ("sqlite://data/regimen.db",                Some("sqlite:data/regimen.db")),
            ("postgres://ann:secret@localhost/regimen", Some("postgres://localhost/regimen")),
            ("postgresql://ann@127.0.0.1:5433/r",       Some("postgres://127.0.0.1/r")),
            ("postgres://ann@[::1]/r",                  Some("postgres://::1/r")),
            ("postgres:///r?host=/run/postgresql",      Some("postgres:///run/postgresql/r")),
            ("postgres://a:b@db.hospital/r?sslmode=disable", Some("postgres://db.hospital/r")),
            ("postgres://a:b@db.hospital/r",            None),
            ("postgres://a@localhost/r?hostaddr=10.0.0.1", None),
            ("postgres://a@localhost/r?sslmode=require", None),
            ("postgres://a@db.hospital/r?sslrootcert=/etc/ca.pem", Some("postgres://db.hospital/r")),
            ("postgres://a@db.hospital/r?sslmode=verify-full&sslrootcert=ca.pem", Some("postgres://db.hospital/r")),
            ("postgres://a@db.hospital/r?sslmode=disable&sslrootcert=ca.pem", None),
            ("postgres://a@localhost/r?sslmode=often",  None),
            ("sqlite:",                                 None),
            ("mysql://a/b",                             None),
            ("",                                        None),
        ] {
            let read = StoreUrl::parse(text);
            assert_eq!(read.as_ref().ok().map(ToString::to_string).as_deref(), want, "{text}");
            assert!(!format!("{read:?}").contains("secret"), "{text}");
        }
    }

    /// Signs that end a part of an address, in a password as it is and encoded.
    #[test]
    #[rustfmt::skip]
    fn reads_passwords_as_they_are() {
        for (text, want) in [
            ("postgres://ann:secret@localhost/r",         "secret"),
            ("postgres://ann:a/b#c@d@localhost/r",        "a/b#c@d"),
            ("postgres://ann:a%2Fb%23c%40d@localhost/r",  "a/b#c@d"),
            ("postgres://ann:a?b@localhost/r?connect_timeout=5", "a?b"),
            ("postgres://ann:a:b@localhost/r",            "a:b"),
            ("postgres://ann:50%25@localhost/r",          "50%"),
            ("postgres://ann:50%@localhost/r",            "50%"),
            ("postgres://ann:p@@localhost:5433/r",        "p@"),
            ("postgres://ann:ü [x]@localhost/r",          "ü [x]"),
        ] {
            let StoreUrl(Kind::Postgres(server)) = StoreUrl::parse(text).unwrap() else {
                panic!("{text}")
            };
            let config = &server.config;
            assert_eq!(config.get_password(), Some(want.as_bytes()), "{text}");
            assert_eq!((config.get_user(), config.get_dbname()), (Some("ann"), Some("r")), "{text}");
            assert_eq!(config.get_hosts(), [Host::Tcp("localhost".to_owned())], "{text}");
        }
    }
}
