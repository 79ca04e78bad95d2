//! The world in which the closing core is proved.

pub mod chart;
pub mod check;
pub mod configs;
mod models;
pub mod pair;
pub mod property;
pub mod world;
