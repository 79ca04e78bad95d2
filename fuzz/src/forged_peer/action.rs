//! The steps of a run, one byte each (some take more bytes after it): calls of the application,
//! events of the transport, and all that an adversary with the keys may say.

use close_notify::Close;
use insecure_test_crypto::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE};

use super::adversary::Wrong;
use super::meaning::TICKET;
use super::wire::End;
use crate::choices::Choices;

/// One step of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// Our application calls.
    Call(Call),
    /// The transport accepts this many more bytes; `usize::MAX` means all.
    Room(usize),
    /// Every write fails from now on.
    Break(i32),
    /// The peer says something.
    Say(Words),
    /// The peer sends this many bytes of a record, which is never finished unless the rest follows
    /// by chance.
    SayPart(usize),
    /// The peer ends its stream after what it has sent.
    End(End),
    /// The peer resets the connection, and what our side has not read is lost, as on Windows.
    ResetOver,
}

/// A call of our application, or of its clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Call {
    Write(usize),
    Read(usize),
    Flush,
    /// Take a record, and do what it requires.
    Receive,
    /// Do all that can be done until the peer is needed.
    Run,
    Close(Close),
    /// Ask for the transport, without taking it. A stream has one call for both.
    AskBack,
    CloseWrite,
    Reject(u8),
    HandBack,
    DeadlinePasses,
}

/// What the peer says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Words {
    Data(usize),
    /// Data with zeros after its type (TLS 1.3).
    Padded(usize),
    Alert([u8; 2]),
    /// A record of this type.
    Record(u8, &'static [u8]),
    /// A record of this type and this many zeros.
    Long(u8, usize),
    KeyUpdate(u8),
    /// The ClientHello of this connection, or a HelloRequest: whichever the peer may send.
    AskAgain,
    /// A record sealed with the wrong keys.
    Wrongly(Wrong, [u8; 2]),
    /// An alert in the clear.
    PlainAlert([u8; 2]),
    /// Bytes of a plaintext protocol.
    Plaintext(&'static [u8]),
    /// A byte-exact copy of the last record.
    Again,
    /// This many empty records of this type.
    Flood(u8, usize),
    /// This many of these alerts.
    AlertFlood([u8; 2], usize),
}

const CLOSE_NOTIFY: [u8; 2] = [1, 0];
const USER_CANCELED: [u8; 2] = [1, 90];
/// One byte more than a record may hold; 2048 bytes more also exceed what a header may state.
const OVER: usize = (1 << 14) + 1;

/// The alphabet. The last three rows, with values of 0xff, take their numbers from the input.
const ALPHABET: &[Action] = {
    use Action as A;
    use Call as C;
    use Words as W;
    &[
        A::Call(C::Run),
        A::Call(C::Receive),
        A::Call(C::Read(100)),
        A::Call(C::Read(20_000)),
        A::Call(C::Read(1)),
        A::Call(C::Read(0)),
        A::Call(C::Write(100)),
        A::Call(C::Write(1)),
        A::Call(C::Write(0)),
        A::Call(C::Write(5000)),
        A::Call(C::Write(20_000)),
        A::Call(C::Flush),
        A::Call(C::Close(Close::Graceful)),
        A::Call(C::Close(Close::Linger)),
        A::Call(C::Close(Close::AtOnce)),
        A::Call(C::Close(Close::Abort)),
        A::Call(C::AskBack),
        A::Call(C::CloseWrite),
        A::Call(C::HandBack),
        A::Call(C::Reject(80)),
        A::Call(C::Reject(0)),
        A::Call(C::DeadlinePasses),
        A::Room(usize::MAX),
        A::Room(1),
        A::Room(20),
        A::Room(3000),
        A::Break(32),
        A::Break(104),
        A::Break(110),
        A::Say(W::Data(10)),
        A::Say(W::Data(0)),
        A::Say(W::Data(1)),
        A::Say(W::Data(1000)),
        A::Say(W::Data(1 << 14)),
        A::Say(W::Padded(20)),
        A::Say(W::Alert(CLOSE_NOTIFY)),
        A::Say(W::Alert(USER_CANCELED)),
        A::Say(W::Alert([2, 0])),
        A::Say(W::Alert([2, 40])),
        A::Say(W::Alert([1, 100])),
        A::Say(W::Alert([0, 0])),
        A::Say(W::Record(ALERT, &[])),
        A::Say(W::Record(ALERT, &[1])),
        A::Say(W::Record(ALERT, &[0])),
        A::Say(W::Record(ALERT, &[1, 0, 2, 40])),
        A::Say(W::Record(ALERT, &[1, 90, 1, 0])),
        A::Say(W::Record(ALERT, &[1, 100, 1])),
        A::Say(W::Record(ALERT, &[1; 17])),
        A::Say(W::KeyUpdate(0)),
        A::Say(W::KeyUpdate(1)),
        A::Say(W::KeyUpdate(2)),
        A::Say(W::AskAgain),
        A::Say(W::Record(HANDSHAKE, &TICKET)),
        A::Say(W::Record(HANDSHAKE, &[4, 0, 0, 2, 0, 0])),
        A::Say(W::Record(HANDSHAKE, &[20, 0, 0, 4, 1, 2, 3, 4])),
        A::Say(W::Record(HANDSHAKE, &[24, 0])),
        A::Say(W::Record(HANDSHAKE, &[0, 1, 1])),
        A::Say(W::Record(HANDSHAKE, &[24, 0, 0, 1, 1, 0])),
        A::Say(W::Record(HANDSHAKE, &[0, 0, 0, 0])),
        A::Say(W::Record(HANDSHAKE, &[4, 255, 255, 255])),
        A::Say(W::Record(HANDSHAKE, &[])),
        A::Say(W::Record(CHANGE_CIPHER_SPEC, &[1])),
        A::Say(W::Record(0, &[0, 0])),
        A::Say(W::Record(0, &[1, 0, ALERT, 0, 0])),
        A::Say(W::Record(24, &[1, 0, 1, 7])),
        A::Say(W::Long(APPLICATION_DATA, OVER)),
        A::Say(W::Long(APPLICATION_DATA, OVER + 2048)),
        A::Say(W::Long(ALERT, OVER)),
        A::Say(W::Long(HANDSHAKE, 65_535)),
        A::Say(W::Wrongly(Wrong::Direction, CLOSE_NOTIFY)),
        A::Say(W::Wrongly(Wrong::Place, CLOSE_NOTIFY)),
        A::Say(W::Wrongly(Wrong::Epoch, CLOSE_NOTIFY)),
        A::Say(W::PlainAlert(CLOSE_NOTIFY)),
        A::Say(W::PlainAlert([2, 40])),
        A::Say(W::Plaintext(b"220 ready to speak in the clear\r\n")),
        A::Say(W::Plaintext(b"P")),
        A::Say(W::Plaintext(&[20, 3, 3, 0, 1, 1])),
        A::Say(W::Plaintext(&[23, 3, 3, 0, 0])),
        A::Say(W::Plaintext(&[21, 3, 3, 0, 0])),
        A::Say(W::Again),
        A::Say(W::Flood(APPLICATION_DATA, 33)),
        A::Say(W::Flood(HANDSHAKE, 33)),
        A::Say(W::AlertFlood(USER_CANCELED, 6)),
        A::Say(W::AlertFlood([1, 100], 6)),
        A::SayPart(1),
        A::SayPart(4),
        A::SayPart(5),
        A::SayPart(7),
        A::SayPart(usize::MAX),
        A::End(End::Fin),
        A::End(End::Reset { errno: 104 }),
        A::End(End::Reset { errno: 110 }),
        A::ResetOver,
        A::Say(W::Alert([0xff, 0xff])),
        A::Call(C::Reject(0xff)),
        A::Say(W::Record(0xff, &[1, 2, 3])),
    ]
};

impl Action {
    /// The next step of an input; `None` at its end.
    pub(crate) fn read(choices: &mut Choices<'_>) -> Option<Self> {
        let action = ALPHABET[usize::from(choices.next_byte()?) % ALPHABET.len()];
        Some(match action {
            Self::Say(Words::Alert([0xff, 0xff])) => {
                Self::Say(Words::Alert([choices.byte(), choices.byte()]))
            }
            Self::Call(Call::Reject(0xff)) => Self::Call(Call::Reject(choices.byte())),
            Self::Say(Words::Record(0xff, payload)) => Self::Say(Words::Record(choices.byte(), payload)),
            other => other,
        })
    }

    /// The byte of this action, if it is in the alphabet.
    pub(crate) fn byte(self) -> Option<u8> {
        ALPHABET.iter().position(|&row| row == self).and_then(|at| u8::try_from(at).ok())
    }
}
