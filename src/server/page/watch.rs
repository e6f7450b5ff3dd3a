//! The subscribers of the page, and the task that reads what they are shown: once a second, while there is
//! one. Each has the latest view only, so a slow one delays no other and skips what it was too slow for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::sections;
#[cfg(feature = "postgres")]
use super::share::Sharing;
use super::view::View;
use crate::schema::Schema;
use crate::server::activity::{Activity, ActivityReport, Throughput, WINDOW_SECONDS};
use crate::server::store::{Result, Store, StoreError};

/// The time between two readings.
const INTERVAL: Duration = Duration::from_secs(1);

/// Subscribers at a time: many times the people who look at a server, and few of the connections that it
/// may have.
const MAX_SUBSCRIBERS: usize = 32;

/// How long a shutdown waits for the reading under way.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// What the page of a server shows, and to whom.
pub(in crate::server) struct Page {
    source: Source,
    /// `None` while there is no subscriber, and until the first reading.
    view: watch::Sender<Option<Arc<View>>>,
    places: Arc<Semaphore>,
    /// The task; `None` once it has found no subscriber.
    task: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
}

impl Page {
    pub(in crate::server) fn new(store: Store, schema: Arc<Schema>, activity: Arc<Activity>) -> Arc<Self> {
        #[cfg(feature = "postgres")]
        let sharing = Sharing::start(&store, &activity);
        let source = Source {
            store,
            schema,
            activity,
            has_failed: AtomicBool::new(false),
            #[cfg(feature = "postgres")]
            sharing,
        };
        Arc::new(Self {
            source,
            view: watch::Sender::new(None),
            places: Arc::new(Semaphore::new(MAX_SUBSCRIBERS)),
            task: Mutex::new(None),
            stop: CancellationToken::new(),
        })
    }

    /// A new subscriber; `None` if there are too many, or the server is shutting down.
    pub(in crate::server) fn subscribe(self: &Arc<Self>) -> Option<Subscriber> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let mut task = self.task();
        if self.stop.is_cancelled() {
            return None;
        }
        let mut view = self.view.subscribe();
        // What others have been shown is new to this one.
        view.mark_changed();
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(tokio::spawn(Arc::clone(self).read_while_subscribed()));
        }
        Some(Subscriber { view, seen: 0, stop: self.stop.clone(), _place: place })
    }

    /// Ends all streams of events.
    pub(in crate::server) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the store is not read any more, after [`Self::stop`].
    pub(in crate::server) async fn stopped(&self) {
        let task = self.task().take();
        if let Some(task) = task {
            // A store that does not answer is not waited for.
            let _ = timeout(STOP_TIMEOUT, task).await;
        }
    }

    async fn read_while_subscribed(self: Arc<Self>) {
        let mut ticks = interval(INTERVAL);
        // After a slow reading the next one is a second later.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut view = View::default();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.stop.cancelled() => return,
            }
            if self.is_unwatched() {
                return;
            }
            view = view.next(self.source.read().await);
            self.view.send_replace(Some(Arc::new(view.clone())));
        }
    }

    /// Whether there is no subscriber. The next one then starts a new task.
    fn is_unwatched(&self) -> bool {
        // Held, so that no subscriber comes between the question and its consequence.
        let mut task = self.task();
        let is_unwatched = self.view.receiver_count() == 0;
        if is_unwatched {
            self.view.send_replace(None);
            *task = None;
        }
        is_unwatched
    }

    fn task(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is read.
struct Source {
    store: Store,
    schema: Arc<Schema>,
    activity: Arc<Activity>,
    /// What the log was told last.
    has_failed: AtomicBool,
    /// With the other servers of the store, if it may have some.
    #[cfg(feature = "postgres")]
    sharing: Option<Sharing>,
}

impl Source {
    /// All sections that can be read.
    async fn read(&self) -> Vec<(&'static str, Value)> {
        let mut report = self.activity.report();
        // One more character than is shown tells whether there are more.
        let overview = self.store.overview(sections::NEWEST, sections::DOCUMENT + 1);
        let (overview, throughput) = tokio::join!(overview, self.shared(&mut report));
        self.log(overview.as_ref().err().or(throughput.as_ref().err()));
        let is_up = overview.is_ok() && throughput.is_ok();
        let mut sections = sections::of_activity(&report);
        sections.push(("store", json!({"kind": self.store.kind(), "isUp": is_up})));
        if let Ok(overview) = overview {
            sections.extend(sections::of_overview(&self.schema, &overview));
        }
        if let Ok(throughput) = throughput {
            sections.push(sections::rate(&throughput, report.now));
        }
        sections
    }

    /// Tells the log when reading begins to fail, and not every second.
    fn log(&self, failed: Option<&StoreError>) {
        let had_failed = self.has_failed.swap(failed.is_some(), Ordering::Relaxed);
        if let Some(error) = failed.filter(|_| !had_failed) {
            tracing::warn!(%error, "what the page shows cannot be read from the store");
        }
    }

    /// Adds to the report what other servers of the store have been doing. Returns the changes of all of
    /// them by second.
    #[cfg(feature = "postgres")]
    async fn shared(&self, report: &mut ActivityReport) -> Result<Throughput<WINDOW_SECONDS>> {
        match &self.sharing {
            Some(sharing) => sharing.read(report).await,
            None => Ok(self.activity.throughput()),
        }
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "it waits for a database with the feature `postgres`")]
    async fn shared(&self, _: &mut ActivityReport) -> Result<Throughput<WINDOW_SECONDS>> {
        Ok(self.activity.throughput())
    }
}

/// Someone who looks at the page. Dropping it makes room for another one.
pub(in crate::server) struct Subscriber {
    view: watch::Receiver<Option<Arc<View>>>,
    /// The last reading that it was shown.
    seen: u64,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Subscriber {
    /// Waits for the next reading, and returns the sections that have changed since the last one that it
    /// was shown; `None` when the server is shutting down.
    pub(super) async fn next(&mut self) -> Option<String> {
        loop {
            tokio::select! {
                changed = self.view.changed() => changed.ok()?,
                () = self.stop.cancelled() => return None,
            }
            let view = self.view.borrow_and_update().clone();
            if let Some(view) = view {
                let sections = view.since(self.seen);
                self.seen = view.reading();
                return Some(sections);
            }
        }
    }
}
