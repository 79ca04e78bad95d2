//! Both directions of one connection: which request a response answers, and when another protocol
//! takes over.
//!
//! Sources: RFC 9112 §6.3, §9.2, §9.3.2, §9.5; RFC 9110 §7.8, §9.3.6, §10.1.1.

use std::collections::VecDeque;

use close_notify_core::FramingState;

use super::BothLengths;
use super::body::Body;
use super::messages::{After, Kind, Messages, Wrong};
use super::section::{Head, Length, Method, Start};
use crate::fault::{Fault, Way, What};
use crate::framing::Framing;

/// How long a header section may be by default.
pub(super) const LIMIT: usize = 64 * 1024;
/// How many requests may have no response yet.
const OUTSTANDING: usize = 1024;

#[derive(Clone, Debug)]
pub(super) struct Exchange<N> {
    received: Messages,
    sent: Messages,
    outstanding: Outstanding,
    /// The tracker of the next protocol.
    next: N,
    has_switched: bool,
    fault: Option<Fault>,
}

/// The requests whose final responses have not begun.
#[derive(Clone, Debug)]
struct Outstanding {
    methods: VecDeque<Method>,
    /// The tracker is not given our answers.
    is_unanswered: bool,
    /// Whether the last request is one.
    is_connect: bool,
    expectation: Expectation,
}

/// The state of `Expect: 100-continue`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expectation {
    /// There is none, or it was met.
    None,
    Waits,
    /// A final status came in place of 100.
    Refused,
}

impl Outstanding {
    fn ask(&mut self, method: Method) -> Result<(), What> {
        if self.methods.len() < OUTSTANDING {
            self.methods.push_back(method);
            Ok(())
        } else if self.is_unanswered {
            Ok(())
        } else {
            Err(What::TooManyOutstanding)
        }
    }

    fn decide(&mut self, head: Head) -> Result<After, What> {
        match head.start {
            Start::Request { method, expects_continue } => {
                self.ask(method)?;
                self.is_connect = method == Method::Connect;
                self.expectation = if expects_continue { Expectation::Waits } else { Expectation::None };
                match head.length? {
                    Length::Unsaid | Length::Known(0) => Ok(After::Message),
                    Length::Known(length) => Ok(After::Content(Body::Length(length))),
                    Length::Chunked => Ok(After::Content(Body::CHUNKED)),
                    // RFC 9112 §6.3: the end of the connection does not end a request
                    Length::OtherCoding => Err(What::TransferEncoding),
                }
            }
            // RFC 9110 §15.2: interim responses, except 101, which is the last response
            Start::Response(status @ 100..=199) if status != 101 => {
                // RFC 9112 §9.3.2: it answers the first request, which may also be the last
                if status == 100 && self.methods.len() == 1 {
                    self.expectation = Expectation::None;
                }
                Ok(After::Message)
            }
            Start::Response(status) => {
                let method = self.methods.pop_front().unwrap_or(Method::Other);
                if self.methods.is_empty() && self.expectation == Expectation::Waits {
                    self.expectation = Expectation::Refused;
                }
                content_of(method, status, head.length)
            }
        }
    }
}

/// RFC 9112 §6.3, in its order.
fn content_of(method: Method, status: u16, length: Result<Length, What>) -> Result<After, What> {
    match (method, status) {
        (_, 101) | (Method::Connect, 200..=299) => Ok(After::Tunnel),
        (Method::Head, _) | (_, 204 | 304) => Ok(After::Message),
        (Method::Connect | Method::Other, _) => match length? {
            Length::Known(0) => Ok(After::Message),
            Length::Known(length) => Ok(After::Content(Body::Length(length))),
            Length::Chunked => Ok(After::Content(Body::CHUNKED)),
            Length::Unsaid | Length::OtherCoding => Ok(After::Content(Body::UntilEnd)),
        },
    }
}

impl<N> Exchange<N> {
    pub(super) const fn new(received: Kind, next: N) -> Self {
        let sent = match received {
            Kind::Requests => Kind::Responses,
            Kind::Responses => Kind::Requests,
        };
        Self {
            received: Messages::new(received, LIMIT),
            sent: Messages::new(sent, LIMIT),
            outstanding: Outstanding {
                methods: VecDeque::new(),
                is_unanswered: matches!(received, Kind::Requests),
                is_connect: false,
                expectation: Expectation::None,
            },
            next,
            has_switched: false,
            fault: None,
        }
    }

    pub(super) const fn set_limit(&mut self, limit: usize) {
        self.received.set_limit(limit);
        self.sent.set_limit(limit);
    }

    pub(super) const fn set_both_lengths(&mut self, both_lengths: BothLengths) {
        self.received.set_both_lengths(both_lengths);
        self.sent.set_both_lengths(both_lengths);
    }

    pub(super) fn then<M>(self, next: M) -> Exchange<M> {
        let Self { received, sent, outstanding, next: _, has_switched, fault } = self;
        Exchange { received, sent, outstanding, next, has_switched, fault }
    }

    pub(super) fn ask(&mut self, method: &str) {
        if let Err(what) = self.outstanding.ask(Method::named(method)) {
            self.lose(Way::Sent, (what, self.sent.offset));
        }
    }

    pub(super) fn owed(&self) -> usize {
        self.outstanding.methods.len()
    }

    /// Whether the peer owes a response.
    fn is_owed(&self) -> bool {
        self.received.kind == Kind::Responses && self.owed() > 0
    }

    /// Whether we sent a final status in place of 100, and none of the content has come.
    fn is_content_refused(&self) -> bool {
        self.received.kind == Kind::Requests
            && self.received.awaits_content()
            && self.outstanding.expectation == Expectation::Refused
    }

    pub(super) const fn is_tunnel(&self) -> bool {
        self.received.is_tunnel()
    }

    pub(super) const fn next(&self) -> &N {
        &self.next
    }

    /// Begins the next protocol: here in the responses, and in the requests after the one that is
    /// not whole.
    pub(super) fn switch(&mut self) {
        if self.has_switched || self.fault.is_some() {
            return;
        }
        self.has_switched = true;
        // RFC 9110 §7.8: the rest of the request comes before the next protocol
        self.outstanding.expectation = Expectation::None;
        let (requests, responses) = match self.received.kind {
            Kind::Requests => (&mut self.received, &mut self.sent),
            Kind::Responses => (&mut self.sent, &mut self.received),
        };
        responses.switch(false);
        // RFC 9110 §9.3.6: CONNECT has no content
        let is_whole = requests.switch(!self.outstanding.is_connect);
        if !is_whole && self.received.kind == Kind::Requests {
            self.lose(Way::Received, (What::BeforeAnswer, self.received.released));
        }
    }

    fn lose(&mut self, way: Way, (what, offset): Wrong) {
        self.fault.get_or_insert(Fault { what, way, offset });
    }
}

impl<N: Framing> Framing for Exchange<N> {
    fn received(&mut self, bytes: &[u8]) {
        if self.fault().is_some() {
            return;
        }
        let taken = match self.received.take(bytes, &mut |head| self.outstanding.decide(head)) {
            Ok(taken) => taken,
            Err(wrong) => return self.lose(Way::Received, wrong),
        };
        if self.received.is_tunnel() {
            self.switch();
            if taken < bytes.len() {
                self.next.received(&bytes[taken..]);
            }
        }
    }

    fn sent(&mut self, bytes: &[u8]) {
        if self.fault().is_some() {
            return;
        }
        if !self.sent.is_tunnel() {
            if self.outstanding.methods.len() == OUTSTANDING && self.outstanding.is_unanswered {
                // It is no longer known which request an answer is for.
                return;
            }
            self.outstanding.is_unanswered = false;
        }
        let taken = match self.sent.take(bytes, &mut |head| self.outstanding.decide(head)) {
            Ok(taken) => taken,
            Err(wrong) => return self.lose(Way::Sent, wrong),
        };
        if !self.sent.is_tunnel() {
            return;
        }
        if !self.has_switched {
            self.switch();
            if !self.outstanding.methods.is_empty() {
                // Other requests were read after the one that switched.
                self.lose(Way::Received, (What::BeforeAnswer, self.received.released));
            }
        }
        if taken < bytes.len() {
            self.next.sent(&bytes[taken..]);
        }
    }

    fn state(&self) -> FramingState {
        if self.fault.is_some() {
            FramingState::InsideMessage
        } else if self.received.is_tunnel() {
            self.next.state()
        } else {
            match self.received.state() {
                FramingState::BetweenMessages if self.is_owed() => FramingState::InsideMessage,
                FramingState::InsideMessage if self.is_content_refused() => FramingState::BetweenMessages,
                state => state,
            }
        }
    }

    fn fault(&self) -> Option<Fault> {
        let beneath = self.has_switched.then(|| self.next.fault()).flatten().map(|fault| {
            let before = match fault.way {
                Way::Received => self.received.offset,
                Way::Sent => self.sent.offset,
            };
            Fault { offset: before.saturating_add(fault.offset), ..fault }
        });
        self.fault.or(beneath)
    }

    // RFC 9112 §8 · http-headers-cut
    fn releasable(&self) -> u64 {
        let is_early = self.fault.is_some_and(|fault| fault.way == Way::Received);
        if self.received.is_tunnel() && !is_early {
            self.received.offset.saturating_add(self.next.releasable())
        } else {
            self.received.released
        }
    }
}
