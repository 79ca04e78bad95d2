//! What the binary of a target does without a fuzzer.

use std::process::ExitCode;
use std::{env, fs};

/// Runs a target on each file that the command line names.
#[must_use]
pub fn replay_files(target: fn(&[u8])) -> ExitCode {
    for file in env::args().skip(1) {
        match fs::read(&file) {
            Ok(data) => target(&data),
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}
