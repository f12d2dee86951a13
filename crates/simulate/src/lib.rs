//! A deterministic hospital: devices, packets, records, disclosures.
//!
//! What:    feeds the demo, tests and benchmarks with the same kinds of bytes that a real hospital
//!          gives: a mirrored network, a CMMS export, CSAF advisories, KEV and EPSS.
//! Source:  `knowledge/simulate-*.csv` for makers and products; every maker, product, patient,
//!          vulnerability and advisory is invented.
//! Input:   a [`Plan`]; the same plan gives the same bytes.
//! Output:  frames in time order with times in microseconds; documents as bytes.
//! Limits:  frames are made as they are asked for, so a long capture needs no more memory than a
//!          short one.
//! Privacy: patients are canaries (`CANARY^PATIENT^0001`, `CANARY-ID-0001`), so a leak is found by search.
//!
//! To add a kind of device: a row in `knowledge/simulate-products.csv` and an arm in `scene::plan`.
//! To add a protocol: a file in `encode/` and a scene that speaks it; the test `wireshark_agrees`
//! lists what must be found.
#![forbid(unsafe_code)]

mod advisories;
mod canary;
mod catalogue;
mod cmms;
mod device;
mod encode;
mod leaks;
mod network;
mod pcap;
mod random;
mod scene;
mod schedule;

use std::collections::BTreeMap;

use model::Timestamp;

pub use device::TrueDevice;
pub use leaks::leak_frames;
pub use pcap::{pcap_header, pcap_record};
pub use schedule::Frames;

/// What hospital to build.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Plan {
    /// About how many devices are on the network; fewer than 30 counts as 30.
    pub devices: usize,
    /// Everything random follows from this.
    pub seed: u64,
    /// When the capture starts.
    pub start: Timestamp,
}

impl Default for Plan {
    /// 150 devices on a Monday morning.
    fn default() -> Self {
        Self { devices: 150, seed: 1, start: Timestamp::from_seconds(1_795_424_400) }
    }
}

/// How much traffic to make.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TrafficPlan {
    /// Simulated time, in minutes.
    pub minutes: u32,
    /// Traffic goes on past that time until at least so many packets were made.
    pub packets_min: u64,
}

impl Default for TrafficPlan {
    /// A quarter of an hour less three minutes, however many packets that gives.
    fn default() -> Self {
        Self { minutes: 12, packets_min: 0 }
    }
}

/// A simulated hospital.
#[derive(Clone, Debug)]
pub struct Hospital {
    plan: Plan,
    devices: Vec<TrueDevice>,
    /// Places in `devices` by class.
    by_class: BTreeMap<&'static str, Vec<usize>>,
}

impl Hospital {
    /// Builds the hospital of a plan.
    pub fn build(plan: &Plan) -> Self {
        let mut devices = device::build(plan.devices, plan.seed);
        cmms::choose(&mut devices);
        let mut by_class: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, device) in devices.iter().enumerate() {
            by_class.entry(device.class).or_default().push(index);
        }
        Self { plan: *plan, devices, by_class }
    }

    /// The devices on the network, as they truly are.
    pub fn devices(&self) -> &[TrueDevice] {
        &self.devices
    }

    /// The default traffic, as Ethernet frames in time order.
    pub fn frames(&self) -> Frames<'_> {
        self.traffic(&TrafficPlan::default())
    }

    /// As much traffic as asked for, as Ethernet frames in time order.
    pub fn traffic(&self, plan: &TrafficPlan) -> Frames<'_> {
        Frames::new(self, plan)
    }

    /// The export of the hospital's maintenance system: CSV in UTF-8, with the usual mistakes.
    pub fn cmms_csv(&self) -> Vec<u8> {
        cmms::export(&self.devices)
    }

    /// File names and contents of the makers' advisories: CSAF 2.0.
    pub fn advisories(&self) -> Vec<(String, Vec<u8>)> {
        advisories::documents()
    }

    /// An excerpt of a catalogue of exploited vulnerabilities, in CISA's JSON form.
    pub fn kev(&self) -> Vec<u8> {
        advisories::kev()
    }

    /// Exploit prediction scores, in FIRST's CSV form.
    pub fn epss(&self) -> Vec<u8> {
        advisories::epss()
    }

    /// The device of a class with this place, counted round.
    fn of_class(&self, class: &str, place: usize) -> Option<&TrueDevice> {
        let places = self.by_class.get(class)?;
        self.devices.get(*places.get(place % places.len().max(1))?)
    }
}
