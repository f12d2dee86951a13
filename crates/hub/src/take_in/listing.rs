//! What an export does to the list of its stream: rows that say the same, rows that are gone.

use std::collections::{BTreeMap, BTreeSet};

use assets::{Inventory, InventoryRecord};
use model::{Answerable, DeviceId, Skip};
use sha2::{Digest, Sha256};
use store::records::StreamRow;

/// A row of an export.
pub(crate) struct Row<'a> {
    pub(crate) record: &'a InventoryRecord,
    /// What the row says, in short.
    pub(crate) digest: String,
    /// The device of which the row said the same before.
    pub(crate) unchanged: Option<DeviceId>,
}

/// The rows of an export beside those of the export before it.
pub(crate) fn rows_of<'a>(
    inventory: &'a Inventory,
    listed: &BTreeMap<DeviceId, String>,
) -> Vec<Row<'a>> {
    let mut before: BTreeMap<&str, Vec<DeviceId>> = BTreeMap::new();
    for (device, digest) in listed.iter().rev().filter(|(_, digest)| !digest.is_empty()) {
        before.entry(digest).or_default().push(*device);
    }
    let row = |record| {
        let digest = digest(record);
        let unchanged = before.get_mut(digest.as_str()).and_then(Vec::pop);
        Row { record, digest, unchanged }
    };
    inventory.records.iter().map(row).collect()
}

/// The same for rows that say the same to the same reader, wherever they stand.
fn digest(record: &InventoryRecord) -> String {
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    };
    add(PARSER);
    for (attribute, value, heading) in &record.cells {
        [attribute.name(), value, heading].into_iter().for_each(&mut add);
    }
    for (heading, cell) in &record.custom {
        ["", heading.as_str(), cell.as_str()].into_iter().for_each(&mut add);
    }
    let digest = digest.finalize();
    evidence::hex(digest.get(..DIGEST_BYTES).unwrap_or(&digest))
}

/// What an export does to the list of its stream.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) listed: BTreeSet<DeviceId>,
    pub(crate) gone: BTreeSet<DeviceId>,
    pub(crate) pending: bool,
    pub(crate) told: Vec<Skip>,
}

impl Listing {
    pub(crate) fn of(
        inventory: &Inventory,
        stream: Option<&StreamRow>,
        before: &BTreeMap<DeviceId, String>,
        listed: BTreeSet<DeviceId>,
        partial: Option<bool>,
    ) -> Self {
        let mut listing = Self { listed, ..Self::default() };
        let Some(stream) = stream else { return listing };
        let missing = || before.keys().filter(|id| !listing.listed.contains(id));
        let missing: BTreeSet<DeviceId> = missing().copied().collect();
        let unread = inventory.unread();
        match partial {
            Some(true) => {}
            None if missing.len() * MISSING_SHARE > before.len() => {
                listing.pending = true;
                let reason = format!(
                    "it lacks {} of the {} devices that source `{}` lists: say whether it is \
                     partial; until then they stay listed",
                    missing.len(),
                    before.len(),
                    stream.now.name,
                );
                listing.tell(inventory, reason);
            }
            None if missing.is_empty() => {}
            None if unread > 0 => {
                let reason = format!(
                    "{} devices of source `{}` are missing and {unread} rows cannot be read: \
                     the devices stay listed",
                    missing.len(),
                    stream.now.name,
                );
                listing.tell(inventory, reason);
            }
            Some(false) | None => listing.gone = missing,
        }
        listing
    }

    fn tell(&mut self, inventory: &Inventory, reason: String) {
        self.told.push(Skip {
            path: inventory.name.clone(),
            place: String::new(),
            reason,
            answerable: Answerable::Caller,
        });
    }
}

/// An export that lacks more than one in so many devices may be partial.
const MISSING_SHARE: usize = 5;

/// What read the export: another version of it reads the same bytes anew.
pub(crate) const PARSER: &str = concat!("inventory ", env!("CARGO_PKG_VERSION"));

/// Bytes kept of a digest; enough that no two rows of a hospital meet by chance.
const DIGEST_BYTES: usize = 16;
