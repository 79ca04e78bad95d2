//! The resumption guard: which sessions and tickets belong to a connection, and how they are
//! forgotten.
//!
//! rustls keeps the sessions of a connection that ended in a fatal alert, and resumes them. A guard
//! takes the place of its stores, and knows which connection each session came from:
//! [`ClientGuard`] keeps a client's sessions, [`ServerGuard`] wraps a server's storage and
//! ticketer.
//!
//! Decides what is forgotten. Leaves to the core when. The core's rules are RFC 5246 §7.2.2 ·
//! fatal-forgets-session, RFC 9846 §6.2 · fatal-discards-tickets, and, if the policy asks for it,
//! RFC 2818 §2.2 · premature-forbids-reuse-https.
//!
//! Each connection has its own configuration, which identifies it exactly, no matter who drives it.

mod client;
mod denied;
pub(crate) mod forget;
mod kept;
mod server;
mod tag;

pub use client::{ClientForget, ClientGuard};
pub use server::{ServerForget, ServerGuard};
