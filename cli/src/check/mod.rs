//! `close-notify check`: the plan of the arguments, the run with its progress, and which view is printed.

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

use close_notify_model::check::{Plan, check};
use close_notify_model::explore::CutOff;
use close_notify_model::report::{Report, Scope};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::args::CheckArgs;
use crate::out::{self, Exit, Stop};
use crate::{list, names};

/// More states than any configuration has; a search that comes here is cut off, and says so.
const STATES: usize = 20_000_000;

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Stop> {
    let scope = Scope { deep: args.deep, only: args.config.clone() };
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
    names::find(&scope)?;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = args.jobs.map_or(cores, usize::from);
    let plan = Plan { scope, shard: args.shard, jobs, states: STATES };
    let bar = bar();
    let report = check(&plan, stop_flag()?, &|progress| {
        bar.set_length(progress.of as u64);
        bar.set_position(progress.done as u64);
        bar.set_message(format!("{} states, {}", HumanCount(progress.states as u64), progress.name));
    });
    bar.finish_and_clear();
    report.map_err(|unfinished| match unfinished.why {
        CutOff::Interrupted => Stop::interrupted(),
        CutOff::TooManyStates(_) | CutOff::Cyclic => Stop::finding(unfinished.to_string()),
    })
}

/// A bar on stderr where a terminal is, else nothing.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} configurations, {wide_msg}") {
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
    serde_json::from_str(&text)
        .map_err(|error| said(&format!("no report of `check --json` (docs/check-report.md): {error}")))
}
