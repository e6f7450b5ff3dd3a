//! The upload order of resources (contract 3.1, stage A): a topological sort by many-one relations.
//!
//! The order of the records within a resource is not here; [`crate::offline`] reads them in it.

use super::model::{Resource, Schema};

/// Orders the requested resources so that each comes after those to which its many-one `fkField`s
/// refer. Otherwise the requested order is kept, and it decides where a cycle is cut.
///
/// A reference of a resource to itself is ignored: its records are ordered by depth.
#[must_use]
pub fn upload_order<'a>(schema: &'a Schema, requested: &[&'a Resource]) -> Vec<&'a Resource> {
    let references = schema.many_ones();
    let targets = |resource: &Resource| {
        requested
            .iter()
            .copied()
            .filter(|target| {
                references.iter().any(|reference| {
                    reference.from.name == resource.name
                        && reference.to.name == target.name
                        && reference.to.name != reference.from.name
                })
            })
            .map(|target| target.name.as_str())
            .collect::<Vec<_>>()
    };
    let mut waiting: Vec<(&Resource, Vec<&str>)> =
        requested.iter().map(|resource| (*resource, targets(resource))).collect();
    let mut ordered: Vec<&Resource> = Vec::with_capacity(requested.len());
    while !waiting.is_empty() {
        let is_done = |name: &&str| ordered.iter().any(|done| done.name == **name);
        // The first whose targets are all ordered; if there is none, a cycle has to be cut.
        let next = waiting.iter().position(|(_, targets)| targets.iter().all(&is_done));
        ordered.push(waiting.remove(next.unwrap_or_else(|| first_on_a_cycle(&waiting))).0);
    }
    ordered
}

/// The index of the first resource that waits only for resources that wait for it too.
///
/// A resource outside a cycle that refers into it, perhaps from another cycle, must not be ordered
/// before it.
fn first_on_a_cycle(waiting: &[(&Resource, Vec<&str>)]) -> usize {
    let is_next = |name: &str| {
        reached_from(name, waiting).iter().all(|other| reached_from(other, waiting).contains(&name))
    };
    let first = waiting.iter().position(|(resource, _)| is_next(&resource.name));
    first.expect("in a finite graph, one strongly connected component refers to no other")
}

/// The resources that a resource waits for, directly or indirectly.
fn reached_from<'a>(start: &str, waiting: &[(&'a Resource, Vec<&'a str>)]) -> Vec<&'a str> {
    let targets = |name: &str| {
        let of_name = waiting.iter().filter(|(resource, _)| resource.name == name);
        let targets = of_name.flat_map(|(_, targets)| targets.iter().copied());
        // A resource that is already ordered is not waited for.
        targets
            .filter(|target| waiting.iter().any(|(resource, _)| resource.name == **target))
            .collect::<Vec<_>>()
    };
    let (mut seen, mut open) = (Vec::new(), targets(start));
    while let Some(name) = open.pop() {
        if !seen.contains(&name) {
            seen.push(name);
            open.extend(targets(name));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `refs`: `("a", "b")` says that `a` has a field that refers to `b`.
    fn order(requested: &[&str], refs: &[(&str, &str)]) -> Vec<String> {
        let resources: Vec<_> = ["a", "b", "c", "d"]
            .iter()
            .map(|name| {
                let fields: Vec<_> = ["a", "b", "c", "d"]
                    .iter()
                    .map(|to| serde_json::json!({"name": format!("{to}Id"), "type": "string"}))
                    .collect();
                serde_json::json!({"name": name, "fields": fields})
            })
            .collect();
        let relations: Vec<_> = refs
            .iter()
            .map(|(from, to)| {
                serde_json::json!({"type": "many-one", "from": from, "to": to, "fkField": format!("{to}Id")})
            })
            .collect();
        let text = serde_json::json!({"resources": resources, "relations": relations}).to_string();
        let schema = Schema::parse(&text).unwrap();
        let requested: Vec<_> = requested.iter().map(|name| schema.resource(name).unwrap()).collect();
        upload_order(&schema, &requested).iter().map(|resource| resource.name.clone()).collect()
    }

    #[test]
    fn targets_come_first_and_otherwise_the_requested_order_is_kept() {
        assert_eq!(order(&["c", "a", "b"], &[]), ["c", "a", "b"]);
        assert_eq!(order(&["a", "b", "c"], &[("a", "c")]), ["b", "c", "a"]);
        assert_eq!(order(&["a", "b", "c", "d"], &[("a", "b"), ("b", "c"), ("c", "d")]), ["d", "c", "b", "a"]);
        assert_eq!(order(&["a", "b"], &[("a", "a"), ("a", "d")]), ["a", "b"]);
    }

    #[test]
    fn cycles_are_cut_in_the_requested_order() {
        assert_eq!(order(&["a", "b"], &[("a", "b"), ("b", "a")]), ["a", "b"]);
        assert_eq!(order(&["b", "a"], &[("a", "b"), ("b", "a")]), ["b", "a"]);
        // `a` and `c` refer into the cycle of `b` and `d`.
        let refs = [("a", "c"), ("c", "a"), ("a", "b"), ("b", "d"), ("d", "b")];
        assert_eq!(order(&["a", "b", "c", "d"], &refs), ["b", "d", "a", "c"]);
        // `a` only refers into the cycle of `b` and `c`.
        assert_eq!(order(&["a", "b", "c"], &[("a", "b"), ("b", "c"), ("c", "b")]), ["b", "a", "c"]);
    }

    proptest! {
        #[test]
        fn orders_every_resource_once_and_after_its_targets_except_on_a_cycle(
            names in Just(["a", "b", "c", "d"]).prop_shuffle(),
            edges in prop::collection::vec((0..4_usize, 0..4_usize), 0..8),
        ) {
            let refs: Vec<_> = edges.iter().map(|(from, to)| (names[*from], names[*to])).collect();
            let ordered = order(&names, &refs);
            let place = |name: &str| ordered.iter().position(|other| other == name).unwrap();
            prop_assert_eq!(ordered.len(), names.len());
            for (from, to) in &refs {
                let mut reached = vec![*to];
                for _ in 0..names.len() {
                    reached.extend(refs.iter().filter(|(a, _)| reached.contains(a)).map(|(_, b)| *b).collect::<Vec<_>>());
                    reached.sort_unstable();
                    reached.dedup();
                }
                prop_assert!(reached.contains(from) || place(to) < place(from), "{from} → {to}: {ordered:?}");
            }
        }
    }
}
