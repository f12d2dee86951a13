//! Connections: how many, from where, for how long.
//!
//! Who opens connections and says nothing takes no place from others for long: a head of a request
//! that does not come in time closes its connection, and where places are short the connection
//! that has been idle longest gives its own to the newcomer. The end of the program waits for
//! answers under way, but not longer than a limit.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::app::App;
use crate::steady::Steady;

/// Limits of what is connected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Longest wait for the whole head of a request, the time between requests included.
    pub head: Duration,
    /// Time in which whoever is answered must take a part of what waits for them.
    pub write: Duration,
    /// Longest wait for answers under way when the program ends.
    pub shutdown: Duration,
    /// Connections from one address that is no trusted proxy.
    pub of_address: usize,
    /// Connections in all; bounds memory and descriptors.
    pub in_all: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(15),
            write: Duration::from_secs(30),
            shutdown: Duration::from_secs(10),
            of_address: 128,
            in_all: 512,
        }
    }
}

/// The address at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Where a request comes from: the other end, or whom a trusted proxy names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source(pub(crate) Option<IpAddr>);

impl FromRequestParts<App> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let told = parts.headers.get_all("x-forwarded-for").iter();
        let told: Vec<&str> = told.filter_map(|value| value.to_str().ok()).collect();
        Ok(Self(peer.map(|peer| source(peer, &told.join(","), &app.options.trusted_proxies))))
    }
}

/// The nearest address that is no trusted proxy. What a stranger writes of itself is not believed.
fn source(peer: IpAddr, told: &str, proxies: &[IpAddr]) -> IpAddr {
    let mut nearest = peer.to_canonical();
    for one in told.rsplit(',') {
        if !proxies.contains(&nearest) {
            break;
        }
        let Ok(before) = one.trim().parse::<IpAddr>() else { break };
        nearest = before.to_canonical();
    }
    nearest
}

/// Who is connected.
#[derive(Default)]
struct Doors {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    last: u64,
    held: BTreeMap<u64, Held>,
}

#[derive(Clone)]
struct Held {
    address: IpAddr,
    /// True while a request is being answered.
    busy: Arc<AtomicBool>,
    leave: Arc<Notify>,
}

/// A place that is given back when dropped.
struct Place {
    doors: Arc<Doors>,
    number: u64,
    held: Held,
}

/// Serves `router` on `listener` until `shutdown` completes, then for what is under way.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    proxies: Vec<IpAddr>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let doors = Arc::new(Doors::default());
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => {
                let Some((stream, peer)) = settled(accepted).await else { continue };
                let Some(place) = doors.enter(peer.ip(), &limits, &proxies) else { continue };
                let stopping = stopping.clone();
                connections.spawn(connection(stream, place, router.clone(), limits.clone(), stopping));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop((listener, stop));
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.shutdown, finished).await.is_err() {
        tracing::warn!(open = connections.len(), "connections were cut at the end");
    }
    connections.shutdown().await;
    Ok(())
}

/// An accepted connection. Where the machine is out of descriptors, a pause lets some close.
async fn settled(accepted: io::Result<(TcpStream, SocketAddr)>) -> Option<(TcpStream, SocketAddr)> {
    match accepted {
        Ok((stream, peer)) => {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY was refused");
            }
            Some((stream, peer))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection was not accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    place: Place,
    router: Router,
    limits: Limits,
    mut stopping: watch::Receiver<()>,
) {
    let Held { address, busy, leave } = place.held.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, busy) = (router.clone(), Arc::clone(&busy));
        async move {
            busy.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(address));
            let answer: Result<_, Infallible> = router.oneshot(request).await;
            busy.store(false, Ordering::Relaxed);
            answer
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let stream = TokioIo::new(Steady::new(stream, limits.write));
    let served = http.serve_connection(stream, service);
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = leave.notified() => return,
        _ = stopping.changed() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

impl Doors {
    /// A place for a connection from `address`, where need be that of one which is idle.
    fn enter(
        self: &Arc<Self>,
        address: IpAddr,
        limits: &Limits,
        proxies: &[IpAddr],
    ) -> Option<Place> {
        let address = address.to_canonical();
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let own = inside.held.values().filter(|held| held.address == address).count();
        if own >= limits.of_address && !proxies.contains(&address) {
            inside.make_room(Some(address))?;
        } else if inside.held.len() >= limits.in_all {
            inside.make_room(None)?;
        }
        inside.last += 1;
        let number = inside.last;
        let held = Held { address, busy: Arc::default(), leave: Arc::default() };
        inside.held.insert(number, held.clone());
        Some(Place { doors: Arc::clone(self), number, held })
    }
}

impl Inside {
    /// Sends the oldest idle connection away (of one address, or of any).
    fn make_room(&mut self, of: Option<IpAddr>) -> Option<()> {
        let idle = |held: &Held| !held.busy.load(Ordering::Relaxed);
        let from = |held: &Held| of.is_none_or(|address| held.address == address);
        let oldest = self.held.iter().find(|(_, held)| from(held) && idle(held));
        let (number, held) = oldest.map(|(number, held)| (*number, held.clone()))?;
        held.leave.notify_one();
        self.held.remove(&number);
        Some(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.doors.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.held.remove(&self.number);
    }
}

/// Pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;

    struct Server {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        task: JoinHandle<io::Result<()>>,
    }

    async fn server(limits: Limits) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let long = || async { vec![b'x'; LONG] };
        let router = Router::new().route("/", get(|| async { "here" })).route("/long", get(long));
        let stopped = async { drop(stopped.await) };
        let task = tokio::spawn(serve(listener, router, limits, Vec::new(), stopped));
        Server { address, stop, task }
    }

    /// More than the buffers of both ends of a connection hold.
    const LONG: usize = 32 << 20;

    async fn reads_nothing(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        stream
    }

    async fn half_open(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").await.unwrap();
        stream
    }

    async fn asks(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Nothing here is awaited for longer, or the test fails.
    async fn bounded<T>(work: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_mins(1), work).await.unwrap()
    }

    #[tokio::test]
    async fn who_does_not_read_an_answer_loses_the_connection() {
        let limits = Limits { write: Duration::from_millis(200), ..Limits::default() };
        let Server { address, stop: _stop, .. } = server(limits).await;
        let mut slow = bounded(reads_nothing(address)).await;
        // What was in flight can still be read; then the connection is over, before its end.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut rest = Vec::new();
        drop(bounded(slow.read_to_end(&mut rest)).await);
        assert!(rest.len() < LONG, "{} bytes", rest.len());
    }

    #[tokio::test]
    async fn half_open_heads_stop_neither_answers_nor_the_end() {
        let hour = Duration::from_hours(1);
        let limits =
            Limits { head: hour, shutdown: Duration::from_millis(50), ..Limits::default() };
        let Server { address, stop, task } = server(limits).await;
        let mut held = Vec::new();
        for _ in 0..520 {
            held.push(bounded(half_open(address)).await);
        }
        for _ in 0..8 {
            held.push(bounded(reads_nothing(address)).await);
        }
        assert!(bounded(asks(address)).await.ends_with("here"));
        stop.send(()).unwrap();
        bounded(task).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn silence_ends_a_connection_before_and_between_requests() {
        let limits = Limits { head: Duration::from_millis(300), ..Limits::default() };
        let Server { address, stop: _stop, .. } = server(limits).await;
        let mut rest = Vec::new();
        // Closed is what counts; whether by an end or by a reset is the kernel's choice.
        drop(bounded(half_open(address).await.read_to_end(&mut rest)).await);
        let mut kept = TcpStream::connect(address).await.unwrap();
        kept.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        drop(bounded(kept.read_to_end(&mut rest)).await);
        assert!(String::from_utf8_lossy(&rest).contains("here"));
    }

    #[test]
    #[rustfmt::skip]
    fn only_a_trusted_proxy_says_who_is_behind_it() {
        for (name, peer, told, want) in [
            ("direct",            "10.0.0.1", "",                    "10.0.0.1"),
            ("a stranger's word", "10.0.0.1", "10.9.9.9",            "10.0.0.1"),
            ("proxied",           "10.0.0.2", "10.9.9.9",            "10.9.9.9"),
            ("forged before",     "10.0.0.2", "1.1.1.1, 10.9.9.9",   "10.9.9.9"),
            ("two proxies",       "10.0.0.2", "10.9.9.9, 10.0.0.3",  "10.9.9.9"),
            ("not an address",    "10.0.0.2", "unknown",             "10.0.0.2"),
            ("mapped",            "::ffff:10.0.0.2", "10.9.9.9",     "10.9.9.9"),
        ] {
            let proxies = ["10.0.0.2", "10.0.0.3"].map(|text| text.parse().unwrap());
            let found = source(peer.parse().unwrap(), told, &proxies);
            assert_eq!(found, want.parse::<IpAddr>().unwrap(), "{name}");
        }
    }

    #[test]
    fn an_answer_under_way_keeps_its_place_and_a_proxy_has_no_limit_of_its_own() {
        let (doors, limits) =
            (Arc::new(Doors::default()), Limits { of_address: 2, in_all: 4, ..Limits::default() });
        let enter = |last: u8, proxies: &[IpAddr]| {
            doors.enter(IpAddr::from([10, 0, 0, last]), &limits, proxies)
        };
        let (first, second) = (enter(1, &[]).unwrap(), enter(1, &[]).unwrap());
        first.held.busy.store(true, Ordering::Relaxed);
        let third = enter(1, &[]).unwrap();
        let inside = |place: &Place| doors.inside.lock().unwrap().held.contains_key(&place.number);
        assert!(inside(&first) && !inside(&second) && inside(&third));
        third.held.busy.store(true, Ordering::Relaxed);
        assert!(enter(1, &[]).is_none(), "all are busy");
        assert!(enter(1, &[first.held.address]).is_some(), "a proxy");
    }
}
