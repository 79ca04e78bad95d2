//! Where an application protocol stands in its own messages, so that the end of its connection can
//! be judged.
//!
//! A FIN can be forged by anybody on the path. What it may have cut, only the application protocol
//! can say: a response that had all of its Content-Length is whole however the connection ended,
//! one that had less is not, and one that only the end delimits is whole with close_notify alone.
//! The trackers here read the bytes that go by and say which it is.
//!
//! In scope: where messages end. Out of scope: what they say, what an end is then worth
//! ([`Ending::truncation_possible`](close_notify_core::Ending::truncation_possible) and the policy
//! decide that), I/O.
//!
//! > **The contract.** A tracker is told every byte once, in order. It then says
//! > [`FramingState::BetweenMessages`] only where the last message is whole by its own length and
//! > nothing of the next has come. What it says does not depend on the pieces in which it was told.
//! > Once it cannot follow it says [`FramingState::InsideMessage`] for ever, and [`Framing::fault`]
//! > says why. Its memory is bounded, and no peer can make it panic.
//!
//! 1. Choose a tracker by the table, for the side that you are; or write a [`Framing`] of your own.
//! 2. Tell it all plaintext that is read ([`Framing::received`]), and all that is written
//!    ([`Framing::sent`]).
//! 3. When reading ends, ask [`Framing::state`], and the core's `Ending` with it.
//! 4. Where half a header section must not be used, put a [`Gate`] (or [`Gated`]) before the
//!    parser.
//!
//! | protocol | tracker | what ends a message |
//! | --- | --- | --- |
//! | HTTP/1, as a client | `http::Responses` | its length, its last chunk, its header section where content is not allowed; or the end of the connection |
//! | HTTP/1, as a server | `http::Requests` | the same, but never the end of the connection |
//! | WebSocket | [`websocket::Frames`], behind HTTP by `then` | its last frame; the peer's Close frame is one |
//! | SMTP and FTP control, as a client | [`lines::Replies`] | the line with a code and no `-` |
//! | SMTP, as a server | [`smtp::Commands`] | CR LF; CR LF `.` CR LF behind DATA; the last length of BDAT |
//! | IMAP, as a client or a server | [`imap::Responses`], [`imap::Commands`] | CR LF without a literal before it |
//! | FTP control as a server, POP3 commands, Redis inline … | [`lines::Lines`] | the end of the line |
//! | LDAP | [`ldap::Messages`] | its length in BER |
//! | DNS over TLS, PostgreSQL, MySQL … | [`LengthPrefixed`] | the length in front |
//! | HTTP/2 | none yet | a frame is no message |
//! | FTP data, HTTP/1.0 bodies, anything else | [`DelimitedByEnd`] | the end of the connection alone |
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
//! # What is owed
//!
//! Between two messages another may still be expected. `http::Responses` knows which requests are
//! unanswered and stands inside a message while there are some; the other trackers leave that to
//! the application.
//!
//! # What takes over
//!
//! A connection that changes its protocol gets the tracker of the next one:
//! `http::Responses::new().then(…)`. A tracker begins at the first byte under TLS; behind STARTTLS
//! that is a new tracker.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

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
