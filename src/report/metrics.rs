//! The counts of a run in the Prometheus text format, for the textfile collector of a node exporter or for a
//! job system (contract 3.10). Names are those of `docs/report.md`.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::record::{End, Run};
use super::shown::Shown;

/// The prefix of all names.
const PREFIX: &str = "synctool_cloneup";

/// Maximum number of bytes of a label: a server chooses its codes.
const MAX_LABEL: usize = 120;

type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// The metrics of a run. `database` tells uploads of several databases on one machine apart.
pub(crate) fn metrics(run: &Run, database: &str) -> String {
    let mut registry = Registry::default();
    let metrics =
        Metrics { registry: registry.sub_registry_with_prefix(PREFIX), labels: labels(run, database) };
    add_all(metrics, run);
    let mut text = String::new();
    encode(&mut text, &registry).expect("a String takes any text");
    text
}

/// The labels of all metrics.
fn labels(run: &Run, database: &str) -> Labels {
    let mut labels = vec![("db", label(database))];
    if let Some(shard) = run.shard {
        labels.push(("shard", format!("{}/{}", shard.index(), shard.of())));
    }
    labels
}

fn label(text: &str) -> String {
    Shown::new(text, MAX_LABEL).as_str().to_owned()
}

/// The metrics of a run while they are collected.
struct Metrics<'r> {
    registry: &'r mut Registry,
    labels: Labels,
}

impl Metrics<'_> {
    fn labels(&self, more: Option<(&'static str, &str)>) -> Labels {
        let more = more.map(|(name, value)| (name, label(value)));
        self.labels.iter().cloned().chain(more).collect()
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.gauges(name, help, [(None, value)]);
    }

    fn gauges<'v>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Option<(&'static str, &'v str)>, f64)>,
    ) {
        let gauges = Gauges::default();
        for (more, value) in values {
            gauges.get_or_create(&self.labels(more)).set(value);
        }
        self.registry.register(name, help, gauges);
    }

    fn counter(&mut self, name: &str, help: &str, count: u64) {
        self.counters(name, help, [(None, count)]);
    }

    fn counters<'v>(
        &mut self,
        name: &str,
        help: &str,
        counts: impl IntoIterator<Item = (Option<(&'static str, &'v str)>, u64)>,
    ) {
        let counters = Counters::default();
        for (more, count) in counts {
            counters.get_or_create(&self.labels(more)).inc_by(count);
        }
        self.registry.register(name, help, counters);
    }
}

fn add_all(mut metrics: Metrics<'_>, run: &Run) {
    let is_ok = matches!(run.end, End::Applied(_));
    metrics.gauge("ok", "Whether the last run has uploaded everything", if is_ok { 1.0 } else { 0.0 });
    metrics.gauge(
        "start_timestamp_seconds",
        "When the last run began, since the Unix epoch",
        seconds(run.began()),
    );
    metrics.gauge(
        "end_timestamp_seconds",
        "When the last run ended, since the Unix epoch",
        seconds(run.last),
    );
    metrics.gauge("duration_seconds", "How long the last run took", seconds(run.took()));
    let Some(counts) = &run.counts else { return };
    metrics.gauge("sending_seconds", "How long sending took", seconds(run.sending_took()));
    metrics.gauge("planned_rows", "Rows that the run was to upload", as_number(counts.total));
    let answered = [(Some(("by", "this run")), counts.sent()), (Some(("by", "earlier run")), counts.resumed)];
    metrics.counters("rows", "Rows that the server has answered, by which run", answered);
    if let Some(unchanged) = counts.unchanged {
        let help = "Rows that were not sent, because the server has them already";
        metrics.counter("unchanged_rows", help, unchanged);
    }
    metrics.counter("body_bytes", "Bodies of answered batches, before compression", counts.bytes);
    metrics.counter("requests", "Push requests that were sent, retries included", counts.requests);
    let by = |name| move |(value, count): (&'_ String, &u64)| (name, value.clone(), *count);
    let retries: Vec<_> = counts.retries.iter().map(by("reason")).collect();
    let retries = retries.iter().map(|(name, value, count)| (Some((*name, value.as_str())), *count));
    metrics.counters("retries", "Requests that were sent again, by what failed before", retries);
    let rejections: Vec<_> = counts.rejections.iter().map(by("code")).collect();
    let rejections = rejections.iter().map(|(name, value, count)| (Some((*name, value.as_str())), *count));
    metrics.counters("rejected_mutations", "Mutations that the server rejected, by code", rejections);
    metrics.counter(
        "repeated_mutations",
        "Mutations that the server had applied before, where it says so",
        counts.repeated,
    );
    metrics.counter("pulled_changes", "Changes that were pulled after the upload", counts.pulled);
    let latencies = counts.latency_ms;
    let quantiles = [("0.5", latencies.p50), ("0.95", latencies.p95), ("1", latencies.max)];
    let quantiles =
        quantiles.into_iter().filter_map(|(quantile, ms)| Some((Some(("quantile", quantile)), seconds(ms?))));
    metrics.gauges("request_latency_seconds", "Latencies of answered push requests", quantiles);
}

fn seconds(ms: u64) -> f64 {
    as_number(ms) / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "the text format has 64-bit floating point numbers only")]
fn as_number(count: u64) -> f64 {
    count as f64
}
