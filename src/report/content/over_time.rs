//! A run over time: rows and bytes a second and latencies as charts, and the same numbers as a table. The
//! limit on requests in flight is in [`super::limit`].

use super::axis::Axis;
use super::budget::Budget;
use super::chart::{Chart, Shape};
use super::limit::limit_chart;
use super::report::{Block, Cell, Table};
use super::scale::{top_of_bytes, top_of_counts};
use super::words::{byte_rate, duration, latency, rate, row_rate};
use crate::numbers::{as_f64, bytes, grouped, rounded};
use crate::report::event::RunCounts;
use crate::report::record::{Interval, Run};

/// Fewer intervals than that are no curve.
const MIN_INTERVALS: usize = 3;

/// The charts and the table.
pub(super) fn blocks(run: &Run, budget: Budget) -> Vec<Block> {
    let (axis, intervals) = (Axis::of(run), run.intervals(budget.intervals));
    let limit = limit_chart(run, &axis, &intervals, budget.dots).map(Block::Chart);
    if intervals.len() < MIN_INTERVALS {
        let words = "The counts are written once a second: of a run this short there are no curves.";
        let note = run.counts.is_some().then(|| Block::Note(words.to_owned()));
        return limit.into_iter().chain(note).collect();
    }
    let few = run.intervals(budget.places);
    let mut blocks = vec![Block::Chart(row_chart(run, &axis, &intervals, &few))];
    if budget.has_all_charts {
        blocks.push(Block::Chart(byte_chart(run, &axis, &intervals, &few)));
    }
    blocks.extend(limit);
    if budget.has_all_charts {
        blocks.extend(latency_chart(&axis, &intervals, &few).map(Block::Chart));
    }
    blocks.push(Block::Folded(table(&axis, &run.intervals(budget.moments))));
    blocks
}

fn rows(interval: &Interval) -> f64 {
    rate(interval.rows, interval.length())
}

fn byte_count(interval: &Interval) -> f64 {
    rate(interval.bytes, interval.length())
}

fn highest(intervals: &[Interval], value: impl Fn(&Interval) -> f64) -> f64 {
    intervals.iter().map(value).fold(0.0, f64::max)
}

fn row_chart(run: &Run, axis: &Axis, intervals: &[Interval], few: &[Interval]) -> Chart {
    let (highest, sent) = (highest(intervals, rows), run.counts.as_ref().map_or(0, RunCounts::sent));
    let top = top_of_counts(highest);
    let levels = [top, top / 2.0, 0.0].map(|level| grouped(rounded(level)));
    let mut chart = axis.chart("Rows a second", top, levels);
    let mean = row_rate(rate(sent, run.sending_took()));
    chart.summary = format!("{mean} while sending, at most {}", row_rate(highest));
    chart.curves.push(axis.curve("", Shape::Area, intervals, |one| Some(rows(one))));
    chart.places = axis.places(few, |one| row_rate(rows(one)));
    chart
}

fn byte_chart(run: &Run, axis: &Axis, intervals: &[Interval], few: &[Interval]) -> Chart {
    let highest = highest(intervals, byte_count);
    let top = top_of_bytes(highest);
    let levels = [top, top / 2.0, 0.0].map(|level| bytes(rounded(level)));
    let mut chart = axis.chart("Bytes a second", top, levels);
    let sent = run.counts.as_ref().map_or(0, |counts| counts.bytes);
    let mean = byte_rate(rate(sent, run.sending_took()));
    chart.summary = format!("{mean} while sending, at most {}; before compression", byte_rate(highest));
    chart.curves.push(axis.curve("", Shape::Area, intervals, |one| Some(byte_count(one))));
    chart.places = axis.places(few, |one| byte_rate(byte_count(one)));
    chart
}

/// `None` where the events have no latencies of intervals.
fn latency_chart(axis: &Axis, intervals: &[Interval], few: &[Interval]) -> Option<Chart> {
    let as_number = |latency: Option<u64>| latency.map(as_f64);
    let highest = highest(intervals, |one| as_number(one.p95).unwrap_or(0.0));
    intervals.iter().find(|one| one.p95.is_some())?;
    let top = top_of_counts(highest);
    let levels = [top, top / 2.0, 0.0].map(|level| latency(rounded(level)));
    let mut chart = axis.chart("Latency of requests", top, levels);
    chart.summary.push_str("median and 95th percentile of the requests answered in each interval");
    chart.curves.push(axis.curve("p95", Shape::Shade, intervals, |one| as_number(one.p95)));
    chart.curves.push(axis.curve("p50", Shape::Line, intervals, |one| as_number(one.p50)));
    chart.places = axis.places(few, |one| match (one.p50, one.p95) {
        (Some(p50), Some(p95)) => format!("p50 {}, p95 {}", latency(p50), latency(p95)),
        _ => "no answer".to_owned(),
    });
    Some(chart)
}

fn table(axis: &Axis, intervals: &[Interval]) -> Table {
    let columns = [
        ("Until", true),
        ("Rows/s", true),
        ("Bytes/s", true),
        ("In flight", true),
        ("p50", true),
        ("p95", true),
    ];
    let in_ms = |ms: Option<u64>| ms.map_or_else(|| "–".to_owned(), latency);
    let rows = intervals.iter().map(|one| {
        let cells = [
            duration(axis.place(one.to)),
            grouped(rounded(rows(one))),
            bytes(rounded(byte_count(one))),
            grouped(one.in_flight),
            in_ms(one.p50),
            in_ms(one.p95),
        ];
        cells.into_iter().map(Cell::words).collect()
    });
    Table::new("The run over time", &columns).with_rows(usize::MAX, rows)
}
