//! Observations made by hand, for tests.

use model::{
    Attribute, Binding, Confidence, Endpoint, Observations, Sighting, Source, Station, Talker,
    Timestamp,
};

#[derive(Default)]
pub(crate) struct Scene(Observations);

impl Scene {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What is said from here on is said in `protocol`.
    pub(crate) fn in_protocol(mut self, protocol: &str) -> Self {
        protocol.clone_into(&mut self.0.capture);
        self
    }

    pub(crate) fn observations(self) -> Observations {
        self.0
    }

    /// Sends frames; nothing is known of how far they came.
    pub(crate) fn talks(self, mac: &str, ip: &str) -> Self {
        self.talks_at((1, 2), mac, ip, None)
    }

    /// Sends frames that show this hop count.
    pub(crate) fn hops(self, mac: &str, ip: &str, hops: u8) -> Self {
        self.talks_at((1, 2), mac, ip, Some(hops))
    }

    pub(crate) fn talks_at(
        mut self,
        (first, last): (i64, i64),
        mac: &str,
        ip: &str,
        hops: Option<u8>,
    ) -> Self {
        self.0.talkers.push(Talker {
            endpoint: endpoint(mac, ip),
            first_frame: 1,
            first_seen: Timestamp::from_seconds(first),
            last_seen: Timestamp::from_seconds(last),
            packets: 1,
            bytes: 60,
            hops,
        });
        self
    }

    pub(crate) fn binds(self, mac: &str, ip: &str) -> Self {
        self.binds_by("arp", (1, 1), mac, ip)
    }

    pub(crate) fn binds_by(
        mut self,
        protocol: &str,
        (first, last): (i64, i64),
        mac: &str,
        ip: &str,
    ) -> Self {
        self.0.bindings.push(Binding {
            mac: mac.parse().unwrap(),
            ip: ip.parse().unwrap(),
            vlan: None,
            protocol: protocol.to_owned(),
            first_seen: Timestamp::from_seconds(first),
            last_seen: Timestamp::from_seconds(last),
            frame: 1,
        });
        self
    }

    pub(crate) fn says(self, mac: &str, ip: &str, attribute: Attribute, value: &str) -> Self {
        self.says_with(mac, ip, attribute, value, Confidence::STATED)
    }

    /// States a value again and again.
    pub(crate) fn says_during(
        self,
        (first, last): (i64, i64),
        mac: &str,
        ip: &str,
        attribute: Attribute,
        value: &str,
    ) -> Self {
        let mut scene = self.says(mac, ip, attribute, value);
        if let Some(said) = scene.0.sightings.last_mut() {
            said.first_seen = Timestamp::from_seconds(first);
            said.last_seen = Timestamp::from_seconds(last);
        }
        scene
    }

    pub(crate) fn says_with(
        mut self,
        mac: &str,
        ip: &str,
        attribute: Attribute,
        value: &str,
        confidence: Confidence,
    ) -> Self {
        self.0.sightings.push(Sighting {
            endpoint: endpoint(mac, ip),
            attribute,
            value: value.to_owned(),
            confidence,
            source: Source::Wire {
                capture: "test.pcap".to_owned(),
                frame: 1,
                offset_bytes: 54,
                length_bytes: 4,
                protocol: self.0.capture.clone(),
                field: attribute.name().to_owned(),
                rule: "test".to_owned(),
                source_id: None,
            },
            first_seen: Timestamp::from_seconds(1),
            last_seen: Timestamp::from_seconds(1),
            count: 1,
        });
        self
    }
}

impl Scene {
    /// What was said last was said of this station behind it.
    pub(crate) fn of_station(mut self, network: u16, address: u64) -> Self {
        if let Some(last) = self.0.sightings.last_mut() {
            let station = Some(Station { network, address });
            last.endpoint = Endpoint { station, ..Endpoint::default() };
        }
        self
    }
}

fn endpoint(mac: &str, ip: &str) -> Endpoint {
    Endpoint { mac: mac.parse().ok(), ip: ip.parse().ok(), vlan: None, station: None }
}
