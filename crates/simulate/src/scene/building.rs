//! Cameras, building controllers, meters, power supplies.

use std::net::Ipv4Addr;

use super::{Scene, Script};
use crate::TrueDevice;
use crate::encode::discovery::{self, Target};
use crate::encode::{bacnet, http, modbus, rtp, snmp};
use crate::network::Zone;

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    let desk = script.find("building_workstation", 0).or(script.find("nurse_workstation", 0));
    match device.class {
        "ip_camera" => {
            script.once(30.0 + device.place as f64, index, desk, start_stream);
            script.every(1.0, index, desk, stream);
            script.every(300.0, index, desk, announce);
            script.every(500.0, index, desk, web_page);
        }
        "building_controller" => {
            script.every(250.0, index, Some(index), present);
            script.once(50.0 + device.place as f64, index, desk, properties);
            script.every(30.0, index, desk, value);
        }
        "power_meter" => {
            script.once(55.0 + device.place as f64, index, desk, identification);
            script.every(10.0, index, desk, registers);
        }
        "ups" => script.every(300.0, index, script.find("log_server", 0), system_group),
        _ => script.every(250.0, index, Some(index), who_is),
    }
}

/// RTSP up to the start of the stream.
fn start_stream(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let url = format!("rtsp://{}/main", device.ip);
    let server = format!("{} {}/{}", device.maker, device.model, device.software_version);
    let about = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=Main\r\nm=video 0 RTP/AVP 96\r\n\
        a=rtpmap:96 H264/90000\r\n";
    let mut tcp = scene.called(554);
    tcp.open();
    for (number, (method, more, back, body)) in [
        ("OPTIONS", "", "Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n", ""),
        ("DESCRIBE", "Accept: application/sdp\r\n", "", about),
        (
            "SETUP",
            "Transport: RTP/AVP;unicast;client_port=40000-40001\r\n",
            "Session: 1\r\nTransport: RTP/AVP;unicast;client_port=40000-40001\r\n",
            "",
        ),
        ("PLAY", "Session: 1\r\n", "Session: 1\r\n", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let number = number as u32 + 1;
        tcp.exchange(
            &rtp::request(method, &url, number, more),
            &rtp::response(&server, number, back, body),
        );
    }
}

/// A second of video, thinned out.
fn stream(scene: &mut Scene<'_>) {
    let (actor, peer) = (scene.actor.host, scene.peer.host);
    let source = scene.actor.mac.as_u64() as u32;
    for part in 0..3u64 {
        let count = 700 + scene.rng.below(600) as usize;
        let content = scene.rng.bytes(count);
        let sequence = (scene.round * 3 + part) as u16;
        let time = (scene.round as u32).wrapping_mul(90_000);
        let port = 40_000 + (scene.actor.place as u16 % 500) * 2;
        let packet = rtp::packet(sequence, time, source, &content);
        scene.datagram(&actor, &peer, (50_000, port), &packet);
        scene.pass(2_000);
    }
}

/// SSDP and WS-Discovery, as cameras do.
fn announce(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let number = device.mac.as_u64();
    let unique = discovery::numbered(number);
    let server = format!(
        "Linux/4.9 UPnP/1.0 {}/{}",
        device.model.replace(' ', "-"),
        device.software_version
    );
    let location = format!("http://{}/upnp/device.xml", device.ip);
    let kind = "urn:schemas-upnp-org:device:Basic:1";
    let notice = discovery::notify(&location, &server, kind, &unique);
    let own = scene.ephemeral();
    scene.tell_group(GROUP, (own, 1900), &notice);
    scene.pass(40_000);
    let hardware = device.model.replace(' ', "_");
    let endpoint = format!("urn:uuid:{unique}");
    let scopes = format!(
        "onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/hardware/{hardware} \
         onvif://www.onvif.org/name/{}",
        device.maker.replace(' ', "_")
    );
    let address = format!("http://{}/onvif/device_service", device.ip);
    let types = "onvif:NetworkVideoTransmitter";
    let target = Target { endpoint: &endpoint, types, scopes: &scopes, address: &address, number };
    scene.tell_group(GROUP, (3702, 3702), &discovery::hello(&target));
}

/// A camera's own page.
fn web_page(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let title = format!("{} {}", device.maker, device.model);
    let text = format!("Firmware {}", device.software_version);
    let page = http::page(&title, &text);
    let host = device.ip.to_string();
    let mut tcp = scene.called(80);
    tcp.open().exchange(
        &http::get(&host, "/", super::windows::BROWSER, ""),
        &http::response("200 OK", "CamHttpd/1.8", "text/html", "", &page),
    );
    tcp.close();
}

fn who_is(scene: &mut Scene<'_>) {
    let [_, zone, ..] = scene.actor.ip.octets();
    scene.tell_group(Zone::broadcast(zone), (47_808, 47_808), &bacnet::who_is());
}

fn present(scene: &mut Scene<'_>) {
    let [_, zone, ..] = scene.actor.ip.octets();
    let message = bacnet::i_am(instance(scene.actor), BACNET_VENDOR);
    scene.tell_group(Zone::broadcast(zone), (47_808, 47_808), &message);
}

/// The supervisor reads who a controller is.
fn properties(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let name = format!("{} {}", device.hostname.to_ascii_uppercase(), device.location);
    for (invoke, (property, text)) in [
        (bacnet::OBJECT_NAME, name.as_str()),
        (bacnet::VENDOR_NAME, device.maker),
        (bacnet::MODEL_NAME, device.model),
        (bacnet::FIRMWARE_REVISION, device.software_version),
        (bacnet::APPLICATION_VERSION, "AHU-2.0"),
        (bacnet::LOCATION, device.location.as_str()),
    ]
    .into_iter()
    .enumerate()
    {
        read(scene, invoke as u8 + 1, property, text);
    }
}

fn value(scene: &mut Scene<'_>) {
    let name = scene.actor.location.clone();
    read(scene, scene.round as u8, bacnet::LOCATION, &name);
}

fn read(scene: &mut Scene<'_>, invoke: u8, property: u8, text: &str) {
    let (own, other) = (scene.actor.host, scene.peer.host);
    let number = instance(scene.actor);
    let ports = (47_808, 47_808);
    scene.datagram(&other, &own, ports, &bacnet::read(invoke, number, property));
    scene.pass(3_000);
    scene.datagram(&own, &other, ports, &bacnet::text(invoke, number, property, text));
    scene.pass(3_000);
}

/// The supervisor reads who a meter is.
fn identification(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let answer =
        modbus::identification_response(7, [device.maker, device.model, device.software_version]);
    let mut tcp = scene.called(502);
    tcp.open().exchange(&modbus::identification_request(7), &answer);
    tcp.close();
}

/// The supervisor reads the meter's values.
fn registers(scene: &mut Scene<'_>) {
    let values = scene.rng.bytes(40);
    let number = scene.round as u16;
    let mut tcp = scene.called(502);
    tcp.open().exchange(&modbus::read_request(number, 20), &modbus::read_response(number, &values));
    tcp.close();
}

fn system_group(scene: &mut Scene<'_>) {
    let device = scene.actor;
    let description =
        format!("{} {} UPS, firmware {}", device.maker, device.model, device.software_version);
    super::network::system_group(scene, snmp::V1, &description);
}

fn instance(device: &TrueDevice) -> u32 {
    260_000 + device.place as u32
}

/// A vendor identifier that ASHRAE has not assigned: the last of its 16 bits.
const BACNET_VENDOR: u16 = 0xfffe;
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
