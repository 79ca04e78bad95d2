//! `cargo fz`: one command for each task with the fuzz targets.
//!
//! Decides how cargo-fuzz and the targets' binaries are called. What is fuzzed is up to
//! `close-notify-fuzz`. Exit status: 0 fine, 1 a finding, 2 misuse.

mod build;
mod compiler;
mod corpus;
mod fuzzer;
mod planted;
mod reached;
mod regions;
mod table;
mod target_list;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::build::Sanitizer;

/// Fuzzing of TLS closing, on stable Rust.
#[derive(Parser, Debug)]
#[command(
    name = "cargo fz",
    bin_name = "cargo fz",
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Option<RunArgs>,
}

/// Fuzz one target until it finds something or is stopped.
#[derive(Args, Debug)]
struct RunArgs {
    /// Which target; `cargo fz list` names them.
    #[arg(value_parser = target_list::parse)]
    target: &'static close_notify_fuzz::Target,
    /// With AddressSanitizer, if the toolchain has it.
    #[arg(long)]
    asan: bool,
    /// Start from an empty corpus in place of the committed one.
    #[arg(long)]
    empty: bool,
    /// Stop after S seconds.
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// Stop after N executions.
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// The seed of libFuzzer's random choices.
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// More options of libFuzzer, or inputs to run once.
    #[arg(last = true)]
    more: Vec<String>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List every target and what it drives.
    List,
    /// Fuzz every target for a number of seconds; fail on a finding, or if a target is slower than
    /// its floor.
    All {
        /// How long each target runs.
        seconds: u64,
        /// How many targets run at a time.
        #[arg(long, value_name = "N", default_value_t = 2)]
        jobs: usize,
        /// The seed of libFuzzer's random choices; a different one each time if it is left out.
        #[arg(long)]
        seed: Option<u32>,
        /// With AddressSanitizer: the floor is then 2,000 executions per second, except for tcp.
        #[arg(long)]
        asan: bool,
    },
    /// Build every target for a fuzzing service: binaries and their options, into a folder.
    Build {
        /// The folder to build into.
        folder: PathBuf,
        /// With AddressSanitizer.
        #[arg(long)]
        asan: bool,
    },
    /// Minimise the committed corpus of a target, together with what runs have found.
    Merge {
        /// Which target.
        #[arg(value_parser = target_list::parse)]
        target: &'static close_notify_fuzz::Target,
    },
    /// Plant mistakes into a copy of the tree, one at a time, and look for each from an empty
    /// corpus.
    Planted {
        /// Which mistakes; all if none is named.
        names: Vec<String>,
        /// How long one target may look for one mistake.
        #[arg(long, value_name = "S", default_value_t = 60)]
        seconds: u64,
        /// Put each row into the table of fuzz/PLANTED.md.
        #[arg(long)]
        write: bool,
    },
    /// Which states and events of the core, and which steps of the model, the committed corpora
    /// reach.
    Reached {
        /// Write the tables to fuzz/REACHED.md.
        #[arg(long)]
        write: bool,
        /// Write a file of `machine` for each event that no corpus reports to the core in a state.
        #[arg(long)]
        fill: bool,
    },
    /// Which regions of the source the committed corpora run; fail if more are missed than
    /// fuzz/regions.tsv allows.
    Regions {
        /// Show each region that is missed.
        #[arg(long)]
        show: bool,
        /// Write what is missed to fuzz/regions.tsv.
        #[arg(long)]
        write: bool,
    },
}

/// The result of a command.
enum Outcome {
    Fine,
    Finding,
}

fn main() -> ExitCode {
    if let Some(code) = compiler::run_as_rustc() {
        return code;
    }
    let cli = Cli::parse();
    match act(cli) {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Finding) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo fz: {error}");
            ExitCode::from(2)
        }
    }
}

fn act(cli: Cli) -> Result<Outcome, Box<dyn Error>> {
    match (cli.command, cli.run) {
        (Some(command), _) => act_on(command),
        (None, Some(run)) => fuzzer::one(&run),
        (None, None) => Err("name a target or a command: `cargo fz --help`".into()),
    }
}

fn act_on(command: Command) -> Result<Outcome, Box<dyn Error>> {
    match command {
        Command::List => {
            println!("{}", target_list::table());
            Ok(Outcome::Fine)
        }
        Command::All { seconds, jobs, seed, asan } => {
            let plan = fuzzer::Plan { seeded: true, seconds: Some(seconds), seed, ..Default::default() };
            fuzzer::all(plan, jobs, Sanitizer::address_if(asan))
        }
        Command::Build { folder, asan } => build::into(&folder, Sanitizer::address_if(asan)),
        Command::Merge { target } => corpus::merge(target),
        Command::Planted { names, seconds, write } => planted::find(&names, seconds, write),
        Command::Reached { write, fill } => reached::report(write, fill),
        Command::Regions { show, write } => regions::report(show, write),
    }
}
