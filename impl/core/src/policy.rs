//! The choices of the application, where the standards or existing stacks differ.
//!
//! Every choice has a name, a default and a reason. `preset` has the choices that fit an
//! application protocol; [`Manner`](crate::Manner) is how one connection is closed.
//! Sources: each choice names its own; the last table of `docs/scenarios.md` lists what stacks do.

use crate::named::named;

named! {
    /// How an end of the transport without close_notify is treated.
    ///
    /// RFC 9846 §6.1 says that the receiver cannot know whether it has everything, and anybody on
    /// the path can forge the FIN. rustls, OpenSSL 3, s2n-tls, GnuTLS and Bouncy Castle report an
    /// error; Go, NSS, JSSE, nginx and Envoy continue as if nothing had happened. Each is right for
    /// some protocols: a message with a known length is complete without close_notify, but a
    /// message that the end of the connection delimits is not. So the default refuses, the middle
    /// choice asks the framing, and no choice accepts a truncation inside a message.
    ///
    /// ```
    /// # use close_notify_core::*;
    /// let policy = Policy { missing_notify: MissingNotify::BetweenMessages, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, policy);
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert!(machine.accepts_end(FramingState::BetweenMessages));
    /// assert!(!machine.accepts_end(FramingState::DelimitedByEnd));
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum MissingNotify {
        /// Never the end of a complete message, as RFC 9846 §6.1 says. The default.
        Refuse,
        /// Tolerated if the framing says that no message is open. Most deployed HTTP peers need
        /// this (RFC 9112 §9.8).
        BetweenMessages,
        /// Read as a clean end, as Go, NSS, nginx and Envoy do. An attacker can choose where the
        /// data ends; the model shows how.
        Accept,
    }
}

named! {
    /// How application data is treated that arrives after our own close_notify, while we wait for
    /// the peer's.
    ///
    /// In RFC 9846 §6.1 a close_notify ends only one direction. This data is therefore as valid as
    /// any other, and the default delivers it. s2n-tls, GnuTLS and JSSE discard it; OpenSSL and
    /// BoringSSL end the wait with an error. Discarded data is counted, and the end is no longer
    /// clean: an attacker who delays our close_notify chooses what arrives after it (RFC 9846 §6.1
    /// · cut-is-visible).
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Policy, Role, Version, LateData, Manner};
    /// let policy = Policy { late_data: LateData::Discard, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, policy);
    /// machine.handle(Event::Close(Manner::Graceful))?;
    /// machine.handle(Event::PeerData { bytes: 100 })?;
    /// assert_eq!(machine.ending().late, 100);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum LateData {
        /// Delivered to the application, so nothing is lost (half-closed reading). The default.
        Deliver,
        /// Read, counted and discarded, as in s2n-tls, GnuTLS and JSSE. The ending says how much.
        Discard,
        /// A local error that ends the wait, as in OpenSSL and BoringSSL.
        Refuse,
    }
}

named! {
    /// Up to TLS 1.2: when the peer's close_notify is answered. TLS 1.3 always answers when the
    /// application closes.
    ///
    /// RFC 5246 §7.2.1 requires an immediate answer and discards what is pending, as s2n-tls, JSSE
    /// and Bouncy Castle do. The default follows it, and the ending counts what was discarded. But
    /// then the answer marks the end of our data at a point that the peer, or an attacker who
    /// delays its close_notify, has chosen: the peer may read half of a response with a clean end.
    /// If the end of the connection delimits what we send, `WhenAsked` keeps it complete.
    ///
    /// ```
    /// # use close_notify_core::{
    /// #     AlertDescription, AlertLevel, Event, Machine, Policy, Reply, Role, Version,
    /// # };
    /// let policy = Policy { reply: Reply::WhenAsked, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls12, Role::Client, policy);
    /// let (level, description) = (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
    /// machine.handle(Event::PeerAlert { level, description })?;
    /// assert!(machine.may_write());
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum Reply {
        /// At once, and pending data of the application is discarded, as RFC 5246 §7.2.1 requires.
        /// The default.
        Discard,
        /// At once, but after what is pending. Loses nothing and still refuses new writes.
        Flush,
        /// When the application closes. Until then it may write, as in rustls, OpenSSL, BoringSSL,
        /// NSS, GnuTLS and Go.
        WhenAsked,
    }
}

named! {
    /// Up to TLS 1.2: how a close_notify at level fatal is read. TLS 1.3 ignores the level (RFC
    /// 9846 §6).
    ///
    /// In RFC 5246 §7.2 every alert at level fatal ends the connection and forgets its session, and
    /// close_notify has level warning. OpenSSL, BoringSSL, GnuTLS, Mbed TLS and Bouncy Castle read
    /// an error; rustls, Go, s2n-tls and JSSE read a close. The default is the error. No known
    /// stack sends such an alert, so no peer is excluded, and a peer that confuses levels may as
    /// well mean the fatal one.
    ///
    /// ```
    /// # use close_notify_core::{
    /// #     AlertDescription, AlertLevel, FatalNotify, Meaning, Version, meaning,
    /// # };
    /// let (level, alert) = (AlertLevel::FATAL, AlertDescription::CLOSE_NOTIFY);
    /// let read = meaning(Version::Tls12, level, alert, FatalNotify::Clean);
    /// assert_eq!(read, Meaning::CloseNotify);
    /// ```
    pub enum FatalNotify {
        /// An error, as in OpenSSL, BoringSSL, GnuTLS, Mbed TLS and Bouncy Castle, because its
        /// sender violates RFC 5246 §7.2. The default.
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
    /// without close_notify, and the default follows it. RFC 2818 §2.2 kept the rule for HTTPS; RFC
    /// 9112 §9.8, which replaces it, does not. Choose `Rfc2818` only if your own rules still
    /// require RFC 2818: it costs a full handshake after each idle connection that a peer dropped.
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Policy, Role, Version, ResumptionRule, Rule};
    /// let policy = Policy { resumption: ResumptionRule::Rfc2818, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls12, Role::Client, policy);
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(machine.ending().resumption.rule, Rule::PrematureForbidsHttps);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum ResumptionRule {
        /// The rule of the TLS version; the default.
        Tls,
        /// RFC 2818 §2.2: a premature close also forbids resumption.
        Rfc2818,
    }
}

named! {
    /// When the application protocol lets the peer close.
    ///
    /// In no TLS version can a close_notify that answers ours be distinguished from one that
    /// crossed ours on the wire, and only the answer proves that our data arrived
    /// (crossed-confirms-nothing). The default treats neither as proof. In a protocol whose peer
    /// never closes first, a close_notify can only be the answer, and does confirm. Few protocols
    /// are so strict. In LDAP either side may remove TLS (RFC 4511 §4.14.3), and an FTP server may
    /// end an upload that it cannot store (RFC 959 §3.4). An attacker on the path can also forge a
    /// FIN to such a peer, which then closes first: against an attacker the answer confirms
    /// nothing.
    ///
    /// ```
    /// # use close_notify_core::{
    /// #     AlertDescription, AlertLevel, Delivery, Event, Machine, Manner, PeerCloses, Policy,
    /// #     Role, Version,
    /// # };
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
        /// The peer may close first, so its close_notify proves nothing about our data. The
        /// default.
        AnyTime,
        /// The peer closes only in answer to us, even if it fails: its close_notify confirms ours.
        OnlyAfterUs,
    }
}

named! {
    /// Up to TLS 1.2: how an alert is treated whose two bytes arrive in two records. TLS 1.3
    /// forbids it (RFC 9846 §5.1), and there it is always refused.
    ///
    /// RFC 5246 §6.2.1 lets any message be split, so a split alert violates no rule, and s2n-tls
    /// accepts it. BoringSSL, Go, NSS, OpenSSL, Mbed TLS and JSSE refuse it, and no stack is known
    /// to send it. The default refuses it too: a receiver that holds half of a close_notify has one
    /// more state in which it must distinguish a truncation from an end, and it interoperates with
    /// no more peers.
    ///
    /// ```
    /// # use close_notify_core::{
    /// #     AlertLevel, AlertRecord, FragmentedAlert, Policy, Version, read_alert,
    /// # };
    /// let policy = Policy { fragmented_alert: FragmentedAlert::Assemble, ..Policy::STRICT };
    /// let first = read_alert(Version::Tls12, &policy, None, &[1]);
    /// assert_eq!(first, AlertRecord::Part { level: AlertLevel::WARNING });
    /// ```
    pub enum FragmentedAlert {
        /// A violation. The default.
        Refuse,
        /// The first byte is held until the second arrives.
        Assemble,
    }
}

named! {
    /// Up to TLS 1.2: how several alerts in one record are treated. TLS 1.3 forbids them (RFC 9846
    /// §5.1), and there they are always refused.
    ///
    /// RFC 5246 §6.2.1 lets messages of one type share a record. s2n-tls reads each of them, GnuTLS
    /// only the first. BoringSSL, Go, NSS, OpenSSL, Mbed TLS and JSSE refuse the record, and so
    /// does the default: no stack is known to send one. Reading only the first alert is not
    /// offered: a close_notify after a warning would be lost with the rest.
    ///
    /// ```
    /// # use close_notify_core::{
    /// #     AlertDescription, AlertRecord, CoalescedAlerts, Policy, Version, read_alert,
    /// # };
    /// let policy = Policy { coalesced_alerts: CoalescedAlerts::ReadEach, ..Policy::STRICT };
    /// let record = read_alert(Version::Tls12, &policy, None, &[1, 100, 1, 0]);
    /// let AlertRecord::Alert { description, rest, .. } = record else {
    ///     panic!("the first alert is complete");
    /// };
    /// assert_eq!((description, rest), (AlertDescription::NO_RENEGOTIATION, &[1, 0][..]));
    /// ```
    pub enum CoalescedAlerts {
        /// A violation. The default.
        Refuse,
        /// One after the other. After an alert that ends the connection the rest is ignored, like
        /// everything that follows an end.
        ReadEach,
    }
}

named! {
    /// TLS 1.3: how a user_canceled is read after the handshake. During the handshake, and up to
    /// TLS 1.2, it is a warning and counts against [`Policy::warnings`].
    ///
    /// RFC 9846 §6.1 defines it for the handshake, followed by a close_notify. After the handshake
    /// it prefers a close_notify alone, but does not forbid user_canceled, and Java's JSSE sends
    /// one before the close_notify of every ordinary close. rustls, OpenSSL, BoringSSL, NSS,
    /// s2n-tls and JSSE read on; GnuTLS and older versions of Go end the connection. The default
    /// reads on: only the close_notify after it decides, and without one the end is a truncation
    /// anyway. An error would gain nothing, and every close of a Java peer would be one.
    ///
    /// ```
    /// # use close_notify_core::{
    /// #     AlertDescription, AlertLevel, Event, Machine, Policy, ReadEnd, Role, UserCanceled,
    /// #     Version,
    /// # };
    /// let policy = Policy { user_canceled: UserCanceled::Error, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, policy);
    /// let (level, description) = (AlertLevel::WARNING, AlertDescription::USER_CANCELED);
    /// machine.handle(Event::PeerAlert { level, description })?;
    /// assert_eq!(machine.ending().reading, ReadEnd::FatalAlert(AlertDescription::USER_CANCELED));
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum UserCanceled {
        /// Reading goes on until the close_notify. The default.
        ReadOn,
        /// It ends the connection like a fatal alert.
        Error,
    }
}

/// The choices of one connection.
///
/// Each choice says what the standards require, what existing stacks do, and why it has its
/// default. The presets, such as [`Policy::https`], choose for an application protocol and say why
/// they differ from [`Policy::STRICT`]. Under every policy
/// [`Event::DeadlinePassed`](crate::Event::DeadlinePassed) ends all waiting: the deadline of the
/// user always wins.
///
/// # What is not configurable
///
/// A close_notify before the handshake is done is always an error. NSS continues, but before the
/// peer's keys are in use anybody can have sent it (plain-alert-is-no-close). With keys it ends a
/// direction that the handshake needs, and anything but an error would wait for what cannot arrive
/// (notify-in-handshake, CVE-2024-32650). In TLS 1.3 alerts that are split, joined or empty are
/// always refused (RFC 9846 §5.1, §5.4). An empty alert record is refused in every version.
///
/// ```
/// # use close_notify_core::{LateData, Policy};
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
    /// How an end of the transport without close_notify is treated.
    pub missing_notify: MissingNotify,
    /// How application data after our own close_notify is treated.
    pub late_data: LateData,
    /// Up to TLS 1.2: when the peer's close_notify is answered.
    pub reply: Reply,
    /// Up to TLS 1.2: how a close_notify at level fatal is read.
    pub fatal_notify: FatalNotify,
    /// Which rule decides whether the session may be resumed.
    pub resumption: ResumptionRule,
    /// When the application protocol lets the peer close.
    pub peer_closes: PeerCloses,
    /// Up to TLS 1.2: how an alert in two records is treated.
    pub fragmented_alert: FragmentedAlert,
    /// Up to TLS 1.2: how several alerts in one record are treated.
    pub coalesced_alerts: CoalescedAlerts,
    /// TLS 1.3: how a user_canceled is read after the handshake.
    pub user_canceled: UserCanceled,
    /// How many warning alerts are survived. RFC 5246 §7.2.2 lets a receiver continue and sets no
    /// bound; CVE-2016-8610 shows what an endless number costs. BoringSSL and OpenSSL survive four
    /// too.
    pub warnings: u8,
    /// How many bytes of the peer are read at most between our close and the end, on the wire.
    ///
    /// RFC 9112 §9.6 asks for a bound and gives no figure; nginx and Apache bound only the time.
    /// Most clients, among them Python, wget, Go and Java, write their whole request before they
    /// read. A client that is refused early learns the reason only if the server reads everything
    /// that the client still sends: a close over unread bytes resets the connection and destroys
    /// the refusal. Discarded data costs no memory, and the deadline bounds it too.
    ///
    /// The default is 64 MiB: what 100 Mbit/s transfer in the 5 s that a close lasts, and twice the
    /// 32 MiB that Linux lets a socket hold. Raise it if you receive larger uploads over faster
    /// lines and answer before they are read. `u32::MAX` leaves the bound to the deadline. The
    /// table shows how many of 40 clients learned that they were refused, over loopback. Each row
    /// is an upload of which the server had read nothing; each column is a budget.
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
    /// `close(Linger)` after a response gives the same results. Reading the data costs the server
    /// 0.6 ms of processor time per MiB (`cargo bench -p close-notify-benches --bench refused`; two
    /// cores, Linux 6.18).
    pub drain_budget: u32,
    /// How many bytes of the peer are kept at most for an application that has not read them yet,
    /// on the wire: this many before our close, and as many again after it. `drain_budget` bounds
    /// them too.
    ///
    /// Before our close, no more is received until the application has read. Under
    /// [`LateData::Deliver`] everything that arrives between our close and the peer's close_notify
    /// is for the application, and is kept in memory until it reads. One byte more ends the wait.
    /// 256 KiB is 16 full records, or what a sender had in flight when our close_notify reached it.
    pub keep_budget: u32,
}

impl Policy {
    /// The default of every choice. Whatever the standards leave open is not read in the peer's
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

    /// How many bytes that the application has not read may be kept at most: the smaller of
    /// `keep_budget` and `drain_budget`.
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
