//! Modalities, the archive and reading rooms.

use std::net::Ipv4Addr;

use super::{Scene, Script};
use crate::TrueDevice;
use crate::encode::dicom::dataset::{self, Equipment};
use crate::encode::dicom::pdu::{self, Association, EXPLICIT, IMPLICIT};
use crate::encode::tcp::{End, Tcp};
use crate::encode::{http, tls, vnc};
use crate::random::Rng;

pub(super) fn plan(script: &mut Script<'_>, index: usize, device: &TrueDevice) {
    let pacs = script.find("pacs", device.place);
    match device.class {
        "pacs" => {
            let desk = script.find("imaging_workstation", 0).or(script.find("workstation", 0));
            script.every(420.0, index, desk, web_page);
        }
        "imaging_workstation" => {
            script.once(30.0 + device.place as f64, index, pacs, echo);
            script.every(400.0, index, pacs, retrieve);
        }
        _ => {
            script.every(420.0, index, pacs, store);
            script.every(300.0, index, script.find("ris", 0), worklist);
            if device.product == "us_mini" {
                script.once(40.0, index, pacs, refused);
            }
            if matches!(device.class, "ct_scanner" | "mr_scanner") {
                script.every(240.0, index, script.find("firewall", 0), maker_service);
            }
            if matches!(device.class, "mammography" | "angiography") {
                script.once(200.0, index, script.find("workstation", 0), remote_control);
            }
        }
    }
}

/// One image goes to the archive.
pub(super) fn store(scene: &mut Scene<'_>) {
    let (sender, archive) = (scene.actor, scene.peer);
    send_image(scene, sender, archive, sender);
}

/// The archive sends an image that a reading room asked for.
fn retrieve(scene: &mut Scene<'_>) {
    let scanner = scene.hospital.of_class("ct_scanner", scene.actor.place);
    let (desk, archive) = (scene.actor, scene.peer);
    send_image(scene, archive, desk, scanner.unwrap_or(desk));
}

fn send_image(scene: &mut Scene<'_>, from: &TrueDevice, to: &TrueDevice, made_by: &TrueDevice) {
    let mut rng = scene.rng.clone();
    let (modality, bytes) = modality(made_by.class);
    let class = dataset::storage_class(modality);
    let explicit = !matches!(made_by.class, "xray" | "mr_scanner");
    let syntax = if explicit { EXPLICIT } else { IMPLICIT };
    let contexts = [(dataset::VERIFICATION, IMPLICIT), (class, syntax)];
    let instance =
        format!("2.25.{}{:06}", 4_000_000_000 + rng.below(1 << 31), scene.round % 999_999);
    let title = made_by.ae_title();
    let equipment = Equipment {
        modality,
        maker: made_by.maker,
        station: &title,
        model: made_by.model,
        serial: &made_by.serial,
        software: made_by.software_version,
        department: made_by.department,
    };
    let pixels = rng.bytes(bytes);
    let image = dataset::image(&equipment, explicit, &instance, scene.serial_number(), &pixels);
    let lose = (scene.round == 0 && scene.actor.product == "ct_64").then_some(LOST_SEGMENT);
    let port = scene.ephemeral();
    let mut tcp = Tcp::new(scene.tape, (from.host, port), (to.host, 104), scene.now, rng);
    if let Some(segment) = lose {
        tcp.lose(segment);
    }
    tcp.open();
    associate(&mut tcp, from, to, &contexts);
    let context = pdu::context_id(1);
    tcp.send(End::Client, &pdu::data(context, true, &dataset::store_request(class, &instance, 1)));
    tcp.send(End::Client, &pdu::data(context, false, &image));
    tcp.send(End::Server, &pdu::data(context, true, &dataset::store_response(class, &instance, 1)));
    release(&mut tcp);
}

/// A modality asks for its worklist and gets two patients.
fn worklist(scene: &mut Scene<'_>) {
    let (modality, _) = modality(scene.actor.class);
    let (actor, peer, patient) = (scene.actor, scene.peer, scene.serial_number());
    let title = actor.ae_title();
    let mut tcp = scene.call(104);
    tcp.open();
    associate(&mut tcp, actor, peer, &[(dataset::WORKLIST, IMPLICIT)]);
    let command = |bytes: &[u8]| pdu::data(1, true, bytes);
    let set = |patient| pdu::data(1, false, &dataset::worklist(modality, &title, patient));
    tcp.send(End::Client, &command(&dataset::find_request(dataset::WORKLIST, 1)));
    tcp.send(End::Client, &set(None));
    for more in [patient, patient + 1] {
        tcp.send(End::Server, &command(&dataset::find_response(dataset::WORKLIST, 1, true)));
        tcp.send(End::Server, &set(Some(more)));
    }
    tcp.send(End::Server, &command(&dataset::find_response(dataset::WORKLIST, 1, false)));
    release(&mut tcp);
}

/// A reading room asks whether the archive is there.
fn echo(scene: &mut Scene<'_>) {
    let (actor, peer) = (scene.actor, scene.peer);
    let mut tcp = scene.call(104);
    tcp.open();
    let contexts = [
        (dataset::VERIFICATION, IMPLICIT),
        (dataset::STUDY_FIND, IMPLICIT),
        (dataset::STUDY_MOVE, IMPLICIT),
    ];
    associate(&mut tcp, actor, peer, &contexts);
    tcp.exchange(
        &pdu::data(1, true, &dataset::echo_request(1)),
        &pdu::data(1, true, &dataset::echo_response(1)),
    );
    release(&mut tcp);
}

/// The archive does not know this caller.
fn refused(scene: &mut Scene<'_>) {
    let actor = scene.actor;
    let contexts = [(dataset::storage_class("US"), EXPLICIT)];
    let (class_uid, version_name) = implementation(actor);
    let who = Association {
        called: "ARCHIVE_OLD",
        calling: &actor.ae_title(),
        class_uid: &class_uid,
        version_name: &version_name,
    };
    let mut tcp = scene.call(104);
    tcp.open().exchange(&pdu::request(&who, &contexts), &pdu::reject());
    tcp.close();
}

/// Somebody looks at the archive's own page.
fn web_page(scene: &mut Scene<'_>) {
    let archive = scene.actor;
    let title = format!("{} {}", archive.model, archive.software_version);
    let page = http::page(&title, "Sign in to view studies.");
    let host = format!("{}.ward.example", archive.hostname);
    let server = format!("VeridaneWeb/{}", archive.software_version);
    let answer = http::response("200 OK", &server, "text/html", "", &page);
    let agent = super::windows::BROWSER;
    let mut tcp = scene.called(80);
    tcp.open().exchange(&http::get(&host, "/viewer/", agent, ""), &answer);
    tcp.close();
    scene.pass(80_000);
    let certificate = super::certificate(archive, (2018, 2024));
    let mut rng = scene.rng.clone();
    let mut tcp = scene.called(443);
    tcp.open();
    super::tls_session(&mut tcp, tls::TLS_1_2, &host, &certificate, (700, 42_000), &mut rng);
    tcp.close();
}

/// A scanner keeps in touch with its maker's service centre.
fn maker_service(scene: &mut Scene<'_>) {
    let name = format!("service.{}", crate::cmms::domain_of(scene.actor.maker));
    let mut rng = scene.rng.clone();
    let mut tcp = scene.call_outside(SERVICE_CENTRE, 443);
    tcp.open();
    super::tls_session(&mut tcp, tls::TLS_1_3, &name, &[], (4_000, 1_500), &mut rng);
    tcp.close();
}

/// Somebody from IT helps at the console: VNC.
fn remote_control(scene: &mut Scene<'_>) {
    let name = format!("{} {}", scene.actor.model, scene.actor.serial);
    let mut rng = scene.rng.clone();
    let mut tcp = scene.called(5900);
    tcp.open().send(End::Server, vnc::VERSION).send(End::Client, vnc::VERSION);
    tcp.exchange(&[], vnc::SECURITY).exchange(vnc::CHOICE, &rng.bytes(16));
    tcp.exchange(&rng.bytes(16), vnc::RESULT);
    tcp.exchange(vnc::CLIENT_INIT, &vnc::server_init(&name));
    tcp.close();
}

fn associate(tcp: &mut Tcp<'_>, from: &TrueDevice, to: &TrueDevice, contexts: &[(&str, &str)]) {
    let (own, other) = (from.ae_title(), to.ae_title());
    let [(own_uid, own_name), (other_uid, other_name)] = [from, to].map(implementation);
    let titles = |class_uid, version_name| Association {
        called: &other,
        calling: &own,
        class_uid,
        version_name,
    };
    tcp.exchange(
        &pdu::request(&titles(own_uid.as_str(), own_name.as_str()), contexts),
        &pdu::accept(&titles(other_uid.as_str(), other_name.as_str()), contexts),
    );
}

fn release(tcp: &mut Tcp<'_>) {
    tcp.exchange(&pdu::release_request(), &pdu::release_reply());
    tcp.close();
}

/// Implementation class UID and version name of a product's DICOM software.
fn implementation(device: &TrueDevice) -> (String, String) {
    let maker = device.maker.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    let number =
        Rng::of(0, &[device.maker.len() as u64, u64::from(device.mac.0[2])]).below(1 << 40);
    let version: String =
        device.software_version.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("{}_{version}", maker.chars().take(9).collect::<String>());
    (format!("2.25.{number}.1"), name.chars().take(16).collect())
}

/// Modality of a device class, and the bytes of pixels in one of its images.
fn modality(class: &str) -> (&'static str, usize) {
    match class {
        "ct_scanner" => ("CT", 524_288),
        "mr_scanner" => ("MR", 262_144),
        "ultrasound" => ("US", 307_200),
        "xray" | "mobile_xray" => ("DX", 700_000),
        "mammography" => ("MG", 900_000),
        "angiography" => ("XA", 524_288),
        "ecg_cart" => ("ECG", 20_000),
        _ => ("OT", 100_000),
    }
}

/// Stands for the service centres of all makers (RFC 5737).
const SERVICE_CENTRE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 20);
/// A data segment in the middle of the pixels.
const LOST_SEGMENT: u32 = 120;
