//! A hub on a store of its own, and files to take in.

use std::path::{Path, PathBuf};

use hub::{Caller, Hub, IngestRequest, IngestSummary};
use model::{Timestamp, VerdictRow};
use simulate::{Hospital, Plan};
use store::StoreUrl;
use store::records::{DeviceFilter, DeviceOrder, DeviceRow, Page, VerdictFilter};
use tempfile::TempDir;

/// The time at which tests play.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

/// All of a list.
pub(crate) const ALL: Page = Page { offset: 0, limit: Page::LIMIT_MAX };

/// A hub and the folder that its store and inputs live in.
pub(crate) struct House {
    pub(crate) hub: Hub,
    folder: TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::open(&StoreUrl::in_folder(folder.path())).unwrap();
        Self { hub, folder }
    }

    /// Another hub on the same store.
    pub(crate) fn again(&self) -> Hub {
        Hub::open(&self.url()).unwrap()
    }

    /// Where its store is.
    pub(crate) fn url(&self) -> StoreUrl {
        StoreUrl::in_folder(self.folder.path())
    }

    /// Where its store and inputs are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and answers its path.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join("inputs").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn ingest(&self, paths: &[&Path]) -> IngestSummary {
        let paths = paths.iter().map(|path| path.to_path_buf()).collect();
        let request = IngestRequest { paths, ..IngestRequest::default() };
        self.hub.ingest(&Caller::console(), &request, NOW).unwrap()
    }

    pub(crate) fn devices(&self) -> Vec<DeviceRow> {
        let filter = DeviceFilter::default();
        self.hub.devices(&Caller::console(), &filter, DeviceOrder::Name, ALL).unwrap().rows
    }

    pub(crate) fn verdicts(&self) -> Vec<VerdictRow> {
        let found = self.hub.verdicts(&Caller::console(), &VerdictFilter::default(), ALL).unwrap();
        found.rows.into_iter().map(|device| device.row).collect()
    }
}

/// The packets of a small hospital as a capture file.
pub(crate) fn small_capture() -> Vec<u8> {
    let hospital = Hospital::build(&Plan { devices: 30, ..Plan::default() });
    let mut bytes = simulate::pcap_header();
    for (time, frame) in hospital.frames() {
        simulate::pcap_record(time, &frame, &mut bytes);
    }
    bytes
}

/// The inventory of the same hospital.
pub(crate) fn small_inventory() -> Vec<u8> {
    Hospital::build(&Plan { devices: 30, ..Plan::default() }).cmms_csv()
}

/// A disclosure in the fewest words: one product of one maker, one range of versions.
pub(crate) fn advisory(id: &str, version: u32, range: &str) -> String {
    let revisions: Vec<String> = (1..=version)
        .map(|number| {
            format!(r#"{{"date":"2026-0{number}-01T00:00:00Z","number":"{number}","summary":"x"}}"#)
        })
        .collect();
    format!(
        r#"{{"document":{{"category":"csaf_security_advisory","csaf_version":"2.0",
        "publisher":{{"category":"vendor","name":"Example","namespace":"https://psirt.example"}},
        "title":"Pump","tracking":{{"id":"{id}","status":"final","version":"{version}",
        "initial_release_date":"2026-01-01T00:00:00Z",
        "current_release_date":"2026-0{version}-01T00:00:00Z","revision_history":[{}]}}}},
        "product_tree":{{"branches":[{{"category":"vendor","name":"Halden","branches":[
        {{"category":"product_name","name":"Zephyra V5","branches":[
        {{"category":"product_version_range","name":"{range}","product":
        {{"name":"Zephyra V5 {range}","product_id":"P1"}}}}]}}]}}]}},
        "vulnerabilities":[{{"cve":"CVE-2099-00001","product_status":{{"known_affected":["P1"]}}}}]}}"#,
        revisions.join(",")
    )
}

/// The folder of public data, or a notice that it is not there.
pub(crate) fn corpus(part: &str) -> Option<PathBuf> {
    testing::public_data(part)
}
