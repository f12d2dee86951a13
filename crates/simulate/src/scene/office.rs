//! Workstations, printers, storage, phones in pockets.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Scene, Script, tls_session};
use crate::TrueDevice;
use crate::encode::link::udp6_group;
use crate::encode::{dns, http, ipp, snmp, tls};

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    match device.class {
        "nurse_workstation" | "workstation" => desk(script, index, device),
        "printer" | "label_printer" => {
            let desk = script.find("workstation", device.place);
            script.every(300.0, index, Some(index), announce);
            script.every(200.0, index, desk, print);
            script.once(70.0 + device.place as f64, index, desk, print_raw);
            script.every(350.0, index, script.find("log_server", 0), system_group);
        }
        "nas" => {
            script.every(300.0, index, Some(index), announce);
            script.every(600.0, index, script.find("workstation", 0), web_page);
        }
        "mobile" => {
            script.every(300.0, index, Some(index), announce);
            script.every(60.0, index, script.find("firewall", 0), browse_outside);
        }
        "log_server" => {
            script.once(80.0, index, script.find("workstation", 0), super::network::shell);
        }
        _ => {}
    }
}

fn desk(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    script.every(45.0, index, script.find("his", 0), records);
    if device.os.starts_with("Windows 1") {
        script.every(90.0, index, script.find("firewall", 0), browse_outside);
    }
}

/// A page of the hospital's records.
fn records(scene: &mut Scene<'_>) {
    let name = format!("{}.ward.example", scene.peer.hostname);
    let version = if scene.actor.os.starts_with("Windows 1") { tls::TLS_1_2 } else { tls::TLS_1_0 };
    let answer = 6_000 + scene.rng.below(24_000) as usize;
    scene.secure(443, version, &name, (900, answer));
}

/// A page from outside.
fn browse_outside(scene: &mut Scene<'_>) {
    let mut rng = scene.rng.clone();
    let name = scene.rng.pick(&["www.example.com", "mail.example.net", "updates.example.org"]);
    let address = Ipv4Addr::new(203, 0, 113, scene.rng.below(40) as u8 + 10);
    let mut tcp = scene.call_outside(address, 443);
    tcp.open();
    let answer = 8_000 + rng.below(40_000) as usize;
    tls_session(&mut tcp, tls::TLS_1_3, name, &[], (1_200, answer), &mut rng);
    tcp.close();
}

/// An announcement by multicast DNS, over both versions of IP.
fn announce(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let kind = format!("ty={} {}", device.maker, device.model);
    let product = format!("product=({} {})", device.maker, device.model);
    let instance = format!("{} {} {}", device.maker, device.model, device.place + 1);
    let (service, port, text) = match device.class {
        "nas" => ("_smb._tcp", 445, vec!["model=Vaultbox 8"]),
        "mobile" => ("_wardlink._tcp", 8009, vec!["v=1"]),
        _ => ("_ipp._tcp", 631, vec!["txtvers=1", kind.as_str(), product.as_str(), "rp=ipp/print"]),
    };
    let message = dns::announcement(&device.hostname, device.ip, &instance, service, port, &text);
    scene.tell_group(Ipv4Addr::new(224, 0, 0, 251), (5353, 5353), &message);
    scene.pass(1_000);
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
    scene.push(udp6_group(&device.host, group, (5353, 5353), &message));
}

/// A workstation asks a printer what it is, then prints.
fn print(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let host = format!("{}:631", device.hostname);
    let url = format!("ipp://{host}/ipp/print");
    let model = format!("{} {}", device.maker, device.model);
    let kind = "application/ipp";
    let question = http::post(
        &host,
        "/ipp/print",
        "WardPrint/2 IPP/2.0",
        kind,
        &ipp::attributes_request(&url),
    );
    let body = ipp::attributes_response(&model, device.software_version);
    let server = format!("{}/{}", device.model.replace(' ', "-"), device.software_version);
    let answer = http::response("200 OK", &server, kind, "", &body);
    let mut tcp = scene.called(631);
    tcp.open().exchange(&question, &answer);
    tcp.close();
}

/// The raw port: who are you, and a page.
fn print_raw(scene: &mut Scene<'_>) {
    let model = format!("{} {}", scene.actor.maker, scene.actor.model);
    let mut page = b"\x1b%-12345X@PJL ENTER LANGUAGE=PCL\r\n".to_vec();
    page.extend(scene.rng.bytes(20_000));
    let mut tcp = scene.called(9100);
    tcp.open().exchange(ipp::RAW_QUESTION, &ipp::raw_answer(&model));
    tcp.exchange(&page, &[]);
    tcp.close();
}

/// The log server asks who a printer is.
fn system_group(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let description =
        format!("{} {}; firmware {}", device.maker, device.model, device.software_version);
    super::network::system_group(scene, snmp::V2C, &description);
}

/// The storage's own page.
fn web_page(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let title = format!("{} {}", device.maker, device.model);
    let page = http::page(&title, "Sign in");
    let host = device.ip.to_string();
    let mut tcp = scene.called(80);
    tcp.open().exchange(
        &http::get(&host, "/", super::windows::BROWSER, ""),
        &http::response("200 OK", "nginx/1.18.0", "text/html", "", &page),
    );
    tcp.close();
}
