//! Alert records: how many alerts a payload holds, and which of them may be read.
//!
//! This module decides how split, joined and empty alerts are treated, by version and policy. The
//! engine decrypts, and `alert` has the meaning of an alert.
//! Sources: RFC 9846 §5.1, §5.4, RFC 5246 §6.2.1; each row names its own.

use crate::alert::{AlertDescription, AlertLevel};
use crate::event::Event;
use crate::policy::{CoalescedAlerts, FragmentedAlert, Policy};
use crate::version::Version;

/// What [`read_alert`] found in the payload of an alert record.
///
/// ```
/// # use close_notify_core::{AlertDescription, AlertRecord, Event, Policy, Version, read_alert};
/// let empty = read_alert(Version::Tls12, &Policy::STRICT, None, &[]);
/// assert_eq!(empty.event(), Some(Event::PeerViolation(AlertDescription::UNEXPECTED_MESSAGE)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AlertRecord<'a> {
    /// A complete alert.
    Alert {
        /// Its level byte.
        level: AlertLevel,
        /// Its description byte.
        description: AlertDescription,
        /// What follows it in the same record. Unless this is empty, read it next, with nothing
        /// held.
        rest: &'a [u8],
    },
    /// The first byte of an alert. Hold it until the next alert record. If the transport ends
    /// before that, it has ended inside a record.
    Part {
        /// The level byte.
        level: AlertLevel,
    },
    /// Not an alert that this version and policy allow: a violation, answered with this alert.
    Malformed(AlertDescription),
}

impl AlertRecord<'_> {
    /// The event to report to the machine, or `None` if the alert is not complete yet.
    #[must_use]
    pub const fn event(&self) -> Option<Event> {
        match *self {
            Self::Alert { level, description, .. } => Some(Event::PeerAlert { level, description }),
            Self::Malformed(alert) => Some(Event::PeerViolation(alert)),
            Self::Part { .. } => None,
        }
    }
}

/// Reads the payload of one alert record, or what an earlier call left of it.
///
/// `held` is the level of an earlier [`AlertRecord::Part`], whose second byte is the first byte of
/// `payload`. Records of other types may come between the two (RFC 5246 §6.2.1). Each call consumes
/// at least one byte, so a loop over the rest ends.
///
/// ```
/// # use close_notify_core::{
/// #     AlertRecord, CoalescedAlerts, FragmentedAlert, Machine, Policy, ReadEnd, Role, Version,
/// #     read_alert,
/// # };
/// let policy = Policy {
///     fragmented_alert: FragmentedAlert::Assemble,
///     coalesced_alerts: CoalescedAlerts::ReadEach,
///     ..Policy::STRICT
/// };
/// let mut machine = Machine::established(Version::Tls12, Role::Client, policy);
/// let mut held = None;
/// // A complete no_renegotiation, and a close_notify in two parts.
/// for mut payload in [&[1, 100, 1][..], &[0]] {
///     while !payload.is_empty() {
///         let read = read_alert(machine.version(), &policy, held.take(), payload);
///         if let Some(event) = read.event() {
///             machine.handle(event)?;
///         }
///         payload = match read {
///             AlertRecord::Alert { rest, .. } => rest,
///             AlertRecord::Part { level } => {
///                 held = Some(level);
///                 &[]
///             }
///             AlertRecord::Malformed(_) => &[],
///         };
///     }
/// }
/// assert_eq!(machine.ending().reading, ReadEnd::CloseNotify);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[must_use]
pub const fn read_alert<'a>(
    version: Version,
    policy: &Policy,
    held: Option<AlertLevel>,
    payload: &'a [u8],
) -> AlertRecord<'a> {
    // A record that §5.1 or §5.4 forbids is unexpected, regardless of its bytes.
    const REFUSED: AlertRecord<'_> = AlertRecord::Malformed(AlertDescription::UNEXPECTED_MESSAGE);
    let (joins, splits) = match version {
        // RFC 9846 §5.1: one alert per record
        Version::Tls13 => (false, false),
        // RFC 5246 §6.2.1: as the policy says
        Version::Tls10 | Version::Tls11 | Version::Tls12 => (
            matches!(policy.fragmented_alert, FragmentedAlert::Assemble),
            matches!(policy.coalesced_alerts, CoalescedAlerts::ReadEach),
        ),
    };
    match (held, payload) {
        // RFC 9846 §5.4, RFC 5246 §6.2.1: no empty alert record, not even between two parts
        (_, []) => REFUSED,
        (None, &[level]) if joins => AlertRecord::Part { level: AlertLevel(level) },
        (None, &[_]) => REFUSED,
        (None, &[level, description]) => whole(AlertLevel(level), description, &[]),
        (None, [level, description, rest @ ..]) if splits => whole(AlertLevel(*level), *description, rest),
        (Some(level), &[description]) if joins => whole(level, description, &[]),
        (Some(level), [description, rest @ ..]) if joins && splits => whole(level, *description, rest),
        (None | Some(_), [_, ..]) => REFUSED,
    }
}

const fn whole(level: AlertLevel, description: u8, rest: &[u8]) -> AlertRecord<'_> {
    AlertRecord::Alert { level, description: AlertDescription(description), rest }
}
