//! Bedside monitors, central stations, ventilators and anesthesia machines.

use std::net::Ipv4Addr;

use super::{Scene, Script};
use crate::TrueDevice;
use crate::canary;
use crate::encode::discovery::{self, Metadata, Target};
use crate::encode::link::udp_group;
use crate::encode::tcp::End;
use crate::encode::{hl7, http, snmp, waveform};

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    let central = script.find("central_station", device.place);
    let engine = script.find("integration_engine", 0);
    match device.product {
        "monitor_m8" | "vent" => {
            script.once(25.0 + device.place as f64, index, central, introduce);
            script.every(1.0, index, central, stream);
            if device.product == "vent" {
                script.every(60.0, index, engine, report);
            }
        }
        "monitor_m3" => {
            script.every(1.0, index, Some(index), stream_to_group);
            script.every(600.0, index, central, system_group);
        }
        "anesthesia" => {
            script.every(60.0, index, engine, report);
            script.once(100.0 + device.place as f64, index, script.find("workstation", 1), console);
        }
        _ => script.every(20.0, index, engine, report),
    }
}

/// Hello, probe match and metadata, as IEEE 11073 SDC devices do.
fn introduce(scene: &mut Scene<'_>) {
    let (device, central) = (scene.actor, scene.peer);
    let number = device.mac.as_u64();
    let endpoint = format!("urn:uuid:{}", discovery::numbered(number));
    let path = format!("/{}", discovery::numbered(number));
    let address = format!("http://{}:6464{path}", device.ip);
    let types = "dpws:Device mdpws:MedicalDevice";
    let scopes = "sdc.mds.pkp:1.2.840.10004.20701.1.1 sdc.ctxt.loc:/sdc.ctxt.loc.detail/ward";
    let target = Target { endpoint: &endpoint, types, scopes, address: &address, number };
    scene.tell_group(WS_DISCOVERY, (3702, 3702), &discovery::hello(&target));
    scene.pass(900_000);
    let (own, other) = (device.host, central.host);
    let probe = discovery::probe("mdpws:MedicalDevice", number ^ 2);
    let id = scene.rng.half();
    scene.push(udp_group(&other, WS_DISCOVERY, id, (50_110, 3702), &probe));
    scene.pass(30_000);
    scene.datagram(&own, &other, (3702, 50_110), &discovery::probe_match(&target));
    scene.pass(200_000);
    let request = discovery::metadata_request(&endpoint, number ^ 1);
    let host = format!("{}:6464", device.ip);
    let maker_page = format!("https://www.{}", crate::cmms::domain_of(device.maker));
    let answer = discovery::metadata_response(
        &Metadata {
            maker: device.maker,
            url: &maker_page,
            model: device.model,
            number: device.model_number,
            name: &device.hostname,
            firmware: device.software_version,
            serial: &device.serial,
        },
        number ^ 1,
    );
    let soap = "application/soap+xml";
    let mut tcp = scene.called(6464);
    tcp.open().exchange(
        &http::post(&host, &path, "VelorinCentral/2.4", soap, &request),
        &http::response("200 OK", "", soap, "", &answer),
    );
    tcp.close();
}

/// One second of curves to the central station.
fn stream(scene: &mut Scene<'_>) {
    let (actor, peer, bed) = (scene.actor.host, scene.peer.host, scene.actor.place as u16);
    let mut rng = scene.rng.clone();
    let payload = waveform::second(bed, scene.round as u32, &mut rng);
    scene.datagram(&actor, &peer, (7900, 7901), &payload);
}

/// One second of curves to whoever listens.
fn stream_to_group(scene: &mut Scene<'_>) {
    let bed = scene.actor.place as u16;
    let mut rng = scene.rng.clone();
    let payload = waveform::second(bed, scene.round as u32, &mut rng);
    let [a, b] = bed.to_be_bytes();
    scene.tell_group(Ipv4Addr::new(239, 20, a, b), (7900, 7900), &payload);
}

/// Observations of a patient to the integration engine.
fn report(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let name = device.model.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    let (time, control) = (scene.clock(), scene.serial_number());
    let sender = format!("{name}^{}^SERIAL", device.serial);
    let header = hl7::Header {
        sender: &sender,
        facility: device.department,
        receiver: "CROSSWIRE",
        receiving_facility: "WARDTOWN",
        kind: "ORU^R01^ORU_R01",
        version: "2.6",
        time: &time,
        control,
    };
    let pulse = 60 + scene.rng.below(40);
    let rest = format!(
        "OBR|1|||69965^MDC_DEV_MON^MDC\rOBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|{pulse}|/min|||||F\r"
    );
    let (question, answer) =
        (hl7::message(&header, control, &rest), hl7::acknowledgement(&header, "ACK^R01^ACK"));
    let mut tcp = scene.call(2575);
    tcp.open().exchange(&question, &answer);
    tcp.close();
}

/// The central station asks an old monitor who it is.
fn system_group(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let description = format!("{} {}", device.maker, device.model);
    super::network::system_group(scene, snmp::V1, &description);
}

/// A technician signs in to the service console.
fn console(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let greeting = format!(
        "\r\n{} {} service console\r\nSoftware {}  S/N {}\r\n\r\nlogin: ",
        device.maker, device.model, device.software_version, device.serial
    );
    let mut tcp = scene.called(23);
    tcp.open().send(End::Server, &[0xff, 0xfd, 0x18, 0xff, 0xfb, 0x01]);
    tcp.send(End::Client, &[0xff, 0xfc, 0x18, 0xff, 0xfd, 0x01]);
    tcp.send(End::Server, greeting.as_bytes());
    tcp.exchange(b"service\r\n", b"service\r\nPassword: ");
    tcp.exchange(format!("{}\r\n", canary::PASSWORD).as_bytes(), b"\r\nservice> ");
    tcp.exchange(b"show status\r\n", b"show status\r\nOK\r\nservice> ");
    tcp.close();
}

const WS_DISCOVERY: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
