//! The transport ends, or is reset, at every byte offset of a closing exchange. The end is clean
//! only if the close_notify came whole, and what came before the cut is not lost.

use std::io::ErrorKind;
use std::time::Duration;

use close_notify::{AlertDescription, Close, Delivery, Policy, ReadEnd, WriteEnd};

use crate::keyed_peer::{ALERT, CLOSE_NOTIFY, DATA};
use crate::memory::Shape;
use crate::side::{Arm, Peer, PeerEnd, Side};

const LAST_DATA: &[u8] = b"last!";
const PLAIN: &[u8] = b"plain again";

/// The peer's last records, and the end of the first of them.
struct Flight {
    bytes: Vec<u8>,
    data_ends: usize,
}

impl Flight {
    fn of(peer: &mut Peer) -> Self {
        let mut bytes = peer.record(DATA, LAST_DATA);
        let data_ends = bytes.len();
        bytes.extend(peer.record(ALERT, &CLOSE_NOTIFY));
        Self { bytes, data_ends }
    }

    fn has_notify(&self, at: usize) -> bool {
        at >= self.bytes.len()
    }

    /// What must be read of it if it is cut here.
    fn data(&self, at: usize) -> &'static [u8] {
        if at >= self.data_ends { LAST_DATA } else { b"" }
    }

    /// How reading must end if it is cut here.
    fn reading(&self, at: usize, end: PeerEnd) -> ReadEnd {
        match end {
            _ if self.has_notify(at) => ReadEnd::CloseNotify,
            PeerEnd::Reset => ReadEnd::Reset,
            PeerEnd::Fin if at == 0 || at == self.data_ends => ReadEnd::TruncatedAtBoundary,
            PeerEnd::Fin => ReadEnd::TruncatedInRecord,
        }
    }
}

/// Cuts at every offset of the peer's flight, with both ends. `begin` is what our side does first.
/// Then the peer reads it, sends its flight up to the cut, and ends its stream. `judge` does the
/// rest.
fn cut_everywhere(
    arm: Arm,
    begin: impl Fn(&mut Side),
    judge: impl Fn(&mut Side, Option<Peer>, &Flight, usize, PeerEnd),
) {
    for end in [PeerEnd::Fin, PeerEnd::Reset] {
        let (mut at, mut length) = (0, 0);
        while at <= length {
            let (mut side, mut peer) = arm.connect(Policy::STRICT);
            begin(&mut side);
            peer.hear();
            let flight = Flight::of(&mut peer);
            length = flight.bytes.len();
            peer.say(&flight.bytes[..at]);
            let peer = peer.end(end);
            judge(&mut side, peer, &flight, at, end);
            at += 1;
        }
    }
}

/// Checks that what is read is what came, and ends as it must.
#[track_caller]
fn assert_read(side: &mut Side, flight: &Flight, at: usize, end: PeerEnd) {
    let (read, error) = side.read_to_end();
    let reading = flight.reading(at, end);
    assert_eq!(read, flight.data(at), "{end:?} at {at}");
    assert_eq!(error.is_none(), flight.has_notify(at), "{end:?} at {at}: {error:?}");
    assert!(error.is_none_or(|ending| ending.reading == reading), "{end:?} at {at}: {error:?}");
    assert_eq!(side.ending().reading, reading, "{end:?} at {at}");
}

pub(crate) fn a_peer_that_closes_first_is_cut_at_every_byte(arm: Arm) {
    cut_everywhere(
        arm,
        |_| (),
        |side, peer, flight, at, end| {
            assert_read(side, flight, at, end);
            side.set_patience(Duration::ZERO);
            let ending = side.try_close(Close::Graceful).unwrap().unwrap();
            assert_eq!(ending.reading, flight.reading(at, end), "later facts change nothing");
            let is_whole = flight.has_notify(at) && end == PeerEnd::Fin;
            assert_eq!(ending.is_clean(), is_whole, "{end:?} at {at}: {ending}");
            if let Some(mut peer) = peer {
                peer.heard().assert_closed();
            }
        },
    );
}

pub(crate) fn a_graceful_close_is_cut_at_every_byte_of_the_answer(arm: Arm) {
    cut_everywhere(
        arm,
        |side| assert!(side.try_close(Close::Graceful).is_none(), "it waits for the peer"),
        |side, peer, flight, at, end| {
            let ending = side.try_close(Close::Graceful).unwrap().unwrap();
            assert_eq!(ending.writing, WriteEnd::CloseNotifySent);
            assert_eq!(ending.is_clean(), flight.has_notify(at), "{end:?} at {at}: {ending}");
            assert!(side.has_let_go());
            assert_read(side, flight, at, end);
            if let Some(mut peer) = peer {
                peer.heard().assert_closed();
            }
        },
    );
}

pub(crate) fn a_half_close_is_cut_at_every_byte_of_the_answer(arm: Arm) {
    if !arm.is_tls13() {
        let (mut side, _peer) = arm.connect(Policy::STRICT);
        let refused = side.try_close_write().unwrap().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "there is no half-close up to TLS 1.2");
        return;
    }
    cut_everywhere(
        arm,
        |side| assert!(!side.try_close_write().unwrap().unwrap().is_clean(), "the peer has said nothing"),
        |side, peer, flight, at, end| {
            assert_read(side, flight, at, end);
            let ending = side.try_close(Close::Graceful).unwrap().unwrap();
            assert_eq!(ending.is_clean(), flight.has_notify(at), "{end:?} at {at}: {ending}");
            if let Some(mut peer) = peer {
                peer.heard().assert_closed();
            }
        },
    );
}

pub(crate) fn a_rejection_is_cut_at_every_byte_of_what_comes(arm: Arm) {
    const ALERT_SENT: AlertDescription = AlertDescription::ACCESS_DENIED;
    cut_everywhere(
        arm,
        |side| assert!(side.try_reject(ALERT_SENT).is_none(), "it lingers"),
        |side, peer, _, at, end| {
            let ending = side.try_reject(ALERT_SENT).unwrap().unwrap();
            assert_eq!(ending.writing, WriteEnd::FatalAlertSent(ALERT_SENT), "{end:?} at {at}");
            assert_eq!(
                ending.reading,
                ReadEnd::Refused(ALERT_SENT),
                "{end:?} at {at}: no close_notify is read"
            );
            assert!(side.has_let_go());
            assert_eq!(side.read_to_end().1.map(|ending| ending.reading), Some(ending.reading));
            if let Some(mut peer) = peer {
                assert_eq!(peer.heard().last_word(), Some([2, ALERT_SENT.0]));
            }
        },
    );
}

/// Plaintext comes right after the peer's close_notify. It is handed back whole, as far as it came.
pub(crate) fn a_hand_back_is_cut_at_every_byte_of_the_answer(arm: Arm) {
    for end in [PeerEnd::Fin, PeerEnd::Reset] {
        let (mut at, mut length) = (0, 0);
        while at <= length {
            let (side, mut peer) = arm.connect(Policy::STRICT);
            let flight = Flight::of(&mut peer);
            let tls = flight.bytes.len();
            let bytes = [&flight.bytes[..], PLAIN].concat();
            length = bytes.len();
            peer.say(&bytes[..at]);
            let _peer = peer.end(end);
            let result = side.hand_back();
            // A transport that was reset takes no close_notify of ours, so it cannot be handed
            // back.
            if at >= tls && end == PeerEnd::Fin {
                assert_eq!(result.unwrap(), PLAIN[..at - tls], "{at}");
            } else {
                let kind = match (flight.reading(at, end), end) {
                    (ReadEnd::CloseNotify, _) => ErrorKind::BrokenPipe,
                    (_, PeerEnd::Fin) => ErrorKind::UnexpectedEof,
                    (_, PeerEnd::Reset) => ErrorKind::ConnectionReset,
                };
                assert_eq!(result.unwrap_err().kind(), kind, "{end:?} at {at}");
            }
            at += 1;
        }
    }
}

/// The transport breaks once it has taken a number of our bytes. What the peer has sent by then is
/// read even so.
pub(crate) fn our_last_word_is_cut_at_every_byte(arm: Arm) {
    let total = our_flight(arm);
    for after_room in [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset] {
        for room in 0..=total {
            let (mut side, mut peer) = arm.connect(Policy::STRICT);
            let flight = Flight::of(&mut peer);
            // No room at all until the close, so that everything leaves with it.
            side.controls.set(Shape { room: 0, ..Shape::PLAIN });
            assert_eq!(side.try_write(b"ours").unwrap().unwrap(), 4);
            peer.say(&flight.bytes);
            side.controls.set(Shape { room, after_room, ..Shape::PLAIN });
            let ending = side.try_close(Close::Graceful).unwrap().unwrap();
            let is_whole = room == total;
            assert_eq!(ending.reading, ReadEnd::CloseNotify, "a failed write is no reason not to read");
            assert_eq!(ending.writing == WriteEnd::CloseNotifySent, is_whole, "{room} of {total}: {ending}");
            assert_eq!(ending.is_clean(), is_whole, "{room} of {total}: {ending}");
            assert_eq!(ending.delivery == Delivery::Lost, !is_whole, "{room} of {total}: {ending}");
            assert_eq!(side.read_to_end(), (LAST_DATA.to_vec(), None));
            let heard = peer.heard();
            assert_eq!(heard.last_word().is_some(), is_whole, "{room} of {total}: {heard:?}");
        }
    }
}

/// How many bytes our data and our close_notify take.
fn our_flight(arm: Arm) -> usize {
    let (mut side, mut peer) = arm.connect(Policy::STRICT);
    side.try_write(b"ours").unwrap().unwrap();
    assert!(side.try_close(Close::Graceful).is_none());
    let all = peer.pipe.readable();
    peer.heard().assert_closed();
    all
}
