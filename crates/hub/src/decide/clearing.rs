//! What would clear devices and waits for a person: newer versions of documents, and newer engines.
//!
//! A newer version of a document waits by itself, see [`vulnerability::matching::Series`]. A newer
//! engine (matcher, parser, knowledge) waits where it would clear more than a share of what is
//! affected; the setting `engine_clears_percent` says how much.

use access::Permission;
use evidence::Action;
use model::{DisclosureKey, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::records::{ClearedShare, Clearing, HeldRow, TrustRow};
use store::{StoreError, Tx};

use super::{Books, CONFIGURATIONS_AT_ONCE, Order, Work, decide_all};
use crate::access::settings::Setting;
use crate::act::{Needs, Place};
use crate::{Caller, Hub, HubError};

/// What a confirmation changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Confirmed {
    /// Verdicts that changed by it.
    pub changes: usize,
}

/// An engine that waits for a person, and what it would clear.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct EngineWaits {
    /// Stamp of the engine.
    pub engine: String,
    /// Affected before it, in devices times vulnerabilities.
    pub affected: u64,
    /// What of that it would clear.
    pub cleared: u64,
}

/// What was found about an engine when it first decided over what another one had.
#[derive(Serialize, Deserialize)]
struct Standing {
    engine: String,
    waits: bool,
    share: ClearedShare,
}

impl Hub {
    /// Disclosures whose newest version would clear devices and waits for a person.
    pub fn held_back(&self, caller: &Caller) -> Result<Vec<HeldRow>, HubError> {
        self.view(caller, Permission::Read, |tx, scope| {
            self.inner.held.or_load(tx, scope, |tx| tx.held_back())
        })
    }

    /// The engine of today, where it waits for a person.
    pub fn engine_waits(&self, caller: &Caller) -> Result<Option<EngineWaits>, HubError> {
        caller.require(Permission::Read)?;
        let standing = self.ground().read_whole(|tx| self.standing(tx))?;
        Ok(standing.filter(|standing| standing.waits).map(|standing| EngineWaits {
            engine: standing.engine,
            affected: standing.share.affected,
            cleared: standing.share.cleared,
        }))
    }

    /// Agrees to what the newest version of a disclosure (its key, or a tracking id that only one
    /// publisher uses) clears.
    pub fn confirm_clearing(
        &self,
        caller: &Caller,
        name: &str,
        now: Timestamp,
    ) -> Result<Confirmed, HubError> {
        self.act(caller, CONFIRMS, Place::House, now, |act| {
            let key = crate::view::disclosures::one_key(act, name)?;
            let held = act.held_back()?.into_iter().find(|row| is_of(row, &key));
            if !act.change().accept_disclosure(&key)? {
                let nothing = format!("the newest version of {} is accepted already", key.id);
                return Err(HubError::Invalid(nothing));
            }
            let version = act.disclosure_versions(&key)?.into_iter().find(|one| one.current);
            let details = json!({
                "version": version.as_ref().map(|version| &version.version),
                "sha256": version.as_ref().map(|version| &version.content_hash),
                "devices": held.as_ref().map_or(0, |row| row.devices),
                "verdicts": held.as_ref().map_or(0, |row| row.verdicts),
            });
            act.note(Action::ConfirmClearing, &key.to_string(), &details)
        })?;
        let decided =
            self.decide(caller, "a person confirmed what the newest version clears", now)?;
        Ok(Confirmed { changes: decided.changes })
    }

    /// Agrees to what the engine of today clears.
    pub fn confirm_engine(&self, caller: &Caller, now: Timestamp) -> Result<Confirmed, HubError> {
        self.act(caller, CONFIRMS, Place::House, now, |act| {
            let Some(standing) = self.standing(act)?.filter(|standing| standing.waits) else {
                let nothing = "no newer engine waits to be confirmed".to_owned();
                return Err(HubError::Invalid(nothing));
            };
            let tx = act.change();
            let details = json!({ "share": standing.share });
            let engine = standing.engine.clone();
            put_standing(tx, &Standing { waits: false, ..standing })?;
            tx.forget_decisions_of(&engine)?;
            act.note(Action::ConfirmEngine, &engine, &details)
        })?;
        let decided =
            self.decide(caller, "a person confirmed the newer version of Regimen", now)?;
        Ok(Confirmed { changes: decided.changes })
    }

    /// Publishers that are trusted to clear devices.
    pub fn trusted(&self, caller: &Caller) -> Result<Vec<TrustRow>, HubError> {
        self.view(caller, Permission::Read, |tx, _| tx.trusted())
    }

    /// Trusts the documents of a namespace, from one source or from any; what waits of it is
    /// accepted with it.
    pub fn trust(
        &self,
        caller: &Caller,
        namespace: &str,
        source: Option<&str>,
        now: Timestamp,
    ) -> Result<Confirmed, HubError> {
        if namespace.trim().is_empty() {
            return Err(HubError::Invalid(
                "a namespace is needed, as documents name it".to_owned(),
            ));
        }
        let row = TrustRow {
            namespace: namespace.to_owned(),
            source: source.map(str::to_owned),
            at: now,
            by: caller.name.clone(),
        };
        self.act(caller, CONFIRMS, Place::House, now, |act| {
            let accepted = act.change().put_trust(&row)?;
            let details = json!({ "source": source, "accepted": accepted });
            act.note(Action::TrustPublisher, namespace, &details)
        })?;
        let decided = self.decide(caller, "a person said that the publisher is trusted", now)?;
        Ok(Confirmed { changes: decided.changes })
    }

    /// Trusts them no more. What was accepted before stays so.
    pub fn untrust(
        &self,
        caller: &Caller,
        namespace: &str,
        source: Option<&str>,
        now: Timestamp,
    ) -> Result<(), HubError> {
        self.act(caller, CONFIRMS, Place::House, now, |act| {
            if !act.change().remove_trust(namespace, source)? {
                return Err(HubError::NotFound { kind: "trust in", key: namespace.to_owned() });
            }
            act.note(Action::UntrustPublisher, namespace, &json!({ "source": source }))
        })
    }

    /// Whether what the engine clears is written, or waits. Found out once for each engine.
    pub(super) fn clearing(
        &self,
        order: Order,
        books: &Books,
        work: &Work,
    ) -> Result<Clearing, HubError> {
        let of = |waits| if waits { Clearing::Wait } else { Clearing::Write };
        let (standing, is_first) = self.ground().read_whole(|tx| {
            Ok::<_, StoreError>((self.standing(tx)?, !tx.was_decided_by_another(self.engine())?))
        })?;
        if let Some(standing) = standing {
            return Ok(of(standing.waits));
        }
        if is_first {
            return Ok(Clearing::Write);
        }
        let mut share = ClearedShare::default();
        for batch in work.stale.chunks(CONFIGURATIONS_AT_ONCE) {
            let decided: Vec<_> = decide_all(books, batch)?.into_iter().flatten().collect();
            let part = self.ground().read_whole(|tx| tx.share_cleared(&decided))?;
            share.affected += part.affected;
            share.cleared += part.cleared;
        }
        let limit = self.ground().read_whole(|tx| Setting::EngineClearsPercent.number(tx))?;
        let waits = share.cleared * 100 > share.affected * u64::from(limit);
        let standing = Standing { engine: self.engine().to_owned(), waits, share };
        self.act(order.caller, super::DECIDES, Place::House, order.now, |act| {
            put_standing(act.change(), &standing)?;
            let action = if waits { Action::HoldEngine } else { Action::Match };
            let details = json!({ "share": share, "limit_percent": limit, "waits": waits });
            act.note(action, &format!("engine {}", standing.engine), &details)
        })?;
        Ok(of(waits))
    }

    fn standing(&self, tx: &Tx) -> Result<Option<Standing>, StoreError> {
        let stored = tx.setting(STANDING)?;
        let standing = stored.and_then(|text| serde_json::from_str::<Standing>(&text).ok());
        Ok(standing.filter(|standing| standing.engine == self.engine()))
    }
}

fn put_standing(tx: &store::WriteTx, standing: &Standing) -> Result<(), HubError> {
    let text = serde_json::to_string(standing).map_err(crate::access::session::environment)?;
    Ok(tx.put_setting(STANDING, &text)?)
}

fn is_of(row: &HeldRow, key: &DisclosureKey) -> bool {
    row.disclosure == key.id && row.disclosure_namespace == key.namespace
}

/// What agreeing asks of its caller.
const CONFIRMS: Needs = Needs::Permission(Permission::ConfirmClearing);

/// Name of the setting with what was found about the engine of today.
const STANDING: &str = "engine_standing";
