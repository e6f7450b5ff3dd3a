//! What a run has been waiting for longer than usual: the server's answer, or its own work. A line about
//! the server appears only while a request is in flight. When the lines are printed is decided in
//! [`super::progress`].

use std::time::{Duration, Instant};

use super::escape::escaped;
use crate::cloneup::{Activity, PlannedPart};

/// Duration of an activity after which a line reports it.
const INTERVAL: Duration = Duration::from_secs(10);

/// The activity of a run, and whether its duration has been reported.
pub(super) struct Waiting {
    /// What the run does, and since when.
    activity: Option<(Activity, Instant)>,
    /// The time of the last answer, or the end of the pause before a retry.
    last_answer: Instant,
    has_reported: bool,
}

impl Waiting {
    pub(super) fn new(now: Instant) -> Self {
        Self { activity: None, last_answer: now, has_reported: false }
    }

    /// An activity begins.
    pub(super) fn begin(&mut self, activity: Activity, now: Instant) {
        self.activity = Some((activity, now));
        self.has_reported = false;
    }

    /// The server has answered, or a pause before a retry ends at this time: the time without an answer
    /// begins again.
    pub(super) fn answered(&mut self, at: Instant) {
        self.last_answer = at;
        self.has_reported = false;
    }

    /// The run has ended, or begins again.
    pub(super) fn end(&mut self) {
        self.activity = None;
    }

    /// The line that is due, once for each activity and each time without an answer.
    pub(super) fn due(&mut self, parts: &[PlannedPart], now: Instant) -> Option<String> {
        if self.has_reported {
            return None;
        }
        let line = self.line(parts, now)?;
        self.has_reported = true;
        Some(line)
    }

    fn line(&self, parts: &[PlannedPart], now: Instant) -> Option<String> {
        let (activity, since) = self.activity?;
        let since = if activity == Activity::AwaitingAnswers { since.max(self.last_answer) } else { since };
        let seconds = INTERVAL.as_secs();
        (now.saturating_duration_since(since) >= INTERVAL).then(|| match activity {
            Activity::Preparing { part } => {
                let name = parts.get(part).map_or("the next part", |part| &part.name);
                format!("reading and sorting the rows of {} for {seconds} s; still busy", escaped(name))
            }
            Activity::Checking => format!("reading and checking the database for {seconds} s; still busy"),
            Activity::WritingChanges => format!("writing pulled changes for {seconds} s; still busy"),
            Activity::Comparing => format!("comparing the database for {seconds} s; still busy"),
            _ => format!("no answer from the server for {seconds} s; still waiting"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloneup::PartKind;

    #[test]
    fn a_long_wait_is_reported_as_the_servers_only_while_a_request_is_in_flight() {
        let parts =
            [PlannedPart { kind: PartKind::Records, name: "nodes".to_owned(), rows: 9, unchanged: None }];
        let start = Instant::now();
        let later = start + INTERVAL;
        let mut waiting = Waiting::new(start);
        assert_eq!(waiting.due(&parts, later), None);
        for (activity, expected) in [
            (Activity::AwaitingAnswers, "no answer from the server for 10 s; still waiting"),
            (Activity::Preparing { part: 0 }, "reading and sorting the rows of nodes for 10 s; still busy"),
            (Activity::Checking, "reading and checking the database for 10 s; still busy"),
            (Activity::WritingChanges, "writing pulled changes for 10 s; still busy"),
            (Activity::Comparing, "comparing the database for 10 s; still busy"),
        ] {
            waiting.begin(activity, start);
            assert_eq!(waiting.due(&parts, start), None, "{activity:?} has just begun");
            assert_eq!(waiting.due(&parts, later).as_deref(), Some(expected));
            assert_eq!(waiting.due(&parts, later), None, "a line appears once");
        }
        // An answer, or the pause before a retry, is no silence.
        waiting.begin(Activity::AwaitingAnswers, start);
        waiting.answered(later);
        assert_eq!(waiting.due(&parts, later), None);
    }
}
