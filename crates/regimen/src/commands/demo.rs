//! `regimen demo`: a simulated hospital through the real pipeline.
//!
//! The hospital's packets, inventory and advisories are written as files, and those files are
//! taken in exactly as a real hospital's would be.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use anyhow::{Context, Result};
use hub::{Caller, Hub, IngestRequest, IngestSummary};
use simulate::{Hospital, Plan};
use store::StoreUrl;

use crate::arguments::{Common, Demo};
use crate::output::{self, Outcome};

pub(crate) fn run(common: &Common, wanted: &Demo) -> Result<Outcome> {
    let folder = common.data.join("demo");
    if folder.exists() {
        // Only what an earlier demo wrote stands here; a demo starts from nothing each time.
        fs::remove_dir_all(&folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    super::make_private_folder(&folder)?;
    let inputs = folder.join("inputs");
    write_hospital(wanted, &inputs)?;
    let hub = Hub::open(&StoreUrl::in_folder(&folder)).context("opening the demo's store")?;
    let request = IngestRequest { paths: vec![inputs.clone()], ..IngestRequest::default() };
    let summary = hub.ingest(&Caller::console(), &request, super::now(common))?;
    tell(common, &hub, &inputs, &summary)?;
    if wanted.no_serve {
        return Ok(Outcome::Done);
    }
    let (account, password) = hub.demo_account(super::now(common))?;
    println!("\nSign in as `{account}` with the password  {}", password.expose());
    let options = web::Options {
        notice: Some(
            "A simulated hospital: makers, models and advisories are invented.".to_owned(),
        ),
        ..web::Options::default()
    };
    super::serve::listen(hub, IpAddr::V4(Ipv4Addr::LOCALHOST), wanted.port, options)?;
    Ok(Outcome::Done)
}

fn write_hospital(wanted: &Demo, folder: &Path) -> Result<()> {
    let plan = Plan { devices: wanted.devices as usize, seed: wanted.seed, ..Plan::default() };
    let hospital = Hospital::build(&plan);
    fs::create_dir_all(folder.join("advisories"))?;
    let create = |name: &str| -> Result<BufWriter<File>> {
        let path = folder.join(name);
        let file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
        Ok(BufWriter::with_capacity(1 << 20, file))
    };
    let mut pcap = create("hospital.pcap")?;
    pcap.write_all(&simulate::pcap_header())?;
    let mut record = Vec::new();
    for (time, frame) in hospital.frames() {
        record.clear();
        simulate::pcap_record(time, &frame, &mut record);
        pcap.write_all(&record)?;
    }
    pcap.flush()?;
    fs::write(folder.join("cmms.csv"), hospital.cmms_csv())?;
    fs::write(folder.join("kev.json"), hospital.kev())?;
    fs::write(folder.join("epss.csv"), hospital.epss())?;
    for (name, document) in hospital.advisories() {
        fs::write(folder.join("advisories").join(name), document)?;
    }
    Ok(())
}

fn tell(common: &Common, hub: &Hub, inputs: &Path, summary: &IngestSummary) -> Result<()> {
    let overview = hub.overview(&Caller::console())?;
    output::print(common, &overview, std::slice::from_ref(&overview), |out| {
        writeln!(out, "A simulated hospital; its makers, models and advisories are invented.")?;
        writeln!(out, "Its files are in {}", inputs.display())?;
        let store = inputs.parent().unwrap_or(inputs).display();
        writeln!(out, "Other commands see it with --data {store}")?;
        writeln!(
            out,
            "{} devices, {} disclosures: {} devices affected, {} not decided, {} skipped inputs",
            overview.devices,
            overview.disclosures,
            overview.by_verdict.affected,
            overview.by_verdict.unknown,
            summary.skipped.len()
        )
    })
}
