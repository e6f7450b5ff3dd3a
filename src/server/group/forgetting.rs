//! When the writer of a file forgets: in passes, each in chunks of bounded time between groups of pushes.
//! What a chunk removes is in [`crate::server::store::sqlite`].

use std::time::{Duration, Instant};

use crate::server::retention::Retention;
use crate::server::store::Result;
use crate::server::store::sqlite::{AppliedKey, Chunk, SqliteWriter};

/// The time that a chunk should take, which is how long pushes wait for one.
const CHUNK_TIME: Duration = Duration::from_millis(10);

/// Rows of the first chunk. The next ones follow the time that they took.
const FIRST_ROWS: u64 = 500;

/// Rows of any chunk.
const MIN_ROWS: u64 = 50;
const MAX_ROWS: u64 = 20_000;

/// The pause after a chunk, in times of what it took: a pass takes a fifth of the writer's time.
const PAUSE: u32 = 4;

/// Passes while something reaches the age at which it is forgotten. A pass reads all remembered mutations,
/// so that a mutation is read that many times in its life.
const PASSES: u32 = 8;

/// The pause between two passes.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
const MAX_INTERVAL: Duration = Duration::from_hours(24);

/// The part of the shorter age with which the age of a step is known.
const PRECISION: u32 = 16;

/// The schedule of forgetting.
#[derive(Debug)]
pub(super) struct Forgetting {
    retention: Retention,
    interval: Duration,
    /// What is left of this pass, in reverse order.
    stages: Vec<Stage>,
    /// When the next chunk, or the next pass, is due.
    due: Instant,
    next_pass: Instant,
    /// Rows of the next chunk.
    rows: u64,
}

/// A part of a pass.
#[derive(Debug)]
enum Stage {
    Deletes { until: u64 },
    Mutations { until: u64, after: AppliedKey },
    Moments { seconds: u64 },
}

impl Forgetting {
    /// The schedule of a server, which begins with a pass; `None` if it forgets nothing.
    pub(super) fn new(retention: Retention, writer: &mut SqliteWriter<'_>) -> Option<Self> {
        let shortest = retention.shortest()?;
        writer.keep_moments_every((shortest / PRECISION).as_secs());
        let now = Instant::now();
        let interval = (shortest / PASSES).clamp(MIN_INTERVAL, MAX_INTERVAL);
        Some(Self { retention, interval, stages: Vec::new(), due: now, next_pass: now, rows: FIRST_ROWS })
    }

    /// When there is something to do.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Forgets the next chunk, if it is due. Returns the number of removed rows.
    pub(super) fn forget(&mut self, writer: &mut SqliteWriter<'_>) -> u64 {
        let start = Instant::now();
        if start < self.due {
            return 0;
        }
        let removed = self.forget_chunk(writer, start).unwrap_or_else(|error| {
            tracing::error!(%error, "forgetting failed; it is tried again later");
            self.stages.clear();
            0
        });
        let took = start.elapsed();
        self.rows = rows_for(self.rows, took);
        self.due = if self.stages.is_empty() { self.next_pass } else { Instant::now() + took * PAUSE };
        removed
    }

    fn forget_chunk(&mut self, writer: &mut SqliteWriter<'_>, now: Instant) -> Result<u64> {
        let Some(stage) = self.stages.last_mut() else {
            self.next_pass = now + self.interval;
            self.stages = stages(&self.retention, writer)?;
            return Ok(0);
        };
        let Chunk { removed, is_last } = match stage {
            Stage::Deletes { until } => writer.forget_deletes(*until, self.rows)?,
            Stage::Mutations { until, after } => writer.forget_mutations(*until, after, self.rows)?,
            Stage::Moments { seconds } => writer.forget_moments(*seconds, self.rows)?,
        };
        if is_last {
            self.stages.pop();
        }
        Ok(removed)
    }
}

/// What a pass has to do, in reverse order.
fn stages(retention: &Retention, writer: &mut SqliteWriter<'_>) -> Result<Vec<Stage>> {
    writer.mark_moment()?;
    let mut stages = Vec::new();
    if let Some(age) = retention.longest() {
        stages.push(Stage::Moments { seconds: age.as_secs() });
    }
    if let Some(age) = retention.mutations {
        let until = writer.step_of_age(age.as_secs())?;
        // Otherwise a pass before has forgotten all of them.
        if until > writer.forgotten_mutations()? {
            stages.push(Stage::Mutations { until, after: AppliedKey::first() });
        }
    }
    if let Some(age) = retention.deletes {
        stages.push(Stage::Deletes { until: writer.step_of_age(age.as_secs())? });
    }
    Ok(stages)
}

/// The number of rows for the next chunk, after one of `rows` that took so long.
fn rows_for(rows: u64, took: Duration) -> u64 {
    let rows = if took > CHUNK_TIME {
        rows / 2
    } else if took < CHUNK_TIME / 4 {
        rows * 2
    } else {
        rows
    };
    rows.clamp(MIN_ROWS, MAX_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_the_time_that_they_take() {
        assert_eq!(rows_for(1000, CHUNK_TIME * 2), 500);
        assert_eq!(rows_for(1000, CHUNK_TIME / 2), 1000);
        assert_eq!(rows_for(1000, Duration::ZERO), 2000);
        assert_eq!((rows_for(MAX_ROWS, Duration::ZERO), rows_for(1, CHUNK_TIME * 9)), (MAX_ROWS, MIN_ROWS));
    }
}
