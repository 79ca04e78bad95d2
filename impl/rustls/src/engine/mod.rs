//! rustls as a box: records go in and facts come out; data and alerts go in and bytes come out.
//!
//! Decides which fact a result of rustls is. Leaves to the core what follows from the fact.
//! Sources: rustls 0.23.46 `conn.rs`, `common_state.rs`; RFC 9846 §6.2 for the alert that fits an
//! error.

pub(crate) mod hook;
pub(crate) mod tls;

use std::io::{BufRead, IoSlice, Read, Write};
use std::sync::OnceLock;

use close_notify_core::{AlertDescription, Role, Version};
use rustls::{CommonState, Error, HandshakeKind, ProtocolVersion};

use crate::engine::hook::{AlertBytes, AlertPayload, Opened, Seen};
use crate::engine::tls::Tls;

const ALERT: u8 = 21;
const FATAL: u8 = 2;
/// The length of an unencrypted alert record; an encrypted one is longer.
const PLAIN_ALERT_RECORD: usize = 7;
pub(crate) const CLOSE_NOTIFY: AlertBytes = [1, 0];

/// What a record contained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    Data,
    Message,
    Alerts(AlertPayload),
    Violation(AlertDescription),
}

/// One record, as rustls and our hook understood it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub(crate) said: Said,
    /// The record was opened with the peer's keys.
    pub(crate) is_authentic: bool,
    /// rustls sealed a fatal alert in response.
    pub(crate) is_alert_sealed: bool,
    /// rustls sealed its own close_notify, at a limit of its keys.
    pub(crate) engine_notified: bool,
}

/// rustls cannot seal the requested alert.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsealable;

pub(crate) struct Engine<C> {
    connection: C,
    /// Whether records pass through our hook. Set once the cipher suite is known, because it does
    /// not change then.
    is_hooked: OnceLock<bool>,
    /// rustls considers itself closed: it must not see anything that it would refuse (rustls#959).
    is_spent: bool,
}

impl<C: Tls> Engine<C> {
    pub(crate) const fn new(connection: C) -> Self {
        Self { connection, is_hooked: OnceLock::new(), is_spent: false }
    }

    pub(crate) const fn connection(&self) -> &C {
        &self.connection
    }

    fn common(&self) -> &CommonState {
        self.connection.common()
    }

    pub(crate) fn role(&self) -> Role {
        self.connection.role()
    }

    /// The version, once it is negotiated.
    pub(crate) fn version(&self) -> Option<Version> {
        let agreed = self.common().protocol_version()?;
        Some(if agreed == ProtocolVersion::TLSv1_3 { Version::Tls13 } else { Version::Tls12 })
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.common().is_handshaking()
    }

    pub(crate) fn is_hooked(&self) -> bool {
        let known = self.is_hooked.get().copied();
        known.unwrap_or_else(|| match self.common().negotiated_cipher_suite() {
            Some(suite) => *self.is_hooked.get_or_init(|| hook::is_hooked(suite)),
            None => false,
        })
    }

    /// Whether an alert of our choice can be sealed: by the hook, or because nothing is encrypted
    /// yet.
    pub(crate) fn can_seal_alerts(&self) -> bool {
        self.is_hooked() || !self.seals_with_keys()
    }

    /// Whether rustls encrypts what it sends, judged by the progress of its handshake.
    fn seals_with_keys(&self) -> bool {
        let common = self.common();
        // The keys follow the key exchange within one call, except for a server up to TLS 1.2,
        // which waits for a Finished.
        match (self.version(), self.role()) {
            _ if !common.is_handshaking() => true,
            (None, _) => false,
            (Some(Version::Tls13), _) | (Some(_), Role::Client) => {
                common.negotiated_key_exchange_group().is_some()
            }
            (Some(_), Role::Server) => common.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }

    /// Whether rustls has sent its own last word.
    pub(crate) const fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// The error that ended the engine, if there is one.
    pub(crate) fn error(&mut self) -> Option<Error> {
        self.connection.process_new_packets().err()
    }

    /// The end of the peer that rustls saw while others drove it, if any.
    pub(crate) fn heard_before(&mut self) -> Option<Said> {
        match self.connection.process_new_packets() {
            Ok(state) if state.peer_has_closed() => Some(alert_fact(CLOSE_NOTIFY)),
            Ok(_) => None,
            Err(Error::AlertReceived(description)) => Some(alert_fact([FATAL, u8::from(description)])),
            Err(error) => Some(Said::Violation(alert_for(&error))),
        }
    }

    /// What a handshake record may change.
    fn progress(&self) -> (bool, Option<Version>, u32) {
        (self.is_handshaking(), self.version(), self.tickets_received())
    }

    /// How many TLS 1.3 tickets have arrived.
    pub(crate) fn tickets_received(&self) -> u32 {
        self.connection.tickets_received()
    }

    /// Takes one whole record, or the header of an invalid one, and perhaps a byte of the next
    /// record. The plaintext of earlier records has been taken. What rustls sealed in response is
    /// appended to `sealed`. While a part of an alert is held, rustls does not see the next alert.
    pub(crate) fn hear(&mut self, record: &[u8], sealed: &mut Vec<u8>, holds_part: bool) -> Heard {
        let (result, seen) =
            hook::listen(!self.is_handshaking(), holds_part, || feed(&mut self.connection, record));
        self.heard(alert_in_the_clear(record), sealed, result, seen)
    }

    /// Takes single bytes until a record ends, wherever it began. Returns how many bytes were
    /// taken, and what the record contained if one has ended.
    pub(crate) fn hear_singly(
        &mut self,
        bytes: &[u8],
        sealed: &mut Vec<u8>,
        holds_part: bool,
    ) -> (usize, Option<Heard>) {
        let before = self.progress();
        let mut taken = 0;
        let (last, seen) = hook::listen(!self.is_handshaking(), holds_part, || {
            for byte in bytes.chunks(1) {
                taken += 1;
                let result = feed(&mut self.connection, byte);
                let is_shown = result.as_ref().map_or(true, Processed::shows_a_record)
                    || hook::has_opened()
                    || self.common().wants_write()
                    || self.progress() != before;
                if is_shown {
                    return Some(result);
                }
            }
            None
        });
        (taken, last.map(|result| self.heard(None, sealed, result, seen)))
    }

    /// The result of one record.
    fn heard(
        &mut self,
        in_the_clear: Option<AlertBytes>,
        sealed: &mut Vec<u8>,
        result: Result<Processed, Error>,
        seen: Seen,
    ) -> Heard {
        self.pull(sealed);
        let alert = alert_of(in_the_clear, seen, &result);
        let answer = match seen.sealed {
            Some(answer) => Some(answer),
            None => plain_alert_mut(sealed).copied(),
        };
        let said = match (&result, alert) {
            (_, Some(alerts)) => Said::Alerts(alerts),
            (Ok(state), None) if state.peer_has_closed => alert_fact(CLOSE_NOTIFY),
            (Ok(state), None) if state.has_plaintext => Said::Data,
            (Ok(_), None) => Said::Message,
            (Err(Error::AlertReceived(description)), None) => alert_fact([FATAL, u8::from(*description)]),
            (Err(error), None) => Said::Violation(match answer {
                Some([FATAL, description]) => AlertDescription(description),
                Some(_) | None => alert_for(error),
            }),
        };
        // Without the hook an encrypted alert is not visible: whatever rustls sealed along with an
        // error must be one.
        let unseen = result.is_err() && !sealed.is_empty() && !self.is_hooked();
        let is_alert_sealed = matches!(answer, Some([FATAL, _])) || (answer.is_none() && unseen);
        let is_authentic = seen.opened != Opened::Nothing;
        Heard { said, is_authentic, is_alert_sealed, engine_notified: seen.sealed == Some(CLOSE_NOTIFY) }
    }

    /// Moves plaintext out of rustls.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> usize {
        self.connection.reader().read(buffer).unwrap_or(0)
    }

    pub(crate) fn has_plaintext(&mut self) -> bool {
        self.connection.reader().fill_buf().is_ok_and(|waiting| !waiting.is_empty())
    }

    /// Passes all plaintext that waits in rustls to `sink`.
    pub(crate) fn take_plaintext(&mut self, mut sink: impl FnMut(&[u8])) {
        let mut reader = self.connection.reader();
        while let Ok(chunk) = reader.fill_buf() {
            if chunk.is_empty() {
                return;
            }
            sink(chunk);
            let length = chunk.len();
            reader.consume(length);
        }
    }

    /// Appends the bytes that rustls wants to send to `out`.
    pub(crate) fn pull(&mut self, out: &mut Vec<u8>) {
        while self.common().wants_write() {
            self.connection.write_tls(out).expect("a Vec takes every byte");
        }
    }

    /// Seals data and appends it to `out`. Returns how much was taken, and whether rustls sealed a
    /// close_notify instead.
    pub(crate) fn seal_data(&mut self, data: &[IoSlice<'_>], out: &mut Vec<u8>) -> (usize, bool) {
        let (result, seen) = hook::watch(None, || match data {
            [whole] => self.connection.writer().write(whole),
            parts => self.connection.writer().write_vectored(parts),
        });
        self.pull(out);
        let engine_notified = seen.sealed == Some(CLOSE_NOTIFY);
        (if engine_notified { 0 } else { result.unwrap_or(0) }, engine_notified)
    }

    /// Seals an alert and appends it to `out`.
    ///
    /// With the hook, the alert replaces one byte of data, so that rustls does not count it as its
    /// own last word and can still refuse what arrives (rustls#959).
    pub(crate) fn seal_alert(&mut self, alert: AlertBytes, out: &mut Vec<u8>) -> Result<(), Unsealable> {
        let before = out.len();
        if self.is_hooked() && !self.is_handshaking() {
            let (result, seen) = hook::watch(Some(alert), || self.connection.writer().write(&[0]));
            self.pull(out);
            if result.is_ok() && seen.sealed == Some(alert) {
                return Ok(());
            }
        }
        self.is_spent = true;
        let ((), seen) = hook::watch(Some(alert), || self.connection.send_close_notify());
        self.pull(out);
        let sealed = &mut out[before..];
        if seen.sealed == Some(alert) || (alert == CLOSE_NOTIFY && !sealed.is_empty()) {
            return Ok(());
        }
        if let Some(body) = plain_alert_mut(sealed) {
            *body = alert;
            return Ok(());
        }
        out.truncate(before);
        Err(Unsealable)
    }
}

/// What rustls knows after it has processed a record.
#[derive(Clone, Copy, Default)]
struct Processed {
    has_plaintext: bool,
    peer_has_closed: bool,
}

impl Processed {
    fn shows_a_record(&self) -> bool {
        self.has_plaintext || self.peer_has_closed
    }
}

/// Gives rustls one record, in parts if rustls reads less at a time.
fn feed(connection: &mut impl Tls, mut record: &[u8]) -> Result<Processed, Error> {
    let mut processed = Processed::default();
    while !record.is_empty() {
        match connection.read_tls(&mut record) {
            Ok(0) => break,
            Ok(_) => {
                let state = connection.process_new_packets()?;
                let has_plaintext = state.plaintext_bytes_to_read() > 0;
                processed = Processed { has_plaintext, peer_has_closed: state.peer_has_closed() };
            }
            Err(error) => return Err(Error::General(error.to_string())),
        }
    }
    Ok(processed)
}

/// The alert of an unencrypted record.
fn alert_in_the_clear(record: &[u8]) -> Option<AlertBytes> {
    match *record {
        [ALERT, _, _, 0, 2, level, description] => Some([level, description]),
        _ => None,
    }
}

/// The alert in a record that rustls accepted, if it is one: as it was opened, or from the
/// unencrypted record.
///
/// A record that rustls refused contains none: it came between the parts of a message (RFC 9846
/// §5.1), or after too many records without content, and rustls opens no more records.
fn alert_of(
    in_the_clear: Option<AlertBytes>,
    seen: Seen,
    result: &Result<Processed, Error>,
) -> Option<AlertPayload> {
    let taken = matches!(result, Ok(_) | Err(Error::AlertReceived(_)));
    match (seen.opened, in_the_clear) {
        _ if !taken => None,
        (Opened::Alert(alerts), _) => Some(alerts),
        (Opened::Nothing, Some(alert)) => Some(alert.into()),
        (Opened::Nothing | Opened::Other, _) => None,
    }
}

fn alert_fact(alert: AlertBytes) -> Said {
    Said::Alerts(alert.into())
}

/// The two bytes of the unencrypted alert that ends `sealed`.
fn plain_alert_mut(sealed: &mut [u8]) -> Option<&mut AlertBytes> {
    let record = sealed.last_chunk_mut::<PLAIN_ALERT_RECORD>()?;
    match record {
        [ALERT, 3, _, 0, 2, ..] => record.last_chunk_mut(),
        _ => None,
    }
}

// RFC 9846 §6.2: used if rustls sealed no alert, or if we cannot see which one
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the enum of rustls is open: what has no alert is an internal error"
)]
fn alert_for(error: &Error) -> AlertDescription {
    use AlertDescription as A;
    match error {
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            A::UNEXPECTED_MESSAGE
        }
        Error::InvalidMessage(_) => A::DECODE_ERROR,
        Error::DecryptError => A::BAD_RECORD_MAC,
        Error::PeerSentOversizedRecord => A::RECORD_OVERFLOW,
        Error::PeerIncompatible(_) => A::HANDSHAKE_FAILURE,
        Error::PeerMisbehaved(_) => A::UNEXPECTED_MESSAGE,
        Error::NoApplicationProtocol => A::NO_APPLICATION_PROTOCOL,
        Error::InvalidCertificate(why) => A(u8::from(rustls::AlertDescription::from(why.clone()))),
        Error::InvalidCertRevocationList(_) => A::BAD_CERTIFICATE,
        _ => A::INTERNAL_ERROR,
    }
}
