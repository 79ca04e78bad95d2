//! Counts out and judges every sequence of facts up to a depth on the core: 8 facts, or with `--deep` 11.

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use close_notify_fuzz::machine::exhaustive::{Count, facts, sequences, setups};

fn main() -> ExitCode {
    let depth = match env::args().nth(1).as_deref() {
        None => 8,
        Some("--deep") => 11,
        Some(depth) => match depth.parse() {
            Ok(depth) => depth,
            Err(_) => {
                eprintln!("usage: exhaustive [--deep | DEPTH]");
                return ExitCode::from(2);
            }
        },
    };
    let (facts, start, mut total) = (facts(), Instant::now(), Count::default());
    println!("| version | start | policy | sequences | all facts taken | places | steps judged |");
    println!("|---|---|---|---|---|---|---|");
    for (number, setup) in setups().into_iter().enumerate() {
        let count = sequences(setup, &facts, depth);
        let from = if setup.established { "established" } else { "before the handshake" };
        println!(
            "| {} | {from} | {} | {:e} | {:e} | {} | {} |",
            setup.version,
            number / 2 % 3 + 1,
            count.sequences,
            count.legal,
            count.places,
            count.steps
        );
        total += count;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "\nup to {depth} of {} facts: {:e} sequences, {:e} of them without a refusal, over {} places by {} steps in {seconds:.1} s \
         ({:.0} steps, {:e} sequences a second)",
        facts.len(),
        total.sequences,
        total.legal,
        total.places,
        total.steps,
        total.steps as f64 / seconds,
        total.sequences as f64 / seconds,
    );
    ExitCode::SUCCESS
}
