//! Who is calling, and how far what was granted to them reaches.

use access::{Grant, Permission, Principal, Role};
use model::{PersonId, Scope};

use crate::HubError;

/// Somebody on whose behalf a use case runs: a person, a program with a token, whoever stands at the
/// console of the hub's own machine, or the hub itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    /// What kind of somebody.
    pub principal: Principal,
    /// Their key; none for the hub and its console.
    pub id: Option<PersonId>,
    /// Account name of today.
    pub name: String,
    /// Name to show.
    pub display_name: String,
    /// What was granted to them.
    pub grants: Vec<Grant>,
    /// True until the person has chosen a password; nothing else is allowed before.
    pub must_change_password: bool,
}

impl Caller {
    /// The person at the hub's own command line, who holds the data folder and may do all.
    pub fn console() -> Self {
        Self::of_the_house("console", "Console")
    }

    /// The hub itself: what follows from what others did, and what comes round by itself.
    pub(crate) fn system() -> Self {
        Self::of_the_house("system", "Regimen")
    }

    fn of_the_house(name: &str, display_name: &str) -> Self {
        Self {
            principal: Principal::System,
            id: None,
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            grants: vec![Grant::everywhere(Role::Administrator)],
            must_change_password: false,
        }
    }

    /// Somebody of that name who may do nothing but sign in or out.
    pub(crate) fn nobody(name: &str) -> Self {
        Self {
            principal: Principal::Person,
            id: None,
            name: name.to_owned(),
            display_name: String::new(),
            grants: Vec::new(),
            must_change_password: true,
        }
    }

    /// The role with most power among those granted, wherever it reaches.
    pub fn role(&self) -> Option<Role> {
        self.grants.iter().map(|grant| grant.role).max()
    }

    /// How far the caller may do `permission`; refused where nowhere.
    pub fn scope(&self, permission: Permission) -> Result<Scope, HubError> {
        let reached = access::reach(&self.grants, permission);
        reached.filter(|_| !self.must_change_password).ok_or(HubError::Forbidden(permission.name()))
    }

    /// True where the caller may see the whole house.
    pub fn sees_everything(&self) -> bool {
        self.scope(Permission::Read).is_ok_and(|scope| scope.is_everywhere())
    }

    /// Whether this caller may agree to what would clear devices.
    pub fn may_confirm(&self) -> bool {
        self.require_at(Permission::ConfirmClearing, None).is_ok()
    }

    /// Passes where some grant allows it, wherever that reaches.
    pub fn require(&self, permission: Permission) -> Result<(), HubError> {
        self.scope(permission).map(drop)
    }

    /// Passes where a grant allows it at a whole site, or without one in the whole house.
    pub fn require_at(&self, permission: Permission, site: Option<&str>) -> Result<(), HubError> {
        let scope = self.scope(permission)?;
        let reached = site.map_or_else(|| scope.is_everywhere(), |site| scope.covers_site(site));
        if reached { Ok(()) } else { Err(HubError::OutOfReach(permission.name())) }
    }

    /// What stands for the caller where two must not be the same: their key, else their name.
    pub(crate) fn key(&self) -> String {
        self.id.map_or_else(|| self.name.clone(), |id| id.to_string())
    }
}
