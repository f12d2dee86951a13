//! Hospital information systems, the integration engine, nurse call, medication cabinets.

use super::{Scene, Script};
use crate::TrueDevice;
use crate::encode::{hl7, http, syslog};

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    let engine = script.find("integration_engine", 0);
    match device.class {
        "his" => script.every(15.0, index, engine, admission),
        "ris" => {
            script.every(45.0, index, engine, order);
            script.every(400.0, index, script.find("workstation", 0), web_page);
        }
        "integration_engine" => {
            script.every(15.0, index, script.find("ris", 0), admission);
            script.every(45.0, index, script.find("pacs", 0), order);
            script.every(400.0, index, script.find("workstation", 1), web_page);
        }
        "nurse_call" => {
            script.every(200.0, index, script.find("nurse_workstation", 1), web_page);
            script.every(60.0, index, script.find("log_server", 0), log);
        }
        _ => script.every(50.0, index, script.find("his", 0), dispense),
    }
}

fn admission(scene: &mut Scene<'_>) {
    send(scene, "ADT^A01", "EVN|A01\r", "PV1|1|I|WARD3^301\r");
}

fn order(scene: &mut Scene<'_>) {
    send(scene, "ORM^O01", "", "ORC|NW|CANARY-ORDER\rOBR|1|CANARY-ORDER||CT^Head\r");
}

fn dispense(scene: &mut Scene<'_>) {
    send(scene, "RDS^O13", "", "RXD|1|DRUG^Saline|20261123|1\r");
}

fn send(scene: &mut Scene<'_>, kind: &str, before: &str, after: &str) {
    let name = |device: &TrueDevice| {
        device.model.split(' ').next().unwrap_or_default().to_ascii_uppercase()
    };
    let sender = format!("{}^{}", name(scene.actor), scene.actor.software_version);
    let receiver = name(scene.peer);
    let (time, control) = (scene.clock(), scene.serial_number());
    let header = hl7::Header {
        sender: &sender,
        facility: "WARDTOWN",
        receiver: &receiver,
        receiving_facility: "WARDTOWN",
        kind,
        version: "2.4",
        time: &time,
        control,
    };
    let rest = format!("{before}{after}");
    let (question, answer) =
        (hl7::message(&header, control, &rest), hl7::acknowledgement(&header, "ACK"));
    let mut tcp = scene.call(6661);
    tcp.open().exchange(&question, &answer);
    tcp.close();
}

/// A browser opens the page of a system.
fn web_page(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let title = format!("{} {} {}", device.maker, device.model, device.software_version);
    let server = match device.os {
        "Debian 11" => "nginx/1.18.0",
        windows if windows.starts_with("Windows") => "Microsoft-IIS/10.0",
        _ => "CallRing-httpd/5.2",
    };
    let host = format!("{}.ward.example", device.hostname);
    let page = http::page(&title, "Please sign in.");
    let mut tcp = scene.called(80);
    tcp.open().exchange(
        &http::get(&host, "/", super::windows::BROWSER, ""),
        &http::response("200 OK", server, "text/html", "", &page),
    );
    tcp.close();
}

fn log(scene: &mut Scene<'_>) {
    let (actor, peer) = (scene.actor.host, scene.peer.host);
    let device = scene.actor;
    let text = format!("{} {} call from room {}", device.model, device.software_version, 300);
    let message = syslog::message("Nov 23 09:00:00", &device.hostname, "callring", &text);
    scene.datagram(&actor, &peer, (514, 514), &message);
}
