//! Makers by their BACnet vendor identifier.
//!
//! Source: `knowledge/bacnet-vendors.csv`: of the list that ASHRAE keeps, makers that hospitals
//!         are likely to have. Suppliers of protocol stacks only are left out.

/// The maker with this identifier, where the table has it.
pub(super) fn maker(identifier: u32) -> Option<&'static str> {
    rows().find(|(id, _)| *id == identifier).map(|(_, maker)| maker)
}

fn rows() -> impl Iterator<Item = (u32, &'static str)> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        Some((cells.next()?.parse().ok()?, cells.next()?))
    })
}

const TABLE: &str = include_str!("../../../../../knowledge/bacnet-vendors.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_makers() {
        for (identifier, want) in [(5, Some("Johnson Controls")), (260, None), (u32::MAX, None)] {
            assert_eq!(maker(identifier), want, "{identifier}");
        }
    }

    #[test]
    fn the_table_is_whole_and_in_order() {
        let identifiers: Vec<u32> = rows().map(|(identifier, _)| identifier).collect();
        assert_eq!(identifiers.len(), TABLE.lines().count() - 1, "every row is read");
        assert!(identifiers.is_sorted_by(|a, b| a < b), "ascending, none twice");
        assert!(TABLE.lines().all(|line| line.split(',').count() == 4), "four cells each");
    }
}
