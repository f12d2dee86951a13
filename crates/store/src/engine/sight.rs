//! What a transaction sees: the whole house, or the part of it that a scope reaches.
//!
//! A transaction of a part puts a definition of that part before each of its queries, under the
//! names of the tables, so that no query needs to know of scopes and none can forget them: a count,
//! a search and a look-up see the same devices, and what hangs on other devices is not there.
//! Counters that are kept for the whole house are counted anew.
//!
//! Limits: [`TABLES`] names every table; a test holds it against the schema, so that a new table
//! is given its place before it can be read.

use model::Scope;

use crate::engine::sql::Param;
use crate::engine::tx::placeholders;
use crate::verdicts::settle::DISCLOSURE_COUNTS;

/// Definitions to put before each query, and the values that stand in them.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    sites: Vec<String>,
    departments: Vec<String>,
    postgres: bool,
}

impl Sight {
    /// Nothing to define where the whole house is seen.
    pub(crate) fn of(scope: &Scope, postgres: bool) -> Option<Self> {
        let Scope::Within { sites, departments } = scope else { return None };
        Some(Self {
            sites: sites.iter().cloned().collect(),
            departments: departments.iter().map(|name| name.to_ascii_lowercase()).collect(),
            postgres,
        })
    }

    /// `sql` with the definitions before it, the first `given` values being its own.
    pub(crate) fn narrow(&self, sql: &str, given: usize) -> String {
        let sites = one_of(given + 1, self.sites.len());
        let departments = one_of(given + 1 + self.sites.len(), self.departments.len());
        // Of its own name a definition sees the table itself in PostgreSQL, and itself in SQLite.
        let own = if self.postgres { "" } else { "main." };
        let defined = TABLES.iter().filter_map(|table| {
            let seen = table.seen?.replace("{sites}", &sites);
            let seen = seen.replace("{departments}", &departments).replace("{own}", own);
            let seen = seen.replace("{counts}", DISCLOSURE_COUNTS).replace("{these}", "");
            Some(format!("{} AS NOT MATERIALIZED ({seen})", table.name))
        });
        let all: Vec<String> = defined.collect();
        let (separator, rest) = sql.strip_prefix("WITH ").map_or((" ", sql), |rest| (", ", rest));
        format!("WITH {}{separator}{rest}", all.join(", "))
    }

    /// The values of a query, and those of the definitions behind them.
    pub(crate) fn params<'p>(&'p self, given: &[Param<'p>]) -> Vec<Param<'p>> {
        let own = self.sites.iter().chain(&self.departments).map(Param::from);
        given.iter().cloned().chain(own).collect()
    }
}

/// `IN (…)` of so many values from placeholder `first`; of none, what never holds.
fn one_of(first: usize, count: usize) -> String {
    if count == 0 { "IN (NULL)".to_owned() } else { format!("IN ({})", placeholders(first, count)) }
}

/// A table, and which of its rows a part of the house sees.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// A query in place of the table; none where every row is the house's own: knowledge, what is
    /// published, settings without secrets.
    seen: Option<&'static str>,
}

macro_rules! tables {
    ($($name:literal $(=> $seen:expr)?,)+) => {
        /// Every table, those first that others are defined by.
        pub(crate) const TABLES: &[Table] =
            &[$(Table { name: $name, seen: tables!(@seen $name $($seen)?) },)+];
    };
    (@seen $name:literal) => { None };
    (@seen $name:literal $seen:expr) => { Some($seen) };
}

macro_rules! of_device {
    ($name:literal) => {
        concat!("SELECT * FROM {own}", $name, " WHERE device IN (SELECT number FROM device)")
    };
}

macro_rules! nothing {
    ($name:literal) => {
        concat!("SELECT * FROM {own}", $name, " WHERE 1 = 0")
    };
}

tables! {
    "device" => "SELECT * FROM {own}device WHERE site {sites} OR number IN (SELECT f.device \
        FROM {own}fact f WHERE f.attribute = 'department' AND LOWER(f.value) {departments})",
    "device_row" => "SELECT * FROM {own}device_row WHERE number IN (SELECT number FROM device)",
    "import_row" => of_device!("import_row"),
    "device_search" => of_device!("device_search"),
    "device_body" => of_device!("device_body"),
    "fact" => of_device!("fact"),
    "identifier" => of_device!("identifier"),
    "software" => of_device!("software"),
    "merged_device" => "SELECT * FROM {own}merged_device \
        WHERE merged_into IN (SELECT id FROM device)",
    "conversation" => "SELECT * FROM {own}conversation WHERE client IN (SELECT id FROM device) \
        OR server IN (SELECT id FROM device)",
    "configuration" => "SELECT c.number, c.name, \
        (SELECT COUNT(*) FROM device d WHERE d.configuration = c.number AND d.retired = 0) \
        AS devices, c.matched, c.affected, c.unknown, c.not_affected, c.exploited, c.generation, \
        c.engine FROM {own}configuration c WHERE c.number IN (SELECT configuration FROM device)",
    "configuration_said" => "SELECT * FROM {own}configuration_said \
        WHERE configuration IN (SELECT configuration FROM device)",
    "verdict" => "SELECT * FROM {own}verdict \
        WHERE configuration IN (SELECT configuration FROM device)",
    "decision" => "SELECT * FROM {own}decision \
        WHERE configuration IN (SELECT configuration FROM device) \
        AND (device = '' OR device IN (SELECT id FROM device))",
    "device_history" => "SELECT * FROM {own}device_history \
        WHERE device IN (SELECT id FROM device)",
    "device_move" => "SELECT * FROM {own}device_move WHERE device IN (SELECT id FROM device)",
    "disclosure" => "SELECT s.number, s.name, s.tracking_id, s.publisher, s.title, s.version, \
        s.released, s.updated, s.received, s.vulnerabilities, s.score, s.search, \
        s.current_version, s.exploited, CAST(COALESCE(t.affected, 0) AS BIGINT) AS affected, \
        CAST(COALESCE(t.unknown, 0) AS BIGINT) AS unknown, \
        CAST(COALESCE(t.not_affected, 0) AS BIGINT) AS not_affected, \
        s.namespace, s.status, s.accepted_version \
        FROM {own}disclosure s LEFT JOIN ({counts}) t ON t.disclosure = s.number",
    "ingest" => "SELECT * FROM {own}ingest WHERE site {sites} \
        OR kind IN ('csaf', 'kev', 'epss')",
    "source" => "SELECT * FROM {own}source WHERE ingest IN (SELECT number FROM ingest)",
    "ingest_skip" => "SELECT * FROM {own}ingest_skip WHERE ingest IN (SELECT number FROM ingest)",
    "stream" => "SELECT * FROM {own}stream WHERE site {sites}",
    "stream_row" => "SELECT * FROM {own}stream_row WHERE stream IN (SELECT number FROM stream) \
        AND device IN (SELECT number FROM device)",
    "evidence" => nothing!("evidence"),
    "evidence_text" => nothing!("evidence_text"),
    "checkpoint" => nothing!("checkpoint"),
    "event" => nothing!("event"),
    "session" => nothing!("session"),
    "credential" => nothing!("credential"),
    "role_grant" => nothing!("role_grant"),
    "agreement" => nothing!("agreement"),
    "person" => nothing!("person"),
    "import",
    "job",
    "document",
    "disclosure_version",
    "disclosure_vulnerability",
    "parsed_document",
    "kev",
    "epss",
    "question",
    "remediation",
    "setting",
    "schema_step",
    "trust",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::engine::sql::Row;
    use crate::{Store, StoreError, StoreUrl};

    fn names(store: &Store, sql: &str) -> Vec<String> {
        store.read(|tx| tx.rows(sql, &[], Row::text)).unwrap()
    }

    #[test]
    fn every_table_has_its_place_and_keeps_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreUrl::in_folder(folder.path())).unwrap();
        let sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')";
        let there: BTreeSet<String> = names(&store, sql).into_iter().collect();
        let listed: BTreeSet<String> = TABLES.iter().map(|table| table.name.to_owned()).collect();
        assert_eq!(there, listed, "say in TABLES which rows of a table a part of the house sees");
        let sight = Sight { sites: vec!["x".to_owned()], departments: Vec::new(), postgres: false };
        for table in TABLES.iter().filter(|table| table.seen.is_some()) {
            let sql = format!("SELECT name FROM pragma_table_info('{}')", table.name);
            let columns = names(&store, &sql).join(", ");
            let narrowed = sight.narrow(&format!("SELECT {columns} FROM {}", table.name), 0);
            let own = [Param::from("x")];
            let read = store.read(|tx| tx.rows(&narrowed, &own, |_| Ok(())));
            assert!(read.is_ok(), "{}: a column is missing: {:?}", table.name, read.err());
        }
    }

    #[test]
    fn nothing_named_is_nothing_seen() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreUrl::in_folder(folder.path())).unwrap();
        store.write(|tx| tx.put_ingest_of("inventory", None)).unwrap();
        store.write(|tx| tx.put_ingest_of("kev", None)).unwrap();
        let seen = |scope: &Scope| {
            let count = |tx: &crate::Tx<'_>| tx.count("SELECT COUNT(*) FROM ingest", &[]);
            store.read_within::<_, StoreError>(scope, count).unwrap()
        };
        assert_eq!((seen(&Scope::Everywhere), seen(&Scope::nowhere())), (2, 1));
    }

    impl crate::WriteTx<'_> {
        fn put_ingest_of(&self, kind: &str, site: Option<&str>) -> Result<(), StoreError> {
            let row = crate::records::IngestRow {
                name: "x".to_owned(),
                kind: kind.to_owned(),
                content_hash: String::new(),
                at: model::Timestamp::EPOCH,
                by: "ada".to_owned(),
                read: 0,
                accepted: 0,
                unchanged: 0,
                skipped: Vec::new(),
                skipped_count: 0,
            };
            self.put_ingest(&row, site).map(drop)
        }
    }
}
