//! The lines about retries: requests in flight side by side meet the same error at the same time, which
//! is printed once and then counted. When a request is sent again is decided in
//! [`crate::cloneup`].

use std::time::{Duration, Instant};

/// Time for which the same error of the same retry is not printed again. Pauses are random, so requests that
/// failed together fail again apart.
const WINDOW: Duration = Duration::from_secs(10);

/// Maximum number of errors that are remembered: a server can send a different error each time.
const MAX_REMEMBERED: usize = 8;

/// The errors that were printed within [`WINDOW`].
#[derive(Debug, Default)]
pub(super) struct RetryLines(Vec<Printed>);

#[derive(Debug)]
struct Printed {
    reason: String,
    /// The number of the retry that it was printed with.
    retry: u32,
    at: Instant,
    /// How often it occurred since then without being printed.
    more: u64,
}

impl RetryLines {
    /// The lines for a retry: none where the same error was printed within [`WINDOW`].
    pub(super) fn note(
        &mut self,
        now: Instant,
        (retry, max_retries): (u32, u32),
        wait: Duration,
        reason: &str,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(index) = self.0.iter().position(|printed| printed.reason == reason) {
            let printed = &mut self.0[index];
            if retry <= printed.retry && now.duration_since(printed.at) < WINDOW {
                printed.more += 1;
                return lines;
            }
            lines.extend(self.0.remove(index).rest());
        }
        if self.0.len() == MAX_REMEMBERED {
            lines.extend(self.0.remove(0).rest());
        }
        lines.push(format!("retry {retry} of {max_retries} in {:.1} s: {reason}", wait.as_secs_f64()));
        self.0.push(Printed { reason: reason.to_owned(), retry, at: now, more: 0 });
        lines
    }

    /// The lines about errors that were printed so long ago that they would be printed again.
    pub(super) fn due(&mut self, now: Instant) -> Vec<String> {
        let old = self.0.extract_if(.., |printed| now.duration_since(printed.at) >= WINDOW);
        old.filter_map(|printed| printed.rest()).collect()
    }

    /// The lines about all errors that were only counted, at the end of the run.
    pub(super) fn finish(&mut self) -> Vec<String> {
        self.0.drain(..).filter_map(|printed| printed.rest()).collect()
    }
}

impl Printed {
    fn rest(&self) -> Option<String> {
        let times = if self.more == 1 { "once more".to_owned() } else { format!("{} more times", self.more) };
        (self.more > 0).then(|| format!("the same error {times}: {}", self.reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(200);

    #[test]
    fn an_error_that_four_requests_meet_is_printed_once_a_retry() {
        let (mut lines, start) = (RetryLines::default(), Instant::now());
        let mut printed = Vec::new();
        for retry in 1..=2 {
            for request in 0..4 {
                let now = start + SOON * (4 * retry + request);
                printed.extend(lines.note(now, (retry, 3), SOON, "cannot connect"));
            }
        }
        printed.extend(lines.finish());
        assert_eq!(
            printed,
            [
                "retry 1 of 3 in 0.2 s: cannot connect",
                "the same error 3 more times: cannot connect",
                "retry 2 of 3 in 0.2 s: cannot connect",
                "the same error 3 more times: cannot connect",
            ]
        );
        assert_eq!(lines.finish(), Vec::<String>::new());
    }

    #[test]
    fn another_error_and_the_same_one_later_are_printed() {
        let (mut lines, start) = (RetryLines::default(), Instant::now());
        assert_eq!(lines.note(start, (1, 3), SOON, "a").len(), 1);
        assert_eq!(lines.note(start, (1, 3), SOON, "b").len(), 1);
        assert_eq!(lines.note(start, (1, 3), SOON, "b").len(), 0);
        assert_eq!(lines.due(start + SOON), Vec::<String>::new());
        assert_eq!(lines.due(start + WINDOW), ["the same error once more: b"]);
        assert_eq!(lines.note(start + WINDOW, (1, 3), SOON, "a").len(), 1);
    }

    #[test]
    fn the_number_of_remembered_errors_is_bounded() {
        let (mut lines, start) = (RetryLines::default(), Instant::now());
        for number in 0..100 {
            assert_eq!(lines.note(start, (1, 3), SOON, &number.to_string()).len(), 1);
        }
        assert_eq!(lines.0.len(), MAX_REMEMBERED);
    }
}
