//! Runs one script on a tracker in its pieces, byte by byte and at once, and compares the results
//! with each other and with the reference.

use close_notify_framing::FramingState::{self, BetweenMessages, InsideMessage};
use close_notify_framing::reference::Told;
use close_notify_framing::{Fault, Framing, Way};

use super::gates::Gates;
use super::known;
use super::protocol::Protocol;
use super::script::{Piece, Script};

/// The result of the reference.
pub(super) struct Expected {
    pub(super) state: FramingState,
    /// How many of the bytes received may be handed on, if the reference knows.
    pub(super) releasable: Option<usize>,
}

/// The result of a tracker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Said {
    state: FramingState,
    fault: Option<Fault>,
    /// At most the number of bytes received.
    releasable: u64,
}

fn said(tracker: &impl Framing, received: usize) -> Said {
    let releasable = tracker.releasable().min(received as u64);
    Said { state: tracker.state(), fault: tracker.fault(), releasable }
}

pub(super) fn tell(tracker: &mut impl Framing, piece: Piece<'_>) {
    match piece.way {
        Way::Received => tracker.received(piece.bytes),
        Way::Sent => tracker.sent(piece.bytes),
    }
}

/// Returns the fault with which the tracker ends, unless the reference is inside a message as well.
/// Panics if the tracker breaks its contract.
pub(super) fn judge<F: Framing + Clone>(
    protocol: Protocol,
    script: &Script,
    gate: u8,
    start: F,
    reference: impl Fn(&Told) -> Expected,
) -> Option<Fault> {
    let context = Context { protocol, script };
    let (mut tracker, mut by_byte, mut told) = (start.clone(), start.clone(), Told::default());
    let mut gates = Gates::new(&start, gate);
    let mut before = said(&start, 0);
    let mut differs = None;
    for piece in script.pieces() {
        tell(&mut tracker, piece);
        for byte in piece.bytes.chunks(1) {
            tell(&mut by_byte, Piece { bytes: byte, ..piece });
        }
        match piece.way {
            Way::Received => told.received(piece.bytes),
            Way::Sent => told.sent(piece.bytes),
        }
        let received = told.all_received();
        let now = said(&tracker, received.len());
        context.all_pieces_say_the_same(now, said(&by_byte, received.len()));
        context.only_goes_forward(before, now);
        differs = context.agrees(now, &reference(&told), received.len());
        gates.pass(&context, piece, received, now.fault);
        before = now;
    }
    let mut at_once = start;
    script.merged().for_each(|piece| tell(&mut at_once, piece));
    let length = told.all_received().len();
    context.all_pieces_say_the_same(before, said(&at_once, length));
    gates.end(&context);
    if before.fault.is_some() {
        context.is_lost_forever(&mut tracker, before);
    }
    differs
}

/// The context that a failure prints.
pub(super) struct Context<'a> {
    protocol: Protocol,
    script: &'a Script,
}

impl Context<'_> {
    /// Panics with what is wrong and with the script.
    #[cold]
    pub(super) fn fail(&self, what: &str) -> ! {
        panic!("{:?}: {what}\n{}", self.protocol, self.script.text())
    }

    fn all_pieces_say_the_same(&self, one: Said, other: Said) {
        if one != other {
            self.fail(&format!("in other pieces it says something else: {one:?}, but {other:?}"));
        }
    }

    /// Checks that the first fault stays, and that what was released is not taken back.
    fn only_goes_forward(&self, before: Said, now: Said) {
        let stays = before.fault.is_none() || (before.fault, now.state) == (now.fault, InsideMessage);
        if !stays || now.releasable < before.releasable {
            self.fail(&format!("it went back: {before:?}, and then {now:?}"));
        }
    }

    // RFC 9112 §8 · http-headers-cut, http-incomplete-is-error, http-complete-by-length
    fn agrees(&self, now: Said, expected: &Expected, received: usize) -> Option<Fault> {
        if now.state == BetweenMessages && expected.state == InsideMessage {
            self.fail("it says that the last message is whole, and the reference that it is not");
        }
        let Some(fault) = now.fault else {
            if now.state != expected.state {
                self.fail(&format!("it says {}, and the reference {}", now.state, expected.state));
            }
            let known = expected.releasable.unwrap_or(received);
            if now.releasable != known as u64 {
                self.fail(&format!("it releases {}, and the reference {known}", now.releasable));
            }
            return None;
        };
        if now.state != InsideMessage {
            self.fail(&format!("after a fault it says {}", now.state));
        }
        if expected.state == InsideMessage {
            return None;
        }
        if known::reason(self.protocol, fault).is_none() {
            self.fail(&format!("a fault that the reference knows nothing of: {fault}"));
        }
        Some(fault)
    }

    fn is_lost_forever(&self, tracker: &mut impl Framing, before: Said) {
        for bytes in
            [&b"\r\n\r\n"[..], b"\0\0\0\0\0\0\0\0\r\n", b"250 ok\r\n0\r\n\r\n", b"HTTP/1.1 204 x\r\n\r\n"]
        {
            tracker.received(bytes);
            tracker.sent(bytes);
        }
        let now = (tracker.state(), tracker.fault());
        if now != (InsideMessage, before.fault) {
            self.fail(&format!("it recovered after {:?}: {now:?}", before.fault));
        }
    }
}
