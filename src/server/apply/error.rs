//! Why a mutation was not applied: it is rejected, or the store failed. A request that is refused as a
//! whole is a [`Refusal`](crate::server::refusal::Refusal).

use crate::protocol::ErrorBody;
use crate::server::store::StoreError;

/// The result of a step of applying a mutation.
pub(super) type Result<T> = std::result::Result<T, ApplyError>;

/// Why a mutation was not applied.
pub(super) enum ApplyError {
    /// It breaks a rule of the protocol; the other mutations of the push go on.
    Rejected(ErrorBody),
    /// The store failed; the transaction must be rolled back.
    Store(StoreError),
}

impl From<ErrorBody> for ApplyError {
    fn from(error: ErrorBody) -> Self {
        Self::Rejected(error)
    }
}

impl From<StoreError> for ApplyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
