//! The world in which the closing core is proved.

pub mod action;
pub mod chart;
pub mod check;
pub mod config;
pub mod deep;
mod drive;
pub mod duty;
mod enabled;
pub mod expect;
pub mod explore;
pub mod family;
pub mod judge;
pub mod kernel;
pub mod model;
pub mod mutant;
mod preset;
pub mod profile;
pub mod property;
pub mod relay;
pub mod report;
mod rogue;
pub mod subject;
pub mod trial;
pub mod wire;
mod wish;
pub mod world;
