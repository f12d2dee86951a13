//! The export of the maintenance system, with the mistakes that such exports have.
//!
//! Output: CSV (RFC 4180) in UTF-8 with a header row and line ends of CR LF.

use model::Mac;

use crate::TrueDevice;
use crate::catalogue::makers;
use crate::device::department_owner;
use crate::random::Rng;

/// Decides which devices the maintenance system knows of.
pub(crate) fn choose(devices: &mut [TrueDevice]) {
    for device in devices {
        device.in_cmms = !forgotten(device) && !unreadable(device);
    }
}

/// The export.
pub(crate) fn export(devices: &[TrueDevice]) -> Vec<u8> {
    let mut rows = vec![HEADER.map(str::to_owned).to_vec()];
    for device in devices {
        if unreadable(device) {
            rows.push(broken(row(device)));
        } else if device.in_cmms {
            let row = mistaken(device, devices, row(device));
            if (device.product, device.place) == ("pump_s", 0) {
                rows.push(row.clone());
            }
            rows.push(row);
        }
    }
    rows.extend(GHOSTS.iter().map(|ghost| ghost.map(str::to_owned).to_vec()));
    rows.push(vec!["WG-09990".into(), "see old list".into(), "?".into()]);
    let lines = rows.iter().map(|row| {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        cells.join(",") + "\r\n"
    });
    lines.collect::<String>().into_bytes()
}

/// Devices that nobody entered.
fn forgotten(device: &TrueDevice) -> bool {
    match device.place {
        1 if device.product == "access_point" => true,
        3 if matches!(device.product, "camera" | "us_cart") => true,
        7 if device.product == "pump_v" => true,
        _ => matches!(device.product, "rogue" | "mobile" | "phone"),
    }
}

/// Domain of a maker's own pages.
pub(crate) fn domain_of(maker: &str) -> &'static str {
    makers().iter().find(|known| known.name == maker).map_or("invalid", |known| known.domain)
}

/// A correct row.
fn row(device: &TrueDevice) -> Vec<String> {
    let mut rng = Rng::of(device.mac.as_u64(), &[6]);
    let year = 2012 + rng.below(13);
    let (month, day) = (1 + rng.below(12), 1 + rng.below(28));
    let os = if device.runs_windows() { device.os } else { "" };
    vec![
        device.asset_tag.clone(),
        described(device.class).to_owned(),
        spelled(device),
        device.model.to_owned(),
        device.serial.clone(),
        firmware(device),
        os.to_owned(),
        device.mac.to_string(),
        device.ip.to_string(),
        device.hostname.clone(),
        device.location.clone(),
        device.department.to_owned(),
        department_owner(device.department).to_owned(),
        format!("{year}-{month:02}-{day:02}"),
        thousands(800 + rng.below(40_000)),
        format!("PO-{year}-{:04}", rng.below(9_999)),
        "In use".to_owned(),
        criticality(device.class).to_owned(),
    ]
}

/// Some rows lack cells, some are wrong.
fn mistaken(device: &TrueDevice, devices: &[TrueDevice], mut row: Vec<String>) -> Vec<String> {
    let mut set = |column: &str, value: String| {
        let place = HEADER.iter().position(|name| *name == column).unwrap_or(usize::MAX);
        if let Some(cell) = row.get_mut(place) {
            *cell = value;
        }
    };
    if device.place % 4 == 3 {
        set("MAC", String::new());
    }
    if device.place % 3 == 2 {
        set("IP", String::new());
    }
    if device.place % 5 == 2 {
        set("Cost", String::new());
        set("PO", String::new());
    }
    match (device.product, device.place) {
        // The version before the last upgrade, which the device itself contradicts.
        ("ct_64", 0) => set("Firmware", "4.1.0".into()),
        ("pump_v", 3) => set("Model", "Flumen-V pump".into()),
        ("chemistry", 0) => {
            let mut octets = device.mac.0;
            octets.swap(3, 5);
            set("MAC", Mac(octets).to_string());
        }
        // An address that has gone to another device since.
        ("us_cart", 0) => {
            let other = devices.iter().find(|other| (other.product, other.place) == ("us_cart", 1));
            set("IP", other.map(|other| other.ip.to_string()).unwrap_or_default());
        }
        ("blood_gas", 0) => set("MAC", device.mac.to_string().replace(':', "-").to_uppercase()),
        ("vent", 1) => set("Status", "In use; on loan to ED".into()),
        _ => {}
    }
    row
}

/// What the hospital calls this kind of device. Computers are just computers to it.
fn described(class: &str) -> &'static str {
    match class {
        "workstation" | "nurse_workstation" | "laptop" => "PC",
        _ => class_name(class),
    }
}

/// The name of a class in the registry.
fn class_name(class: &str) -> &'static str {
    let mut rows = include_str!("../../../knowledge/classes.csv").lines();
    let row = rows.find(|row| row.split(',').next() == Some(class));
    row.and_then(|row| row.split(',').nth(1)).unwrap_or_default()
}

/// The firmware as far as somebody wrote it down.
fn firmware(device: &TrueDevice) -> String {
    let never = matches!(device.class, "workstation" | "nurse_workstation" | "switch" | "his");
    let sometimes = matches!(device.product, "monitor_m3" | "pump_s" | "us_mini" | "cabinet");
    let missing = never || sometimes && device.place % 2 == 1;
    if missing { String::new() } else { device.software_version.to_owned() }
}

/// The maker as whoever typed it spelled it.
fn spelled(device: &TrueDevice) -> String {
    let makers = makers();
    let known = makers.iter().find(|maker| maker.name == device.maker);
    let spellings = known.map_or("", |maker| maker.spellings);
    let count = spellings.split(';').count();
    match device.place % 3 {
        1 => spellings.split(';').nth(device.place / 3 % count).unwrap_or(device.maker).to_owned(),
        _ => device.maker.to_owned(),
    }
}

/// Rows that no reader can split into the right cells.
fn unreadable(device: &TrueDevice) -> bool {
    (device.product, device.place) == ("hematology", 1)
}

/// A comma slipped into an unquoted cell, so that the row has one cell too many.
fn broken(mut row: Vec<String>) -> Vec<String> {
    row.insert(9, "Lab bench 4".into());
    row
}

fn criticality(class: &str) -> &'static str {
    match class {
        "ventilator" | "anesthesia_machine" => "1 - life support",
        "infusion_pump" | "syringe_pump" | "patient_monitor" | "central_station" => "2 - high",
        "ct_scanner" | "mr_scanner" | "pacs" | "infusion_server" | "lab_analyzer" => "3 - medium",
        "ip_camera" | "printer" | "label_printer" => "5 - none",
        "ecg_cart" => "",
        _ => "4 - low",
    }
}

fn thousands(number: u64) -> String {
    match number {
        0..1000 => format!("{number}.00"),
        _ => format!("{},{:03}.00", number / 1000, number % 1000),
    }
}

/// A cell, in quotes where RFC 4180 wants them.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

const HEADER: [&str; 18] = [
    "Asset ID",
    "Description",
    "Manufacturer",
    "Model",
    "Serial",
    "Firmware",
    "OS",
    "MAC",
    "IP",
    "Hostname",
    "Location",
    "Department",
    "Owner",
    "Purchase Date",
    "Cost",
    "PO",
    "Status",
    "Criticality",
];

/// Devices that the network never sees.
const GHOSTS: [[&str; 18]; 4] = [
    [
        "WG-09001",
        "Ventilator",
        "Halden Medical",
        "Zephyra V3",
        "HM1400311",
        "1.9.2",
        "",
        "",
        "",
        "",
        "Basement store",
        "Intensive Care",
        "Biomed",
        "2011-04-02",
        "18,400.00",
        "PO-2011-0412",
        "Retired",
        "1 - life support",
    ],
    [
        "WG-09002",
        "Infusion pump",
        "Norrvik",
        "Flumen V",
        "NI1920999",
        "12.1.0",
        "",
        "",
        "",
        "",
        "Pump pool",
        "Ward 5 Medicine",
        "Biomed",
        "2019-09-17",
        "2,150.00",
        "PO-2019-3310",
        "In storage",
        "2 - high",
    ],
    [
        "WG-09003",
        "ECG cart",
        "Dovrell Cardio",
        "Cardiel 6",
        "DC1300042",
        "",
        "",
        "",
        "",
        "",
        "Cardiology \"old\" room",
        "Ward 5 Medicine",
        "Biomed",
        "2010-01-20",
        "",
        "",
        "In use",
        "",
    ],
    [
        "WG-09004",
        "Ultrasound system",
        "Tarnholt Sonics GmbH",
        "Echoveil 9",
        "TS2120777",
        "2.1.0",
        "Windows 10 LTSC 2019",
        "",
        "",
        "us-99",
        "On loan, Lakeside clinic",
        "Radiology",
        "Biomed",
        "2021-06-30",
        "31,900.00",
        "PO-2021-0077",
        "On loan",
        "4 - low",
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hospital, Plan};

    #[test]
    fn the_export_has_its_mistakes() {
        let hospital = Hospital::build(&Plan::default());
        let text = String::from_utf8(hospital.cmms_csv()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let known = hospital.devices().iter().filter(|device| device.in_cmms).count();
        // Header, one duplicate, two unreadable rows, the ghosts.
        assert_eq!(lines.len(), known + 1 + 1 + 2 + GHOSTS.len());
        let rogue = hospital.devices().iter().find(|device| device.product == "rogue").unwrap();
        assert!(!text.contains(&rogue.asset_tag));
        for (name, needle) in [
            ("quoted comma", "\"18,400.00\""),
            ("quoted quote", "\"Cardiology \"\"old\"\" room\""),
            ("variant of a maker", ",Norrvik Infusion AB,"),
            ("short row", "WG-09990,see old list,?\r\n"),
        ] {
            assert!(text.contains(needle), "{name}");
        }
    }
}
