//! Roles and what each may do. The whole matrix is one table; a golden test shows it.

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($type:ident, $error:literal, $($name:ident = $text:literal,)+) => {
        impl $type {
            /// All of them, least power first.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name users see and files carry.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($text => Ok(Self::$name),)+ _ => Err(UnknownName($error)) }
            }
        }
    };
}
pub(crate) use names;

/// The caller: there is nothing of that name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no {0} of that name")]
pub struct UnknownName(pub(crate) &'static str);

/// What a person is here to do.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// Sees devices, verdicts and evidence; changes nothing.
    Viewer,
    /// Biomedical engineer: also takes in inventories and answers questions about devices.
    Biomed,
    /// Security analyst: also takes in captures and disclosures.
    Analyst,
    /// Everything, people included.
    Administrator,
}

/// Something a role may or may not do.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Permission {
    /// See devices, conversations, disclosures and verdicts.
    Read,
    /// See and check the evidence log.
    ReadEvidence,
    /// Take in inventories.
    IngestInventory,
    /// Take in captures and disclosures.
    Ingest,
    /// Agree to what a document or a newer engine clears, and say which publishers are trusted.
    ConfirmClearing,
    /// Make, change and disable accounts.
    ManagePeople,
    /// Remove content that should never have been taken in.
    Redact,
}

names!(
    Role,
    "role",
    Viewer = "viewer",
    Biomed = "biomed",
    Analyst = "analyst",
    Administrator = "administrator",
);
names!(
    Permission,
    "permission",
    Read = "read",
    ReadEvidence = "read_evidence",
    IngestInventory = "ingest_inventory",
    Ingest = "ingest",
    ConfirmClearing = "confirm_clearing",
    ManagePeople = "manage_people",
    Redact = "redact",
);

impl Role {
    /// Whether this role may do `permission`. What is not listed is refused.
    pub fn allows(self, permission: Permission) -> bool {
        let granted: &[Permission] = match self {
            Self::Viewer => &[Permission::Read, Permission::ReadEvidence],
            Self::Biomed => {
                &[Permission::Read, Permission::ReadEvidence, Permission::IngestInventory]
            }
            Self::Analyst => &[
                Permission::Read,
                Permission::ReadEvidence,
                Permission::IngestInventory,
                Permission::Ingest,
                Permission::ConfirmClearing,
            ],
            Self::Administrator => Permission::ALL,
        };
        granted.contains(&permission)
    }
}

impl Permission {
    /// True where it is about the house as a whole, so that a grant of a part of it is not enough.
    pub const fn is_of_the_house(self) -> bool {
        matches!(
            self,
            Self::ReadEvidence | Self::ConfirmClearing | Self::ManagePeople | Self::Redact
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole matrix, to be read by a person. A change here is a change of who may do what.
    const MATRIX: &str = "
                  viewer  biomed  analyst  administrator
read              yes     yes     yes      yes
read_evidence     yes     yes     yes      yes
ingest_inventory  -       yes     yes      yes
ingest            -       -       yes      yes
confirm_clearing  -       -       yes      yes
manage_people     -       -       -        yes
redact            -       -       -        yes
";

    #[test]
    fn the_matrix_is_this_one() {
        let line = |name: &str, marks: Vec<&str>| {
            let mut cells = format!("{name:18}");
            for (mark, role) in marks.iter().zip(Role::ALL) {
                cells.push_str(mark);
                cells.push_str(&" ".repeat(role.name().len() + 2 - mark.len()));
            }
            cells.trim_end().to_owned() + "\n"
        };
        let mut table = "\n".to_owned();
        table.push_str(&line("", Role::ALL.iter().map(|role| role.name()).collect()));
        for permission in Permission::ALL {
            let mark = |role: &Role| if role.allows(*permission) { "yes" } else { "-" };
            table.push_str(&line(permission.name(), Role::ALL.iter().map(mark).collect()));
        }
        assert_eq!(table, MATRIX, "{table}");
    }

    #[test]
    fn names_read_back() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(*role));
        }
        assert!("root".parse::<Role>().is_err());
        assert!("Administrator".parse::<Role>().is_err(), "closed by default");
    }

    /// A role may do all that a role before it may: nobody loses by a promotion.
    #[test]
    fn power_only_grows() {
        for pair in Role::ALL.windows(2) {
            for permission in Permission::ALL {
                assert!(!pair[0].allows(*permission) || pair[1].allows(*permission));
            }
        }
    }
}
