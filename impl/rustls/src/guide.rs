//! The guide: the error texts that people search for, the protocols, and the choices of a policy.
//!
//! Decides nothing: every claim in it is an example that runs, or names the test that makes it.

#[doc = include_str!("../docs/error_texts.md")]
pub mod error_texts {}

#[doc = include_str!("../docs/protocols.md")]
pub mod protocols {}

#[doc = include_str!("../docs/choices.md")]
pub mod choices {}
