//! What Windows does by itself: names, file shares, remote desktops.

use super::{Scene, Script, tls_session};
use crate::TrueDevice;
use crate::encode::ntlm::{self, WindowsVersion};
use crate::encode::tcp::End;
use crate::encode::{nbns, rdp, smb1, smb2, tls};
use crate::network::Zone;
use crate::random::Rng;

/// User agent of the hospital's browsers.
pub(super) const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
    (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    let shares = script.find("nas", 0).or(script.find("domain_controller", 0));
    script.every(300.0, index, Some(index), register_name);
    if matches!(device.class, "domain_controller" | "laptop") {
        return;
    }
    if is_old(device) {
        script.every(240.0, index, shares, old_share);
        script.once(150.0 + device.place as f64, index, script.find("workstation", 0), desktop);
    } else {
        script.every(280.0, index, shares, share);
        script.once(
            60.0 + device.place as f64,
            index,
            script.find("domain_controller", 0),
            sign_in,
        );
    }
    if device.class == "domain_controller" || device.class == "ris" {
        script.once(120.0, index, script.find("workstation", 0), desktop);
    }
}

fn is_old(device: &TrueDevice) -> bool {
    matches!(device.os, "Windows XP SP3" | "Windows 7 SP1")
}

fn register_name(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let [_, zone, ..] = device.ip.octets();
    for suffix in [0, 0x20] {
        let id = scene.rng.half();
        let message = nbns::registration(id, &device.hostname, suffix, device.ip);
        scene.tell_group(Zone::broadcast(zone), (137, 137), &message);
        scene.pass(20_000);
    }
}

/// An old Windows opens a share with SMB 1.
fn old_share(scene: &mut Scene<'_>) {
    let (device, server) = (scene.actor, scene.peer);
    let mut rng = scene.rng.clone();
    let version = version(device);
    let (system, manager) = match device.os {
        "Windows XP SP3" => ("Windows 2002 Service Pack 3 2600", "Windows 2002 5.1"),
        _ => ("Windows 7 Professional 7601 Service Pack 1", "Windows 7 Professional 6.1"),
    };
    let ask = ntlm::negotiate(version);
    let challenge = ntlm::challenge((6, 1, 0), &server.hostname, DOMAIN, &mut rng);
    let answer = ntlm::authenticate(version, &device.hostname, DOMAIN, "service", &mut rng);
    let mut tcp = scene.call(445);
    tcp.open().exchange(&smb1::negotiate_request(), &smb1::negotiate_response(&mut rng));
    tcp.exchange(
        &smb1::setup_request(&ask, system, manager),
        &smb1::setup_response(&challenge, false, "Unix", "Samba 4.13"),
    );
    tcp.exchange(
        &smb1::setup_request(&answer, system, manager),
        &smb1::setup_response(&[], true, "Unix", "Samba 4.13"),
    );
    tcp.reset(End::Client);
}

/// A newer Windows opens a share with SMB 2 and reads a file.
fn share(scene: &mut Scene<'_>) {
    let mut rng = scene.rng.clone();
    let (device, server) = (scene.actor, scene.peer);
    let count = 20_000 + scene.rng.below(60_000) as usize;
    let mut tcp = scene.call(445);
    tcp.open();
    smb2_sign_in(&mut tcp, device, server, &mut rng);
    let content = rng.bytes(count);
    tcp.exchange(&smb2::read_request(3, count as u32, &mut rng), &smb2::read_response(3, &content));
    tcp.close();
}

fn sign_in(scene: &mut Scene<'_>) {
    let mut rng = scene.rng.clone();
    let (device, server) = (scene.actor, scene.peer);
    let mut tcp = scene.call(445);
    tcp.open();
    smb2_sign_in(&mut tcp, device, server, &mut rng);
    tcp.close();
}

fn smb2_sign_in(
    tcp: &mut crate::encode::tcp::Tcp<'_>,
    device: &TrueDevice,
    server: &TrueDevice,
    rng: &mut Rng,
) {
    let (own, other) = (version(device), version(server));
    let challenge = ntlm::challenge(other, &server.hostname, DOMAIN, rng);
    let answer = ntlm::authenticate(own, &device.hostname, DOMAIN, "ward", rng);
    let dialect = if server.class == "domain_controller" { 0x0302 } else { 0x0210 };
    let signing = server.class == "domain_controller";
    tcp.exchange(&smb2::negotiate_request(rng), &smb2::negotiate_response(dialect, signing, rng));
    tcp.exchange(
        &smb2::setup_request(1, &ntlm::negotiate(own)),
        &smb2::setup_response(1, &challenge, false),
    );
    tcp.exchange(&smb2::setup_request(2, &answer), &smb2::setup_response(2, &[], true));
}

/// Somebody from IT opens the desktop of a machine.
fn desktop(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let old = device.os == "Windows XP SP3";
    let certificate = super::certificate(device, (2025, 2026));
    let mut rng = scene.rng.clone();
    let mut tcp = scene.called(3389);
    let chosen = if old { rdp::STANDARD } else { rdp::TLS };
    tcp.open().exchange(&rdp::request("itadmin", 3), &rdp::confirm(chosen));
    if !old {
        tls_session(&mut tcp, tls::TLS_1_2, "", &certificate, (900, 30_000), &mut rng);
    }
    tcp.close();
}

/// What the system's NTLM messages say.
fn version(device: &TrueDevice) -> WindowsVersion {
    match device.os {
        "Windows XP SP3" => (5, 1, 2600),
        "Windows 7 SP1" => (6, 1, 7601),
        "Windows 10 LTSC 2019" | "Windows Server 2019" => (10, 0, 17_763),
        "Windows 10 22H2" => (10, 0, 19_045),
        "Windows 11 23H2" => (10, 0, 22_631),
        "Windows Server 2016" => (10, 0, 14_393),
        _ => (6, 1, 0),
    }
}

/// The hospital's directory.
const DOMAIN: &str = "ward.example";
