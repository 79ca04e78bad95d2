//! Builds the binaries of the targets with cargo-fuzz, and installs cargo-fuzz if it is missing.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use close_notify_fuzz::TARGETS;

use crate::fuzzer::TIMEOUT;
use crate::{Outcome, compiler};

/// The sanitizer that checks memory accesses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sanitizer {
    None,
    Address,
}

impl Sanitizer {
    pub(crate) const fn address_if(asked: bool) -> Self {
        if asked { Self::Address } else { Self::None }
    }
}

/// The root of the tree that this command was built from.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate lies two folders deep").to_path_buf()
}

/// Builds the named targets, or all if none is named, and returns the folder of their binaries.
///
/// Each sanitizer has its own folder, because cargo caches there what it learned about a compiler.
pub(crate) fn targets(names: &[&str], sanitizer: Sanitizer) -> Result<PathBuf, Box<dyn Error>> {
    let root = root();
    match sanitizer {
        Sanitizer::None => build(&root, &root.join("target/fz"), names, &["--sanitizer", "none"], &[]),
        Sanitizer::Address => {
            build(&root, &root.join("target/fz-asan"), names, &["--sanitizer", "address"], &[])
        }
    }
}

/// Builds targets of another tree, for build time rather than for speed.
pub(crate) fn targets_of(tree: &Path, names: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
    let options = ["--sanitizer", "none", "--codegen-units", "16"];
    build(tree, &tree.join("target"), names, &options, &QUICKLY)
}

/// Only what a mistake changes is built again.
const QUICKLY: [(&str, &str); 2] =
    [("CARGO_PROFILE_RELEASE_INCREMENTAL", "true"), ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")];

fn build(
    tree: &Path,
    folder: &Path,
    names: &[&str],
    options: &[&str],
    environment: &[(&str, &str)],
) -> Result<PathBuf, Box<dyn Error>> {
    let names = if names.is_empty() { vec![None] } else { names.iter().map(Some).collect() };
    for name in names {
        let mut build = cargo_fuzz(tree)?;
        build.envs(environment.iter().copied());
        // Every byte of an input is a choice: there are no magic numbers that a traced comparison
        // could reveal.
        build.args(["build", "--no-trace-compares"]).args(options).arg("--target-dir").arg(folder).args(name);
        compiler::wrap(&mut build)?;
        if options.contains(&"address") {
            build.env("RUSTC_BOOTSTRAP", "1");
        }
        run(&mut build)?;
    }
    Ok(folder.join(triple()?).join("release"))
}

/// Builds every target into a folder in the layout of fuzzing services: each binary, with its
/// options in a file next to it.
pub(crate) fn into(folder: &Path, sanitizer: Sanitizer) -> Result<Outcome, Box<dyn Error>> {
    let binaries = targets(&[], sanitizer)?;
    fs::create_dir_all(folder)?;
    for target in TARGETS {
        fs::copy(binaries.join(target.name), folder.join(target.name))?;
        let options = format!("[libfuzzer]\nmax_len = {}\ntimeout = {TIMEOUT}\n", target.longest);
        fs::write(folder.join(format!("{}.options", target.name)), options)?;
    }
    println!("{} targets in {}", TARGETS.len(), folder.display());
    Ok(Outcome::Fine)
}

/// Runs a command to its end. Fails if it cannot start or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}").into()),
        Err(error) => Err(format!("{command:?}: {error}").into()),
    }
}

fn cargo_fuzz(tree: &Path) -> Result<Command, Box<dyn Error>> {
    let own = root().join("target/tools");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([own.join("bin")].into_iter().chain(std::env::split_paths(&inherited)))?;
    let is_there =
        Command::new("cargo").args(["fuzz", "--version"]).env("PATH", &path).output()?.status.success();
    if !is_there {
        eprintln!("cargo-fuzz is missing: installing it into {}", own.display());
        run(Command::new("cargo")
            .args(["install", "--quiet", "--locked", "cargo-fuzz", "--root"])
            .arg(&own))?;
    }
    let mut cargo = Command::new("cargo");
    cargo.arg("fuzz").env("PATH", path).current_dir(tree);
    Ok(cargo)
}

/// The triple that rustc builds for; it is part of a folder's name.
fn triple() -> io::Result<String> {
    let said = Command::new("rustc").arg("-vV").output()?.stdout;
    let said = String::from_utf8_lossy(&said);
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| io::Error::other("rustc -vV names no host"))
}
