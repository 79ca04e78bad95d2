//! The resumption guard: which sessions and tickets are a connection's own, and how they are
//! forgotten.
//!
//! rustls keeps the sessions of a connection that ended in a fatal alert, and resumes them. A guard
//! stands in its stores for it, and knows by which connection each session came: [`ClientGuard`]
//! keeps a client's sessions, [`ServerGuard`] stands before a server's storage and ticketer.
//!
//! Decides what is forgotten. Leaves to the core when: its rules are RFC 5246 §7.2.2 ·
//! fatal-forgets-session, RFC 9846 §6.2 · fatal-discards-tickets, and, where the policy asks for
//! it, RFC 2818 §2.2 · premature-forbids-reuse-https.
//!
//! One configuration for each connection is what makes its identity exact, whoever drives it.

mod client;
mod denied;
pub(crate) mod forget;
mod kept;
mod server;
mod tag;

pub use client::{ClientForget, ClientGuard};
pub use server::{ServerForget, ServerGuard};
