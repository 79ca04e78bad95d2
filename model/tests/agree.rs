//! Every configuration, explored twice: by our explorer and by stateright. Both must count the same
//! states and see the same claims broken, which must be those that the rules expect. The counts are
//! pinned in `counts.tsv`; `UPDATE=1` rewrites it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use close_notify_model::check::judge::unhindered;
use close_notify_model::check::subject::Subject;

fn pinned() -> BTreeMap<String, (usize, usize)> {
    let counts = include_str!("../counts.tsv");
    let row = |line: &str| {
        let mut cells = line.split('\t');
        let name = cells.next().expect("a name").to_string();
        let mut number = || cells.next().expect("a count").parse().expect("a number");
        (name, (number(), number()))
    };
    counts.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

/// Explores one configuration with both explorers. Returns its counts, or what is wrong with it.
fn explored(subject: &Subject) -> Result<(usize, usize), String> {
    let name = subject.name();
    let finding = subject.explore(unhindered()).map_err(|cut| format!("{name}: {cut}"))?;
    let (states, mut theirs) = subject.explore_by_stateright();
    let mut ours: Vec<_> = finding.broken.iter().map(|attack| attack.claim.name).collect();
    let mut expected: Vec<_> = subject.expected().into_iter().map(|(claim, _)| claim).collect();
    [&mut ours, &mut theirs, &mut expected].into_iter().for_each(|claims| claims.sort_unstable());
    if states != finding.states {
        return Err(format!("{name}: we count {} states, stateright {states}", finding.states));
    }
    if ours != theirs || ours != expected {
        return Err(format!("{name}: expected {expected:?}, we see {ours:?} broken, stateright {theirs:?}"));
    }
    Ok((finding.states, finding.edges))
}

#[test]
fn both_explorers_and_the_pinned_counts_agree_on_every_configuration() {
    let subjects = Subject::all();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(subject) = subjects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = explored(subject);
                    results.lock().expect("no thread panicked").insert(subject.name().to_string(), result);
                }
            });
        }
    });
    let results = results.into_inner().expect("no thread panicked");
    let wrong: Vec<_> = results.values().filter_map(|result| result.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let counts: BTreeMap<_, _> =
        results.into_iter().map(|(name, result)| (name, result.expect("checked above"))).collect();
    if env::var_os("UPDATE").is_some() {
        store(&counts);
    } else {
        assert!(counts == pinned(), "the state counts changed: look why, then UPDATE=1");
    }
}

fn store(counts: &BTreeMap<String, (usize, usize)>) {
    let mut table = String::from("# configuration\tunique states\tsteps between them\n");
    for (name, (states, edges)) in counts {
        writeln!(table, "{name}\t{states}\t{edges}").expect("a string takes all");
    }
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.tsv"), table)
        .expect("counts.tsv is writable");
}
