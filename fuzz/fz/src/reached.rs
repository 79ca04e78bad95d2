//! What the model can reach, and how much of it the committed corpora reach on the real code.
//!
//! Decides what a hole is: an event that the model reports to the core in some state, or a step
//! that the model takes, and that no file of any corpus reproduces. Files of `lockstep` do so on
//! real rustls. For what rustls cannot be made to do, files of `machine` report the event to the
//! core alone.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt::Write;
use std::fs;

use close_notify_fuzz::observe::{self, EVENTS, Half, Reached};
use close_notify_fuzz::{Target, lockstep, machine, target};
use close_notify_model::check::explore::Graph;
use close_notify_model::check::judge::unhindered;
use close_notify_model::check::subject::Subject;
use close_notify_model::pair::Pair;
use close_notify_model::world::action::Action;

use crate::build::root;
use crate::{Outcome, fuzzer, table};

/// Steps that two ends of rustls cannot take after their handshake: why, and which target does
/// something similar.
const ELSEWHERE: [(&str, &str); 5] = [
    ("shake", "the handshake is rustls's: raw_wire cuts and twists it"),
    ("forge-notify", "an alert in the clear: raw_wire and forged_peer"),
    ("engine-limit", "2^24 records: the core is told it in machine"),
    ("flush", "needs a full kernel, for which rustls seals and the model waits: io_faults and pair"),
    ("stop-reading", "matters where the kernel is full, as flush does: io_faults and pair"),
];

const HEAD: &str = "# What the corpora reach\n\nMade by `cargo fz reached --write`; CI runs `cargo fz reached`, which fails on a hole. A \
    cell stands where the model tells\nthe core this event in this state:\n\n\
    - **R**: a file of `lockstep` does so on two ends of real rustls;\n\
    - **c**: a file of `machine` does so on the core alone (TLS 1.0 and 1.1, handshakes, forged records, limits of keys);\n\
    - **!**: none does.\n";

/// Prints the tables, and writes them if asked to.
pub(crate) fn report(write: bool, fill: bool) -> Result<Outcome, Box<dyn Error>> {
    let (model, labels) = modelled()?;
    let (real, taken) = replayed()?;
    if fill {
        let missing = model.without(&real).without(&reached_on_the_core_alone()?);
        for (name, input) in machine::reach::inputs(missing) {
            fs::write(root().join("fuzz/corpus/machine").join(name), input)?;
        }
    }
    let core = reached_on_the_core_alone()?;
    let mut holes = 0;
    let mut text = HEAD.to_owned();
    for half in Half::ALL {
        let (name, states) = half.names();
        write!(text, "\n## Events in the states of the {name}\n\n")?;
        text += &cells(half, &states, [&model, &real, &core], &mut holes);
        text.push('\n');
    }
    text += "\n## Steps of the model\n\n";
    text += &steps(&labels, &taken, &mut holes);
    text.push('\n');
    println!("{text}\n{holes} holes");
    if write {
        fs::write(root().join("fuzz/REACHED.md"), text)?;
    }
    Ok(if holes == 0 { Outcome::Fine } else { Outcome::Finding })
}

fn cells(half: Half, states: &[&str], [model, real, core]: [&Reached; 3], holes: &mut usize) -> String {
    let mut text = format!("| event | {} |\n| --- |{}\n", states.join(" | "), " :-: |".repeat(states.len()));
    for (event, name) in EVENTS.iter().enumerate() {
        let mut row = format!("| {name} |");
        for state in 0..states.len() {
            let has = |reached: &Reached| reached.has(half, state, event);
            let cell = match (has(model), has(real), has(core)) {
                (false, _, _) => " ",
                (true, true, _) => "R",
                (true, false, true) => "c",
                (true, false, false) => "!",
            };
            *holes += usize::from(cell == "!");
            row = row + " " + cell + " |";
        }
        text += &(row + "\n");
    }
    text
}

fn steps(labels: &BTreeMap<String, usize>, taken: &BTreeMap<String, usize>, holes: &mut usize) -> String {
    let rows = labels.iter().map(|(label, configurations)| {
        let elsewhere = ELSEWHERE.iter().find(|(name, _)| name == label).map(|(_, why)| (*why).to_owned());
        let files = taken.get(label).copied().unwrap_or(0);
        *holes += usize::from(files == 0 && elsewhere.is_none());
        [label.clone(), configurations.to_string(), files.to_string(), elsewhere.unwrap_or_default()]
    });
    table::of(
        &["step", "configurations that take it", "files of lockstep", "where else"],
        rows.collect::<Vec<_>>(),
    )
}

/// The events that the model reports to the core in any state, and in how many configurations it
/// takes each step.
fn modelled() -> Result<(Reached, BTreeMap<String, usize>), Box<dyn Error>> {
    let mut labels = BTreeMap::new();
    let mut cut_off = None;
    let reached = observe::during(|| {
        for subject in Subject::all() {
            if let Subject::Pair(pair) = subject {
                match labels_of(&Pair { watch: Some(observe::note), ..*pair }) {
                    Ok(seen) => seen.into_iter().for_each(|label| *labels.entry(label).or_default() += 1),
                    Err(error) => cut_off = Some(error),
                }
            }
        }
    });
    cut_off.map_or(Ok((reached, labels)), Err)
}

fn labels_of(pair: &Pair) -> Result<Vec<String>, Box<dyn Error>> {
    let mut seen: HashMap<std::mem::Discriminant<Action>, Action> = HashMap::new();
    Graph::explore(pair, unhindered(), |_, _, actions| {
        for &action in actions {
            seen.entry(std::mem::discriminant(&action)).or_insert(action);
        }
    })?;
    Ok(seen.into_values().map(|action| action.to_string()).collect())
}

/// The events that the files of `lockstep` report to the core on real rustls, and how many files
/// take each step.
fn replayed() -> Result<(Reached, BTreeMap<String, usize>), Box<dyn Error>> {
    let mut files = BTreeMap::new();
    let corpus = corpus("lockstep")?;
    let reached = observe::during(|| {
        for data in &corpus {
            // Panics if the real ends behave otherwise than the model.
            lockstep::run(data);
            let Some((pair, steps)) = lockstep::taken(data) else { continue };
            let watched = Pair { watch: Some(observe::note), ..pair.clone() };
            let mut world = watched.start();
            let mut labels: Vec<_> = steps.iter().map(ToString::to_string).collect();
            steps.iter().for_each(|&step| world = watched.after(&world, step));
            labels.sort_unstable();
            labels.dedup();
            labels.into_iter().for_each(|label| *files.entry(label).or_default() += 1);
        }
    });
    Ok((reached, files))
}

/// The events that the files of `machine` report to the core.
fn reached_on_the_core_alone() -> Result<Reached, Box<dyn Error>> {
    let Some(&Target { run, .. }) = target("machine") else { return Ok(observe::during(|| ())) };
    let corpus = corpus("machine")?;
    Ok(observe::during(|| corpus.iter().for_each(|data| run(data))))
}

fn corpus(name: &str) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let target = target(name).ok_or_else(|| format!("there is no target {name}"))?;
    let files = fs::read_dir(fuzzer::committed(target))?.flatten();
    Ok(files.map(|file| fs::read(file.path())).collect::<Result<_, _>>()?)
}
