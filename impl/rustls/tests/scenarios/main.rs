//! Every row of `docs/scenarios.md` against real rustls, as a test for each side, version and
//! adapter: what goes in, and what must come out. Then whole closing exchanges, cut, reset, flooded
//! and dripped at every byte.
//!
//! One list ([`list::ROWS`]), run for each arm ([`arm::Arm`]): `cargo test -p close-notify --test
//! scenarios -- 23_` runs one row. A row that cannot be met in an arm is shown as ignored, with its
//! reason.
//!
//! Decides nothing. The tests judge what crossed the wire, opened with the keys ([`keyed_peer`]),
//! and what our side reports of it.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod arm;
#[path = "../common/mod.rs"]
mod common;
mod keyed_peer;
mod list;
mod rows;

use libtest_mimic::{Arguments, Completion, Trial};

use arm::Arm;
use list::{ROWS, Row};

fn trial(row: &'static Row, arm: Arm) -> Trial {
    Trial::ignorable_test(format!("{:02}_{}::{arm}", row.number, row.name), move || {
        if let Some(reason) = row.not_applicable(arm) {
            return Ok(Completion::ignored_with(reason));
        }
        (row.run)(arm);
        Ok(Completion::Completed)
    })
}

fn main() {
    let mut trials = vec![Trial::test("the_list_is_the_documents", || {
        list::is_the_documents();
        Ok(())
    })];
    trials.extend(ROWS.iter().flat_map(|row| Arm::all().map(move |arm| trial(row, arm))));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
