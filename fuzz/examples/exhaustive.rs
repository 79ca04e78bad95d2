//! Enumerates and judges every sequence of facts on the core up to a depth: 8 facts, or 9 with
//! `--deep`.
//!
//! At depth 8 one set-up takes 8 s of one core and 0.5 GB. All 24 take 190 s (1.8 · 10⁹ steps over
//! 3.9 · 10⁷ places, 5.8 · 10¹⁴ sequences). Each further fact triples time and memory, roughly.
//! Set-ups are spread over the cores.

use std::env;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use close_notify_fuzz::machine::exhaustive::{Count, facts, sequences, setups};

fn main() -> ExitCode {
    let depth = match env::args().nth(1).as_deref() {
        None => Some(8),
        Some("--deep") => Some(9),
        Some(depth) => depth.parse().ok().filter(|&depth| depth > 0),
    };
    let Some(depth) = depth else {
        eprintln!("usage: exhaustive [--deep | DEPTH]");
        return ExitCode::from(2);
    };
    let start = Instant::now();
    println!("| version | from | policy | sequences | no fact refused | places | steps judged |");
    println!("|---|---|---|---|---|---|---|");
    let total = count_all(depth);
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "\nup to {depth} of {} facts: {:e} sequences, {:e} of them without a refusal, over {} places by {} steps",
        facts().len(),
        total.sequences,
        total.legal,
        total.places,
        total.steps
    );
    println!("in {seconds:.1} s: {:.0} steps a second", total.steps as f64 / seconds);
    ExitCode::SUCCESS
}

/// Counts every set-up and prints a row for each; each core takes the next one that is left.
fn count_all(depth: u32) -> Count {
    let (facts, total) = (facts(), Mutex::new(Count::default()));
    let left = Mutex::new(setups().into_iter().enumerate());
    let next = || left.lock().expect("no thread has panicked").next();
    let work = || {
        while let Some((number, setup)) = next() {
            let count = sequences(setup, &facts, depth);
            let from = if setup.established { "established" } else { "the first byte" };
            let Count { sequences, legal, places, steps } = count;
            let policy = number / 2 % 3 + 1;
            println!(
                "| {} | {from} | {policy} | {sequences:e} | {legal:e} | {places} | {steps} |",
                setup.version
            );
            *total.lock().expect("no thread has panicked") += count;
        }
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        (0..cores).for_each(|_| _ = scope.spawn(work));
    });
    total.into_inner().expect("no thread has panicked")
}
