//! Describes inputs in words: takes the target, then the files, and prints the set-up and the steps
//! of each file.
#![allow(missing_docs, reason = "an example")]

use std::process::ExitCode;
use std::{env, fs};

use close_notify_fuzz::{forged_peer, raw_wire, whole};

const USAGE: &str = "tell TARGET FILE..., where the target is forged_peer, raw_wire or whole; \
     `close-notify replay FILE` draws an input of lockstep";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let tell = match arguments.next().as_deref() {
        Some("forged_peer") => forged_peer::tell,
        Some("raw_wire") => raw_wire::tell,
        Some("whole") => whole::tell,
        _ => return misused(USAGE),
    };
    let files: Vec<_> = arguments.collect();
    if files.is_empty() {
        return misused(USAGE);
    }
    for file in &files {
        match fs::read(file) {
            Ok(data) => println!("{file}\n{}", tell(&data)),
            Err(error) => return misused(&format!("{file}: {error}")),
        }
    }
    ExitCode::SUCCESS
}

fn misused(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}
