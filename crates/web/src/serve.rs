//! The server: the routes, what every request passes, and the limits around it.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use hub::{Asks, Hub};
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::{App, Options};
use crate::routes::ROUTES;
use crate::{clock, connections, guard, session};

/// Why the front door could not open or stay open.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The environment: the listener failed.
    #[error("the listener failed")]
    Listener(#[from] io::Error),
    /// The environment: the machine gives no random numbers, so no session could be kept safe.
    #[error("the machine's random source failed: {0}")]
    Random(String),
}

/// Serves the hub on `listener` until `shutdown` completes, then finishes what is under way.
///
/// # Errors
///
/// Fails where the listener or the machine's random source does.
pub async fn serve<F>(
    hub: Hub,
    listener: TcpListener,
    options: Options,
    shutdown: F,
) -> Result<(), WebError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (limits, proxies) = (options.limits.clone(), options.trusted_proxies.clone());
    let router = router(hub.clone(), options)?;
    let keeping = tokio::spawn(keep_sessions(hub.clone()));
    let working = tokio::spawn(do_jobs(hub.clone()));
    connections::serve(listener, router, limits, proxies, shutdown).await?;
    working.abort();
    keeping.abort();
    keep(hub).await;
    Ok(())
}

/// Writes down every minute when sessions were last used, so that no reading has to.
async fn keep_sessions(hub: Hub) {
    let mut minute = tokio::time::interval(Duration::from_secs(KEEP_SECONDS));
    loop {
        minute.tick().await;
        keep(hub.clone()).await;
    }
}

/// Does what is due, now and then. A job that is under way when the program ends is free again for
/// another hub when its time is over.
async fn do_jobs(hub: Hub) {
    let mut pause = tokio::time::interval(Duration::from_secs(JOBS_SECONDS));
    loop {
        pause.tick().await;
        let hub = hub.clone();
        let done = tokio::task::spawn_blocking(move || hub.run_due_jobs(clock::now())).await;
        if let Ok(Err(error)) = done {
            tracing::warn!(%error, "jobs could not be looked at");
        }
    }
}

async fn keep(hub: Hub) {
    let kept = tokio::task::spawn_blocking(move || hub.keep_sessions(clock::now())).await;
    if let Ok(Err(error)) = kept {
        tracing::warn!(%error, "the last use of sessions could not be written down");
    }
}

/// The whole front door as a service, for [`serve`] and for tests.
///
/// # Errors
///
/// Fails where the machine's random source does.
pub fn router(hub: Hub, options: Options) -> Result<Router, WebError> {
    let app = App::new(hub, options).map_err(|error| WebError::Random(error.to_string()))?;
    let timeout = Duration::from_secs(REQUEST_SECONDS_MAX);
    let router = ROUTES
        .iter()
        .fold(Router::new(), |router, route| {
            let handler = (route.handler)();
            let handler = match route.asks {
                Asks::Nothing => handler,
                asks => {
                    handler.route_layer(from_fn_with_state((app.clone(), asks), session::require))
                }
            };
            router.route(route.path, handler)
        })
        .fallback(guard::nothing_here)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, timeout))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .layer(CompressionLayer::new())
        .with_state(app);
    Ok(router)
}

/// How often it is looked whether a job is due, in seconds.
const JOBS_SECONDS: u64 = 20;

/// How often the last use of sessions is written down, in seconds: what a crash may lose.
const KEEP_SECONDS: u64 = 60;

/// Longest request body, in bytes. Nothing that is posted here is longer than a password.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Longest time for one answer, in seconds; covers a check of a long evidence chain.
const REQUEST_SECONDS_MAX: u64 = 60;
