//! A laptop that nobody registered: it scans, and it lets somebody outside in.

use std::net::Ipv4Addr;

use super::{Scene, Script, tls_session};
use crate::TrueDevice;
use crate::encode::{arp, tls, x509};
use crate::random::Rng;

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    let firewall = script.find("firewall", 0);
    script.once(180.0 + device.place as f64, index, Some(index), look_around);
    script.every(120.0, index, firewall, remote_access);
    for (order, class) in
        ["infusion_server", "patient_monitor", "infusion_pump", "pacs", "lab_analyzer", "nas"]
            .into_iter()
            .enumerate()
    {
        for place in 0..4 {
            let target = script.find(class, place);
            script.once(200.0 + order as f64 * 6.0 + place as f64, index, target, scan);
        }
    }
}

/// Who is in my subnet?
fn look_around(scene: &mut Scene<'_>) {
    let host = scene.actor.host;
    let [a, b, ..] = host.ip.octets();
    for last in 1..40 {
        scene.push(arp::request(&host, Ipv4Addr::new(a, b, 0, last)));
        scene.pass(20_000);
    }
}

/// Which doors of this device are open?
fn scan(scene: &mut Scene<'_>) {
    for port in [21, 22, 23, 80, 104, 443, 445, 3389, 5900] {
        scene.pass(30_000);
        let silent = port % 5 == 4;
        let mut tcp = scene.call(port);
        if silent {
            tcp.unanswered();
        } else {
            tcp.refused();
        }
    }
}

/// A remote-access tool keeps its relay informed.
fn remote_access(scene: &mut Scene<'_>) {
    let mut rng = scene.rng.clone();
    let address = Ipv4Addr::new(198, 51, 100, 77);
    let name = "relay-5c3a1f0b.net.anydesk.com";
    let mut key = Rng::of(6, &[]);
    let certificate = x509::encode(
        &x509::Certificate {
            name: "AnyNet Relay",
            organization: "AnyNet",
            issuer: "AnyNet Root CA",
            years: (2018, 2048),
            address,
        },
        &mut key,
    );
    let mut tcp = scene.call_outside(address, 443);
    tcp.open();
    tls_session(&mut tcp, tls::TLS_1_2, name, &certificate, (2_000, 24_000), &mut rng);
    tcp.close();
}
