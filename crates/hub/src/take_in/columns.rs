//! What the columns of an inventory are read as, shown so that a person can object.
//!
//! Input:  an inventory as it was read.
//! Output: headings with their attributes, and those that no attribute is known for.

use std::fmt;

use model::Attribute;
use serde::Serialize;

/// What the columns of an inventory are read as.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ColumnsRead {
    /// Name of the file, without its folder.
    pub name: String,
    /// Columns with an attribute, in their order.
    pub used: Vec<ColumnRead>,
    /// Headings that no attribute is known for; their cells are kept as they are written.
    pub not_used: Vec<String>,
    /// Those of `not_used` that are close to a known heading, with what that would say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub close: Vec<ColumnRead>,
}

/// A column and what it is read as.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ColumnRead {
    /// The heading as it is written.
    pub heading: String,
    /// What it says of a device.
    pub attribute: Attribute,
}

impl ColumnsRead {
    pub(crate) fn of(inventory: &assets::Inventory) -> Self {
        let mut read = Self { name: inventory.name.clone(), ..Self::default() };
        for (heading, attribute) in inventory.columns.iter().filter(|(h, _)| !h.is_empty()) {
            let heading = heading.clone();
            match attribute {
                Some(attribute) => read.used.push(ColumnRead { heading, attribute: *attribute }),
                None => read.not_used.push(heading),
            }
        }
        let close = inventory.close.iter().cloned();
        read.close = close.map(|(heading, attribute)| ColumnRead { heading, attribute }).collect();
        read
    }
}

/// `Equipment No. → asset id; not used: Colour, Serail No (is it serial?)`
impl fmt::Display for ColumnsRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |attribute: Attribute| match attribute {
            Attribute::AssetTag => "asset id".to_owned(),
            other => other.name().replace('_', " "),
        };
        let said =
            |column: &ColumnRead| format!("{} → {}", column.heading, words(column.attribute));
        f.write_str(&self.used.iter().map(said).collect::<Vec<_>>().join(", "))?;
        match self.not_used.as_slice() {
            [] => Ok(()),
            headings => {
                let offer = |heading: &String| {
                    let close = self.close.iter().find(|column| column.heading == *heading);
                    match close {
                        Some(column) => format!("{heading} (is it {}?)", words(column.attribute)),
                        None => heading.clone(),
                    }
                };
                let told: Vec<String> = headings.iter().map(offer).collect();
                write!(f, "; not used: {}", told.join(", "))
            }
        }
    }
}
