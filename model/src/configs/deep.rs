//! Larger bounds, for a run that may take minutes: one unit more in each direction, two attacks in
//! place of one.
//!
//! Decides no verdict: the rules of `expect.rs` say what breaks, here as everywhere.

use crate::check::subject::Subject;
use crate::configs::family;
use crate::pair::Pair;
use crate::world::config::{Config, Faults, Script};

/// The families in which one unit more can show something new.
const FAMILIES: [&str; 6] = ["download", "upload", "crossed", "half-close", "reject", "hand-back"];

/// Every configuration of the deep run, in a fixed order.
#[must_use]
pub fn subjects() -> Vec<Subject> {
    let chosen = family::all().into_iter().filter(|config| FAMILIES.contains(&family_of(config)));
    chosen.map(|config| Subject::Pair(Box::new(Pair::new(deepened(config))))).collect()
}

fn family_of(config: &Config) -> &str {
    config.name.split('/').next().unwrap_or_default()
}

fn deepened(config: Config) -> Config {
    let longer = |script: Script| Script { writes: script.writes + u8::from(script.writes > 0), ..script };
    let faults = Faults { budget: config.faults.budget * 2, ..config.faults };
    Config { name: format!("deep-{}", config.name), scripts: config.scripts.map(longer), faults, ..config }
}
