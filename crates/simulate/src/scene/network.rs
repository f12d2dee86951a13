//! Switches, routers, access points, telephones.

use super::{Scene, Script};
use crate::TrueDevice;
use crate::encode::tcp::End;
use crate::encode::{cdp, http, icmp, lldp, snmp, ssh, syslog};

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    script.every(30.0, index, Some(index), announce);
    if device.class == "ip_phone" {
        script.every(500.0, index, script.find("workstation", 3), phone_page);
        return;
    }
    let log = script.find("log_server", 0);
    if matches!(device.class, "switch" | "router") {
        script.every(60.0, index, Some(index), announce_cdp);
    }
    script.every(120.0, index, log, report);
    script.every(60.0, index, log, watched);
    script.every(300.0, index, log, asked_by_log_server);
    script.once(110.0 + device.place as f64, index, script.find("workstation", 0), shell);
}

fn announce(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let description = description(device);
    let capabilities = match device.class {
        "switch" => lldp::BRIDGE,
        "access_point" => lldp::BRIDGE | lldp::ACCESS_POINT,
        "ip_phone" => lldp::BRIDGE | lldp::TELEPHONE,
        _ => lldp::ROUTER,
    };
    let version = device.software_version;
    let inventory = [version, version, device.serial.as_str(), device.maker, device.model];
    let inventory = (device.class == "ip_phone").then_some(inventory);
    let port = if device.class == "switch" { "Gi1/0/48" } else { "eth0" };
    let name = device.hostname.as_str();
    let frame = lldp::frame(
        &device.host,
        &lldp::Announcement { port, name, description: &description, capabilities, inventory },
    );
    scene.push(frame);
}

fn announce_cdp(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let platform = format!("{} {}", device.maker, device.model_number);
    let frame = cdp::frame(
        &device.host,
        &device.hostname,
        "GigabitEthernet1/0/48",
        &platform,
        &description(device),
    );
    scene.push(frame);
}

fn report(scene: &mut Scene<'_>) {
    let (actor, peer) = (scene.actor.host, scene.peer.host);
    let message = syslog::message(
        "Nov 23 09:00:00",
        &scene.actor.hostname,
        "linkd",
        "port 1/0/7 changed state to up",
    );
    scene.datagram(&actor, &peer, (514, 514), &message);
}

/// The log server asks whether a device is there.
fn watched(scene: &mut Scene<'_>) {
    let (own, other, id) = (scene.actor.host, scene.peer.host, scene.actor.place as u16 + 1);
    let sequence = scene.round as u16;
    scene.push(icmp::echo(&other, &own, false, id, sequence));
    scene.pass(800);
    scene.push(icmp::echo(&own, &other, true, id, sequence));
}

/// The log server asks for the system group, or discovers a version 3 engine.
fn asked_by_log_server(scene: &mut Scene<'_>) {
    let device = scene.actor;
    if device.class != "firewall" {
        system_group(scene, snmp::V2C, &description(device));
        return;
    }
    let (own, other) = (device.host, scene.peer.host);
    let port = scene.ephemeral();
    let id = scene.rng.word() >> 1;
    let mut engine = vec![0x80, 0, 0, 0, 3];
    engine.extend(device.mac.0);
    scene.datagram(&other, &own, (port, 161), &snmp::discovery(id));
    scene.pass(900);
    scene.datagram(&own, &other, (161, port), &snmp::report(id, &engine, 4, 86_000));
}

/// The peer reads the actor's system group with the community `public`.
pub(super) fn system_group(scene: &mut Scene<'_>, version: u32, description: &str) {
    let device = scene.actor;
    let (name, location) = (device.hostname.as_str(), device.location.as_str());
    let system = snmp::System { description, enterprise: 0, name, location };
    let id = scene.rng.word() >> 1;
    let port = scene.ephemeral();
    let (own, other) = (device.host, scene.peer.host);
    scene.datagram(&other, &own, (port, 161), &snmp::question(version, "public", id));
    scene.pass(900);
    scene.datagram(&own, &other, (161, port), &snmp::answer(version, "public", id, &system));
}

/// Somebody from IT opens a shell.
pub(super) fn shell(scene: &mut Scene<'_>) {
    let mut rng = scene.rng.clone();
    let (software, old) = match scene.actor.os {
        "Debian 12" => ("OpenSSH_9.2p1 Debian-2+deb12u3".to_owned(), false),
        "Debian 11" => ("OpenSSH_8.4p1 Debian-5+deb11u3".to_owned(), false),
        _ => (format!("KestrumSSH_{}", scene.actor.software_version), true),
    };
    let mut tcp = scene.called(22);
    tcp.open();
    tcp.exchange(&ssh::banner("OpenSSH_for_Windows_9.5"), &ssh::banner(&software));
    tcp.exchange(
        &ssh::key_exchange_offer(false, &mut rng),
        &ssh::key_exchange_offer(old, &mut rng),
    );
    if !old {
        tcp.exchange(&ssh::exchange_start(&mut rng), &ssh::exchange_reply(&mut rng));
        tcp.send(End::Client, &ssh::new_keys());
        for _ in 0..6 {
            tcp.exchange(&rng.bytes(64), &rng.bytes(208));
        }
    }
    tcp.close();
}

/// A telephone's own page.
fn phone_page(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let title = format!("{} {}", device.maker, device.model);
    let page = http::page(&title, &format!("Software {}", device.software_version));
    let host = device.ip.to_string();
    let mut tcp = scene.called(80);
    tcp.open().exchange(
        &http::get(&host, "/", super::windows::BROWSER, ""),
        &http::response("200 OK", "Deskvox-httpd", "text/html", "", &page),
    );
    tcp.close();
}

fn description(device: &TrueDevice) -> String {
    format!("{} {}, {}, version {}", device.maker, device.model, device.os, device.software_version)
}
