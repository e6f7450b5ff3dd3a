//! The most important numbers of a run.

use super::report::Fact;
use super::words::{byte_rate, duration, latency, moment, rate};
use crate::numbers::{bytes, counted, grouped, rounded};
use crate::report::record::{End, Run, Totals};

/// When a run began, and of what it is.
pub(super) fn lead(run: &Run) -> Vec<String> {
    let mut lead = vec![format!("Began {}", moment(run.began()))];
    lead.extend(run.shard.map(|shard| format!("shard {shard}")));
    if let Some(started) = &run.started {
        for (name, label) in [("synctool", "synctool"), ("sqlite", "SQLite")] {
            let version = started.versions.get(name).filter(|version| is_plain(version));
            lead.extend(version.map(|version| format!("{label} {version}")));
        }
    }
    if let End::Applied(applied) = &run.end {
        lead.extend(
            Some(&applied.cursor).filter(|cursor| is_plain(cursor)).map(|cursor| format!("cursor {cursor}")),
        );
    }
    lead
}

/// Whether a text is a version or a number, and nothing that has a meaning elsewhere.
fn is_plain(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
}

/// The numbers of a run.
pub(super) fn facts(run: &Run) -> Vec<Fact> {
    let took = Fact { name: "Duration", value: duration(run.took()), detail: sending(run) };
    let Some(counts) = &run.counts else { return vec![took] };
    let mut facts = of_totals(&Totals::of([run]), Some(run));
    facts.push(took);
    let latencies = counts.latency_ms;
    if let (Some(p50), Some(p95), Some(max)) = (latencies.p50, latencies.p95, latencies.max) {
        let detail = format!("p95 {}, at most {}", latency(p95), latency(max));
        facts.push(Fact { name: "Latency, median", value: latency(p50), detail });
    }
    facts
}

fn sending(run: &Run) -> String {
    if run.counts.is_none() { String::new() } else { format!("sending {}", duration(run.sending_took())) }
}

/// The sums over runs, or of one run, whose rates are those of the time that sending took.
pub(super) fn of_totals(totals: &Totals, run: Option<&Run>) -> Vec<Fact> {
    let fact = |name, value, detail| Fact { name, value, detail };
    let rows = match totals.resumed {
        0 => format!("of {}", grouped(totals.total)),
        resumed => format!("of {}, {} by an earlier run", grouped(totals.total), grouped(resumed)),
    };
    let mut facts = vec![fact("Rows answered", grouped(totals.done), rows)];
    let took = run.map_or(totals.to.saturating_sub(totals.from), Run::sending_took);
    let sent = totals.done.saturating_sub(totals.resumed);
    if sent > 0 {
        let rows = grouped(rounded(rate(sent, took)));
        facts.push(fact("Rows a second", rows, byte_rate(rate(totals.bytes, took))));
        facts.push(fact("Sent", bytes(totals.bytes), "uncompressed".to_owned()));
    }
    let retries = match totals.retried() {
        0 => "no retries".to_owned(),
        retries => counted(retries, "retry"),
    };
    facts.push(fact("Requests", grouped(totals.requests), retries));
    let codes = match totals.rejections.len() {
        0 => String::new(),
        codes => counted(codes as u64, "code"),
    };
    facts.push(fact("Rejected", grouped(totals.rejected), codes));
    if totals.repeated > 0 {
        facts.push(fact("Already there", grouped(totals.repeated), "mutations".to_owned()));
    }
    if totals.unchanged > 0 {
        facts.push(fact("Unchanged", grouped(totals.unchanged), "not sent".to_owned()));
    }
    if totals.pulled > 0 {
        facts.push(fact("Pulled", grouped(totals.pulled), "changes".to_owned()));
    }
    facts
}
