//! Whole connections, from connect to end, with our adapters at both ends: handshakes that fail and
//! succeed, resumption, halves, relays.
//!
//! Decides which world an input runs in. `series` has connections for threads, one after the other
//! and next to each other, that share the session stores. `tasks` has a client and a server over
//! tokio, whole or split. `relay` has a relay between two connections. `threads` has the halves of
//! a blocking stream over sockets. `sockets` has whole streams over those of the kernel, and a
//! service that lingers. `agree` decides what both ends must agree on.
//!
//! After the format byte, an input has a byte for the world, its set-up, and then one byte per
//! action.

mod agree;
mod call;
mod configs;
mod duct;
mod end;
mod line;
mod makers;
mod opening;
mod relay;
mod remembered;
mod series;
mod shown;
mod side;
mod sockets;
mod tasks;
mod threads;
mod time;

use std::fmt::Debug;

use crate::choices::Choices;

/// The buffer size for reads: room for all that one read moves.
const ROOM: usize = 20_000;

/// A world that an input runs in.
struct World {
    name: &'static str,
    run: fn(&mut Choices<'_>),
    tell: fn(&mut Choices<'_>) -> Vec<String>,
}

const SERIES: World = World { name: "series", run: series::run, tell: series::tell };
const TASKS: World = World { name: "tasks", run: tasks::run, tell: tasks::tell };
const RELAY: World = World { name: "relay", run: relay::run, tell: relay::tell };
const THREADS: World = World { name: "threads", run: threads::run, tell: threads::tell };
const SOCKETS: World = World { name: "sockets", run: sockets::run, tell: sockets::tell };

const WORLDS: [World; 8] = [SERIES, TASKS, RELAY, THREADS, SERIES, TASKS, RELAY, SOCKETS];

/// Runs an input.
///
/// # Panics
///
/// Panics if a duty is broken.
pub fn run(data: &[u8]) {
    let Some(mut choices) = Choices::read(data) else { return };
    let _told = Told(data);
    insecure_test_crypto::reseed(0);
    (choices.pick(&WORLDS).run)(&mut choices);
}

/// Describes an input in words, one step per line.
#[must_use]
pub fn tell(data: &[u8]) -> String {
    let Some(mut choices) = Choices::read(data) else { return "another format".to_owned() };
    let world = choices.pick(&WORLDS);
    let mut lines = vec![world.name.to_owned()];
    lines.extend((world.tell)(&mut choices));
    lines.join("\n")
}

/// One line for the set-up, and one for each action that `next` reads.
fn told<A: Debug>(
    setting: &impl Debug,
    choices: &mut Choices<'_>,
    next: fn(&mut Choices<'_>) -> Option<A>,
) -> Vec<String> {
    let actions = std::iter::from_fn(|| next(choices)).map(|action| format!("{action:?}"));
    std::iter::once(format!("{setting:?}")).chain(actions).collect()
}

/// Prints the input if its run ends in a panic.
struct Told<'a>(&'a [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", tell(self.0));
        }
    }
}

impl Copy for World {}

impl Clone for World {
    fn clone(&self) -> Self {
        *self
    }
}
