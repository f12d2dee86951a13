//! Invented makers and products: the hospital is built from these two tables.
//!
//! Source: `knowledge/simulate-makers.csv`, `knowledge/simulate-products.csv`. Every name is
//!         invented; nothing in the identity engine reads these files.

/// A product as the catalogue lists it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    pub(crate) key: &'static str,
    pub(crate) class: &'static str,
    pub(crate) maker: &'static str,
    pub(crate) model: &'static str,
    pub(crate) model_number: &'static str,
    pub(crate) os: &'static str,
    /// Versions in the field, handed out in turn.
    pub(crate) versions: &'static str,
    pub(crate) zone: &'static str,
    /// Weight in the mix.
    pub(crate) share: usize,
    /// A hospital of any size has at least so many.
    pub(crate) least: usize,
    /// Start of its host names.
    pub(crate) name: &'static str,
}

impl Product {
    /// The version of the device with this place among its kind.
    pub(crate) fn version(&self, place: usize) -> &'static str {
        let count = self.versions.split(';').count();
        self.versions.split(';').nth(place % count).unwrap_or_default()
    }
}

/// A maker as the catalogue lists it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker {
    pub(crate) name: &'static str,
    pub(crate) domain: &'static str,
    /// Other ways in which people write the name.
    pub(crate) spellings: &'static str,
}

/// Every product, in the order of the table.
pub(crate) fn products() -> Vec<Product> {
    rows(PRODUCTS).map(|row| product(&row)).collect()
}

/// Every maker, in the order of the table.
pub(crate) fn makers() -> Vec<Maker> {
    rows(MAKERS)
        .map(|row| Maker { name: cell(&row, 0), domain: cell(&row, 1), spellings: cell(&row, 2) })
        .collect()
}

fn product(row: &[&'static str]) -> Product {
    Product {
        key: cell(row, 0),
        class: cell(row, 1),
        maker: cell(row, 2),
        model: cell(row, 3),
        model_number: cell(row, 4),
        os: cell(row, 5),
        versions: cell(row, 6),
        zone: cell(row, 7),
        share: cell(row, 8).parse().unwrap_or(0),
        least: cell(row, 9).parse().unwrap_or(0),
        name: cell(row, 10),
    }
}

/// Rows below the header. The tables hold no quotes, which a test ensures.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|line| line.split(',').collect())
}

fn cell(row: &[&'static str], index: usize) -> &'static str {
    row.get(index).copied().unwrap_or_default()
}

const PRODUCTS: &str = include_str!("../../../knowledge/simulate-products.csv");
const MAKERS: &str = include_str!("../../../knowledge/simulate-makers.csv");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::network::Zone;

    #[test]
    fn tables_are_whole() {
        for (table, columns) in [(PRODUCTS, 13), (MAKERS, 5)] {
            for line in table.lines() {
                assert_eq!(line.split(',').count(), columns, "{line}");
                assert!(!line.contains('"'), "{line}");
            }
        }
        let makers: BTreeSet<_> = makers().iter().map(|maker| maker.name).collect();
        let classes: BTreeSet<_> = include_str!("../../../knowledge/classes.csv")
            .lines()
            .filter_map(|line| line.split(',').next())
            .collect();
        for product in products() {
            assert!(makers.contains(product.maker), "{}", product.key);
            assert!(classes.contains(product.class), "{}", product.key);
            assert!(Zone::named(product.zone).is_some(), "{}", product.key);
            assert!(product.share >= product.least, "{}", product.key);
        }
    }
}
