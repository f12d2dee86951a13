//! Analyzers, their middleware, point-of-care devices and ECG carts.

use super::{Scene, Script};
use crate::TrueDevice;
use crate::canary;
use crate::encode::tcp::{End, Tcp};
use crate::encode::{hl7, http, tls};

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    let bridge = script.find("lab_middleware", 0);
    match device.class {
        "lab_middleware" => {
            script.every(40.0, index, script.find("his", 0), result);
            script.every(500.0, index, script.find("workstation", 2), web_page);
        }
        "ecg_cart" => {
            script.every(300.0, index, bridge, upload);
            script.every(420.0, index, script.find("pacs", 0), super::imaging::store);
        }
        _ => {
            script.every(25.0, index, bridge, result);
            if device.product == "hematology" {
                script.every(300.0, index, bridge, upload);
            }
            if device.product == "blood_gas" {
                script.once(90.0 + device.place as f64, index, bridge, secure_status);
            }
        }
    }
}

/// A laboratory result.
fn result(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let words = device.model.to_ascii_uppercase().replace(' ', "");
    let sender = format!("{words}^{}", device.software_version);
    let receiver = scene.peer.model.to_ascii_uppercase().replace(' ', "");
    let (time, control) = (scene.clock(), scene.serial_number());
    let header = hl7::Header {
        sender: &sender,
        facility: "LAB",
        receiver: &receiver,
        receiving_facility: "WARDTOWN",
        kind: "ORU^R01",
        version: "2.5.1",
        time: &time,
        control,
    };
    let value = 35 + scene.rng.below(20);
    let rest =
        format!("OBR|1|||14749-6^Glucose^LN\rOBX|1|NM|14749-6^Glucose^LN||{value}|mg/dL|||||F\r");
    let (question, answer) =
        (hl7::message(&header, control, &rest), hl7::acknowledgement(&header, "ACK^R01"));
    let mut tcp = scene.call(6661);
    tcp.open().exchange(&question, &answer);
    tcp.close();
}

/// A file of raw curves by FTP, with the password in clear.
fn upload(scene: &mut Scene<'_>) {
    let (device, bridge) = (scene.actor, scene.peer);
    let content = scene.rng.bytes(24_000);
    let mut data_rng = scene.rng.clone();
    let banner = format!("220 {} {} FTP ready\r\n", bridge.model, bridge.software_version);
    let user = format!("USER {}\r\n", device.hostname);
    let password = format!("PASS {}\r\n", canary::PASSWORD);
    let [a, b, c, d] = bridge.ip.octets();
    let passive = format!("227 Entering Passive Mode ({a},{b},{c},{d},195,80)\r\n");
    let mut tcp = scene.call(21);
    tcp.open().send(End::Server, banner.as_bytes());
    tcp.exchange(user.as_bytes(), b"331 Password required\r\n");
    tcp.exchange(password.as_bytes(), b"230 Logged on\r\n");
    tcp.exchange(b"TYPE I\r\n", b"200 Type set to I\r\n");
    tcp.exchange(b"PASV\r\n", passive.as_bytes());
    tcp.exchange(b"STOR curve.bin\r\n", b"150 Opening data channel\r\n");
    tcp.wait_ms(400);
    tcp.exchange(b"QUIT\r\n", b"226 Transfer done\r\n221 Goodbye\r\n");
    tcp.close();
    scene.pass(60_000);
    let (own, now) = (scene.ephemeral(), scene.now);
    let (client, server) = ((device.host, own), (bridge.host, 195 * 256 + 80));
    let rng = crate::random::Rng::of(data_rng.next(), &[]);
    let mut tcp = Tcp::new(scene.tape, client, server, now, rng);
    tcp.open().send(End::Client, &content).close();
}

/// Somebody opens the middleware's page, which still uses Basic authentication.
fn web_page(scene: &mut Scene<'_>) {
    let bridge = scene.actor;
    let title = format!("{} {} {}", bridge.maker, bridge.model, bridge.software_version);
    let host = format!("{}.ward.example", bridge.hostname);
    let agent = super::windows::BROWSER;
    let challenge = format!("WWW-Authenticate: Basic realm=\"{}\"\r\n", bridge.model);
    let refused =
        http::response("401 Unauthorized", "LabBridgeHttpd/2.2", "text/html", &challenge, b"");
    // "labuser:CANARY-PASSWORD" in base 64.
    let credential = "Authorization: Basic bGFidXNlcjpDQU5BUlktUEFTU1dPUkQ=\r\n";
    let page = http::page(&title, "Worklists and connections.");
    let shown = http::response("200 OK", "LabBridgeHttpd/2.2", "text/html", "", &page);
    let mut tcp = scene.called(8080);
    tcp.open().exchange(&http::get(&host, "/", agent, ""), &refused);
    tcp.exchange(&http::get(&host, "/", agent, credential), &shown);
    tcp.close();
}

/// The middleware reads an analyzer's status over an old protocol version.
fn secure_status(scene: &mut Scene<'_>) {
    let certificate = super::certificate(scene.actor, (2016, 2026));
    let mut rng = scene.rng.clone();
    let mut tcp = scene.called(443);
    tcp.open();
    super::tls_session(&mut tcp, tls::TLS_1_0, "", &certificate, (300, 2_000), &mut rng);
    tcp.close();
}
