//! PostgreSQL: a few connections, and one writer at a time by an advisory lock.
//!
//! Source: PostgreSQL 15 manual, 13.2 (isolation), 9.27.10 (advisory locks).

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::Scope;
use postgres::{Client, Config, IsolationLevel, NoTls, Statement};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;
use crate::engine::error::PostgresCause;
use crate::engine::tx::{Tx, WriteTx};
use crate::engine::url::Server;

/// A PostgreSQL database.
pub(crate) struct Postgres {
    config: Config,
    place: String,
    writes: bool,
    tls: Option<MakeRustlsConnect>,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    made: usize,
}

struct Connection {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Postgres {
    pub(crate) fn new(server: &Server, place: String, writes: bool) -> Result<Self, StoreError> {
        let mut config = server.config.clone();
        config.application_name("regimen");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let tls = server.authorities.as_deref().map(tls).transpose()?;
        let (pool, returned) = (Mutex::default(), Condvar::new());
        Ok(Self { config, place, writes, tls, pool, returned })
    }

    /// Writes behave as on SQLite: one at a time, each seeing all before it. The lock is taken
    /// first, and at this level every statement sees what was committed before the statement.
    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if !self.writes {
            return Err(StoreError::ReadOnly.into());
        }
        let mut lent = self.connection()?;
        let connection = lent.connection()?;
        let mut transaction = connection
            .client
            .build_transaction()
            .isolation_level(IsolationLevel::ReadCommitted)
            .start()
            .map_err(StoreError::from)?;
        transaction
            .batch_execute(&format!(
                "SET LOCAL lock_timeout = '{WRITER_WAITS_SECONDS}s'; \
                 SELECT pg_advisory_xact_lock({WRITE_LOCK}); SET LOCAL lock_timeout = 0"
            ))
            .map_err(StoreError::from)?;
        let tx = WriteTx::new(Tx::postgres(transaction, &mut connection.statements));
        let value = work(&tx)?;
        if let Some(transaction) = tx.into_tx().into_postgres() {
            transaction.commit().map_err(StoreError::from)?;
        }
        Ok(value)
    }

    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        scope: &Scope,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut lent = self.connection()?;
        let connection = lent.connection()?;
        let transaction = connection
            .client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .map_err(StoreError::from)?;
        work(&Tx::postgres(transaction, &mut connection.statements).within(scope))
    }

    fn connection(&self) -> Result<Lent<'_>, StoreError> {
        let mut pool = self.lock_pool();
        loop {
            match pool.idle.pop() {
                Some(connection) if connection.client.is_closed() => pool.made -= 1,
                Some(connection) => {
                    return Ok(Lent { home: self, connection: Some(connection) });
                }
                None if pool.made < CONNECTIONS_MAX => break,
                None => pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner),
            }
        }
        pool.made += 1;
        drop(pool);
        // From here on the place taken above is given back on drop, connected or not.
        let mut lent = Lent { home: self, connection: None };
        let client = self.connect()?;
        lent.connection = Some(Connection { client, statements: HashMap::new() });
        Ok(lent)
    }

    fn connect(&self) -> Result<Client, StoreError> {
        self.dial().map_err(|error| StoreError::Open {
            place: self.place.clone(),
            source: Box::new(PostgresCause(error)),
        })
    }

    /// A session that holds the lock of imports for as long as it lives.
    pub(crate) fn turn(&self, patience: Duration) -> Result<Client, StoreError> {
        let mut client = self.connect()?;
        client.batch_execute(&format!(
            "SET lock_timeout = '{}ms'; SELECT pg_advisory_lock({IMPORT_LOCK})",
            patience.as_millis().max(1)
        ))?;
        Ok(client)
    }

    fn dial(&self) -> Result<Client, postgres::Error> {
        match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        }
    }

    /// Writes tables anew without what was removed from them. What the server logged is its own.
    pub(crate) fn scrub(&self, tables: &[String]) -> Result<(), StoreError> {
        let mut lent = self.connection()?;
        let connection = lent.connection()?;
        for table in tables {
            connection.client.batch_execute(&format!("VACUUM FULL {table}"))?;
        }
        Ok(())
    }

    fn lock_pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// TLS to a server that one of `authorities` vouches for, by the name that it was asked by.
fn tls(authorities: &Path) -> Result<MakeRustlsConnect, StoreError> {
    let refused = |why: String| {
        StoreError::Url(format!("`sslrootcert={}` cannot be used: {why}", authorities.display()))
    };
    let pem = std::fs::read(authorities).map_err(|error| refused(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        roots.add(certificate).map_err(|error| refused(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refused("it holds no certificate in PEM".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// A connection that goes back where it came from.
struct Lent<'s> {
    home: &'s Postgres,
    connection: Option<Connection>,
}

impl Lent<'_> {
    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or_else(|| {
            StoreError::corrupt("a loan without a connection") // only a bug in this file
        })
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.home.lock_pool();
        match self.connection.take() {
            Some(connection) => pool.idle.push(connection),
            None => pool.made = pool.made.saturating_sub(1),
        }
        drop(pool);
        self.home.returned.notify_one();
    }
}

/// Key of the advisory lock that every write takes; `regimen` on a telephone's keys.
const WRITE_LOCK: i64 = 7_344_636;

/// Key of the lock that an import of devices holds from its first batch to its last.
const IMPORT_LOCK: i64 = WRITE_LOCK + 1;

/// How long a writer waits for those before it.
const WRITER_WAITS_SECONDS: u64 = 30;

/// Connections at the same time; a server of default size has 100 for everybody.
const CONNECTIONS_MAX: usize = 8;

/// How long to wait for the server to answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
