//! Shared parts of the benches: connections to close, ways to close them, and pairs of samples.
//!
//! Decides what is compared with what. Each question has its own file in `benches/`.
#![forbid(unsafe_code)]

pub mod counted;
pub mod crowd;
pub mod ours;
pub mod paired;
pub mod raw;
pub mod setup;

/// The code in the project's README, compiled in a crate that is not published.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod readme {}
