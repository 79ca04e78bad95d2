//! The command: parses its arguments, prints what was found, and reports by its exit status whether
//! all is fine.
//!
//! Decides nothing else. A subcommand turns a plan into a report; the code that shows the report is
//! next to it.

mod args;
mod check;
mod explore;
mod frame;
mod list;
mod names;
mod out;
mod replay;
mod requirements;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::out::Exit;

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Explore(args) => explore::run(&args),
        Command::List(args) => list::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Requirements(args) => requirements::run(&args),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(stop) => stop.told(),
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
