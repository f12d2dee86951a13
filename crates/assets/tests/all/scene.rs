//! Observations made by hand, for tests.

use model::{
    Attribute, Binding, Confidence, Endpoint, Observations, Sighting, Source, Talker, Timestamp,
};

#[derive(Default)]
pub(crate) struct Scene(Observations);

impl Scene {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn observations(self) -> Observations {
        self.0
    }

    pub(crate) fn talks(mut self, mac: &str, ip: &str) -> Self {
        self.0.talkers.push(Talker {
            endpoint: endpoint(mac, ip),
            first_frame: 1,
            first_seen: Timestamp::from_seconds(1),
            last_seen: Timestamp::from_seconds(2),
            packets: 1,
            bytes: 60,
        });
        self
    }

    pub(crate) fn binds(mut self, mac: &str, ip: &str) -> Self {
        self.0.bindings.push(Binding {
            mac: mac.parse().unwrap(),
            ip: ip.parse().unwrap(),
            vlan: None,
            protocol: "arp".to_owned(),
            first_seen: Timestamp::from_seconds(1),
            last_seen: Timestamp::from_seconds(1),
            frame: 1,
        });
        self
    }

    pub(crate) fn says(self, mac: &str, ip: &str, attribute: Attribute, value: &str) -> Self {
        self.says_with(mac, ip, attribute, value, Confidence::STATED)
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
                protocol: "test".to_owned(),
                field: attribute.name().to_owned(),
                rule: "test".to_owned(),
            },
            first_seen: Timestamp::from_seconds(1),
            last_seen: Timestamp::from_seconds(1),
            count: 1,
        });
        self
    }
}

fn endpoint(mac: &str, ip: &str) -> Endpoint {
    Endpoint { mac: mac.parse().ok(), ip: ip.parse().ok(), vlan: None }
}
