//! The last rejected mutations.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::excerpt::excerpt;
use crate::protocol::MutationError;

/// Rejections that are kept.
pub(super) const MAX: usize = 20;

/// Characters of an id, a path and a message.
const MAX_TEXT: usize = 160;

/// A rejected mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::server) struct Rejection {
    /// When it was rejected, in milliseconds since 1970.
    pub(in crate::server) at: i64,
    pub(in crate::server) client: String,
    pub(in crate::server) mutation_id: String,
    pub(in crate::server) code: String,
    pub(in crate::server) message: String,
    pub(in crate::server) path: String,
}

/// The last of them, the latest first.
#[derive(Debug, Default)]
pub(super) struct Rejections(VecDeque<Rejection>);

impl Rejections {
    /// Adds the errors of a push, in their order.
    pub(super) fn add(&mut self, at: i64, client: &str, errors: &[MutationError]) {
        for error in &errors[errors.len().saturating_sub(MAX)..] {
            let text = |text: &str| excerpt(text, MAX_TEXT);
            self.0.truncate(MAX - 1);
            self.0.push_front(Rejection {
                at,
                client: client.to_owned(),
                mutation_id: text(&error.mutation_id),
                code: text(&error.body.code),
                message: text(&error.body.message),
                path: text(&error.body.path),
            });
        }
    }

    /// All of them, the latest first.
    pub(super) fn all(&self) -> Vec<Rejection> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ErrorBody;

    #[test]
    fn the_last_errors_are_kept_in_short() {
        let error = |number: usize| MutationError {
            mutation_id: format!("m{number}"),
            body: ErrorBody::new("CONFLICT", "x".repeat(10_000), "id"),
        };
        let mut rejections = Rejections::default();
        rejections.add(1, "C", &[error(0)]);
        rejections.add(2, "C", &(1..MAX + 5).map(error).collect::<Vec<_>>());
        let all = rejections.all();
        let ids: Vec<_> = all.iter().map(|rejection| rejection.mutation_id.clone()).collect();
        assert_eq!(ids, (5..MAX + 5).rev().map(|number| format!("m{number}")).collect::<Vec<_>>());
        assert_eq!(all[0].message.chars().count(), MAX_TEXT + 1);
    }
}
