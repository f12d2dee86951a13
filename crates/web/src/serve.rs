//! The server: the routes, what every request passes, and the limits around it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::serve::Listener;
use hub::Hub;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::{App, Options};
use crate::routes::{ROUTES, Reach};
use crate::{clock, guard, session};

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
    let router = router(hub.clone(), options)?;
    let keeping = tokio::spawn(keep_sessions(hub.clone()));
    let listener = Bounded { listener, open: Arc::new(Semaphore::new(CONNECTIONS_MAX)) };
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await?;
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
    let router = branch(Reach::SignedIn)
        .route_layer(from_fn_with_state(app.clone(), session::require))
        .merge(branch(Reach::Anyone))
        .fallback(guard::nothing_here)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, timeout))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .layer(CompressionLayer::new())
        .with_state(app);
    Ok(router)
}

fn branch(reach: Reach) -> Router<App> {
    let routes = ROUTES.iter().filter(|route| route.reach == reach);
    routes.fold(Router::new(), |router, route| router.route(route.path, (route.handler)()))
}

/// A listener that holds no more than a set number of connections open.
struct Bounded {
    listener: TcpListener,
    open: Arc<Semaphore>,
}

impl Listener for Bounded {
    type Io = Held;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Held, Self::Addr) {
        // The semaphore is never closed, so a permit always comes.
        let permit = Arc::clone(&self.open).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        (Held { stream, _permit: permit }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection that gives its place back when it closes.
struct Held {
    stream: TcpStream,
    _permit: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Connections open at once; more wait in the kernel's queue. Bounds memory and descriptors.
const CONNECTIONS_MAX: usize = 512;

/// How often the last use of sessions is written down, in seconds: what a crash may lose.
const KEEP_SECONDS: u64 = 60;

/// Longest request body, in bytes. Nothing that is posted here is longer than a password.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Longest time for one answer, in seconds; covers a check of a long evidence chain.
const REQUEST_SECONDS_MAX: u64 = 60;
