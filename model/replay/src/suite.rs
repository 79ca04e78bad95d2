//! The suite that the explorer generates. For every configuration that rustls can take part in, it
//! has one path to each kind of end, and one through each label of an edge.

use std::collections::BTreeSet;

use close_notify_model::check::explore::{Graph, Limits};
use close_notify_model::check::judge::unhindered;
use close_notify_model::check::subject::{Step, Subject};
use close_notify_model::pair::Pair;
use close_notify_model::world::World;

use crate::path::Path;
use crate::report::Over;
use crate::skip::Skip;

/// Generates the suite. Each path covers something that no earlier one does.
#[must_use]
pub fn generate() -> Vec<Path> {
    let mut covered = BTreeSet::new();
    let mut suite = Vec::new();
    for subject in Subject::all() {
        if let Subject::Pair(pair) = subject
            && Skip::of(&pair.config, &[], Over::Memory).is_none()
        {
            cover(&pair, &mut covered, &mut suite);
        }
    }
    suite
}

/// Adds a path for each kind of end and each label that no path of this version and family has yet.
fn cover(pair: &Pair, covered: &mut BTreeSet<String>, suite: &mut Vec<Path>) {
    let mut wanted: Vec<(u32, String)> = Vec::new();
    let limits: Limits<'static> = unhindered();
    let Ok(graph) = Graph::explore(pair, limits, |at, world, actions| {
        if actions.is_empty() {
            wanted.push((at, kind_of_end(pair, world)));
        }
    }) else {
        return;
    };
    for (at, kind) in wanted {
        let path = graph.path_to(at);
        let mut new: Vec<_> = path.iter().map(|action| format!("{} {action}", group(pair))).collect();
        new.push(kind.clone());
        new.retain(|item| !covered.contains(item));
        let steps: Vec<_> = path.into_iter().map(Step::from).collect();
        if new.is_empty() || Skip::of(&pair.config, &steps, Over::Memory).is_some() {
            continue;
        }
        covered.extend(new);
        suite.push(Path::new(&pair.config.name, kind, steps));
    }
}

/// The version and the family: `download/1.3`.
fn group(pair: &Pair) -> String {
    let parts: Vec<_> = pair.config.name.split('/').take(2).collect();
    parts.join("/")
}

/// The kind of both endings.
fn kind_of_end(pair: &Pair, world: &World) -> String {
    let ends = world.ends.map(|end| {
        let ending = end.machine.ending();
        format!("{:?}, {:?}, {}", ending.reading, ending.writing, ending.first_closer)
    });
    format!("{}: client {}; server {}", group(pair), ends[0], ends[1])
}
