//! The wire protocol, shared by client and server: cursors, error codes, the envelope, and the
//! answers to `push`, `pull` and `status` in both dialects (contract 3.3, 3.4 and 4).
//!
//! The body of a push is not here: [`crate::mutation`] builds it byte by byte. Nor is HTTP, which
//! belongs to [`crate::remote`] and `crate::server`.

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
#[cfg(feature = "serve")]
mod reply;
mod reserved_keys;
pub(crate) mod status;
mod wire_error;

pub(crate) use any_json::AnyJson;
pub(crate) use cursor::GLOBAL_CURSOR;
pub use cursor::{Cursor, InvalidCursor};
pub(crate) use digest::{
    BucketsAnswer, BucketsRequest, DigestItem, DigestQuery, DigestRequest, DigestTable, TableDigests,
};
#[doc(hidden)]
pub use envelope::Envelope;
pub use error::ErrorBody;
#[doc(hidden)]
pub use error::{NeitherDialect, ROOT_PATH};
pub(crate) use json_text::JsonText;
pub(crate) use nesting::{MAX_NESTING, is_nested_deeper_than};
#[doc(hidden)]
pub use pull::Op;
pub(crate) use pull::PullRequest;
#[doc(hidden)]
pub use pull_answer::{PageEnd, PullAnswer, PullParts};
pub(crate) use pull_answer::{PulledChange, PulledRecord};
pub use push::MutationError;
#[doc(hidden)]
pub use push::PushAnswer;
#[doc(hidden)]
pub use raw_object::RawObject;
#[cfg(feature = "serve")]
pub(crate) use reply::{Success, failure};
pub(crate) use reserved_keys::{RESERVED_PREFIX, has_reserved_key};
pub use status::{ServerLimits, ServerStatus};
