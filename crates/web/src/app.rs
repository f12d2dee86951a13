//! What every handler shares.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hub::{Caller, Hub, HubError};
use model::Timestamp;
use tokio::sync::Semaphore;

use crate::connections::Limits;
use crate::form_key::FormKey;

/// How the hub is reached. The default is plain HTTP on this machine only.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// Host names, without port, by which people reach the hub. Loopback names and IP addresses
    /// need no entry; any other name in a `Host` header is refused.
    pub hosts: Vec<String>,
    /// True where people reach the hub by HTTPS; cookies are then `Secure`.
    pub https: bool,
    /// A sentence for the sign-in page, e.g. that this is a demonstration.
    pub notice: Option<String>,
    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Limits of what is connected.
    pub limits: Limits,
}

/// What every handler shares. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) options: Arc<Options>,
    pub(crate) forms: FormKey,
    pub(crate) sign_ins: Arc<Semaphore>,
    pub(crate) changes: Arc<Semaphore>,
    hub: Hub,
    feeds: Arc<Mutex<Option<Feeds>>>,
}

/// When each kind of input last came in, as read at `read_at`.
#[derive(Clone, Debug, Default)]
struct Feeds {
    read_at: Timestamp,
    ages: BTreeMap<String, Timestamp>,
}

impl App {
    pub(crate) fn new(hub: Hub, options: Options) -> Result<Self, getrandom::Error> {
        Ok(Self {
            options: Arc::new(options),
            forms: FormKey::random()?,
            sign_ins: Arc::new(Semaphore::new(SIGN_INS_MAX)),
            changes: Arc::new(Semaphore::new(1)),
            hub,
            feeds: Arc::default(),
        })
    }

    /// Runs a use case on a blocking thread.
    pub(crate) async fn ask<T, F>(&self, work: F) -> Result<T, HubError>
    where
        F: FnOnce(&Hub) -> Result<T, HubError> + Send + 'static,
        T: Send + 'static,
    {
        let hub = self.hub.clone();
        tokio::task::spawn_blocking(move || work(&hub))
            .await
            .unwrap_or_else(|error| Err(HubError::Environment(format!("interrupted: {error}"))))
    }

    /// When each kind of input last came in; at most [`FEEDS_AGE_SECONDS_MAX`] old, since every
    /// page shows it and counting the house for each would be wasteful.
    pub(crate) async fn feeds(
        &self,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Timestamp>, HubError> {
        let asking = caller.clone();
        if !caller.sees_everything() {
            return self.ask(move |hub| hub.feeds(&asking)).await;
        }
        let kept = self.feeds.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = |feeds: &Feeds| {
            (0..=FEEDS_AGE_SECONDS_MAX * 1_000_000).contains(&now.micros_since(feeds.read_at))
        };
        if let Some(feeds) = kept.filter(fresh) {
            return Ok(feeds.ages);
        }
        let ages = self.ask(move |hub| hub.feeds(&asking)).await?;
        self.keep_feeds(caller, ages.clone(), now);
        Ok(ages)
    }

    /// Keeps feed ages that were read for another reason, where they are those of the whole house.
    pub(crate) fn keep_feeds(
        &self,
        caller: &Caller,
        ages: BTreeMap<String, Timestamp>,
        now: Timestamp,
    ) {
        if !caller.sees_everything() {
            return;
        }
        let feeds = Feeds { read_at: now, ages };
        *self.feeds.lock().unwrap_or_else(PoisonError::into_inner) = Some(feeds);
    }
}

/// Sign-ins checked at once. Each takes tens of MiB and a core on purpose; this bounds both.
const SIGN_INS_MAX: usize = 2;

/// How old the feed ages shown in the header may be, in seconds.
const FEEDS_AGE_SECONDS_MAX: i64 = 60;
