//! Which database to use: `sqlite:PATH` or `postgres://…`.
//!
//! Privacy: a PostgreSQL address can hold a password. Neither `Debug` nor `Display` shows it.

use std::fmt;
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
    Postgres(Box<postgres::Config>),
}

impl StoreUrl {
    /// Reads `sqlite:PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    ///
    /// Fails where the text is neither, and where it asks for TLS, which this build does not have:
    /// a connection that was to be protected is never made in the clear.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(StoreError::Url("`sqlite:` needs the path of a file after it".to_owned()))
            } else {
                Ok(Self::sqlite(path))
            };
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            let message = "a store is `sqlite:PATH` or `postgres://USER@HOST/DATABASE`";
            return Err(StoreError::Url(message.to_owned()));
        }
        let config: postgres::Config = text.parse().map_err(|error: postgres::Error| {
            let reason = crate::engine::error::PostgresCause(error);
            StoreError::Url(format!("this is no PostgreSQL address: {reason}"))
        })?;
        refuse_what_would_be_in_the_clear(&config)?;
        Ok(Self(Kind::Postgres(Box::new(config))))
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

/// `require` cannot be met, and the driver's default of `prefer` would quietly send the password
/// and everything else over the network unprotected.
fn refuse_what_would_be_in_the_clear(config: &postgres::Config) -> Result<(), StoreError> {
    match config.get_ssl_mode() {
        SslMode::Disable => Ok(()),
        SslMode::Prefer if is_local(config) => Ok(()),
        SslMode::Prefer => Err(StoreError::Url(
            "this PostgreSQL is on another machine and this build has no TLS: reach it through a \
             tunnel on this machine, or add `sslmode=disable` to accept a connection that others \
             on the network can read"
                .to_owned(),
        )),
        _ => Err(StoreError::Url(
            "this build has no TLS for PostgreSQL, so `sslmode=require` cannot be met".to_owned(),
        )),
    }
}

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
            Kind::Postgres(config) => {
                f.write_str("postgres://")?;
                for (index, host) in config.get_hosts().iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    match host {
                        Host::Tcp(name) => f.write_str(name)?,
                        Host::Unix(path) => write!(f, "{}", path.display())?,
                    }
                }
                write!(f, "/{}", config.get_dbname().unwrap_or_default())
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
}
