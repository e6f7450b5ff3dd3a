//! The progress of a run of several databases as text: the lines of bars that are redrawn on a terminal, and
//! the single line that is printed elsewhere. A pure function of the counters; drawing is in
//! [`super::progress`].

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::counters::{DatabasesCounters, Sums};
use crate::cli::output::counters::{Counters, Stage};
use crate::cli::output::escape::escaped;
use crate::cli::output::numbers::{bytes, counted, grouped, percent, rounded, time};
use crate::cli::output::screen::{WIDE, bar, rows_of};
use crate::cli::output::width::{packed, truncated};

/// Maximum number of databases under way that have a line each.
const MAX_LINES: usize = 4;

/// The label of the bar.
const LABEL: &str = "databases";

/// The lines to draw on a terminal with this many columns: a bar, numbers, and the databases under way.
pub(super) fn bars(
    counters: &DatabasesCounters,
    paths: &[PathBuf],
    now: Instant,
    width: usize,
) -> Vec<String> {
    let ended = counters.done + counters.failed;
    let numbers = of_all(ended, counters.total);
    let mut lines = vec![bar((LABEL, LABEL.len()), (ended, counters.total), &numbers, width)];
    let mut items = Vec::new();
    if width < WIDE {
        items.push(numbers);
    }
    items.extend(items_of(counters, now, false));
    lines.extend(packed(&items, width));
    let shown = counters.under_way.iter().take(MAX_LINES);
    lines.extend(shown.map(|(index, counters)| {
        let path = paths[*index].to_string_lossy();
        truncated(&format!("  {}: {}", escaped(&path), doing(counters)), width)
    }));
    let more = counters.under_way.len().saturating_sub(MAX_LINES);
    if more > 0 {
        lines.push(format!("  … and {} more", grouped(more as u64)));
    }
    lines
}

/// The line for a log.
pub(super) fn line(counters: &DatabasesCounters, now: Instant) -> String {
    let ended = counters.done + counters.failed;
    let mut items = vec![format!("{}%", percent(ended, counters.total)), of_all(ended, counters.total)];
    items.extend(items_of(counters, now, true));
    items.join(", ")
}

fn of_all(ended: u64, total: u64) -> String {
    format!("{} of {}", grouped(ended), counted(total, "database"))
}

/// Bars leave out counts of zero; the lines of a log all have the same items.
fn items_of(counters: &DatabasesCounters, now: Instant, is_log: bool) -> Vec<String> {
    let sums = counters.sums();
    let Sums { rows, retries, rejected, .. } = sums;
    let mut items = Vec::new();
    for (count, what) in [(counters.failed, "failed"), (counters.under_way.len() as u64, "under way")] {
        if count > 0 || is_log {
            items.push(format!("{} {what}", grouped(count)));
        }
    }
    items.push(counted(rows, "row"));
    if let Some((rows, per_second)) = counters.per_second(&sums, now) {
        items.push(format!("{} rows/s", grouped(rounded(rows))));
        items.push(format!("{}/s", bytes(rounded(per_second))));
    }
    // Rounded up: what is left is not nothing.
    let left = counters.time_left(now).map(|left| time(left.saturating_add(Duration::from_millis(999))));
    items.push(format!("ETA {}", left.unwrap_or_else(|| "unknown".to_owned())));
    for (count, text) in
        [(retries, counted(retries, "retry")), (rejected, format!("{} rejected", grouped(rejected)))]
    {
        if count > 0 || is_log {
            items.push(text);
        }
    }
    items
}

/// What the upload of a database is doing.
fn doing(counters: &Counters) -> String {
    match &counters.stage {
        Stage::Starting => "starting".to_owned(),
        Stage::Checking { name, .. } => format!("checking {}", escaped(name)),
        Stage::Uploading => {
            let (done, total) = (counters.done, counters.total);
            format!("{}%, {}", percent(done, total), rows_of(done, total))
        }
        _ => format!("finalizing, {} pulled", counted(counters.pulled, "change")),
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::cloneup::{Event, Failure, Outcome, PartKind, PlannedPart};

    /// A run of a thousand databases, ten seconds after it began.
    fn run() -> (DatabasesCounters, Vec<PathBuf>, Instant) {
        let start = Instant::now();
        let now = start + Duration::from_secs(10);
        let paths: Vec<_> = (0..1000).map(|index| format!("tenants/tenant-{index:04}.db").into()).collect();
        let mut counters = DatabasesCounters::new(paths.len(), start);
        let parts =
            [PlannedPart { kind: PartKind::Records, name: "todos".to_owned(), rows: 300, unchanged: None }];
        for index in 0..415 {
            counters.begin(index, start);
            counters.note(index, &Event::Planned { parts: &parts }, start);
            let answered = Event::Answered { part: 0, rows: 30, bytes: 6000, requests: 1, repeated: 0 };
            counters.note(index, &answered, now);
            if index < 409 {
                let ok = index % 200 != 7;
                let failures = if ok { Vec::new() } else { vec![Failure::internal("x")] };
                counters.end(index, &Outcome { ok, ..Outcome::failed(failures) }, now);
            }
        }
        (counters, paths, now)
    }

    #[test]
    fn several_databases_fit_80_and_40_columns() {
        let (counters, paths, now) = run();
        let drawn = |width| {
            let lines = bars(&counters, &paths, now, width);
            assert!(lines.iter().all(|line| line.width() <= width), "{lines:?}");
            lines.join("\n")
        };
        insta::assert_snapshot!(drawn(80), @r"
        databases [==============>                        ]  40%  409 of 1,000 databases
        3 failed, 6 under way, 12,450 rows, 1,245 rows/s, 243.2 KiB/s, ETA 15s
          tenants/tenant-0409.db: 10%, 30 of 300 rows
          tenants/tenant-0410.db: 10%, 30 of 300 rows
          tenants/tenant-0411.db: 10%, 30 of 300 rows
          tenants/tenant-0412.db: 10%, 30 of 300 rows
          … and 2 more
        ");
        insta::assert_snapshot!(drawn(40), @r"
        databases [========>              ]  40%
        409 of 1,000 databases, 3 failed,
        6 under way, 12,450 rows, 1,245 rows/s,
        243.2 KiB/s, ETA 15s
          tenants/tenant-0409.db: 10%, 30 of 30…
          tenants/tenant-0410.db: 10%, 30 of 30…
          tenants/tenant-0411.db: 10%, 30 of 30…
          tenants/tenant-0412.db: 10%, 30 of 30…
          … and 2 more
        ");
    }

    #[test]
    fn a_line_for_a_log_has_the_same_items_whatever_happened() {
        let (counters, _, now) = run();
        insta::assert_snapshot!(line(&counters, now), @"40%, 409 of 1,000 databases, 3 failed, 6 under way, 12,450 rows, 1,245 rows/s, 243.2 KiB/s, ETA 15s, 0 retries, 0 rejected");
        insta::assert_snapshot!(line(&DatabasesCounters::new(3, now), now), @"0%, 0 of 3 databases, 0 failed, 0 under way, 0 rows, ETA unknown, 0 retries, 0 rejected");
    }
}
