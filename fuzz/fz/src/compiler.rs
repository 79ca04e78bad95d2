//! The rustc wrapper in builds of fuzz targets: this command, which passes the call on to rustc.
//!
//! Decides which crates have their edges counted: those that ship, and the targets. The edges of a
//! dependency must not guide our fuzzers, and counting them costs more than half of the executions
//! per second.

use std::env;
use std::io;
use std::process::{Command, ExitCode};

/// The environment variable that marks a call of this command by cargo, in place of rustc.
const MARK: &str = "CLOSE_NOTIFY_FZ_IS_RUSTC";

/// The crates of this tree that must not guide a fuzzer.
const NOT_GUIDING: [&str; 3] = ["close_notify_model", "close_notify_reference", "close_notify_replay"];

/// Makes a build call this command in place of rustc.
pub(crate) fn wrap(build: &mut Command) -> io::Result<()> {
    build.env("RUSTC_WRAPPER", env::current_exe()?).env(MARK, "1");
    Ok(())
}

/// Compiles a crate if cargo has called this command in place of rustc.
pub(crate) fn run_as_rustc() -> Option<ExitCode> {
    env::var_os(MARK)?;
    let mut arguments = env::args_os().skip(1);
    let rustc = arguments.next()?;
    let arguments: Vec<_> = arguments.collect();
    let text: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let name = text.iter().position(|argument| argument == "--crate-name").and_then(|at| text.get(at + 1));
    let guides = name.is_none_or(|name| guides(name));
    let kept = arguments.iter().zip(&text).filter(|(_, text)| guides || !counts_edges(text));
    match Command::new(rustc).args(kept.map(|(argument, _)| argument)).status() {
        Ok(status) => {
            Some(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
        }
        Err(error) => {
            eprintln!("cargo fz cannot call rustc: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn guides(name: &str) -> bool {
    let is_target = close_notify_fuzz::target(name).is_some();
    (name.starts_with("close_notify") && !NOT_GUIDING.contains(&name)) || is_target
}

fn counts_edges(argument: &str) -> bool {
    argument == "-Cpasses=sancov-module" || argument.starts_with("-Cllvm-args=-sanitizer-coverage")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_and_the_targets_are_counted() {
        for name in ["close_notify", "close_notify_core", "close_notify_linger", "close_notify_fuzz", "pair"]
        {
            assert!(guides(name), "{name}");
        }
        for name in ["rustls", "insecure_test_crypto", "close_notify_reference", "build_script_build"] {
            assert!(!guides(name), "{name}");
        }
    }
}
