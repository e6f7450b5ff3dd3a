//! The labels of the metrics. Each has few values, whatever clients send, because each value is a time
//! series that lasts as long as the process.

use std::borrow::Cow;

use prometheus_client::encoding::EncodeLabelSet;

use crate::protocol::code;

/// What stands for values that are not known.
const OTHER: &str = "other";

/// The codes of rejected mutations that have a time series of their own.
const CODES: [&str; 7] = [
    code::CONFLICT,
    code::DFQL_INVALID,
    code::DFQL_UNKNOWN_FIELD,
    code::DFQL_UNKNOWN_RELATION,
    code::DFQL_UNKNOWN_RESOURCE,
    code::LIMIT_EXCEEDED,
    code::NOT_FOUND,
];

/// Labels of answered requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RequestLabels {
    route: String,
    status: Cow<'static, str>,
}

impl RequestLabels {
    /// `route` is the router's own, and `None` for a request that has none there; `status` is `None` for a
    /// request whose client went away before it was answered.
    pub(super) fn new(route: Option<&str>, status: Option<u16>) -> Self {
        Self {
            route: route.unwrap_or(OTHER).to_owned(),
            status: status.map_or("none".into(), |status| status.to_string().into()),
        }
    }
}

/// Labels of mutations that were pushed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct MutationLabels {
    outcome: &'static str,
    /// Only of rejected ones; an empty label is the same as none.
    code: Option<&'static str>,
}

impl MutationLabels {
    /// Of mutations that were applied.
    pub(super) const APPLIED: Self = Self { outcome: "applied", code: None };
    /// Of mutations that were applied before.
    pub(super) const REPEATED: Self = Self { outcome: "repeated", code: None };

    /// Of mutations that were rejected with a code.
    pub(super) fn rejected(code: &str) -> Self {
        let known = CODES.into_iter().find(|known| *known == code);
        Self { outcome: "rejected", code: Some(known.unwrap_or(OTHER)) }
    }
}

/// A label with one of a few fixed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Kind {
    pub(super) kind: &'static str,
}

/// A label with one of a few fixed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct State {
    pub(super) state: &'static str,
}

/// The version of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Version {
    pub(super) version: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_not_known_share_a_label() {
        assert_eq!(MutationLabels::rejected("CONFLICT").code, Some("CONFLICT"));
        assert_eq!(MutationLabels::rejected("a\nb").code, Some("other"));
    }
}
