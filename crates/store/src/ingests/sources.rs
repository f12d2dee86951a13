//! Sources: what was taken in, told apart by content and reader.
//!
//! A source is written down with the first fact that names it, which may be before the ingest is;
//! the act that notes the ingest says that it was this one.

use std::collections::BTreeMap;

use model::{Source, SourceId};

use crate::StoreError;
use crate::engine::sql::{Param, Row};
use crate::engine::tx::WriteTx;

impl WriteTx<'_> {
    /// Says which ingest took a source in.
    pub fn note_source(&self, id: &SourceId, name: &str, ingest: u64) -> Result<(), StoreError> {
        let number = self.source_number(&Named { id, name })?;
        let sql = "UPDATE source SET ingest = ?2 WHERE number = ?1 AND ingest IS NULL";
        self.run(sql, &[number.into(), ingest.into()])?;
        Ok(())
    }

    /// Numbers of sources, each asked for once.
    pub(crate) fn source_numbers<'s>(
        &self,
        sources: impl Iterator<Item = &'s Source>,
    ) -> Result<BTreeMap<SourceId, i64>, StoreError> {
        let mut numbers = BTreeMap::new();
        for named in sources.filter_map(Named::of) {
            if !numbers.contains_key(named.id) {
                numbers.insert(named.id.clone(), self.source_number(&named)?);
            }
        }
        Ok(numbers)
    }

    fn source_number(&self, named: &Named<'_>) -> Result<i64, StoreError> {
        let known = "SELECT number FROM source WHERE content_hash = ?1 AND parser = ?2";
        let key: [Param<'_>; 2] = [(&named.id.content_hash).into(), (&named.id.parser).into()];
        if let Some(number) = self.first(known, &key, Row::int)? {
            return Ok(number);
        }
        let number = self.next_number("source")?;
        let [content_hash, parser] = key;
        self.run(
            "INSERT INTO source (number, content_hash, parser, name) VALUES (?1, ?2, ?3, ?4)",
            &[number.into(), content_hash, parser, named.name.into()],
        )?;
        Ok(number)
    }
}

/// A source with the name of its file.
struct Named<'s> {
    id: &'s SourceId,
    name: &'s str,
}

impl<'s> Named<'s> {
    fn of(source: &'s Source) -> Option<Self> {
        let name = match source {
            Source::Wire { capture, .. } => capture,
            Source::File { path, .. } => path,
            Source::Rule { .. } | Source::Person { .. } => return None,
        };
        Some(Self { id: source.id()?, name })
    }
}
