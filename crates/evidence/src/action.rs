//! What can be done to a house: every act that leaves a row of evidence, by a name that stays.
//!
//! A name is hashed into the chain and read by programs outside, so none is ever changed; an act
//! that is no longer done keeps its name here.

use std::fmt;

macro_rules! actions {
    ($($(#[$doc:meta])+ $name:ident = $text:literal,)+) => {
        /// One kind of act.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Action { $($(#[$doc])+ $name,)+ }

        impl Action {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name in the chain.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

actions! {
    /// An account was made.
    AddPerson = "add_person",
    /// What was agreed on how the house is run was changed.
    ChangeSetting = "change_setting",
    /// Somebody chose a new password.
    ChangePassword = "change_password",
    /// Somebody who is signed in gave a wrong current password.
    ChangePasswordRefused = "change_password_refused",
    /// The state of the house was digested and the end of the chain signed.
    Checkpoint = "checkpoint",
    /// An account was kept out.
    DisablePerson = "disable_person",
    /// An account was let in again.
    EnablePerson = "enable_person",
    /// Conversations that were older than the house keeps them were removed.
    ForgetConversations = "forget_conversations",
    /// A role was granted.
    GrantRole = "grant_role",
    /// Somebody agreed to what the newest version of a disclosure clears.
    ConfirmClearing = "confirm_clearing",
    /// Somebody agreed to what a newer engine clears.
    ConfirmEngine = "confirm_engine",
    /// A newer engine would clear so much that it waits for somebody to agree.
    HoldEngine = "hold_engine",
    /// An input was taken in, or refused.
    Ingest = "ingest",
    /// A key was made, and takes the place of those before it.
    MakeKey = "make_key",
    /// Verdicts were decided.
    Match = "match",
    /// Content was removed everywhere.
    Redact = "redact",
    /// A backup took the place of the store.
    Restore = "restore",
    /// Something was proposed that two people have to agree on.
    Propose = "propose",
    /// An account was called by another name.
    RenamePerson = "rename_person",
    /// An account got a password for one sign-in.
    ResetPassword = "reset_password",
    /// Somebody looked at what was decided alone.
    Review = "review",
    /// A grant was taken back.
    RevokeRole = "revoke_role",
    /// Somebody signed in.
    SignIn = "sign_in",
    /// A sign-in was refused.
    SignInRefused = "sign_in_refused",
    /// Somebody signed out.
    SignOut = "sign_out",
    /// Somebody trusted a publisher to clear devices.
    TrustPublisher = "trust_publisher",
    /// Somebody took that trust back.
    UntrustPublisher = "untrust_publisher",
}

impl Action {
    /// True where the subject of the act is named by people: the name of a file can hold anything.
    pub const fn names_content(self) -> bool {
        matches!(self, Self::Ingest)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_acts_share_a_name() {
        let names: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        assert_eq!(names.len(), Action::ALL.len());
        let plain = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(names.iter().all(plain), "{names:?}");
    }
}
