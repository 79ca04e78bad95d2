//! What arrives, by the state of the receiving half.

mod cut;
mod early_data;
mod handshaking;
mod not_awaited;
mod open;
mod peer_fatal;
mod peer_notified;
mod plain;
