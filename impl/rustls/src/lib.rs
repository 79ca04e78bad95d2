//! How did this TLS connection end, and may I trust what I got?
#![forbid(unsafe_code)]

mod engine;
mod error;
mod forget;
mod hook;
mod inbox;
mod outbox;
mod pipe;
mod session;
mod stream;
mod transport;

pub use close_notify_core::{
    AlertDescription, AlertLevel, Delivery, Ending, Event, FatalNotify, FirstCloser, FramingState, Illegal,
    LateData, Machine, Manner, MissingNotify, NotSent, Output, PeerCloses, Policy, ReadEnd, Reply,
    Resumption, ResumptionRule, Role, Rule, Version, WriteEnd,
};
pub use error::{Error, ending_of};
pub use forget::{ForgetSession, StoredSessions};
pub use hook::provider;
pub use pipe::Pipe;
pub use session::{Progress, Received, Session, Step};
pub use stream::Stream;
pub use transport::Transport;
