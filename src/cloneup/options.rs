//! What a run is asked to do: the options of the API (contract 3), raw and validated.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;

use crate::cloneup::send::concurrency::Concurrency;
use crate::mutation::RecordOperation;
use crate::protocol::{ErrorBody, code};

/// The options as somebody gave them; [`Default`] is the contract's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's options are independent switches")]
pub struct RawOptions {
    /// The resources to upload, in this order; `None` is all that are not remote-only.
    pub resources: Option<Vec<String>>,
    /// Whether join rows are uploaded.
    pub include_many_many: bool,
    /// What happens to records that the server already has.
    pub record_operation: RecordOperation,
    /// The most mutations in one request.
    pub batch_size: i64,
    /// The most bytes of one request's body, before compression; a mutation that is larger
    /// alone goes alone.
    pub batch_bytes: usize,
    /// How often a request that failed in transport is sent again.
    pub max_retries: i64,
    /// Whether the first rejected mutation ends the run.
    pub fail_fast: bool,
    /// Whether success removes what was uploaded from the change log.
    pub clear_changelog_on_success: bool,
    /// Whether success moves the global cursor to the highest push cursor.
    pub set_global_cursor_on_success: bool,
    /// Whether success is followed by a pull.
    pub pull_after: bool,
    /// The first part of every mutation id.
    pub mutation_id_prefix: String,
    /// Whether deletes and unrelates made offline are pushed (contract 3.1, stage C).
    pub include_deletes: bool,
    /// The client id; `None` is the database's own.
    pub client_id: Option<String>,
    /// How many requests may be in flight.
    pub concurrency: Concurrency,
    /// The most changes in one page of a pull.
    pub pull_limit: u64,
    /// Whether an upload that did not come to its end is continued (contract 3.6).
    pub resume: bool,
    /// Whether success is followed by a comparison of both sides.
    pub verify: bool,
    /// Only these records and join rows: by resource or join store, their ids or `from:to`.
    /// Such a run finalizes nothing.
    pub only: Option<Selection>,
}

/// Some records and join rows: by resource or join store, ids or `from:to`.
pub type Selection = HashMap<String, HashSet<String>>;

impl Default for RawOptions {
    fn default() -> Self {
        Self {
            resources: None,
            include_many_many: true,
            record_operation: RecordOperation::Merge,
            batch_size: 100,
            batch_bytes: 1024 * 1024,
            max_retries: 3,
            fail_fast: true,
            clear_changelog_on_success: true,
            set_global_cursor_on_success: true,
            pull_after: true,
            mutation_id_prefix: "cloneup".to_owned(),
            include_deletes: true,
            client_id: None,
            concurrency: Concurrency::Auto,
            pull_limit: 1000,
            resume: true,
            verify: false,
            only: None,
        }
    }
}

/// The most requests in flight that a run may ask for: each takes a connection and a batch.
pub const MAX_CONCURRENCY: usize = 1024;

/// Options that can be carried out; there is no other way to them than [`Options::validate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    raw: RawOptions,
    batch_size: NonZeroUsize,
    max_retries: u32,
}

impl Options {
    /// Checks what can be checked without a schema.
    ///
    /// # Errors
    /// Every option that is not as it must be, with the messages and paths of contract 3.5.
    pub fn validate(raw: RawOptions) -> Result<Self, Vec<ErrorBody>> {
        let mut errors = Vec::new();
        let mut invalid = |message: &str, path: &str| {
            errors.push(ErrorBody::new(code::DFQL_INVALID, format!("Invalid cloneUp: {message}"), path));
        };
        let batch_size = usize::try_from(raw.batch_size).ok().and_then(NonZeroUsize::new);
        if batch_size.is_none() {
            invalid("batchSize must be a positive integer", "batchSize");
        }
        let max_retries = u32::try_from(raw.max_retries).ok();
        if max_retries.is_none() {
            invalid("maxRetries must be a non-negative integer", "maxRetries");
        }
        if raw.batch_bytes == 0 {
            invalid("batchBytes must be a positive size", "batchBytes");
        }
        if raw.pull_limit == 0 {
            invalid("pullLimit must be a positive integer", "pullLimit");
        }
        if matches!(raw.concurrency, Concurrency::Fixed(number) if number.get() > MAX_CONCURRENCY) {
            invalid(&format!("concurrency must be at most {MAX_CONCURRENCY}"), "concurrency");
        }
        match (batch_size, max_retries) {
            (Some(batch_size), Some(max_retries)) if errors.is_empty() => {
                Ok(Self { raw, batch_size, max_retries })
            }
            _ => Err(errors),
        }
    }

    /// The most mutations in one request.
    #[must_use]
    pub fn batch_size(&self) -> NonZeroUsize {
        self.batch_size
    }

    /// Whether a record or join row is among those that are wanted.
    #[must_use]
    pub fn selects(&self, resource: &str, id: &str) -> bool {
        self.raw.only.as_ref().is_none_or(|only| only.get(resource).is_some_and(|ids| ids.contains(id)))
    }

    /// How often a request that failed in transport is sent again.
    #[must_use]
    pub fn max_retries(&self) -> u32 {
        self.max_retries
    }
}

/// The options that need no validation are read as they were given.
impl std::ops::Deref for Options {
    type Target = RawOptions;

    fn deref(&self) -> &RawOptions {
        &self.raw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_what_is_not_is_named() {
        assert!(Options::validate(RawOptions::default()).is_ok());
        let raw = RawOptions { batch_size: 0, max_retries: -1, ..RawOptions::default() };
        let errors = Options::validate(raw).unwrap_err();
        let expected = [
            ErrorBody::new(
                "DFQL_INVALID",
                "Invalid cloneUp: batchSize must be a positive integer",
                "batchSize",
            ),
            ErrorBody::new(
                "DFQL_INVALID",
                "Invalid cloneUp: maxRetries must be a non-negative integer",
                "maxRetries",
            ),
        ];
        assert_eq!(errors, expected);
    }
}
