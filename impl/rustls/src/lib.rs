//! How did this TLS connection end, and may I trust what I got?
//!
//! A connection that ends without close_notify may have been cut by anybody, in TLS 1.3 too. One
//! that is closed wrongly destroys its own last words: the alert that said why, the response that
//! was on its way. rustls seals a close_notify and opens one, and leaves the rest to its caller.
//! This crate is that rest, for the streams that you have:
//!
//! | you have | you write |
//! | --- | --- |
//! | a stream of tokio-rustls | [`stream.with_ending(policy)`](tokio::WithEnding::with_ending), or at its end [`stream.close(policy, manner).await?`](tokio::WithEnding::close) |
//! | a `rustls::StreamOwned` or `rustls::Stream` | [`stream.with_ending(policy)`](WithEnding::with_ending), [`stream.close(policy, manner)?`](WithEnding::close) |
//! | a configuration of rustls, and sockets | [`Connector::new(config, policy).connect(name, socket)?`](Connector::connect), [`Acceptor`]; in tasks [`connect_async`](Connector::connect_async), [`accept_async`](Acceptor::accept_async) |
//! | an event loop of your own | [`Session`], which never blocks |
//!
//! In scope: how connections of rustls 0.23 end, TLS 1.2 and 1.3. Out of scope: every closing rule,
//! which `close-notify-core` decides and a model explores; and where messages end, which your
//! protocol knows (`framing` has trackers for a dozen).
//!
//! > **The contract.** Reading returns `Ok(0)` only if nothing of the peer's was thrown away and
//! > the policy takes the end for a clean one; `flush` and `shutdown` return `Ok` only if what they
//! > stand for has left. Nothing leaves behind the last word of this side. Bytes behind the peer's
//! > close_notify stay the application's. An alert of the peer is found behind a failed write.
//! > Every wait has a deadline and a budget; a peer can cause no panic.
//!
//! 1. Build the configuration with [`provider`], so that alerts can be chosen and seen: one line,
//!    see there.
//! 2. Make the stream by the table above, with the [`Policy`] of your protocol
//!    ([below](#the-policy)).
//! 3. Read and write. Where reading fails, [`Ending::find`](FindEnding::find) says how the
//!    connection ended.
//! 4. End it, in the manner that [fits](#which-end). Dropping the stream tells the peer nothing: it
//!    sees a truncation.
//! 5. Ask the [`Ending`]: [was it clean](Ending::is_clean), may the session be
//!    [resumed](Ending::may_resume), how [loud](Ending::severity) should a log be?
//!
//! A client and a server that end well, and know it:
//!
//! ```
//! use std::io::{Read, Write};
//! use close_notify::{Acceptor, Connector, Ending, Manner, Policy};
//!
//! # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (client_config, server_config) = lab::configs();
//! # let (near, far) = lab::sockets();
//! let server = std::thread::spawn(move || -> std::io::Result<Ending> {
//!     let mut server = Acceptor::new(server_config, Policy::STRICT).accept(far)?;
//!     server.read_exact(&mut [0; 8])?;
//!     server.write_all(b"answer")?;
//!     server.close(Manner::Graceful) // and waits for the client's close_notify
//! });
//!
//! let connector = Connector::new(client_config, Policy::STRICT);
//! let mut client = connector.connect("localhost".try_into()?, near)?;
//! client.write_all(b"question")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?; // fails if anybody cut the answer
//! let ending = client.close(Manner::Graceful)?;
//!
//! assert_eq!(answer, "answer");
//! assert!(ending.is_clean());
//! assert_eq!(ending.to_string(), "the peer sent close_notify; we sent close_notify");
//! assert!(server.join().expect("the server does not panic")?.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! The same in tasks stands in the docs of [`tokio`].
//!
//! # TLS 1.3 does not make truncation impossible
//!
//! Every record of TLS 1.3 is sealed and numbered, so nobody can change one, or take one out of the
//! middle. Yet where the records *end* is said by close_notify alone, and anybody on the path can
//! end TCP before it comes: a FIN needs no keys. Here it happens, to a script that a client is
//! about to run:
//!
//! ```
//! use std::io::{ErrorKind, Read, Write};
//! use close_notify::{Ending, FindEnding, Pipe, Policy, ReadEnd, WithEnding};
//! use rustls::{ClientConnection, ProtocolVersion, StreamOwned};
//!
//! # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
//! /// A server sends a line in two records, and close_notify.
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
//!     Ok(StreamOwned::new(client, socket)) // and dropping `wire` is the FIN
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! // The loop that many programs have: an error where the end should be counts as the end.
//! let (mut client, mut script) = (cut_download()?, String::new());
//! match client.read_to_string(&mut script) {
//!     Err(error) if error.kind() == ErrorKind::UnexpectedEof => {} // "some servers are rude"
//!     other => panic!("{other:?}"),
//! }
//! assert_eq!(client.conn.protocol_version(), Some(ProtocolVersion::TLSv1_3));
//! assert_eq!(script, "rm -rf /"); // each byte is authentic, and the script is another one
//!
//! // The same download, where the end is asked for.
//! let (mut client, mut script) = (cut_download()?.with_ending(Policy::STRICT), String::new());
//! let error = client.read_to_string(&mut script).expect_err("no close_notify has come");
//! let ending = Ending::find(&error).expect("a stream of ours says how it ended");
//! assert_eq!(ending.reading, ReadEnd::TruncatedAtBoundary);
//! assert!(client.truncation_possible()); // do not run it
//! # Ok(())
//! # }
//! ```
//!
//! Whether an end without close_notify is harmless is a question to your protocol, not to TLS: the
//! guide has [a table of protocols](guide::protocols). [Ten error texts](guide::error_texts) that
//! are searched for, each with its cause and its cure, are the next page of it.
//!
//! # Which end
//!
//! Patience ([`Stream::set_patience`], 5 s) and [`Policy::drain_budget`] (64 MiB) bound every wait
//! of this table. Streams of tokio have the same calls. A peer that still sends when a bound is met
//! gets a reset, which may destroy what you said last: [`Ending::transport`] tells whether it came
//! to that.
//!
//! | you are … | use | waits for | risks |
//! | --- | --- | --- | --- |
//! | done, and want to know that both sides ended well | [`close`](Stream::close)`(Graceful)` | the peer's close_notify | a peer that sends none costs the patience, as Java's clients do with a connection that they keep; the end is then not clean |
//! | a server behind its last response, and read no more | `close(Linger)` | the end of the peer's transport; what comes is thrown away | you do not learn whether the peer ended well: never clean, unless its close_notify had come before |
//! | the same, and no thread may wait | [`Acceptor::with_lingerer`] or [`set_lingerer`](Stream::set_lingerer) before, then `close(Linger)` | nothing: the socket lingers in a service, at 40 bytes | what its lingering finds is counted there, and not in the ending; a transport that the service [cannot take](linger::Counters::not_taken) lingers in the stream, and is waited for |
//! | served by a library that shuts the stream and drops it (hyper) | `set_lingerer` before, and let the library shut it down | nothing: as above | a transport that the service cannot take is dropped at once, and counted; taken out of hyper by `without_shutdown`, the stream may lack bytes that hyper still holds: a close_notify behind them would lie |
//! | in haste, and nothing of the peer is unread or on its way | `close(AtOnce)` | the transport, to take our close_notify | clean as `Linger` is; unread bytes reset the connection, and the reset may destroy what you sent |
//! | unable to send the rest, so that the peer must not take what it has for the whole | [`reject`](Stream::reject)`(INTERNAL_ERROR)` | as `Linger` | what was sent before arrives, and no client that we tried takes it for the whole; the session may not be resumed; needs [`provider`] |
//! | the same, without [`provider`], or no time to wait | [`abort`](Stream::abort) or `close(Abort)` | nothing | what the peer has not read yet is lost, and some read a reset as the end of a body that nothing else delimits: CPython up to 3.12 and node do |
//! | not willing to talk to this peer | [`reject`](Stream::reject)`(alert)` | as `Linger` | the session may not be resumed; needs [`provider`] |
//! | done with writing and still reading (TLS 1.3) | [`close_write`](Stream::close_write), and later `close` | the transport, to take our close_notify | a peer may take it for the end and answer no more |
//! | going on without TLS on the same transport | [`hand_back`](Stream::hand_back) | the peer's close_notify | if it does not come, the transport is closed |
//! | a relay that does not know the messages | [`tokio::copy_bidirectional`] | both directions | an end that is no clean one resets both sides |
//! | reading in one thread or task, writing in another | [`into_split`](Stream::into_split), [`tokio::Stream::into_split`]; a [`Handle`] closes | as the manner says | one end for both halves, whoever asks |
//! | a pool that takes a connection out again | [`peer_closed_now`](Stream::peer_closed_now) first | nothing | `false` is no promise: the end may be on its way |
//! | a client with a certificate (TLS 1.3) | [`confirm_accepted`](Stream::confirm_accepted) before a request that must not be sent twice | a ticket, data or the refusal | a server that sends no ticket leaves it [`Unknown`](Acceptance::Unknown) |
//!
//! * Data that is unread at `close(Graceful)` is kept, and so is what comes until the peer's
//!   close_notify, up to [`Policy::keep_budget`]: it can be read afterwards.
//! * [`Ending::delivery`] stays [`Unconfirmed`](Delivery::Unconfirmed) at best, unless the policy
//!   says [`PeerCloses::OnlyAfterUs`]: a peer that may close at any time does not prove by it that
//!   it has read.
//! * Over a socket that does not block, a call that returns `WouldBlock` is made again once the
//!   socket is ready: [`Stream`] says what for.
//!
//! # What a call answers
//!
//! Each answer is decided by the core ([`Machine::answer`]), so that the model checks it and the
//! fuzzers hold it against what is true. An error carries the [`Ending`]; after one that is final,
//! the same call answers the same again.
//!
//! | call | `Ok` means | an error means | its wait ends by | made again |
//! | --- | --- | --- | --- | --- |
//! | `read` | bytes of the peer, in order; `Ok(0)`: that was all, nothing of it was thrown away, and the peer said so, or the policy tolerates its FIN | what was read may not be all | the socket's own timeout, or a close | the same end |
//! | `write` | so many bytes are taken, and will leave unless a later call says otherwise | nothing of this call's is taken, or the transport failed under it | as `read`; after a failed write, for the peer's alert: the patience | `BrokenPipe` once writing has ended |
//! | `flush` | all that `write` took is in the transport | some of it never left, and never will | as `write`; the patience once a last word is due | the same |
//! | `shutdown` of tokio, `SinkExt::close` | all that, close_notify and the FIN are in the transport; reading goes on, in every version | one of them is not, and never will be | the patience | the same |
//! | [`close_write`](Stream::close_write) | as `shutdown`, with the ending so far; TLS 1.3 | as `shutdown`; [`Error::Misuse`] in earlier versions, whose peers may answer by throwing their reply away | the patience | the same |
//! | [`close`](Stream::close), [`abort`](Stream::abort), [`reject`](Stream::reject) | the connection is over, and the transport let go of: how it ended, and what was lost, is the [`Ending`] that is returned | [`Error::Misuse`] or `InvalidInput`: nothing was done | the patience and [`Policy::drain_budget`]; `abort` waits for nothing | the same ending; another manner may hasten it |
//! | [`hand_back`](Stream::hand_back) | both sides said close_notify: the transport, and what was read after it | the transport is gone, and the ending says why | as `close` | an error: it is handed back once |
//! | [`peer_closed_now`](Stream::peer_closed_now) | whether an end has come by now | none that a peer can cause | it never waits | once `true`, always |
//! | [`confirm_accepted`](Stream::confirm_accepted) | what is known of it | how the server ended the connection instead | the time that it is given | knows what came meanwhile |
//!
//! * Halves answer as the whole stream does, whichever thread or task asks; whoever waits is woken
//!   when the connection changes.
//! * Over a transport that blocks, no call says `WouldBlock` but for a timeout of the socket's own.
//! * A deadline (the patience) runs only while something is waited for that the peer can keep from
//!   us: after a `shutdown` or a `close_write` reading may take as long as it likes.
//! * On Linux a program that asks the socket for its error (`SO_ERROR`, `TcpStream::take_error`)
//!   takes it from us: a reset then reads as a FIN. Do not ask.
//!
//! # The policy
//!
//! | preset | for | a missing close_notify |
//! | --- | --- | --- |
//! | [`Policy::STRICT`] | the default: nothing is read in the peer's favour | is an error |
//! | [`Policy::https`] | HTTP/1.1, with a tracker | is fine between messages |
//! | [`Policy::smtp`] | SMTP, POP3, IMAP, with a tracker | is fine between messages |
//! | [`Policy::pool`] | idle connections of a client, with a tracker | is fine between messages |
//! | [`Policy::ftps_data`] | the data connection of FTP | is an error: only the end says that the file is whole |
//! | [`Policy::ldap_stop_tls`] | LDAP, where TLS is removed | is an error: plaintext would follow |
//! | [`Policy::proxy`] | each side of a relay | is an error, and passed on as one |
//!
//! A tracker ([`Stream::set_tracker`]) reads the messages as they go by; without one the stream
//! takes every end for a part of the message, unless [`Stream::set_framing`] says otherwise. Change
//! single choices by `Policy { late_data: LateData::Discard, ..Policy::https() }`: [every
//! choice](guide::choices) and its default are in the guide, and its reasons in the docs of
//! [`Policy`].
//!
//! # Errors
//!
//! An end is a value, [`Ending`]; only a call that cannot do its work fails, with an
//! [`io::Error`](std::io::Error) that carries it. The ending of reading gives the kind:
//!
//! | what ended reading | kind |
//! | --- | --- |
//! | close_notify | none: `Ok(0)` |
//! | a truncation, or close_notify in the handshake | `UnexpectedEof` |
//! | any end that cut a header section ([`Error::HeaderCut`]) | `UnexpectedEof` |
//! | a reset | `ConnectionReset` |
//! | a fatal alert of the peer | `ConnectionAborted` |
//! | something that we refused, or that a tracker cannot follow ([`Error::Framing`]) | `InvalidData` |
//! | nobody waited for it | `NotConnected` |
//! | the deadline | `TimedOut` |
//! | the budget | `QuotaExceeded` |
//! | a transport that failed, by no reset: a timeout of the kernel's | `ConnectionAborted` |
//! | close_notify, after data that was thrown away ([`Error::Dropped`]) | `UnexpectedEof` |
//! | nothing: writing alone has failed, or is over | `BrokenPipe` |
//! | nothing: a step that cannot follow ([`Error::Misuse`]), a manner that `close` does not take | `InvalidInput` |
//! | our giving up: a call that keeps no stream ([`Connector::connect`], [`WithEnding::close`]), over a transport that does not block | `InvalidInput` |
//! | nothing: a rejection without [`provider`] whose alert keys would have to seal | `Unsupported` |
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
//! | `tokio` | the module [`tokio`]: streams over tokio's transports, and those of tokio-rustls |
//! | `http` (default) | trackers of HTTP/1, `framing::http` |
//! | `ring`, `aws_lc_rs` | the provider of rustls; this crate needs none |
//! | `serde` | [`Ending`] and [`Policy`] as JSON and the like |
//! | `metrics` | the counters of lingering for the `metrics` facade: [`linger`] |
//! | `tracing` | an event where a stream is dropped before it was closed, as loud as its ending |
//!
//! # Limits
//!
//! * Without the hook of [`provider`]: see [`Session::is_hooked`].
//! * rustls refuses the 33rd record without content in a row, warnings among them, whatever
//!   [`Policy::warnings`] allows; and the fifth warning, without the hook or before the handshake
//!   is done.
//! * 0-RTT data is not read: the core has its events, rustls hands it out beside the stream.
//! * Without a guard ([`ClientGuard`], [`ServerGuard`]) no session is forgotten: rustls resumes
//!   those of a connection that ended in a fatal alert. [`Connector::with_guard`] and
//!   [`Acceptor::with_guard`] take one.
//! * Splitting a blocking stream and lingering in a service are for Unix.
//! * If others have the same socket, a reset is seen at once on Linux alone: see
//!   [`Transport::reset`].
//!
//! # Examples
//!
//! Each runs by itself: `cargo run -p close-notify --example graceful`.
//!
//! | example | what it shows |
//! | --- | --- |
//! | `graceful` | both sides end well, and know it |
//! | `reject` | a server turns a client away, and the client learns why |
//! | `hand_back` | TLS ends, and the connection goes on in plain text |
//! | `hyper_server` | the last response of a server that stops arrives; a client that is refused reads an alert |
//! | `hyper_client` | a body that was cut, told from a whole one |
//! | `ftps_data` | files that only their end delimits, up and down |
//! | `ldap_stop_tls` | LDAP removes TLS, with a message directly behind the close_notify |
//! | `ftp_ccc` | FTP clears its control channel, the same in tasks of tokio |
//! | `reverse_proxy` | a relay between two connections that launders nothing |
//! | `pool` | idle connections that are asked before they are used, and ended by close_notify |
//!
//! Examples in the docs of types that are re-exported from the core name `close_notify_core`; write
//! `close_notify` there.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The first page speaks of every feature.
#![cfg_attr(not(feature = "tokio"), allow(rustdoc::broken_intra_doc_links))]

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
pub mod tokio;
mod transport;

#[cfg(unix)]
pub use blocking::split::{Handle, ReadHalf, Socket, WriteHalf};
pub use blocking::stream::Stream;
pub use blocking::wrap::WithEnding;
#[doc(inline)]
pub use close_notify_core::{
    AlertDescription, AlertLevel, Answer, Call, CoalescedAlerts, Delivery, Ending, Event, FatalNotify,
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
