//! The limit on requests in flight: its changes with their reasons, as a chart and as a table.

use super::axis::Axis;
use super::budget::NAME;
use super::chart::{Chart, Curve, Shape};
use super::report::{Block, Cell, Section, Table};
use super::scale::top_of_counts;
use super::words::{duration, highest_first};
use crate::numbers::{as_f64, counted, grouped, rounded};
use crate::report::record::{Interval, LimitStep, Run};
use crate::report::shown::Shown;

/// The chart, with about `max` changes; `None` where the limit is not known, or has never changed.
pub(super) fn limit_chart(run: &Run, axis: &Axis, intervals: &[Interval], max: usize) -> Option<Chart> {
    let limits = &run.limits;
    if limits.changes == 0 {
        return None;
    }
    let highest = intervals.iter().map(|one| one.in_flight).fold(limits.highest, u64::max);
    let top = top_of_counts(as_f64(highest));
    let levels = [top, top / 2.0, 0.0].map(|level| grouped(rounded(level)));
    let kept = limits.steps(max);
    let mut chart = axis.chart("Requests in flight", top, levels);
    chart.summary = format!(
        "the limit was between {} and {}, with {}",
        grouped(limits.lowest),
        grouped(limits.highest),
        counted(limits.changes, "change")
    );
    let in_flight = |one: &Interval| Some(as_f64(one.in_flight));
    chart.curves.push(axis.curve("at most in flight", Shape::Shade, intervals, in_flight));
    chart.curves.push(Curve { name: "limit", shape: Shape::Line, values: steps(axis, &kept) });
    chart.dots = dots(axis, &kept);
    Some(chart)
}

/// Each limit until the next change.
fn steps(axis: &Axis, steps: &[LimitStep]) -> Vec<(u64, u64, Option<f64>)> {
    let ends = steps.iter().skip(1).map(|step| axis.place(step.at)).chain([axis.end()]);
    steps.iter().zip(ends).map(|(step, end)| (axis.place(step.at), end, Some(as_f64(step.level)))).collect()
}

fn dots(axis: &Axis, steps: &[LimitStep]) -> Vec<(u64, f64, bool, String)> {
    let dot = |step: &LimitStep| {
        let (place, why) = (axis.place(step.at), Shown::new(&step.why, NAME));
        let words = format!("{}: {} → {}, {}", duration(place), step.before, step.level, why.as_str());
        (place, as_f64(step.level), step.level > step.before, words)
    };
    steps.iter().filter(|step| step.number > 0).map(dot).collect()
}

/// The section with the changes; `None` where there are none.
pub(super) fn section(run: &Run, max: usize) -> Option<Section> {
    let limits = &run.limits;
    if limits.changes == 0 {
        return None;
    }
    let begin = run.sending_since.unwrap_or(run.first);
    let rows = limits.first_changes().iter().take(max).map(|step| {
        let at = duration(step.at.saturating_sub(begin));
        let change = format!("{} → {}", grouped(step.before), grouped(step.level));
        vec![Cell::words(at), Cell::words(change), Cell::said(&step.why, NAME)]
    });
    let columns = [("At", true), ("Limit", true), ("Reason", false)];
    let table = Table::new("Changes of the limit on requests in flight", &columns).with_rows(max, rows);
    let shown = table.rows.len() as u64;
    let table = table.and_more(limits.changes.saturating_sub(shown));
    let reasons = highest_first(&limits.reasons).into_iter();
    let reasons = reasons.map(|(why, count)| vec![Cell::said(why, NAME), Cell::words(grouped(count))]);
    let by_reason = Table::new("Changes by reason", &[("Reason", false), ("Changes", true)]);
    let by_reason = by_reason.with_rows(usize::MAX, reasons);
    Some(Section::new("Requests in flight", vec![Block::Table(by_reason), Block::Folded(table)]))
}
