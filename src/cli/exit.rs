//! Exit statuses (contract 3.5).

use crate::cloneup::End;

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

/// The status of a run; `signal` is the number of the one that interrupted it.
#[must_use]
pub fn status(end: End, signal: u8) -> u8 {
    match end {
        End::Success => SUCCESS,
        End::Rejected => REJECTED,
        End::Invalid => INVALID,
        End::Storage => STORAGE,
        End::Remote => REMOTE,
        End::Interrupted => SIGNAL + signal,
    }
}
