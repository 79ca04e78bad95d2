//! What the application asked for: the choices where the standards, or the stacks of the world,
//! differ.
//!
//! Every choice has a name, a default and its reason. Leaves to `preset` which choices fit an
//! application protocol, and to [`Manner`](crate::Manner) how one connection is closed.
//! Sources: each choice names its own; what stacks do is the last table of `docs/scenarios.md`.

use crate::named::named;

named! {
    /// What a transport end without close_notify is worth.
    ///
    /// RFC 9846 §6.1 says that the receiver cannot know whether it has everything, and anybody on
    /// the path can forge the FIN. rustls, OpenSSL 3, s2n-tls, GnuTLS and Bouncy Castle report an
    /// error; Go, NSS, JSSE, nginx and Envoy read on as if nothing had happened. Both are right for
    /// somebody: a message that says its own length is whole without close_notify, one that the end
    /// delimits is not. So the default refuses, the middle choice asks the framing, and no choice
    /// accepts a cut inside of a message.
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
        /// Tolerated where the framing says that no message is open; most deployed HTTP peers need
        /// it (RFC 9112 §9.8).
        BetweenMessages,
        /// Read as a clean end, as Go, NSS, nginx and Envoy do. An attacker chooses where the data
        /// ends: the model shows how.
        Accept,
    }
}

named! {
    /// What becomes of application data that arrives after our own close_notify, while we wait for
    /// the peer's.
    ///
    /// RFC 9846 §6.1 ends one direction with one close_notify, so this data is as good as any other
    /// and the default hands it on. s2n-tls, GnuTLS and JSSE throw it away, OpenSSL and BoringSSL
    /// end the wait with an error. Thrown away it is counted, and the end is clean no more: an
    /// attacker who delays our close_notify chooses what arrives behind it (RFC 9846 §6.1 ·
    /// cut-is-visible).
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
    /// Up to TLS 1.2: when the peer's close_notify is answered. TLS 1.3 always answers when the
    /// application closes.
    ///
    /// RFC 5246 §7.2.1 wants the answer at once and what is pending discarded, as s2n-tls, JSSE and
    /// Bouncy Castle do; the default is this letter, and the ending counts what it cost. Yet an
    /// answer that nobody asked for says "this is all" at a place that the peer, or who delays its
    /// close_notify, has chosen: the peer then reads half of an answer with a clean end. Where the
    /// end delimits what we send, `WhenAsked` is the choice that keeps it whole.
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
        /// At once, discarding what the application has pending: what RFC 5246 §7.2.1 asks, and the
        /// default.
        Discard,
        /// At once, but behind what is pending. Loses nothing and still refuses new writes.
        Flush,
        /// When the application closes: writes go on, as in rustls, OpenSSL, BoringSSL, NSS, GnuTLS
        /// and Go.
        WhenAsked,
    }
}

named! {
    /// Up to TLS 1.2: a close_notify at level fatal. TLS 1.3 ignores the level (RFC 9846 §6).
    ///
    /// RFC 5246 §7.2 ends a connection by every alert at level fatal and forgets its session, and
    /// gives close_notify the level warning. OpenSSL, BoringSSL, GnuTLS, Mbed TLS and Bouncy Castle
    /// read an error; rustls, Go, s2n-tls and JSSE read a close. The default is the error: no known
    /// stack sends it, so nobody is shut out, and a peer that confuses its levels may as well mean
    /// the alert.
    ///
    /// ```
    /// use close_notify_core::{AlertDescription, AlertLevel, FatalNotify, Meaning, Version, meaning};
    /// let (level, description) = (AlertLevel::FATAL, AlertDescription::CLOSE_NOTIFY);
    /// assert_eq!(meaning(Version::Tls12, level, description, FatalNotify::Clean), Meaning::CloseNotify);
    /// ```
    pub enum FatalNotify {
        /// An error, as in OpenSSL, BoringSSL, GnuTLS, Mbed TLS and Bouncy Castle; the default: its
        /// sender breaks RFC 5246 §7.2.
        Error,
        /// A close_notify, as in rustls, Go, s2n-tls and JSSE.
        Clean,
    }
}

named! {
    /// Which rule decides whether the session may be resumed.
    ///
    /// A fatal alert forbids it under both choices, and so does an unclean end in TLS 1.0 (RFC 2246
    /// §7.2.1). RFC 4346 dropped that rule for all later versions because too many peers close
    /// without close_notify, and the default follows. RFC 2818 §2.2 kept it for HTTPS; RFC 9112
    /// §9.8, which replaces it, does not. Its choice is for those whose own rules still name RFC
    /// 2818: it costs a full handshake after each idle connection that a peer dropped.
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
    /// No TLS version tells an answer to our close_notify from one that crossed it on the wire, and
    /// only the answer proves that our data arrived (crossed-confirms-nothing). The default takes
    /// neither for a proof. A protocol in which the peer never closes first leaves the answer
    /// alone: then it does confirm. Few are so strict. In LDAP either side may remove TLS (RFC 4511
    /// §4.14.3), and an FTP server may end an upload that it cannot store (RFC 959 §3.4). And
    /// whoever is on the path can forge a FIN to such a peer, which then closes first: against an
    /// adversary it confirms nothing.
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
        /// The peer may close first. Its close_notify then proves nothing about our data; the
        /// default.
        AnyTime,
        /// The peer closes only in answer to us, even where it fails: its close_notify confirms
        /// ours.
        OnlyAfterUs,
    }
}

named! {
    /// Up to TLS 1.2: an alert whose two bytes come in two records. TLS 1.3 forbids it (RFC 9846
    /// §5.1), and it is refused there whatever this says.
    ///
    /// RFC 5246 §6.2.1 lets any message be split, so a split alert breaks no rule; s2n-tls takes
    /// it. BoringSSL, Go, NSS, OpenSSL, Mbed TLS and JSSE refuse it, and no stack is known to send
    /// it. The default refuses as well: a receiver that holds half of a close_notify has one state
    /// more in which a cut must be told from an end, and gains no peer by it.
    ///
    /// ```
    /// use close_notify_core::{AlertLevel, AlertRecord, FragmentedAlert, Policy, Version, read_alert};
    /// let policy = Policy { fragmented_alert: FragmentedAlert::Assemble, ..Policy::STRICT };
    /// let first = read_alert(Version::Tls12, &policy, None, &[1]);
    /// assert_eq!(first, AlertRecord::Part { level: AlertLevel::WARNING });
    /// ```
    pub enum FragmentedAlert {
        /// A violation; the default.
        Refuse,
        /// The first byte is held until the second comes.
        Assemble,
    }
}

named! {
    /// Up to TLS 1.2: several alerts in one record. TLS 1.3 forbids it (RFC 9846 §5.1), and it is
    /// refused there whatever this says.
    ///
    /// RFC 5246 §6.2.1 lets messages of one type share a record. s2n-tls reads each of them, GnuTLS
    /// the first alone; BoringSSL, Go, NSS, OpenSSL, Mbed TLS and JSSE refuse the record, and so
    /// does the default: no stack is known to send it. To read the first alone is no choice here: a
    /// close_notify behind a warning would be lost with the rest.
    ///
    /// ```
    /// use close_notify_core::{AlertDescription, AlertRecord, CoalescedAlerts, Policy, Version, read_alert};
    /// let policy = Policy { coalesced_alerts: CoalescedAlerts::ReadEach, ..Policy::STRICT };
    /// let AlertRecord::Alert { description, rest, .. } = read_alert(Version::Tls12, &policy, None, &[1, 100, 1, 0]) else {
    ///     panic!("it is whole");
    /// };
    /// assert_eq!((description, rest), (AlertDescription::NO_RENEGOTIATION, &[1, 0][..]));
    /// ```
    pub enum CoalescedAlerts {
        /// A violation; the default.
        Refuse,
        /// One after the other. Behind an alert that ends the connection the rest is ignored, as
        /// all that follows an end.
        ReadEach,
    }
}

named! {
    /// TLS 1.3: a user_canceled once the handshake is done. Before that, and up to TLS 1.2, it is
    /// read as the warning that it is, and counted against [`Policy::warnings`].
    ///
    /// RFC 9846 §6.1 gives it to the handshake and has a close_notify follow; behind the handshake
    /// it prefers a mere close_notify but forbids nothing, and Java's JSSE sends one before the
    /// close_notify of every ordinary close. rustls, OpenSSL, BoringSSL, NSS, s2n-tls and JSSE read
    /// on, GnuTLS and older versions of Go end the connection. The default reads on: only the
    /// close_notify behind it decides, and without one the end is a truncation all the same, so
    /// nothing is gained by an error, and every close of a Java peer would be one.
    ///
    /// ```
    /// use close_notify_core::{AlertDescription, AlertLevel, Event, Machine, Policy, ReadEnd, Role, UserCanceled, Version};
    /// let policy = Policy { user_canceled: UserCanceled::Error, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, policy);
    /// let (level, description) = (AlertLevel::WARNING, AlertDescription::USER_CANCELED);
    /// machine.handle(Event::PeerAlert { level, description })?;
    /// assert_eq!(machine.ending().reading, ReadEnd::FatalAlert(AlertDescription::USER_CANCELED));
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum UserCanceled {
        /// Reading goes on until the close_notify; the default.
        ReadOn,
        /// It ends the connection like a fatal alert.
        Error,
    }
}

/// The choices of one connection.
///
/// Each choice says what the standards want, what the stacks of the world do, and why its default
/// is what it is. The presets, such as [`Policy::https`], choose for an application protocol and
/// say why they leave [`Policy::STRICT`]. None of them outlives
/// [`Event::DeadlinePassed`](crate::Event::DeadlinePassed): the deadline of the user always wins.
///
/// Units: `drain_budget` and `keep_budget` in bytes on the wire, `warnings` in alerts.
///
/// # What is no choice
///
/// A close_notify before the handshake is done is always an error. NSS goes on; but before the
/// peer's keys are in use anybody can have sent it (plain-alert-is-no-close), and behind them it
/// ends a direction that a handshake needs, so that every answer but an error waits for what cannot
/// come (notify-in-handshake, CVE-2024-32650). In TLS 1.3 alerts that are split, joined or empty
/// are always refused (RFC 9846 §5.1, §5.4), and an empty alert record is in every version.
///
/// ```
/// use close_notify_core::{LateData, Policy};
/// let policy = Policy { late_data: LateData::Discard, ..Policy::STRICT };
/// assert_eq!(policy.warnings, 4);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
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
    /// Up to TLS 1.2: an alert in two records.
    pub fragmented_alert: FragmentedAlert,
    /// Up to TLS 1.2: several alerts in one record.
    pub coalesced_alerts: CoalescedAlerts,
    /// TLS 1.3: a user_canceled once the handshake is done.
    pub user_canceled: UserCanceled,
    /// How many warning alerts are survived. RFC 5246 §7.2.2 lets a receiver go on and names no
    /// bound; CVE-2016-8610 is what an endless number costs. Four are survived by BoringSSL and
    /// OpenSSL too.
    pub warnings: u8,
    /// How many bytes of the peer are read at most between our close and the end.
    ///
    /// RFC 9112 §9.6 asks for a bound without a figure; nginx and Apache have one in time alone.
    /// Most clients write their whole request before they read, Python, wget, Go and Java among
    /// them: one that is refused early learns why only if the server reads all that it still sends,
    /// for a close over unread bytes resets the connection and takes the refusal with it. What is
    /// thrown away costs no memory, and the deadline bounds it too.
    ///
    /// So the default is 64 MiB: what 100 Mbit/s bring in the 5 s that a close lasts, and twice the
    /// 32 MiB that Linux lets a socket hold. Whoever gets larger uploads over faster lines, and
    /// answers before they are read, raises it; `u32::MAX` leaves the bound to the deadline. How
    /// many of 40 clients learned that they were refused, each row an upload of which the server
    /// had read nothing, over loopback:
    ///
    /// | upload | 256 KiB | 4 MiB | 16 MiB | 32 MiB | 64 MiB | no budget |
    /// | --- | --- | --- | --- | --- | --- | --- |
    /// | 128 KiB | 40 | 40 | 40 | 40 | 40 | 40 |
    /// | 1 MiB | 15 | 40 | 40 | 40 | 40 | 40 |
    /// | 4 MiB | 0 | 40 | 40 | 40 | 40 | 40 |
    /// | 8 MiB | 0 | 0 | 40 | 40 | 40 | 40 |
    /// | 32 MiB | 0 | 0 | 0 | 38 | 40 | 40 |
    /// | 64 MiB | 0 | 0 | 0 | 0 | 39 | 40 |
    /// | 128 MiB | 0 | 0 | 0 | 0 | 0 | 40 |
    ///
    /// `close(Linger)` after an answer gives the same picture. To read it takes the server 0.6 ms
    /// of processor time a MiB (`cargo bench -p close-notify-benches --bench refused`; two cores,
    /// Linux 6.18).
    pub drain_budget: u32,
    /// How many bytes of the peer are kept at most for an application that does not read them yet;
    /// `drain_budget` bounds them too.
    ///
    /// Under [`LateData::Deliver`] all that comes between our close and the peer's close_notify is
    /// for the application, and waits for it in memory: one byte more ends the wait. 256 KiB is 16
    /// full records, or what a sender had in flight when our close_notify reached it.
    pub keep_budget: u32,
}

impl Policy {
    /// The default of every choice: nothing that the standards leave open is read in the peer's
    /// favour.
    pub const STRICT: Self = Self {
        missing_notify: MissingNotify::Refuse,
        late_data: LateData::Deliver,
        reply: Reply::Discard,
        fatal_notify: FatalNotify::Error,
        resumption: ResumptionRule::Tls,
        peer_closes: PeerCloses::AnyTime,
        fragmented_alert: FragmentedAlert::Refuse,
        coalesced_alerts: CoalescedAlerts::Refuse,
        user_canceled: UserCanceled::ReadOn,
        warnings: 4,
        drain_budget: 64 * 1024 * 1024,
        keep_budget: 256 * 1024,
    };

    /// How many bytes may be kept at most that the application has not read.
    #[must_use]
    pub const fn most_kept(&self) -> u32 {
        if self.keep_budget < self.drain_budget { self.keep_budget } else { self.drain_budget }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::STRICT
    }
}
