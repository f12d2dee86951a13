//! `regimen serve`: the hub.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use hub::{Caller, Hub};

use crate::arguments::{Common, Serve};
use crate::output::Outcome;

pub(crate) fn run(common: &Common, wanted: &Serve) -> Result<Outcome> {
    let hub = super::open(common)?;
    if let Some((name, password)) = hub.first_administrator(super::now(common))? {
        println!("The first administrator was made:");
        println!("  account   {name}");
        println!("  password  {}   (for one sign-in)", password.expose());
    }
    let caller = Caller::console();
    let decided = hub.decide(&caller, "it was undecided at start", super::now(common))?;
    if decided.configurations > 0 {
        let changes = decided.changes;
        eprintln!(
            "decided what was stale: {} configurations, {changes} changes",
            decided.configurations
        );
    }
    let options = web::Options {
        hosts: wanted.hosts.clone(),
        https: wanted.behind_tls,
        trusted_proxies: wanted.trusted_proxies.clone(),
        ..web::Options::default()
    };
    listen(hub, wanted.address, wanted.port, options)?;
    Ok(Outcome::Done)
}

/// Serves pages and API until the process is told to stop.
pub(crate) fn listen(hub: Hub, address: IpAddr, port: u16, options: web::Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let served = runtime.block_on(async {
        let address = SocketAddr::new(address, port);
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .with_context(|| format!("listening on {address}; is it in use? Try --port"))?;
        println!("Regimen is at http://{}", listener.local_addr().context("reading the address")?);
        web::serve(hub, listener, options, stopped()).await?;
        Ok(())
    });
    // Work that a reader has left, or a job, must not keep the program from ending.
    runtime.shutdown_timeout(WORK_SECONDS_MAX);
    served
}

/// Longest wait at the end for work that nobody waits for any more.
const WORK_SECONDS_MAX: std::time::Duration = std::time::Duration::from_secs(3);

/// Ends when the process is interrupted or told to terminate.
async fn stopped() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
