//! The study of rustls without our adapters: each kind of flaw that the adversary of `forged_peer`
//! finds in it, with a fixed seed.
//!
//! `cargo run --release -p close-notify-fuzz --example bare [SEED] [EXECUTIONS]`. Without debug
//! assertions, rustls does not panic; the study then shows the alert that it sends instead.
#![allow(missing_docs, reason = "an example")]

use std::env;

use close_notify_fuzz::forged_peer::{bare, tell};

fn main() {
    let mut numbers = env::args().skip(1).map(|number| number.parse().expect("a number"));
    let (seed, executions) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(100_000));
    println!("| duty | what rustls 0.23 does | executions | steps |\n| --- | --- | --- | --- |");
    for finding in bare::study(seed, executions) {
        let steps = tell(&finding.input).lines().last().unwrap_or_default().to_string();
        println!("| {} | {} | {} | `{steps}` |", finding.duty, finding.says, finding.executions);
    }
}
