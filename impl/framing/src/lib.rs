//! Tracks where the messages of an application protocol end, so that the end of its connection can
//! be judged.
//!
//! Anybody on the path can forge a FIN. Only the application protocol knows what a FIN may have cut
//! off. A response that had all of its Content-Length is whole, however the connection ended. A
//! response that had less is not. A response that only the end delimits is whole only with
//! close_notify. The trackers here read the bytes that go by and report which case it is.
//!
//! In scope: where messages end. Out of scope: what messages mean, what an end is then worth
//! ([`Ending::truncation_possible`](close_notify_core::Ending::truncation_possible) and the policy
//! decide that), I/O.
//!
//! > **The contract.** A tracker receives every byte once, in order. It reports
//! > [`FramingState::BetweenMessages`] only if the last message is whole by its own length and no
//! > byte of the next has come. Its answer does not depend on how the bytes were split into pieces.
//! > Once it cannot follow the bytes, it reports [`FramingState::InsideMessage`] forever, and
//! > [`Framing::fault`] gives the reason. Its memory is bounded, and no peer can make it panic.
//!
//! 1. Choose a tracker for your side from the table, or implement [`Framing`] yourself.
//! 2. Pass it all plaintext that is read ([`Framing::received`]) and all that is written
//!    ([`Framing::sent`]).
//! 3. When reading ends, pass [`Framing::state`] to the core's `Ending`.
//! 4. If half a header section must not be used, put a [`Gate`] (or [`Gated`]) before the parser.
//!
//! | protocol | tracker | what ends a message |
//! | --- | --- | --- |
//! | HTTP/1, as a client | `http::Responses` | its length, its last chunk, its header section where content is not allowed; or the end of the connection |
//! | HTTP/1, as a server | `http::Requests` | the same, but never the end of the connection |
//! | WebSocket | [`websocket::Frames`], after HTTP by `then` | its last frame; the peer's Close frame is one |
//! | SMTP and FTP control, as a client | [`lines::Replies`] | the line with a code and no `-` |
//! | SMTP, as a server | [`smtp::Commands`] | CR LF; CR LF `.` CR LF after DATA; the last length of BDAT |
//! | IMAP, as a client or a server | [`imap::Responses`], [`imap::Commands`] | CR LF without a literal before it |
//! | FTP control as a server, POP3 commands, Redis inline … | [`lines::Lines`] | the end of the line |
//! | LDAP | [`ldap::Messages`] | its length in BER |
//! | DNS over TLS, PostgreSQL, MySQL … | [`LengthPrefixed`] | the length in front |
//! | HTTP/2 | none yet | a frame is not a message |
//! | FTP data, HTTP/1.0 bodies, anything else | [`DelimitedByEnd`] | only the end of the connection |
//!
//! ```
//! use close_notify_core::{Event, Machine, Policy, Role, Version};
//! use close_notify_framing::{Framing, http::Responses};
//! let mut tracker = Responses::new();
//! tracker.sent(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
//! tracker.received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
//! let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
//! machine.handle(Event::TransportEof { inside_record: false })?;
//! assert!(!machine.ending().truncation_possible(tracker.state())); // whole by its length
//! # Ok::<(), close_notify_core::Illegal>(())
//! ```
//!
//! # Responses that are owed
//!
//! Between two messages another may still be expected. `http::Responses` knows which requests are
//! unanswered and reports that it is inside a message while there are any. The other trackers leave
//! that to the application.
//!
//! # Change of protocol
//!
//! A connection that changes its protocol gets the tracker of the next one:
//! `http::Responses::new().then(…)`. A tracker begins at the first byte under TLS, so a connection
//! needs a new tracker after STARTTLS.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::missing_errors_doc, clippy::missing_panics_doc)]

mod fault;
mod framing;
mod gate;
#[cfg(feature = "http")]
pub mod http;
pub mod imap;
pub mod ldap;
mod length;
pub mod lines;
#[cfg(feature = "reference")]
#[doc(hidden)]
pub mod reference;
pub mod smtp;
mod walk;
pub mod websocket;

pub use close_notify_core::FramingState;
pub use fault::{Fault, Way, What};
pub use framing::{DelimitedByEnd, Framing};
pub use gate::{Gate, Gated};
pub use length::{Counts, LengthPrefixed, Width};

/// Compiles and runs the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
