//! What the closing core does, as statements: grouped by the state in which a fact meets the
//! machine.
//!
//! Expected values are written from docs/requirements.md (the id behind the `·`) and
//! docs/scenarios.md (the number behind the `#`), never copied from a run.

mod alert;
mod alert_record;
mod answer;
mod bounds;
mod common;
mod ending;
mod handback;
mod illegal;
mod lingering;
mod manner;
mod pair;
mod preset;
mod recv;
mod release;
mod resumption;
mod send;
mod severity;
mod texts;
mod walk;
