//! Devices whose record changed, so that they share other verdicts than before: what that changed.

use std::collections::BTreeMap;

use model::{DeviceId, Timestamp};

use crate::StoreError;
use crate::engine::sql::Row;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{DecisionRow, Stamp};
use crate::verdicts::held::{Held, differences};

/// How long a device had a configuration, by number of the decisions.
pub(super) struct Period {
    pub(super) configuration: i64,
    pub(super) after: i64,
    pub(super) until: i64,
}

/// A device that moved from one configuration to another.
struct Move {
    number: i64,
    device: String,
    from: i64,
    to: i64,
}

impl Tx<'_> {
    /// Whether a device moved whose new configuration is decided by now, and history does not say
    /// yet what that changed.
    pub fn has_untold_moves(&self, stamp: &Stamp) -> Result<bool, StoreError> {
        Ok(!self.untold(stamp, 1)?.is_empty())
    }

    /// The configurations that a device had and has, oldest first.
    pub(super) fn periods(&self, device: &str) -> Result<Vec<Period>, StoreError> {
        let sql = "SELECT from_configuration, to_configuration, decision FROM device_move \
             WHERE device = ?1 AND told IS NOT NULL ORDER BY number";
        let moves =
            self.rows(sql, &[device.into()], |row| Ok((row.int()?, row.int()?, row.int()?)))?;
        let now = "SELECT configuration FROM device WHERE id = ?1";
        let now = self.first(now, &[device.into()], Row::int)?;
        let first = moves.first().map(|(from, _, _)| *from).or(now);
        let mut periods = Vec::new();
        let (mut configuration, mut after) = (first, 0);
        for (_, to, decision) in moves {
            periods.extend(configuration.map(|configuration| Period {
                configuration,
                after,
                until: decision,
            }));
            (configuration, after) = (Some(to), decision);
        }
        periods.extend(configuration.map(|configuration| Period {
            configuration,
            after,
            until: i64::MAX,
        }));
        Ok(periods)
    }

    fn untold(&self, stamp: &Stamp, limit: u64) -> Result<Vec<Move>, StoreError> {
        let generation = i64::try_from(stamp.generation).unwrap_or(i64::MAX);
        let params = [generation.into(), (&stamp.engine).into(), limit.into()];
        self.rows(UNTOLD, &params, |row| {
            let (number, device) = (row.int()?, row.text()?);
            Ok(Move { number, device, from: row.int()?, to: row.int()? })
        })
    }
}

impl WriteTx<'_> {
    /// Notes that a device has another configuration now. Moves that history does not tell of yet
    /// are one.
    pub(crate) fn note_move(&self, device: DeviceId, from: i64, to: i64) -> Result<(), StoreError> {
        let device = device.to_string();
        let sql = "UPDATE device_move SET to_configuration = ?2 WHERE device = ?1 AND told IS NULL";
        if self.run(sql, &[(&device).into(), to.into()])? > 0 {
            return Ok(());
        }
        let number = self.next_number("device_move")?;
        self.run(
            "INSERT INTO device_move (number, device, from_configuration, to_configuration) \
             VALUES (?1, ?2, ?3, ?4)",
            &[number.into(), device.into(), from.into(), to.into()],
        )
        .map(drop)
    }

    /// Writes down what changed for up to `limit` devices that moved and are decided by now.
    pub fn tell_moves(
        &self,
        stamp: &Stamp,
        at: Timestamp,
        limit: u64,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        let moves = self.untold(stamp, limit)?;
        let mut numbers: Vec<i64> = moves.iter().flat_map(|one| [one.from, one.to]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let held = self.held(&numbers, None)?;
        let (mut told, mut all) = (BTreeMap::new(), Vec::new());
        for one in &moves {
            let of = |number| held.get(&number).map_or(Held::default(), |(held, _)| held.clone());
            let rows = told
                .entry((one.from, one.to))
                .or_insert_with(|| differences(&of(one.from), &of(one.to), at, CHANGED));
            self.put_decisions(one.to, &one.device, rows)?;
            all.extend(rows.iter().map(|row| row.row.clone()));
            let last = self.number("SELECT MAX(number) FROM decision", &[])?;
            let done = "UPDATE device_move SET told = ?2, decision = ?3 WHERE number = ?1";
            self.run(done, &[one.number.into(), at.into(), last.into()])?;
        }
        Ok(all)
    }
}

/// Why the verdicts of a device changed whose record changed.
const CHANGED: &str = "the record of the device changed (maker, model, version or software)";

const UNTOLD: &str = "SELECT m.number, m.device, m.from_configuration, m.to_configuration \
     FROM device_move m JOIN configuration c ON c.number = m.to_configuration \
     WHERE m.told IS NULL AND c.matched = 1 AND (c.devices = 0 \
         OR (c.generation = ?1 AND c.engine = ?2)) ORDER BY m.number LIMIT ?3";
