//! What the registered SOP classes are for, and the modality some of them imply.
//!
//! Source: `knowledge/dicom-sop-classes.csv`, from PS3.6 table A-1 and the modality of each IOD
//!         in PS3.3. Classes for several modalities, such as secondary capture, imply none.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One registered SOP class.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct SopClass {
    /// Service it belongs to, e.g. `storage`.
    pub(super) service: &'static str,
    /// Modality that every instance of it has; empty where there is no single one.
    pub(super) modality: &'static str,
}

impl SopClass {
    /// The role of whoever uses (`user`) or provides this class, where the service has one.
    pub(super) fn role(self, user: bool) -> Option<String> {
        let side = if user { "scu" } else { "scp" };
        (self.service != "other").then(|| format!("dicom_{}_{side}", self.service))
    }
}

/// The class with this UID; nothing for private and future classes.
pub(super) fn find(uid: &str) -> Option<SopClass> {
    CLASSES.get(uid).copied()
}

static CLASSES: LazyLock<BTreeMap<&'static str, SopClass>> =
    LazyLock::new(|| TABLE.lines().skip(1).filter_map(row).collect());

fn row(line: &'static str) -> Option<(&'static str, SopClass)> {
    let mut cells = line.split(',');
    let (uid, _name) = (cells.next()?, cells.next()?);
    Some((uid, SopClass { service: cells.next()?, modality: cells.next()? }))
}

const TABLE: &str = include_str!("../../../../../knowledge/dicom-sop-classes.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_a_class_is_for() {
        for (uid, service, modality) in [
            ("1.2.840.10008.1.1", "verification", ""),
            ("1.2.840.10008.5.1.4.1.1.2", "storage", "CT"),
            ("1.2.840.10008.5.1.4.1.1.7", "storage", ""),
            ("1.2.840.10008.5.1.4.31", "worklist", ""),
            ("1.2.840.10008.3.1.2.3.3", "procedure_step", ""),
            ("1.2.840.10008.5.1.4.1.2.2.1", "query", ""),
            ("1.2.840.10008.5.1.4.1.2.2.2", "retrieve", ""),
            ("1.2.840.10008.5.1.1.9", "print", ""),
            ("1.2.840.10008.1.20.1", "commitment", ""),
        ] {
            assert_eq!(find(uid), Some(SopClass { service, modality }), "{uid}");
        }
        assert_eq!(find("1.2.3"), None);
    }

    #[test]
    fn every_row_of_the_table_is_whole() {
        let rows: Vec<&str> = TABLE.lines().skip(1).collect();
        assert_eq!(CLASSES.len(), rows.len(), "a UID stands twice or a row is short");
        for line in rows {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), 6, "{line}");
            assert!(cells[0].bytes().all(|b| b == b'.' || b.is_ascii_digit()), "{line}");
            assert!(cells[3].is_empty() || cells[2] == "storage", "{line}");
        }
    }
}
