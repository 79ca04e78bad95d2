//! How did this TLS connection end, and may I trust what I got?
//!
//! A connection that ends without close_notify may have been cut by anybody, in TLS 1.3 too. A
//! connection that is closed wrongly destroys what it sent last: the alert that said why, or the
//! response that was in flight. rustls can send a close_notify and receive one, and leaves the rest
//! of closing to its caller. This crate does that rest, for the streams that you have:
//!
//! | you have | you write |
//! | --- | --- |
//! | a tokio-rustls stream | [`stream.with_ending(policy)`](tasks::WithEnding::with_ending), or to end it [`stream.close(policy, manner).await?`](tasks::WithEnding::close) |
//! | a `rustls::StreamOwned` or `rustls::Stream` | [`stream.with_ending(policy)`](WithEnding::with_ending), [`stream.close(policy, manner)?`](WithEnding::close) |
//! | a rustls configuration, and sockets | [`Connector::new(config, policy).connect(name, socket)?`](Connector::connect), [`Acceptor`]; in async tasks [`connect_async`](Connector::connect_async), [`accept_async`](Acceptor::accept_async) |
//! | your own event loop | [`Session`], which never blocks |
//!
//! In scope: how rustls 0.23 connections end, in TLS 1.2 and 1.3. Out of scope: the closing rules,
//! which `close-notify-core` decides and a model explores; and where messages end, which your
//! protocol knows (`framing` has trackers for a dozen protocols).
//!
//! > **The contract.** Reading returns `Ok(0)` only if none of the peer's data was thrown away and
//! > the policy accepts the end as clean. `flush` and `shutdown` return `Ok` only if everything
//! > that they promise has left. This side sends nothing after its last word, a close_notify or a
//! > fatal alert. Bytes after the peer's close_notify belong to the application. After a failed
//! > write, the peer's alert is still found. Every wait has a deadline and a budget. A peer cannot
//! > cause a panic.
//!
//! 1. Build the configuration with [`provider`], so that alerts can be chosen and seen. This takes
//!    one line, shown there.
//! 2. Make the stream as the table above shows, with the [`Policy`] of your protocol
//!    ([below](#the-policy)).
//! 3. Read and write. If reading fails, [`Ending::find`](FindEnding::find) says how the connection
//!    ended.
//! 4. End it, in the manner that [fits](#which-end). Dropping the stream sends nothing: the peer
//!    sees a truncation.
//! 5. Ask the [`Ending`]: [was it clean](Ending::is_clean), may the session be
//!    [resumed](Ending::may_resume), and at what [severity](Ending::severity) should it be logged?
//!
//! A client and a server that both end cleanly, and know it:
//!
//! ```
//! use std::io::{Read, Write};
//! use close_notify::{Acceptor, Close, Connector, Ending, Policy};
//!
//! # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (client_config, server_config) = lab::configs();
//! # let (near, far) = lab::sockets();
//! let server = std::thread::spawn(move || -> std::io::Result<Ending> {
//!     let mut server = Acceptor::new(server_config, Policy::STRICT).accept(far)?;
//!     server.read_exact(&mut [0; 8])?;
//!     server.write_all(b"answer")?;
//!     server.close(Close::Graceful) // and waits for the client's close_notify
//! });
//!
//! let connector = Connector::new(client_config, Policy::STRICT);
//! let mut client = connector.connect("localhost".try_into()?, near)?;
//! client.write_all(b"question")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?; // fails if anybody cut the answer
//! let ending = client.close(Close::Graceful)?;
//!
//! assert_eq!(answer, "answer");
//! assert!(ending.is_clean());
//! assert_eq!(ending.to_string(), "the peer sent close_notify; we sent close_notify");
//! assert!(server.join().expect("the server does not panic")?.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! The docs of [`tokio`] have the same example for async tasks.
//!
//! # TLS 1.3 does not make truncation impossible
//!
//! Every TLS 1.3 record is encrypted and numbered, so nobody can change a record or remove one from
//! the middle. But only close_notify says where the records *end*, and anybody on the path can end
//! TCP before it arrives: a FIN needs no keys. Here this happens to a script that a client is about
//! to run:
//!
//! ```
//! use std::io::{ErrorKind, Read, Write};
//! use close_notify::{Ending, FindEnding, Pipe, Policy, ReadEnd, WithEnding};
//! use rustls::{ClientConnection, ProtocolVersion, StreamOwned};
//!
//! # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
//! /// A server sends one line in two records, then close_notify.
//! /// Somebody without keys forwards the first record and a FIN.
//! fn cut_download() -> std::io::Result<StreamOwned<ClientConnection, Pipe>> {
//!     let (client, mut server) = lab::connections();
//!     let mut sent = Vec::new();
//!     for piece in ["rm -rf /", "tmp/build\n"] {
//!         server.writer().write_all(piece.as_bytes())?;
//!         server.write_tls(&mut sent)?;
//!     }
//!     server.send_close_notify();
//!     server.write_tls(&mut sent)?;
//!
//!     let (socket, mut wire) = Pipe::pair(1 << 16);
//!     let first_record = 5 + usize::from(u16::from_be_bytes([sent[3], sent[4]]));
//!     wire.write_all(&sent[..first_record])?;
//!     Ok(StreamOwned::new(client, socket)) // dropping `wire` sends the FIN
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! // What many programs do: they take this error for the end.
//! let (mut client, mut script) = (cut_download()?, String::new());
//! match client.read_to_string(&mut script) {
//!     Err(error) if error.kind() == ErrorKind::UnexpectedEof => {} // "some servers are rude"
//!     other => panic!("{other:?}"),
//! }
//! assert_eq!(client.conn.protocol_version(), Some(ProtocolVersion::TLSv1_3));
//! assert_eq!(script, "rm -rf /"); // every byte is authentic, but this is a different script
//!
//! // The same download, with the ending checked.
//! let (mut client, mut script) = (cut_download()?.with_ending(Policy::STRICT), String::new());
//! let error = client.read_to_string(&mut script).expect_err("no close_notify has come");
//! let ending = Ending::find(&error).expect("a stream of ours says how it ended");
//! assert_eq!(ending.reading, ReadEnd::TruncatedAtBoundary);
//! assert!(client.truncation_possible()); // do not run it
//! # Ok(())
//! # }
//! ```
//!
//! Whether an end without close_notify is harmless depends on your protocol, not on TLS: the guide
//! has [a table of protocols](guide::protocols). Another page of it has [ten error
//! texts](guide::error_texts) that people search for, each with its cause and its fix.
//!
//! # Which end
//!
//! The patience ([`Stream::set_patience`], 5 s) and [`Policy::drain_budget`] (64 MiB) bound every
//! wait in this table. The tokio streams have the same calls. A peer that is still sending when a
//! bound is reached gets a reset, which may destroy what you sent last: [`Ending::transport`] says
//! whether this happened.
//!
//! | you are … | use | waits for | risks |
//! | --- | --- | --- | --- |
//! | done, and want to know that both sides ended well | [`close`](Stream::close)`(Graceful)` | the peer's close_notify | a peer that sends none costs the whole patience, as Java clients do with a connection that they keep; the end is then not clean |
//! | a server that has sent its last response and reads no more | `close(Linger)` | the end of the peer's transport; what arrives is thrown away | you do not learn whether the peer ended well: the ending is never clean, unless the peer's close_notify had come before |
//! | the same, but no thread may wait | [`Acceptor::with_lingerer`] or [`set_lingerer`](Stream::set_lingerer) first, then `close(Linger)` | nothing: the socket lingers in a service, at 40 bytes | what lingering finds is counted in the service, and is not in the ending; a transport that the service [cannot take](linger::Counters::not_taken) lingers in the stream, and the call waits for it |
//! | served by a library that shuts the stream down and drops it (hyper) | `set_lingerer` first, and let the library shut it down | nothing, as above | a transport that the service cannot take is dropped at once, and counted; a stream taken out of hyper by `without_shutdown` may lack bytes that hyper still holds: a close_notify would then say that all was sent, which is false |
//! | in a hurry, and none of the peer's bytes are unread or on their way | `close(AtOnce)` | the transport to take our close_notify | clean only when `Linger` would be; unread bytes reset the connection, and the reset may destroy what you sent |
//! | unable to send the rest, so the peer must not take what it has for the whole | [`reject`](Stream::reject)`(INTERNAL_ERROR)` | as `Linger` | what was sent before arrives, and no client that we tried takes it for the whole; the session may not be resumed; needs [`provider`] |
//! | the same, but without [`provider`], or with no time to wait | [`abort`](Stream::abort) or `close(Abort)` | nothing | what the peer has not read yet is lost, and some peers read a reset as the end of a body that nothing else delimits: CPython up to 3.12 and node do |
//! | not willing to talk to this peer | [`reject`](Stream::reject)`(alert)` | as `Linger` | the session may not be resumed; needs [`provider`] |
//! | done writing, but still reading (TLS 1.3) | [`close_write`](Stream::close_write), and later `close` | the transport to take our close_notify | a peer may take it for the end and answer no more |
//! | continuing without TLS on the same transport | [`hand_back`](Stream::hand_back) | the peer's close_notify | if it does not come, the transport is closed |
//! | a relay that does not know the messages | [`tasks::copy_bidirectional`] | both directions | an end that is not clean resets both sides |
//! | reading in one thread or task, writing in another | [`into_split`](Stream::into_split), [`tasks::Stream::into_split`]; a [`Handle`] closes | as the manner says | both halves share one end, no matter which one asks for it |
//! | a pool that takes a connection out again | [`peer_closed_now`](Stream::peer_closed_now) first | nothing | `false` is no promise: the end may be on its way |
//! | a client with a certificate (TLS 1.3) | [`confirm_accepted`](Stream::confirm_accepted) before a request that must not be sent twice | a ticket, data or the refusal | if the server sends no ticket, the answer stays [`Unknown`](Acceptance::Unknown) |
//!
//! * With [`LateData::Deliver`], data that is unread at `close(Graceful)` is kept, and so is data
//!   that arrives before the peer's close_notify: it can be read afterwards. All of it counts,
//!   read or not. With more than [`Policy::keep_budget`] the close ends as it does with more than
//!   `drain_budget`. Under [`Policy::https`], [`Policy::smtp`] and [`Policy::pool`] what was not
//!   received before the close is thrown away: a later read fails, and [`Ending::late`] counts it.
//! * [`Ending::delivery`] is [`Unconfirmed`](Delivery::Unconfirmed) at best, unless the policy has
//!   [`PeerCloses::OnlyAfterUs`]: a peer that may close at any time does not prove by closing that
//!   it has read our data.
//! * Over a nonblocking socket, repeat a call that returned `WouldBlock` once the socket is ready.
//!   [`Stream`] says for what to poll it.
//!
//! # What each call returns
//!
//! The core decides each result ([`Machine::answer`]), so the model checks it and the fuzzers
//! compare it with what is true. An error carries the [`Ending`]. After a final error, the same
//! call returns the same error again, except for `write`, as the table says.
//!
//! | call | `Ok` means | an error means | what ends its wait | called again |
//! | --- | --- | --- | --- | --- |
//! | `read` | bytes from the peer, in order; `Ok(0)`: that was everything, none of it was thrown away, and the peer said so or the policy tolerates its FIN | what was read may not be everything | the socket's own timeout, or a close | the same end |
//! | `write` | this many bytes are taken, and will leave unless a later call says otherwise | none of this call's bytes are taken, or the transport failed beneath it | as `read`; after a failed write, the patience, while it waits for the peer's alert | `BrokenPipe` once writing has ended |
//! | `flush` | everything that `write` took is in the transport | some of it never left, and never will; or the transport failed, or was reset by us, so that nobody knows what became of it | as `write`; the patience once a last word is due | the same |
//! | `shutdown` of tokio, `SinkExt::close` | all of that, the close_notify and the FIN are in the transport; reading continues, in every version | one of them is not, and never will be | the patience | the same |
//! | [`close_write`](Stream::close_write) | as `shutdown`, with the ending so far; TLS 1.3 | as `shutdown`; [`Error::Misuse`] in earlier versions, whose peers may respond by throwing their reply away | the patience | the same |
//! | [`close`](Stream::close), [`abort`](Stream::abort), [`reject`](Stream::reject) | the connection is over, and the transport is released: the returned [`Ending`] says how it ended, and what was lost | only of `reject`: [`Error::Misuse`] or `Unsupported`, and nothing was done | the patience, [`Policy::drain_budget`], and [`Policy::keep_budget`] for data that is kept; `abort` waits for nothing | the same ending; another manner may speed it up |
//! | [`hand_back`](Stream::hand_back) | both sides sent close_notify: the transport, and what was read after the peer's | the transport is gone, and the ending says why | as `close` | an error: it is handed back once |
//! | [`peer_closed_now`](Stream::peer_closed_now) | whether an end has arrived by now; one call looks at no more than 64 records | none that a peer can cause | it never waits | once `true`, always `true` |
//! | [`confirm_accepted`](Stream::confirm_accepted) | what is known about the server's acceptance | how the server ended the connection instead | the time that it is given | it knows what arrived in the meantime |
//!
//! * The halves of a stream return what the whole stream returns, in any thread or task. Every
//!   thread or task that waits is woken when the connection changes.
//! * Over a blocking transport no call returns `WouldBlock`, except when the socket's own timeout
//!   expires.
//! * A deadline (the patience) runs only while the stream waits for something that the peer can
//!   withhold. After a `shutdown` or a `close_write`, reading may take as long as it likes.
//! * On Linux, do not ask the socket for its error (`SO_ERROR`, `TcpStream::take_error`): that call
//!   takes the error away, and a reset then reads as a FIN.
//!
//! # The policy
//!
//! | preset | for | a missing close_notify |
//! | --- | --- | --- |
//! | [`Policy::STRICT`] | the default: the peer never gets the benefit of the doubt | is an error |
//! | [`Policy::https`] | HTTP/1.1, with a tracker | is fine between messages |
//! | [`Policy::smtp`] | SMTP, POP3, IMAP, with a tracker | is fine between messages |
//! | [`Policy::pool`] | idle client connections, with a tracker | is fine between messages |
//! | [`Policy::ftps_data`] | the data connection of FTP | is an error: only the end says that the file is whole |
//! | [`Policy::ldap_stop_tls`] | LDAP when it removes TLS | is an error: plaintext would follow |
//! | [`Policy::proxy`] | each side of a relay | is an error, and is passed on as one |
//!
//! A tracker ([`Stream::set_tracker`]) follows the messages as they pass. Without one the stream
//! assumes that only the end of the connection delimits a message, unless [`Stream::set_framing`]
//! says otherwise. Change single choices with `Policy { late_data: LateData::Discard,
//! ..Policy::https() }`: [every choice](guide::choices) and its default are in the guide, and the
//! reasons are in the docs of [`Policy`].
//!
//! # Errors
//!
//! An end is a value, [`Ending`]. A call fails only if it cannot do its work, with an
//! [`io::Error`](std::io::Error) that carries the ending. How reading ended determines the kind:
//!
//! | what ended reading | kind |
//! | --- | --- |
//! | close_notify | none: `Ok(0)` |
//! | a truncation, or close_notify during the handshake | `UnexpectedEof` |
//! | any end that cut a header section ([`Error::HeaderCut`]) | `UnexpectedEof` |
//! | a reset | `ConnectionReset` |
//! | a fatal alert of the peer | `ConnectionAborted` |
//! | something that we refused, or that a tracker cannot follow ([`Error::Framing`]) | `InvalidData` |
//! | nobody waited for the peer's end | `NotConnected` |
//! | the deadline | `TimedOut` |
//! | the budget | `QuotaExceeded` |
//! | a transport failure that is not a reset: a timeout in the kernel | `ConnectionAborted` |
//! | close_notify, after data that was thrown away ([`Error::Dropped`]) | `UnexpectedEof` |
//! | nothing: only writing has failed, or is over | `BrokenPipe` |
//! | nothing: a step that is not legal now ([`Error::Misuse`]) | `InvalidInput` |
//! | the call would have to wait, but the transport is nonblocking and the call returns no stream to retry with ([`Connector::connect`], [`WithEnding::close`]) | `InvalidInput` |
//! | nothing: a rejection without [`provider`], whose alert would have to be encrypted | `Unsupported` |
//!
//! # Features
//!
//! ```toml
//! [dependencies]
//! close-notify = { version = "0.1", features = ["ring", "tokio"] }
//! rustls = { version = "0.23", default-features = false, features = ["std", "tls12", "ring"] }
//! ```
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `tokio` | the module [`tokio`]: streams over tokio's transports, and calls on tokio-rustls streams |
//! | `http` (default) | HTTP/1 trackers, `framing::http` |
//! | `ring`, `aws_lc_rs` | the rustls provider of that name; this crate needs none |
//! | `serde` | [`Ending`] and [`Policy`] as JSON and similar formats |
//! | `metrics` | the lingering counters for the `metrics` facade: [`linger`] |
//! | `tracing` | an event when a stream is dropped before it was closed, at the severity of its ending |
//!
//! # Limits
//!
//! * Without the hook of [`provider`]: see [`Session::is_hooked`].
//! * rustls refuses the 33rd consecutive record without content, warnings included, whatever
//!   [`Policy::warnings`] allows. Without the hook, or before the handshake is done, it also
//!   refuses the fifth warning.
//! * 0-RTT data is not read: the core has events for it, but rustls delivers it outside the stream.
//! * Without a guard ([`ClientGuard`], [`ServerGuard`]) no session is forgotten: rustls resumes the
//!   sessions of a connection that ended in a fatal alert. [`Connector::with_guard`] and
//!   [`Acceptor::with_guard`] take one.
//! * Splitting a blocking stream, and lingering in a service, work only on Unix.
//! * If something else holds the same socket, a reset is seen at once only on Linux: see
//!   [`Transport::reset`].
//!
//! # Examples
//!
//! Run one with `cargo run -p close-notify --example graceful`.
//!
//! | example | what it shows |
//! | --- | --- |
//! | `graceful` | both sides end cleanly, and know it |
//! | `reject` | a server rejects a client, and the client learns why |
//! | `hand_back` | TLS ends, and the connection continues in plain text |
//! | `hyper_server` | the last response of a server that stops arrives; a rejected client reads an alert |
//! | `hyper_client` | a body that was cut is distinguished from a whole one |
//! | `ftps_data` | files that only their end delimits, uploaded and downloaded |
//! | `ldap_stop_tls` | LDAP removes TLS, with a message directly after the close_notify |
//! | `ftp_ccc` | FTP clears its control channel; the same in tokio tasks |
//! | `reverse_proxy` | a relay between two connections that never turns an unclean end into a clean one |
//! | `pool` | idle connections that are checked before they are used, and ended with close_notify |
//!
//! Examples of types that are re-exported from the core use `close_notify_core`; write
//! `close_notify` instead.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::missing_errors_doc, clippy::missing_panics_doc)]
#![cfg_attr(
    not(feature = "tokio"),
    allow(rustdoc::broken_intra_doc_links, reason = "the front page links to items of every feature")
)]

mod blocking;
mod connect;
mod driver;
mod engine;
mod error;
#[cfg(doc)]
pub mod guide;
mod resumption;
mod session;
#[cfg(feature = "tokio")]
pub mod tasks;
mod transport;

#[cfg(unix)]
pub use blocking::split::{Handle, ReadHalf, Socket, WriteHalf};
pub use blocking::stream::Stream;
pub use blocking::wrap::WithEnding;
#[doc(inline)]
pub use close_notify_core::{
    AlertDescription, AlertLevel, Answer, Call, Close, CoalescedAlerts, Delivery, Ending, Event, FatalNotify,
    FirstCloser, FragmentedAlert, FramingState, Illegal, LateData, Machine, Manner, MissingNotify, NotSent,
    Output, PeerCloses, Policy, ReadEnd, Reply, Resumption, ResumptionRule, Role, Rule, Severity,
    TransportEnd, UnknownAlert, UserCanceled, Version, WriteEnd,
};
pub use close_notify_framing as framing;
pub use close_notify_linger as linger;
pub use connect::{Acceptor, Connector};
pub use driver::Acceptance;
pub use engine::hook::provider;
pub use engine::tls::Tls;
pub use error::{Error, FindEnding};
pub use resumption::forget::ForgetSession;
pub use resumption::{ClientForget, ClientGuard, ServerForget, ServerGuard};
pub use session::{Progress, Received, Session, Step};
pub use transport::Transport;
pub use transport::pipe::Pipe;

/// Compiles the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
