//! Policies for application protocols: which choices fit, and why each of them leaves `STRICT`.
//!
//! Decides nothing that `policy` does not name. A choice that no preset mentions is that of
//! [`Policy::STRICT`]: no preset accepts a cut inside of a message, or one that only the end
//! delimits.
//! Sources: each preset names its own.

use crate::policy::{LateData, MissingNotify, Policy, Reply};

impl Policy {
    /// HTTP/1.1 over TLS, either end, with a framing tracker.
    ///
    /// `missing_notify` is [`BetweenMessages`](MissingNotify::BetweenMessages): RFC 9112 §9.8 calls
    /// a message that its length or its last chunk completed whole, and most servers end an idle
    /// connection by a bare FIN. A body that the end delimits still needs close_notify. `late_data`
    /// is [`Discard`](LateData::Discard): behind the last response a server must not process
    /// another request (§9.6), and a client that closed has given up on the answer; the ending
    /// counts what was dropped. `reply` is [`WhenAsked`](Reply::WhenAsked): a client of TLS 1.2 may
    /// close its side behind the request, and an answer that nobody asked for would put a clean end
    /// behind half of a body that the end delimits. `resumption` stays with the rule of the TLS
    /// version: RFC 2818 forbids it behind a premature close, but RFC 9112 §9.8, which replaces it,
    /// lets a server resume, and idle connections would pay for it with full handshakes.
    ///
    /// A server ends a connection with [`Manner::Linger`](crate::Manner::Linger) after its last
    /// response. [`Graceful`](crate::Manner::Graceful) waits for a close_notify that a client may
    /// not send while the connection idles in its pool: with Java's it costs the whole patience
    /// each time.
    ///
    /// ```
    /// use close_notify_core::{Event, FramingState, Machine, Policy, Role, Version};
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::https());
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert!(machine.reads_as_end(FramingState::BetweenMessages));
    /// assert!(!machine.reads_as_end(FramingState::DelimitedByEnd));
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn https() -> Self {
        Self {
            missing_notify: MissingNotify::BetweenMessages,
            late_data: LateData::Discard,
            reply: Reply::WhenAsked,
            ..Self::STRICT
        }
    }

    /// The data connection of FTP over TLS, either end: one file, delimited by the end.
    ///
    /// `missing_notify` stays strict, as the end alone says that the file is whole (RFC 959 §3.4,
    /// RFC 4217 §12.6); vsftpd's strict options are the same. `reply` is
    /// [`WhenAsked`](Reply::WhenAsked): a receiver writes nothing and may close its side at once; a
    /// sender that answered would end the file where the answer fell, with a close_notify that
    /// calls it whole. `peer_closes` stays [`AnyTime`](crate::PeerCloses::AnyTime): a server
    /// without space ends an upload early, so its close_notify confirms no file; the reply 226 on
    /// the control connection does. `late_data` stays delivered: what comes is a part of the file.
    ///
    /// ```
    /// use close_notify_core::{AlertDescription, AlertLevel, Event, Machine, Policy, Role, Version};
    /// let mut sender = Machine::established(Version::Tls12, Role::Server, Policy::ftps_data());
    /// let (level, description) = (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
    /// sender.handle(Event::PeerAlert { level, description })?;
    /// assert!(sender.may_write());
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn ftps_data() -> Self {
        Self { reply: Reply::WhenAsked, ..Self::STRICT }
    }

    /// SMTP, POP3 and IMAP behind STARTTLS or on their own ports, either end, with a framing
    /// tracker.
    ///
    /// `missing_notify` is [`BetweenMessages`](MissingNotify::BetweenMessages): lines and the lone
    /// dot say where each command, reply and mail ends, nothing is accepted before its reply (RFC
    /// 5321 §4.1.1.4), and many peers end with a bare FIN behind QUIT. `late_data` is
    /// [`Discard`](LateData::Discard): behind QUIT only its reply can come, and a server must not
    /// act on a command behind it. `reply` is [`WhenAsked`](Reply::WhenAsked): a client of TLS 1.2
    /// may pipeline its commands up to QUIT, close its side and read the replies to the end (RFC
    /// 2920); one that were refused to the server would have the client send its mail again.
    ///
    /// ```
    /// use close_notify_core::{Event, FramingState, Machine, Policy, Role, Version};
    /// let mut machine = Machine::established(Version::Tls12, Role::Server, Policy::smtp());
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert!(!machine.reads_as_end(FramingState::InsideMessage));
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn smtp() -> Self {
        Self {
            missing_notify: MissingNotify::BetweenMessages,
            late_data: LateData::Discard,
            reply: Reply::WhenAsked,
            ..Self::STRICT
        }
    }

    /// LDAP, where TLS is removed and the connection goes on: close with
    /// [`Manner::HandBack`](crate::Manner::HandBack).
    ///
    /// `reply` is [`Flush`](Reply::Flush): the other side answers at once (RFC 4511 §4.14.3), but
    /// what it has begun to say leaves first, for half of a PDU under TLS and plaintext behind it
    /// are read as one. Everything else stays strict. `missing_notify`, since plaintext follows and
    /// a FIN from anybody must not open it. `late_data`, since the last responses may come behind
    /// our close_notify and are authentic until the peer's. `peer_closes`, since either side may
    /// remove TLS, so that two close_notify may cross.
    ///
    /// ```
    /// use close_notify_core::{Event, Machine, Manner, Output, Policy, Role, Version};
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::ldap_stop_tls());
    /// for event in [Event::Close(Manner::HandBack), Event::DeadlineStarted, Event::OutputSealed, Event::OutputWritten] {
    ///     machine.handle(event)?;
    /// }
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(machine.output(), Output::CloseTransport); // and no plaintext
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn ldap_stop_tls() -> Self {
        Self { reply: Reply::Flush, ..Self::STRICT }
    }

    /// Idle connections that a client keeps for later requests.
    ///
    /// `missing_notify` is [`BetweenMessages`](MissingNotify::BetweenMessages): a server ends an
    /// idle connection when it likes, mostly by a bare FIN, and no message is open there.
    /// `late_data` is [`Discard`](LateData::Discard): on a connection that the pool lets go of
    /// nobody waits for an answer. `reply` stays [`Discard`](Reply::Discard): a request that met
    /// the peer's close_notify is not sent to somebody who no longer reads, and the ending counts
    /// what never left: a request of which nothing left may be tried elsewhere. `drain_budget` and
    /// `keep_budget` are 64 KiB: an idle peer has tickets and a close_notify to say, nothing of
    /// ours is on its way that a reset could destroy, and a pool closes many at once.
    ///
    /// ```
    /// use close_notify_core::{AlertDescription, AlertLevel, Event, Machine, Output, Policy, Role, Version};
    /// let mut machine = Machine::established(Version::Tls12, Role::Client, Policy::pool());
    /// machine.handle(Event::Write)?;
    /// let (level, description) = (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
    /// machine.handle(Event::PeerAlert { level, description })?;
    /// assert_eq!(machine.output(), Output::DiscardPending);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn pool() -> Self {
        Self {
            missing_notify: MissingNotify::BetweenMessages,
            late_data: LateData::Discard,
            drain_budget: 64 * 1024,
            keep_budget: 64 * 1024,
            ..Self::STRICT
        }
    }

    /// Each connection of a relay that does not know the messages it carries.
    ///
    /// `missing_notify` stays strict: a cut upstream must reach the client as a cut, and a relay
    /// that reads it as an end launders it (RFC 9112 §8 · no-laundering);
    /// [`Manner::for_downstream`](crate::Manner::for_downstream) passes it on. `late_data` stays
    /// delivered, as nothing that came may be missing from what the relay passes on. `reply` is
    /// [`WhenAsked`](Reply::WhenAsked): a close_notify to one side is a statement about the other,
    /// so only the relay may order it, once it knows how the other side ended.
    ///
    /// ```
    /// use close_notify_core::{Event, Machine, Manner, Policy, Role, Version};
    /// let mut upstream = Machine::established(Version::Tls12, Role::Client, Policy::proxy());
    /// upstream.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(Manner::for_downstream(&upstream.ending()), Manner::Abort);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn proxy() -> Self {
        Self { reply: Reply::WhenAsked, ..Self::STRICT }
    }

    /// Every preset with its name, [`STRICT`](Self::STRICT) first.
    pub const PRESETS: &'static [(&'static str, Self)] = &[
        ("strict", Self::STRICT),
        ("https", Self::https()),
        ("ftps_data", Self::ftps_data()),
        ("smtp", Self::smtp()),
        ("ldap_stop_tls", Self::ldap_stop_tls()),
        ("pool", Self::pool()),
        ("proxy", Self::proxy()),
    ];
}
