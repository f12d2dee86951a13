//! How far a grant reaches: the whole house, or some of its sites and departments.
//!
//! Limits: a department is compared by its letters A to Z whatever their case, a site exactly.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What part of the house is reached. Nothing named is nothing reached; everything is a name of
/// its own.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The whole house.
    Everywhere,
    /// What is at one of these sites or of one of these departments.
    Within {
        /// Sites; the empty name is the only site of a house that names none.
        #[serde(default)]
        sites: BTreeSet<String>,
        /// Departments, as the inventory names them.
        #[serde(default)]
        departments: BTreeSet<String>,
    },
}

impl Scope {
    /// Reaches nothing.
    pub const fn nowhere() -> Self {
        Self::Within { sites: BTreeSet::new(), departments: BTreeSet::new() }
    }

    /// True where nothing is out of reach.
    pub fn is_everywhere(&self) -> bool {
        *self == Self::Everywhere
    }

    /// True where a whole site is within reach.
    pub fn covers_site(&self, site: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Within { sites, .. } => sites.contains(site),
        }
    }

    /// What this or `other` reaches.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        match (self, other) {
            (
                Self::Within { mut sites, mut departments },
                Self::Within { sites: more_sites, departments: more_departments },
            ) => {
                sites.extend(more_sites.iter().cloned());
                departments.extend(more_departments.iter().cloned());
                Self::Within { sites, departments }
            }
            _ => Self::Everywhere,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Within { sites, departments } = self else { return f.write_str("everywhere") };
        let site = |name: &String| match name.as_str() {
            "" => "site without a name".to_owned(),
            name => format!("site {name}"),
        };
        let places = sites.iter().map(site);
        let all: Vec<String> =
            places.chain(departments.iter().map(|name| format!("department {name}"))).collect();
        f.write_str(if all.is_empty() { "nowhere" } else { "" })?;
        f.write_str(&all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(sites: &[&str], departments: &[&str]) -> Scope {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Scope::Within { sites: set(sites), departments: set(departments) }
    }

    #[test]
    #[rustfmt::skip]
    fn reaches_what_it_names_and_no_more() {
        for (name, scope, site, want) in [
            ("everything is typed",  Scope::Everywhere,        "north", true),
            ("nothing named",        Scope::nowhere(),         "north", false),
            ("nothing, no name",     Scope::nowhere(),         "",      false),
            ("its site",             within(&["north"], &[]),  "north", true),
            ("another case",         within(&["north"], &[]),  "North", false),
            ("another site",         within(&["north"], &[]),  "",      false),
            ("the only site",        within(&[""], &[]),       "",      true),
            ("a department",         within(&[], &["north"]),  "north", false),
        ] {
            assert_eq!(scope.covers_site(site), want, "{name}");
        }
    }

    #[test]
    fn joins_and_reads_aloud() {
        let both = within(&["north"], &[]).or(&within(&["", "south"], &["ICU"]));
        assert_eq!(both, within(&["", "north", "south"], &["ICU"]));
        assert_eq!(both.to_string(), "site without a name, site north, site south, department ICU");
        assert_eq!(both.or(&Scope::Everywhere), Scope::Everywhere);
        assert_eq!(Scope::nowhere().to_string(), "nowhere");
        let text = r#"{"within":{"sites":["north"]}}"#;
        let read: Scope = serde_json::from_str(text).unwrap();
        assert_eq!(read, within(&["north"], &[]));
    }
}
