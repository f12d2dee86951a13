//! Writes a simulated hospital to a folder: `hospital.pcap`, `cmms.csv`, `advisories/*.json`,
//! `kev.json`, `epss.csv`, `truth.csv`.
//!
//! Usage: `write_hospital FOLDER [--devices N] [--seed S] [--packets MIN] [--minutes M]`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use simulate::{Hospital, Plan, TrafficPlan, pcap_header, pcap_record};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first().filter(|first| !first.starts_with("--")) else {
        eprintln!(
            "usage: write_hospital FOLDER [--devices N] [--seed S] [--packets MIN] [--minutes M]"
        );
        std::process::exit(2);
    };
    let number = |name: &str, default: u64| {
        let place = arguments.iter().position(|argument| argument == name);
        let value = place.and_then(|place| arguments.get(place + 1));
        value.map_or(Ok(default), |text| text.parse()).map_err(io::Error::other)
    };
    let mut plan = Plan::default();
    plan.devices = number("--devices", plan.devices as u64)? as usize;
    plan.seed = number("--seed", plan.seed)?;
    let minutes = number("--minutes", 12)? as u32;
    let traffic = TrafficPlan { minutes, packets_min: number("--packets", 0)? };
    write(&Hospital::build(&plan), &traffic, Path::new(folder))
}

fn write(hospital: &Hospital, traffic: &TrafficPlan, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder.join("advisories"))?;
    for (name, bytes) in hospital.advisories() {
        std::fs::write(folder.join("advisories").join(name), bytes)?;
    }
    std::fs::write(folder.join("cmms.csv"), hospital.cmms_csv())?;
    std::fs::write(folder.join("kev.json"), hospital.kev())?;
    std::fs::write(folder.join("epss.csv"), hospital.epss())?;
    write_truth(hospital, &folder.join("truth.csv"))?;
    let mut out = BufWriter::new(File::create(folder.join("hospital.pcap"))?);
    out.write_all(&pcap_header())?;
    let (mut packets, mut bytes, mut record) = (0u64, 0u64, Vec::new());
    for (time, frame) in hospital.traffic(traffic) {
        record.clear();
        pcap_record(time, &frame, &mut record);
        out.write_all(&record)?;
        packets += 1;
        bytes += frame.len() as u64;
    }
    out.flush()?;
    eprintln!("{} devices, {packets} packets, {bytes} bytes", hospital.devices().len());
    Ok(())
}

fn write_truth(hospital: &Hospital, path: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(
        out,
        "asset_tag,in_cmms,class,maker,model,serial,software_version,os,mac,ip,hostname"
    )?;
    for device in hospital.devices() {
        writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{},{}",
            device.asset_tag,
            device.in_cmms,
            device.class,
            device.maker,
            device.model,
            device.serial,
            device.software_version,
            device.os,
            device.mac,
            device.ip,
            device.hostname
        )?;
    }
    out.flush()
}
