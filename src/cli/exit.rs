//! Exit statuses (contract 3.5): their numbers, and what they mean for each command. Which status a
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

/// The statuses of a command with their meanings; `command` is its name without `synctool`, such as
/// `schema infer`. Help, manual pages and README are made from it.
#[must_use]
pub fn table(command: &str) -> Vec<(String, &'static str)> {
    match command {
        "clone" => of_client(&[
            (SUCCESS, "everything was pulled"),
            (INVALID, "wrong usage, options or schema, or tables that hold rows"),
        ]),
        "verify" => of_client(&[(SUCCESS, "both sides are equal"), (REJECTED, "they differ"), INVALID_DATA]),
        "serve" => rows(&[
            (SUCCESS, "a signal has stopped the server"),
            (INVALID, "wrong usage, options or schema"),
            (STORAGE, "the store cannot be opened"),
            (REMOTE, "the server cannot listen on the address"),
        ]),
        "inspect" | "schema infer" => rows(&[
            (SUCCESS, "the result was printed"),
            (INVALID, "wrong usage, options or schema"),
            (STORAGE, "the offline database failed"),
            (UNWRITTEN, "the result could not be written"),
        ]),
        "merge-results" => rows(&[
            (SUCCESS, "all of the results are ok"),
            (REJECTED, "a result is not ok"),
            (INVALID, "wrong usage, or a result is missing, is there twice, or is none"),
            (UNWRITTEN, "the result could not be written"),
        ]),
        "report" => rows(&[
            (SUCCESS, "the report was written, whatever the runs have come to"),
            (INVALID, "wrong usage, or a file that is no event file"),
            (UNWRITTEN, "the report could not be written"),
        ]),
        "schema" | "schema check" => rows(&[
            (SUCCESS, "no problem was found"),
            (INVALID, "wrong usage, or a problem in the schema or in the rows of the database"),
            (STORAGE, "the offline database failed"),
        ]),
        "config" | "config show" | "completions" => rows(&[
            (SUCCESS, "the result was printed"),
            (INVALID, "wrong usage, or a configuration file that cannot be used"),
            (UNWRITTEN, "the result could not be written"),
        ]),
        _ => of_client(&[
            (SUCCESS, "everything was uploaded"),
            (REJECTED, "the server rejected mutations"),
            INVALID_DATA,
        ]),
    }
}

/// What 2 means for a command that reads the rows of a database.
const INVALID_DATA: (u8, &str) =
    (INVALID, "wrong usage, options or schema, or data that cannot be uploaded as it is");

/// The statuses of a command that talks to a server: its `own` ones, and those that mean the same for all.
fn of_client(own: &[(u8, &'static str)]) -> Vec<(String, &'static str)> {
    let mut table = rows(own);
    table.extend(rows(&[
        (STORAGE, "the offline database failed"),
        (REMOTE, "the server could not be reached, refused the credentials, or broke the protocol"),
        (UNWRITTEN, "all is done, but the result, or a file that an option names, could not be written"),
    ]));
    table.push((
        format!("{}, {}", SIGNAL + SIGINT, SIGNAL + SIGTERM),
        "interrupted by SIGINT or SIGTERM; requests in flight were awaited, and the result was printed",
    ));
    table
}

fn rows(rows: &[(u8, &'static str)]) -> Vec<(String, &'static str)> {
    rows.iter().map(|(status, meaning)| (status.to_string(), *meaning)).collect()
}

/// The status of a run, from its most severe failure; `signal` is the number of the signal that
/// interrupted it.
#[must_use]
pub fn status(failure: Option<FailureKind>, signal: u8) -> u8 {
    match failure {
        None => SUCCESS,
        // The other upload has a status of its own, which is not lower.
        Some(FailureKind::NotBegun | FailureKind::Rejected) => REJECTED,
        Some(FailureKind::Invalid) => INVALID,
        Some(FailureKind::Storage) => STORAGE,
        Some(FailureKind::Remote) => REMOTE,
        Some(FailureKind::Interrupted) => SIGNAL + signal,
    }
}
