//! The nearest name to one that does not exist, for a person who made a typo. How it is suggested is
//! decided by the caller.

/// Minimum Jaro-Winkler similarity at which a name is taken for a typo of another.
const SIMILARITY: f64 = 0.75;

/// The name that was probably meant; `None` where no name is similar enough.
pub(in crate::cli) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let (lower, mut best) = (name.to_lowercase(), None);
    for candidate in names {
        let similarity = strsim::jaro_winkler(&lower, &candidate.to_lowercase());
        if similarity > best.map_or(SIMILARITY, |(similarity, _)| similarity) {
            best = Some((similarity, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_the_most_similar_name_if_it_is_similar_enough() {
        let names = ["todos", "projects", "tags"];
        for (name, expected) in [("todo", Some("todos")), ("Porjects", Some("projects")), ("zzz", None)] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
