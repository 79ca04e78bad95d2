//! The notes taken while facts come in: each fact is noted once, and the first of its kind is kept.
//!
//! Decides what each fact adds to the notes. `verdict` decides what they mean together, and `legal`
//! what cannot happen. The notes are a value of fixed size, so that each step of a run can be
//! judged, and equal notes have equal futures.

mod transport;

use close_notify_core::{
    AlertDescription, Event, FirstCloser, LateData, Manner, NotSent, PeerCloses, Policy, ReadEnd, Reply,
    TransportEnd, Version,
};

use super::Setup;
use super::alert::{Says, says};

/// The progress of the handshake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Stage {
    /// No keys: what comes may be from anybody.
    Plain,
    /// The peer's keys are in use.
    Protected,
    /// The peer's keys are in use, and the server accepts 0-RTT data.
    EarlyData,
    /// The handshake is done.
    Done,
}

/// The last word of this side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    /// A close_notify.
    Notify,
    /// A fatal alert.
    Alert,
}

/// The notes of one end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Account {
    pub(crate) setup: Setup,
    pub(crate) stage: Stage,
    pub(crate) reading: ReadEnd,
    pub(crate) notify_level: u8,
    pub(crate) first_closer: FirstCloser,
    /// The fastest end that was asked for.
    pub(crate) manner: Manner,

    pub(crate) word: Option<Word>,
    pub(crate) own_alert: Option<AlertDescription>,
    /// Our close_notify is an answer sent ahead of what is pending.
    pub(crate) overtakes: bool,
    /// The engine sealed our close_notify without being asked.
    pub(crate) by_engine: bool,
    pub(crate) sealed: bool,
    pub(crate) begun: bool,
    pub(crate) written: bool,
    /// The write side accepts no more.
    pub(crate) shut: bool,
    /// Why the last word did not reach the wire.
    pub(crate) unsent: Option<NotSent>,
    pub(crate) aborted: bool,

    pub(crate) wrote: bool,
    pub(crate) discard_told: bool,
    pub(crate) discarded: u32,
    pub(crate) late: u32,
    pub(crate) drained: u32,
    pub(crate) errno: Option<i32>,
    pub(crate) reset_seen: bool,
    pub(crate) warnings: u8,
    pub(crate) user_canceled: bool,
    /// A call found the transport dead, but not by a reset.
    pub(crate) death_seen: bool,
    /// The transport broke before both sides had said close_notify.
    pub(crate) broke: bool,
    /// Something that was written is not in the transport yet.
    pub(crate) unflushed: bool,
    /// The FIN was sent after the last word, before the transport failed.
    pub(crate) fin: bool,

    /// How the transport ended: the peer's end of stream, a reset, a deadline or budget, or an act
    /// of this side. After that nothing more is read from it.
    pub(crate) transport: TransportEnd,
    pub(crate) released: bool,
    pub(crate) deadline_started: bool,
    pub(crate) forgotten: bool,
    /// Reading ended while only the handshake could come.
    pub(crate) in_handshake: bool,
}

impl Account {
    /// Notes before any fact.
    #[must_use]
    pub const fn new(setup: Setup) -> Self {
        Self {
            setup,
            stage: if setup.established { Stage::Done } else { Stage::Plain },
            reading: ReadEnd::Open,
            notify_level: 0,
            first_closer: FirstCloser::Nobody,
            manner: Manner::Unasked,
            word: None,
            own_alert: None,
            overtakes: false,
            by_engine: false,
            sealed: false,
            begun: false,
            written: false,
            shut: false,
            unsent: None,
            aborted: false,
            wrote: false,
            discard_told: false,
            discarded: 0,
            late: 0,
            drained: 0,
            errno: None,
            reset_seen: false,
            warnings: 0,
            user_canceled: false,
            death_seen: false,
            broke: false,
            unflushed: false,
            fin: false,
            transport: TransportEnd::Open,
            released: false,
            deadline_started: false,
            forgotten: false,
            in_handshake: false,
        }
    }

    /// Notes a fact. Call it only with facts that happened.
    pub fn tell(&mut self, fact: Event) {
        self.note(fact);
        // The deadline of a wait ends with the wait.
        self.deadline_started &= self.waits();
    }

    fn note(&mut self, fact: Event) {
        match fact {
            Event::PendingDiscarded { bytes } => {
                self.discard_told = true;
                self.discarded = self.discarded.saturating_add(bytes);
            }
            Event::SessionForgotten => self.forgotten = true,
            // After the release nothing can be known about the connection.
            _ if self.released => {}
            Event::PeerKeysInUse => self.stage = Stage::Protected,
            Event::EarlyDataAccepted => self.stage = Stage::EarlyData,
            Event::HandshakeDone => self.stage = Stage::Done,
            Event::Write => (self.wrote, self.unflushed) = (true, true),
            // flushed-means-left: once our last word cannot be said, a flush sends nothing
            Event::Flushed => self.unflushed &= !self.has_voice(),
            Event::CloseWrite => self.close(Manner::HalfClose),
            Event::Close(manner) => self.close(manner),
            Event::Reject(alert) => self.refuse(alert),
            Event::PeerViolation(alert) if self.reads() => self.refuse(alert),
            Event::PeerViolation(_) => {}
            Event::PeerData { bytes } => self.data(bytes),
            Event::PeerMessage { bytes } | Event::Drained { bytes } => _ = self.is_within_budget(bytes),
            Event::PeerAlert { level, description } if self.reads() => self.alert(level.0, description),
            Event::PeerAlert { .. } => {}
            // RFC 9846 §5.5 · limit-close-counts
            Event::EngineNotified => {
                self.we_close();
                self.word = Some(Word::Notify);
                (self.sealed, self.by_engine) = (true, true);
            }
            Event::OutputSealed => self.sealed = true,
            Event::OutputUnsealable => self.unsent_because(NotSent::Unsealable),
            Event::OutputBegun => self.begun |= self.is_leaving(),
            // What was written before the last word has left with it.
            Event::OutputWritten => (self.written, self.unflushed) = (true, false),
            Event::WriteShut => {
                self.fin |= !self.shut;
                self.shut = true;
            }
            Event::DeadlineStarted => self.deadline_started = true,
            Event::DeadlinePassed => self.lose_patience(ReadEnd::TimedOut, TransportEnd::TimedOut),
            _ => self.note_transport(fact),
        }
    }

    /// Whether the peer's direction is still open.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.reading == ReadEnd::Open
    }

    /// Whether the end of both directions was asked for.
    pub(crate) fn is_closing(&self) -> bool {
        haste(self.manner) >= haste(Manner::HandBack)
    }

    /// Whether the last word is sealed, by this side or by the engine.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Whether nothing prevents the last word from being said, decided or not.
    pub(crate) const fn has_voice(&self) -> bool {
        self.unsent.is_none() && !self.aborted
    }

    /// Whether the last word is sealed, and neither whole in the transport nor lost.
    pub(crate) const fn is_leaving(&self) -> bool {
        self.sealed && !self.written && self.has_voice()
    }

    /// Whether the transport accepted no more before the last word was out.
    pub(crate) fn has_failed(&self) -> bool {
        !self.aborted && self.unsent.is_some_and(|why| why != NotSent::PeerFatalAlert)
    }

    /// Whether data that comes now goes to the application.
    #[must_use]
    pub fn delivers(&self) -> bool {
        let wanted = !self.is_closing() || self.setup.policy.late_data == LateData::Deliver;
        self.reads() && matches!(self.stage, Stage::EarlyData | Stage::Done) && wanted
    }

    // An end can only become faster.
    fn hasten(&mut self, manner: Manner) {
        if haste(manner) > haste(self.manner) {
            self.manner = manner;
        }
    }

    fn close(&mut self, manner: Manner) {
        match manner {
            Manner::Unasked => return,
            Manner::Reject => return self.refuse(AlertDescription::INTERNAL_ERROR),
            // An end that a fault began continues.
            Manner::HandBack if matches!(self.reading, ReadEnd::Refused(_) | ReadEnd::FatalAlert(_)) => {
                return;
            }
            Manner::HalfClose | Manner::Graceful | Manner::HandBack => {}
            // RFC 9846 §6.1 · no-wait-needed
            Manner::Linger | Manner::AtOnce => self.end_reading(ReadEnd::NotAwaited),
            // RFC 9846 §6.1 · abort-sends-no-notify
            Manner::Abort => {
                self.end_reading(ReadEnd::NotAwaited);
                self.aborted = true;
            }
        }
        self.we_close();
        self.hasten(manner);
        self.word = self.word.or(Some(Word::Notify));
    }

    // RFC 9846 §6.2 · fatal-ends-both, nothing-after-notify: no alert replaces a sealed word
    fn refuse(&mut self, alert: AlertDescription) {
        self.we_close();
        self.hasten(Manner::Reject);
        self.own_alert = self.own_alert.or(Some(alert));
        if !self.sealed {
            self.word = Some(Word::Alert);
        }
        self.end_reading(ReadEnd::Refused(alert));
    }

    // RFC 9846 §6.1 · cut-is-visible, ignore-after-notify
    fn data(&mut self, bytes: u32) {
        if !self.delivers() && self.reading != ReadEnd::CloseNotify {
            self.late = self.late.saturating_add(bytes);
        }
        let refused = self.is_closing() && self.reads() && self.setup.policy.late_data == LateData::Refuse;
        if self.is_within_budget(bytes) && refused {
            let alert = AlertDescription::UNEXPECTED_MESSAGE;
            self.own_alert = self.own_alert.or(Some(alert));
            self.hasten(Manner::Linger);
            self.end_reading(ReadEnd::Refused(alert));
        }
    }

    fn alert(&mut self, level: u8, description: AlertDescription) {
        let Setup { version, policy, .. } = self.setup;
        match says(version, &policy, self.stage == Stage::Done, level, description.0) {
            Says::Closed => {
                self.notify_level = level;
                self.answer();
                // RFC 9846 §6.1 · plain-alert-is-no-close, notify-in-handshake
                let done = self.stage == Stage::Done;
                self.end_reading(if done { ReadEnd::CloseNotify } else { ReadEnd::CloseNotifyInHandshake });
            }
            // RFC 9846 §6.2 · fatal-is-an-error, fatal-ends-both
            Says::Fatal => {
                if !self.sealed && self.has_voice() {
                    self.unsent = Some(NotSent::PeerFatalAlert);
                }
                self.hasten(Manner::AtOnce);
                self.end_reading(ReadEnd::FatalAlert(description));
            }
            // RFC 9846 §6.1 · user-canceled-then-notify; RFC 5246 §7.2.2 · warning-may-continue
            Says::Warning { user_canceled } => {
                self.user_canceled |= user_canceled;
                if self.warnings == policy.warnings {
                    self.refuse(AlertDescription::UNEXPECTED_MESSAGE);
                } else {
                    self.warnings += 1;
                }
            }
            Says::Nonsense => self.refuse(AlertDescription::ILLEGAL_PARAMETER),
        }
    }

    /// Applies the peer's close_notify to our own direction.
    fn answer(&mut self) {
        let established = self.stage == Stage::Done;
        let reply = match (established, self.setup.version) {
            (false, _) => Reply::Discard,
            (true, Version::Tls13) => Reply::WhenAsked, // RFC 9846 §6.1 · write-after-peer-notify
            (true, Version::Tls10 | Version::Tls11 | Version::Tls12) => self.setup.policy.reply,
        };
        if reply == Reply::WhenAsked || self.sealed || !self.has_voice() {
            return;
        }
        // RFC 5246 §7.2.1 · reply-at-once, reply-drops-pending
        self.word = Some(Word::Notify);
        self.overtakes = reply == Reply::Discard;
    }

    /// Keeps the first error number; zero is none.
    fn error(&mut self, errno: i32) {
        self.errno = self.errno.or((errno != 0).then_some(errno));
        self.reset_seen |= is_reset(errno);
        self.death_seen |= !is_reset(errno) && !is_no_failure(errno);
    }

    /// Whether each side's close_notify is where the other can read it.
    fn both_said_it(&self) -> bool {
        self.reading == ReadEnd::CloseNotify && self.has_notified() && !self.aborted
    }

    /// Counts bytes of the peer after our close.
    // RFC 9112 §9.6 · linger-is-bounded
    fn is_within_budget(&mut self, bytes: u32) -> bool {
        if !self.is_closing() {
            return true;
        }
        self.drained = self.drained.saturating_add(bytes);
        let within = self.drained <= self.allowance();
        if !within {
            self.lose_patience(ReadEnd::OverBudget, TransportEnd::OverBudget);
        }
        within
    }

    /// How many bytes the peer may send after our close: `keep_budget` also applies if they are
    /// kept, as those cost memory.
    pub(crate) fn allowance(&self) -> u32 {
        let Policy { drain_budget, keep_budget, .. } = self.setup.policy;
        if self.delivers() { drain_budget.min(keep_budget) } else { drain_budget }
    }

    fn lose_patience(&mut self, end: ReadEnd, transport: TransportEnd) {
        self.end_transport(transport);
        self.unsent_because(NotSent::GaveUp);
        self.end_reading(end);
    }

    /// Notes the end of the transport, by the first fact that ends it.
    fn end_transport(&mut self, end: TransportEnd) {
        if self.transport == TransportEnd::Open {
            self.transport = end;
        }
    }

    /// How the transport ends if this side lets go of it now.
    // alert-survives-close, data-survives-close: after our last word and before the peer's end, it
    // is too early
    fn end_by_us(&self) -> TransportEnd {
        let lingers = matches!(self.manner, Manner::Linger | Manner::Reject);
        if lingers && self.written && !self.aborted {
            TransportEnd::CutShort
        } else {
            TransportEnd::NotAwaited
        }
    }

    fn let_go(&mut self) {
        self.we_close();
        self.end_reading(ReadEnd::NotAwaited);
        self.released = true;
    }

    /// Notes why the last word is not on the wire; the first cause is kept.
    fn unsent_because(&mut self, why: NotSent) {
        self.shut = true;
        if !self.written && self.has_voice() {
            self.unsent = Some(why);
        }
    }

    /// Notes the end of reading, by the first fact that ends it.
    fn end_reading(&mut self, end: ReadEnd) {
        if !self.reads() {
            return;
        }
        self.reading = end;
        self.in_handshake = matches!(self.stage, Stage::Plain | Stage::Protected);
        match end {
            ReadEnd::CloseNotify => self.peer_closes_cleanly(),
            ReadEnd::CloseNotifyInHandshake
            | ReadEnd::TruncatedAtBoundary
            | ReadEnd::TruncatedInRecord
            | ReadEnd::Reset
            | ReadEnd::FatalAlert(_)
                if self.first_closer == FirstCloser::Nobody =>
            {
                self.first_closer = FirstCloser::Peer;
            }
            ReadEnd::CloseNotifyInHandshake
            | ReadEnd::TruncatedAtBoundary
            | ReadEnd::TruncatedInRecord
            | ReadEnd::Reset
            | ReadEnd::FatalAlert(_)
            | ReadEnd::Open
            | ReadEnd::Refused(_)
            | ReadEnd::NotAwaited
            | ReadEnd::TimedOut
            | ReadEnd::OverBudget
            // dead-is-not-fin: nobody has closed
            | ReadEnd::TransportFailed => {}
        }
    }

    fn we_close(&mut self) {
        if self.first_closer == FirstCloser::Nobody {
            self.first_closer = FirstCloser::Us;
        }
    }

    // crossed-confirms-nothing
    fn peer_closes_cleanly(&mut self) {
        let ours_is_out = self.written && self.word == Some(Word::Notify);
        let answers = self.setup.policy.peer_closes == PeerCloses::OnlyAfterUs;
        self.first_closer = match self.first_closer {
            FirstCloser::Nobody => FirstCloser::Peer,
            FirstCloser::Us if !ours_is_out => FirstCloser::Crossed,
            FirstCloser::Us if !answers => FirstCloser::UsOrCrossed,
            FirstCloser::Us | FirstCloser::Peer | FirstCloser::Crossed | FirstCloser::UsOrCrossed => {
                self.first_closer
            }
        };
    }
}

/// ECONNRESET of Linux and of the BSDs, WSAECONNRESET, WSAECONNABORTED.
fn is_reset(errno: i32) -> bool {
    [104, 54, 10054, 10053].contains(&errno)
}

/// No number; EPIPE, ERROR_BROKEN_PIPE, ERROR_NO_DATA, WSAESHUTDOWN; ENOTCONN of Linux, of the BSDs
/// and of Windows: errors of calls that the peer's FIN can explain.
fn is_no_failure(errno: i32) -> bool {
    [0, 32, 109, 232, 10058, 107, 57, 10057].contains(&errno)
}

/// How fast a manner ends the connection.
pub(super) const fn haste(manner: Manner) -> u8 {
    match manner {
        Manner::Unasked => 0,
        Manner::HalfClose => 1,
        Manner::HandBack => 2,
        Manner::Graceful => 3,
        Manner::Linger => 4,
        Manner::Reject => 5,
        Manner::AtOnce => 6,
        Manner::Abort => 7,
    }
}
