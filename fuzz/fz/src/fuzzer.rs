//! Runs the libFuzzer binary of a target: its arguments, and the statistics that it prints at the
//! end.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use close_notify_fuzz::{TARGETS, Target};

use crate::build::{self, Sanitizer, root};
use crate::{Outcome, RunArgs, table};

/// In seconds. A hang is the typical mistake of closing; no sound input takes this long.
pub(crate) const TIMEOUT: u64 = 5;
/// The floor under AddressSanitizer; a target whose own floor is lower keeps that one.
const ASAN_FLOOR: u32 = 2_000;

/// An input is a few choices, and a run takes microseconds. What libFuzzer keeps about inputs
/// besides their edges would cost more than the run.
pub(crate) const LEAN: [&str; 4] = ["-entropic=0", "-reduce_inputs=0", "-use_counters=0", "-use_cmp=0"];

/// One run of a target.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan<'a> {
    /// Begin with the committed corpus.
    pub(crate) seeded: bool,
    pub(crate) seconds: Option<u64>,
    pub(crate) runs: Option<u64>,
    pub(crate) seed: Option<u32>,
    pub(crate) more: &'a [String],
}

/// What a run reports at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Said {
    pub(crate) executions: u64,
    pub(crate) a_second: u64,
    pub(crate) edges: u64,
    pub(crate) seconds: u64,
    /// What it printed, if it found something.
    pub(crate) finding: Option<String>,
}

/// Fuzzes one target, with libFuzzer's output on the terminal.
pub(crate) fn one(args: &RunArgs) -> Result<Outcome, Box<dyn Error>> {
    let binaries = build::targets(&[args.target.name], Sanitizer::address_if(args.asan))?;
    let plan = Plan {
        seeded: !args.empty,
        seconds: args.seconds,
        runs: args.runs,
        seed: args.seed,
        more: &args.more,
    };
    let scratch = scratch(args.target, args.empty)?;
    let status = command(&binaries, args.target, plan, &scratch)?.status()?;
    if status.success() {
        println!("nothing found; inputs that reached more lie in {}", scratch.display());
        return Ok(Outcome::Fine);
    }
    println!(
        "what was found lies in {}; run it again with: cargo fz {} -- FILE",
        artifacts().display(),
        args.target.name
    );
    Ok(Outcome::Finding)
}

/// Fuzzes every target for a while, `jobs` at a time, and compares each with its floor.
pub(crate) fn all(plan: Plan<'_>, jobs: usize, sanitizer: Sanitizer) -> Result<Outcome, Box<dyn Error>> {
    let binaries = build::targets(&[], sanitizer)?;
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    let work = || {
        while let Some(target) = TARGETS.get(next.fetch_add(1, Ordering::Relaxed)) {
            let row = judged(&binaries, target, plan, sanitizer).map_err(|error| error.to_string());
            rows.lock().unwrap_or_else(PoisonError::into_inner).push((target.name, row));
        }
    };
    thread::scope(|scope| (0..jobs.max(1)).for_each(|_| drop(scope.spawn(work))));
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_unstable_by_key(|(name, _)| *name);
    let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect::<Result<_, _>>()?;
    let is_fine = rows.iter().all(|row| row[5] == FINE);
    println!("{}", table::of(&["target", "executions", "a second", "floor", "edges", "verdict"], rows));
    Ok(if is_fine { Outcome::Fine } else { Outcome::Finding })
}

const FINE: &str = "fine";

fn judged(
    binaries: &Path,
    target: &'static Target,
    plan: Plan<'_>,
    sanitizer: Sanitizer,
) -> Result<[String; 6], Box<dyn Error>> {
    let said = fuzz(binaries, target, plan, &scratch(target, false)?)?;
    let floor = if sanitizer == Sanitizer::Address { target.floor.min(ASAN_FLOOR) } else { target.floor };
    let verdict = match &said.finding {
        Some(finding) => {
            println!("{}: {finding}", target.name);
            "found something"
        }
        None if said.a_second < u64::from(floor) => "too slow",
        None => FINE,
    };
    let numbers = [said.executions, said.a_second, floor.into(), said.edges].map(table::count);
    let [executions, a_second, floor, edges] = numbers;
    Ok([target.name.into(), executions, a_second, floor, edges, verdict.into()])
}

/// Runs a target to its end, and reads its output.
pub(crate) fn fuzz(
    binaries: &Path,
    target: &Target,
    plan: Plan<'_>,
    scratch: &Path,
) -> Result<Said, Box<dyn Error>> {
    let mut command = command(binaries, target, plan, scratch)?;
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let mut said = read(&text);
    if !output.status.success() {
        let from = text.find("panicked at").and_then(|at| text[..at].rfind('\n')).unwrap_or(0);
        said.finding = Some(text[from..].trim().to_owned());
    }
    Ok(said)
}

fn command(
    binaries: &Path,
    target: &Target,
    plan: Plan<'_>,
    scratch: &Path,
) -> Result<Command, Box<dyn Error>> {
    fs::create_dir_all(artifacts())?;
    let mut command = Command::new(binaries.join(target.name));
    command.args(LEAN).arg(format!("-timeout={TIMEOUT}")).arg(format!("-max_len={}", target.longest));
    command
        .arg(format!("-artifact_prefix={}/{}-", artifacts().display(), target.name))
        .arg("-print_final_stats=1");
    let options = [("max_total_time", plan.seconds), ("runs", plan.runs), ("seed", plan.seed.map(u64::from))];
    command.args(options.iter().filter_map(|(name, value)| Some(format!("-{name}={}", (*value)?))));
    command.args(plan.more);
    let names_inputs = plan.more.iter().any(|more| !more.starts_with('-'));
    if !names_inputs {
        command.arg(scratch);
        command.args(plan.seeded.then(|| committed(target)).filter(|folder| folder.is_dir()));
    }
    Ok(command)
}

/// The committed corpus of a target.
pub(crate) fn committed(target: &Target) -> PathBuf {
    root().join("fuzz/corpus").join(target.name)
}

/// A folder outside the committed corpus, for what a run adds.
pub(crate) fn scratch(target: &Target, is_new: bool) -> std::io::Result<PathBuf> {
    let folder = root().join("target/fuzz").join(if is_new { "empty" } else { "corpus" }).join(target.name);
    if is_new && folder.is_dir() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn artifacts() -> PathBuf {
    root().join("target/fuzz/artifacts")
}

/// Reads libFuzzer's statistics, or its last line of progress if a finding left no statistics.
fn read(text: &str) -> Said {
    let stat = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
        found.and_then(|rest| rest.trim_start_matches(':').trim().parse().ok())
    };
    let progress = text.lines().rev().find(|line| line.starts_with('#') && line.contains(" cov: "));
    let number = |mark: &str| {
        let rest = progress?.split_once(mark)?.1.trim_start();
        rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
    };
    let executions = stat("number_of_executed_units").or_else(|| number("#")).unwrap_or(0);
    let a_second = stat("average_exec_per_sec").or_else(|| number("exec/s:")).unwrap_or(0);
    let edges = number(" cov:").unwrap_or(0);
    Said { executions, a_second, edges, seconds: executions / a_second.max(1), finding: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "#2\tINITED cov: 812 ft: 813 corp: 1/1b exec/s: 0 rss: 40Mb\n\
        #131072\tpulse  cov: 1490 ft: 4313 corp: 40/1Kb lim: 48 exec/s: 43690 rss: 52Mb\n";

    #[test]
    fn the_statistics_are_read() {
        let text = TEXT.to_owned()
            + "stat::number_of_executed_units: 200000\nstat::average_exec_per_sec:     40000\n";
        let expected = Said { executions: 200_000, a_second: 40_000, edges: 1490, seconds: 5, finding: None };
        assert_eq!(read(&text), expected);
    }

    #[test]
    fn without_statistics_the_last_progress_is_read() {
        let expected = Said { executions: 131_072, a_second: 43_690, edges: 1490, seconds: 3, finding: None };
        assert_eq!(read(TEXT), expected);
        assert_eq!(read("").executions, 0);
    }
}
