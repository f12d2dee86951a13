//! What the store knows of a site, as a policy is proposed from and tried against.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use access::Permission;
use model::{Conversation, Timestamp, Transport};
use protection::policy;
use protection::propose::{LeftOut, Station, Talk, propose};
use protection::simulate::{Simulated, simulate};
use store::records::{DeviceFilter, DeviceOrder, DeviceRow, Page};

use super::Segmentation;
use crate::{Caller, Hub, HubError};

/// Most conversations that are looked at: some gigabyte.
const CONVERSATIONS_MAX: u64 = 4_000_000;

/// A first policy, as text.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The text of the policy.
    pub text: String,
    /// How many zones it has.
    pub zones: usize,
    /// How many conduits.
    pub conduits: usize,
    /// Conversations that no conduit keeps, by reason.
    pub left_out: Vec<LeftOut>,
}

impl Hub {
    /// Proposes a policy for `site`, or for all that is known.
    ///
    /// # Errors
    ///
    /// Where the caller may not read, nothing was seen, or there is more than can be looked at.
    pub fn propose_policy(
        &self,
        caller: &Caller,
        site: Option<&str>,
    ) -> Result<Proposed, HubError> {
        let (stations, talks) = self.seen(caller, site)?;
        let name = site.filter(|site| !site.is_empty()).unwrap_or("the whole hospital");
        let proposal = propose(name, &stations, &talks);
        if proposal.policy.zones.is_empty() {
            return Err(HubError::Invalid("no device with an address is known there".into()));
        }
        let mut text = policy::write(&proposal.policy);
        for out in &proposal.left_out {
            let Talk { client, server, protocol, port, .. } = &out.example;
            let (count, reason) = (out.count, out.reason);
            // Writing to a text cannot fail.
            let _ = writeln!(text, "\n# Left out: {count} conversations, {reason}.");
            let _ = writeln!(
                text,
                "# For example {client} to {server}, protocol {protocol} port {port}."
            );
        }
        Ok(Proposed {
            text,
            zones: proposal.policy.zones.len(),
            conduits: proposal.policy.conduits.len(),
            left_out: proposal.left_out,
        })
    }

    /// What a policy would have cut of what was seen at `site`, or anywhere.
    ///
    /// # Errors
    ///
    /// As [`Self::propose_policy`].
    pub fn simulate_policy(
        &self,
        caller: &Caller,
        policy: &Segmentation,
        site: Option<&str>,
    ) -> Result<Simulated, HubError> {
        let (stations, talks) = self.seen(caller, site)?;
        simulate(&policy.policy, &stations, &talks, policy.today)
            .map_err(|error| HubError::Environment(error.to_string()))
    }

    fn seen(
        &self,
        caller: &Caller,
        site: Option<&str>,
    ) -> Result<(Vec<Station>, Vec<Talk>), HubError> {
        let (rows, conversations) = self.view(caller, Permission::Read, |tx, _| {
            let filter = DeviceFilter {
                site: site.map(str::to_owned),
                retired: Some(false),
                ..DeviceFilter::default()
            };
            let mut rows: Vec<DeviceRow> = Vec::new();
            loop {
                let page = Page { limit: Page::LIMIT_MAX, offset: rows.len() as u64 };
                let found = tx.device_rows(&filter, DeviceOrder::Name, page)?;
                let done = found.rows.is_empty();
                rows.extend(found.rows);
                if done || rows.len() as u64 >= found.total {
                    break;
                }
            }
            let conversations = tx.conversations_at(site, CONVERSATIONS_MAX + 1)?;
            Ok::<_, store::StoreError>((rows, conversations))
        })?;
        if conversations.len() as u64 > CONVERSATIONS_MAX {
            let text = format!("more than {CONVERSATIONS_MAX} conversations; name a site");
            return Err(HubError::Invalid(text));
        }
        Ok((stations(rows, &conversations), conversations.iter().filter_map(talk).collect()))
    }
}

/// Devices with every address that a conversation saw them under.
fn stations(rows: Vec<DeviceRow>, conversations: &[Conversation]) -> Vec<Station> {
    let mut used: BTreeMap<&str, Vec<IpAddr>> = BTreeMap::new();
    for talk in conversations {
        let ends = [(&talk.client, &talk.client_address), (&talk.server, &talk.server_address)];
        for (device, address) in ends {
            if let Ok(address) = address.parse() {
                used.entry(device).or_default().push(address);
            }
        }
    }
    let station = |row: DeviceRow| {
        let known = assets::knowledge::classes();
        let class = row.class.as_deref().and_then(|class| known.get(class));
        let mut addresses: Vec<IpAddr> = row.addresses.iter().filter_map(|one| one.ip).collect();
        addresses.extend(used.get(row.id.to_string().as_str()).into_iter().flatten());
        addresses.sort_unstable();
        addresses.dedup();
        Station {
            name: row.name,
            addresses,
            zone_hint: class.map(|class| class.zone_hint.to_owned()),
            care_function: class.map(|class| class.care_function.to_owned()),
            class: row.class,
            location: row.location,
            legacy: false,
        }
    };
    rows.into_iter().map(station).collect()
}

/// A conversation between addresses; what has none stays on its link.
fn talk(seen: &Conversation) -> Option<Talk> {
    let (client, server): (IpAddr, IpAddr) =
        (seen.client_address.parse().ok()?, seen.server_address.parse().ok()?);
    let protocol = match (seen.transport, client.is_ipv4()) {
        (Transport::Tcp, _) => 6,
        (Transport::Udp, _) => 17,
        (Transport::Icmp, true) => 1,
        (Transport::Icmp, false) => 58,
        (Transport::Link | Transport::Other, _) => return None,
    };
    let day = |time: Timestamp| time.day().parse().ok();
    let mut days: Vec<jiff::civil::Date> =
        [day(seen.first_seen), day(seen.last_seen)].into_iter().flatten().collect();
    days.dedup();
    let application = seen.application.clone();
    (client.is_ipv4() == server.is_ipv4()).then_some(Talk {
        client,
        server,
        protocol,
        port: seen.port,
        application,
        days,
    })
}
