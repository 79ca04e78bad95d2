//! What the application asked for: the choices where the standards, or the stacks of the world, differ.
//!
//! Every choice has a name, a default and its reason. Leaves to [`Manner`](crate::Manner): how one
//! connection is closed.

use crate::named::named;

named! {
    /// What a transport end without close_notify is worth.
    ///
    /// ```
    /// use close_notify_core::{Event, Machine, Policy, Role, Version, FramingState, MissingNotify};
    /// let policy = Policy { missing_notify: MissingNotify::BetweenMessages, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, policy);
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert!(machine.accepts_end(FramingState::BetweenMessages));
    /// assert!(!machine.accepts_end(FramingState::DelimitedByEnd));
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum MissingNotify {
        /// Never a whole message: what RFC 9846 §6.1 says, and the default.
        Refuse,
        /// Tolerated where the framing says that no message is open; most deployed HTTP peers need it
        /// (RFC 9112 §9.8).
        BetweenMessages,
        /// Read as a clean end, as Go, NSS, nginx and Envoy do. An attacker chooses where the data ends:
        /// the model shows how.
        Accept,
    }
}

named! {
    /// What becomes of application data that arrives after our own close_notify, while we wait for the peer's.
    ///
    /// ```
    /// use close_notify_core::{Event, Machine, Policy, Role, Version, LateData, Manner};
    /// let policy = Policy { late_data: LateData::Discard, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, policy);
    /// machine.handle(Event::Close(Manner::Graceful))?;
    /// machine.handle(Event::PeerData { bytes: 100 })?;
    /// assert_eq!(machine.ending().late, 100);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum LateData {
        /// Handed to the application: nothing is lost, and the default (half-closed reading).
        Deliver,
        /// Read, counted and thrown away, as s2n-tls, GnuTLS and JSSE do. The ending says how much.
        Discard,
        /// A local error that ends the wait, as in OpenSSL and BoringSSL.
        Refuse,
    }
}

named! {
    /// Up to TLS 1.2: when the peer's close_notify is answered. TLS 1.3 always answers when the application closes.
    ///
    /// ```
    /// use close_notify_core::{AlertDescription, AlertLevel, Event, Machine, Policy, Role, Version, Reply};
    /// let policy = Policy { reply: Reply::WhenAsked, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls12, Role::Client, policy);
    /// let (level, description) = (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
    /// machine.handle(Event::PeerAlert { level, description })?;
    /// assert!(machine.may_write());
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum Reply {
        /// At once, discarding what the application has pending: what RFC 5246 §7.2.1 asks, and the default.
        Discard,
        /// At once, but behind what is pending. Loses nothing and still refuses new writes.
        Flush,
        /// When the application closes: writes go on, as in rustls, OpenSSL, BoringSSL, NSS, GnuTLS and Go.
        WhenAsked,
    }
}

named! {
    /// Up to TLS 1.2: a close_notify at level fatal.
    ///
    /// ```
    /// use close_notify_core::{AlertDescription, AlertLevel, FatalNotify, Meaning, Version, meaning};
    /// let (level, description) = (AlertLevel::FATAL, AlertDescription::CLOSE_NOTIFY);
    /// assert_eq!(meaning(Version::Tls12, level, description, FatalNotify::Clean), Meaning::CloseNotify);
    /// ```
    pub enum FatalNotify {
        /// An error, as in OpenSSL, BoringSSL, GnuTLS, Mbed TLS and Bouncy Castle; the default: its sender
        /// breaks RFC 5246 §7.2.
        Error,
        /// A close_notify, as in rustls, Go, s2n-tls and JSSE.
        Clean,
    }
}

named! {
    /// Which rule decides whether the session may be resumed.
    ///
    /// ```
    /// use close_notify_core::{Event, Machine, Policy, Role, Version, ResumptionRule, Rule};
    /// let policy = Policy { resumption: ResumptionRule::Rfc2818, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls12, Role::Client, policy);
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(machine.ending().resumption.rule, Rule::PrematureForbidsHttps);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum ResumptionRule {
        /// The rule of the TLS version; the default.
        Tls,
        /// RFC 2818 §2.2: a premature close forbids it as well.
        Rfc2818,
    }
}

named! {
    /// What the application protocol says of the peer's closing.
    ///
    /// ```
    /// use close_notify_core::{AlertDescription, AlertLevel, Event, Machine, Policy, Role, Version, Delivery, Manner, PeerCloses};
    /// let policy = Policy { peer_closes: PeerCloses::OnlyAfterUs, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, policy);
    /// for event in [Event::Close(Manner::HandBack), Event::OutputSealed, Event::OutputWritten] {
    ///     machine.handle(event)?;
    /// }
    /// let (level, description) = (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
    /// machine.handle(Event::PeerAlert { level, description })?;
    /// assert_eq!(machine.ending().delivery, Delivery::Confirmed);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum PeerCloses {
        /// The peer may close first. Its close_notify then proves nothing about our data; the default.
        AnyTime,
        /// The peer closes only in answer to us (LDAP StopTLS, an FTP upload): its close_notify confirms ours.
        OnlyAfterUs,
    }
}

/// The choices of one connection.
///
/// Units: `drain_budget` in bytes on the wire, `warnings` in alerts.
///
/// ```
/// use close_notify_core::{LateData, Policy};
/// let policy = Policy { late_data: LateData::Discard, ..Policy::STRICT };
/// assert_eq!(policy.warnings, 4);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Policy {
    /// What a transport end without close_notify is worth.
    pub missing_notify: MissingNotify,
    /// Application data behind our own close_notify.
    pub late_data: LateData,
    /// Up to TLS 1.2: when the peer's close_notify is answered.
    pub reply: Reply,
    /// Up to TLS 1.2: a close_notify at level fatal.
    pub fatal_notify: FatalNotify,
    /// Which rule decides whether the session may be resumed.
    pub resumption: ResumptionRule,
    /// What the application protocol says of the peer's closing.
    pub peer_closes: PeerCloses,
    /// How many warning alerts are survived; CVE-2016-8610 is what an endless number costs.
    pub warnings: u8,
    /// How many bytes of the peer are read at most between our close and the end.
    pub drain_budget: u32,
}

impl Policy {
    /// The default of every choice: nothing that the standards leave open is read in the peer's favour.
    pub const STRICT: Self = Self {
        missing_notify: MissingNotify::Refuse,
        late_data: LateData::Deliver,
        reply: Reply::Discard,
        fatal_notify: FatalNotify::Error,
        resumption: ResumptionRule::Tls,
        peer_closes: PeerCloses::AnyTime,
        warnings: 4,
        drain_budget: 256 * 1024,
    };
}

impl Default for Policy {
    fn default() -> Self {
        Self::STRICT
    }
}
