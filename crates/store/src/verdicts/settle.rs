//! Counting anew, at the end of a transaction, what hangs on what it changed.
//!
//! Lists show counters (verdicts per device, devices per disclosure) that would be far too slow to
//! count while somebody waits, so they are kept, and always by these few statements alone.

use crate::StoreError;
use crate::engine::conditions::{Conditions, LIST_MAX};
use crate::engine::sql::{Param, Row};
use crate::engine::tx::WriteTx;

impl WriteTx<'_> {
    /// Brings every counter up to date. Runs before each commit.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        if self.kev_changed.get() {
            self.settle_kev()?;
        }
        let devices: Vec<i64> = self.touched.borrow().iter().copied().collect();
        for batch in devices.chunks(LIST_MAX) {
            self.touch_disclosures_of(batch)?;
        }
        let mut all = self.touched.borrow().clone();
        all.extend(self.touched_verdicts.borrow().iter());
        let all: Vec<i64> = all.into_iter().collect();
        for batch in all.chunks(LIST_MAX) {
            self.settle_configurations(batch)?;
        }
        let disclosures: Vec<i64> = self.touched_disclosures.borrow().iter().copied().collect();
        for batch in disclosures.chunks(LIST_MAX) {
            self.settle_disclosures(batch)?;
        }
        Ok(())
    }

    /// A catalogue that changed can change what is marked exploited anywhere.
    fn settle_kev(&self) -> Result<(), StoreError> {
        let all = self.rows("SELECT number FROM configuration", &[], Row::int)?;
        self.touched_verdicts.borrow_mut().extend(all);
        self.run(
            "UPDATE disclosure SET exploited = CASE WHEN EXISTS (SELECT 1 \
             FROM disclosure_vulnerability v JOIN kev k ON k.vulnerability = v.vulnerability \
             WHERE v.disclosure = disclosure.number) THEN 1 ELSE 0 END",
            &[],
        )?;
        Ok(())
    }

    fn settle_configurations(&self, numbers: &[i64]) -> Result<(), StoreError> {
        let values = || numbers.iter().map(|number| Param::from(*number));
        let mut these = Conditions::default();
        these.and_one_of("number", values());
        self.run(&format!("{COUNT_CONFIGURATION}{}", these.sql()), &these.params)?;
        let mut devices = Conditions::default();
        devices.and("c.number = device_row.configuration");
        devices.and_one_of("device_row.configuration", values());
        devices.and(
            "(device_row.affected <> c.affected OR device_row.unknown <> c.unknown \
             OR device_row.not_affected <> c.not_affected \
             OR device_row.exploited <> c.exploited)",
        );
        self.run(&format!("{COPY_TO_DEVICES}{}", devices.sql()), &devices.params)?;
        Ok(())
    }

    /// Where other devices have a configuration, every disclosure that speaks of it counts others.
    fn touch_disclosures_of(&self, configurations: &[i64]) -> Result<(), StoreError> {
        let mut of = Conditions::default();
        of.and_one_of_numbers("configuration", configurations);
        let sql = format!("SELECT DISTINCT disclosure FROM verdict{}", of.sql());
        let disclosures = self.rows(&sql, &of.params, Row::int)?;
        self.touched_disclosures.borrow_mut().extend(disclosures);
        Ok(())
    }

    fn settle_disclosures(&self, numbers: &[i64]) -> Result<(), StoreError> {
        let mut these = Conditions::default();
        these.and_one_of("number", numbers.iter().map(|number| Param::from(*number)));
        let none = "UPDATE disclosure SET affected = 0, unknown = 0, not_affected = 0";
        self.run(&format!("{none}{}", these.sql()), &these.params)?;
        let mut of = Conditions::default();
        of.and_one_of("disclosure", numbers.iter().map(|number| Param::from(*number)));
        let counts = DISCLOSURE_COUNTS.replace("{these}", &of.sql());
        let sql = format!(
            "UPDATE disclosure SET affected = t.affected, unknown = t.unknown, \
             not_affected = t.not_affected FROM ({counts}) t \
             WHERE t.disclosure = disclosure.number"
        );
        self.run(&sql, &of.params)?;
        Ok(())
    }
}

/// A vulnerability that two disclosures name counts once.
const COUNT_CONFIGURATION: &str = "UPDATE configuration SET \
     devices = (SELECT COUNT(*) FROM device d WHERE d.configuration = configuration.number \
         AND d.retired = 0), \
     affected = (SELECT COUNT(DISTINCT v.vulnerability) FROM verdict v \
         WHERE v.configuration = configuration.number AND v.rank = 0), \
     unknown = (SELECT COUNT(DISTINCT v.vulnerability) FROM verdict v \
         WHERE v.configuration = configuration.number AND v.rank = 1), \
     not_affected = (SELECT COUNT(DISTINCT v.vulnerability) FROM verdict v \
         WHERE v.configuration = configuration.number AND v.rank = 2), \
     exploited = CASE WHEN EXISTS (SELECT 1 FROM verdict v \
         JOIN kev k ON k.vulnerability = v.vulnerability \
         WHERE v.configuration = configuration.number AND v.rank = 0) THEN 1 ELSE 0 END";

const COPY_TO_DEVICES: &str = "UPDATE device_row SET affected = c.affected, unknown = c.unknown, \
     not_affected = c.not_affected, exploited = c.exploited FROM configuration c";

/// Devices by their worst verdict of each disclosure.
pub(crate) const DISCLOSURE_COUNTS: &str = "SELECT w.disclosure, \
     SUM(CASE WHEN w.worst = 0 THEN c.devices ELSE 0 END) AS affected, \
     SUM(CASE WHEN w.worst = 1 THEN c.devices ELSE 0 END) AS unknown, \
     SUM(CASE WHEN w.worst = 2 THEN c.devices ELSE 0 END) AS not_affected \
     FROM (SELECT disclosure, configuration, MIN(rank) AS worst FROM verdict{these} \
         GROUP BY disclosure, configuration) w \
     JOIN configuration c ON c.number = w.configuration GROUP BY w.disclosure";
