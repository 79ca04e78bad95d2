//! Bounded lingering: reading a socket that is shut for writing to its end, so that closing it then
//! destroys nothing.
//!
//! A socket that is closed with unread bytes in it is reset. The reset may destroy what its peer
//! had not read yet: the fatal alert that gave the reason, or the last response. The cure is to
//! shut the write side, to read on and throw the bytes away, and to close once the peer has closed.
//! This crate does that for one socket or for a hundred thousand, with no TLS state: keys, buffers
//! and configuration may be gone by then. A peer that still sends when a bound is met is reset even
//! so. Such ends are counted as `timed_out`, `over_budget` and `gave_way`.
//!
//! In scope: waiting, reading and closing, within bounds. Out of scope: what to say before, and
//! whether to linger at all. The closing core decides that
//! ([`Machine::lingering`](close_notify_core::Machine::lingering)). It also decides for each socket
//! when to read on, when it is enough, and how to let go ([`Draining`]).
//!
//! > **The contract.** A socket that is added is closed: when its peer has ended its stream, when
//! > it is reset, when its peer has sent more than
//! > [`Policy::drain_budget`](close_notify_core::Policy::drain_budget), at its deadline, or when a
//! > younger one needs its place; whichever comes first, and the counters record which. Until then
//! > it costs at most 64 bytes of memory besides the kernel's, and no peer can make the service
//! > spin, wait forever or grow.
//!
//! 1. [`Lingerer::spawn`] once, with [`Limits`]: a thread. With the feature `tokio`
//!    `Lingerer::spawn_tokio`: a task.
//! 2. Close with [`Manner::Linger`](close_notify_core::Manner::Linger) or reject. When
//!    `lingering()` returns a [`Draining`], pass it to [`Lingerer::add`] with its socket, pass
//!    `TransportHandedOver` to the machine, and drop the TLS state.
//! 3. Before the process ends, call [`Lingerer::finish`]: it waits for the rest, up to a deadline.
//!
//! | [`Counters`] | counts | name for `metrics` (feature) |
//! | --- | --- | --- |
//! | `lingering` | those that linger now | `close_notify_linger_connections` |
//! | `by_fin` | ended by the peer's FIN | `close_notify_linger_ended_total{end="fin"}` |
//! | `reset` | reset by the peer, or dead | `…{end="reset"}` |
//! | `timed_out` | closed at their deadline | `…{end="timed_out"}` |
//! | `over_budget` | closed for what the peer still sent | `…{end="over_budget"}` |
//! | `gave_way` | closed for a younger one, or because the service no longer served them | `…{end="gave_way"}` |
//! | `drained` | bytes read and thrown away | `close_notify_linger_drained_bytes_total` |
//! | `not_taken` | those that could not be added | `close_notify_linger_not_taken_total` |
//!
//! If you have an event loop, drive an [`Engine`] by hand. If you have one socket and a thread that
//! can wait, call [`linger`]. If you have the whole machine and a loop, call [`drain`]. A service
//! that serves no more, or belongs to another process, refuses a socket and gives it back
//! ([`Refused`]). The socket can still linger with [`linger`]. The service is for Unix: it watches
//! descriptors. The rest is for every system.
//!
//! Memory: a socket takes 40 bytes, in chunks of 64 that are never copied. Besides them a service
//! takes about 24 kB, and its thread a stack, however many it serves.
//!
//! Sources: RFC 9112 §9.6 · linger-is-bounded, alert-survives-close; RFC 9293 §3.10.4; epoll(7);
//! fork(2).
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::missing_errors_doc, clippy::missing_panics_doc)]

mod blocking;
mod counters;
mod engine;
mod limits;
#[cfg(feature = "metrics")]
pub mod metrics;
mod news;
#[cfg(unix)]
mod refused;
#[cfg(unix)]
mod service;
mod slab;
#[cfg(unix)]
mod socket;
#[cfg(all(unix, feature = "tokio"))]
mod task;
#[cfg(unix)]
mod thread;
mod wheel;

pub use blocking::{drain, linger};
pub use close_notify_core::drain::{Draining, End};
pub use counters::Counters;
pub use engine::{Engine, Key, Source};
pub use limits::{BadLimits, Limits};
pub use news::{errno_of, is_a_wait};
#[cfg(unix)]
pub use refused::Refused;
#[cfg(unix)]
pub use service::Lingerer;
#[cfg(unix)]
pub use socket::reset;

/// Compiles and runs the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
