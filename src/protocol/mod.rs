//! The wire, shared by client and server: cursors, error codes, the envelope, and
//! the answers of `push` and `pull` in both dialects (contract sections 3.3, 3.4 and 4).
//!
//! What is *sent* as a push body is built byte by byte in [`crate::mutation`]; how it
//! travels is [`crate::remote`]'s business, and what a server does with it
//! `crate::server`'s.

pub mod code;
mod cursor;
mod nesting;
mod envelope;
mod parts;
mod pull;
mod push;
pub mod status;

pub use cursor::{Cursor, InvalidCursor};
pub use nesting::{MAX_NESTING, is_nested_deeper_than};
pub use envelope::{ErrorBody, NeitherDialect, Success, failure, unwrap};
pub use parts::{Bounded, Parts};
pub use pull::{Change, Op, PullAnswer, PullRequest, TableChanges};
pub use push::{MutationError, PushAnswer};
pub use status::{ServerLimits, ServerStatus};

/// The key of `__datafn_cursors` that holds the global cursor (contract 1.3).
pub const GLOBAL_CURSOR: &str = "__global_cursor__";

/// The path of an error that is about the request as a whole.
pub const ROOT_PATH: &str = "$";
