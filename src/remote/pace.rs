//! The pace of requests: when the next one may be sent, and how fast its body is (contract 3.10,
//! `--max-rate` and `--max-bandwidth`; contract 3.3, `Retry-After`). How many requests are in flight is
//! decided in [`crate::cloneup`].

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, Sleep, sleep_until};

/// How much time a schedule may make up for when a timer was late. Timers have a resolution of a
/// millisecond, so that without it a fast pace would stay below its limit.
const SLACK: Duration = Duration::from_millis(10);

/// The shortest interval of requests that are exactly paced. Against it, a late timer is of no
/// account, and a server that counts strictly never sees two requests closer together.
const EXACT_FROM: Duration = Duration::from_millis(50);

/// How much of a body is sent at once, as the time that it takes.
const SLICE: Duration = Duration::from_millis(10);

/// A number of requests a second, above zero; a fraction is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The time between two requests, at least a nanosecond.
    interval: Duration,
}

impl Rate {
    /// `None` for a number that is not above zero, and for one whose interval no clock can measure.
    #[must_use]
    pub fn per_second(requests: f64) -> Option<Self> {
        let interval = Duration::try_from_secs_f64(requests.recip()).ok()?;
        // Later than that no timer can be set.
        let is_measurable = !interval.is_zero() && Instant::now().checked_add(interval).is_some();
        is_measurable.then_some(Self { interval })
    }
}

/// The pace of all requests of a process, retries included. A clone shares it.
///
/// Requests are sent in the order in which they ask for their turn.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The time between two requests; zero without a limit.
    interval: Duration,
    /// When the next request may be sent.
    requests: tokio::sync::Mutex<Schedule>,
    /// The end of the pause that the server has asked for.
    held_until: Mutex<Option<Instant>>,
    bandwidth: Option<Bandwidth>,
}

/// A limit of the bytes of bodies a second.
#[derive(Debug)]
struct Bandwidth {
    per_second: NonZeroUsize,
    /// When the next slice of a body may be sent. Locked while a body is sent, so that bodies go one
    /// after the other, and the time that each takes is known.
    bodies: Arc<tokio::sync::Mutex<Schedule>>,
}

/// When the next thing may be sent (the generic cell rate algorithm).
#[derive(Debug)]
struct Schedule {
    due: Instant,
    slack: Duration,
}

impl Schedule {
    fn new(slack: Duration) -> Self {
        Self { due: Instant::now(), slack }
    }

    /// Something that takes this time is sent now.
    fn spend(&mut self, time: Duration) {
        let now = Instant::now();
        self.due = self.due.max(now.checked_sub(self.slack).unwrap_or(now)) + time;
    }
}

/// The permission to send one request now. With a limited bandwidth, no other request has its turn
/// before this one's body is sent.
#[derive(Debug)]
pub struct Turn {
    /// `None` without a limited bandwidth.
    bodies: Option<(NonZeroUsize, OwnedMutexGuard<Schedule>)>,
}

impl Pace {
    /// At most this many requests and bytes of bodies a second; bytes are counted as they are sent,
    /// after compression. Without limits, only a pause that the server asks for holds requests back.
    #[must_use]
    pub fn new(max_rate: Option<Rate>, max_bandwidth: Option<NonZeroUsize>) -> Self {
        let interval = max_rate.map_or(Duration::ZERO, |rate| rate.interval);
        let slack = if interval < EXACT_FROM { SLACK } else { Duration::ZERO };
        let bandwidth = max_bandwidth.map(|per_second| Bandwidth {
            per_second,
            bodies: Arc::new(tokio::sync::Mutex::new(Schedule::new(SLACK))),
        });
        Self(Arc::new(Shared {
            interval,
            requests: tokio::sync::Mutex::new(Schedule::new(slack)),
            held_until: Mutex::new(None),
            bandwidth,
        }))
    }

    /// Waits until one more request may be sent. A caller that stops waiting takes no turn.
    pub(crate) async fn turn(&self) -> Turn {
        let bodies = match &self.0.bandwidth {
            Some(limit) => Some((limit.per_second, Arc::clone(&limit.bodies).lock_owned().await)),
            None => None,
        };
        let mut requests = self.0.requests.lock().await;
        loop {
            let until = self.held_until().map_or(requests.due, |held| held.max(requests.due));
            if until <= Instant::now() {
                break;
            }
            sleep_until(until).await;
        }
        requests.spend(self.0.interval);
        Turn { bodies }
    }

    /// Holds back all requests for a pause that the server asks for.
    pub(crate) fn hold(&self, pause: Duration) {
        let mut held_until = self.0.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        *held_until = (*held_until).max(Instant::now().checked_add(pause));
    }

    /// The limit of the bytes of bodies a second, if there is one.
    #[must_use]
    pub(crate) fn max_bandwidth(&self) -> Option<NonZeroUsize> {
        self.0.bandwidth.as_ref().map(|limit| limit.per_second)
    }

    /// The time that it takes to send a body of this many bytes.
    pub(super) fn time_to_send(&self, bytes: usize) -> Duration {
        self.max_bandwidth().map_or(Duration::ZERO, |per_second| time_for(bytes, per_second))
    }

    fn held_until(&self) -> Option<Instant> {
        // An instant is valid after a panic elsewhere.
        *self.0.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(None, None)
    }
}

impl Turn {
    /// The body of the request, which is sent in slices where the bandwidth is limited.
    pub(super) fn body(self, bytes: Bytes) -> reqwest::Body {
        match self.bodies {
            Some((per_second, schedule)) if !bytes.is_empty() => {
                let pause = Box::pin(sleep_until(schedule.due));
                let slice = slice_of(per_second);
                reqwest::Body::wrap(PacedBody {
                    rest: bytes,
                    per_second,
                    slice,
                    pause,
                    schedule: Some(schedule),
                })
            }
            _ => bytes.into(),
        }
    }
}

/// The time for some bytes.
fn time_for(bytes: usize, per_second: NonZeroUsize) -> Duration {
    let nanos = bytes as u128 * Duration::from_secs(1).as_nanos() / per_second.get() as u128;
    Duration::from_nanos(nanos.try_into().unwrap_or(u64::MAX))
}

/// The bytes that are sent at once.
fn slice_of(per_second: NonZeroUsize) -> usize {
    let slices = Duration::from_secs(1).as_nanos() / SLICE.as_nanos();
    usize::try_from(per_second.get() as u128 / slices).unwrap_or(usize::MAX).max(1)
}

/// A body that is sent at a limited bandwidth.
struct PacedBody {
    rest: Bytes,
    per_second: NonZeroUsize,
    /// The bytes that are sent at once.
    slice: usize,
    /// Ends when the next slice may be sent.
    pause: Pin<Box<Sleep>>,
    /// `None` once all is sent: the next body may begin.
    schedule: Option<OwnedMutexGuard<Schedule>>,
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let Some(schedule) = &mut this.schedule else { return Poll::Ready(None) };
        ready!(this.pause.as_mut().poll(context));
        let slice = this.rest.split_to(this.slice.min(this.rest.len()));
        schedule.spend(time_for(slice.len(), this.per_second));
        this.pause.as_mut().reset(schedule.due);
        if this.rest.is_empty() {
            this.schedule = None;
        }
        Poll::Ready(Some(Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    /// The exact size, so that the request has a `Content-Length`.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// The milliseconds after the start at which each of some turns comes.
    async fn turns(pace: &Pace, count: usize) -> Vec<u128> {
        let start = Instant::now();
        let mut times = Vec::new();
        for _ in 0..count {
            pace.turn().await;
            times.push(start.elapsed().as_millis());
        }
        times
    }

    fn at_rate(per_second: f64) -> Pace {
        Pace::new(Rate::per_second(per_second), None)
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_spaced_evenly_whoever_sends_them() {
        assert_eq!(turns(&at_rate(2.0), 4).await, [0, 500, 1000, 1500]);
        assert_eq!(turns(&at_rate(0.5), 2).await, [0, 2000]);
        assert_eq!(turns(&Pace::default(), 3).await, [0, 0, 0]);
        let pace = at_rate(2.0);
        let (one, other) = (pace.clone(), pace.clone());
        let (mut both, other) = tokio::join!(turns(&one, 3), turns(&other, 3));
        both.extend(other);
        both.sort_unstable();
        assert_eq!(both, [0, 500, 1000, 1500, 2000, 2500]);
        // Time without requests is not made up for.
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(turns(&pace, 3).await, [0, 500, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_nobody_waits_for_any_more_is_the_next_ones() {
        let pace = at_rate(1.0);
        pace.turn().await;
        assert!(tokio::time::timeout(Duration::from_millis(300), pace.turn()).await.is_err());
        assert_eq!(turns(&pace, 2).await, [700, 1700]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_begins_during_the_wait_for_a_turn_is_waited_for_too() {
        let pace = at_rate(1.0);
        pace.turn().await;
        let hold = async {
            tokio::time::sleep(Duration::from_millis(900)).await;
            pace.hold(Duration::from_secs(5));
        };
        let (times, ()) = tokio::join!(turns(&pace, 2), hold);
        assert_eq!(times, [5900, 6900]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_pace_makes_up_for_late_timers_and_not_for_more() {
        let pace = at_rate(1000.0);
        for _ in 0..100 {
            pace.turn().await;
            tokio::time::advance(Duration::from_millis(3)).await;
        }
        assert_eq!(turns(&pace, 13).await, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    }

    /// Sends a body in a turn; returns the sizes of its slices and the milliseconds that it took.
    async fn send(pace: &Pace, bytes: usize) -> (Vec<usize>, u128) {
        let (mut body, start, mut slices) =
            (pace.turn().await.body(vec![b'x'; bytes].into()), Instant::now(), Vec::new());
        assert_eq!(body.size_hint().exact(), Some(bytes as u64));
        while !body.is_end_stream() {
            let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await.unwrap().unwrap();
            slices.push(frame.into_data().unwrap().len());
        }
        (slices, start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_sent_in_slices_at_the_bandwidth_and_the_next_one_after_it() {
        let pace = Pace::new(None, NonZeroUsize::new(10_000));
        assert_eq!(pace.time_to_send(5000), Duration::from_millis(500));
        let (slices, millis) = send(&pace, 5000).await;
        assert_eq!((slices.iter().sum::<usize>(), slices.iter().max()), (5000, Some(&100)));
        // The first slices are sent at once, and the last one needs no time after it.
        assert!((470..=500).contains(&millis), "{millis}");
        let start = Instant::now();
        let ((_, one), (_, other)) = tokio::join!(send(&pace, 1000), send(&pace, 1000));
        assert!((190..=210).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
        assert!(one <= 110 && other <= 110, "each body takes its own time: {one} and {other}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_not_sent_lets_the_next_one_begin() {
        let pace = Pace::new(None, NonZeroUsize::new(10));
        drop(pace.turn().await.body(vec![b'x'; 1000].into()));
        assert_eq!(send(&pace, 1).await.1, 0);
        // A request without a body has sent what it has to send.
        drop(pace.turn().await);
        assert_eq!(send(&pace, 0).await, (vec![], 0));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_a_body_is_sent_at_once() {
        let body = Pace::default().turn().await.body(Bytes::from_static(b"x"));
        assert_eq!(body.as_bytes(), Some(&b"x"[..]));
    }
}
