//! A batch under way (contract 3.3): a pure state machine. Its input is the server's answers, its output
//! the part of the batch that is sent next: halves of what is too large or refused, and once more what
//! the server did not name. Requests are sent by [`super::batch_sender`].

use std::collections::{HashMap, HashSet};

use super::delivered::Delivered;
use super::unsent_errors::UnsentErrors;
use crate::cloneup::encode::batch::Batch;
use crate::cloneup::encode::limits::BatchLimits;
use crate::cloneup::failure::{Failure, PUSH_PATH};
use crate::protocol::{Cursor, ErrorBody, MutationError, PushAnswer, code};
use crate::remote::{Excess, RequestError, RetryError};

/// A part of a batch that is sent as one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Indexes of the batch's entries.
    pub(super) entries: Vec<usize>,
    /// Whether these are the entries that an answer did not name: not named again, they fail.
    is_repeated: bool,
}

impl Piece {
    fn new(entries: Vec<usize>) -> Self {
        Self { entries, is_repeated: false }
    }
}

/// The state of a batch under way.
#[derive(Debug)]
pub(super) struct Delivery<'b> {
    batch: &'b Batch,
    fail_fast: bool,
    /// A stack: the next piece is the last one.
    open: Vec<Piece>,
    answered: Answered,
    failures: Vec<Failure>,
    fatal: Option<Failure>,
    cursor: Option<Cursor>,
    /// The limit that a request for it exceeded.
    excess: Option<Excess>,
    /// Mutations and bytes of the largest piece that the server has taken.
    largest: (usize, usize),
    /// Whether a request was refused as a whole, which answers every mutation in it.
    is_refused: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Answered {
    mutations: u64,
    rows: u64,
    /// Rows of rejected mutations.
    rejected: u64,
    rejected_mutations: u64,
    repeated: u64,
}

impl<'b> Delivery<'b> {
    /// Begins with the whole batch; or with as many pieces as are within the limits, when these
    /// were lowered after the batch was made.
    pub(super) fn new(batch: &'b Batch, fail_fast: bool, limits: &BatchLimits) -> Self {
        let mut open = pieces(batch, limits.mutations(), limits.bytes());
        open.reverse();
        Self {
            batch,
            fail_fast,
            open,
            answered: Answered::default(),
            failures: Vec::new(),
            fatal: None,
            cursor: None,
            excess: None,
            largest: (0, 0),
            is_refused: false,
        }
    }

    /// The piece to send next; `None` when the batch is done or the run must end.
    pub(super) fn next_piece(&mut self) -> Option<Piece> {
        if self.fatal.is_some() { None } else { self.open.pop() }
    }

    /// The number of mutations that were answered so far, and of those that were rejected.
    pub(super) fn answers(&self) -> (u64, u64) {
        (self.answered.mutations, self.answered.rejected_mutations)
    }

    /// Whether no other batch may be sent any more.
    pub(super) fn must_halt(&self) -> bool {
        self.fatal.is_some() || (self.fail_fast && !self.failures.is_empty())
    }

    /// The limit that a request exceeded, and the mutations and bytes of the largest piece that the
    /// server has accepted; `None` when no request was too large.
    pub(super) fn learned_limit(&self) -> Option<(Excess, usize, usize)> {
        self.excess.map(|excess| (excess, self.largest.0, self.largest.1))
    }

    /// The result; `requests` is the number that were sent. Which of them were retries is not known
    /// here.
    pub(super) fn finish(self, requests: u64) -> Delivered {
        let Answered { mutations, rows, rejected, repeated, .. } = self.answered;
        Delivered {
            sequence: self.batch.sequence,
            part: self.batch.part,
            bytes: self.batch.bytes(),
            mutations,
            rows,
            rejected,
            repeated,
            requests,
            retries: 0,
            position: self.batch.position,
            cursor: self.cursor,
            failures: self.failures,
            fatal: self.fatal,
            is_answered: mutations == self.batch.counts().0,
            is_refused: self.is_refused,
        }
    }

    /// The server has answered a piece.
    pub(super) fn answered(&mut self, piece: &Piece, answer: PushAnswer, unsent: &UnsentErrors) {
        let bytes = self.batch.size(&piece.entries);
        self.largest = (self.largest.0.max(piece.entries.len()), self.largest.1.max(bytes));
        if answer.errors.is_empty() && names_all(self.batch, piece, answer.applied.as_deref()) {
            piece.entries.iter().for_each(|index| self.count(*index));
        } else {
            self.match_by_id(piece, &answer, unsent);
        }
        self.cursor = self.cursor.take().max(answer.cursor);
        // A server can repeat no more than it was sent.
        self.answered.repeated += answer.repeated.unwrap_or(0).min(piece.entries.len() as u64);
    }

    /// Finds each mutation of a piece in an answer by its id.
    fn match_by_id(&mut self, piece: &Piece, answer: &PushAnswer, unsent: &UnsentErrors) {
        let mut errors: HashMap<&str, &MutationError> =
            answer.errors.iter().map(|error| (error.mutation_id.as_str(), error)).collect();
        let applied: Option<HashSet<&str>> =
            answer.applied.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
        let mut unnamed = Vec::new();
        for index in &piece.entries {
            let mutation_id = self.batch.mutation_id(*index);
            // Servers name a mutation by its own id, or by that of the record it changes.
            let is_applied = applied
                .as_ref()
                .is_none_or(|ids| ids.contains(&*mutation_id) || ids.contains(&*self.batch.id(*index)));
            if let Some(error) = errors.remove(&*mutation_id) {
                self.reject(*index, error.clone());
            } else if is_applied {
                self.count(*index);
            } else if piece.is_repeated {
                let message =
                    "the server neither applied nor rejected this mutation, though it was asked twice";
                self.reject_with(*index, ErrorBody::new(code::NOT_ACKNOWLEDGED, message, PUSH_PATH));
            } else {
                unnamed.push(*index);
            }
        }
        // The errors that are left are for mutations that are not in the piece.
        for error in answer.errors.iter().filter(|error| errors.contains_key(&*error.mutation_id)) {
            let error = unsent.report(error);
            self.failures.extend(error.map(|error| Failure::rejected(error, None)));
        }
        if !unnamed.is_empty() {
            self.open.push(Piece { entries: unnamed, is_repeated: true });
        }
    }

    /// A piece brought no usable answer, retries included.
    pub(super) fn failed(&mut self, piece: Piece, error: RetryError) {
        let body = match error.source {
            RequestError::TooLarge(excess, body) => {
                if piece.entries.len() > 1 {
                    self.excess = Some(excess);
                }
                let message = "the mutation is larger than the server takes";
                body.unwrap_or_else(|| ErrorBody::new(code::LIMIT_EXCEEDED, message, PUSH_PATH))
            }
            RequestError::Refused(body) if self.fail_fast => {
                self.is_refused = true;
                self.fatal = Some(Failure::refused(body));
                return;
            }
            RequestError::Refused(body) => body,
            RequestError::Forbidden(body) => {
                self.fatal = Some(Failure::forbidden(body.message, PUSH_PATH));
                return;
            }
            _ => {
                self.fatal = Some(Failure::transport(error, PUSH_PATH));
                return;
            }
        };
        if let [only] = piece.entries.as_slice() {
            self.reject_with(*only, body);
        } else {
            self.halve(piece);
        }
    }

    /// Splits a piece, so that the mutations that the server refuses end up alone.
    fn halve(&mut self, mut piece: Piece) {
        let second = piece.entries.split_off(piece.entries.len().div_ceil(2));
        self.open.push(Piece { entries: second, is_repeated: piece.is_repeated });
        self.open.push(piece);
    }

    /// The server rejected a mutation, and named it by another id or not at all.
    fn reject_with(&mut self, index: usize, body: ErrorBody) {
        self.reject(index, MutationError { mutation_id: self.batch.mutation_id(index).into_owned(), body });
    }

    fn reject(&mut self, index: usize, error: MutationError) {
        self.count(index);
        self.answered.rejected += self.batch.entries[index].rows;
        self.answered.rejected_mutations += 1;
        self.failures.push(Failure::rejected(error, Some(self.batch.subject(index))));
    }

    fn count(&mut self, index: usize) {
        self.answered.mutations += 1;
        self.answered.rows += self.batch.entries[index].rows;
    }
}

/// The pieces of a batch that are within the limits, in order.
fn pieces(batch: &Batch, max_mutations: usize, max_bytes: usize) -> Vec<Piece> {
    let size = batch.entries.len();
    if size == 1 || (size <= max_mutations && max_bytes as u64 >= batch.bytes()) {
        return vec![Piece::new((0..size).collect())];
    }
    let (mut pieces, mut entries) = (Vec::new(), Vec::new());
    for index in 0..size {
        entries.push(index);
        let is_too_large = entries.len() > max_mutations || batch.size(&entries) > max_bytes;
        if is_too_large && entries.len() > 1 {
            entries.pop();
            pieces.push(Piece::new(std::mem::replace(&mut entries, vec![index])));
        }
    }
    pieces.push(Piece::new(entries));
    pieces
}

/// Whether the server has applied all of a piece and names it in the order in which it was sent.
/// Almost every answer does; this finds out without a hash map.
fn names_all(batch: &Batch, piece: &Piece, applied: Option<&[String]>) -> bool {
    let Some(applied) = applied else { return true };
    applied.len() == piece.entries.len()
        && piece.entries.iter().zip(applied).all(|(index, id)| batch.mutation_id(*index) == id.as_str())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cloneup::Options;
    use crate::cloneup::encode::batch_of;
    use crate::cloneup::send::unsent_errors::MAX_UNSENT_ERRORS;
    use crate::protocol::ServerLimits;
    use crate::remote::GaveUp;

    fn limits() -> BatchLimits {
        BatchLimits::new(&Options::default(), &ServerLimits::default(), None)
    }

    fn ids(batch: &Batch, indexes: &[usize]) -> Vec<String> {
        indexes.iter().map(|index| batch.mutation_id(*index).into_owned()).collect()
    }

    fn applied(batch: &Batch, indexes: &[usize], cursor: u64) -> PushAnswer {
        PushAnswer {
            applied: Some(ids(batch, indexes)),
            errors: Vec::new(),
            cursor: Some(Cursor::from(cursor)),
            repeated: None,
        }
    }

    fn error(source: RequestError) -> RetryError {
        let (url, elapsed) = ("http://h/push".to_owned(), Duration::ZERO);
        RetryError { method: "POST", url, tries: 1, elapsed, reason: GaveUp::NotRetryable, source }
    }

    fn refused(code: &str) -> RetryError {
        error(RequestError::Refused(ErrorBody::new(code, "no", "id")))
    }

    #[test]
    fn an_answer_that_names_all_acknowledges_the_batch() {
        let (batch, unsent) = (batch_of(&["a", "b", "c"]), UnsentErrors::default());
        let mut delivery = Delivery::new(&batch, true, &limits());
        let piece = delivery.next_piece().unwrap();
        assert_eq!(piece.entries, [0, 1, 2]);
        delivery.answered(&piece, applied(&batch, &[0, 1, 2], 7), &unsent);
        assert!(delivery.next_piece().is_none() && !delivery.must_halt());
        let delivered = delivery.finish(1);
        assert!(delivered.is_acknowledged() && delivered.is_decided());
        assert_eq!((delivered.mutations, delivered.cursor), (3, Some(Cursor::from(7))));
    }

    #[test]
    fn mutations_that_are_not_named_are_sent_once_more_and_then_rejected() {
        let (batch, unsent) = (batch_of(&["a", "b", "c"]), UnsentErrors::default());
        let mut delivery = Delivery::new(&batch, false, &limits());
        let whole = delivery.next_piece().unwrap();
        delivery.answered(&whole, applied(&batch, &[1], 5), &unsent);
        let again = delivery.next_piece().unwrap();
        assert_eq!((again.entries.as_slice(), again.is_repeated), ([0, 2].as_slice(), true));
        delivery.answered(&again, applied(&batch, &[2], 4), &unsent);
        assert!(delivery.next_piece().is_none());
        let delivered = delivery.finish(2);
        let codes: Vec<_> = delivered.failures.iter().map(|failure| &*failure.body().code).collect();
        assert_eq!(codes, [code::NOT_ACKNOWLEDGED]);
        assert!(delivered.is_decided() && !delivered.is_acknowledged());
        assert_eq!((delivered.mutations, delivered.cursor), (3, Some(Cursor::from(5))));
    }

    #[test]
    fn a_refused_batch_is_halved_in_order_down_to_the_refused_mutation() {
        let (batch, unsent) = (batch_of(&["a", "b", "c", "d", "e"]), UnsentErrors::default());
        let mut delivery = Delivery::new(&batch, false, &limits());
        let mut sent = Vec::new();
        while let Some(piece) = delivery.next_piece() {
            sent.push(piece.entries.clone());
            if piece.entries.contains(&3) {
                delivery.failed(piece, refused("BAD"));
            } else {
                let answer = applied(&batch, &piece.entries, 1);
                delivery.answered(&piece, answer, &unsent);
            }
        }
        assert_eq!(sent, [vec![0, 1, 2, 3, 4], vec![0, 1, 2], vec![3, 4], vec![3], vec![4]]);
        assert!(delivery.learned_limit().is_none());
        let delivered = delivery.finish(5);
        assert_eq!(delivered.mutations, 5);
        assert_eq!(delivered.failures.len(), 1);
        assert_eq!(delivered.failures[0].subject.as_ref().unwrap().id, "d");
    }

    #[test]
    fn with_fail_fast_a_refused_request_ends_the_run() {
        let batch = batch_of(&["a", "b"]);
        let mut delivery = Delivery::new(&batch, true, &limits());
        let piece = delivery.next_piece().unwrap();
        delivery.failed(piece, refused("BAD"));
        assert!(delivery.must_halt() && delivery.next_piece().is_none());
        let delivered = delivery.finish(1);
        assert!(delivered.is_decided() && !delivered.is_acknowledged());
        assert_eq!(delivered.fatal.unwrap().error.mutation_id, "");
    }

    #[test]
    fn a_request_that_is_too_large_leads_to_the_limit_of_the_largest_accepted_piece() {
        let (batch, unsent) = (batch_of(&["a", "b", "c", "d"]), UnsentErrors::default());
        let mut delivery = Delivery::new(&batch, true, &limits());
        let whole = delivery.next_piece().unwrap();
        delivery.failed(whole, error(RequestError::TooLarge(Excess::Mutations, None)));
        while let Some(piece) = delivery.next_piece() {
            let answer = applied(&batch, &piece.entries, 1);
            delivery.answered(&piece, answer, &unsent);
        }
        assert_eq!(delivery.learned_limit(), Some((Excess::Mutations, 2, batch.size(&[0, 1]))));
        assert!(delivery.finish(3).is_acknowledged());
    }

    #[test]
    fn a_single_mutation_that_is_too_large_is_rejected() {
        let batch = batch_of(&["a"]);
        let mut delivery = Delivery::new(&batch, true, &limits());
        let piece = delivery.next_piece().unwrap();
        delivery.failed(piece, error(RequestError::TooLarge(Excess::Bytes, None)));
        assert!(delivery.must_halt() && delivery.learned_limit().is_none());
        assert_eq!(delivery.finish(1).failures[0].body().code, code::LIMIT_EXCEEDED);
    }

    #[test]
    fn refused_credentials_and_transport_errors_decide_nothing() {
        let forbidden = RequestError::Forbidden(ErrorBody::new("X", "no", "$"));
        for source in [forbidden, RequestError::NotDecoded] {
            let batch = batch_of(&["a", "b"]);
            let mut delivery = Delivery::new(&batch, false, &limits());
            let piece = delivery.next_piece().unwrap();
            delivery.failed(piece, error(source));
            assert!(delivery.must_halt() && delivery.next_piece().is_none());
            assert!(!delivery.finish(1).is_decided());
        }
    }

    #[test]
    fn errors_for_mutations_that_were_not_sent_are_reported_up_to_a_maximum() {
        let (batch, unsent) = (batch_of(&["a"]), UnsentErrors::default());
        let mut delivery = Delivery::new(&batch, false, &limits());
        let piece = delivery.next_piece().unwrap();
        let errors = (0..MAX_UNSENT_ERRORS + 10).map(|number| MutationError {
            mutation_id: format!("other-{number}"),
            body: ErrorBody::new("X", "no", "$"),
        });
        let answer = PushAnswer { errors: errors.collect(), ..applied(&batch, &[0], 1) };
        delivery.answered(&piece, answer, &unsent);
        let delivered = delivery.finish(1);
        assert_eq!(delivered.failures.len(), MAX_UNSENT_ERRORS + 1);
        assert_eq!(delivered.failures.last().unwrap().body().code, code::INTERNAL);
        assert_eq!(delivered.mutations, 1);
    }

    #[test]
    fn lowered_limits_split_a_batch_before_it_is_sent() {
        let batch = batch_of(&["a", "b", "c", "d", "e"]);
        let lowered = limits();
        lowered.lower(Excess::Mutations, 2, usize::MAX);
        let mut delivery = Delivery::new(&batch, true, &lowered);
        let sizes: Vec<_> = std::iter::from_fn(|| delivery.next_piece()).map(|piece| piece.entries).collect();
        assert_eq!(sizes, [vec![0, 1], vec![2, 3], vec![4]]);
    }
}
