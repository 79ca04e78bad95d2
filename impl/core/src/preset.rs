//! Policies for application protocols: which choices fit, and why each differs from `STRICT`.
//!
//! A choice that a preset does not mention is that of [`Policy::STRICT`]. No preset accepts a
//! truncation inside a message, or of a message that only the end delimits.
//! Sources: each preset names its own.

use crate::policy::{LateData, MissingNotify, Policy, Reply};

impl Policy {
    /// HTTP/1.1 over TLS, for either end, with a framing tracker.
    ///
    /// - `missing_notify` is [`BetweenMessages`](MissingNotify::BetweenMessages). In RFC 9112 §9.8
    ///   a message that its length or its last chunk completed is complete, and most servers end an
    ///   idle connection with a bare FIN. A body that the end delimits still needs close_notify.
    /// - `late_data` is [`Discard`](LateData::Discard). After the last response a server must not
    ///   process another request (§9.6), and a client that closed no longer wants the response. The
    ///   ending counts what was dropped.
    /// - `reply` is [`WhenAsked`](Reply::WhenAsked). A TLS 1.2 client may close its side after the
    ///   request, and an automatic answer would put a clean end after half of a body that the end
    ///   delimits.
    /// - `resumption` follows the TLS version. RFC 2818 forbids resumption after a premature close,
    ///   but RFC 9112 §9.8, which replaces it, lets a server resume. The old rule would cost idle
    ///   connections full handshakes.
    ///
    /// A server should end a connection with [`Close::Linger`](crate::Close::Linger) after its
    /// last response. [`Graceful`](crate::Close::Graceful) waits for a close_notify that a client
    /// may not send while the connection idles in its pool; with Java clients this takes the full
    /// deadline each time.
    ///
    /// ```
    /// # use close_notify_core::{Event, FramingState, Machine, Policy, Role, Version};
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

    /// The data connection of FTP over TLS, for either end: one file, delimited by the end.
    ///
    /// - `missing_notify` stays strict, because only the end says that the file is complete (RFC
    ///   959 §3.4, RFC 4217 §12.6). vsftpd's strict options do the same.
    /// - `reply` is [`WhenAsked`](Reply::WhenAsked). A receiver writes nothing and may close its
    ///   side at once. A sender that answered at once would end the file at that point, with a
    ///   close_notify that marks it as complete.
    /// - `peer_closes` stays [`AnyTime`](crate::PeerCloses::AnyTime). A server that is out of space
    ///   ends an upload early, so its close_notify confirms no file; the reply 226 on the control
    ///   connection does.
    /// - `late_data` stays delivered, because it is a part of the file.
    ///
    /// ```
    /// # use close_notify_core::{
    /// #     AlertDescription, AlertLevel, Event, Machine, Policy, Role, Version,
    /// # };
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

    /// SMTP, POP3 and IMAP after STARTTLS or on their own ports, for either end, with a framing
    /// tracker.
    ///
    /// - `missing_notify` is [`BetweenMessages`](MissingNotify::BetweenMessages). Line ends and the
    ///   lone dot delimit each command, reply and mail, nothing is accepted before its reply (RFC
    ///   5321 §4.1.1.4), and many peers end with a bare FIN after QUIT.
    /// - `late_data` is [`Discard`](LateData::Discard). After QUIT only its reply can arrive, and a
    ///   server must not act on a command after it.
    /// - `reply` is [`WhenAsked`](Reply::WhenAsked). A TLS 1.2 client may pipeline its commands up
    ///   to QUIT, close its side and read all replies (RFC 2920). If the server could not send one
    ///   of them, the client would send its mail again.
    ///
    /// ```
    /// # use close_notify_core::{Event, FramingState, Machine, Policy, Role, Version};
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

    /// LDAP, which removes TLS and keeps the connection. Close with
    /// [`Manner::HandBack`](crate::Manner::HandBack).
    ///
    /// - `reply` is [`Flush`](Reply::Flush). The other side answers at once (RFC 4511 §4.14.3), but
    ///   what it has begun to send leaves first: otherwise half of a PDU under TLS and the
    ///   plaintext after it would be read as one.
    ///
    /// Everything else stays strict:
    ///
    /// - `missing_notify`, because plaintext follows, and a forged FIN must not start it.
    /// - `late_data`, because the last responses may arrive after our close_notify and are
    ///   authentic until the peer's.
    /// - `peer_closes`, because either side may remove TLS, so the two close_notify may cross.
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Manner, Output, Policy, Role, Version};
    /// let policy = Policy::ldap_stop_tls();
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, policy);
    /// for event in [
    ///     Event::Close(Manner::HandBack),
    ///     Event::DeadlineStarted,
    ///     Event::OutputSealed,
    ///     Event::OutputWritten,
    /// ] {
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
    /// - `missing_notify` is [`BetweenMessages`](MissingNotify::BetweenMessages). A server ends an
    ///   idle connection when it likes, mostly with a bare FIN, and no message is open then.
    /// - `late_data` is [`Discard`](LateData::Discard). Nobody waits for a response on a connection
    ///   that the pool closes.
    /// - `reply` stays [`Discard`](Reply::Discard). A request that met the peer's close_notify is
    ///   not sent to a peer that no longer reads. The ending counts what never left; a request of
    ///   which nothing left may be retried elsewhere.
    /// - `drain_budget` and `keep_budget` are 64 KiB. An idle peer sends only tickets and a
    ///   close_notify, nothing of ours is in flight that a reset could destroy, and a pool closes
    ///   many connections at once.
    ///
    /// ```
    /// # use close_notify_core::{
    /// #     AlertDescription, AlertLevel, Event, Machine, Output, Policy, Role, Version,
    /// # };
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
    /// - `missing_notify` stays strict. A truncation upstream must reach the client as a
    ///   truncation, and a relay that reads it as an end launders it (RFC 9112 §8 · no-laundering).
    ///   [`Close::for_downstream`](crate::Close::for_downstream) passes it on.
    /// - `late_data` stays delivered, because the relay must pass on everything that arrived.
    /// - `reply` is [`WhenAsked`](Reply::WhenAsked). A close_notify to one side is a statement
    ///   about the other, so only the relay may order it, after it knows how the other side ended.
    ///
    /// ```
    /// # use close_notify_core::{Close, Event, Machine, Policy, Role, Version};
    /// let mut upstream = Machine::established(Version::Tls12, Role::Client, Policy::proxy());
    /// upstream.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(Close::for_downstream(&upstream.ending()), Close::Abort);
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
