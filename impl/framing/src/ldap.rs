//! LDAP: messages in BER.
//!
//! Decides where an LDAPMessage ends. Leaves its content to the application.
//!
//! Sources: RFC 4511 §4.1.1, §5.1; ITU-T X.690 §8.1.

use crate::fault::What;
use crate::walk::{Walk, Walker, skip, tracker};

/// A universal, constructed SEQUENCE.
const SEQUENCE: u8 = 0x30;
/// X.690 §8.1.3.6: the length is not given. RFC 4511 §5.1 forbids it.
const INDEFINITE: u8 = 0x80;

/// LDAP messages, in either direction.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, ldap::Messages};
/// let mut tracker = Messages::new(1 << 20);
/// tracker.received(&[0x30, 0x05, 0x02, 0x01, 0x01, 0x42]);
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(&[0x00]); // an unbind request
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Debug)]
pub struct Messages {
    walker: Walker<Ber>,
}

impl Messages {
    /// A tracker of messages with at most `max` bytes of content.
    #[must_use]
    pub const fn new(max: u64) -> Self {
        Self { walker: Walker::new(Ber { max, at: At::Tag }) }
    }
}

tracker!(Messages);

#[derive(Clone, Debug)]
struct Ber {
    max: u64,
    at: At,
}

#[derive(Clone, Copy, Debug)]
enum At {
    Tag,
    Length,
    LongLength { octets: u8, value: u64 },
    Content { left: u64 },
}

impl Ber {
    const fn content(&self, left: u64) -> Result<At, What> {
        if left > self.max {
            return Err(What::TooLong);
        }
        Ok(if left == 0 { At::Tag } else { At::Content { left } })
    }

    const fn next(&self, byte: u8) -> Result<At, What> {
        match self.at {
            At::Tag if byte == SEQUENCE => Ok(At::Length),
            At::Tag => Err(What::Tag),
            At::Length if byte < INDEFINITE => self.content(byte as u64),
            // X.690 §8.1.3.5: 0xff is reserved
            At::Length if byte == INDEFINITE || byte == 0xff => Err(What::LengthForm),
            At::Length => Ok(At::LongLength { octets: byte & 0x7f, value: 0 }),
            At::LongLength { octets, value } => {
                if value >> 56 != 0 {
                    return Err(What::TooLong);
                }
                let value = value << 8 | byte as u64;
                if octets == 1 {
                    self.content(value)
                } else {
                    Ok(At::LongLength { octets: octets - 1, value })
                }
            }
            At::Content { left } => self.content(left - 1),
        }
    }
}

impl Walk for Ber {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, What> {
        if let At::Content { mut left } = self.at {
            let taken = skip(&mut left, bytes);
            self.at = self.content(left)?;
            return Ok(taken);
        }
        self.at = self.next(bytes[0])?;
        Ok(1)
    }

    fn is_between(&self) -> bool {
        matches!(self.at, At::Tag)
    }
}
