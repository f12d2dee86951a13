//! What nearly every device does: get an address, resolve names, set its clock.

use std::net::Ipv4Addr;

use super::{Scene, Script};
use crate::TrueDevice;
use crate::encode::link::{Host, udp_group};
use crate::encode::{arp, dhcp, dns, icmpv6, ntp};
use crate::network::Zone;

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    let server = script.find("domain_controller", 0);
    if device.class == "router" {
        return;
    }
    script.once(1.0 + (index % 170) as f64 / 10.0, index, server, join);
    if matches!(device.class, "switch" | "firewall" | "access_point") {
        return;
    }
    script.every(256.0, index, server, set_clock);
    if !matches!(device.os, "RTOS") {
        script.every(150.0, index, server, resolve_name);
    }
    script.every(240.0, index, server, find_gateway);
}

/// An address by DHCP, or an announcement of the fixed one.
fn join(scene: &mut Scene<'_>) {
    let device = scene.actor;
    if !fixed_address(device) {
        lease(scene);
    }
    scene.push(arp::request(&device.host, device.ip));
    scene.pass(400);
    if matches!(device.os, "RTOS" | "Windows XP SP3") {
        return;
    }
    scene.push(icmpv6::solicitation(&device.host));
    scene.pass(300);
    scene.resolve();
}

fn lease(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let (vendor_class, wanted) = dhcp_software(device);
    let transaction = scene.rng.word();
    let client = dhcp::Client {
        mac: device.mac,
        hostname: &device.hostname,
        vendor_class: &vendor_class,
        wanted,
        transaction,
    };
    let [_, zone, ..] = device.ip.octets();
    let router = Ipv4Addr::new(10, zone, 0, 1);
    let lease = dhcp::Lease { address: device.ip, server: scene.peer.ip, router };
    let unborn = Host { ip: Ipv4Addr::UNSPECIFIED, ..device.host };
    // The relay in the router speaks for the server on this side.
    let relay = Host { mac: device.host.gateway, ip: router, ..device.host };
    for (from, ports, message) in [
        (unborn, (68, 67), dhcp::from_client(&client, None)),
        (relay, (67, 68), dhcp::from_server(&client, lease, false)),
        (unborn, (68, 67), dhcp::from_client(&client, Some(lease))),
        (relay, (67, 68), dhcp::from_server(&client, lease, true)),
    ] {
        let id = scene.rng.half();
        scene.push(udp_group(&from, Ipv4Addr::BROADCAST, id, ports, &message));
        scene.pass(3_000);
    }
}

fn find_gateway(scene: &mut Scene<'_>) {
    scene.resolve();
}

fn set_clock(scene: &mut Scene<'_>) {
    let (actor, peer, asked) = (scene.actor.host, scene.peer.host, scene.now);
    let port = if scene.actor.runs_windows() { 123 } else { scene.ephemeral() };
    scene.datagram(&actor, &peer, (port, 123), &ntp::question(asked));
    scene.pass(600);
    let answer = ntp::answer(asked, scene.now);
    scene.datagram(&peer, &actor, (123, port), &answer);
}

fn resolve_name(scene: &mut Scene<'_>) {
    let class = scene.rng.pick(&["his", "pacs", "integration_engine", "log_server", "nas"]);
    let target = scene.hospital.of_class(class, 0);
    let host = target.map_or("wpad", |device| device.hostname.as_str());
    let name = format!("{host}.ward.example");
    let id = scene.rng.half();
    scene.ask(53, &dns::question(id, &name), &dns::answer(id, &name, target.map(|to| to.ip)));
}

/// Servers, scanners and building units are configured by hand.
fn fixed_address(device: &TrueDevice) -> bool {
    let [_, zone, ..] = device.ip.octets();
    let by_hand = |name| Zone::named(name).is_some_and(|named| named.octet == zone);
    device.os.starts_with("Windows Server")
        || by_hand("servers")
        || by_hand("network")
        || by_hand("building") && device.class != "ip_camera"
        || by_hand("imaging") && device.class != "ultrasound"
}

/// What the DHCP client of a system says: vendor class and the options it asks for.
fn dhcp_software(device: &TrueDevice) -> (String, &'static [u8]) {
    match device.os {
        "Windows XP SP3" => ("MSFT 5.0".into(), &[1, 15, 3, 6, 44, 46, 47, 31, 33, 249, 43]),
        "Windows 7 SP1" => ("MSFT 5.0".into(), &[1, 15, 3, 6, 44, 46, 47, 31, 33, 121, 249, 43]),
        windows if windows.starts_with("Windows") => {
            ("MSFT 5.0".into(), &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252])
        }
        "Android 14" => ("android-dhcp-14".into(), &[1, 3, 6, 15, 26, 28, 51, 58, 59, 43]),
        "Embedded Linux" if device.class == "ip_phone" => {
            (format!("{} {}", device.maker, device.model), &[1, 3, 6, 12, 15, 28, 42, 66, 150])
        }
        "Embedded Linux" => ("udhcp 1.30.1".into(), &[1, 3, 6, 12, 15, 28, 42]),
        _ => (format!("{} {}", device.maker, device.model), &[1, 3, 6, 15, 66, 67]),
    }
}
