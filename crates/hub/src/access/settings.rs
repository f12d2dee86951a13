//! What a hospital says about how its house is run, each with a default and its bounds.

use access::{Permission, Rule};
use evidence::Action;
use model::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::Tx;

use crate::access::agreements::{Proposal, Together};
use crate::access::caller::Caller;
use crate::act::{Act, Needs, Place};
use crate::{Hub, HubError};

macro_rules! settings {
    ($($(#[$doc:meta])+ $name:ident = $text:literal $default:literal $kind:expr, $meaning:literal;)+) => {
        /// Something that a hospital may say once.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Setting { $($(#[$doc])+ $name,)+ }

        impl Setting {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];

            const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        name: $text, default: $default, kind: $kind, meaning: $meaning,
                    },)+
                }
            }
        }
    };
}

struct Row {
    name: &'static str,
    default: &'static str,
    kind: Kind,
    meaning: &'static str,
}

enum Kind {
    /// A whole number between two.
    Number(u32, u32),
    /// A text of at most so many characters.
    Text(usize),
}

settings! {
    /// What the hospital is called.
    Organization = "organization" "" Kind::Text(200),
        "name of the hospital; its words are refused in passwords";
    /// How many people decide here.
    Deciders = "deciders" "1" Kind::Number(1, 100),
        "how many people decide; with one, what wants two takes a reason and the waiting time";
    /// How long one who decides alone waits.
    DecideAloneHours = "decide_alone_hours" "24" Kind::Number(1, 720),
        "hours between proposing and settling something alone";
    /// How long a first password can be used.
    FirstPasswordHours = "first_password_hours" "72" Kind::Number(1, 720),
        "hours in which a password for one sign-in can be used";
    /// How long conversations are kept.
    ConversationDays = "conversation_days" "400" Kind::Number(400, 36_500),
        "days for which conversations are kept after they were last seen";
    /// How much of what is affected a newer version may clear by itself: a mended rule clears some
    /// rows, a broken one many.
    EngineClearsPercent = "engine_clears_percent" "5" Kind::Number(0, 100),
        "percent of what is affected that a newer version of Regimen may clear without being asked";
}

/// A setting as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingShown {
    /// Its name.
    pub name: &'static str,
    /// What holds.
    pub value: String,
    /// True where nobody has said anything else.
    pub is_default: bool,
    /// What it is for.
    pub meaning: &'static str,
}

impl Setting {
    /// What holds: what was said, else the default.
    pub(crate) fn value(self, tx: &Tx<'_>) -> Result<String, HubError> {
        let row = self.row();
        let said = tx.setting(row.name)?;
        Ok(said.unwrap_or_else(|| row.default.to_owned()))
    }

    /// The number that holds. One that cannot be read, or is out of bounds, is the default.
    pub(crate) fn number(self, tx: &Tx<'_>) -> Result<u32, HubError> {
        let row = self.row();
        let value = self.value(tx)?;
        let read = row.kind.check(&value).is_ok().then(|| value.parse().ok()).flatten();
        Ok(read.unwrap_or_else(|| row.default.parse().unwrap_or_default()))
    }

    fn named(name: &str) -> Result<Self, HubError> {
        let found = Self::ALL.iter().find(|one| one.row().name == name).copied();
        found.ok_or_else(|| HubError::NotFound { kind: "setting", key: name.to_owned() })
    }
}

impl Kind {
    fn check(&self, value: &str) -> Result<(), String> {
        match self {
            Self::Number(least, most) => {
                let fits = value.parse().is_ok_and(|number| (*least..=*most).contains(&number));
                if fits { Ok(()) } else { Err(format!("a whole number from {least} to {most}")) }
            }
            Self::Text(most) => {
                let plain = !value.chars().any(char::is_control);
                let fits = plain && value.chars().count() <= *most;
                if fits { Ok(()) } else { Err(format!("one line of at most {most} characters")) }
            }
        }
    }
}

impl Hub {
    /// Every setting.
    pub fn settings(&self, caller: &Caller) -> Result<Vec<SettingShown>, HubError> {
        caller.require(Permission::Read)?;
        self.ground().read_whole(|tx| {
            let shown = |setting: &Setting| {
                let row = setting.row();
                let is_default = tx.setting(row.name)?.is_none();
                let value = setting.value(tx)?;
                Ok(SettingShown { name: row.name, value, is_default, meaning: row.meaning })
            };
            Setting::ALL.iter().map(shown).collect()
        })
    }

    /// Sets a setting. To say that fewer people decide takes as many as decide now, or one with a
    /// reason and the waiting time.
    pub fn set_setting(
        &self,
        caller: &Caller,
        name: &str,
        value: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Together<()>, HubError> {
        let setting = Setting::named(name)?;
        let value = value.trim();
        let wanted = |wanted| HubError::Invalid(format!("`{name}` is {wanted}"));
        setting.row().kind.check(value).map_err(wanted)?;
        let put = |act: &Act<'_, '_>| {
            let before = setting.value(act)?;
            act.change().put_setting(name, value)?;
            let details = json!({ "from": before, "to": value });
            act.note(Action::ChangeSetting, name, &details)
        };
        if self.lowers_deciders(setting, value)? {
            let subject = format!("deciders {value}");
            let proposal = Proposal { rule: Rule::LowerDeciders, subject: &subject, reason };
            return self.act_together(caller, MANAGES, Place::House, now, &proposal, put);
        }
        self.act(caller, MANAGES, Place::House, now, put).map(Together::Done)
    }

    fn lowers_deciders(&self, setting: Setting, value: &str) -> Result<bool, HubError> {
        if setting != Setting::Deciders {
            return Ok(false);
        }
        let now = self.ground().read_whole(|tx| setting.number(tx))?;
        Ok(value.parse::<u32>().is_ok_and(|next| next < now))
    }
}

const MANAGES: Needs = Needs::Permission(Permission::ManagePeople);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_one_that_can_be_set() {
        for setting in Setting::ALL {
            let row = setting.row();
            assert_eq!(row.kind.check(row.default), Ok(()), "{}", row.name);
        }
    }
}
