//! One batch, until the server has answered every mutation in it: retries, halves and
//! repeated questions (contract 3.3).

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::batch::{Batch, Entry};
use super::observer::{Event, Observer};
use super::outcome::Rejected;
use super::stop::{Stop, StopHandle};
use crate::protocol::{Cursor, ErrorBody, MutationError, PushAnswer, code};
use crate::remote::{Backoff, NextTry, Remote, RequestError};

/// Where errors of pushing are (contract 3.5).
const PUSH_PATH: &str = "sync.push";

/// Delivers batches; shared by all that are in flight.
pub(super) struct Courier<'a> {
    pub(super) remote: &'a Remote,
    pub(super) backoff: Backoff,
    pub(super) fail_fast: bool,
    pub(super) observer: &'a dyn Observer,
    /// Set as soon as nothing new may be sent.
    pub(super) halt: StopHandle,
    pub(super) halted: Stop,
}

/// What came of a batch.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) sequence: u64,
    pub(super) part: usize,
    pub(super) bytes: u64,
    /// Mutations that were answered, rejected ones too.
    pub(super) mutations: u64,
    /// Rows that made these mutations.
    pub(super) rows: u64,
    /// Rejected mutations.
    pub(super) errors: Vec<MutationError>,
    /// Those of them that are in the batch, with what they are about.
    pub(super) rejected: Vec<Rejected>,
    /// The highest cursor in the answers.
    pub(super) cursor: Option<Cursor>,
    /// Requests that were sent.
    pub(super) requests: u64,
    /// Whether one of them had to be sent again.
    pub(super) was_retried: bool,
    /// How long the last one took.
    pub(super) taken: Duration,
    /// The digest of the batch's mutation ids.
    pub(super) digest: blake3::Hash,
    /// How many mutations the batch has.
    pub(super) size: u64,
    /// Why the run must end.
    pub(super) fatal: Option<Fatal>,
}

/// An error that ends the run, whatever `failFast` says.
#[derive(Debug)]
pub(super) enum Fatal {
    /// The server could not be reached, refused the credentials or broke the protocol.
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

impl Courier<'_> {
    /// Sends a batch until everything in it is answered, or the run must end.
    pub(super) async fn deliver(&self, batch: Batch) -> Delivery {
        let mut delivery = Delivery::of(&batch);
        // A stack: what is halved is sent before what comes after it.
        let mut open = vec![Piece { entries: (0..batch.entries.len()).collect(), is_repeated: false }];
        while let Some(piece) = open.pop() {
            match self.send(&batch, &piece, &mut delivery).await {
                Ok(answer) => {
                    let unnamed = delivery.take_in(&batch, &piece, answer);
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
        delivery
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
            RequestError::TooLarge(body) => body.unwrap_or_else(|| {
                ErrorBody::new(
                    code::LIMIT_EXCEEDED,
                    "the mutation is larger than the server takes",
                    PUSH_PATH,
                )
            }),
            RequestError::Refused(body) if self.fail_fast => {
                return delivery.end(Fatal::Refused(body), &self.halt);
            }
            RequestError::Refused(body) => body,
            RequestError::Forbidden(body) => {
                // Servers have their own words for it; the result has one.
                let body = ErrorBody::new(code::FORBIDDEN, body.message, PUSH_PATH);
                return delivery.end(Fatal::Remote(body), &self.halt);
            }
            RequestError::Broken(message) | RequestError::Transient { message, .. } => {
                return delivery.end(Fatal::Remote(transport(message)), &self.halt);
            }
        };
        if let [only] = piece.entries.as_slice() {
            delivery.reject(&batch.entries[*only], body);
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

    /// Sends a piece, and again after transport errors.
    async fn send(
        &self,
        batch: &Batch,
        piece: &Piece,
        delivery: &mut Delivery,
    ) -> Result<PushAnswer, Failure> {
        let body = batch.body(&piece.entries);
        let start = Instant::now();
        for retries in 0.. {
            if self.halted.is_requested() {
                return Err(Failure::Halted);
            }
            delivery.requests += 1;
            delivery.was_retried |= retries > 0;
            let sent = Instant::now();
            let answered = self.remote.push(body.clone()).await;
            delivery.taken = sent.elapsed();
            let (message, retry_after) = match answered {
                Ok(answer) => return Ok(answer),
                Err(RequestError::Transient { message, retry_after }) => (message, retry_after),
                Err(error) => return Err(Failure::Request(error)),
            };
            let wait =
                next_try(&self.backoff, retries, retry_after, start, &message).map_err(Failure::Exhausted)?;
            self.observer.on(&Event::Retrying {
                retry: retries + 1,
                max_retries: self.backoff.max_retries(),
                wait,
                reason: &message,
            });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.halted.requested() => return Err(Failure::Halted),
            }
        }
        unreachable!("the back-off ends before the integers do")
    }
}

/// How long to wait before the next try, or the words for giving up.
pub(super) fn next_try(
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
            was_retried: false,
            taken: Duration::ZERO,
            digest: batch.digest(),
            size: batch.counts().0,
            fatal: None,
        }
    }

    /// Whether the server has applied all of it.
    pub(super) fn is_acknowledged(&self) -> bool {
        self.errors.is_empty() && self.fatal.is_none() && self.mutations == self.size
    }

    /// Counts an answer; returns the mutations that it does not name though it names others.
    fn take_in(&mut self, batch: &Batch, piece: &Piece, answer: PushAnswer) -> Vec<usize> {
        let rejected: HashMap<&str, &MutationError> =
            answer.errors.iter().map(|error| (error.mutation_id.as_str(), error)).collect();
        let applied: Option<HashSet<&str>> =
            answer.applied.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
        let mut unnamed = Vec::new();
        for index in &piece.entries {
            let entry = &batch.entries[*index];
            // Servers name a mutation by its own id, or by that of the record it changes.
            let is_applied = applied
                .as_ref()
                .is_none_or(|ids| ids.contains(&*entry.mutation_id) || ids.contains(&*entry.subject.id));
            if let Some(error) = rejected.get(&*entry.mutation_id) {
                self.note(entry, (*error).clone());
            } else if is_applied {
                self.count(entry);
            } else if piece.is_repeated {
                let message =
                    "the server neither applied nor rejected this mutation, though it was asked twice";
                self.reject(entry, ErrorBody::new(code::NOT_ACKNOWLEDGED, message, PUSH_PATH));
            } else {
                unnamed.push(*index);
            }
        }
        self.errors.extend(answer.errors);
        self.cursor = self.cursor.take().max(answer.cursor);
        unnamed
    }

    /// An error that the server has named otherwise than by the mutation.
    fn reject(&mut self, entry: &Entry, body: ErrorBody) {
        let error = MutationError { mutation_id: entry.mutation_id.clone(), body };
        self.errors.push(error.clone());
        self.note(entry, error);
    }

    fn note(&mut self, entry: &Entry, error: MutationError) {
        self.count(entry);
        let subject = &entry.subject;
        self.rejected.push(Rejected { resource: subject.resource.to_string(), id: subject.feed_id(), error });
    }

    fn count(&mut self, entry: &Entry) {
        self.mutations += 1;
        self.rows += entry.rows;
    }

    fn end(&mut self, fatal: Fatal, halt: &StopHandle) {
        self.fatal = Some(fatal);
        halt.stop();
    }
}
