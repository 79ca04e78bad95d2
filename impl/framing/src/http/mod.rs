//! HTTP/1: requests and responses, by length, by chunks, or by the end of the connection.
//!
//! Decides where a message ends. Leaves to the application what a message means, whether a
//! connection is kept, and whether to repeat a request whose response did not come.
//!
//! A message whose end is not certain is a fault, in either direction:
//!
//! | a message with | is | by RFC 9112 |
//! | --- | --- | --- |
//! | Content-Length beside Transfer-Encoding | a fault, unless [`BothLengths`] says otherwise | §6.1, §6.3 |
//! | two lengths that differ, or one that is not a length | a fault | §6.3 |
//! | one length several times: `5, 5` | followed | §6.3 |
//! | Transfer-Encoding, in HTTP/1.0 | a fault | §6.1 |
//! | chunked twice, or with parameters | a fault | §6.1, §7.1 |
//! | another coding last, as a request | a fault | §6.3 |
//! | another coding last, as a response | delimited by the end of the connection | §6.3 |
//! | an unknown coding before chunked | followed | §6.3 |
//!
//! Sources: RFC 9112 · http-headers-cut, http-complete-by-length, http-incomplete-is-error,
//! http-close-delimited-needs-notify; RFC 9110 §7.8, §9.3, §10.1.1, §15.

mod body;
mod exchange;
mod messages;
mod section;

use close_notify_core::FramingState;

use crate::fault::Fault;
use crate::framing::{DelimitedByEnd, Framing};
use exchange::Exchange;
use messages::Kind;

/// What to do with a message that has a Content-Length beside its Transfer-Encoding.
///
/// In RFC 9112 §6.3 Transfer-Encoding overrides Content-Length, but the section warns that such a
/// message ought to be handled as an error. Another recipient on the path may use the
/// Content-Length, and find the start of the next message elsewhere. That is how a request is
/// smuggled (§11.2) and how a response is split (§11.1). So [`Refuse`](Self::Refuse) is the
/// default. The other choice is for a peer that is known to send both. The connection must not be
/// used again after such a message: a server closes it after its response (§6.1), and a client
/// sends no further request on it.
///
/// HTTP/1.0 has no Transfer-Encoding, so an HTTP/1.0 message with both is a fault with either
/// choice (§6.1).
///
/// ```
/// # use close_notify_framing::http::{BothLengths, Responses};
/// # use close_notify_framing::{Framing, FramingState, What};
/// let response =
///     b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
/// let mut strict = Responses::new();
/// strict.received(response);
/// assert_eq!(strict.fault().map(|fault| fault.what), Some(What::LengthAndCoding));
///
/// let mut tracker = Responses::new().both_lengths(BothLengths::TransferEncodingOverrides);
/// tracker.received(response);
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum BothLengths {
    /// The message is a fault.
    #[default]
    Refuse,
    /// The message ends where its Transfer-Encoding says, whatever the Content-Length is.
    TransferEncodingOverrides,
}

/// Responses, as a client receives them.
///
/// A request whose final response has not begun is owed one. The tracker is inside a message then,
/// because an end would cut off a whole response. This separates an idle connection from one in
/// use, once our own request is sent whole; a response may come before that. After a final status
/// in place of 100 (`Expect: 100-continue`) the content of our request is still due. If it is not
/// sent, the connection can carry no other request, because the server would read that as content.
///
/// Before a response is received, pass its request to [`sent`](Framing::sent), or its method to
/// [`ask`](Self::ask): a response to HEAD or CONNECT does not end where its fields say. If the
/// tracker gets neither, every request counts as a GET, and no response is owed.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, http::Responses};
/// let mut tracker = Responses::new();
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// tracker.sent(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b"o");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
///
/// tracker.ask("GET"); // if `sent` is not called
/// tracker.received(b"HTTP/1.1 200 OK\r\n\r\nuntil the end");
/// assert_eq!(tracker.state(), FramingState::DelimitedByEnd);
/// ```
#[derive(Clone, Debug)]
pub struct Responses<N = DelimitedByEnd> {
    exchange: Exchange<N>,
}

/// Requests, as a server receives them.
///
/// Pass our responses to [`sent`](Framing::sent), so that the tracker knows which of them switch
/// protocols (101, or 2xx to CONNECT); or call [`switch`](Self::switch). If a client uses the next
/// protocol before that was allowed, it is a fault. Content that is due comes before the next
/// protocol.
///
/// # A request without its content
///
/// After a final status to `Expect: 100-continue` a client may leave out the content (RFC 9110
/// §10.1.1). Then nothing more is due, and the tracker is between two messages. If bytes come even
/// so, they are that content, never the next request: the tracker is inside a message until the
/// content is whole.
///
/// In every other case a request without its content is cut, whatever was answered: after 100,
/// which asked for the content; in the middle of the content, if a client stops because it was
/// answered (RFC 9112 §9.5); without the expectation; in HTTP/1.0, which has none; and if `sent`
/// was not called.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, http::Requests};
/// let mut tracker = Requests::new();
/// tracker.received(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.sent(
///     b"HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
/// );
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
///
/// # Examples
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, http::Requests};
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
    /// A tracker of responses, from the first on, with header sections of at most 64 KiB. A tunnel
    /// is delimited by its end.
    #[must_use]
    pub const fn new() -> Self {
        Self { exchange: Exchange::new(Kind::Responses, DelimitedByEnd) }
    }
}

impl Requests {
    /// A tracker of requests, from the first on, with header sections of at most 64 KiB. A tunnel
    /// is delimited by its end.
    #[must_use]
    pub const fn new() -> Self {
        Self { exchange: Exchange::new(Kind::Requests, DelimitedByEnd) }
    }
}

impl<N> Responses<N> {
    /// Records that a request with this method is on its way. Do not call it for requests that are
    /// passed to [`sent`](Framing::sent).
    pub fn ask(&mut self, method: &str) {
        self.exchange.ask(method);
    }

    /// The number of requests whose final response has not begun.
    #[must_use]
    pub fn owed(&self) -> usize {
        self.exchange.owed()
    }
}

impl<N> Requests<N> {
    /// Begins the next protocol, in both directions. Call it after a 101, or a 2xx to CONNECT, that
    /// was not passed to `sent`.
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
            /// Sets the tracker that takes over after a 101, or a 2xx to CONNECT.
            ///
            /// Call it before the first byte.
            ///
            /// ```
            /// # use close_notify_framing::{http, websocket};
            /// let client = http::Responses::new().then(websocket::Frames::of_server());
            /// let server = http::Requests::new().then(websocket::Frames::of_client());
            /// assert!(!client.is_switched() && !server.is_switched());
            /// ```
            #[must_use]
            pub fn then<M: Framing>(self, next: M) -> $Name<M> {
                $Name { exchange: self.exchange.then(next) }
            }

            /// Limits header sections, in either direction, to `bytes` bytes.
            ///
            /// Call it before the first byte.
            #[must_use]
            pub fn with_limit(mut self, bytes: usize) -> Self {
                self.exchange.set_limit(bytes);
                self
            }

            /// Sets what to do with a message, in either direction, that has both a Content-Length
            /// and a Transfer-Encoding.
            ///
            /// Call it before the first byte.
            #[must_use]
            pub const fn both_lengths(mut self, choice: BothLengths) -> Self {
                self.exchange.set_both_lengths(choice);
                self
            }

            /// Whether the next protocol has taken over, in what is received.
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
