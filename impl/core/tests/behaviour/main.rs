//! What the closing core does, grouped by the state in which the machine receives an event.
//!
//! Expected values come from docs/requirements.md (the id after the `·`) and docs/scenarios.md (the
//! number after the `#`). They are never copied from a run.

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
