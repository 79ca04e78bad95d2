//! Which regions of the shipped source the committed corpora run.
//!
//! Decides how regions are counted: each place of a file once, however many functions the compiler
//! made of it. `fuzz/regions.tsv` holds how many regions of each file may be missed; its numbers
//! only fall.
//! Sources: rustc's `-C instrument-coverage`; llvm_profparser reads the output.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use llvm_profparser::{CoverageMapping, merge_profiles};

use crate::build::{root, run};
use crate::{Outcome, table};

/// The folders whose regions count.
const SHIPPED: [&str; 4] = ["impl/core/src", "impl/linger/src", "impl/framing/src", "impl/rustls/src"];

/// Flags without optimisation, so that each function is made once. Of copies that an optimiser made
/// differently, only one would be counted, and which one is luck.
const COUNTED: &str = "-C instrument-coverage -C link-dead-code";

/// The regions of a file.
#[derive(Default)]
struct Regions {
    all: usize,
    missed: Vec<String>,
}

/// Replays every corpus with each region counted, and compares the missed regions with those that
/// may be missed.
pub(crate) fn report(show: bool, write: bool) -> Result<Outcome, Box<dyn Error>> {
    let files = measured()?;
    let ceiling = ceiling()?;
    let mut rows = Vec::new();
    let mut worse = Vec::new();
    for (file, regions) in &files {
        let allowed = ceiling.get(file).copied().unwrap_or(0);
        if regions.missed.len() > allowed {
            worse.push(format!("{file}: {} regions are missed, {allowed} may be", regions.missed.len()));
        }
        if show {
            regions.missed.iter().for_each(|missed| println!("{file}:{missed}"));
        }
    }
    for folder in SHIPPED {
        let of_folder = files.iter().filter(|(file, _)| file.starts_with(folder)).map(|(_, regions)| regions);
        let (all, missed) =
            of_folder.fold((0, 0), |sum, regions| (sum.0 + regions.all, sum.1 + regions.missed.len()));
        let part = 100.0 * (all - missed) as f64 / all.max(1) as f64;
        rows.push([folder.to_owned(), all.to_string(), missed.to_string(), format!("{part:.1} %")]);
    }
    println!("{}", table::of(&["source", "regions", "missed", "run"], rows));
    if write {
        let lines = files.iter().filter(|(_, regions)| !regions.missed.is_empty());
        let lines: String =
            lines.map(|(file, regions)| format!("{file}\t{}\n", regions.missed.len())).collect();
        fs::write(root().join("fuzz/regions.tsv"), lines)?;
        return Ok(Outcome::Fine);
    }
    worse.iter().for_each(|line| println!("{line}"));
    Ok(if worse.is_empty() { Outcome::Fine } else { Outcome::Finding })
}

fn ceiling() -> Result<BTreeMap<String, usize>, Box<dyn Error>> {
    let text = fs::read_to_string(root().join("fuzz/regions.tsv")).unwrap_or_default();
    let line = |line: &str| -> Result<_, Box<dyn Error>> {
        let (file, count) =
            line.split_once('\t').ok_or_else(|| format!("fuzz/regions.tsv: `{line}` has no tab"))?;
        Ok((file.to_owned(), count.parse()?))
    };
    text.lines().map(line).collect()
}

fn measured() -> Result<BTreeMap<String, Regions>, Box<dyn Error>> {
    let root = root();
    let folder = root.join("target/regions");
    let profiles = folder.join("profiles");
    if profiles.is_dir() {
        fs::remove_dir_all(&profiles)?;
    }
    let build = |command: &mut Command| {
        command.current_dir(&root).env("CARGO_TARGET_DIR", &folder).env("RUSTFLAGS", COUNTED);
        command.env("LLVM_PROFILE_FILE", profiles.join("%p-%m.profraw"));
    };
    let mut replay = Command::new("cargo");
    replay.args(["test", "--quiet", "-p", "close-notify-fuzz", "--test", "corpus"]);
    build(&mut replay);
    run(&mut replay)?;
    let profiles: Vec<_> = fs::read_dir(&profiles)?.flatten().map(|file| file.path()).collect();
    let profile = merge_profiles(&profiles)?;
    let binary = binary(&folder)?;
    let report = CoverageMapping::new(&[binary], &profile, true)?.generate_report()?;
    let mut files: BTreeMap<String, Regions> = BTreeMap::new();
    for (path, result) in &report.files {
        let Some(file) = shipped(&root, path) else { continue };
        let regions = files.entry(file).or_default();
        for (place, &hits) in &result.hits {
            regions.all += 1;
            if hits == 0 {
                let (line, column) = (place.line_start, place.column_start);
                regions.missed.push(format!("{line}:{column}-{}:{}", place.line_end, place.column_end));
            }
        }
    }
    Ok(files)
}

/// The path of a shipped file relative to the root.
fn shipped(root: &Path, path: &Path) -> Option<String> {
    let file = path.strip_prefix(root).unwrap_or(path).to_str()?;
    SHIPPED.iter().any(|folder| file.starts_with(folder)).then(|| file.to_owned())
}

/// The newest binary of the test that replays the corpora.
fn binary(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let deps = fs::read_dir(folder.join("debug/deps"))?.flatten();
    let tests = deps.filter(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        name.starts_with("corpus-") && !name.contains('.')
    });
    let newest = tests.max_by_key(|file| file.metadata().and_then(|data| data.modified()).ok());
    Ok(newest.ok_or("the test `corpus` was not built")?.path())
}
