//! Device classes: what people call them, and which keep a patient alive.
//!
//! Source: `knowledge/classes.csv`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

struct Class {
    name: &'static str,
    care_function: &'static str,
}

/// What people call a class; its key where it is not registered.
pub(crate) fn class(key: impl AsRef<str>) -> String {
    let key = key.as_ref();
    CLASSES.get(key).map_or_else(|| super::text(key), |class| class.name.to_owned())
}

/// A class with what it does for care, e.g. `Infusion pump (therapy)`.
pub(crate) fn class_and_care(key: impl AsRef<str>) -> String {
    let key = key.as_ref();
    match CLASSES.get(key).map(|class| class.care_function) {
        Some(care) if !["none", "unknown"].contains(&care) => {
            format!("{} ({})", class(key), care.replace('_', " "))
        }
        _ => class(key),
    }
}

/// True where a device of this class keeps a patient alive.
pub(crate) fn is_life_support(key: &str) -> bool {
    CLASSES.get(key).is_some_and(|class| class.care_function == "life_support")
}

static CLASSES: LazyLock<BTreeMap<&'static str, Class>> = LazyLock::new(|| {
    let table = include_str!("../../../../knowledge/classes.csv");
    let mut lines = table.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| heading.iter().position(|found| *found == name);
    let (key, name, care) = (column("key"), column("name"), column("care_function"));
    let rows = lines.filter_map(|line| {
        let cells: Vec<&'static str> = line.split(',').collect();
        let cell = |place: Option<usize>| cells.get(place?).copied();
        Some((cell(key)?, Class { name: cell(name)?, care_function: cell(care)? }))
    });
    rows.collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_read_whole() {
        let table = include_str!("../../../../knowledge/classes.csv");
        assert_eq!(CLASSES.len(), table.lines().count() - 1);
        assert!(!table.contains('"'), "a quoted cell needs a real CSV reader");
        assert_eq!(class("ct_scanner"), "CT scanner");
        assert_eq!(class("<x>"), "<x>");
        assert_eq!(class_and_care("infusion_pump"), "Infusion pump (therapy)");
        assert!(is_life_support("ventilator") && !is_life_support("syringe_pump"));
        assert!(is_life_support("ventilator") && !is_life_support("printer"));
    }
}
