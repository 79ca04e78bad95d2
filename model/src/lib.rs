//! The world in which the closing core is proved.
//!
//! Whether a connection ends well depends on the order of events: what both applications, both
//! kernels, the peer and the path do, and when. A test tries a few orders. This crate explores
//! every order in small worlds, and judges the claims about the core in every state.
//!
//! In scope: two ends with the shipped core, their drivers and applications; TCP as Linux and other
//! stacks do it; peers that break the rules; an adversary on the path; relays; the claims, and
//! mistakes that are planted to test the claims. Out of scope: bytes, keys, sequence numbers and
//! clocks. A unit is a whole record, and a deadline is a step. Real TLS and real TCP are in
//! `model/replay`; how a report is shown is in `cli`.
//!
//! > **The contract.** A search sees every state of a configuration once, or it is an error
//! > ([`CutOff`](check::explore::CutOff)). A configuration passes if exactly those claims break
//! > that [`mod@configs::expect`] names, by rules that look at no run. A planted mistake is caught
//! > if its claim breaks with it and holds without it.
//!
//! What a configuration passes through:
//!
//! 1. `configs/` names it and makes a [`Config`](world::config::Config): a script for each end, the
//!    TCP, the faults. `expect.rs` says which claims the choices of its scripts give away.
//! 2. [`Pair`](pair::Pair) is it as a model, with at most one mistake of `mutant.rs`. Its first
//!    state is a [`World`](world::World).
//! 3. `check/explore.rs` visits every state, breadth first. In each, `pair/enabled.rs` lists the
//!    steps ([`Action`](world::action::Action)) that may be taken, and `pair/drive.rs` takes them:
//!    it reports facts to the core and does what the core asks for. What a rogue peer sends instead
//!    is in `rogue.rs`.
//! 4. `check/judge.rs` (for a relay, `subject.rs`) judges the claims of `property/` in each state,
//!    some of them only in states at rest. For each claim that breaks it keeps a shortest path.
//! 5. [`check::check`] does this for all configurations and mistakes, compares what broke with what
//!    was expected, and returns a [`Report`](check::report::Report).
//! 6. `chart/` draws a path as a sequence chart.
//!
//! | folder | what is in it |
//! | --- | --- |
//! | [`world`] | a state and the steps between states; the configuration as data; what TCP carries, what sockets do, how peers break the rules |
//! | [`pair`] | two ends as a model: which steps may be taken, what they do; planted mistakes; two connections with a relay between them |
//! | [`property`] | the claims, and which duty of `docs/requirements.md` each of them judges |
//! | [`configs`] | the configurations: the default ones, those in which mistakes are tried, those with larger bounds; which claims each gives away, and why |
//! | [`check`] | the search, the claims judged in its states, the whole run in parallel, and what it found |
//! | [`chart`] | sequence charts in characters and as SVG |
//! | `models.rs` | the pair and the relay for stateright's own checker |

pub mod chart;
pub mod check;
pub mod configs;
mod models;
pub mod pair;
pub mod property;
pub mod world;
