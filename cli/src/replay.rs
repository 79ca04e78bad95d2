//! `close-notify replay`: paths from files, taken on real rustls. Each outcome is one line; a path
//! is drawn if that is asked for.

use std::collections::BTreeMap;
use std::fmt::Write;

use close_notify_model::chart::Chart;
use close_notify_replay::{FORMAT, Input, Outcome, Over, Path, PathError, replay};
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
    let mut charts = String::new();
    for file in &args.file {
        let paths = read(file)?;
        if paths.is_empty() {
            return Err(told(file, &"there is no path in it"));
        }
        for Found { path, is_input } in paths {
            if args.chart || (is_input && !args.json) {
                charts += &chart(file, &path)?;
            }
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
    out::print(&(charts + &text))?;
    Ok(Exit::fine_if(done.iter().all(|done| !matches!(done.outcome, Outcome::Diverged(_)))))
}

fn told(file: &std::path::Path, error: &dyn std::fmt::Display) -> Stop {
    Stop::misuse(format!("{}: {error}", file.display()))
}

/// An unknown name is answered with the nearest ones.
fn refused(file: &std::path::Path, error: &PathError) -> Stop {
    match error {
        PathError::Config(name) => told(file, &names::no_such(name)),
        _ => told(file, error),
    }
}

/// A path of a file.
struct Found {
    path: Path,
    /// The file holds it as a fuzzer writes it.
    is_input: bool,
}

/// A file holds one path, or a list of them, or a fuzzer's input.
fn read(file: &std::path::Path) -> Result<Vec<Found>, Stop> {
    let data = std::fs::read(file).map_err(|error| told(file, &error))?;
    if data.first() == Some(&FORMAT) {
        let input = Input::read(&data).ok_or_else(|| told(file, &TOO_SHORT))?;
        return Ok(vec![Found { path: input.path(), is_input: true }]);
    }
    let text = String::from_utf8(data).map_err(|_| told(file, &NEITHER))?;
    if !text.trim_start().starts_with('[') {
        return Ok(vec![found(Path::parse(&text).map_err(|error| told(file, &error))?)]);
    }
    let paths: Vec<serde_json::Value> = serde_json::from_str(&text).map_err(|error| told(file, &error))?;
    let parsed = paths.iter().map(|path| Path::parse(&path.to_string()).map(found));
    parsed.collect::<Result<_, _>>().map_err(|error| told(file, &error))
}

const fn found(path: Path) -> Found {
    Found { path, is_input: false }
}

const TOO_SHORT: &str = "a fuzz input of lockstep has at least six bytes: the format, four for the configuration, one for \
     the most bytes a call moves";
const NEITHER: &str = "neither the JSON of a path nor a fuzz input of lockstep, which begins with the byte 2";

fn chart(file: &std::path::Path, path: &Path) -> Result<String, Stop> {
    let subject = path.subject().map_err(|error| refused(file, &error))?;
    Ok(format!("{}\n{}\n", path.config, Chart::of(&subject, &path.path).text()))
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
