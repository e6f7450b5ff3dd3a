//! The wire protocol, shared by client and server: cursors, error codes, the envelope, and the
//! answers to `push`, `pull` and `status` in both dialects (contract 3.3, 3.4 and 4).
//!
//! The body of a push is not here: [`crate::mutation`] builds it byte by byte. Nor is HTTP, which
//! belongs to [`crate::remote`] and `crate::server`.
//!
//! An answer to a push gives the same result in both dialects:
//!
//! ```
//! use synctool::protocol::{Cursor, Envelope, PushAnswer, RawObject};
//!
//! fn parse(answer: &str) -> Result<PushAnswer, Box<dyn std::error::Error>> {
//!     match Envelope::read(RawObject::read(answer)?)? {
//!         Envelope::Success(result) => Ok(PushAnswer::from_raw(&result)?),
//!         Envelope::Failure(error) => Err(error.message.into()),
//!     }
//! }
//!
//! let first = parse(
//!     r#"{"ok": true, "result": {"ok": false, "applied": ["m1"], "cursor": "12", "errors": [
//!         {"mutationId": "m2", "code": "CONFLICT", "message": "exists", "path": "id"}]}}"#,
//! )?;
//! // No envelope, no cursor, and the error nested.
//! let second = parse(
//!     r#"{"applied": ["m1"], "errors": [{"mutationId": "m2", "error":
//!         {"code": "CONFLICT", "message": "exists", "details": {"path": "id"}}}]}"#,
//! )?;
//! assert_eq!(first.errors[0].body.path, "id");
//! assert_eq!(first.cursor, Some(Cursor::from(12)));
//! assert_eq!(PushAnswer { cursor: None, ..first }, second);
//!
//! let refused = parse(r#"{"ok": false, "error": {"code": "FORBIDDEN", "message": "no"}}"#);
//! assert_eq!(refused.unwrap_err().to_string(), "no");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod any_json;
mod bounded_list;
pub mod code;
mod cursor;
mod digest;
mod envelope;
mod error;
mod json_text;
mod nesting;
mod page_reader;
mod pull;
mod pull_answer;
mod push;
mod raw_object;
mod reserved_keys;
pub mod status;
mod wire_error;

pub(crate) use any_json::AnyJson;
pub use bounded_list::BoundedList;
pub use cursor::{Cursor, GLOBAL_CURSOR, InvalidCursor};
pub use digest::{
    BucketsAnswer, BucketsRequest, DigestAnswer, DigestItem, DigestQuery, DigestRequest, DigestTable,
    TableDigests,
};
pub use envelope::{Envelope, Success, failure};
pub use error::{ErrorBody, NeitherDialect, ROOT_PATH};
pub use json_text::JsonText;
pub use nesting::{MAX_NESTING, is_nested_deeper_than};
pub use pull::{Op, PullRequest};
pub use pull_answer::{PageEnd, PullAnswer, PullParts, PulledChange, PulledRecord};
pub use push::{MutationError, PushAnswer};
pub use raw_object::RawObject;
pub use reserved_keys::{RESERVED_PREFIX, has_reserved_key};
pub use status::{ServerLimits, ServerStatus};
