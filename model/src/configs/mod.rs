//! Every configuration that is explored, and the verdict that each must have.
//!
//! Decides what is varied. Leaves the run to `check`, and what one configuration is to
//! `world::config`.

mod application;
pub mod deep;
pub mod expect;
pub mod family;
mod preset;
pub mod relays;
pub mod trial;
