//! Clients that write to several servers of one store and followers that page its feed, until they are
//! stopped, and a comparison of what the servers have with what was acknowledged. Not the faults that
//! tests cause meanwhile.
//!
//! * `exchange`: requests that are repeated until a server answers
//! * `writer`: a client that pushes; `follower`: a client that pulls
//! * `check`: what must hold at the end

mod check;
mod exchange;
mod follower;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use exchange::Exchange;
pub use follower::Followed;
pub use writer::{Hot, Written};

/// Writers and followers that are at work.
pub struct Traffic {
    exchange: Arc<Exchange>,
    writing: Arc<AtomicBool>,
    following: Arc<AtomicBool>,
    writers: Vec<JoinHandle<Written>>,
    followers: Vec<JoinHandle<Followed>>,
}

/// What the clients have done and seen.
pub struct Report {
    exchange: Arc<Exchange>,
    written: Vec<Written>,
    followed: Vec<Followed>,
}

impl Traffic {
    /// Starts four writers, each of which prefers one of the servers, and two followers that go from one
    /// to the next.
    pub fn start(bases: Vec<String>) -> Self {
        Self::start_with(bases, 4, 2, Hot::Shared)
    }

    /// Starts so many writers, four at most, and followers.
    pub fn start_with(bases: Vec<String>, writers: usize, followers: usize, hot: Hot) -> Self {
        let exchange = Arc::new(Exchange::new(bases));
        let (writing, following) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true)));
        let writers = (0..writers)
            .map(|client| {
                tokio::spawn(writer::write(client, hot, Arc::clone(&exchange), Arc::clone(&writing)))
            })
            .collect();
        let followers = (0..followers)
            .map(|number| {
                tokio::spawn(follower::follow(number, Arc::clone(&exchange), Arc::clone(&following)))
            })
            .collect();
        Self { exchange, writing, following, writers, followers }
    }

    /// Waits until so many more pushes are acknowledged, for a minute at most.
    pub async fn progress(&self, pushes: u64) {
        let goal = self.exchange.acknowledged() + pushes;
        let reach = async {
            while self.exchange.acknowledged() < goal {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let minute = Duration::from_mins(1);
        assert!(tokio::time::timeout(minute, reach).await.is_ok(), "the pushes do not go on");
    }

    /// Waits until every push is acknowledged and every follower has read to the end.
    pub async fn stop(self) -> Report {
        self.writing.store(false, Ordering::Relaxed);
        let mut written = Vec::new();
        for writer in self.writers {
            written.push(writer.await.unwrap());
        }
        self.following.store(false, Ordering::Relaxed);
        let mut followed = Vec::new();
        for follower in self.followers {
            followed.push(follower.await.unwrap());
        }
        Report { exchange: self.exchange, written, followed }
    }
}

impl Report {
    /// The longest time from the first try of a push to its acknowledgement, of all writers but the
    /// first so many.
    pub fn slowest(&self, skipped: usize) -> Duration {
        self.written[skipped..].iter().map(|written| written.slowest).max().unwrap_or_default()
    }

    /// How many pushes were acknowledged.
    pub fn pushes(&self) -> u64 {
        self.written.iter().map(|written| written.pushes).sum()
    }

    /// What is wrong with the servers' data and with what was seen of it: nothing, if every acknowledged
    /// mutation is applied once and every follower has seen it.
    pub async fn problems(&self) -> Vec<String> {
        check::problems(&self.exchange, &self.written, &self.followed).await
    }

    /// Panics where something is wrong.
    pub async fn assert_complete(&self) {
        let problems = self.problems().await;
        assert!(
            problems.is_empty(),
            "{} problems: {:?}",
            problems.len(),
            &problems[..problems.len().min(10)]
        );
        assert!(self.pushes() > 0);
    }
}
