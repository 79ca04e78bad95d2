//! How a TLS connection ends, decided in one place.
//!
//! A TLS connection should end with close_notify from both sides. In practice a bare FIN cuts a
//! download and nobody notices, a reset destroys the fatal alert that said why, and a close waits
//! for ever. This crate is the machine that decides every closing step of one end of one
//! connection, for TLS 1.0 to 1.3.
//!
//! In scope: which step comes next, what an end is worth, whether the session may be resumed. Out
//! of scope: records, keys, clocks, sockets. There is no I/O here, no allocation, and by default no
//! dependency.
//!
//! > **The contract.** The driver tells every fact once, in the order in which it learned them, and
//! > does what [`Machine::output`] says before it reads on. The machine then never sends a record
//! > behind its last word, never reports a clean end without an authentic close_notify, and never
//! > takes back what it reported.
//!
//! 1. Make a [`Machine`] with [`Machine::new`], tell it [`Event::PeerKeysInUse`] and
//!    [`Event::HandshakeDone`]; or start at [`Machine::established`].
//! 2. Tell it what the application does and what the peer's records and the transport say:
//!    [`Machine::handle`].
//! 3. Do what [`Machine::output`] asks, and tell the result. Repeat until it is [`Output::Idle`]
//!    (the application's turn) or [`Output::Done`].
//! 4. Ask [`Machine::answer`] what a call of the application returns, and [`Machine::ending`] how
//!    it ended, at any time.
//!
//! Where alerts arrive as records, [`read_alert`] says what a payload holds and which fact to tell.
//!
//! The feature `serde` (off by default, and then there is no dependency) derives `Serialize` and
//! `Deserialize` on [`Ending`] and its parts, [`Policy`] and its choices, [`FramingState`],
//! [`Manner`], [`Version`] and [`Role`]: structs by their fields, names in snake_case, alerts by
//! the names of the registry. The shape is stable. A policy may leave fields out, which are then
//! those of [`Policy::STRICT`], and must not have unknown ones.
//!
//! ```json
//! {
//!   "reading": { "fatal_alert": "certificate_required" }, "writing": { "not_sent": "peer_fatal_alert" },
//!   "first_closer": "peer", "delivery": "lost", "discarded": 512, "late": 0, "drained": 0, "errno": null,
//!   "user_canceled": false, "resumption": { "allowed": false, "rule": "fatal_discards_tickets" },
//!   "transport": "open", "in_handshake": false
//! }
//! ```
//!
#![doc = include_str!("../TRANSITIONS.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// A new state or event must be given its row.
#![warn(clippy::wildcard_enum_match_arm)]

mod alert;
mod alert_record;
mod answer;
mod couple;
pub mod drain;
mod ending;
mod event;
mod evidence;
mod framing;
mod illegal;
mod machine;
mod manner;
mod named;
mod output;
mod policy;
mod preset;
pub mod recv;
mod resume;
pub mod send;
mod sentence;
#[cfg(feature = "serde")]
mod serial;
mod severity;
pub mod transport;
mod version;

pub use alert::{AlertDescription, AlertLevel, Meaning, UnknownAlert, meaning};
pub use alert_record::{AlertRecord, read_alert};
pub use answer::{Answer, Call};
pub use drain::Draining;
pub use ending::{Delivery, Ending, FirstCloser, NotSent, ReadEnd, TransportEnd, WriteEnd};
pub use event::Event;
pub use framing::FramingState;
pub use illegal::Illegal;
pub use machine::Machine;
pub use manner::Manner;
pub use output::Output;
pub use policy::{
    CoalescedAlerts, FatalNotify, FragmentedAlert, LateData, MissingNotify, PeerCloses, Policy, Reply,
    ResumptionRule, UserCanceled,
};
pub use resume::{Resumption, Rule};
pub use severity::Severity;
pub use version::{Role, Version};

/// The example of the README compiles and holds.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
