//! For how long a store remembers what it needs no more for its current state. It is forgotten in
//! [`super::group`].

use std::time::Duration;

/// How long a store remembers applied mutations and deletes (contract 4); by default forever.
///
/// What is older is forgotten some time after it has reached that age: after an eighth more of it at the
/// latest, if the server is not busy all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// The age at which the id of an applied mutation is forgotten. The same mutation, sent again, is
    /// then applied again.
    pub mutations: Option<Duration>,
    /// The age at which a delete is forgotten. A pull whose cursor is before a forgotten delete is refused
    /// with [`CURSOR_EXPIRED`](crate::protocol::code::CURSOR_EXPIRED).
    pub deletes: Option<Duration>,
}

impl Retention {
    /// The shorter of both ages; `None` if nothing is forgotten.
    pub(super) fn shortest(&self) -> Option<Duration> {
        self.mutations.into_iter().chain(self.deletes).min()
    }

    /// The longer of both ages, if both are bounded.
    pub(super) fn longest(&self) -> Option<Duration> {
        Some(self.mutations?.max(self.deletes?))
    }
}
