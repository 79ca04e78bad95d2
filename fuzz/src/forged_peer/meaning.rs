//! What an authentic record means to a TLS endpoint once the handshake is done: data, alerts, a
//! message, or a violation.
//!
//! Written from the standards, apart from the core and from the adapters. Leaves to the reference
//! what follows from it.
//! Sources: RFC 9846 §4.6, §5.1, §5.2, §5.4; RFC 5246 §6.2.1, §7.4.1.1. Where a standard leaves an
//! endpoint the choice to end the connection, the record is one that it may refuse, and either
//! answer is right.

use close_notify::{Role, Version};
use insecure_test_crypto::{ALERT, APPLICATION_DATA, HANDSHAKE};

/// The most that a record may hold.
const FRAGMENT: usize = 1 << 14;
const LONGEST_MESSAGE: usize = 0xffff;
/// The longest alert record that an adapter of ours reads; no known stack sends one with two
/// alerts.
const ALERTS: usize = 16;
/// So many records in a row that bring nothing are no flood to anybody.
const CALM: u32 = 32;

const HELLO_REQUEST: u8 = 0;
const CLIENT_HELLO: u8 = 1;
const NEW_SESSION_TICKET: u8 = 4;
const KEY_UPDATE: u8 = 24;

/// A NewSessionTicket of TLS 1.3: lifetime, age, nonce, ticket, no extensions (RFC 9846 §4.6.1).
pub(crate) const TICKET: [u8; 22] =
    [NEW_SESSION_TICKET, 0, 0, 18, 0, 0, 1, 0, 0, 0, 0, 7, 1, 9, 0, 4, 1, 2, 3, 4, 0, 0];

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Means {
    /// Application data, so many bytes of it.
    Data(usize),
    /// Alerts, or parts of them: its payload, and how long it is.
    Alerts([u8; ALERTS], usize),
    /// A message, whole or in part, that asks nothing of the closing.
    Message,
    /// Nothing that may stand here.
    Violation,
}

/// What a record is, and what an endpoint may make of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Meaning {
    pub(crate) means: Means,
    /// An endpoint may end the connection for it as well.
    pub(crate) may_refuse: bool,
    /// What comes behind it is sealed with the next keys.
    pub(crate) renews_keys: bool,
}

impl Meaning {
    pub(crate) const VIOLATION: Self = Self::plain(Means::Violation);

    const fn plain(means: Means) -> Self {
        Self { means, may_refuse: false, renews_keys: false }
    }
}

/// One direction of an endpoint, as far as records depend on those before them.
#[derive(Debug)]
pub(crate) struct Endpoint {
    version: Version,
    role: Role,
    /// The beginning of a handshake message.
    part: Vec<u8>,
    /// Records in a row that brought nothing.
    idle: u32,
    requests: u32,
    /// The ClientHello of this connection: one that can be read.
    hello: &'static [u8],
}

impl Endpoint {
    pub(crate) const fn new(version: Version, role: Role, hello: &'static [u8]) -> Self {
        Self { version, role, part: Vec::new(), idle: 0, requests: 0, hello }
    }

    const fn is_13(&self) -> bool {
        self.version.has_independent_halves()
    }

    /// What an authentic record of this type and payload means.
    pub(crate) fn hear(&mut self, content: u8, payload: &[u8]) -> Meaning {
        let (content, payload) = match self.unpadded(content, payload) {
            Some((content, payload)) if payload.len() <= FRAGMENT => (content, payload),
            // RFC 9846 §5.2, §5.4; RFC 5246 §6.2.1
            Some(_) | None => return Meaning::VIOLATION,
        };
        let is_inside_message = !self.part.is_empty();
        self.idle = if payload.is_empty() || content == ALERT { self.idle + 1 } else { 0 };
        let mut meaning = match content {
            // RFC 9846 §5.1: nothing between the parts of a message; no stack waits for one
            APPLICATION_DATA | ALERT if is_inside_message => Meaning::VIOLATION,
            // RFC 9846 §5.1: an empty one may hide how much is said, and says nothing
            APPLICATION_DATA if payload.is_empty() => Meaning::plain(Means::Message),
            APPLICATION_DATA => Meaning::plain(Means::Data(payload.len())),
            ALERT => alert(payload),
            HANDSHAKE => self.handshake(payload),
            // RFC 9846 §5: a change_cipher_spec behind the handshake too
            _ => Meaning::VIOLATION,
        };
        meaning.may_refuse |= self.idle > CALM;
        meaning
    }

    // RFC 9846 §5.2, §5.4: the type is the last byte that is not zero
    fn unpadded<'a>(&self, content: u8, payload: &'a [u8]) -> Option<(u8, &'a [u8])> {
        if !self.is_13() || content != 0 {
            return Some((content, payload));
        }
        let at = payload.iter().rposition(|&byte| byte != 0).filter(|_| payload.len() <= FRAGMENT)?;
        Some((payload[at], &payload[..at]))
    }

    fn handshake(&mut self, payload: &[u8]) -> Meaning {
        self.part.extend_from_slice(payload);
        // RFC 9846 §5.4 refuses an empty one; rustls reads on
        let mut meaning = Meaning::plain(Means::Message);
        while let Some((&[kind, a, b, c], rest)) = self.part.split_first_chunk() {
            let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
            // Longer than any message that may come here, if not than every one that can be
            // written.
            if length > LONGEST_MESSAGE {
                return Meaning::VIOLATION;
            }
            if rest.len() < length {
                break;
            }
            let is_last = rest.len() == length;
            let message = self.part[..4 + length].to_vec();
            self.part.drain(..4 + length);
            if !self.takes(kind, &message, is_last) {
                return Meaning::VIOLATION;
            }
            meaning.renews_keys |= kind == KEY_UPDATE;
            meaning.may_refuse |= self.requests > 1;
        }
        meaning
    }

    /// Whether this message may come behind the handshake.
    fn takes(&mut self, kind: u8, message: &[u8], is_last: bool) -> bool {
        match (kind, self.role) {
            // RFC 9846 §4.6.3, and §5.1: a change of keys stands at the end of a record
            (KEY_UPDATE, _) if self.is_13() => is_last && matches!(message[4..], [0 | 1]),
            // RFC 9846 §4.6.1
            (NEW_SESSION_TICKET, Role::Client) if self.is_13() => message == TICKET,
            // RFC 5246 §7.4.1.1, §7.4.1.2: may be ignored, or answered with no_renegotiation
            (HELLO_REQUEST, Role::Client) if !self.is_13() => {
                self.requests += 1;
                message.len() == 4
            }
            (CLIENT_HELLO, Role::Server) if !self.is_13() => {
                self.requests += 1;
                message == self.hello
            }
            _ => false,
        }
    }
}

fn alert(payload: &[u8]) -> Meaning {
    let mut bytes = [0; ALERTS];
    let Some(place) = bytes.get_mut(..payload.len()) else { return Meaning::VIOLATION };
    place.copy_from_slice(payload);
    Meaning::plain(Means::Alerts(bytes, payload.len()))
}
