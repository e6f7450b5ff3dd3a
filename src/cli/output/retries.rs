//! What is said about retries: requests in flight side by side fail at the same time, again and again,
//! which a log has in a few lines and a terminal in one that changes. When a request is sent again is
//! decided in [`crate::cloneup`].

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::escape::escaped;
use super::numbers::counted;
use crate::remote::TransportError;

/// A retry as the run announces it.
#[derive(Debug, Clone)]
pub(super) struct Retry {
    /// The number of this retry of its request, from 1.
    number: u32,
    max: u32,
    /// When the request is sent again.
    at: Instant,
    /// The error of the try before.
    reason: String,
}

impl Retry {
    pub(super) fn new(
        (number, max): (u32, u32),
        wait: Duration,
        error: &TransportError,
        now: Instant,
    ) -> Self {
        // A pause that never ends is not obeyed.
        let at = now.checked_add(wait).unwrap_or(now);
        Self { number, max, at, reason: escaped(&error.message).into_owned() }
    }

    /// When the request is sent again.
    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// The retry as one line, with the time until then.
    pub(super) fn line(&self, now: Instant) -> String {
        let Self { number, max, at, reason } = self;
        let wait = at.saturating_duration_since(now).as_secs_f64();
        format!("retry {number} of {max} in {wait:.1} s: {reason}")
    }
}

/// The lines about retries in a log: one when a kind of error begins, one when it ends, and between them
/// at most one in an interval, where the error says something else.
#[derive(Debug)]
pub(super) struct RetryLines {
    interval: Duration,
    /// One for each kind of error: their number is bounded.
    ongoing: Vec<Ongoing>,
}

/// A kind of error that comes again and again.
#[derive(Debug)]
struct Ongoing {
    name: Cow<'static, str>,
    /// When a line was printed about it, and what that said.
    told_at: Instant,
    told: String,
    /// How many retries came since then; when the last one came, and what it said.
    more: u64,
    last_at: Instant,
    last: String,
}

impl RetryLines {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, ongoing: Vec::new() }
    }

    /// The line for a retry; `None` if its kind of error is going on.
    pub(super) fn note(&mut self, retry: &Retry, error: &TransportError, now: Instant) -> Option<String> {
        let name = error.name();
        let (told, last) = (retry.reason.clone(), retry.reason.clone());
        if let Some(ongoing) = self.ongoing.iter_mut().find(|ongoing| ongoing.name == name) {
            ongoing.more += 1;
            (ongoing.last_at, ongoing.last) = (now, last);
            return None;
        }
        self.ongoing.push(Ongoing { name, told_at: now, told, more: 0, last_at: now, last });
        Some(retry.line(now))
    }

    /// The lines that are due.
    pub(super) fn due(&mut self, now: Instant) -> Vec<String> {
        let is_over = |since: Instant| now.saturating_duration_since(since) >= self.interval;
        let mut lines = Vec::new();
        self.ongoing.retain_mut(|ongoing| {
            let has_ended = is_over(ongoing.last_at);
            if has_ended || (is_over(ongoing.told_at) && ongoing.told != ongoing.last) {
                lines.extend(ongoing.rest());
                (ongoing.told_at, ongoing.more) = (now, 0);
                ongoing.told.clone_from(&ongoing.last);
            }
            !has_ended
        });
        lines
    }

    /// The lines about all retries that were only counted, at the end of the run.
    pub(super) fn finish(&mut self) -> Vec<String> {
        self.ongoing.drain(..).filter_map(|ongoing| ongoing.rest()).collect()
    }
}

impl Ongoing {
    fn rest(&self) -> Option<String> {
        (self.more > 0).then(|| format!("{}, the last one: {}", counted(self.more, "more retry"), self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::{RequestError, TransportKind};

    const INTERVAL: Duration = Duration::from_secs(10);
    const SOON: Duration = Duration::from_millis(200);

    fn error(kind: TransportKind, message: &str) -> TransportError {
        let RequestError::Transient(error) = RequestError::transient(kind, message) else { unreachable!() };
        error
    }

    fn note(lines: &mut RetryLines, number: u32, error: &TransportError, now: Instant) -> Option<String> {
        lines.note(&Retry::new((number, 3), SOON, error, now), error, now)
    }

    #[test]
    fn an_error_that_goes_on_has_a_line_at_its_beginning_and_at_its_end() {
        let (mut lines, start) = (RetryLines::new(INTERVAL), Instant::now());
        let connect = error(TransportKind::Connect, "cannot connect");
        for number in 0..500 {
            let now = start + SOON * number;
            assert_eq!(note(&mut lines, 1, &connect, now).is_some(), number == 0);
            assert_eq!(lines.due(now), Vec::<String>::new(), "{number}");
        }
        let end = start + SOON * 500 + INTERVAL;
        assert_eq!(lines.due(end), ["499 more retries, the last one: cannot connect"]);
        assert!(note(&mut lines, 1, &connect, end).is_some(), "it begins again");
        assert_eq!(note(&mut lines, 2, &connect, end), None);
        assert_eq!(lines.finish(), ["1 more retry, the last one: cannot connect"]);
        assert_eq!(lines.finish(), Vec::<String>::new());
    }

    #[test]
    fn an_error_that_says_something_else_has_one_line_in_an_interval() {
        let (mut lines, start) = (RetryLines::new(INTERVAL), Instant::now());
        let mut printed = Vec::new();
        for number in 0..100 {
            let (now, message) = (start + SOON * number, format!("busy, request {number}"));
            printed.extend(note(&mut lines, 1, &error(TransportKind::Timeout, &message), now));
            printed.extend(lines.due(now));
        }
        let expected =
            ["retry 1 of 3 in 0.2 s: busy, request 0", "50 more retries, the last one: busy, request 50"];
        assert_eq!(printed, expected);
    }

    #[test]
    fn another_kind_of_error_has_lines_of_its_own() {
        let (mut lines, start) = (RetryLines::new(INTERVAL), Instant::now());
        let (connect, timeout) =
            (error(TransportKind::Connect, "a"), error(TransportKind::Timeout, "b\u{1b}"));
        assert_eq!(note(&mut lines, 1, &connect, start).as_deref(), Some("retry 1 of 3 in 0.2 s: a"));
        assert_eq!(note(&mut lines, 2, &timeout, start).as_deref(), Some(r"retry 2 of 3 in 0.2 s: b\u{1b}"));
    }

    #[test]
    fn the_pause_of_a_retry_counts_down() {
        let now = Instant::now();
        let retry = Retry::new((1, 3), Duration::from_secs(3), &error(TransportKind::Timeout, "x"), now);
        assert_eq!(retry.line(now + Duration::from_secs(1)), "retry 1 of 3 in 2.0 s: x");
        assert_eq!(retry.line(now + Duration::from_secs(9)), "retry 1 of 3 in 0.0 s: x");
    }
}
