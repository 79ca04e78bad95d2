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
//! > ([`explore::CutOff`]). A configuration passes if exactly those claims break that
//! > [`mod@expect`] names, by rules that look at no run. A planted mistake is caught if its claim
//! > breaks with it and holds without it.
//!
//! What a configuration passes through:
//!
//! 1. `family.rs` names it and makes a [`config::Config`]: a script for each end, the TCP, the
//!    faults. A [`subject::Subject`] is a pair of ends or a relay.
//! 2. `expect.rs` says which claims the choices of its scripts give away.
//! 3. `model.rs` makes a [`model::Pair`] of it, with the claims of `property/` whose premise can
//!    fire in it and at most one mistake of `mutant.rs`. Its first state is a [`world::World`].
//! 4. `explore.rs` visits every state, breadth first. In each, `enabled.rs` lists the steps
//!    ([`action::Action`]) that may be taken, and `drive.rs` takes them: it reports facts to the
//!    core and does what the core asks for. What a rogue peer sends instead is in `rogue.rs`.
//! 5. `judge.rs` (for a relay, `subject.rs`) judges the claims in each state, some of them only in
//!    states at rest. For each claim that breaks it keeps a shortest path.
//! 6. `check.rs` does this for all configurations and mistakes, compares what broke with what was
//!    expected, and returns a [`report::Report`].
//! 7. `chart.rs` draws a path as a sequence chart.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`config`], [`profile`] | a configuration as data; the ways in which peers break the rules |
//! | [`family`], `wish`, `preset`, [`trial`], [`deep`] | the configurations: the default ones, those in which mistakes are tried, and those with larger bounds |
//! | [`mod@expect`] | which claims a configuration gives away, and why |
//! | [`world`], [`action`] | a state, and the steps between states |
//! | [`wire`], [`kernel`] | what TCP carries in one direction, and what sockets do |
//! | `enabled`, `drive`, `rogue` | which steps may be taken, what they do, what rogue peers send |
//! | [`model`], [`relay`], [`subject`] | two ends as a model, two connections with a relay between them, and either of them |
//! | [`property`], [`duty`] | the claims, and which duty of `docs/requirements.md` each of them judges |
//! | [`mutant`] | the planted mistakes |
//! | [`explore`], [`judge`] | the search, and the claims judged in its states |
//! | [`check`], [`report`] | the whole run in parallel, and what it found |
//! | [`chart`] | sequence charts in characters and as SVG |

pub mod action;
pub mod chart;
pub mod check;
pub mod config;
pub mod deep;
mod drive;
pub mod duty;
mod enabled;
pub mod expect;
pub mod explore;
pub mod family;
pub mod judge;
pub mod kernel;
pub mod model;
pub mod mutant;
mod preset;
pub mod profile;
pub mod property;
pub mod relay;
pub mod report;
mod rogue;
pub mod subject;
pub mod trial;
pub mod wire;
mod wish;
pub mod world;
