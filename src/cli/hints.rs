//! The way out: what a person can do about an error, where the error itself cannot say it.

use crate::protocol::{ErrorBody, code};

/// How alike a name must be to one that there is to be taken for a typo.
const LIKENESS: f64 = 0.75;

/// What to do about an error.
pub(super) fn hint(body: &ErrorBody) -> Option<&'static str> {
    let says = |part: &str| body.message.contains(part);
    match body.code.as_str() {
        code::FORBIDDEN => {
            Some("the token is missing, wrong or expired: see SYNCTOOL_TOKEN and --token-file")
        }
        code::TRANSPORT_ERROR if says("cannot connect") => {
            Some("is the server running, and is this its address? `synctool serve` starts one here")
        }
        code::TRANSPORT_ERROR if says("no JSON") || says("redirect") => {
            Some("the URL is the base below which push and pull lie, such as https://example.org/datafn")
        }
        code::TRANSPORT_ERROR if says("no answer in time") => {
            Some("--timeout gives a request more time, a smaller --batch-size makes it shorter")
        }
        code::STORAGE_ERROR if says("locked") => {
            Some("another program holds the database: let it finish, or close it, and try again")
        }
        code::STORAGE_ERROR if says("which the schema needs") || says("there is no table") => {
            Some("`synctool schema check SCHEMA --db DB` shows everything that does not fit")
        }
        code::CONFLICT => Some("the record is there already: --record-operation merge updates it"),
        code::NOT_FOUND => {
            Some("a join row refers to a record that the server lacks: upload its resource too")
        }
        code::LIMIT_EXCEEDED => Some("the server takes no mutation of this size"),
        code::DFQL_UNKNOWN_RESOURCE | code::DFQL_UNKNOWN_FIELD if !says("Invalid cloneUp") => {
            Some("the server's schema is another one than yours")
        }
        _ => None,
    }
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let (lower, mut best) = (name.to_lowercase(), None);
    for candidate in names {
        let likeness = strsim::jaro_winkler(&lower, &candidate.to_lowercase());
        if likeness > best.map_or(LIKENESS, |(likeness, _)| likeness) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_like_enough_or_none() {
        let names = ["todos", "projects", "tags"];
        for (name, expected) in [("todo", Some("todos")), ("Porjects", Some("projects")), ("zzz", None)] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
