//! The batch sender: the requests of one batch, until the server has answered every mutation in
//! it (contract 3.3). Which part of the batch is sent next is decided in [`super::delivery`],
//! when a request is sent again in [`super::retry`], and how many are in flight in
//! [`super::gate`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::concurrency::Observed;
use super::delivered::Delivered;
use super::delivery::{Delivery, Piece};
use super::gate::RequestGate;
use super::rejections::Rejections;
use super::retry::{Cancelled, Request, SendError, TryError, grace_is_over, send_with_retries};
use super::unsent_errors::UnsentErrors;
use crate::cloneup::encode::batch::Batch;
use crate::cloneup::encode::compression::{EncodedBody, RequestEncoding};
use crate::cloneup::encode::limits::BatchLimits;
use crate::cloneup::observer::{Event, Observer};
use crate::protocol::PushAnswer;
use crate::remote::{Backoff, Remote, RequestError};

/// Sends batches; shared by all that are in flight.
pub(crate) struct BatchSender<'a> {
    pub(crate) remote: &'a Remote,
    pub(crate) backoff: Backoff,
    pub(crate) fail_fast: bool,
    /// Whether the server says how many mutations it had applied before.
    pub(crate) counts_repeated: bool,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) limits: Arc<BatchLimits>,
    pub(crate) gate: RequestGate,
    pub(crate) encoding: Arc<RequestEncoding>,
    pub(crate) unsent_errors: UnsentErrors,
    pub(crate) rejections: Arc<Rejections>,
    /// Cancelled as soon as nothing new may be sent; what is in flight is awaited.
    pub(crate) halt: CancellationToken,
    /// Cancelled when the run is interrupted: what is in flight is awaited for a moment only.
    pub(crate) cancellation: CancellationToken,
}

impl BatchSender<'_> {
    /// Sends a batch until everything in it is answered, or the run must end.
    pub(crate) async fn deliver(&self, batch: Batch) -> Delivered {
        let mut delivery = Delivery::new(&batch, self.fail_fast, &self.limits);
        let (mut requests, mut retries) = (0, 0);
        while let Some(piece) = delivery.next_piece() {
            let mut push = Push { sender: self, batch: &batch, piece: &piece, body: None, requests: 0 };
            let sent = send_with_retries(&mut push, &self.backoff, self.observer).await;
            let before = delivery.answers();
            requests += push.requests;
            retries += push.requests.saturating_sub(1);
            match sent {
                Ok(mut answer) => {
                    // From another server its meaning is unknown.
                    answer.repeated = answer.repeated.filter(|_| self.counts_repeated);
                    delivery.answered(&piece, answer, &self.unsent_errors);
                }
                Err(SendError::Failed(error)) => delivery.failed(piece, error),
                Err(SendError::Cancelled) => break,
            }
            let (answered, rejected) = delivery.answers();
            self.rejected(answered - before.0, rejected - before.1);
            if delivery.must_halt() {
                self.halt.cancel();
            }
        }
        if let Some((excess, mutations, bytes)) = delivery.learned_limit() {
            self.limits.lower(excess, mutations, bytes);
        }
        Delivered { retries, ..delivery.finish(requests) }
    }

    /// Counts mutations that were answered and rejected; too many rejected ones end the run.
    pub(crate) fn rejected(&self, answered: u64, rejected: u64) {
        if let Some(why) = self.rejections.add(answered, rejected) {
            self.observer.on(&Event::Warning(&why));
            self.halt.cancel();
        }
    }
}

/// The push of one piece, which may be sent several times: the same bytes each time.
struct Push<'p> {
    sender: &'p BatchSender<'p>,
    batch: &'p Batch,
    piece: &'p Piece,
    /// Made for the first request, and again when the server refuses its content coding.
    body: Option<EncodedBody>,
    requests: u64,
}

impl Request for Push<'_> {
    type Answer = PushAnswer;

    fn target(&self) -> (&'static str, String) {
        ("POST", self.sender.remote.push_url())
    }

    async fn send(&mut self) -> Result<PushAnswer, TryError> {
        loop {
            let encoded = match self.body.take() {
                Some(body) => body,
                None => self.sender.encoding.encode(self.batch, &self.piece.entries).await,
            };
            let encoded = self.body.insert(encoded);
            let is_encoded = encoded.encoding.is_some();
            let (body, encoding) = (encoded.body.clone(), encoded.encoding);
            let (permit, turn) = tokio::select! {
                biased;
                () = self.sender.halt.cancelled() => return Err(TryError::Cancelled),
                entered = self.sender.gate.enter() => entered,
            };
            self.requests += 1;
            let sent = Instant::now();
            self.sender.observer.on(&Event::RequestSent);
            let answer = tokio::select! {
                answer = self.sender.remote.push(turn, body, encoding) => Some(answer),
                // The next run sends the batch again, and the server deduplicates it.
                () = grace_is_over(&self.sender.cancellation) => None,
            };
            let is_answered = !matches!(&answer, None | Some(Err(RequestError::Transient(_))));
            self.sender.observer.on(&Event::RequestEnded { elapsed: sent.elapsed(), is_answered });
            let Some(answer) = answer else { return Err(TryError::Cancelled) };
            let observed = match &answer {
                Err(error) if error.is_throttled() => Observed::Throttled,
                Err(RequestError::Transient(_)) => Observed::Failed,
                _ => Observed::Answered(sent.elapsed()),
            };
            if let Some(change) = permit.leave(observed) {
                let (from, limit, reason) = (change.from, change.to, change.reason);
                tracing::debug!(from, limit, reason, "requests in flight");
                self.sender.observer.on(&Event::ConcurrencyChanged { limit, reason });
            }
            match answer {
                Ok(answer) => return Ok(answer),
                Err(RequestError::NotDecoded) if is_encoded => {
                    self.sender.encoding.give_up();
                    self.body = None;
                }
                Err(error) => return Err(TryError::Failed(error)),
            }
        }
    }

    async fn pause(&mut self, wait: Duration, is_throttled: bool) -> Result<(), Cancelled> {
        if is_throttled {
            // All other requests would be refused as well, so they are held back, and this one waits
            // with them.
            self.sender.gate.pace().hold(wait);
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.sender.halt.cancelled() => Err(Cancelled),
        }
    }
}
