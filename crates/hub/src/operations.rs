//! Every use case of the hub, and what it asks of its caller: the lower half of the matrix of roles
//! and operations. A test walks every one, and holds the list against the source.

use access::{Permission, Role};

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asks {
    /// Nothing: anybody who can reach the hub.
    Nothing,
    /// To be signed in; it is about oneself.
    Oneself,
    /// A grant of a role that allows this, as far as it reaches.
    Permission(Permission),
}

/// A use case.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The name of its function.
    pub name: &'static str,
    /// What it asks.
    pub asks: Asks,
    /// True where it changes something, and so leaves evidence.
    pub acts: bool,
}

impl Asks {
    /// What a role has of it: `all` (nobody is asked who they are), `own`, `yes` (as far as granted),
    /// `house` (only where granted everywhere), or `-`.
    pub fn mark(self, role: Role) -> &'static str {
        match self {
            Self::Nothing => "all",
            Self::Oneself => "own",
            Self::Permission(permission) if !role.allows(permission) => "-",
            Self::Permission(permission) if permission.is_of_the_house() => "house",
            Self::Permission(_) => "yes",
        }
    }
}

macro_rules! operations {
    ($($does:ident $asks:ident $name:ident,)+) => {
        /// All of them.
        pub const OPERATIONS: &[Operation] = &[$(Operation {
            name: stringify!($name),
            asks: operations!(@asks $asks),
            acts: operations!(@acts $does),
        },)+];
    };
    (@asks Nothing) => { Asks::Nothing };
    (@asks Oneself) => { Asks::Oneself };
    (@asks $permission:ident) => { Asks::Permission(Permission::$permission) };
    (@acts acts) => { true };
    (@acts reads) => { false };
}

operations! {
    reads Read            overview,
    reads Read            feeds,
    reads Read            open_questions,
    reads Read            devices,
    reads Read            device_facets,
    reads Read            device,
    reads Read            device_history,
    reads Read            software,
    reads Read            disclosures,
    reads Read            disclosure,
    reads Read            disclosure_raw,
    reads Read            verdicts,
    reads Read            decisions,
    reads Read            cleared,
    reads Read            pending,
    reads Read            disclosures_named,
    reads Read            held_back,
    reads Read            engine_waits,
    reads Read            trusted,
    reads Read            propose_policy,
    reads Read            simulate_policy,
    reads Read            ingests,
    reads Read            sources,
    reads Read            jobs,
    reads Read            settings,
    reads ReadEvidence    evidence,
    reads ReadEvidence    verify_evidence,
    reads ReadEvidence    verify_evidence_as,
    reads ReadEvidence    newest_checkpoint,
    acts  ReadEvidence    checkpoint,
    reads ReadEvidence    keys,
    reads Read            data_times,
    reads Read            integrity,
    reads ManagePeople    back_up,
    acts  ManagePeople    rotate_keys,
    acts  Redact          redact,
    acts  IngestInventory ingest,
    acts  IngestInventory decide,
    acts  ConfirmClearing confirm_clearing,
    acts  ConfirmClearing confirm_engine,
    acts  ConfirmClearing trust,
    acts  ConfirmClearing untrust,
    reads ManagePeople    people,
    reads ManagePeople    proposals,
    reads ManagePeople    reviews,
    acts  ManagePeople    add_person,
    acts  ManagePeople    add_token,
    acts  ManagePeople    grant,
    acts  ManagePeople    revoke,
    acts  ManagePeople    rename_person,
    acts  ManagePeople    disable_person,
    acts  ManagePeople    reset_password,
    acts  ManagePeople    set_setting,
    acts  ManagePeople    review,
    acts  Oneself         change_password,
}
