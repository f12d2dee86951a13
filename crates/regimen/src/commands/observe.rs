//! `regimen observe`: devices, facts and conversations in captures. Keeps nothing.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use hub::one_shot::{self, Observed, Reading, Seen};
use model::{Answerable, Device, Skip, Timestamp};

use crate::arguments::{Common, Observe};
use crate::output::{self, Outcome, Table, or_dash};

pub(crate) fn run(common: &Common, wanted: &Observe) -> Result<Outcome> {
    let mut seen = Seen::default();
    let mut skipped = Vec::new();
    let (reading, now) = (wanted.reading.into(), super::now(common));
    for file in &wanted.files {
        match look(file, &reading, now) {
            Ok(observed) => {
                seen.add(&observed.observations);
                skipped.extend(observed.skipped);
            }
            Err(error) => skipped.push(Skip {
                path: file.display().to_string(),
                place: String::new(),
                reason: format!("{error:#}"),
                answerable: Answerable::Sender,
            }),
        }
    }
    if let Some(interface) = &wanted.interface {
        let observed = listen(interface, Duration::from_secs(wanted.seconds), &reading, now)?;
        seen.add(&observed.observations);
        skipped.extend(observed.skipped);
    }
    seen.conversations.sort_by(|a, b| {
        (&a.client_address, &a.server_address, a.port).cmp(&(
            &b.client_address,
            &b.server_address,
            b.port,
        ))
    });
    output::print(common, &seen, &seen.devices, |out| write_tables(&seen, out))?;
    output::tell_skips(common, &skipped);
    Ok(Outcome::of_skips(&skipped))
}

fn look(file: &Path, reading: &Reading, now: Timestamp) -> Result<Observed> {
    if file == Path::new("-") {
        let reader = capture::from_reader(Box::new(io::stdin()), "stdin")?;
        return Ok(one_shot::observe(reader, "stdin", "-", reading, now));
    }
    let shown = file.display().to_string();
    let name = file.file_name().map_or_else(|| shown.clone(), |name| name.display().to_string());
    Ok(one_shot::observe(capture::open(file)?, &name, &shown, reading, now))
}

/// Listens until the time is over or the caller interrupts.
fn listen(interface: &str, time: Duration, reading: &Reading, now: Timestamp) -> Result<Observed> {
    let stop = Arc::new(AtomicBool::new(false));
    let interrupted = Arc::clone(&stop);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("starting the timer")?;
    runtime.spawn(async move {
        let _ = tokio::time::timeout(time, tokio::signal::ctrl_c()).await;
        interrupted.store(true, Ordering::Relaxed);
    });
    let now = now.plus_seconds(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    let stopped = || stop.load(Ordering::Relaxed);
    Ok(one_shot::observe_interface(interface, reading, now, &stopped)?)
}

fn write_tables(seen: &Seen, out: &mut dyn Write) -> io::Result<()> {
    let mut table =
        Table::new(&["ADDRESS", "NAME", "CLASS", "MAKER", "MODEL", "VERSION", "OS", "PROTOCOLS"]);
    for device in &seen.devices {
        table.row(vec![
            address(device),
            or_dash(device.names.first().map(String::as_str)),
            or_dash(device.class.as_deref()),
            or_dash(device.maker.as_deref()),
            or_dash(device.model.as_deref()),
            or_dash(device.software_version.as_deref()),
            or_dash(device.os.as_deref()),
            device.protocols.join(" "),
        ]);
    }
    table.write(out)?;
    let external =
        seen.devices.iter().filter(|device| device.roles.iter().any(|role| role == EXTERNAL));
    let external = external.count();
    writeln!(
        out,
        "\n{} devices, {external} hosts beyond the network, {} conversations, {} packets, {} bytes",
        seen.devices.len() - external,
        seen.conversations.len(),
        seen.stats.packets,
        seen.stats.bytes
    )?;
    for (reason, count) in &seen.stats.skipped {
        writeln!(out, "not used: {count} × {reason}")?;
    }
    for anomaly in &seen.anomalies {
        let what = format!("{}: {}", anomaly.protocol, anomaly.what);
        writeln!(out, "odd: {} × {what}, first in frame {}", anomaly.count, anomaly.first_frame)?;
    }
    Ok(())
}

fn address(device: &Device) -> String {
    let ip = device.addresses.iter().filter_map(|address| address.ip).min();
    let mac = device.addresses.iter().find_map(|address| address.mac);
    ip.map(|ip| ip.to_string()).or_else(|| mac.map(|mac| mac.to_string())).unwrap_or_default()
}

/// Role of a host that is not the hospital's own.
const EXTERNAL: &str = "external_host";
