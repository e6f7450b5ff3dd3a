//! The progress of a run as text: the lines of bars that are redrawn on a terminal, and the single line
//! that is printed elsewhere. A pure function of the counters; drawing is in [`super::progress`].

use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthStr as _;

use super::counters::{Counters, Stage};
use super::escape::escaped;
use super::numbers::{bytes, counted, grouped, per_second, percent, rounded, time};
use super::width::{fitted, packed};

/// From this width on a bar has its number of rows beside it; below it, the lines under the bars have it.
pub(super) const WIDE: usize = 60;

/// Maximum width of the label of a bar, on a wide and on a narrow terminal.
const LABEL: [usize; 2] = [20, 12];

/// Numbers that leave a bar less than this are left out.
const MIN_CELLS: usize = 8;

/// The label of the bar of the whole plan.
const TOTAL: &str = "total";

/// The lines to draw on a terminal with this many columns: bars, then numbers. Empty when there is
/// nothing to show.
pub(super) fn bars(counters: &Counters, now: Instant, width: usize) -> Vec<String> {
    let row_bar = |label: &str, widths: (usize, usize), done, total| {
        let rows = rows_of(done, total);
        bar((label, widths.0), (done, total), &format!("{rows:>columns$}", columns = widths.1), width)
    };
    match &counters.stage {
        Stage::Starting => Vec::new(),
        Stage::Checking { name, checked, tables, rows } => {
            let done = format!("{checked} of {}", counted(*tables as u64, "table"));
            let label = "checking";
            let mut lines = vec![bar((label, label.len()), (*checked as u64, *tables as u64), &done, width)];
            let mut items = vec![escaped(name).into_owned(), format!("{} checked", counted(*rows, "row"))];
            if width < WIDE {
                items.insert(0, done);
            }
            lines.extend(packed(&items, width));
            lines
        }
        Stage::Uploading | Stage::Finalizing => {
            let part = counters.current_part().filter(|_| counters.stage == Stage::Uploading);
            // A plan of one part has one bar.
            let part = part.filter(|_| counters.parts.len() > 1);
            let longest = part.map_or(0, |part| escaped(&part.name).width()).max(TOTAL.len());
            let label_width = longest.min(LABEL[usize::from(width < WIDE)]);
            // Bars of one screen begin and end in the same columns.
            let rows = part.map_or(0, |part| rows_of(counters.part_done, part.rows).len());
            let widths = (label_width, rows.max(rows_of(counters.done, counters.total).len()));
            let mut lines = Vec::new();
            lines.extend(part.map(|part| row_bar(&part.name, widths, counters.part_done, part.rows)));
            lines.push(row_bar(TOTAL, widths, counters.done, counters.total));
            let mut items = Vec::new();
            if width < WIDE {
                items.push(rows_of(counters.done, counters.total));
            }
            items.extend(upload_items(counters, now, false));
            lines.extend(packed(&items, width));
            lines
        }
        Stage::Pulling => packed(&pulled(counters, now), width),
        Stage::Cloning { at, end, .. } => {
            let label = "cloning";
            let mut items = cloned(counters, now);
            let mut lines = Vec::new();
            if let Some(end) = end {
                let changes = items.remove(0);
                lines.push(bar((label, label.len()), (*at, *end), &changes, width));
                if width < WIDE {
                    items.insert(0, changes);
                }
            }
            lines.extend(packed(&items, width));
            lines
        }
        Stage::Comparing { rows, total } => {
            let label = "comparing";
            let mut lines = vec![row_bar(label, (label.len(), 0), *rows, *total)];
            let mut items = vec![stage_rate(counters, now, *rows, "row")];
            if width < WIDE {
                items.insert(0, rows_of(*rows, *total));
            }
            lines.extend(packed(&items, width));
            lines
        }
    }
}

/// The line for a log; `None` when there is nothing to show.
pub(super) fn line(counters: &Counters, now: Instant) -> Option<String> {
    Some(match &counters.stage {
        Stage::Starting => return None,
        Stage::Checking { name, checked, tables, rows } => format!(
            "checking {}: {checked} of {} and {} checked",
            escaped(name),
            counted(*tables as u64, "table"),
            counted(*rows, "row")
        ),
        Stage::Uploading => {
            let (done, total) = (counters.done, counters.total);
            let mut items = vec![format!("{}%", percent(done, total)), rows_of(done, total)];
            items.extend(upload_items(counters, now, true));
            items.join(", ")
        }
        Stage::Finalizing => {
            format!("all rows are uploaded; {}", pulled(counters, now).join(", "))
        }
        Stage::Pulling => pulled(counters, now).join(", "),
        Stage::Cloning { at, end, .. } => {
            let percent = end.map(|end| format!("{}%", percent(*at, end)));
            let items: Vec<_> = percent.into_iter().chain(cloned(counters, now)).collect();
            format!("cloning: {}", items.join(", "))
        }
        Stage::Comparing { rows, total } => {
            let (percent, rate) = (percent(*rows, *total), stage_rate(counters, now, *rows, "row"));
            format!("comparing: {percent}%, {}, {rate}", rows_of(*rows, *total))
        }
    })
}

/// Rate, time left, and what else there is to say of an upload. Bars leave out counts of zero; the lines of
/// a log all have the same items, and not what changes from one moment to the next.
fn upload_items(counters: &Counters, now: Instant, is_log: bool) -> Vec<String> {
    if counters.stage == Stage::Finalizing {
        return pulled(counters, now);
    }
    let mut items = Vec::new();
    if let Some((rows, per_second)) = counters.per_second(now) {
        items.push(format!("{} rows/s", grouped(rounded(rows))));
        items.push(format!("{}/s", bytes(rounded(per_second))));
    }
    // Rounded up: what is left is not nothing.
    let left = counters.time_left(now).map(|left| time(left.saturating_add(Duration::from_millis(999))));
    let left = left.unwrap_or_else(|| "unknown".to_owned());
    items.push(format!("ETA {left}"));
    if counters.in_flight > 0 && !is_log {
        items.push(format!("{} in flight", grouped(counters.in_flight)));
    }
    for (count, text) in [
        (counters.retried(), counted(counters.retried(), "retry")),
        (counters.rejected_mutations(), format!("{} rejected", grouped(counters.rejected_mutations()))),
    ] {
        if count > 0 || is_log {
            items.push(text);
        }
    }
    items.extend(counters.unchanged.map(|unchanged| format!("{} unchanged", grouped(unchanged))));
    items
}

pub(super) fn rows_of(done: u64, total: u64) -> String {
    format!("{} of {}", grouped(done), counted(total, "row"))
}

/// What was pulled, and how fast.
fn pulled(counters: &Counters, now: Instant) -> Vec<String> {
    let changes = counted(counters.pulled, "change");
    let count = match counters.stage {
        Stage::Finalizing => format!("finalizing: {changes} pulled so far"),
        _ => format!("pulling: {changes} so far"),
    };
    vec![count, stage_rate(counters, now, counters.pulled, "change")]
}

/// What a clone has pulled, how fast, and the time left where the end is known.
fn cloned(counters: &Counters, now: Instant) -> Vec<String> {
    let pulled = counters.pulled;
    let mut items = vec![counted(pulled, "change"), stage_rate(counters, now, pulled, "change")];
    if let Stage::Cloning { from, at, end: Some(end) } = counters.stage {
        let rate = per_second(at.saturating_sub(from), now.saturating_duration_since(counters.stage_start));
        #[expect(clippy::cast_precision_loss, reason = "an estimate needs few digits")]
        let left = Duration::try_from_secs_f64(end.saturating_sub(at) as f64 / rate).ok();
        let left = left.map(|left| time(left.saturating_add(Duration::from_millis(999))));
        items.push(format!("ETA {}", left.unwrap_or_else(|| "unknown".to_owned())));
    }
    items
}

/// How many of something there were in a second since the stage began.
fn stage_rate(counters: &Counters, now: Instant, count: u64, noun: &str) -> String {
    let rate = per_second(count, now.saturating_duration_since(counters.stage_start));
    format!("{}/s", counted(rounded(rate), noun))
}

/// A bar that fills the width, with its label, its percentage and, where there is room, its numbers.
pub(super) fn bar(
    (label, label_width): (&str, usize),
    (done, total): (u64, u64),
    numbers: &str,
    width: usize,
) -> String {
    let label = fitted(&escaped(label), label_width);
    let percent = percent(done, total);
    let mut tail = format!("{percent:>3}%");
    let cells_beside = |tail: &str| width.saturating_sub(label_width + tail.width() + " [] ".len());
    let with_numbers = format!("{tail}  {numbers}");
    if width >= WIDE && cells_beside(&with_numbers) >= MIN_CELLS {
        tail = with_numbers;
    }
    let cells = cells_beside(&tail);
    let filled = usize::try_from(percent).unwrap_or(100) * cells / 100;
    let head = if (1..cells).contains(&filled) { ">" } else { "" };
    let body = "=".repeat(filled - head.len()) + head;
    format!("{label} [{body:<cells$}] {tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloneup::{Event, PartKind, PlannedPart};
    use crate::protocol::{Cursor, ErrorBody, MutationError};

    /// A run of two parts, ten seconds after it began.
    fn upload() -> (Counters, Instant) {
        let part = |name: &str, rows| PlannedPart {
            kind: PartKind::Records,
            name: name.to_owned(),
            rows,
            unchanged: None,
        };
        let parts = [part("todos", 3000), part("join_todos_tags_tags_of_all", 4600)];
        let start = Instant::now();
        let now = start + Duration::from_secs(10);
        let mut counters = Counters::new(start);
        counters.note(&Event::Planned { parts: &parts }, start);
        counters.note(&Event::PartStarted { part: 0 }, start);
        let answered = |rows| Event::Answered { part: 0, rows, bytes: 2000 * rows, requests: 1, repeated: 0 };
        counters.note(&answered(3000), now);
        counters.note(&Event::PartStarted { part: 1 }, now);
        counters.note(&answered(1150), now);
        counters.note(&Event::RequestSent, now);
        (counters, now)
    }

    fn troubled() -> (Counters, Instant) {
        let (mut counters, now) = upload();
        let error = MutationError::from(ErrorBody::new("CONFLICT", "no", "id"));
        for _ in 0..12 {
            counters.note(&Event::Rejected { subject: None, error: &error }, now);
        }
        counters.retries.insert("503".into(), 1);
        (counters, now)
    }

    fn drawn((counters, now): &(Counters, Instant), width: usize) -> String {
        let lines = bars(counters, *now, width);
        for line in &lines {
            assert!(line.width() <= width, "{line}");
        }
        lines.join("\n")
    }

    #[test]
    fn an_upload_fits_80_and_40_columns() {
        insta::assert_snapshot!(drawn(&upload(), 80), @r"
        join_todos_tags_tag… [======>                        ]  25%  1,150 of 4,600 rows
        total                [===============>               ]  54%  4,150 of 7,600 rows
        415 rows/s, 810.5 KiB/s, ETA 9s, 1 in flight
        ");
        insta::assert_snapshot!(drawn(&troubled(), 80), @r"
        join_todos_tags_tag… [======>                        ]  25%  1,150 of 4,600 rows
        total                [===============>               ]  54%  4,150 of 7,600 rows
        415 rows/s, 810.5 KiB/s, ETA 9s, 1 in flight, 1 retry, 12 rejected
        ");
        insta::assert_snapshot!(drawn(&troubled(), 40), @r"
        join_todos_… [====>               ]  25%
        total        [=========>          ]  54%
        4,150 of 7,600 rows, 415 rows/s,
        810.5 KiB/s, ETA 9s, 1 in flight,
        1 retry, 12 rejected
        ");
    }

    #[test]
    fn checks_finalization_and_comparison_fit_80_and_40_columns() {
        let (mut counters, now) = upload();
        let mut screens = Vec::new();
        for event in [
            Event::Checking { name: "todos", checked: 3, tables: 8, rows: 12_300 },
            Event::Finalizing,
            Event::Verifying,
            Event::Pulled { changes: 1, cursor: None },
            Event::Compared { rows: 1350, total: 3000 },
        ] {
            counters.note(&event, now);
            let later = now + Duration::from_secs(2);
            let state = (counters.clone(), later);
            screens.push(format!(
                "{}\n{}\n{}",
                drawn(&state, 80),
                drawn(&state, 40),
                line(&state.0, later).unwrap()
            ));
        }
        insta::assert_snapshot!(screens.join("\n\n"), @r"
        checking [=================>                               ]  37%  3 of 8 tables
        todos, 12,300 rows checked
        checking [=======>                ]  37%
        3 of 8 tables, todos,
        12,300 rows checked
        checking todos: 3 of 8 tables and 12,300 rows checked

        total [=======================>                      ]  54%  4,150 of 7,600 rows
        finalizing: 0 changes pulled so far, 0 changes/s
        total [=============>             ]  54%
        4,150 of 7,600 rows,
        finalizing: 0 changes pulled so far,
        0 changes/s
        all rows are uploaded; finalizing: 0 changes pulled so far, 0 changes/s

        pulling: 0 changes so far, 0 changes/s
        pulling: 0 changes so far, 0 changes/s
        pulling: 0 changes so far, 0 changes/s

        pulling: 1 change so far, 1 change/s
        pulling: 1 change so far, 1 change/s
        pulling: 1 change so far, 1 change/s

        comparing [=================>                        ]  45%  1,350 of 3,000 rows
        675 rows/s
        comparing [=========>             ]  45%
        1,350 of 3,000 rows, 675 rows/s
        comparing: 45%, 1,350 of 3,000 rows, 675 rows/s
        ");
    }

    #[test]
    fn a_clone_has_a_bar_where_the_server_says_its_sequence() {
        let start = Instant::now();
        let now = start + Duration::from_secs(2);
        let [end, from, at] = [9000, 1000, 5000].map(Cursor::from);
        let mut screens = Vec::new();
        for (sequence, resumed_at) in [(Some(&end), Some(&from)), (None, None)] {
            let mut counters = Counters::new(start);
            counters.note(&Event::CloneStarted { sequence, resumed_at }, start);
            counters.note(&Event::Pulled { changes: 3900, cursor: Some(&at) }, now);
            let state = (counters, now);
            screens.push(format!(
                "{}\n{}\n{}",
                drawn(&state, 80),
                drawn(&state, 40),
                line(&state.0, now).unwrap()
            ));
        }
        insta::assert_snapshot!(screens.join("\n\n"), @r"
        cloning [==========================>                       ]  55%  3,900 changes
        1,950 changes/s, ETA 2s
        cloning [============>            ]  55%
        3,900 changes, 1,950 changes/s, ETA 2s
        cloning: 55%, 3,900 changes, 1,950 changes/s, ETA 2s

        3,900 changes, 1,950 changes/s
        3,900 changes, 1,950 changes/s
        cloning: 3,900 changes, 1,950 changes/s
        ");
    }

    #[test]
    fn a_line_for_a_log_has_the_same_items_whatever_happened() {
        let (counters, now) = upload();
        insta::assert_snapshot!(line(&counters, now).unwrap(), @"54%, 4,150 of 7,600 rows, 415 rows/s, 810.5 KiB/s, ETA 9s, 0 retries, 0 rejected");
        let (counters, now) = troubled();
        insta::assert_snapshot!(line(&counters, now).unwrap(), @"54%, 4,150 of 7,600 rows, 415 rows/s, 810.5 KiB/s, ETA 9s, 1 retry, 12 rejected");
        assert_eq!(line(&Counters::new(now), now), None);
    }

    #[test]
    fn any_width_any_name_and_any_number_fit() {
        let (mut counters, now) = troubled();
        counters.parts[1].name = "待办事项\u{1b}[31m的标签和其他所有东西".to_owned();
        counters.total = 1_000_000_000_000;
        for width in 1..200 {
            let lines = bars(&counters, now, width);
            // A terminal that is narrower than the shortest bar wraps it.
            for line in lines.iter().filter(|_| width >= 24) {
                assert!(line.width() <= width && !line.contains('\u{1b}'), "{width}: {line}");
            }
        }
    }
}
