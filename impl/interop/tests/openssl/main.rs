//! Ends of connections whose other end is OpenSSL, over loopback: TLS 1.2 and 1.3, our end a client
//! and a server, over blocking sockets and over tokio.
//!
//! Decides nothing: what each side must see is written from the duty above each test. OpenSSL's own
//! words are taken as `SSL_read`, `SSL_shutdown` and its error stack give them.
#![allow(clippy::unwrap_used, reason = "helpers of tests: clippy knows the tests alone")]

mod alerts;
mod close;
mod cut;
mod half_close;
mod hand_back;
mod lab;
mod ours;
mod peer;
mod resumption;
