//! One batch, until the server has answered every mutation in it: retries, halves and
//! repeated questions (contract 3.3).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::cloneup::encode::batch::{Batch, Position};
use crate::cloneup::encode::compression::{EncodedBody, RequestEncoding};
use crate::cloneup::encode::limits::BatchLimits;
use crate::cloneup::observer::{Event, Observer};
use crate::cloneup::outcome::Rejected;
use crate::cloneup::send::concurrency::Observed;
use crate::cloneup::send::gate::RequestGate;
use crate::cloneup::stop::{Stop, StopHandle};
use crate::protocol::{Cursor, ErrorBody, MutationError, PushAnswer, code};
use crate::remote::{Backoff, Excess, NextTry, Remote, RequestError};

/// Where errors of pushing are (contract 3.5).
const PUSH_PATH: &str = "sync.push";

/// How many errors about mutations that were not sent are reported, of a whole run: a server
/// can name as many as it likes.
const MAX_FOREIGN: usize = 1000;

/// Delivers batches; shared by all that are in flight.
pub(crate) struct BatchSender<'a> {
    pub(crate) remote: &'a Remote,
    pub(crate) backoff: Backoff,
    pub(crate) fail_fast: bool,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) limits: Arc<BatchLimits>,
    pub(crate) gate: RequestGate,
    pub(crate) request_encoding: Arc<RequestEncoding>,
    /// How many errors were about mutations of nobody here.
    pub(crate) foreign: AtomicUsize,
    /// Set as soon as nothing new may be sent.
    pub(crate) halt: StopHandle,
    pub(crate) halted: Stop,
}

/// What came of a batch.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) sequence: u64,
    pub(crate) part: usize,
    pub(crate) bytes: u64,
    /// Mutations that were answered, rejected ones too.
    pub(crate) mutations: u64,
    /// RowChunk that made these mutations.
    pub(crate) rows: u64,
    /// Rejected mutations.
    pub(crate) errors: Vec<MutationError>,
    /// Those of them that are in the batch, with what they are about.
    pub(crate) rejected: Vec<Rejected>,
    /// The highest cursor in the answers.
    pub(crate) cursor: Option<Cursor>,
    /// Requests that were sent.
    pub(crate) requests: u64,
    /// How far the upload has come with the batch.
    pub(crate) position: Position,
    /// How many mutations the batch has.
    size: u64,
    /// Of what a request for it had too much.
    excess: Option<Excess>,
    /// Mutations and bytes of the largest part of it that the server has taken.
    largest: (usize, usize),
    /// Why the run must end.
    pub(crate) fatal: Option<Fatal>,
}

/// An error that ends the run, whatever `failFast` says.
#[derive(Debug)]
pub(crate) enum Fatal {
    /// The server could not be position, refused the credentials or broke the protocol.
    Remote(ErrorBody),
    /// The server refused a request as a whole.
    Refused(ErrorBody),
}

/// Some mutations of a batch, by index.
struct Piece {
    entries: Vec<usize>,
    /// Whether the server has been asked about exactly these before.
    is_repeated: bool,
}

/// Why a piece was not answered.
enum Failure {
    Request(RequestError),
    /// Retries are used up; the message says how many.
    Exhausted(String),
    /// Nothing new may be sent.
    Halted,
}

impl BatchSender<'_> {
    /// Sends a batch until everything in it is answered, or the run must end.
    pub(crate) async fn deliver(&self, batch: Batch) -> Delivery {
        let mut delivery = Delivery::of(&batch);
        // A stack: what is halved is sent before what comes after it.
        let mut open = self.pieces(&batch);
        while let Some(piece) = open.pop() {
            match self.send(&batch, &piece, &mut delivery).await {
                Ok(answer) => {
                    let unnamed = delivery.take_in(&batch, &piece, answer, &self.foreign);
                    if self.fail_fast && !delivery.errors.is_empty() {
                        self.halt.stop();
                    }
                    if !unnamed.is_empty() {
                        open.push(Piece { entries: unnamed, is_repeated: true });
                    }
                }
                Err(Failure::Halted) => break,
                Err(Failure::Exhausted(message)) => {
                    delivery.end(Fatal::Remote(transport(message)), &self.halt);
                }
                Err(Failure::Request(error)) => self.refused(&batch, &piece, error, &mut open, &mut delivery),
            }
        }
        if let Some(excess) = delivery.excess {
            let (mutations, bytes) = delivery.largest;
            self.limits.lower(excess, mutations, bytes);
        }
        delivery
    }

    /// The whole batch; or as many pieces as are within the limits, when these were lowered
    /// after it was made. The first one comes last.
    fn pieces(&self, batch: &Batch) -> Vec<Piece> {
        let size = batch.entries.len();
        let is_within = |bytes: usize| bytes as u64 >= batch.bytes();
        if size == 1 || (size <= self.limits.mutations() && is_within(self.limits.bytes())) {
            return vec![Piece { entries: (0..size).collect(), is_repeated: false }];
        }
        let (mut pieces, mut entries) = (Vec::new(), Vec::new());
        for index in 0..size {
            entries.push(index);
            let is_too_large =
                entries.len() > self.limits.mutations() || batch.size(&entries) > self.limits.bytes();
            if is_too_large && entries.len() > 1 {
                entries.pop();
                pieces.push(Piece {
                    entries: std::mem::replace(&mut entries, vec![index]),
                    is_repeated: false,
                });
            }
        }
        pieces.push(Piece { entries, is_repeated: false });
        pieces.reverse();
        pieces
    }

    /// Halves what the server refused, down to the culprits; or ends the run.
    fn refused(
        &self,
        batch: &Batch,
        piece: &Piece,
        error: RequestError,
        open: &mut Vec<Piece>,
        delivery: &mut Delivery,
    ) {
        let body = match error {
            RequestError::TooLarge(excess, body) => {
                if piece.entries.len() > 1 {
                    delivery.excess = Some(excess);
                }
                let what = "the mutation is larger than the server takes";
                body.unwrap_or_else(|| ErrorBody::new(code::LIMIT_EXCEEDED, what, PUSH_PATH))
            }
            RequestError::Refused(body) if self.fail_fast => {
                return delivery.end(Fatal::Refused(body), &self.halt);
            }
            RequestError::Refused(body) => body,
            RequestError::Forbidden(body) => {
                // Servers have their own words for it; the result has one.
                let body = ErrorBody::new(code::FORBIDDEN, body.message, PUSH_PATH);
                return delivery.end(Fatal::Remote(body), &self.halt);
            }
            error @ (RequestError::Broken(_) | RequestError::Transient { .. } | RequestError::NotDecoded) => {
                return delivery.end(Fatal::Remote(transport(error.to_string())), &self.halt);
            }
        };
        if let [only] = piece.entries.as_slice() {
            delivery.reject(batch, *only, body);
            if self.fail_fast {
                self.halt.stop();
            }
        } else {
            let (first, second) = piece.entries.split_at(piece.entries.len().div_ceil(2));
            for half in [second, first] {
                open.push(Piece { entries: half.to_vec(), is_repeated: piece.is_repeated });
            }
        }
    }

    /// Sends a piece, and again after transport errors: the same bytes each time.
    async fn send(
        &self,
        batch: &Batch,
        piece: &Piece,
        delivery: &mut Delivery,
    ) -> Result<PushAnswer, Failure> {
        let mut packed = self.request_encoding.pack(batch, &piece.entries).await;
        let (start, mut retries) = (Instant::now(), 0);
        loop {
            let error = match self.send_once(&packed, delivery).await? {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let (message, retry_after, is_throttled) = match error {
                RequestError::Transient { message, retry_after, is_throttled } => {
                    (message, retry_after, is_throttled)
                }
                RequestError::NotDecoded if packed.encoding.is_some() => {
                    self.request_encoding.give_up();
                    packed = self.request_encoding.pack(batch, &piece.entries).await;
                    continue;
                }
                error => return Err(Failure::Request(error)),
            };
            let wait =
                next_try(&self.backoff, retries, retry_after, start, &message).map_err(Failure::Exhausted)?;
            retries += 1;
            self.observer.on(&Event::Retrying {
                retry: retries,
                max_retries: self.backoff.max_retries(),
                wait,
                reason: &message,
            });
            if is_throttled {
                // Whoever else is about to send would only be told the same.
                self.gate.hold(wait);
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.halted.requested() => return Err(Failure::Halted),
            }
        }
    }

    /// Sends one request when its turn has come.
    async fn send_once(
        &self,
        packed: &EncodedBody,
        delivery: &mut Delivery,
    ) -> Result<Result<PushAnswer, RequestError>, Failure> {
        let permit = tokio::select! {
            biased;
            () = self.halted.requested() => return Err(Failure::Halted),
            permit = self.gate.enter() => permit,
        };
        delivery.requests += 1;
        let sent = Instant::now();
        let answered = self.remote.push(packed.body.clone(), packed.encoding).await;
        let observed = match &answered {
            Err(RequestError::Transient { is_throttled: true, .. }) => Observed::Throttled,
            Err(RequestError::Transient { .. }) => Observed::Failed,
            _ => Observed::Answered(sent.elapsed()),
        };
        if let Some(change) = self.gate.leave(permit, observed) {
            let (from, level, why) = (change.from, change.to, change.why);
            tracing::debug!(from, level, why, "requests in flight");
            self.observer.on(&Event::Level { level, why });
        }
        Ok(answered)
    }
}

/// How long to wait before the next try, or the words for giving up.
pub(crate) fn next_try(
    backoff: &Backoff,
    retries: u32,
    retry_after: Option<Duration>,
    start: Instant,
    message: &str,
) -> Result<Duration, String> {
    let tries = retries + 1;
    let times = if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") };
    match backoff.next(retries, retry_after) {
        NextTry::After(wait) => Ok(wait),
        NextTry::Exhausted => {
            Err(format!("{message} (gave up after {times} in {:.1} s)", start.elapsed().as_secs_f64()))
        }
        NextTry::TooLong(wait) => Err(format!(
            "{message} (gave up after {times}: the server asks to wait {} s, see --retry-max-delay)",
            wait.as_secs()
        )),
    }
}

/// Whether the server says that it has applied all of a piece, in the order in which it was
/// asked to: what almost every answer says, told without looking anything up.
fn names_all(batch: &Batch, piece: &Piece, applied: Option<&[String]>) -> bool {
    let Some(applied) = applied else { return true };
    applied.len() == piece.entries.len()
        && piece.entries.iter().zip(applied).all(|(index, id)| batch.mutation_id(*index) == id.as_str())
}

fn transport(message: String) -> ErrorBody {
    ErrorBody::new(code::TRANSPORT_ERROR, message, PUSH_PATH)
}

impl Delivery {
    fn of(batch: &Batch) -> Self {
        Self {
            sequence: batch.sequence,
            part: batch.part,
            bytes: batch.bytes(),
            mutations: 0,
            rows: 0,
            errors: Vec::new(),
            rejected: Vec::new(),
            cursor: None,
            requests: 0,
            position: batch.position,
            size: batch.counts().0,
            excess: None,
            largest: (0, 0),
            fatal: None,
        }
    }

    /// Whether the server has applied all of it.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.errors.is_empty() && self.fatal.is_none() && self.mutations == self.size
    }

    /// Whether the server has said yes or no to all of it.
    pub(crate) fn is_decided(&self) -> bool {
        match self.fatal {
            Some(Fatal::Remote(_)) => false,
            Some(Fatal::Refused(_)) => true,
            None => self.mutations == self.size,
        }
    }

    /// Counts an answer; returns the mutations that it does not name though it names others.
    fn take_in(
        &mut self,
        batch: &Batch,
        piece: &Piece,
        answer: PushAnswer,
        foreign: &AtomicUsize,
    ) -> Vec<usize> {
        let size = (piece.entries.len(), batch.size(&piece.entries));
        self.largest = (self.largest.0.max(size.0), self.largest.1.max(size.1));
        let mut unnamed = Vec::new();
        if answer.errors.is_empty() && names_all(batch, piece, answer.applied.as_deref()) {
            piece.entries.iter().for_each(|index| self.count(batch, *index));
        } else {
            let mut rejected: HashMap<&str, &MutationError> =
                answer.errors.iter().map(|error| (error.mutation_id.as_str(), error)).collect();
            let applied: Option<HashSet<&str>> =
                answer.applied.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
            for index in &piece.entries {
                let mutation_id = batch.mutation_id(*index);
                // Servers name a mutation by its own id, or by that of the record it changes.
                let is_applied = applied
                    .as_ref()
                    .is_none_or(|ids| ids.contains(&*mutation_id) || ids.contains(&*batch.id(*index)));
                if let Some(error) = rejected.remove(&*mutation_id) {
                    self.errors.push(error.clone());
                    self.note(batch, *index, error.clone());
                } else if is_applied {
                    self.count(batch, *index);
                } else if piece.is_repeated {
                    let message =
                        "the server neither applied nor rejected this mutation, though it was asked twice";
                    self.reject(batch, *index, ErrorBody::new(code::NOT_ACKNOWLEDGED, message, PUSH_PATH));
                } else {
                    unnamed.push(*index);
                }
            }
            // What is left is about mutations that are not in the batch.
            for error in answer.errors.iter().filter(|error| rejected.contains_key(&*error.mutation_id)) {
                match foreign.fetch_add(1, Ordering::Relaxed) {
                    MAX_FOREIGN => self.errors.push(MutationError::from(ErrorBody::new(
                        code::INTERNAL,
                        "the server names more errors of mutations that were not sent; they are left out",
                        PUSH_PATH,
                    ))),
                    before if before < MAX_FOREIGN => self.errors.push(error.clone()),
                    _ => {}
                }
            }
        }
        self.cursor = self.cursor.take().max(answer.cursor);
        unnamed
    }

    /// An error that the server has named otherwise than by the mutation.
    fn reject(&mut self, batch: &Batch, index: usize, body: ErrorBody) {
        let error = MutationError { mutation_id: batch.mutation_id(index).into_owned(), body };
        self.errors.push(error.clone());
        self.note(batch, index, error);
    }

    fn note(&mut self, batch: &Batch, index: usize, error: MutationError) {
        self.count(batch, index);
        let (resource, id) = batch.subject(index);
        self.rejected.push(Rejected { resource, id, error });
    }

    fn count(&mut self, batch: &Batch, index: usize) {
        self.mutations += 1;
        self.rows += batch.entries[index].rows;
    }

    fn end(&mut self, fatal: Fatal, halt: &StopHandle) {
        self.fatal = Some(fatal);
        halt.stop();
    }
}
