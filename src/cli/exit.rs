//! Exit statuses (contract 3.5).

use crate::cloneup::FailureKind;

/// Everything was uploaded.
pub const SUCCESS: u8 = 0;
/// The server rejected mutations.
pub const REJECTED: u8 = 1;
/// Usage, options, schema, or data that cannot be uploaded as it is.
pub const INVALID: u8 = 2;
/// The offline database failed.
pub const STORAGE: u8 = 3;
/// The server could not be reached, refused the credentials or broke the protocol.
pub const REMOTE: u8 = 4;
/// Added to the number of the signal that interrupted a run.
pub const SIGNAL: u8 = 128;

/// The status of a run, from its most severe failure; `signal` is the number of the signal that
/// interrupted it.
#[must_use]
pub fn status(failure: Option<FailureKind>, signal: u8) -> u8 {
    match failure {
        None => SUCCESS,
        Some(FailureKind::Rejected) => REJECTED,
        Some(FailureKind::Invalid) => INVALID,
        Some(FailureKind::Storage) => STORAGE,
        Some(FailureKind::Remote) => REMOTE,
        Some(FailureKind::Interrupted) => SIGNAL + signal,
    }
}
