//! A copy of the activity of a server: what its page shows, and what it tells the other servers of its store.

use serde::{Deserialize, Serialize};

use super::rejections::Rejection;
use super::uploads::Upload;

/// What the clients of one server, or of several, have been doing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(in crate::server) struct ActivityReport {
    /// When it was made, in milliseconds since 1970, by the clock that has made all times in it.
    pub(in crate::server) now: i64,
    /// In the order in which they began.
    pub(in crate::server) uploads: Vec<Upload>,
    /// The latest first.
    pub(in crate::server) rejected: Vec<Rejection>,
}
