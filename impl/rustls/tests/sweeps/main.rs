//! Sweeps: what the rows of `docs/scenarios.md` show at one place, here at every place. Short reads
//! and writes of every size, every byte offset at which a closing exchange can be cut, full buffers
//! at every level, peers that stay silent or drip.
//!
//! Each sweep runs for each arm: the version, our end of the connection, the adapter. Our side is a
//! stream over memory, so that every cut is exact. The peer is that of `scenarios`, which has the
//! keys. Time is paused or does not matter.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

#[path = "../common/mod.rs"]
mod common;
mod cuts;
#[allow(dead_code, reason = "the scenarios use all of it")]
#[path = "../scenarios/keyed_peer.rs"]
mod keyed_peer;
mod memory;
mod short;
mod side;
mod stalls;

/// Every sweep as a test of each arm.
macro_rules! arms {
    ($($arm:ident: $version:ident $role:ident $adapter:ident;)+) => { $(
        mod $arm {
            use crate::side::{Adapter, Arm};
            const ARM: Arm = Arm {
                version: close_notify::Version::$version,
                role: close_notify::Role::$role,
                adapter: Adapter::$adapter,
            };
            crate::sweeps! {
                short: [
                    reads_and_writes_of_every_size_lose_nothing,
                    every_capacity_of_the_pipe_lets_a_close_through,
                ]
                cuts: [
                    a_peer_that_closes_first_is_cut_at_every_byte,
                    a_graceful_close_is_cut_at_every_byte_of_the_answer,
                    a_half_close_is_cut_at_every_byte_of_the_answer,
                    a_rejection_is_cut_at_every_byte_of_what_comes,
                    a_hand_back_is_cut_at_every_byte_of_the_answer,
                    our_last_word_is_cut_at_every_byte,
                ]
                stalls: [
                    a_peer_that_reads_a_number_of_bytes_and_no_more,
                    a_silent_peer_costs_the_patience,
                    a_peer_that_never_ends_meets_the_budget_byte_by_byte,
                    a_peer_that_drips_meets_the_deadline,
                ]
            }
        }
    )+ };
}

/// The tests of one arm.
macro_rules! sweeps {
    ($($module:ident: [$($sweep:ident,)+])+) => { $( $(
        #[test]
        fn $sweep() {
            crate::$module::$sweep(ARM);
        }
    )+ )+ };
}
pub(crate) use sweeps;

arms! {
    tls13_client_std: Tls13 Client Std;
    tls13_client_tokio: Tls13 Client Tokio;
    tls13_server_std: Tls13 Server Std;
    tls13_server_tokio: Tls13 Server Tokio;
    tls12_client_std: Tls12 Client Std;
    tls12_client_tokio: Tls12 Client Tokio;
    tls12_server_std: Tls12 Server Std;
    tls12_server_tokio: Tls12 Server Tokio;
}
