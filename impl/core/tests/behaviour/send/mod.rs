//! What this side still has to send, by the state of the sending half.

mod aborted;
mod alerted;
mod failed;
mod notified;
mod notify_due;
mod notify_leaving;
mod open;
