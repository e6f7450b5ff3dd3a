//! The strongly connected components of a graph, by Tarjan's algorithm without recursion: a chain of
//! thousands of resources needs no deep stack. Nodes are numbers; [`super::order`] numbers the resources.

/// A node on the path of the depth-first search.
struct Step {
    node: usize,
    /// The next of its targets to look at.
    next: usize,
}

/// The components of the graph of the `nodes` and the edges to their `targets`. Edges to nodes that
/// are `gone` are ignored; all others must lead to one of the nodes.
pub(super) fn strong_components(nodes: &[usize], targets: &[Vec<usize>], gone: &[bool]) -> Vec<Vec<usize>> {
    let mut search = Search { targets, gone, ..Search::default() };
    for &node in nodes {
        if !search.number.contains_key(&node) {
            search.from(node);
        }
    }
    search.components
}

/// The state of the depth-first search.
#[derive(Default)]
struct Search<'g> {
    targets: &'g [Vec<usize>],
    gone: &'g [bool],
    /// The order in which nodes were found.
    number: std::collections::HashMap<usize, usize>,
    /// The lowest number that is reached from each node, by its number.
    lowest: Vec<usize>,
    /// Nodes whose component is not complete.
    open: Vec<usize>,
    /// Whether a node is in `open`, by its number.
    is_open: Vec<bool>,
    components: Vec<Vec<usize>>,
}

impl Search<'_> {
    /// Numbers a node and appends it to the path.
    fn enter(&mut self, node: usize, path: &mut Vec<Step>) {
        let number = self.number.len();
        self.number.insert(node, number);
        self.lowest.push(number);
        self.is_open.push(true);
        self.open.push(node);
        path.push(Step { node, next: 0 });
    }

    /// Finds the components of all nodes that can be reached from a node and have no number yet.
    fn from(&mut self, start: usize) {
        let mut path = Vec::new();
        self.enter(start, &mut path);
        while let Some(step) = path.last_mut() {
            let number = self.number[&step.node];
            if let Some(&target) = self.targets[step.node].get(step.next) {
                step.next += 1;
                match self.number.get(&target) {
                    _ if self.gone[target] => {}
                    None => self.enter(target, &mut path),
                    Some(&other) if self.is_open[other] => {
                        self.lowest[number] = self.lowest[number].min(other);
                    }
                    Some(_) => {}
                }
                continue;
            }
            let node = step.node;
            path.pop();
            if let Some(parent) = path.last() {
                let parent = self.number[&parent.node];
                self.lowest[parent] = self.lowest[parent].min(self.lowest[number]);
            }
            if self.lowest[number] == number {
                self.close(node);
            }
        }
    }

    /// Takes the component whose first node is `root` from the open nodes.
    fn close(&mut self, root: usize) {
        let first = self.open.iter().rposition(|&node| node == root).expect("the root is open");
        let component = self.open.split_off(first);
        for node in &component {
            self.is_open[self.number[node]] = false;
        }
        self.components.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_reach_each_other_are_one_component() {
        let targets = [vec![1], vec![2], vec![0, 3], vec![4], vec![3], vec![0]];
        let mut components = strong_components(&[0, 1, 2, 3, 4, 5], &targets, &[false; 6]);
        for component in &mut components {
            component.sort_unstable();
        }
        assert_eq!(components, [vec![3, 4], vec![0, 1, 2], vec![5]]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let count = 200_000;
        let targets: Vec<_> =
            (0..count).map(|node| if node + 1 < count { vec![node + 1] } else { Vec::new() }).collect();
        let nodes: Vec<_> = (0..count).collect();
        assert_eq!(strong_components(&nodes, &targets, &vec![false; count]).len(), count);
    }
}
