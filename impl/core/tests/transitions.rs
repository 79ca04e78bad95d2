//! `TRANSITIONS.md`, which rustdoc shows, is generated from the tables. `UPDATE=1` rewrites it.

use std::{env, fs, path::Path};

use close_notify_core::{Illegal, Manner, recv, send, transport};

fn grid<S: Copy + PartialEq, E: Copy>(
    title: &str,
    states: &[S],
    events: &[E],
    name: impl Fn(S) -> &'static str,
    label: impl Fn(E) -> &'static str,
    next: impl Fn(S, E) -> Result<S, Illegal>,
) -> String {
    let heads: Vec<_> = events.iter().map(|&event| label(event)).collect();
    let rules = vec!["---"; heads.len()];
    let mut out = format!("\n## {title}\n\n| state | {} |\n|---|{}|\n", heads.join(" | "), rules.join("|"));
    for &state in states {
        let cells: Vec<_> = events
            .iter()
            .map(|&event| match next(state, event) {
                Ok(same) if same == state => "=",
                Ok(next) => name(next),
                Err(_) => "·",
            })
            .collect();
        out += &format!("| **{}** | {} |\n", name(state), cells.join(" | "));
    }
    out
}

fn drawn() -> String {
    let mut out = String::from(
        "# Transitions\n\n\
         Every state against every event, as the tables of `send.rs`, `recv.rs`, `transport.rs` and `manner.rs` have it.\n\
         `=` stays where it is, `·` is refused as `Illegal` and changes nothing. Drawn by `tests/transitions.rs`.\n",
    );
    out += &grid(
        "The sending half",
        send::State::ALL,
        send::Event::ALL,
        send::State::name,
        send::Event::name,
        send::State::next,
    );
    out += &grid(
        "The receiving half",
        recv::State::ALL,
        recv::Event::ALL,
        recv::State::name,
        recv::Event::name,
        recv::State::next,
    );
    out += &grid(
        "The transport",
        transport::State::ALL,
        transport::Event::ALL,
        transport::State::name,
        transport::Event::name,
        transport::State::next,
    );
    out += &grid("The manner", Manner::ALL, Manner::ALL, Manner::name, Manner::name, Manner::then);
    out
}

#[test]
fn the_grid_on_disk_is_the_grid_of_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("TRANSITIONS.md");
    let drawn = drawn();
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &drawn).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap();
    assert!(stored == drawn, "TRANSITIONS.md is stale: run `UPDATE=1 cargo test -p close-notify-core`");
}
