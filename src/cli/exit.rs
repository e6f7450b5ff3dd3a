//! Exit statuses (contract 3.5): their numbers, and the one table of their meanings. Which status a
//! run has follows from the kind of its most severe failure.
//!
//! ```
//! use synctool::cli::exit;
//! use synctool::cloneup::FailureKind;
//!
//! assert_eq!(exit::status(None, exit::SIGINT), 0);
//! assert_eq!(exit::status(Some(FailureKind::Interrupted), exit::SIGINT), 130);
//! ```

use crate::cloneup::FailureKind;

/// Everything was uploaded.
pub const SUCCESS: u8 = 0;
/// The server rejected mutations.
pub const REJECTED: u8 = 1;
/// Wrong usage, options or schema, or data that cannot be uploaded as it is.
pub const INVALID: u8 = 2;
/// The offline database failed.
pub const STORAGE: u8 = 3;
/// The server could not be reached, refused the credentials or broke the protocol.
pub const REMOTE: u8 = 4;
/// All is done, but the result, or a file that an option names, could not be written.
pub const UNWRITTEN: u8 = 5;
/// Added to the number of the signal that interrupted a run.
pub const SIGNAL: u8 = 128;

/// The number of SIGINT.
pub const SIGINT: u8 = 2;
/// The number of SIGTERM.
pub const SIGTERM: u8 = 15;

/// Every status with its meaning. Help, manual pages and README are made from it.
#[must_use]
pub fn table() -> Vec<(String, &'static str)> {
    vec![
        (SUCCESS.to_string(), "everything was uploaded"),
        (REJECTED.to_string(), "the server rejected mutations"),
        (INVALID.to_string(), "wrong usage, options or schema, or data that cannot be uploaded as it is"),
        (STORAGE.to_string(), "the offline database failed"),
        (
            REMOTE.to_string(),
            "the server could not be reached, refused the credentials, or broke the protocol",
        ),
        (
            UNWRITTEN.to_string(),
            "all is done, but the result, or a file that an option names, could not be written",
        ),
        (
            format!("{}, {}", SIGNAL + SIGINT, SIGNAL + SIGTERM),
            "interrupted by SIGINT or SIGTERM; requests in flight were awaited, and the result was printed",
        ),
    ]
}

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
