//! A row whose values alone are larger than the largest body that the server takes: it is neither
//! encoded nor sent, but rejected here (contract 3.1.1). How large a row is, is found by
//! [`crate::offline`].

use crate::cloneup::failure::{Failure, Subject};
use crate::protocol::{ErrorBody, code};

/// A row that no request can carry.
#[derive(Debug)]
pub(super) struct OversizedRow {
    subject: Subject,
    /// Its place in upload order: `records[3]`.
    path: String,
    /// The least number of bytes that its values take.
    bytes: u64,
    /// The largest body that the server takes, in bytes.
    max: u64,
}

impl OversizedRow {
    /// The record at a place in upload order.
    pub(super) fn record(resource: &str, id: &str, index: u64) -> Self {
        let subject = Subject { resource: resource.to_owned(), id: id.to_owned() };
        Self { subject, path: format!("records[{index}]"), bytes: 0, max: 0 }
    }

    /// The join row at a place in upload order.
    pub(super) fn join_row(store: &str, from: &str, to: &str, index: u64) -> Self {
        let subject = Subject { resource: store.to_owned(), id: format!("{from}:{to}") };
        Self { subject, path: format!("joinRows[{index}]"), bytes: 0, max: 0 }
    }

    /// The row with its size and the limit that it exceeds, in bytes.
    pub(super) fn with_size(self, bytes: u64, max: u64) -> Self {
        Self { bytes, max, ..self }
    }

    /// The failure of the row. Its mutation was not made, so there is no mutation id; the message
    /// and the subject name the row.
    pub(super) fn into_failure(self) -> Failure {
        let Self { subject, path, bytes, max } = self;
        let message = format!(
            "{} {:?} was not sent: its values take {bytes} bytes, and the server takes requests of at most {max}",
            subject.resource, subject.id
        );
        let body = ErrorBody::new(code::LIMIT_EXCEEDED, message, path);
        Failure::rejected(body.into(), Some(subject))
    }
}
