//! What the benches share: connections to close, the ways of closing them, and pairs of samples.
//!
//! Decides what is compared with what. Each question has its own file in `benches/`.
#![forbid(unsafe_code)]

pub mod counted;
pub mod crowd;
pub mod ours;
pub mod paired;
pub mod raw;
pub mod setup;

/// The code in the README of the project, compiled where nothing is published.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod readme {}
