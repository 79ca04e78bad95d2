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
    out + &diagram(states, events, name, label, next)
}

/// The moves as a Mermaid diagram. An event that leads from three states or more to one other
/// state, and nowhere else, is a line of text in place of its arrows.
fn diagram<S: Copy + PartialEq, E: Copy>(
    states: &[S],
    events: &[E],
    name: impl Fn(S) -> &'static str,
    label: impl Fn(E) -> &'static str,
    next: impl Fn(S, E) -> Result<S, Illegal>,
) -> String {
    let (mut texts, mut arrows) = (String::new(), String::new());
    for &event in events {
        let moves = states.iter().filter_map(|&from| Some((from, next(from, event).ok()?)));
        let moves: Vec<_> = moves.filter(|(from, to)| from != to).collect();
        let Some(&(_, goal)) = moves.first() else { continue };
        if moves.len() >= 3 && moves.iter().all(|&(_, to)| to == goal) {
            let from: Vec<_> = moves.iter().map(|&(from, _)| name(from)).collect();
            texts += &format!("- `{}` leads from {} to {}\n", label(event), from.join(", "), name(goal));
        } else {
            for (from, to) in moves {
                arrows += &format!("    {} --> {}: {}\n", name(from), name(to), label(event));
            }
        }
    }
    format!(
        "\n<details><summary>The moves as a diagram</summary>\n\n```mermaid\nstateDiagram-v2\n{arrows}```\n\n{texts}\n</details>\n"
    )
}

fn drawn() -> String {
    let mut out = String::from(
        "# Transitions\n\n\
         Every state against every event, as the tables of `send.rs`, `recv.rs`, `transport.rs` and `manner.rs` have it.\n\
         `=` stays where it is, `·` is refused as `Illegal` and changes nothing. After each grid its moves are a diagram. Drawn by\n\
         `tests/transitions.rs`.\n",
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
