//! When the writer of a file forgets: in passes, each in chunks of bounded time between groups of pushes.
//! What a chunk removes is in [`crate::server::store::sqlite`].

use std::time::{Duration, Instant};

use super::pass::{self, ChunkSize};
use crate::server::retention::Retention;
use crate::server::store::sqlite::{AppliedKey, SqliteWriter};
use crate::server::store::{Chunk, Result};

/// The time that a chunk should take, which is how long pushes wait for one.
const CHUNK_TIME: Duration = Duration::from_millis(10);

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
    size: ChunkSize,
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
        let (interval, size) = (pass::interval(&retention)?, ChunkSize::taking(CHUNK_TIME));
        Some(Self { retention, interval, stages: Vec::new(), due: now, next_pass: now, size })
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
        let pause = self.size.took(start.elapsed());
        self.due = if self.stages.is_empty() { self.next_pass } else { Instant::now() + pause };
        removed
    }

    fn forget_chunk(&mut self, writer: &mut SqliteWriter<'_>, now: Instant) -> Result<u64> {
        let Some(stage) = self.stages.last_mut() else {
            self.next_pass = now + self.interval;
            self.stages = stages(&self.retention, writer)?;
            return Ok(0);
        };
        let Chunk { removed, is_last } = match stage {
            Stage::Deletes { until } => writer.forget_deletes(*until, self.size.rows())?,
            Stage::Mutations { until, after } => writer.forget_mutations(*until, after, self.size.rows())?,
            Stage::Moments { seconds } => writer.forget_moments(*seconds, self.size.rows())?,
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
