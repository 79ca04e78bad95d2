//! `close-notify replay`: paths from files, taken on real rustls, each outcome one line.

use std::collections::BTreeMap;
use std::fmt::Write;

use close_notify_replay::{Outcome, Over, Path, PathError, replay};
use serde::Serialize;

use crate::args::ReplayArgs;
use crate::names;
use crate::out::{self, BAD, DIM, Exit, GOOD, Stop};

/// What became of one path over one transport.
#[derive(Serialize)]
struct Done {
    config: String,
    note: String,
    over: Over,
    outcome: Outcome,
}

pub(crate) fn run(args: &ReplayArgs) -> Result<Exit, Stop> {
    let mut done = Vec::new();
    for file in &args.file {
        let paths = read(file)?;
        if paths.is_empty() {
            return Err(told(file, &"there is no path in it"));
        }
        for path in paths {
            for &over in &args.over {
                let outcome = replay(&path, over).map_err(|error| refused(file, &error))?;
                done.push(Done { config: path.config.clone(), note: path.note.clone(), over, outcome });
            }
        }
    }
    let text = match args.json {
        true => serde_json::to_string_pretty(&done).map_err(|error| Stop::finding(error.to_string()))? + "\n",
        false => text(&done),
    };
    out::print(&text)?;
    Ok(Exit::fine_if(done.iter().all(|done| !matches!(done.outcome, Outcome::Diverged(_)))))
}

fn told(file: &std::path::Path, error: &dyn std::fmt::Display) -> Stop {
    Stop::misuse(format!("{}: {error}", file.display()))
}

/// A name that is none is answered with the nearest.
fn refused(file: &std::path::Path, error: &PathError) -> Stop {
    match error {
        PathError::Config(name) => told(file, &names::no_such(name)),
        _ => told(file, error),
    }
}

/// A file holds one path, or a list of them.
fn read(file: &std::path::Path) -> Result<Vec<Path>, Stop> {
    let text = std::fs::read_to_string(file).map_err(|error| told(file, &error))?;
    if !text.trim_start().starts_with('[') {
        return Ok(vec![Path::parse(&text).map_err(|error| told(file, &error))?]);
    }
    let paths: Vec<serde_json::Value> = serde_json::from_str(&text).map_err(|error| told(file, &error))?;
    paths.iter().map(|path| Path::parse(&path.to_string()).map_err(|error| told(file, &error))).collect()
}

fn text(done: &[Done]) -> String {
    let mut text = String::new();
    let mut skipped: BTreeMap<String, usize> = BTreeMap::new();
    let mut taken = 0;
    for one in done {
        let (over, config, note) = (one.over, &one.config, &one.note);
        let _infallible = match &one.outcome {
            Outcome::Taken => {
                taken += 1;
                writeln!(text, "{GOOD}taken{GOOD:#}     {over:6}  {config}  {DIM}{note}{DIM:#}")
            }
            Outcome::Skipped(skip) => {
                *skipped.entry(skip.to_string()).or_default() += 1;
                writeln!(text, "{DIM}skipped{DIM:#}   {over:6}  {config}  {DIM}{note}{DIM:#}")
            }
            Outcome::Diverged(divergence) => {
                writeln!(text, "{BAD}different{BAD:#} {over:6}  {config}  {divergence}")
            }
        };
    }
    let different = done.len() - taken - skipped.values().sum::<usize>();
    let _infallible =
        writeln!(text, "\n{taken} of {} taken as the model says, {different} different", done.len());
    for (why, count) in skipped {
        let _infallible = writeln!(text, "{count} not tried: {why}");
    }
    text
}
