//! Who acts, and what was granted to them: a role, and how far it reaches.

use model::Scope;
use serde::{Deserialize, Serialize};

use crate::role::names;
use crate::{Permission, Role, UnknownName};

/// What kind of somebody acts.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Principal {
    /// A person of the house, who signs in.
    Person,
    /// A technician of a maker or a service, who is let in for a time.
    Technician,
    /// A sensor that sends what it sees.
    Sensor,
    /// A program of the house, with a token.
    Token,
    /// The hub itself, and whoever stands at its console.
    System,
}

names!(
    Principal,
    "kind of principal",
    Person = "person",
    Technician = "technician",
    Sensor = "sensor",
    Token = "token",
    System = "system",
);

/// A role and how far it reaches. Whoever has several may do what any of them allows, where that
/// one reaches.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Grant {
    /// What may be done.
    pub role: Role,
    /// Where.
    pub scope: Scope,
}

impl Grant {
    /// `role` in the whole house.
    pub const fn everywhere(role: Role) -> Self {
        Self { role, scope: Scope::Everywhere }
    }
}

/// How far `grants` allow `permission` to reach; none where no role among them allows it. A
/// permission over the house as a whole is allowed by a grant of the whole house alone.
pub fn reach(grants: &[Grant], permission: Permission) -> Option<Scope> {
    let allowing = grants.iter().filter(|grant| grant.role.allows(permission));
    let scope =
        allowing.map(|grant| &grant.scope).fold(None, |reached: Option<Scope>, scope| {
            Some(reached.unwrap_or_else(Scope::nowhere).or(scope))
        })?;
    let enough = scope.is_everywhere() || !permission.is_of_the_house();
    (enough && scope != Scope::nowhere()).then_some(scope)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn site(name: &str) -> Scope {
        Scope::Within { sites: [name.to_owned()].into(), departments: [].into() }
    }

    #[test]
    #[rustfmt::skip]
    fn a_grant_reaches_as_far_as_it_says() {
        use Permission::{IngestInventory, ManagePeople, Read, ReadEvidence};
        let north = Grant { role: Role::Biomed, scope: site("north") };
        let south = Grant { role: Role::Viewer, scope: site("south") };
        let all = Grant::everywhere(Role::Administrator);
        let both = Scope::Within { sites: ["north".to_owned(), "south".to_owned()].into(), departments: [].into() };
        let nothing = Grant { role: Role::Administrator, scope: Scope::nowhere() };
        for (name, grants, permission, want) in [
            ("no grant",            vec![],                             Read,            None),
            ("union of two",        vec![north.clone(), south.clone()], Read,            Some(both)),
            ("only the one",        vec![north.clone(), south.clone()], IngestInventory, Some(site("north"))),
            ("no role of them",     vec![south.clone()],                IngestInventory, None),
            ("of the house",        vec![north.clone()],                ReadEvidence,    None),
            ("not even by roles",   vec![Grant { role: Role::Administrator, scope: site("north") }], ManagePeople, None),
            ("the whole house",     vec![all, south],                   ManagePeople,    Some(Scope::Everywhere)),
            ("nothing named",       vec![nothing],                      Read,            None),
        ] {
            assert_eq!(reach(&grants, permission), want, "{name}");
        }
    }

    proptest! {
        /// One more grant never takes anything away.
        #[test]
        fn more_grants_never_reach_less(
            chosen in prop::collection::vec((0..4usize, 0..4usize), 1..5),
            permission in 0..Permission::ALL.len(),
        ) {
            let scopes = [Scope::Everywhere, site("a"), site("b"), Scope::nowhere()];
            let grants: Vec<Grant> = chosen.iter().map(|(role, scope)| Grant {
                role: Role::ALL[*role],
                scope: scopes[*scope].clone(),
            }).collect();
            let permission = Permission::ALL[permission];
            let (fewer, more) = (reach(&grants[1..], permission), reach(&grants, permission));
            if let Some(fewer) = fewer {
                let joined = more.clone().map(|more| more.or(&fewer));
                prop_assert_eq!(joined, more);
            }
        }
    }
}
