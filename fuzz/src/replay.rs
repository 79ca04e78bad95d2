//! The behaviour of a target's binary without a fuzzer.

use std::process::ExitCode;
use std::{env, fs};

/// Runs a target on each file that the command line names.
#[must_use]
pub fn replay_files(target: fn(&[u8])) -> ExitCode {
    let files: Vec<_> = env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("name the files to replay; `cargo fz TARGET` fuzzes");
        return ExitCode::from(2);
    }
    for file in &files {
        match fs::read(file) {
            Ok(data) => target(&data),
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::from(2);
            }
        }
    }
    println!("replayed, and nothing found: {}", files.join(" "));
    ExitCode::SUCCESS
}
