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
//! 3. Read and write. Where reading fails, [`Ending::find`](FindEnding::find) says how the connection ended.
//! 4. End it: [`Stream::close`], [`close_write`](Stream::close_write), [`reject`](Stream::reject),
//!    [`abort`](Stream::abort) or [`hand_back`](Stream::hand_back).
//! 5. Ask the [`Ending`]: was it clean, was anything lost, may the session be resumed?
//!
//! A client and a server over loopback, TLS 1.3, that end well and know it:
//!
//! ```
//! use std::io::{self, Read, Write};
//! use std::net::{TcpListener, TcpStream};
//! use std::sync::Arc;
//! use std::thread;
//!
//! use close_notify::{FirstCloser, Manner, Policy, Stream};
//! use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
//! # let (certificate, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
//! # let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.into());
//! # let mut roots = RootCertStore::empty();
//! # roots.add(certificate.clone())?;
//! let client_config =
//!     ClientConfig::builder_with_provider(Arc::new(close_notify::provider(rustls::crypto::ring::default_provider())))
//!         .with_safe_default_protocol_versions()?
//!         .with_root_certificates(roots)
//!         .with_no_client_auth();
//! let server_config =
//!     ServerConfig::builder_with_provider(Arc::new(close_notify::provider(rustls::crypto::ring::default_provider())))
//!         .with_safe_default_protocol_versions()?
//!         .with_no_client_auth()
//!         .with_single_cert(vec![certificate], key)?;
//! let listener = TcpListener::bind(("127.0.0.1", 0))?;
//! let address = listener.local_addr()?;
//! let server = ServerConnection::new(Arc::new(server_config))?;
//!
//! let server = thread::spawn(move || -> io::Result<close_notify::Ending> {
//!     let mut server = Stream::new(server, listener.accept()?.0, Policy::STRICT);
//!     server.read_exact(&mut [0; 8])?;
//!     server.write_all(b"answer")?;
//!     server.close(Manner::Graceful) // waits for the client's close_notify
//! });
//!
//! let client = ClientConnection::new(Arc::new(client_config), "localhost".try_into()?)?;
//! let mut client = Stream::new(client, TcpStream::connect(address)?, Policy::STRICT);
//! client.write_all(b"question")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?; // fails if anybody cut the answer: `Ending::find` says how
//! let ending = client.close(Manner::Graceful)?;
//!
//! assert_eq!(answer, "answer");
//! assert!(ending.is_clean());
//! assert_eq!(ending.first_closer, FirstCloser::Peer);
//! let server_ending = server.join().expect("the server does not panic")?;
//! assert!(server_ending.is_clean());
//! assert_eq!(server_ending.to_string(), "the peer sent close_notify; we sent close_notify");
//! # Ok(())
//! # }
//! ```
//!
//! Examples in the docs of types that are re-exported from the core name `close_notify_core`; write `close_notify`
//! there. `examples/` has programs, each of which runs by itself: `cargo run -p close-notify --example graceful`.
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
//! # Which end
//!
//! Patience ([`Stream::set_patience`], 5 s) and [`Policy::drain_budget`] bound every wait of this table.
//!
//! | you are … | use | waits for | risks |
//! | --- | --- | --- | --- |
//! | done, and want to know that both sides ended well | [`close`](Stream::close)`(Graceful)` | the peer's close_notify | a peer that sends none costs the patience; the end is then not clean |
//! | a server behind its last response, and read no more | `close(Linger)` | the end of the peer's transport; what comes is thrown away | you do not learn whether the peer ended well: never clean, unless its close_notify had come before |
//! | in haste, and nothing of the peer is unread or on its way | `close(AtOnce)` | the transport, to take our close_notify | clean as `Linger` is; unread bytes reset the connection, and the reset may destroy what you sent |
//! | unable to send the rest, so that the peer must not take what it has for the whole | [`abort`](Stream::abort) or `close(Abort)` | nothing | what the peer has not read yet is lost |
//! | not willing to talk to this peer | [`reject`](Stream::reject)`(alert)` | as `Linger` | the session may not be resumed; needs [`provider`] |
//! | done with writing and still reading (TLS 1.3) | [`close_write`](Stream::close_write), and later `close` | the transport, to take our close_notify | a peer may take it for the end and answer no more |
//! | going on without TLS on the same transport | [`hand_back`](Stream::hand_back) | the peer's close_notify | if it does not come, the transport is closed |
//!
//! * Data that is unread at `close(Graceful)` is kept, and so is what comes until the peer's close_notify: it can be
//!   read afterwards.
//! * Dropping a [`Stream`] without a close says nothing to the peer: it sees a truncation.
//! * [`Ending::delivery`] stays [`Unconfirmed`](Delivery::Unconfirmed) at best, unless the policy says
//!   [`PeerCloses::OnlyAfterUs`]: a peer that may close at any time does not prove by it that it has read.
//! * Over a socket that does not block, a call that returns `WouldBlock` is made again once the socket is ready. Poll
//!   it for reading; for writing too while [`Session::is_flushed`] says no or [`Machine::output`] is a
//!   `SendCloseNotify` or `SendAlert` (both by [`Stream::session`]). Poll a close no longer than the patience: the call
//!   that is made then ends the wait.
//!
//! # The policy
//!
//! [`Policy::STRICT`] is the default; change single choices by `Policy { late_data: LateData::Discard, ..Policy::STRICT }`.
//!
//! | choice | default | what it means |
//! | --- | --- | --- |
//! | `missing_notify` | [`Refuse`](MissingNotify::Refuse) | an end without close_notify is an error, wherever the framing stands |
//! | `late_data` | [`Deliver`](LateData::Deliver) | data that comes behind our close_notify can still be read |
//! | `reply` | [`Discard`](Reply::Discard) | up to TLS 1.2 the peer's close_notify is answered at once; what is pending is dropped and counted |
//! | `fatal_notify` | [`Error`](FatalNotify::Error) | up to TLS 1.2 a close_notify at level fatal is an error |
//! | `resumption` | [`Tls`](ResumptionRule::Tls) | the TLS version says whether the session may be resumed |
//! | `peer_closes` | [`AnyTime`](PeerCloses::AnyTime) | the peer may close first: its close_notify proves nothing about our data |
//! | `warnings` | 4 | one warning alert more is refused |
//! | `drain_budget` | 256 KiB | more than that of the peer behind our close ends the wait, and the close is not clean |
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
//! | a step that cannot follow ([`Error::Misuse`]), a manner that `close` does not take | `InvalidInput` |
//! | a rejection without [`provider`] whose alert keys would have to seal | `Unsupported` |
//!
//! # Limits
//!
//! * Without the hook of [`provider`]: see [`Session::is_hooked`].
//! * 0-RTT data is not read: the core has its events, rustls hands it out beside the stream.
//! * Without a guard ([`ClientGuard`], [`ServerGuard`]) no session is forgotten: rustls resumes those of a connection
//!   that ended in a fatal alert.
#![forbid(unsafe_code)]

mod connect;
mod driver;
mod dropped;
mod engine;
mod error;
mod forget;
mod hook;
mod inbox;
mod line;
mod lingering;
mod outbox;
mod pipe;
mod resumption;
mod session;
#[cfg(unix)]
mod socket;
#[cfg(unix)]
mod split;
mod stream;
mod tls;
#[cfg(feature = "tokio")]
pub mod tokio;
mod transport;
mod wrap;

pub use close_notify_core::{
    AlertDescription, AlertLevel, CoalescedAlerts, Delivery, Ending, Event, FatalNotify, FirstCloser,
    FragmentedAlert, FramingState, Illegal, LateData, Machine, Manner, MissingNotify, NotSent, Output,
    PeerCloses, Policy, ReadEnd, Reply, Resumption, ResumptionRule, Role, Rule, Severity, UnknownAlert,
    UserCanceled, Version, WriteEnd,
};
pub use close_notify_framing as framing;
pub use close_notify_linger as linger;
pub use connect::{Acceptor, Connector};
pub use driver::Acceptance;
pub use error::{Error, FindEnding};
pub use forget::ForgetSession;
pub use hook::provider;
pub use pipe::Pipe;
pub use resumption::{ClientForget, ClientGuard, ServerForget, ServerGuard};
pub use session::{Progress, Received, Session, Step};
#[cfg(unix)]
pub use split::{Handle, ReadHalf, Socket, WriteHalf};
pub use stream::Stream;
pub use tls::Tls;
pub use transport::Transport;
pub use wrap::WithEnding;
