//! Pumps and their server.

use super::{Scene, Script};
use crate::TrueDevice;
use crate::encode::tcp::End;
use crate::encode::{hl7, http, pump};

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    if device.class == "infusion_server" {
        script.every(30.0, index, script.find("integration_engine", 0), report);
        script.every(300.0, index, script.find("nurse_workstation", 0), console);
        return;
    }
    let hub = script.find("infusion_server", device.place);
    script.every(10.0, index, hub, speak);
    // Some pumps keep silent about themselves: their page is never asked for.
    if device.place % 5 != 4 {
        script.once(45.0 + (device.place % 60) as f64, index, hub, status_page);
    }
}

/// One report on a connection that stays open for the whole shift.
fn speak(scene: &mut Scene<'_>) {
    let (device, hub, round) = (scene.actor, scene.peer, scene.round);
    let mut rng = scene.rng.clone();
    // The same numbers each round, so that the connection goes on where it was.
    let steady = crate::random::Rng::of(device.mac.as_u64(), &[5]);
    let port = 49_152 + (device.mac.as_u64() % 16_000) as u16;
    let kind = if round == 0 { 1 } else { 2 };
    let report = pump::report(kind, &device.serial, round as u32, &mut rng);
    let reply = pump::reply(round as u32, &mut rng);
    let (client, server) = ((device.host, port), (hub.host, 3613));
    let mut tcp = crate::encode::tcp::Tcp::new(scene.tape, client, server, scene.now, steady);
    if round == 0 {
        tcp.open();
    } else {
        tcp.resume(round * pump::REPORT_BYTES, round * pump::REPLY_BYTES);
    }
    tcp.send(End::Client, &report).send(End::Server, &reply);
}

/// The server reads a pump's own page.
fn status_page(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let title = format!("{} {}", device.maker, device.model);
    let text = format!(
        "Serial number {}. Firmware {}. Library WARD-{}.",
        device.serial,
        device.software_version,
        40 + device.place % 3
    );
    let page = http::page(&title, &text);
    let server = format!("{}/{}", device.model.replace(' ', ""), device.software_version);
    let host = device.ip.to_string();
    let mut tcp = scene.called(80);
    tcp.open().exchange(
        &http::get(&host, "/status", "FlumenHub/3.4.1", ""),
        &http::response("200 OK", &server, "text/html", "", &page),
    );
    tcp.close();
}

/// The server tells the integration engine what the pumps gave.
fn report(scene: &mut Scene<'_>) {
    let (time, control) = (scene.clock(), scene.serial_number());
    let header = hl7::Header {
        sender: "FLUMENHUB",
        facility: "WARDTOWN",
        receiver: "CROSSWIRE",
        receiving_facility: "WARDTOWN",
        kind: "ORU^R01^ORU_R01",
        version: "2.6",
        time: &time,
        control,
    };
    let rest = "OBX|1|NM|157784^MDC_FLOW_FLUID_PUMP^MDC|1|12.5|mL/h|||||F\r";
    let (question, answer) =
        (hl7::message(&header, control, rest), hl7::acknowledgement(&header, "ACK"));
    let mut tcp = scene.call(2575);
    tcp.open().exchange(&question, &answer);
    tcp.close();
}

/// A nurse's browser opens the server's console.
fn console(scene: &mut Scene<'_>) {
    let hub = scene.actor;
    let host = format!("{}.ward.example", hub.hostname);
    let title = format!("{} {} {}", hub.maker, hub.model, hub.software_version);
    let page = http::page(&title, "Pumps online.");
    let answer = http::response("200 OK", "Microsoft-IIS/10.0", "text/html", "", &page);
    let mut tcp = scene.called(80);
    tcp.open().exchange(&http::get(&host, "/hub/", super::windows::BROWSER, ""), &answer);
    tcp.close();
}
