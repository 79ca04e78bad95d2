//! Samples in pairs: every variant once per round, in rotating order, so that drift hits all
//! equally.

use std::any::Any;
use std::time::{Duration, Instant};

/// One measured run. What it returns is dropped outside the measurement.
pub type Run = Box<dyn FnOnce() -> Box<dyn Any>>;

/// One way of doing the same thing. `prepare` makes what `run` uses up.
pub struct Variant<'a> {
    /// The name that the table prints.
    pub name: &'static str,
    /// Prepares one run, unmeasured, and returns it.
    pub prepare: Box<dyn FnMut() -> Run + 'a>,
}

/// The samples of every variant, round by round.
#[derive(Debug)]
pub struct Samples {
    names: Vec<&'static str>,
    rounds: Vec<Vec<Duration>>,
}

/// The number of rounds that the command line asks for: `--rounds N`, or `few` with `--test`.
#[must_use]
pub fn rounds(few: usize, many: usize) -> usize {
    let arguments: Vec<_> = std::env::args().collect();
    let asked = arguments.iter().position(|argument| argument == "--rounds");
    let asked = asked.and_then(|at| arguments.get(at + 1)).and_then(|count| count.parse().ok());
    let quick = arguments.iter().any(|argument| argument == "--test");
    asked.unwrap_or(if quick { few } else { many })
}

/// Runs `rounds` rounds, after a tenth more that warms up and is thrown away.
pub fn sample(variants: &mut [Variant<'_>], rounds: usize) -> Samples {
    let names: Vec<_> = variants.iter().map(|variant| variant.name).collect();
    let mut taken = Vec::with_capacity(rounds);
    for round in 0..rounds + rounds / 10 {
        let mut ready: Vec<_> = variants.iter_mut().map(|variant| Some((variant.prepare)())).collect();
        let mut times = vec![Duration::ZERO; ready.len()];
        for turn in 0..ready.len() {
            let index = (turn + round) % ready.len();
            let run = ready[index].take().expect("each runs once a round");
            let start = Instant::now();
            let leftover = run();
            times[index] = start.elapsed();
            drop(leftover);
        }
        if round >= rounds / 10 {
            taken.push(times);
        }
    }
    Samples { names, rounds: taken }
}

impl Samples {
    /// The median of a variant, in nanoseconds.
    #[must_use]
    pub fn median(&self, index: usize) -> f64 {
        median(self.rounds.iter().map(|times| times[index].as_secs_f64() * 1e9))
    }

    /// The median, over the rounds, of one variant's time divided by another's.
    #[must_use]
    pub fn ratio(&self, index: usize, to: usize) -> f64 {
        median(self.rounds.iter().map(|times| times[index].as_secs_f64() / times[to].as_secs_f64()))
    }

    /// Prints medians, and ratios to the variant at `to`.
    pub fn print(&self, title: &str, to: usize) {
        println!("{title} ({} rounds)", self.rounds.len());
        println!("  {:<28} {:>10} {:>12}", "", "median", "ratio to raw");
        for (index, name) in self.names.iter().enumerate() {
            let (median, ratio) = (self.median(index) / 1e3, self.ratio(index, to));
            println!("  {name:<28} {median:>7.2} µs {ratio:>12.3}");
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
