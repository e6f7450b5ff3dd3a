//! The result of a batch: what the tally counts and the checkpoint writer records. It is made by
//! [`super::delivery`].

use crate::cloneup::encode::batch::Position;
use crate::cloneup::failure::Failure;
use crate::protocol::Cursor;

/// The result of a batch.
#[derive(Debug)]
pub(crate) struct Delivered {
    /// The batch's number.
    pub(crate) sequence: u64,
    /// The index of its part in the plan.
    pub(crate) part: usize,
    /// The size of its body in bytes, before compression, however often it was sent.
    pub(crate) bytes: u64,
    /// The number of mutations that were answered, rejected ones too.
    pub(crate) mutations: u64,
    /// The number of rows that made these mutations.
    pub(crate) rows: u64,
    /// The number of rows among them whose mutations were rejected.
    pub(crate) rejected: u64,
    /// The number of mutations that the server had applied before, where it says so.
    pub(crate) repeated: u64,
    /// The number of requests that were sent for it.
    pub(crate) requests: u64,
    /// The number of requests among them that repeated one without a usable answer.
    pub(crate) retries: u64,
    /// The position in the upload after it.
    pub(crate) position: Position,
    /// The highest cursor in the answers.
    pub(crate) cursor: Option<Cursor>,
    /// Rejected mutations.
    pub(crate) failures: Vec<Failure>,
    /// The failure that ends the run, whatever `failFast` says.
    pub(crate) fatal: Option<Failure>,
    /// Whether every mutation was answered.
    pub(super) is_answered: bool,
    /// Whether a request was refused as a whole, which answers every mutation in it.
    pub(super) is_refused: bool,
}

impl Delivered {
    /// An answered batch, for tests.
    #[cfg(test)]
    pub(crate) fn answered(sequence: u64, position: Position, mutations: u64, rows: u64) -> Self {
        Self {
            sequence,
            part: 0,
            bytes: 0,
            mutations,
            rows,
            rejected: 0,
            repeated: 0,
            requests: 1,
            retries: 0,
            position,
            cursor: None,
            failures: Vec::new(),
            fatal: None,
            is_answered: true,
            is_refused: false,
        }
    }

    /// Whether the server has applied all of the batch.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.is_answered && self.failures.is_empty() && self.fatal.is_none()
    }

    /// Whether the server has applied or rejected all of the batch.
    pub(crate) fn is_decided(&self) -> bool {
        self.is_refused || (self.is_answered && self.fatal.is_none())
    }
}
