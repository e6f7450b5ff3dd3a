//! What the encoding side gives to the upload loop, in upload order.

use super::batch::Batch;
use crate::cloneup::failure::Failure;

/// What the upload loop receives, in upload order.
#[derive(Debug)]
pub(crate) enum SendItem {
    /// The next part begins; everything before must be answered first.
    Part(usize),
    /// A batch to send.
    Batch(Batch),
    /// A batch that an earlier run has sent and the server has acknowledged.
    Skipped {
        /// The index of its part in the plan.
        part: usize,
        mutations: u64,
        rows: u64,
    },
    /// A row that no request can carry: it is rejected without being sent (contract 3.1.1).
    Oversized {
        /// The index of its part in the plan.
        part: usize,
        /// The number of the batch that it would have been in.
        sequence: u64,
        failure: Box<Failure>,
    },
    /// Rows that are not sent, because the application has changed them since.
    LeftOut {
        /// The index of their part in the plan.
        part: usize,
        rows: u64,
    },
    /// The last batch that an earlier run has sent: it is sent again, to see whether the server
    /// still has what it acknowledged (contract 3.6).
    Probe(Batch),
    /// The data is no longer what an earlier run has sent.
    PrefixChanged,
}
