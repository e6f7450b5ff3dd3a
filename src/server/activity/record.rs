//! Where answered pushes are recorded.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::excerpt::excerpt;
use super::rejections::Rejections;
use super::report::ActivityReport;
use super::throughput::{Throughput, WINDOW_SECONDS};
use super::uploads::{Uploads, second};
use crate::protocol::MutationError;

/// Characters of a client id.
const MAX_CLIENT: usize = 120;

/// What clients have been doing lately.
#[derive(Debug, Default)]
pub(in crate::server) struct Activity {
    recent: Mutex<Recent>,
    pushes: AtomicU64,
}

/// Some kilobytes, whatever clients send.
#[derive(Debug, Default)]
struct Recent {
    uploads: Uploads,
    rejections: Rejections,
    throughput: Throughput<WINDOW_SECONDS>,
}

/// What a push has done.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct AnsweredPush<'p> {
    /// Mutations that were applied, and new.
    pub(in crate::server) new: u64,
    /// Mutations that were applied before.
    pub(in crate::server) repeated: u64,
    pub(in crate::server) errors: &'p [MutationError],
}

impl Activity {
    /// A push of a client was answered.
    pub(in crate::server) fn answered(&self, client: &str, push: &AnsweredPush<'_>) {
        let (now, client) = (milliseconds(), excerpt(client, MAX_CLIENT));
        let mut recent = self.recent();
        recent.throughput.add(second(now), push.new);
        recent.rejections.add(now, &client, push.errors);
        recent.uploads.add(now, &client, push);
        self.pushes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many pushes were answered.
    #[cfg(feature = "postgres")]
    pub(in crate::server) fn pushes(&self) -> u64 {
        self.pushes.load(Ordering::Relaxed)
    }

    /// A copy of it.
    pub(in crate::server) fn report(&self) -> ActivityReport {
        let now = milliseconds();
        let recent = self.recent();
        ActivityReport { now, uploads: recent.uploads.all(now), rejected: recent.rejections.all() }
    }

    /// New mutations by second.
    pub(in crate::server) fn throughput(&self) -> Throughput<WINDOW_SECONDS> {
        self.recent().throughput.clone()
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time in milliseconds since 1970; a clock before that counts as 1970.
fn milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
