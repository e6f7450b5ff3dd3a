//! The two kinds of error of an answer: one that the server reports ([`ErrorBody`]), and an answer
//! that does not follow the protocol ([`NeitherDialect`]).
//!
//! How servers write the first kind is in `wire_error`; its codes are in [`super::code`].

use serde::{Deserialize, Serialize};

/// The path of an error that concerns the request as a whole.
pub const ROOT_PATH: &str = "$";

/// One error of the protocol, normalized from both dialects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorBody {
    /// A code such as those of [`super::code`]; servers may define others.
    pub code: String,
    /// A human-readable description; empty when the server sent none.
    pub message: String,
    /// The option, field or place in the request that the error concerns; [`ROOT_PATH`] for the
    /// request as a whole.
    pub path: String,
}

impl ErrorBody {
    /// Makes an error from its code, message and path.
    pub fn new(code: &str, message: impl Into<String>, path: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), path: path.into() }
    }
}

/// An answer that matches neither dialect of the protocol: a member has the wrong type, or a
/// required one is missing. Contract 3.3 treats it as a transport error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NeitherDialect(String);

impl NeitherDialect {
    /// Makes the error from a human-readable description of the mismatch.
    pub fn new(mismatch: impl Into<String>) -> Self {
        Self(mismatch.into())
    }
}
