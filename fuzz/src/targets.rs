//! The table of all targets.

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its module, binary and corpus.
    pub name: &'static str,
    /// What it drives, in one line.
    pub drives: &'static str,
    /// Runs an input. It panics if something is wrong.
    pub run: fn(&[u8]),
    /// The longest useful input, in bytes.
    pub longest: usize,
    /// The least executions per second that it must reach, without a sanitizer: about half of what
    /// it reaches on two cores with two targets at a time, so that a busy machine is no failure and
    /// a target that has become much slower is.
    pub floor: u32,
}

macro_rules! targets {
    ($($name:ident: $drives:literal, longest $longest:literal, floor $floor:literal;)+) => {
        /// Every target.
        pub const TARGETS: &[Target] = &[$(Target {
            name: stringify!($name),
            drives: $drives,
            run: crate::$name::run,
            longest: $longest,
            floor: $floor,
        }),+];
    };
}

targets! {
    differential: "one script for our streams, rustls alone and OpenSSL: the same end, or a known difference", longest 64, floor 6000;
    forged_peer: "one adapter against a peer that holds the keys: any authenticated record at any moment, any calls of ours", longest 64, floor 10000;
    framing: "every tracker of messages, given any bytes in any pieces, against reference parsers", longest 256, floor 12000;
    hand_back: "TLS and plaintext by turns on one connection, which others may have used: exact to the byte", longest 96, floor 4500;
    io_faults: "the std and the tokio stream over a transport that fails in every way, with time that jumps", longest 96, floor 4000;
    lockstep: "two adapters in lockstep with the model: any configuration, any steps, any chunks", longest 256, floor 6000;
    machine: "the core alone: any facts in any order, any policy, every version", longest 32, floor 40000;
    many: "up to 64 connections in one lingering engine, against a plain list of them", longest 512, floor 50000;
    pair: "two adapters over a hostile wire: any policies, any manners, every duty that bytes decide", longest 96, floor 7000;
    raw_wire: "arbitrary bytes during and after the handshake, real cipher and stand-in: cut, modified, inserted, ended at any byte", longest 128, floor 2000;
    tcp: "two adapters, each on its own TCP, on a wire that loses, repeats, reorders, delays and forges", longest 256, floor 4000;
    whole: "connections from connect to end: handshakes that fail, sessions that are resumed, halves and relays", longest 96, floor 600;
}

/// The target with this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
