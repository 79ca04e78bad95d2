//! Ends of connections whose other end is OpenSSL, over loopback: TLS 1.2 and 1.3, our end a client
//! and a server, over blocking sockets and over tokio.
//!
//! Decides nothing: the duty above each test gives what each side must see. OpenSSL's results are
//! taken as `SSL_read`, `SSL_shutdown` and its error stack give them.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod alerts;
mod close;
mod cut;
mod half_close;
mod hand_back;
mod lab;
mod ours;
mod peer;
mod resumption;
