//! How did this TLS connection end, and may I trust what I got?
//!
//! A connection that ends without close_notify may have been cut by anybody. One that is closed wrongly destroys
//! its own last words: the alert that said why, the response that was on its way. rustls closes with flags alone and
//! leaves the rest to its caller; this crate is that rest, driven by the machine of `close-notify-core`.
//!
//! In scope: ending connections of rustls 0.23, over blocking streams ([`Stream`]) or step by step ([`Session`]).
//! Out of scope: what the application's framing says (tell it by [`Stream::set_framing`]), and every closing rule:
//! those are the core's.
//!
//! > **The contract.** Reading returns `Ok(0)` only where the policy takes the end for a clean one. Nothing leaves
//! > behind the last word of this side. Bytes behind the peer's close_notify stay the application's. An alert of the
//! > peer is found behind a failed write. Every wait has a deadline and a budget; a peer can cause no panic.
//!
//! 1. Build the configuration with [`provider`], so that alerts can be chosen and seen (one line, see there).
//! 2. Wrap the connection and its transport: [`Stream::new`], or [`Session::new`] and drive it yourself.
//! 3. Read and write. Where reading fails, [`ending_of`] says how the connection ended.
//! 4. End it: [`Stream::close`], [`close_write`](Stream::close_write), [`reject`](Stream::reject),
//!    [`abort`](Stream::abort) or [`hand_back`](Stream::hand_back).
//! 5. Ask the [`Ending`]: was it clean, was anything lost, may the session be resumed?
//!
//! ```no_run
//! use std::io::{Read, Write};
//! use close_notify::{Manner, Policy, Stream, ending_of};
//! # fn example(connection: rustls::ClientConnection) -> std::io::Result<()> {
//! let socket = std::net::TcpStream::connect("example.org:443")?;
//! let mut stream = Stream::new(connection, socket, Policy::STRICT);
//! stream.write_all(b"GET / HTTP/1.0\r\nHost: example.org\r\n\r\n")?;
//! let mut body = Vec::new();
//! if let Err(error) = stream.read_to_end(&mut body) {
//!     println!("do not trust these {} bytes: {error} {:?}", body.len(), ending_of(&error));
//! }
//! println!("{}", stream.close(Manner::Graceful)?);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! An end is a value, [`Ending`]; only a call that cannot do its work fails. The ending of reading gives the kind:
//!
//! | the ending of reading | kind |
//! | --- | --- |
//! | close_notify | none: `Ok(0)` |
//! | truncated, or close_notify in the handshake | `UnexpectedEof` |
//! | reset | `ConnectionReset` |
//! | fatal alert of the peer | `ConnectionAborted` |
//! | refused by us | `InvalidData` |
//! | not awaited | `NotConnected` |
//! | timed out | `TimedOut` |
//! | over budget | `QuotaExceeded` |
//! | writing alone has failed, or a write behind its end | `BrokenPipe` |
//! | a step that cannot follow ([`Error::Misuse`]) | `InvalidInput` |
//!
//! # Limits
//!
//! * Without the hook of [`provider`]: see [`Session::is_hooked`].
//! * 0-RTT data is not read: the core has its events, rustls hands it out beside the stream.
//! * A server of rustls cannot name the session that it should forget: give [`Session::with_forget`] your own way.
#![forbid(unsafe_code)]

mod bounded;
mod engine;
mod error;
mod forget;
mod hook;
mod inbox;
mod outbox;
mod pipe;
mod session;
#[cfg(unix)]
mod socket;
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
