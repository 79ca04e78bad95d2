//! Planted mistakes: for every property, a way to be wrong that it must catch.
//!
//! A mutant sits between the world and the shipped core. It changes a fact on its way in, an output
//! or an ending on its way out, or what the driver does; the core itself is never touched.

use close_notify_core::{
    AlertDescription, AlertLevel, Answer, Call, Delivery, Ending, Event, FramingState, Machine, Manner,
    MissingNotify, Output, Policy, ReadEnd, Reply, ResumptionRule, UserCanceled, Version, WriteEnd, recv,
    send,
};

use crate::pair::Pair;
use crate::world::action::Side;
use crate::world::profile::Profile;
use crate::world::wire::Unit;
use crate::world::{End, Seen, World};

macro_rules! mutants {
    ($($(#[doc = $doc:literal])+ $Name:ident => $property:literal in $config:literal;)+) => {
        /// A planted mistake.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Mutant { $($(#[doc = $doc])+ $Name),+ }

        impl Mutant {
            /// Every mutant.
            pub const ALL: &'static [Self] = &[$(Self::$Name),+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Name => stringify!($Name)),+ }
            }

            /// The property that exists to catch it.
            #[must_use]
            pub const fn property(self) -> &'static str {
                match self { $(Self::$Name => $property),+ }
            }

            /// The configuration in which it is caught.
            #[must_use]
            pub const fn config(self) -> &'static str {
                match self { $(Self::$Name => $config),+ }
            }

            /// What it does wrong.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$Name => concat!($($doc),+)),+ }
            }
        }
    };
}

mutants! {
    /// Shuts the write side without close_notify.
    SkipsNotify => "notify-before-fin" in "mutants/1.3/graceful";
    /// Writes data after its close_notify.
    WritesAfterNotify => "nothing-after-notify" in "mutants/1.3/graceful";
    /// Sends close_notify twice.
    NotifiesTwice => "one-notify" in "mutants/1.3/graceful";
    /// Hands data to the application that came after the peer's close_notify.
    DeliversAfterNotify => "ignore-after-notify" in "mutants/1.3/data-after-notify";
    /// Up to 1.2: answers close_notify only when the application closes.
    RepliesLate => "reply-at-once" in "mutants/1.2/reply";
    /// Up to 1.2: sends what is pending before it answers.
    ReplyFlushes => "reply-drops-pending" in "mutants/1.2/reply-full";
    /// In 1.3: answers close_notify at once, although the application has more to say.
    RepliesIn13 => "write-after-peer-notify" in "mutants/1.3/reply";
    /// Waits for the peer although asked not to.
    AtOnceWaits => "no-wait-needed" in "mutants/1.3/at-once";
    /// Gives the transport back before the peer's close_notify.
    HandsBackEarly => "wait-before-handback" in "mutants/1.3/hand-back";
    /// Reads past the peer's close_notify and discards what it read.
    ReadsAhead => "handback-exact" in "mutants/1.3/hand-back";
    /// Takes a FIN for a close_notify.
    EofIsClose => "fin-is-not-close" in "mutants/1.3/graceful";
    /// Forgets a reset that a failed write reported.
    ForgetsErrno => "rst-is-not-close" in "mutants/1.3/errno";
    /// Lets a reset spoil an end that was already clean.
    ResetSpoilsClean => "notify-is-final" in "mutants/1.3/linger";
    /// Drops the record before a close_notify.
    DropsDataAtNotify => "delivered-before-end" in "mutants/1.3/graceful";
    /// Believes a close_notify that came before there were keys.
    TrustsPlainNotify => "plain-alert-is-no-close" in "mutants/1.3/handshake";
    /// Goes on after the peer's fatal alert.
    IgnoresFatal => "fatal-ends-both" in "mutants/1.3/reject";
    /// Takes a fatal alert for the end of data.
    FatalIsClose => "fatal-is-an-error" in "mutants/1.3/reject";
    /// Sends close_notify after its fatal alert.
    NotifiesAfterFatal => "fatal-no-notify" in "mutants/1.3/reject";
    /// Keeps the session of a connection that a fatal alert ended, up to 1.2.
    KeepsSession => "fatal-forgets-session" in "mutants/1.2/reject";
    /// Keeps the tickets of a connection that a fatal alert ended, in 1.3.
    KeepsTickets => "fatal-discards-tickets" in "mutants/1.3/reject";
    /// Applies the rule of TLS 1.1 to a connection of TLS 1.0.
    Resumes10 => "unclean-forbids-resume-10" in "mutants/1.0/graceful";
    /// Forgets the session whenever close_notify is missing.
    ForgetsAfterCut => "unclean-allows-resume" in "mutants/1.3/graceful";
    /// Resumes after a premature close under RFC 2818.
    IgnoresRfc2818 => "premature-forbids-reuse-https" in "mutants/1.3/rfc2818";
    /// Takes a close_notify at level fatal for a proper one in TLS 1.0.
    LevelBlind10 => "notify-level-1x" in "mutants/1.0/notify-at-fatal-level";
    /// Survives an error alert in 1.3 because its level says warning.
    LevelMatters13 => "level-ignored-13" in "mutants/1.3/error-at-warning-level";
    /// Survives an alert in 1.3 because it does not know it.
    UnknownIsWarning13 => "unknown-alert-is-error-13" in "mutants/1.3/unknown-alert";
    /// Survives any number of warnings.
    FloodSurvives => "warning-may-continue" in "mutants/1.2/warning-flood";
    /// Takes user_canceled for the end.
    CanceledIsClose => "user-canceled-then-notify" in "mutants/1.3/canceled-then-fin";
    /// Closes right after its fatal alert.
    ClosesOnAlert => "alert-survives-close" in "mutants/1.3/reject";
    /// Closes right after its close_notify although it was asked to linger.
    ClosesWithUnread => "data-survives-close" in "mutants/1.3/linger-tickets";
    /// Reads nothing more once a write has failed.
    GivesUpOnWriteError => "salvage-alert" in "mutants/1.3/salvage";
    /// Drains without a budget.
    DrainsForEver => "linger-is-bounded" in "mutants/1.3/drips";
    /// Waits for the peer's close_notify before it sends its own.
    WaitsFirst => "no-mutual-wait" in "mutants/1.3/orderly";
    /// Sends close_notify at level fatal.
    NotifiesAtFatalLevel => "notify-level-warning" in "mutants/1.3/graceful";
    /// Does not report what was discarded or came late.
    HidesLoss => "cut-is-visible" in "mutants/1.2/reply-full";
    /// Calls every exchange of close_notify a confirmed delivery.
    ConfirmsCrossed => "crossed-confirms-nothing" in "mutants/1.3/crossed";
    /// Sends close_notify before it aborts.
    AbortNotifies => "abort-sends-no-notify" in "mutants/1.3/abort";
    /// Keeps writing although the engine closed at the limit of its keys.
    WritesAfterLimit => "limit-close-counts" in "mutants/1.3/engine-limit";
    /// Takes the transport's end after 0-RTT data for the end of a request.
    EarlyEndIsEnd => "early-data-end" in "mutants/1.3/early";
    /// Ignores a close_notify in the handshake and waits on.
    IgnoresEarlyNotify => "notify-in-handshake" in "mutants/1.3/handshake";
    /// Counts a close_notify that the transport's end tore apart.
    TornNotifyCounts => "notify-whole" in "mutants/1.3/graceful";
    /// Calls a message incomplete that is whole by its length.
    DistrustsLength => "http-complete-by-length" in "mutants/1.3/self-delimited";
    /// Calls a message whole because close_notify came.
    TrustsNotifyOverLength => "http-incomplete-is-error" in "mutants/1.3/self-delimited";
    /// Calls a message whole because the transport ended.
    TrustsFin => "http-close-delimited-needs-notify" in "mutants/1.3/graceful";
    /// A client that shuts its write side without close_notify.
    ClientSkipsNotify => "http-client-notifies" in "mutants/1.3/graceful";
    /// A server that shuts its write side without close_notify.
    ServerSkipsNotify => "http-server-tries" in "mutants/1.3/graceful";
    /// A server that forgets the session because its client did not close properly.
    PunishesIncomplete => "http-server-graceful-to-incomplete" in "mutants/1.3/quiet-client";
    /// Is lenient although asked to be strict.
    IsLenient => "no-silent-truncation" in "mutants/1.3/graceful";
    /// Takes a record that was torn apart for whole.
    AcceptsTorn => "lenient-takes-a-fin-alone" in "mutants/1.3/lenient";
    /// Says that its close_notify was sent although it was not.
    ClaimsSent => "writing-is-told-true" in "mutants/1.3/errno";
    /// Ignores its deadline.
    IgnoresDeadline => "every-close-ends" in "mutants/1.3/mute";
    /// Answers the peer's close_notify although nobody asked for it.
    AnswersUnasked => "notify-is-asked-for" in "mutants/1.2/when-asked";
    /// Reads a split alert in TLS 1.3 as TLS 1.2 may.
    AssemblesIn13 => "alert-records-as-asked" in "mutants/1.3/split-notify";
    /// Takes the transport's end after half of an alert for one between two records.
    ForgetsHalf => "notify-whole" in "mutants/1.2/half-notify";
    /// Reads on after a user_canceled that its policy calls an error.
    ReadsOnCanceled => "user-canceled-as-asked" in "mutants/1.3/canceled-error";
    /// Keeps to its first request although it is asked to hurry.
    NeverHurries => "no-wait-needed" in "mutants/1.3/hurried";
    /// Says that it aborted before its close_notify, although that was sent.
    ForgetsItsNotify => "writing-is-told-true" in "mutants/1.3/hurried";
    /// Reads a record that the transport's end tore apart as the end of data.
    ReadsTornAsEnd => "no-ok-over-a-loss" in "mutants/1.3/graceful";
    /// Reads a reset as the end of data.
    ReadsResetAsEnd => "no-ok-over-a-loss" in "mutants/1.3/graceful";
    /// Reads a clean end over data that was discarded.
    ReadsOverLoss => "no-ok-over-a-loss" in "mutants/1.3/late";
    /// Reads a transport that its kernel gave up as one that the peer has ended.
    TrustsDeadTransport => "dead-is-not-fin" in "mutants/1.3/given-up";
    /// Flushes while data waits for room.
    FlushesEarly => "flushed-means-left" in "mutants/1.2/reply-full";
    /// Flushes over data that was discarded.
    FlushesOverLoss => "flushed-means-left" in "mutants/1.2/reply-full";
    /// Says that the write side is shut as soon as close_notify has left.
    ShutsBeforeFin => "shut-means-said" in "mutants/1.3/shutdown";
    /// Says that the write side is shut over data that was discarded.
    ShutsOverLoss => "shut-means-said" in "mutants/1.2/reply-full";
    /// Lets a shutdown wait forever.
    ShutsForEver => "every-call-ends" in "mutants/1.3/shutdown";
    /// Reports the same fact twice.
    TellsTwice => "no-illegal-move" in "mutants/1.3/orderly";
}

impl Pair {
    pub(crate) const fn is_mutant(&self, mutant: Mutant) -> bool {
        matches!(self.mutant, Some(planted) if planted as u8 == mutant as u8)
    }

    /// The policy and the version that the core really receives.
    pub(crate) fn mutated_inputs(&self, version: Version, policy: Policy) -> (Version, Policy) {
        match self.mutant {
            Some(Mutant::AnswersUnasked) => (version, Policy { reply: Reply::Flush, ..policy }),
            Some(Mutant::ReadsOnCanceled) => {
                (version, Policy { user_canceled: UserCanceled::ReadOn, ..policy })
            }
            Some(Mutant::RepliesLate) => (version, Policy { reply: Reply::WhenAsked, ..policy }),
            Some(Mutant::ReplyFlushes) => (version, Policy { reply: Reply::Flush, ..policy }),
            Some(Mutant::Resumes10) => (Version::Tls11, policy),
            Some(Mutant::IgnoresRfc2818) => (version, Policy { resumption: ResumptionRule::Tls, ..policy }),
            Some(Mutant::FloodSurvives) => (version, Policy { warnings: u8::MAX, ..policy }),
            Some(Mutant::IsLenient) => (version, Policy { missing_notify: MissingNotify::Accept, ..policy }),
            Some(Mutant::DrainsForEver) => (version, Policy { drain_budget: u32::MAX, ..policy }),
            _ => (version, policy),
        }
    }

    /// The fact that reaches the core in place of the true one.
    pub(crate) fn mutated_event(&self, before: &Machine, event: Event) -> Option<Event> {
        const CLOSE_NOTIFY: Event =
            Event::PeerAlert { level: AlertLevel::WARNING, description: AlertDescription::CLOSE_NOTIFY };
        let Some(mutant) = self.mutant else { return Some(event) };
        match (mutant, event) {
            (Mutant::AtOnceWaits, Event::Close(Manner::AtOnce)) => Some(Event::Close(Manner::Graceful)),
            (Mutant::IgnoresDeadline | Mutant::ShutsForEver, Event::DeadlinePassed) => None,
            (Mutant::TrustsDeadTransport, Event::WriteFailed { .. }) => {
                Some(Event::WriteFailed { errno: 32 })
            }
            (Mutant::NeverHurries, Event::Close(Manner::AtOnce | Manner::Abort))
                if before.manner().is_closing() =>
            {
                None
            }
            (Mutant::EofIsClose, Event::TransportEof { .. }) => Some(CLOSE_NOTIFY),
            (Mutant::TornNotifyCounts, Event::TransportEof { inside_record: true }) => Some(CLOSE_NOTIFY),
            (Mutant::ForgetsErrno, Event::WriteFailed { .. }) => Some(Event::WriteFailed { errno: 32 }),
            (
                Mutant::IgnoresFatal,
                Event::PeerAlert { description: AlertDescription::CERTIFICATE_REQUIRED, .. },
            ) => None,
            (
                Mutant::FatalIsClose,
                Event::PeerAlert { description: AlertDescription::CERTIFICATE_REQUIRED, .. },
            ) => Some(CLOSE_NOTIFY),
            (Mutant::LevelBlind10, Event::PeerAlert { description: AlertDescription::CLOSE_NOTIFY, .. }) => {
                Some(CLOSE_NOTIFY)
            }
            (
                Mutant::LevelMatters13,
                Event::PeerAlert {
                    level: AlertLevel::WARNING,
                    description: AlertDescription::HANDSHAKE_FAILURE,
                },
            ) => None,
            (Mutant::UnknownIsWarning13, Event::PeerAlert { description: AlertDescription(222), .. }) => None,
            (
                Mutant::CanceledIsClose,
                Event::PeerAlert { description: AlertDescription::USER_CANCELED, .. },
            ) => Some(CLOSE_NOTIFY),
            (
                Mutant::IgnoresEarlyNotify,
                Event::PeerAlert { description: AlertDescription::CLOSE_NOTIFY, .. },
            ) if !matches!(before.recv_state(), recv::State::Open) => None,
            _ => Some(event),
        }
    }

    /// A fact that reaches the core after the true one.
    pub(crate) fn mutated_extra(&self, before: &Machine, event: Event) -> Option<Event> {
        match (self.mutant?, event) {
            (Mutant::RepliesIn13, Event::PeerAlert { description: AlertDescription::CLOSE_NOTIFY, .. })
                if before.may_write() =>
            {
                Some(Event::Close(Manner::Graceful))
            }
            (Mutant::TellsTwice, Event::OutputWritten) => Some(event),
            (Mutant::GivesUpOnWriteError, Event::WriteFailed { .. }) => Some(Event::Close(Manner::AtOnce)),
            _ => None,
        }
    }

    /// What the driver believes the core asks for.
    pub(crate) fn output(&self, machine: &Machine) -> Output {
        let output = machine.output();
        let Some(mutant) = self.mutant else { return output };
        match (mutant, output, machine.manner()) {
            (Mutant::HandsBackEarly, Output::AwaitPeer, Manner::HandBack) => Output::HandBack,
            (Mutant::ClosesOnAlert, Output::Drain, Manner::Reject) => Output::CloseTransport,
            (Mutant::ClosesWithUnread, Output::Drain, Manner::Linger) => Output::CloseTransport,
            (Mutant::WaitsFirst, Output::SendCloseNotify { .. }, Manner::Graceful)
                if !machine.recv_state().has_ended() =>
            {
                Output::AwaitPeer
            }
            _ => output,
        }
    }

    /// The ending as the application receives it.
    #[must_use]
    pub fn ending(&self, end: &End) -> Ending {
        let told = end.machine.ending();
        let Some(mutant) = self.mutant else { return told };
        let cut_early = matches!(told.reading, ReadEnd::TruncatedAtBoundary | ReadEnd::TruncatedInRecord);
        match mutant {
            Mutant::ResetSpoilsClean if end.saw(Seen::RESET) => Ending { reading: ReadEnd::Reset, ..told },
            Mutant::TrustsPlainNotify if told.reading == ReadEnd::CloseNotifyInHandshake => {
                Ending { reading: ReadEnd::CloseNotify, ..told }
            }
            Mutant::ClaimsSent if matches!(told.writing, WriteEnd::NotSent(_)) => {
                Ending { writing: WriteEnd::CloseNotifySent, ..told }
            }
            Mutant::ForgetsItsNotify if matches!(told.writing, WriteEnd::Aborted { .. }) => {
                Ending { writing: WriteEnd::Aborted { after_close_notify: false }, ..told }
            }
            Mutant::HidesLoss => Ending { discarded: 0, late: 0, ..told },
            Mutant::ConfirmsCrossed
                if told.reading == ReadEnd::CloseNotify && told.writing == WriteEnd::CloseNotifySent =>
            {
                Ending { delivery: Delivery::Confirmed, ..told }
            }
            Mutant::EarlyEndIsEnd if cut_early && end.got_early > 0 => {
                Ending { reading: ReadEnd::CloseNotify, ..told }
            }
            _ => told,
        }
    }

    /// Whether the application takes what it read for a whole message.
    #[must_use]
    pub fn accepts(&self, end: &End, framing: FramingState) -> bool {
        let told = end.machine.accepts_end(framing);
        match self.mutant {
            Some(Mutant::DistrustsLength) => told && end.is_notified(),
            Some(Mutant::AcceptsTorn) => told || end.machine.ending().reading == ReadEnd::TruncatedInRecord,
            Some(Mutant::TrustsNotifyOverLength) => told || end.is_notified(),
            Some(Mutant::TrustsFin) => {
                told || (framing == FramingState::DelimitedByEnd && end.machine.recv_state().has_ended())
            }
            Some(_) | None => told,
        }
    }

    /// What a call of the application returns.
    #[must_use]
    pub fn answer(&self, end: &End, call: Call) -> Answer {
        let told = end.machine.answer(call);
        let Some(mutant) = self.mutant else { return told };
        let (recv, send) = (end.machine.recv_state(), end.machine.send_state());
        let is_wrong = match (mutant, call) {
            (Mutant::ReadsTornAsEnd, Call::Read { .. }) => recv == recv::State::CutInRecord,
            (Mutant::ReadsResetAsEnd, Call::Read { .. }) => recv == recv::State::Reset,
            (Mutant::ReadsOverLoss, Call::Read { .. }) => end.is_notified(),
            (Mutant::FlushesEarly, Call::Flush) => told == Answer::Wait,
            (Mutant::FlushesOverLoss, Call::Flush) => end.machine.ending().discarded > 0,
            (Mutant::ShutsBeforeFin, Call::Shutdown) => send == send::State::Notified,
            (Mutant::ShutsOverLoss, Call::Shutdown) => send == send::State::NotifiedShut,
            _ => false,
        };
        if is_wrong { Answer::Done } else { told }
    }

    /// Whether the driver believes that it may write.
    pub(crate) fn may_write(&self, machine: &Machine) -> bool {
        let notified = matches!(
            machine.send_state(),
            send::State::NotifyLeaving | send::State::Notified | send::State::NotifiedShut
        );
        machine.may_write()
            || (notified
                && (self.is_mutant(Mutant::WritesAfterNotify) || self.is_mutant(Mutant::WritesAfterLimit)))
    }

    pub(crate) fn writes_after_close(&self) -> bool {
        self.is_mutant(Mutant::WritesAfterNotify)
    }

    pub(crate) fn reads_after_the_end(&self) -> bool {
        self.is_mutant(Mutant::DeliversAfterNotify)
    }

    /// Whether the session survives the core's order to forget it.
    pub(crate) fn keeps_sessions(&self) -> bool {
        self.is_mutant(Mutant::KeepsSession) || self.is_mutant(Mutant::KeepsTickets)
    }

    /// Whether the driver forgets a session that nothing forbids.
    pub(crate) fn forgets_after(&self, side: Side, event: Event) -> bool {
        let eof = matches!(event, Event::TransportEof { .. });
        let punished = self.is_mutant(Mutant::PunishesIncomplete) && side == Side::Server;
        eof && (self.is_mutant(Mutant::ForgetsAfterCut) || punished)
    }

    /// Whether the driver drops the record that it has just read.
    pub(crate) fn loses_data(&self, world: &World, side: Side) -> bool {
        let inward = world.net.inward(side.index());
        let before_notify = inward.has_unread() && inward.unit(inward.read) == Unit::Notify;
        self.is_mutant(Mutant::DropsDataAtNotify) && before_notify
    }

    /// Whether the driver reads past the unit that it was asked for.
    pub(crate) fn reads_ahead(&self, unit: Unit) -> bool {
        self.is_mutant(Mutant::ReadsAhead) && unit == Unit::Notify
    }

    /// The version whose rules the driver applies to alert records.
    pub(crate) fn record_version(&self, version: Version) -> Version {
        if self.is_mutant(Mutant::AssemblesIn13) { Version::Tls12 } else { version }
    }

    /// Whether the transport's end has torn an alert that was split.
    pub(crate) fn counts_half(&self, end: &End) -> bool {
        end.held.is_some() && !self.is_mutant(Mutant::ForgetsHalf)
    }

    /// Whether the driver sends close_notify before it resets.
    pub(crate) fn notifies_before_abort(&self, side: Side) -> bool {
        self.is_mutant(Mutant::AbortNotifies) && self.config.script(side).profile == Profile::Conforming
    }
}
