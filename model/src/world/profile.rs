//! How real stacks break the rules: peers that the conforming end must survive.
//!
//! A profile changes what a driver does with an output of its core; the core itself is the shipped
//! one.
//! Sources: the table "Where stacks differ" of `docs/scenarios.md`, and the closing calls of the
//! stacks named there.

/// A way to close.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Profile {
    /// Does what the core says.
    Conforming,
    /// FIN without close_notify, then closes (OpenSSL's quiet shutdown, nginx, Go's `CloseWrite` on
    /// the socket).
    QuietShutdown,
    /// FIN without close_notify, then waits for the peer's end.
    FinWithoutNotify,
    /// close_notify, then a reset in place of the close.
    ResetOnClose,
    /// Never closes, never answers.
    NeverAnswers,
    /// Answers close_notify with its own, and then a reset.
    AnswersAndResets,
    /// close_notify after its fatal alert.
    NotifyAfterFatal,
    /// user_canceled, then close_notify.
    CanceledThenNotify,
    /// user_canceled, then a FIN.
    CanceledThenFin,
    /// More data after its close_notify.
    DataAfterNotify,
    /// A fatal alert after its close_notify.
    FatalAfterNotify,
    /// close_notify at level fatal.
    NotifyAtFatalLevel,
    /// An error alert at level warning in place of close_notify.
    ErrorAtWarningLevel,
    /// An alert with an unregistered code in place of close_notify.
    UnknownAlert,
    /// More warnings than any end survives, then close_notify.
    WarningFlood,
    /// One warning, then close_notify.
    OneWarning,
    /// More and more data while the peer waits for its close_notify.
    Drips,
    /// close_notify with each of its two bytes in a separate record.
    SplitNotify,
    /// The first byte of a close_notify, then a FIN.
    HalfNotify,
    /// A warning and close_notify in one record.
    JoinedNotify,
}

impl Profile {
    /// Every profile but the conforming one.
    pub const ROGUES: [Self; 19] = [
        Self::QuietShutdown,
        Self::FinWithoutNotify,
        Self::ResetOnClose,
        Self::NeverAnswers,
        Self::AnswersAndResets,
        Self::NotifyAfterFatal,
        Self::CanceledThenNotify,
        Self::CanceledThenFin,
        Self::DataAfterNotify,
        Self::FatalAfterNotify,
        Self::NotifyAtFatalLevel,
        Self::ErrorAtWarningLevel,
        Self::UnknownAlert,
        Self::WarningFlood,
        Self::OneWarning,
        Self::Drips,
        Self::SplitNotify,
        Self::HalfNotify,
        Self::JoinedNotify,
    ];

    /// Its name in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conforming => "conforming",
            Self::QuietShutdown => "quiet-shutdown",
            Self::FinWithoutNotify => "fin-without-notify",
            Self::ResetOnClose => "reset-on-close",
            Self::NeverAnswers => "never-answers",
            Self::AnswersAndResets => "answers-and-resets",
            Self::NotifyAfterFatal => "notify-after-fatal",
            Self::CanceledThenNotify => "canceled-then-notify",
            Self::CanceledThenFin => "canceled-then-fin",
            Self::DataAfterNotify => "data-after-notify",
            Self::FatalAfterNotify => "fatal-after-notify",
            Self::NotifyAtFatalLevel => "notify-at-fatal-level",
            Self::ErrorAtWarningLevel => "error-at-warning-level",
            Self::UnknownAlert => "unknown-alert",
            Self::WarningFlood => "warning-flood",
            Self::OneWarning => "one-warning",
            Self::Drips => "drips",
            Self::SplitNotify => "split-notify",
            Self::HalfNotify => "half-notify",
            Self::JoinedNotify => "joined-notify",
        }
    }
}
