//! Alerts: their names, and what each means to the closing machine in a given version.
//!
//! This module reads a level and a description. `alert_record` handles how alerts are laid out in
//! records (split, joined, empty), and the engine decrypts.
//! Sources: RFC 9846 §6, RFC 5246 §7.2, the IANA registry "TLS Alerts".

use core::fmt;
use core::str::FromStr;

use crate::policy::FatalNotify;
use crate::version::Version;

/// The description byte of an alert, known or not.
///
/// ```
/// # use close_notify_core::AlertDescription;
/// assert_eq!(AlertDescription::CERTIFICATE_REQUIRED.to_string(), "certificate_required");
/// assert_eq!(AlertDescription(250).to_string(), "alert 250");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct AlertDescription(pub u8);

macro_rules! descriptions {
    ($($NAME:ident = $code:literal, $name:literal;)+) => {
        #[allow(missing_docs, reason = "the registry defines the names")]
        impl AlertDescription {
            $(pub const $NAME: Self = Self($code);)+

            /// Every registered description, in the order of their codes.
            pub const REGISTERED: &'static [Self] = &[$(Self($code)),+];

            /// The registered names, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The registered name, if the code has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($name),)+
                    _ => None,
                }
            }
        }
    };
}

descriptions! {
    CLOSE_NOTIFY = 0, "close_notify";
    UNEXPECTED_MESSAGE = 10, "unexpected_message";
    BAD_RECORD_MAC = 20, "bad_record_mac";
    DECRYPTION_FAILED = 21, "decryption_failed";
    RECORD_OVERFLOW = 22, "record_overflow";
    DECOMPRESSION_FAILURE = 30, "decompression_failure";
    HANDSHAKE_FAILURE = 40, "handshake_failure";
    NO_CERTIFICATE = 41, "no_certificate";
    BAD_CERTIFICATE = 42, "bad_certificate";
    UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
    CERTIFICATE_REVOKED = 44, "certificate_revoked";
    CERTIFICATE_EXPIRED = 45, "certificate_expired";
    CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
    ILLEGAL_PARAMETER = 47, "illegal_parameter";
    UNKNOWN_CA = 48, "unknown_ca";
    ACCESS_DENIED = 49, "access_denied";
    DECODE_ERROR = 50, "decode_error";
    DECRYPT_ERROR = 51, "decrypt_error";
    EXPORT_RESTRICTION = 60, "export_restriction";
    PROTOCOL_VERSION = 70, "protocol_version";
    INSUFFICIENT_SECURITY = 71, "insufficient_security";
    INTERNAL_ERROR = 80, "internal_error";
    INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
    USER_CANCELED = 90, "user_canceled";
    NO_RENEGOTIATION = 100, "no_renegotiation";
    MISSING_EXTENSION = 109, "missing_extension";
    UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
    CERTIFICATE_UNOBTAINABLE = 111, "certificate_unobtainable";
    UNRECOGNIZED_NAME = 112, "unrecognized_name";
    BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
    BAD_CERTIFICATE_HASH_VALUE = 114, "bad_certificate_hash_value";
    UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
    CERTIFICATE_REQUIRED = 116, "certificate_required";
    NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
    ECH_REQUIRED = 121, "ech_required";
}

impl AlertDescription {
    /// Whether this is an error alert, with which an application may reject a connection. All but
    /// the two closure alerts are.
    ///
    /// Source: RFC 9846 §6.1.
    #[must_use]
    pub const fn is_error(self) -> bool {
        !matches!(self, Self::CLOSE_NOTIFY | Self::USER_CANCELED)
    }
}

impl AlertDescription {
    /// The description with this registered name.
    ///
    /// ```
    /// # use close_notify_core::AlertDescription;
    /// assert_eq!(AlertDescription::from_name("unknown_ca"), Some(AlertDescription::UNKNOWN_CA));
    /// assert_eq!(AlertDescription::from_name("Unknown CA"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|&known| known == name)?;
        Self::REGISTERED.get(at).copied()
    }
}

/// The error of parsing a text that is not the name of an alert.
///
/// ```
/// # use close_notify_core::AlertDescription;
/// let unknown = "bad_mac".parse::<AlertDescription>().unwrap_err();
/// let text = unknown.to_string();
/// assert!(text.starts_with("no alert has this name: expected close_notify, "));
/// assert!(text.ends_with(" or `alert N` with N from 0 to 255"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct UnknownAlert;

impl fmt::Display for UnknownAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no alert has this name: expected ")?;
        for name in AlertDescription::NAMES {
            write!(f, "{name}, ")?;
        }
        f.write_str("or `alert N` with N from 0 to 255")
    }
}

impl core::error::Error for UnknownAlert {}

/// Parses what [`Display`](fmt::Display) prints: a registered name, or `alert N`.
///
/// ```
/// # use close_notify_core::AlertDescription;
/// assert_eq!("certificate_required".parse(), Ok(AlertDescription::CERTIFICATE_REQUIRED));
/// assert_eq!("alert 250".parse(), Ok(AlertDescription(250)));
/// ```
impl FromStr for AlertDescription {
    type Err = UnknownAlert;

    fn from_str(text: &str) -> Result<Self, UnknownAlert> {
        match (Self::from_name(text), text.strip_prefix("alert ")) {
            (Some(alert), _) => Ok(alert),
            (None, Some(code)) => code.parse().map(Self).map_err(|_| UnknownAlert),
            (None, None) => Err(UnknownAlert),
        }
    }
}

impl fmt::Display for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "alert {}", self.0),
        }
    }
}

/// The level byte of an alert, as it is in the record.
///
/// ```
/// # use close_notify_core::AlertLevel;
/// assert_eq!(AlertLevel::FATAL, AlertLevel(2));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AlertLevel(pub u8);

impl AlertLevel {
    /// Level 1.
    pub const WARNING: Self = Self(1);
    /// Level 2.
    pub const FATAL: Self = Self(2);
}

/// What an alert from the peer means to the closing machine.
///
/// ```
/// # use close_notify_core::{AlertDescription, AlertLevel, FatalNotify, Meaning, Version, meaning};
/// let (level, alert) = (AlertLevel::FATAL, AlertDescription::CLOSE_NOTIFY);
/// assert_eq!(meaning(Version::Tls13, level, alert, FatalNotify::Error), Meaning::CloseNotify);
/// assert_eq!(meaning(Version::Tls12, level, alert, FatalNotify::Error), Meaning::Fatal);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Meaning {
    /// The peer closed its write side.
    CloseNotify,
    /// The peer canceled the handshake; its close_notify must still follow.
    UserCanceled,
    /// A warning that the connection may survive.
    Warning,
    /// The connection is over.
    Fatal,
    /// The alert itself violates the protocol. Answer it with this one.
    Malformed(AlertDescription),
}

/// Reads an alert by the rules of `version`.
///
/// Source: RFC 9846 §6, RFC 5246 §7.2.
#[must_use]
pub const fn meaning(
    version: Version,
    level: AlertLevel,
    description: AlertDescription,
    fatal_notify: FatalNotify,
) -> Meaning {
    match version {
        Version::Tls13 => meaning_13(description),
        Version::Tls10 | Version::Tls11 | Version::Tls12 => meaning_1x(level, description, fatal_notify),
    }
}

// RFC 9846 §6 · level-ignored-13, unknown-alert-is-error-13
const fn meaning_13(description: AlertDescription) -> Meaning {
    match description {
        AlertDescription::CLOSE_NOTIFY => Meaning::CloseNotify,
        AlertDescription::USER_CANCELED => Meaning::UserCanceled,
        AlertDescription(_) => Meaning::Fatal,
    }
}

// RFC 5246 §7.2 · warning-may-continue, notify-level-1x
const fn meaning_1x(level: AlertLevel, description: AlertDescription, fatal_notify: FatalNotify) -> Meaning {
    match (level, description, fatal_notify) {
        (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY, _) => Meaning::CloseNotify,
        (AlertLevel::WARNING, AlertDescription::USER_CANCELED, _) => Meaning::UserCanceled,
        (AlertLevel::WARNING, AlertDescription(_), _) => Meaning::Warning,
        (AlertLevel::FATAL, AlertDescription::CLOSE_NOTIFY, FatalNotify::Clean) => Meaning::CloseNotify,
        (AlertLevel::FATAL, AlertDescription(_), _) => Meaning::Fatal,
        (AlertLevel(_), AlertDescription(_), _) => Meaning::Malformed(AlertDescription::ILLEGAL_PARAMETER),
    }
}
