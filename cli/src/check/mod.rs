//! `close-notify check`: the plan that the arguments ask for, the run with its progress, and the
//! choice of what is printed.

mod attack;
mod fold;
mod html;
mod real;
mod table;

use std::io::IsTerminal;
use std::num::NonZero;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use close_notify_model::check::explore::CutOff;
use close_notify_model::check::report::{Report, SCHEMA, Scope};
use close_notify_model::check::{Plan, check};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::args::CheckArgs;
use crate::out::{self, Exit, Stop};
use crate::{list, names};

/// More states than any configuration has. A search that reaches it is cut off, and says so.
const STATES: usize = 20_000_000;

const NO_REPORT: &str = "not a report of `close-notify check --json` (docs/check-report.md)";

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Stop> {
    let scope = names::scope(args.deep, &args.config);
    if args.list {
        return list::print(&scope, args.shard);
    }
    let mut report = if args.merge.is_empty() { explore(args, scope)? } else { merge(&args.merge)? };
    if !args.no_replay && report.shard.is_none() {
        report.replays = real::replays(&report);
    }
    if let Some(path) = &args.html {
        out::write(path, &html::page(&report))?;
    }
    out::print(&if args.json { json(&report)? } else { table::text(&report) })?;
    Ok(Exit::fine_if(report.is_fine()))
}

fn json(report: &Report) -> Result<String, Stop> {
    serde_json::to_string_pretty(report)
        .map(|json| json + "\n")
        .map_err(|error| Stop::finding(error.to_string()))
}

fn explore(args: &CheckArgs, scope: Scope) -> Result<Report, Stop> {
    let found = names::find(&scope)?.len();
    let count = (0..found).filter(|&place| args.shard.is_none_or(|shard| shard.holds(place))).count();
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = args.jobs.map_or(cores, usize::from);
    let plan = Plan { scope, shard: args.shard, jobs, states: STATES };
    let bar = bar(count);
    let report = check(&plan, stop_flag()?, &|progress| {
        bar.set_length(progress.of as u64);
        bar.set_position(progress.done as u64);
        let (done, of, states) = (progress.done, progress.of, HumanCount(progress.states as u64));
        bar.set_message(format!(
            "{done}/{of} configurations and mistakes, {states} states, {}",
            progress.name
        ));
    });
    bar.finish_and_clear();
    report.map_err(|unfinished| match unfinished.why {
        CutOff::Interrupted => Stop::interrupted(),
        CutOff::TooManyStates(_) | CutOff::Cyclic => Stop::finding(unfinished.to_string()),
    })
}

/// A progress bar if stderr is a terminal, otherwise one line. Its length is known with the first
/// piece of work: configurations and planted mistakes.
fn bar(configurations: usize) -> ProgressBar {
    let start = format!("exploring {}…", table::configurations(configurations));
    if !std::io::stderr().is_terminal() {
        anstream::eprintln!("{start}");
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length().with_message(start);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Set by Ctrl-C.
fn stop_flag() -> Result<&'static AtomicBool, Stop> {
    static STOP: AtomicBool = AtomicBool::new(false);
    static INSTALLED: OnceLock<()> = OnceLock::new();
    if INSTALLED.set(()).is_ok() {
        ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))
            .map_err(|error| Stop::finding(error.to_string()))?;
    }
    Ok(&STOP)
}

fn merge(paths: &[std::path::PathBuf]) -> Result<Report, Stop> {
    let parts: Result<Vec<Report>, Stop> = paths.iter().map(|path| read(path)).collect();
    Report::merge(parts?).map_err(|error| Stop::misuse(error.to_string()))
}

fn read(path: &Path) -> Result<Report, Stop> {
    let said = |error: &dyn std::fmt::Display| Stop::misuse(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| said(&error))?;
    let json: Value =
        serde_json::from_str(&text).map_err(|error| said(&format!("{NO_REPORT}: no JSON: {error}")))?;
    if json.get("configurations").is_none() || json.get("totals").is_none() {
        return Err(said(&NO_REPORT));
    }
    match json.get("schema").and_then(Value::as_u64) {
        Some(schema) if schema == u64::from(SCHEMA) => {}
        Some(schema) => {
            return Err(said(&format!("schema {schema} is unknown: this version reads schema {SCHEMA}")));
        }
        None => return Err(said(&format!("{NO_REPORT}: it names no schema"))),
    }
    serde_json::from_value(json).map_err(|error| said(&format!("{NO_REPORT}: {error}")))
}
