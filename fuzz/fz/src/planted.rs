//! Plants mistakes into the shipped code, in a copy of the tree, and measures how long the targets
//! take to find each.
//!
//! Decides nothing about the mistakes: fuzz/planted.toml lists them. The shipped code has no switch
//! for any of them.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use close_notify_fuzz::{Target, target};
use serde::Deserialize;

use crate::build::{self, root};
use crate::fuzzer::{self, Plan, Said};
use crate::{Outcome, table};

/// The list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mistake: Vec<Mistake>,
}

/// One mistake.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mistake {
    name: String,
    /// What it is, in words.
    is: String,
    /// Who made it, or where it is described.
    seen: String,
    file: PathBuf,
    /// Text of the file; it occurs there once.
    from: String,
    /// The text that replaces it.
    to: String,
    /// The targets that must find it, the quickest first.
    found_by: Vec<String>,
}

/// How a mistake was found.
struct Found {
    by: &'static Target,
    said: Said,
    took: Duration,
}

/// Plants the named mistakes, or all, one after the other, and runs their targets on each from an
/// empty corpus.
pub(crate) fn find(names: &[String], seconds: u64, write: bool) -> Result<Outcome, Box<dyn Error>> {
    let chosen = chosen(names)?;
    let tree = copy_of_the_tree()?;
    let mut rows = Vec::new();
    let mut missed = 0;
    for mistake in &chosen {
        let found = planted(&tree, mistake, || look(&tree, mistake, seconds))??;
        missed += usize::from(found.is_none());
        let row = row(mistake, found);
        eprintln!("{}", row.join(" | "));
        if write {
            record(&row)?;
        }
        rows.push(row);
    }
    println!("{}\n\n{} of {} found.", table::of(&HEAD, rows), chosen.len() - missed, chosen.len());
    Ok(if missed == 0 { Outcome::Fine } else { Outcome::Finding })
}

const HEAD: [&str; 6] = ["mistake", "what it is", "seen", "found by", "executions", "seconds"];
const NOBODY: &str = "**nobody**";
const INTRODUCTION: &str = "# Planted mistakes\n\nMade by `cargo fz planted --write`: each row of planted.toml is planted into a \
    copy of the tree by itself, and a\ntarget looks for it from an empty corpus, on one core. A figure depends on the machine \
    and on the fuzzer's luck.\n\n";

/// Puts a row into the committed table, in place of its former one. Rows of mistakes that are no
/// longer planted go.
fn record(row: &[String; 6]) -> Result<(), Box<dyn Error>> {
    let path = root().join("fuzz/PLANTED.md");
    let before = fs::read_to_string(&path).unwrap_or_default();
    let mut known: BTreeMap<String, [String; 6]> =
        before.lines().filter_map(cells).map(|row| (row[0].clone(), row)).collect();
    known.insert(row[0].clone(), row.clone());
    let rows: Vec<_> = all()?.iter().filter_map(|mistake| known.remove(&mistake.name)).collect();
    let found = rows.iter().filter(|row| row[3] != NOBODY).count();
    let count = rows.len();
    let text = format!("{INTRODUCTION}{}\n\n{found} of {count} found.\n", table::of(&HEAD, rows));
    Ok(fs::write(path, text)?)
}

/// The cells of a line of the table.
fn cells(line: &str) -> Option<[String; 6]> {
    let line = line.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
    cells.try_into().ok()
}

fn all() -> Result<Vec<Mistake>, Box<dyn Error>> {
    let text = fs::read_to_string(root().join("fuzz/planted.toml"))?;
    Ok(toml::from_str::<List>(&text).map_err(|error| format!("fuzz/planted.toml: {error}"))?.mistake)
}

fn chosen(names: &[String]) -> Result<Vec<Mistake>, Box<dyn Error>> {
    let mut all = all()?;
    for name in names {
        if all.iter().all(|mistake| mistake.name != *name) {
            let known: Vec<_> = all.iter().map(|mistake| mistake.name.as_str()).collect();
            let all = known.join("\n  ");
            return Err(
                format!("no mistake is named {name}; fuzz/PLANTED.md says what each is:\n  {all}").into()
            );
        }
    }
    all.retain(|mistake| names.is_empty() || names.contains(&mistake.name));
    Ok(all)
}

fn row(mistake: &Mistake, found: Option<Found>) -> [String; 6] {
    let [by, executions, seconds] = match found {
        Some(Found { by, said, took }) => {
            let seconds = format!("{:.1}", took.as_secs_f64());
            [by.name.to_owned(), table::count(said.executions), seconds]
        }
        None => [NOBODY.to_owned(), String::new(), String::new()],
    };
    [mistake.name.clone(), mistake.is.clone(), mistake.seen.clone(), by, executions, seconds]
}

/// Runs the targets of a mistake in order, until one finds it.
fn look(tree: &Path, mistake: &Mistake, seconds: u64) -> Result<Option<Found>, Box<dyn Error>> {
    for name in &mistake.found_by {
        let by = target(name).ok_or_else(|| format!("{}: no target is named {name}", mistake.name))?;
        let binaries = build::targets_of(tree, &[by.name])?;
        let plan = Plan { seconds: Some(seconds), seed: Some(1), ..Plan::default() };
        let scratch = fuzzer::scratch(by, true)?;
        let begun = Instant::now();
        let said = fuzzer::fuzz(&binaries, by, plan, &scratch)?;
        if said.finding.is_some() {
            return Ok(Some(Found { by, said, took: begun.elapsed() }));
        }
    }
    Ok(None)
}

/// Runs `call` with the mistake in the tree, and takes the mistake out again.
fn planted<R>(tree: &Path, mistake: &Mistake, call: impl FnOnce() -> R) -> Result<R, Box<dyn Error>> {
    let file = tree.join(&mistake.file);
    let sound = fs::read_to_string(&file)?;
    fs::write(&file, mistake.plant(&sound)?)?;
    let result = call();
    fs::write(&file, sound)?;
    Ok(result)
}

impl Mistake {
    /// The text with the mistake in it.
    fn plant(&self, sound: &str) -> Result<String, String> {
        match sound.matches(&self.from).count() {
            1 => Ok(sound.replacen(&self.from, &self.to, 1)),
            count => Err(format!(
                "{}: its `from` occurs {count} times in {}, not once",
                self.name,
                self.file.display()
            )),
        }
    }
}

/// Copies the files under version control, as they are now, into a folder that keeps earlier build
/// results.
fn copy_of_the_tree() -> Result<PathBuf, Box<dyn Error>> {
    let (root, tree) = (root(), root().join("target/planted"));
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(&root).output()?.stdout;
    let listed = String::from_utf8(listed)?;
    let names: BTreeSet<_> = listed.split_terminator('\0').collect();
    if tree.is_dir() {
        remove_strays(&tree, &tree, &names)?;
    }
    for name in names.iter().filter(|name| !name.starts_with("fuzz/corpus/")) {
        let (from, to) = (root.join(name), tree.join(name));
        let text = match fs::read(&from) {
            Ok(text) => text,
            Err(_) => continue, // deleted, and not committed yet
        };
        // A file that has not changed keeps its time, so that cargo does not build it again.
        if fs::read(&to).ok().as_ref() != Some(&text) {
            fs::create_dir_all(to.parent().unwrap_or(&tree))?;
            fs::write(&to, text)?;
        }
    }
    Ok(tree)
}

/// Removes the sources of an earlier copy that are not in the tree any more: a module that has
/// moved would be there twice.
fn remove_strays(folder: &Path, tree: &Path, names: &BTreeSet<&str>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(tree)?.to_str().unwrap_or_default();
        if path.is_dir() && name != "target" {
            remove_strays(&path, tree, names)?;
        } else if path.extension().is_some_and(|kind| kind == "rs") && !names.contains(name) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_fits_the_current_code_and_has_targets() {
        let all = all().unwrap();
        for mistake in &all {
            let sound = fs::read_to_string(root().join(&mistake.file)).unwrap();
            let rotten = mistake.plant(&sound).unwrap_or_else(|error| panic!("{error}"));
            assert_ne!(rotten, sound, "{} changes nothing", mistake.name);
            assert!(!mistake.found_by.is_empty(), "{} is to be found by nobody", mistake.name);
            mistake.found_by.iter().for_each(|name| assert!(target(name).is_some(), "{name}"));
        }
        let names: BTreeSet<_> = all.iter().map(|mistake| &mistake.name).collect();
        assert_eq!(names.len(), all.len(), "each has a name of its own");
    }
}
