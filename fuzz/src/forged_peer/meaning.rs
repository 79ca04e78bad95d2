//! What an authentic record means to a TLS endpoint after the handshake: data, alerts, a message,
//! or a violation.
//!
//! Written from the standards, independently of the core and of the adapters. The reference decides
//! what follows from a record. If a standard lets an endpoint choose to end the connection, the
//! endpoint may refuse the record, and either answer is right.
//! Sources: RFC 9846 §4.6, §5.1, §5.2, §5.4; RFC 5246 §6.2.1, §7.4.1.1.

use close_notify::{Role, Version};
use insecure_test_crypto::{ALERT, APPLICATION_DATA, HANDSHAKE};

/// The most bytes that a record may hold.
const FRAGMENT: usize = 1 << 14;
const LONGEST_MESSAGE: usize = 0xffff;
/// The longest alert record that our adapters read; no known stack sends one with two alerts.
const ALERTS: usize = 16;
/// No endpoint takes this many records in a row without content for a flood.
const CALM: u32 = 32;

const HELLO_REQUEST: u8 = 0;
const CLIENT_HELLO: u8 = 1;
const NEW_SESSION_TICKET: u8 = 4;
const KEY_UPDATE: u8 = 24;

/// A NewSessionTicket of TLS 1.3: lifetime, age, nonce, ticket, no extensions (RFC 9846 §4.6.1).
pub(crate) const TICKET: [u8; 22] =
    [NEW_SESSION_TICKET, 0, 0, 18, 0, 0, 1, 0, 0, 0, 0, 7, 1, 9, 0, 4, 1, 2, 3, 4, 0, 0];

/// The kind of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Means {
    /// Application data of this many bytes.
    Data(usize),
    /// Alerts, or parts of them: the payload, and its length.
    Alerts([u8; ALERTS], usize),
    /// A message, whole or in part, that has no effect on closing.
    Message,
    /// A record that is not allowed here.
    Violation,
}

/// The kind of a record, and how an endpoint may treat it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Meaning {
    pub(crate) means: Means,
    /// An endpoint may also end the connection because of it.
    pub(crate) may_refuse: bool,
    /// The records after it are sealed with the next keys.
    pub(crate) renews_keys: bool,
}

impl Meaning {
    pub(crate) const VIOLATION: Self = Self::plain(Means::Violation);

    const fn plain(means: Means) -> Self {
        Self { means, may_refuse: false, renews_keys: false }
    }
}

/// The state of one direction that a record's meaning depends on.
#[derive(Debug)]
pub(crate) struct Endpoint {
    version: Version,
    role: Role,
    /// The beginning of a handshake message.
    part: Vec<u8>,
    /// Records in a row without content.
    idle: u32,
    requests: u32,
    /// The ClientHello of this connection: the only one that counts as readable.
    hello: &'static [u8],
}

impl Endpoint {
    pub(crate) const fn new(version: Version, role: Role, hello: &'static [u8]) -> Self {
        Self { version, role, part: Vec::new(), idle: 0, requests: 0, hello }
    }

    const fn is_13(&self) -> bool {
        self.version.has_independent_halves()
    }

    /// The meaning of an authentic record of this type and payload.
    pub(crate) fn hear(&mut self, content: u8, payload: &[u8]) -> Meaning {
        let (content, payload) = match self.unpadded(content, payload) {
            Some((content, payload)) if payload.len() <= FRAGMENT => (content, payload),
            // RFC 9846 §5.2, §5.4; RFC 5246 §6.2.1
            Some(_) | None => return Meaning::VIOLATION,
        };
        let is_inside_message = !self.part.is_empty();
        self.idle = if payload.is_empty() || content == ALERT { self.idle + 1 } else { 0 };
        let mut meaning = match content {
            // RFC 9846 §5.1: nothing may come between the parts of a message; no stack waits for
            // the rest
            APPLICATION_DATA | ALERT if is_inside_message => Meaning::VIOLATION,
            // RFC 9846 §5.1: an empty record may hide the amount of traffic; it holds no data
            APPLICATION_DATA if payload.is_empty() => Meaning::plain(Means::Message),
            APPLICATION_DATA => Meaning::plain(Means::Data(payload.len())),
            ALERT => alert(payload),
            HANDSHAKE => self.handshake(payload),
            // RFC 9846 §5: including a change_cipher_spec after the handshake
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
        // RFC 9846 §5.4 refuses an empty record; rustls reads on
        let mut meaning = Meaning::plain(Means::Message);
        while let Some((&[kind, a, b, c], rest)) = self.part.split_first_chunk() {
            let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
            // Longer than any message that may come here, though a header can state more.
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

    /// Whether this message may come after the handshake.
    fn takes(&mut self, kind: u8, message: &[u8], is_last: bool) -> bool {
        match (kind, self.role) {
            // RFC 9846 §4.6.3, and §5.1: a change of keys must be at the end of a record
            (KEY_UPDATE, _) if self.is_13() => is_last && matches!(message[4..], [0 | 1]),
            // RFC 9846 §4.6.1
            (NEW_SESSION_TICKET, Role::Client) if self.is_13() => message == TICKET,
            // RFC 5246 §7.4.1.1, §7.4.1.2: it may be ignored, or answered with no_renegotiation
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
