//! WebSocket: messages of frames.
//!
//! Decides where a message ends, fragmented or not, and whether the peer's Close frame came. Leaves
//! to the application the closing handshake, and what an end without it means (status 1006).
//!
//! Source: RFC 6455 §5.

use crate::fault::What;
use crate::walk::{Walk, Walker, skip, tracker};

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const RESERVED_1: u8 = 0x40;
const MASKED: u8 = 0x80;

/// The frames that one side sends.
///
/// Between fragments of a message the tracker is inside the message, whatever control frames come
/// there. After the peer's Close frame the end is expected, and further bytes are ignored. A
/// message that was not whole by then stays cut.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, websocket::Frames};
/// let mut tracker = Frames::of_server();
/// tracker.received(b"\x01\x02he"); // a fragment
/// tracker.received(b"\x89\x00"); // a ping
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b"\x80\x03llo");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// assert!(!tracker.is_peer_closing());
/// ```
#[derive(Clone, Debug)]
pub struct Frames {
    walker: Walker<Walked>,
}

impl Frames {
    /// A server's frames, as a client receives them: not masked.
    #[must_use]
    pub const fn of_server() -> Self {
        Self::new(false)
    }

    /// A client's frames, as a server receives them: masked.
    #[must_use]
    pub const fn of_client() -> Self {
        Self::new(true)
    }

    const fn new(masked: bool) -> Self {
        let walk = Walked {
            masked,
            reserved: RESERVED,
            header: [0; 14],
            have: 0,
            left: 0,
            opcode: 0,
            is_last: true,
            is_fragmented: false,
            is_closing: false,
        };
        Self { walker: Walker::new(walk) }
    }

    /// Allows the first reserved bit: permessage-deflate was negotiated (RFC 7692 §6).
    #[must_use]
    pub const fn with_deflate(mut self) -> Self {
        self.walker.walk.reserved = RESERVED & !RESERVED_1;
        self
    }

    /// Whether the peer's Close frame came.
    #[must_use]
    pub const fn is_peer_closing(&self) -> bool {
        self.walker.walk.is_closing
    }
}

tracker!(Frames);

#[derive(Clone, Debug)]
struct Walked {
    masked: bool,
    /// The reserved bits that must be zero.
    reserved: u8,
    header: [u8; 14],
    have: usize,
    /// How much of the frame's payload has not come.
    left: u64,
    opcode: u8,
    is_last: bool,
    is_fragmented: bool,
    is_closing: bool,
}

impl Walked {
    /// RFC 6455 §5.2, §5.4, §5.5.
    const fn first(&mut self, byte: u8) -> Result<(), What> {
        (self.opcode, self.is_last) = (byte & 0x0f, byte & FIN != 0);
        if byte & self.reserved != 0 {
            return Err(What::Reserved);
        }
        match self.opcode {
            0 if !self.is_fragmented => Err(What::Fragment),
            1 | 2 if self.is_fragmented => Err(What::Fragment),
            0..=2 => Ok(()),
            // RFC 7692 §6.1: no control frame is compressed
            8..=10 if !self.is_last || byte & RESERVED != 0 => Err(What::ControlFrame),
            8..=10 => Ok(()),
            _ => Err(What::Reserved),
        }
    }

    /// RFC 6455 §5.1, §5.5.
    const fn second(&self, byte: u8) -> Result<(), What> {
        let short = byte & !MASKED;
        if (byte & MASKED != 0) != self.masked {
            return Err(What::Mask);
        }
        // The payload of a Close frame, if there is any, begins with a status of two bytes.
        if self.is_control() && (short > 125 || (self.opcode == 8 && short == 1)) {
            return Err(What::ControlFrame);
        }
        Ok(())
    }

    const fn is_control(&self) -> bool {
        self.opcode >= 8
    }

    /// How many bytes the extended length has.
    const fn extended(&self) -> usize {
        match self.header[1] & !MASKED {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    /// RFC 6455 §5.2: in the fewest bytes, and without the highest bit.
    fn length(&self) -> Result<u64, What> {
        let said =
            self.header[2..2 + self.extended()].iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        match self.header[1] & !MASKED {
            126 if said < 126 => Err(What::LengthForm),
            127 if said <= 0xffff || said >> 63 != 0 => Err(What::LengthForm),
            126 | 127 => Ok(said),
            short => Ok(u64::from(short)),
        }
    }

    fn header_byte(&mut self, byte: u8) -> Result<(), What> {
        self.header[self.have] = byte;
        self.have += 1;
        match self.have {
            1 => return self.first(byte),
            2 => self.second(byte)?,
            _ => {}
        }
        let length_end = 2 + self.extended();
        if self.have == length_end {
            self.length()?;
        }
        if self.have == length_end + if self.masked { 4 } else { 0 } {
            (self.left, self.have) = (self.length()?, 0);
            self.end_if_whole();
        }
        Ok(())
    }

    const fn end_if_whole(&mut self) {
        if self.left > 0 {
            return;
        }
        if !self.is_control() {
            self.is_fragmented = !self.is_last;
        }
        self.is_closing |= self.opcode == 8;
    }
}

impl Walk for Walked {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, What> {
        // RFC 6455 §5.5.1: nothing that counts comes after it
        if self.is_closing {
            return Ok(bytes.len());
        }
        if self.left > 0 {
            let taken = skip(&mut self.left, bytes);
            self.end_if_whole();
            return Ok(taken);
        }
        self.header_byte(bytes[0])?;
        Ok(1)
    }

    fn is_between(&self) -> bool {
        self.have == 0 && self.left == 0 && !self.is_fragmented
    }
}
