//! All metrics: what is counted where it happens, and the gauges that are read when they are asked for.
//! Names are those of `docs/operations.md`, without the prefix.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use super::labels::{Kind, MutationLabels, RequestLabels, State, Version};
use crate::server::limits::Limits;
use crate::server::retention::Retention;
use crate::server::store::{StoreConnections, StoreSizes};

/// The prefix of all names but `process_start_time_seconds`, which every exporter calls so.
const PREFIX: &str = "synctool_server";

/// Upper bounds of the histogram of push latencies, in seconds: from a commit without a wait for the disk
/// to what clients take for no answer.
const PUSH_SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Upper bounds of the histogram of group sizes, in mutations.
const GROUP_MUTATIONS: [f64; 7] = [1.0, 10.0, 100.0, 500.0, 1000.0, 2000.0, 5000.0];

type Seconds = Gauge<f64, AtomicU64>;

/// The metrics of a server.
#[derive(Debug)]
pub(in crate::server) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    requests_in_flight: Gauge,
    mutations: Family<MutationLabels, Counter>,
    push_seconds: Histogram,
    group_mutations: Histogram,
    connections: Gauge,
    bodies: Gauge,
    sequence: Gauge,
    store_up: Gauge,
    store_connections: Family<State, Gauge>,
    store_entries: Family<Kind, Gauge>,
    store_oldest_age: Family<Kind, Seconds>,
    forgotten_sequence: Gauge,
}

/// What is read when the metrics are asked for.
#[derive(Debug)]
pub(in crate::server) struct Reading {
    /// Bodies in memory.
    pub(in crate::server) bodies: usize,
    pub(in crate::server) connections: StoreConnections,
    /// The last step of the sequence; `None` if the store does not answer.
    pub(in crate::server) sequence: Option<u64>,
    /// `None` if the store does not answer, or cannot be counted in time. The gauges then keep their values.
    pub(in crate::server) sizes: Option<StoreSizes>,
}

impl Metrics {
    /// New metrics; the process starts now.
    pub(in crate::server) fn new(limits: &Limits, retention: &Retention) -> Self {
        let mut registry = Registry::default();
        let start: Seconds = add(&mut registry, "process_start_time_seconds", "When the process was started");
        start.set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64());
        let server = registry.sub_registry_with_prefix(PREFIX);
        let build: Family<Version, Gauge> = add(server, "build_info", "The version of the program");
        build.get_or_create(&Version { version: env!("CARGO_PKG_VERSION") }).set(1);
        for (name, help, limit) in [
            ("max_connections", "The limit of open connections", limits.max_connections),
            ("max_bodies", "The limit of request bodies in memory", limits.max_bodies),
        ] {
            add::<Gauge>(server, name, help).set(signed(limit));
        }
        let forget_after: Family<Kind, Seconds> =
            add(server, "forget_after_seconds", "The age at which something is forgotten, if it is");
        for (kind, age) in [("mutations", retention.mutations), ("tombstones", retention.deletes)] {
            if let Some(age) = age {
                forget_after.get_or_create(&Kind { kind }).set(age.as_secs_f64());
            }
        }
        let push_seconds = Histogram::new(PUSH_SECONDS);
        server.register(
            "push_seconds",
            "Seconds from the whole body of a push to its answer",
            push_seconds.clone(),
        );
        let group_mutations = Histogram::new(GROUP_MUTATIONS);
        server.register("group_mutations", "Mutations in a transaction", group_mutations.clone());
        Self {
            requests: add(server, "requests", "Answered requests"),
            requests_in_flight: add(server, "requests_in_flight", "Requests that are being answered"),
            mutations: add(server, "mutations", "Mutations that were pushed and answered"),
            push_seconds,
            group_mutations,
            connections: add(server, "connections", "Open connections of clients"),
            bodies: add(server, "bodies", "Request bodies in memory"),
            sequence: add(server, "sequence", "The last step of the sequence"),
            store_up: add(server, "store_up", "Whether the store answers"),
            store_connections: add(server, "store_connections", "Open connections to the store"),
            store_entries: add(server, "store_entries", "What the store holds"),
            store_oldest_age: add(server, "store_oldest_age_seconds", "The age of the oldest entry"),
            forgotten_sequence: add(
                server,
                "forgotten_sequence",
                "The cursor before which a pull is refused, because deletes were forgotten",
            ),
            registry,
        }
    }

    /// A request has arrived.
    pub(in crate::server) fn request_begins(&self) {
        self.requests_in_flight.inc();
    }

    /// A request is no more in flight.
    pub(in crate::server) fn request_ends(&self) {
        self.requests_in_flight.dec();
    }

    /// A request was answered; `route` and `status` as in [`RequestLabels::new`].
    pub(in crate::server) fn answered(&self, route: Option<&str>, status: Option<u16>) {
        self.requests.get_or_create(&RequestLabels::new(route, status)).inc();
    }

    /// A push was answered, so long after its body had arrived.
    pub(in crate::server) fn push_took(&self, time: Duration) {
        self.push_seconds.observe(time.as_secs_f64());
    }

    /// A group of so many mutations is applied in one transaction.
    #[expect(clippy::cast_precision_loss, reason = "no group is that large")]
    pub(in crate::server) fn group(&self, mutations: usize) {
        self.group_mutations.observe(mutations as f64);
    }

    /// A push was applied: so many of its mutations are new, so many were applied before, and these codes
    /// are those of the rejected ones.
    pub(in crate::server) fn applied<'c>(
        &self,
        new: u64,
        repeated: u64,
        rejected: impl Iterator<Item = &'c str>,
    ) {
        self.mutations.get_or_create(&MutationLabels::APPLIED).inc_by(new);
        self.mutations.get_or_create(&MutationLabels::REPEATED).inc_by(repeated);
        for code in rejected {
            self.mutations.get_or_create(&MutationLabels::rejected(code)).inc();
        }
    }

    /// So many connections are open.
    pub(in crate::server) fn connections(&self, open: usize) {
        self.connections.set(signed(open));
    }

    /// All metrics, in the Prometheus text format.
    pub(in crate::server) fn text(&self, reading: &Reading) -> String {
        self.set(reading);
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes any text");
        text
    }

    fn set(&self, reading: &Reading) {
        self.bodies.set(signed(reading.bodies));
        let StoreConnections { in_use, idle } = reading.connections;
        for (state, count) in [("in_use", in_use), ("idle", idle)] {
            self.store_connections.get_or_create(&State { state }).set(signed(count));
        }
        self.store_up.set(i64::from(reading.sequence.is_some()));
        if let Some(sequence) = reading.sequence {
            self.sequence.set(signed(sequence));
        }
        let Some(sizes) = reading.sizes else { return };
        self.forgotten_sequence.set(signed(sizes.horizon));
        for (kind, count) in
            [("items", sizes.items), ("tombstones", sizes.tombstones), ("mutations", sizes.mutations)]
        {
            self.store_entries.get_or_create(&Kind { kind }).set(signed(count));
        }
        for (kind, age) in
            [("tombstones", sizes.oldest_tombstone_age()), ("mutations", sizes.oldest_mutation_age())]
        {
            let age = age.unwrap_or(Duration::ZERO);
            self.store_oldest_age.get_or_create(&Kind { kind }).set(age.as_secs_f64());
        }
    }
}

/// Adds a metric to the registry.
fn add<M: Metric + Default + Clone>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// A count as a gauge has it.
fn signed(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
