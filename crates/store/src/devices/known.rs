//! Devices that identifiers point to, looked up and not loaded with their whole site.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Identifier, IdentifierKind};

use crate::StoreError;
use crate::devices::write::Body;
use crate::engine::conditions::{Conditions, LIST_MAX};
use crate::engine::sql::{Param, Row};
use crate::engine::tx::Tx;
use crate::records::KnownDevice;

impl Tx<'_> {
    /// Devices of `site` that these identifiers point to, by key, those that `import` wrote unseen
    /// among them; and devices of other sites, where an identifier belongs to the organization and
    /// points to none here. Of an identifier that many devices have two come, enough to see that it names
    /// none; of a network address all.
    pub fn known_devices(
        &self,
        site: &str,
        wanted: &BTreeSet<Identifier>,
        import: Option<i64>,
    ) -> Result<Vec<KnownDevice>, StoreError> {
        let mut numbers = BTreeSet::new();
        for kind in IdentifierKind::ALL {
            let of_kind = wanted.iter().filter(|one| one.kind() == kind);
            let values: Vec<&str> = of_kind.map(Identifier::value).collect();
            for batch in values.chunks(LIST_MAX) {
                let here = self.pointed_to("d.site = {}", site, kind, batch, import)?;
                let rest: Vec<&str> =
                    batch.iter().copied().filter(|value| !here.contains_key(*value)).collect();
                numbers.extend(here.into_values().flatten());
                if !kind.is_of_site() && !rest.is_empty() {
                    let there = self.pointed_to("d.site <> {}", site, kind, &rest, import)?;
                    numbers.extend(there.into_values().flatten());
                }
            }
        }
        let mut known = self.known_by_number(&numbers.into_iter().collect::<Vec<_>>())?;
        known.sort_by_key(|one| one.device.id);
        Ok(known)
    }

    fn pointed_to(
        &self,
        of_site: &str,
        site: &str,
        kind: IdentifierKind,
        values: &[&str],
        import: Option<i64>,
    ) -> Result<BTreeMap<String, BTreeSet<i64>>, StoreError> {
        let mut found = Conditions::default();
        found.and_value("i.kind = {}", kind.name());
        found.and_one_of("i.value", values.iter().map(|value| Param::from(*value)));
        found.and_value(of_site, site);
        found.and_value(
            "(d.import = {} OR d.import NOT IN \
             (SELECT u.number FROM import u WHERE u.ingest IS NULL))",
            import.unwrap_or_default(),
        );
        // Who had a network address last is decided by time, so everybody who had it comes.
        let (which, each) = match kind {
            IdentifierKind::Ip => ("i.device, i.device", ""),
            _ => ("MIN(i.device), MAX(i.device)", " GROUP BY i.value"),
        };
        let sql = format!(
            "SELECT i.value, {which} FROM identifier i \
             JOIN device_row d ON d.number = i.device{}{each}",
            found.sql()
        );
        let mut pointed: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        self.each(&sql, &found.params, |row| {
            let value = row.text()?;
            pointed.entry(value).or_default().extend([row.int()?, row.int()?]);
            Ok(())
        })?;
        Ok(pointed)
    }

    /// Some network addresses in use at `site`, private ones first: enough to see whether private
    /// addresses are in use there.
    pub fn addresses_in_use(&self, site: &str) -> Result<Vec<IpAddr>, StoreError> {
        let sql = "SELECT i.value FROM identifier i JOIN device d ON d.number = i.device \
             WHERE i.kind = 'ip' AND i.value >= ?1 AND i.value < ?2 AND d.site = ?3 LIMIT 1000";
        let mut all = Vec::new();
        for (from, to) in PRIVATE {
            let texts = self.rows(sql, &[from.into(), to.into(), site.into()], Row::text)?;
            all.extend(texts.iter().filter_map(|text| text.parse::<IpAddr>().ok()));
        }
        Ok(all)
    }

    fn known_by_number(&self, numbers: &[i64]) -> Result<Vec<KnownDevice>, StoreError> {
        let mut devices = self.devices_by_number(numbers.iter().copied())?;
        let mut rest = BTreeMap::new();
        for batch in numbers.chunks(LIST_MAX) {
            let mut these = Conditions::default();
            these.and_one_of("d.number", batch.iter().map(|number| Param::from(*number)));
            let sql = format!(
                "SELECT d.number, d.on_network, CASE WHEN EXISTS (SELECT 1 FROM stream_row r \
                 JOIN stream s ON s.number = r.stream WHERE r.device = d.number \
                 AND s.site = d.site AND r.gone IS NULL) THEN 1 ELSE 0 END, \
                 b.body FROM device_row d \
                 JOIN device_body b ON b.device = d.number{}",
                these.sql()
            );
            rest.extend(self.rows(&sql, &these.params, |row| {
                let (number, on_network, listed) = (row.int()?, row.truth()?, row.truth()?);
                Ok((number, (on_network, listed, row.json::<Body>()?.custom_fields)))
            })?);
        }
        let known = rest.into_iter().filter_map(|(number, (on_network, listed, custom_fields))| {
            let device = devices.remove(&number)?;
            Some(KnownDevice { device, custom_fields, on_network, listed })
        });
        Ok(known.collect())
    }
}

/// Where, in the order of texts, addresses of private use stand; others stand between them.
const PRIVATE: [(&str, &str); 6] = [
    ("10.", "10/"),
    ("192.168.", "192.168/"),
    ("172.", "172/"),
    ("169.254.", "169.254/"),
    ("100.", "100/"),
    ("f", "g"),
];
