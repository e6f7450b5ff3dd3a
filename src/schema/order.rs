//! The upload order of resources (contract 3.1, stage A): a topological sort by many-one relations.
//!
//! The order of the records within a resource is not here; [`crate::offline`] reads them in it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::components::strong_components;
use super::definition::Schema;
use super::model::Resource;

/// Orders the requested resources so that each comes after those to which its many-one `fkField`s
/// refer. Otherwise the requested order is kept, and it decides where a cycle is cut.
///
/// A reference of a resource to itself is ignored: its records are ordered by depth. The time grows
/// with the number of resources and references.
#[must_use]
pub fn upload_order<'a>(schema: &'a Schema, requested: &[&'a Resource]) -> Vec<&'a Resource> {
    let places: HashMap<&str, usize> =
        requested.iter().enumerate().map(|(place, resource)| (resource.name.as_str(), place)).collect();
    let targets = requested.iter().enumerate().map(|(place, resource)| {
        let references = schema.many_ones_from(&resource.name);
        let targets =
            references.iter().filter_map(|reference| places.get(reference.to.name.as_str()).copied());
        let mut targets: Vec<_> = targets.filter(|target| *target != place).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    });
    Sorting::new(targets.collect()).run().into_iter().map(|place| requested[place]).collect()
}

/// A topological sort (Kahn's algorithm) of resources, which are numbered in the requested order.
/// The next is the first that waits for no other. Where each waits for another, a cycle is cut at
/// the first resource that waits only for resources that wait for it too: one outside of a cycle
/// that refers into it, perhaps from another cycle, must not be ordered before it.
struct Sorting {
    /// What each resource waits for.
    targets: Vec<Vec<usize>>,
    /// Which resources wait for each.
    waiting: Vec<Vec<usize>>,
    /// How many unordered resources each waits for.
    open: Vec<usize>,
    is_ordered: Vec<bool>,
    order: Vec<usize>,
    /// Resources that wait for no other.
    ready: BinaryHeap<Reverse<usize>>,
    cycles: Cycles,
}

/// The strongly connected components of the resources that are not ordered yet.
#[derive(Default)]
struct Cycles {
    /// The number of each resource's component.
    component: Vec<usize>,
    /// The resources of each component.
    members: Vec<Vec<usize>>,
    /// How many references each component has into other components that are not ordered yet.
    open: Vec<usize>,
    /// The components of several resources that refer into no other, by their first resource.
    free: BinaryHeap<Reverse<(usize, usize)>>,
}

impl Sorting {
    fn new(targets: Vec<Vec<usize>>) -> Self {
        let mut waiting = vec![Vec::new(); targets.len()];
        for (resource, targets) in targets.iter().enumerate() {
            for &target in targets {
                waiting[target].push(resource);
            }
        }
        let open: Vec<_> = targets.iter().map(Vec::len).collect();
        let ready = (0..targets.len()).filter(|&resource| open[resource] == 0).map(Reverse).collect();
        let mut sorting = Self {
            is_ordered: vec![false; targets.len()],
            order: Vec::with_capacity(targets.len()),
            cycles: Cycles { component: vec![0; targets.len()], ..Cycles::default() },
            targets,
            waiting,
            open,
            ready,
        };
        sorting.find_cycles(&(0..sorting.targets.len()).collect::<Vec<_>>());
        sorting
    }

    fn run(mut self) -> Vec<usize> {
        loop {
            if let Some(Reverse(next)) = self.ready.pop() {
                self.append(next);
            } else if let Some(Reverse((first, component))) = self.cycles.free.pop() {
                self.append(first);
                let members = std::mem::take(&mut self.cycles.members[component]);
                let rest: Vec<_> = members.into_iter().filter(|&member| member != first).collect();
                self.find_cycles(&rest);
            } else {
                return self.order;
            }
        }
    }

    /// Puts a resource at the end of the order.
    fn append(&mut self, resource: usize) {
        self.order.push(resource);
        self.is_ordered[resource] = true;
        // Those on the same cycle may be ordered already.
        for &waiting in self.waiting[resource].iter().filter(|waiting| !self.is_ordered[**waiting]) {
            self.open[waiting] -= 1;
            if self.open[waiting] == 0 {
                self.ready.push(Reverse(waiting));
            }
            let component = self.cycles.component[waiting];
            if component != self.cycles.component[resource] {
                self.cycles.open[component] -= 1;
                self.cycles.free(component);
            }
        }
    }

    /// Finds the components among resources that are not ordered, and that refer to no other
    /// resources that are not ordered.
    fn find_cycles(&mut self, resources: &[usize]) {
        let first = self.cycles.members.len();
        for members in strong_components(resources, &self.targets, &self.is_ordered) {
            for &member in &members {
                self.cycles.component[member] = self.cycles.members.len();
            }
            self.cycles.members.push(members);
        }
        for component in first..self.cycles.members.len() {
            let is_elsewhere =
                |target: &&usize| !self.is_ordered[**target] && self.cycles.component[**target] != component;
            let members = self.cycles.members[component].iter();
            let open = members.map(|&member| self.targets[member].iter().filter(is_elsewhere).count()).sum();
            self.cycles.open.push(open);
            self.cycles.free(component);
        }
    }
}

impl Cycles {
    /// Notes a component of which a resource may be ordered next.
    fn free(&mut self, component: usize) {
        let members = &self.members[component];
        if self.open[component] == 0 && members.len() > 1 {
            let first = members.iter().min().expect("a component has resources");
            self.free.push(Reverse((*first, component)));
        }
    }
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

    /// In cubic time this would take hours.
    #[test]
    fn thousands_of_resources_are_ordered() {
        let count = 5000;
        let field = serde_json::json!([{"name": "next", "type": "string"}]);
        let resources: Vec<_> = (0..count)
            .map(|place| serde_json::json!({"name": format!("r{place}"), "fields": field}))
            .collect();
        // One cycle of the first half, one chain of the second.
        let target = |place: usize| if place + 1 == count / 2 { 0 } else { (place + 1).min(count - 1) };
        let relations: Vec<_> = (0..count)
            .map(|place| {
                let (from, to) = (format!("r{place}"), format!("r{}", target(place)));
                serde_json::json!({"type": "many-one", "from": from, "to": to, "fkField": "next"})
            })
            .collect();
        let text = serde_json::json!({"resources": resources, "relations": relations}).to_string();
        let schema = Schema::parse(&text).unwrap();
        let requested: Vec<_> = schema.resources.iter().collect();
        let order = upload_order(&schema, &requested);
        let names: Vec<_> = order.iter().map(|resource| resource.name.clone()).collect();
        let chain = (count / 2..count).rev();
        let cycle = std::iter::once(0).chain((1..count / 2).rev());
        assert_eq!(names, chain.chain(cycle).map(|place| format!("r{place}")).collect::<Vec<_>>());
    }

    /// The order by its definition, in cubic time.
    fn by_definition(targets: &[Vec<usize>]) -> Vec<usize> {
        let reached = |start: usize, waiting: &[usize]| {
            let (mut seen, mut open) = (Vec::new(), vec![start]);
            while let Some(next) = open.pop() {
                for target in targets[next].iter().filter(|target| waiting.contains(target)) {
                    if !seen.contains(target) {
                        seen.push(*target);
                        open.push(*target);
                    }
                }
            }
            seen
        };
        let (mut waiting, mut order): (Vec<usize>, _) = ((0..targets.len()).collect(), Vec::new());
        while !waiting.is_empty() {
            let is_ready = |place: &usize| !targets[*place].iter().any(|target| waiting.contains(target));
            let is_on_cycle = |place: &usize| {
                reached(*place, &waiting).iter().all(|it| reached(*it, &waiting).contains(place))
            };
            let next = waiting.iter().copied().find(is_ready);
            let next = next.or_else(|| waiting.iter().copied().find(is_on_cycle)).unwrap();
            waiting.retain(|place| *place != next);
            order.push(next);
        }
        order
    }

    proptest! {
        #[test]
        fn any_graph_is_ordered_as_by_the_definition(
            count in 1..10_usize,
            edges in prop::collection::vec((0..10_usize, 0..10_usize), 0..24),
        ) {
            let mut targets = vec![Vec::new(); count];
            for (from, to) in edges.into_iter().map(|(from, to)| (from % count, to % count)) {
                if from != to && !targets[from].contains(&to) {
                    targets[from].push(to);
                }
            }
            let expected = by_definition(&targets);
            prop_assert_eq!(Sorting::new(targets).run(), expected);
        }

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
