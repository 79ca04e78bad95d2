//! The TLS version of a connection, and which end of it this is.

use crate::named::named;

named! {
    /// A version of TLS. The rules of closing changed in 1.1 (resumption) and in 1.3 (independent
    /// halves).
    ///
    /// ```
    /// # use close_notify_core::Version;
    /// assert!(Version::Tls13.has_independent_halves());
    /// assert!(!Version::Tls12.has_independent_halves());
    /// ```
    pub enum Version {
        /// TLS 1.0, RFC 2246.
        Tls10,
        /// TLS 1.1, RFC 4346.
        Tls11,
        /// TLS 1.2, RFC 5246.
        Tls12,
        /// TLS 1.3, RFC 9846.
        Tls13,
    }
}

impl Version {
    /// Whether a close_notify ends only the direction of its sender. Before TLS 1.3 it ends both.
    ///
    /// Source: RFC 9846 §6.1; RFC 5246 §7.2.1.
    #[must_use]
    pub const fn has_independent_halves(self) -> bool {
        matches!(self, Self::Tls13)
    }

    /// The number of the version, without "TLS".
    ///
    /// ```
    /// # use close_notify_core::Version;
    /// assert_eq!(Version::Tls12.number(), "1.2");
    /// ```
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::Tls10 => "1.0",
            Self::Tls11 => "1.1",
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}

named! {
    /// Which end of the connection this is. No closing rule depends on it; it is for drivers and
    /// reports.
    ///
    /// ```
    /// # use close_notify_core::{Machine, Policy, Role, Version};
    /// assert_eq!(Machine::new(Version::Tls13, Role::Server, Policy::STRICT).role(), Role::Server);
    /// ```
    pub enum Role {
        /// The end that sent the ClientHello.
        Client,
        /// The end that answered it.
        Server,
    }
}
