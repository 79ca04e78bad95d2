//! How a TLS connection ends, decided in one place.
//!
//! A TLS connection should end with close_notify from both sides. In practice a bare FIN truncates
//! a download and nobody notices, a reset destroys the fatal alert that gave the reason, and a
//! close waits forever. This crate is a state machine that decides every closing step of one end of
//! one connection, for TLS 1.0 to 1.3.
//!
//! In scope: which step comes next, what an end proves, and whether the session may be resumed. Out
//! of scope: records, keys, clocks and sockets. The crate does no I/O, does not allocate, and by
//! default has no dependencies.
//!
//! > **The contract.** The driver reports every event once, in the order in which it learned of
//! > them, and does what [`Machine::output`] says before it reads on. The machine then never sends
//! > a record after its last word (its close_notify or its fatal alert), never reports a clean end
//! > without an authentic close_notify, and never takes back what it reported.
//!
//! 1. Create a [`Machine`] with [`Machine::new`] and report [`Event::PeerKeysInUse`] and
//!    [`Event::HandshakeDone`]. Or start with [`Machine::established`].
//! 2. Report what the application, the peer and the transport do with [`Machine::handle`].
//! 3. Do what [`Machine::output`] asks, and report the result. Repeat until it returns
//!    [`Output::Idle`] (it is the application's turn) or [`Output::Done`].
//! 4. At any time, ask [`Machine::answer`] what a call of the application returns, and
//!    [`Machine::ending`] how the connection ended.
//!
//! If alerts arrive as records, [`read_alert`] reads a payload and returns the event to report.
//!
//! The feature `serde` is off by default; without it the crate has no dependencies. It implements
//! `Serialize` and `Deserialize` for [`Ending`] and its parts, [`Policy`] and its choices,
//! [`FramingState`], [`Close`], [`Manner`], [`Version`] and [`Role`]. Structs are serialized by
//! their fields, names are in snake_case, and alerts have their registered names. The format is
//! stable. A policy may omit fields, which then have the values of [`Policy::STRICT`]. Unknown
//! fields are an error.
//!
//! ```json
//! {
//!   "reading": { "fatal_alert": "certificate_required" },
//!   "writing": { "not_sent": "peer_fatal_alert" },
//!   "first_closer": "peer", "delivery": "lost",
//!   "discarded": 512, "late": 0, "drained": 0, "errno": null, "user_canceled": false,
//!   "resumption": { "allowed": false, "rule": "fatal_discards_tickets" },
//!   "transport": "open", "in_handshake": false
//! }
//! ```
//!
#![doc = include_str!("../TRANSITIONS.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::missing_errors_doc, clippy::missing_panics_doc)]

mod alert;
mod alert_record;
mod answer;
mod close;
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
pub use close::Close;
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

/// Compiles and runs the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
