//! HTTP/1: requests and responses, by length, by chunks, or by the end of the connection.
//!
//! Decides where a message ends. Leaves to the application what a message says, whether a connection is kept, and
//! whether it asks again for a response that did not come.
//!
//! What it cannot follow for certain it does not follow: Content-Length beside Transfer-Encoding, two lengths that
//! differ, a transfer coding in HTTP/1.0. Such a message is a fault in whichever direction it goes.
//!
//! Sources: RFC 9112 · http-headers-cut, http-complete-by-length, http-incomplete-is-error,
//! http-close-delimited-needs-notify; RFC 9110 §7.8, §9.3, §15.

mod body;
mod exchange;
mod messages;
mod section;

use close_notify_core::FramingState;

use crate::fault::Fault;
use crate::framing::{DelimitedByEnd, Framing};
use exchange::Exchange;
use messages::Kind;

/// Responses, as a client receives them.
///
/// A request whose final response has not begun is owed one: it stands inside a message then, for what an end would cut
/// off is a whole response. That is what tells an idle connection from one in use.
///
/// Shape: [`sent`](Framing::sent) is told our requests, or [`ask`](Self::ask) their methods, before their responses
/// are received: a response to HEAD or CONNECT ends otherwise than it says. Untold, every request counts as a GET, and
/// none as owed.
///
/// ```
/// use close_notify_framing::{Framing, FramingState, http::Responses};
/// let mut tracker = Responses::new();
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// tracker.sent(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b"o");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
///
/// tracker.ask("GET"); // where `sent` is not told
/// tracker.received(b"HTTP/1.1 200 OK\r\n\r\nuntil the end");
/// assert_eq!(tracker.state(), FramingState::DelimitedByEnd);
/// ```
#[derive(Clone, Debug)]
pub struct Responses<N = DelimitedByEnd> {
    exchange: Exchange<N>,
}

/// Requests, as a server receives them.
///
/// Shape: [`sent`](Framing::sent) is told our responses, so that it knows which of them switch protocols (101, or 2xx
/// to CONNECT); or [`switch`](Self::switch) says so. A client that uses the next protocol before it was allowed to is a
/// fault.
///
/// ```
/// use close_notify_framing::{Framing, FramingState, http::Requests};
/// let mut tracker = Requests::new();
/// tracker.received(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b"\r\n");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Debug)]
pub struct Requests<N = DelimitedByEnd> {
    exchange: Exchange<N>,
}

impl Responses {
    /// Responses from the first on, with header sections of at most 64 KiB. A tunnel is delimited by its end.
    #[must_use]
    pub const fn new() -> Self {
        Self { exchange: Exchange::new(Kind::Responses, DelimitedByEnd) }
    }
}

impl Requests {
    /// Requests from the first on, with header sections of at most 64 KiB. A tunnel is delimited by its end.
    #[must_use]
    pub const fn new() -> Self {
        Self { exchange: Exchange::new(Kind::Requests, DelimitedByEnd) }
    }
}

impl<N> Responses<N> {
    /// A request with this method is on its way. Not for those that [`sent`](Framing::sent) is told.
    pub fn ask(&mut self, method: &str) {
        self.exchange.ask(method);
    }

    /// How many requests there are whose final response has not begun.
    #[must_use]
    pub fn owed(&self) -> usize {
        self.exchange.owed()
    }
}

impl<N> Requests<N> {
    /// The next protocol begins, in both directions: behind a 101, or a 2xx to CONNECT, that `sent` was not told.
    pub fn switch(&mut self) {
        self.exchange.switch();
    }
}

macro_rules! both {
    ($($Name:ident),+) => { $(
        impl Default for $Name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<N> $Name<N> {
            /// What takes over behind a 101, or a 2xx to CONNECT.
            ///
            /// Shape: before the first byte.
            ///
            /// ```
            /// use close_notify_framing::{http, websocket};
            /// let client = http::Responses::new().then(websocket::Frames::of_server());
            /// let server = http::Requests::new().then(websocket::Frames::of_client());
            /// assert!(!client.is_switched() && !server.is_switched());
            /// ```
            #[must_use]
            pub fn then<M: Framing>(self, next: M) -> $Name<M> {
                $Name { exchange: self.exchange.then(next) }
            }

            /// Header sections, in either direction, may have at most so many bytes.
            ///
            /// Shape: before the first byte.
            #[must_use]
            pub fn with_limit(mut self, bytes: usize) -> Self {
                self.exchange.set_limit(bytes);
                self
            }

            /// Whether the next protocol has taken over.
            #[must_use]
            pub const fn is_switched(&self) -> bool {
                self.exchange.is_tunnel()
            }

            /// The tracker of the next protocol.
            #[must_use]
            pub const fn next(&self) -> &N {
                self.exchange.next()
            }
        }

        impl<N: Framing> Framing for $Name<N> {
            fn received(&mut self, bytes: &[u8]) {
                self.exchange.received(bytes);
            }

            fn sent(&mut self, bytes: &[u8]) {
                self.exchange.sent(bytes);
            }

            fn state(&self) -> FramingState {
                self.exchange.state()
            }

            fn fault(&self) -> Option<Fault> {
                self.exchange.fault()
            }

            fn releasable(&self) -> u64 {
                self.exchange.releasable()
            }
        }
    )+ };
}
both!(Responses, Requests);
