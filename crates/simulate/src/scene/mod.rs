//! What devices do: each scene is one thing that happens between two of them.

mod building;
mod clinical;
mod common;
mod imaging;
mod infusion;
mod laboratory;
mod monitoring;
mod network;
mod office;
mod rogue;
mod windows;

use std::net::Ipv4Addr;

use model::{Mac, Timestamp};

use crate::encode::link::{Host, udp, udp_group};
use crate::encode::tcp::{Tape, Tcp};
use crate::encode::{arp, tls, x509};
use crate::random::Rng;
use crate::{Hospital, TrueDevice};

/// Something that happens once or again and again.
pub(crate) struct Activity {
    /// First time, in microseconds after the start.
    pub(crate) first_us: i64,
    /// Time between repetitions, in microseconds; 0 for once.
    pub(crate) period_us: i64,
    /// Place of the device that acts.
    pub(crate) actor: usize,
    /// Place of the device it deals with; its own where it deals with nobody.
    pub(crate) peer: usize,
    /// How it goes.
    pub(crate) play: Play,
}

/// Writes one turn of an activity to the tape; no frame may be earlier than the turn.
pub(crate) type Play = fn(&mut Scene<'_>);

/// One turn of an activity.
pub(crate) struct Scene<'a> {
    pub(crate) hospital: &'a Hospital,
    pub(crate) actor: &'a TrueDevice,
    pub(crate) peer: &'a TrueDevice,
    pub(crate) now: Timestamp,
    /// Turns of this activity before this one.
    pub(crate) round: u64,
    pub(crate) rng: Rng,
    pub(crate) tape: &'a mut Tape,
}

impl Scene<'_> {
    /// A connection from the actor to the peer.
    fn call(&mut self, port: u16) -> Tcp<'_> {
        let client_port = self.ephemeral();
        let rng = Rng::of(self.rng.next(), &[]);
        let (client, server) = ((self.actor.host, client_port), (self.peer.host, port));
        Tcp::new(self.tape, client, server, self.now, rng)
    }

    /// A connection from the peer to the actor.
    fn called(&mut self, port: u16) -> Tcp<'_> {
        let client_port = self.ephemeral();
        let rng = Rng::of(self.rng.next(), &[]);
        let (client, server) = ((self.peer.host, client_port), (self.actor.host, port));
        Tcp::new(self.tape, client, server, self.now, rng)
    }

    /// A connection from the actor to a host outside.
    fn call_outside(&mut self, address: Ipv4Addr, port: u16) -> Tcp<'_> {
        let client_port = self.ephemeral();
        let outside = self.outside(address);
        let rng = Rng::of(self.rng.next(), &[]);
        Tcp::new(self.tape, (self.actor.host, client_port), (outside, port), self.now, rng)
    }

    /// One datagram.
    fn datagram(&mut self, from: &Host, to: &Host, ports: (u16, u16), payload: &[u8]) {
        let id = self.rng.half();
        let frame = udp(from, to, id, ports, payload);
        self.push(frame);
    }

    /// A question from the actor and the peer's answer.
    fn ask(&mut self, port: u16, question: &[u8], answer: &[u8]) {
        let own = self.ephemeral();
        let (actor, peer) = (self.actor.host, self.peer.host);
        self.datagram(&actor, &peer, (own, port), question);
        self.pass(700);
        self.datagram(&peer, &actor, (port, own), answer);
        self.pass(300);
    }

    /// A datagram from the actor to a group.
    fn tell_group(&mut self, group: Ipv4Addr, ports: (u16, u16), payload: &[u8]) {
        let id = self.rng.half();
        let frame = udp_group(&self.actor.host, group, id, ports, payload);
        self.push(frame);
    }

    /// A frame at the present time.
    fn push(&mut self, frame: Vec<u8>) {
        self.tape.push((self.now, frame));
    }

    /// Lets time pass.
    fn pass(&mut self, micros: i64) {
        self.now = Timestamp::from_micros(self.now.as_micros() + micros);
    }

    fn ephemeral(&mut self) -> u16 {
        49_152 + self.rng.below(16_000) as u16
    }

    /// A host beyond the firewall.
    fn outside(&self, address: Ipv4Addr) -> Host {
        let mac = self.hospital.of_class("firewall", 0).map_or(Mac::ZERO, |device| device.mac);
        let gateway = self.actor.host.gateway;
        Host { mac, ip: address, vlan: None, gateway, hops: 52 }
    }

    /// The actor asks for the peer's address, or the gateway's when the peer is elsewhere.
    fn resolve(&mut self) {
        let (actor, peer) = (self.actor.host, self.peer.host);
        let [_, zone, ..] = actor.ip.octets();
        let [_, other, ..] = peer.ip.octets();
        let target = if zone == other { peer.ip } else { Ipv4Addr::new(10, zone, 0, 1) };
        let owner = if zone == other { peer.mac } else { actor.gateway };
        self.push(arp::request(&actor, target));
        self.pass(150);
        let answering = Host { mac: owner, ..peer };
        self.push(arp::reply(&answering, target, &actor));
        self.pass(200);
    }

    /// A whole TLS session from the actor to the peer.
    fn secure(&mut self, port: u16, version: u16, name: &str, bytes: (usize, usize)) {
        let certificate = certificate(self.peer, (2021, 2031));
        let mut rng = self.rng.clone();
        let mut tcp = self.call(port);
        tcp.open();
        tls_session(&mut tcp, version, name, &certificate, bytes, &mut rng);
        tcp.close();
    }

    /// Local time for message headers, `20261123093000`.
    fn clock(&self) -> String {
        self.now.to_string().chars().filter(char::is_ascii_digit).take(14).collect()
    }

    /// A number for each activity and round, to tell patients and messages apart.
    fn serial_number(&self) -> u64 {
        self.actor.host.mac.as_u64() % 997 + self.round
    }
}

/// The certificate that a device made for itself, the same each time.
fn certificate(device: &TrueDevice, years: (u32, u32)) -> Vec<u8> {
    let mut rng = Rng::of(device.mac.as_u64(), &[3]);
    let name = match device.class {
        "nurse_workstation" | "workstation" | "laptop" | "domain_controller" => {
            format!("{}.ward.example", device.hostname)
        }
        _ => format!("{} {}", device.model, device.serial),
    };
    let issuer = name.clone();
    let (organization, address) = (device.maker, device.ip);
    x509::encode(
        &x509::Certificate { name: &name, organization, issuer: &issuer, years, address },
        &mut rng,
    )
}

/// Handshake and application data on an open connection.
fn tls_session(
    tcp: &mut Tcp<'_>,
    version: u16,
    name: &str,
    certificate: &[u8],
    (asked, answered): (usize, usize),
    rng: &mut Rng,
) {
    tcp.exchange(
        &tls::client_hello(version, name, true, rng),
        &tls::server_hello(version, certificate, rng),
    );
    tcp.exchange(&tls::client_finish(version, rng), &tls::server_finish(version, rng));
    tcp.exchange(&tls::application(version, asked, rng), &tls::application(version, answered, rng));
}

/// Everything that happens in a hospital.
pub(crate) fn plan(hospital: &Hospital) -> Vec<Activity> {
    let mut script = Script { hospital, activities: Vec::new() };
    for (index, device) in hospital.devices().iter().enumerate() {
        common::plan(&mut script, index, device);
        let of_class = match device.class {
            "ct_scanner"
            | "mr_scanner"
            | "xray"
            | "mobile_xray"
            | "mammography"
            | "angiography"
            | "ultrasound"
            | "pacs"
            | "imaging_workstation" => imaging::plan,
            "patient_monitor" | "central_station" | "telemetry_server" | "ventilator"
            | "anesthesia_machine" => monitoring::plan,
            "infusion_pump" | "syringe_pump" | "infusion_server" => infusion::plan,
            "lab_analyzer" | "lab_middleware" | "poct_analyzer" | "ecg_cart" => laboratory::plan,
            "his" | "ris" | "integration_engine" | "nurse_call" | "medication_cabinet" => {
                clinical::plan
            }
            "ip_camera"
            | "building_controller"
            | "power_meter"
            | "ups"
            | "building_workstation" => building::plan,
            "router" | "switch" | "access_point" | "firewall" | "ip_phone" => network::plan,
            "laptop" => rogue::plan,
            _ => office::plan,
        };
        of_class(&mut script, index, device);
        if device.runs_windows() {
            windows::plan(&mut script, index, device);
        }
    }
    script.activities
}

/// Activities under construction.
struct Script<'a> {
    hospital: &'a Hospital,
    activities: Vec<Activity>,
}

impl Script<'_> {
    /// Once, so many seconds after the start.
    fn once(&mut self, seconds: f64, actor: usize, peer: Option<usize>, play: Play) {
        self.add(micros(seconds), 0, actor, peer, play);
    }

    /// Again and again, the first time somewhere within the first period.
    fn every(&mut self, seconds: f64, actor: usize, peer: Option<usize>, play: Play) {
        let number = self.activities.len() as u64;
        let mut rng = Rng::of(self.hospital.plan.seed, &[4, number]);
        // Devices that were just switched on speak up soon, whatever their period.
        let first = rng.between(WARM_UP_US, WARM_UP_US + micros(seconds).clamp(1, FIRST_TURN_US));
        self.add(first, micros(seconds), actor, peer, play);
    }

    /// The place of a device of a class, counted round.
    fn find(&self, class: &str, place: usize) -> Option<usize> {
        let places = self.hospital.by_class.get(class)?;
        places.get(place % places.len().max(1)).copied()
    }

    fn add(
        &mut self,
        first_us: i64,
        period_us: i64,
        actor: usize,
        peer: Option<usize>,
        play: Play,
    ) {
        // A small hospital may lack the peer; then nothing happens.
        if let Some(peer) = peer {
            self.activities.push(Activity { first_us, period_us, actor, peer, play });
        }
    }
}

fn micros(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}

/// Everybody has an address by then, in microseconds.
const WARM_UP_US: i64 = 20_000_000;
/// Latest first turn after that, in microseconds.
const FIRST_TURN_US: i64 = 300_000_000;
