//! Records from the peer, one at a time: from our own buffer through the engine to the machine.

use std::io;

use close_notify_core::{
    AlertDescription, AlertLevel, AlertRecord, Event, Machine, Manner, read_alert, recv, send,
};
use close_notify_linger::errno_of;

use super::{CHUNK, Session};
use crate::engine::tls::Tls;
use crate::engine::{Heard, Said};
use crate::error::is_a_wait;
use crate::transport::Transport;

/// What one call of [`Session::receive`] learned, and has reported to the machine.
///
/// ```
/// use close_notify::{AlertDescription, Close, Pipe, Policy, Received, Session, Stream};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// let (client, server) = lab::connections();
/// let (mut near, far) = Pipe::pair(1 << 12);
/// let mut session = Session::new(client, Policy::STRICT);
/// Stream::new(server, far, Policy::STRICT).close(Close::AtOnce)?;
///
/// let Received::Alert { description, .. } = session.receive(&mut near)? else {
///     panic!("the server closed")
/// };
/// assert_eq!(description, AlertDescription::CLOSE_NOTIFY);
/// assert_eq!(session.receive(&mut near)?, Received::End);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Received {
    /// A record of application data. [`Session::read`] returns it, unless the policy drops it.
    Data {
        /// The length of the record.
        bytes: u32,
    },
    /// A handshake record, or a message after the handshake.
    Message {
        /// The length of the record.
        bytes: u32,
    },
    /// An alert.
    Alert {
        /// Its level byte.
        level: AlertLevel,
        /// Its description byte.
        description: AlertDescription,
    },
    /// A violation of the protocol, and the alert for it.
    Violation(AlertDescription),
    /// A part of a record: call again.
    Part,
    /// Nothing new: reading has ended.
    End,
    /// Nothing was read: plaintext must be read first. Not returned once the end of both directions
    /// was asked for.
    Full,
}

impl<C: Tls> Session<C> {
    /// Takes one record, from bytes that were read before or by one read of the transport.
    ///
    /// # Errors
    ///
    /// `WouldBlock` and `TimedOut` as the transport returns them. Other failures of the transport
    /// are not errors here: the machine records them, and the call returns [`Received::End`].
    pub fn receive(&mut self, transport: &mut impl Transport) -> io::Result<Received> {
        if self.machine.recv_state().has_ended() {
            return Ok(Received::End);
        }
        if !self.makes_room() {
            return Ok(Received::Full);
        }
        if let Some(length) = self.inbox.next_record() {
            return self.take_record(length);
        }
        self.fill(transport)?;
        match self.inbox.next_record() {
            _ if self.machine.recv_state().has_ended() => Ok(Received::End),
            Some(length) => self.take_record(length),
            None => Ok(Received::Part),
        }
    }

    /// Keeps plaintext that nobody has read yet, up to the limit of the policy.
    fn makes_room(&mut self) -> bool {
        let full = self.is_full();
        if !full {
            let kept = &mut self.kept;
            if self.kept_from > kept.len() / 2 {
                kept.drain(..std::mem::take(&mut self.kept_from));
            }
            self.engine.take_plaintext(|chunk| kept.extend_from_slice(chunk));
        }
        !full
    }

    /// Once the end of both directions was asked for, the budget bounds what still arrives, and a
    /// close does not wait for a reader.
    pub(super) const fn is_full(&self) -> bool {
        let most = (self.machine.policy().most_kept() as usize).saturating_add(CHUNK);
        !self.machine.manner().is_closing() && self.kept.len() - self.kept_from > most
    }

    /// Reads once, after what is unread.
    fn fill(&mut self, transport: &mut impl Transport) -> io::Result<()> {
        let inside_record = self.inbox.may_be_inside_record() || self.alert_part.is_some();
        match self.inbox.fill(transport) {
            Ok(0) => self.tell(Event::TransportEof { inside_record }),
            Ok(_) => Ok(()),
            // An underlying tunnel that was cut reports it like this.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.tell(Event::TransportEof { inside_record })
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) if is_a_wait(&error) => Err(error),
            Err(error) => {
                self.outbox.clear();
                self.tell(Event::TransportReset { errno: errno_of(&error) })
            }
        }
    }

    fn take_record(&mut self, length: usize) -> io::Result<Received> {
        let bytes = u32::try_from(length).unwrap_or(u32::MAX);
        if self.is_deaf() {
            self.inbox.consume(length);
            self.tell(Event::PeerMessage { bytes })?;
            return Ok(Received::Message { bytes });
        }
        let delivers = self.machine.delivers_data();
        let Some((heard, bytes)) = self.hear(length, bytes) else { return Ok(Received::Part) };
        if matches!(self.machine.recv_state(), recv::State::Plain) {
            self.learn_version();
            if heard.is_authentic {
                self.tell(Event::PeerKeysInUse)?;
            }
        }
        let received = self.tell_record(heard, bytes)?;
        self.collect_sealed(heard)?;
        if !self.engine.is_handshaking() && matches!(self.machine.send_state(), send::State::Handshaking) {
            self.handshake_is_done()?;
        }
        if matches!(received, Received::Data { .. }) && !delivers {
            self.engine.take_plaintext(|_| ());
        }
        Ok(received)
    }

    /// What the next record contains, and its length. `None` if rustls holds the beginning of a
    /// record that is not complete.
    fn hear(&mut self, length: usize, bytes: u32) -> Option<(Heard, u32)> {
        let holds_part = self.alert_part.is_some();
        let Some(astray) = self.inbox.astray() else {
            let may_go_on = matches!(self.machine.recv_state(), recv::State::Open);
            let given = self.inbox.give(length, may_go_on);
            let heard = self.engine.hear(given, &mut self.held, holds_part);
            self.inbox.consume(length);
            return Some((heard, bytes));
        };
        let (taken, heard) = self.engine.hear_singly(self.inbox.unread(), &mut self.held, holds_part);
        self.inbox.consume(taken);
        let bytes = astray.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
        self.inbox.stray(heard.is_none().then_some(bytes));
        heard.map(|heard| (heard, bytes))
    }

    /// Reports what rustls had received before it was adopted.
    pub(super) fn tell_what_came_before(&mut self) {
        let Some(said) = self.engine.heard_before() else { return };
        if matches!(said, Said::Violation(_)) {
            // The alert of rustls is sent when the machine asks for it.
            self.held.extend_from_slice(self.outbox.unsent());
            self.outbox.clear();
        }
        let heard = Heard { said, is_authentic: true, is_alert_sealed: false, engine_notified: false };
        // The peer's events are legal in every state.
        let _ = self.tell_record(heard, 0);
    }

    /// After a close_notify that was sent before the handshake was done, rustls cannot use what
    /// arrives, and must not send its own alert. This holds too if the transport did not take the
    /// close_notify.
    fn is_deaf(&self) -> bool {
        let send = self.machine.send_state();
        let notified = send == send::State::NotifyLeaving || send.is_notified();
        (notified || self.engine.is_spent()) && !matches!(self.machine.recv_state(), recv::State::Open)
    }

    /// The machine is made before a version is negotiated. It is made again for the negotiated
    /// version if nothing has happened yet.
    fn learn_version(&mut self) {
        let Some(version) = self.engine.version() else { return };
        let (role, policy) = (self.machine.role(), self.machine.policy());
        if self.machine == Machine::new(self.machine.version(), role, policy) {
            self.machine = Machine::new(version, role, policy);
        }
    }

    fn tell_record(&mut self, heard: Heard, bytes: u32) -> io::Result<Received> {
        let (fact, received) = match heard.said {
            Said::Data => (Event::PeerData { bytes }, Received::Data { bytes }),
            Said::Message => (Event::PeerMessage { bytes }, Received::Message { bytes }),
            Said::Alerts(payload) => return self.tell_alerts(payload.as_bytes()),
            Said::Violation(alert) => (Event::PeerViolation(alert), Received::Violation(alert)),
        };
        self.tell(fact)?;
        Ok(received)
    }

    // RFC 5246 §6.2.1, RFC 9846 §5.1: one alert per record, except for the policy's choices up to
    // TLS 1.2
    fn tell_alerts(&mut self, mut payload: &[u8]) -> io::Result<Received> {
        let (version, policy) = (self.machine.version(), self.machine.policy());
        loop {
            let read = read_alert(version, &policy, self.alert_part.take(), payload);
            if let Some(fact) = read.event() {
                self.tell(fact)?;
            }
            match read {
                AlertRecord::Alert { level, description, rest: [] } => {
                    return Ok(Received::Alert { level, description });
                }
                AlertRecord::Alert { rest, .. } => payload = rest,
                AlertRecord::Part { level } => {
                    self.alert_part = Some(level);
                    return Ok(Received::Part);
                }
                AlertRecord::Malformed(alert) => return Ok(Received::Violation(alert)),
            }
        }
    }

    /// Handles what rustls sealed by itself: kept if it may be sent, dropped if nothing may follow
    /// any more.
    fn collect_sealed(&mut self, heard: Heard) -> io::Result<()> {
        use send::State as S;
        match self.machine.send_state() {
            S::Open | S::NotifyDue if heard.engine_notified => {
                self.outbox.tail().append(&mut self.held);
                // RFC 9846 §5.5 · limit-close-counts
                self.tell(Event::EngineNotified)?;
            }
            // RFC 9846 §6.2: the alert is sent when the machine asks for it
            S::AlertDue if heard.is_alert_sealed => {}
            S::Handshaking | S::Open | S::NotifyDue | S::ReplyDue if heard.is_alert_sealed => {
                self.held.clear()
            }
            S::Handshaking | S::Open | S::NotifyDue | S::ReplyDue | S::AlertDue => {
                self.outbox.tail().append(&mut self.held);
            }
            // RFC 9846 §6.1 · nothing-after-notify
            _ => self.held.clear(),
        }
        Ok(())
    }

    fn handshake_is_done(&mut self) -> io::Result<()> {
        if self.machine.recv_state().has_ended() || self.machine.manner() != Manner::Unasked {
            return Ok(());
        }
        if matches!(self.machine.recv_state(), recv::State::Plain) {
            self.tell(Event::PeerKeysInUse)?;
        }
        self.tell(Event::HandshakeDone)
    }
}
