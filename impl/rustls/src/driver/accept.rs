//! What a silent peer reveals: whether it accepted our handshake, and whether it is still there.
//!
//! Decides which message proves what.
//! Sources: RFC 9846 §4.6.1 (tickets follow the client's Finished), §2 (a server may send data
//! before it).

use std::io;

use close_notify_core::{Answer, Call, Role, Version};

use super::Driver;
use crate::driver::timed::Timed;
use crate::engine::tls::Tls;
use crate::error::is_a_wait;
use crate::session::Received;

/// The most records that one look at an idle connection takes: a peer that never pauses must not
/// keep us.
const RECORDS_A_LOOK: usize = 64;

/// Whether the peer accepted our side of the handshake, including our certificate, as far as is
/// known.
///
/// ```
/// use std::time::Duration;
/// use close_notify::{Acceptance, Policy};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// let [mut client, _silent] = lab::streams(Policy::STRICT);
/// match client.confirm_accepted(Duration::from_secs(1))? {
///     Acceptance::Confirmed => {} // a request may be sent that must not be sent twice
///     Acceptance::DataCame | Acceptance::Unknown => {
///         unreachable!("this server has sent its tickets")
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Acceptance {
    /// It did. A ticket arrived, which follows our Finished; or the handshake itself says so, for a
    /// server and before TLS 1.3.
    Confirmed,
    /// Data arrived. A server may send data before it has seen our certificate; few do.
    DataCame,
    /// Nothing arrived in time that would show it.
    Unknown,
}

impl<C: Tls> Driver<C> {
    /// Whether the server accepted our certificate, judged by what has arrived.
    ///
    /// Fails with how the connection ended, which is the server's alert if there is one. Fails with
    /// `WouldBlock` if nothing that has arrived shows it.
    pub(crate) fn acceptance(&mut self, io: &mut impl Timed) -> io::Result<Acceptance> {
        self.complete_handshake(io)?;
        self.flush(io)?;
        let machine = self.session.machine();
        if machine.role() == Role::Server || machine.version() != Version::Tls13 {
            return Ok(Acceptance::Confirmed);
        }
        loop {
            if self.session.tickets_received() > 0 {
                return Ok(Acceptance::Confirmed);
            }
            if self.session.has_plaintext() {
                return Ok(Acceptance::DataCame);
            }
            match self.session.machine().answer(Call::Confirm { is_known: false }) {
                Answer::Wait if io.is_there() => drop(self.session.receive(io)?),
                Answer::Done => return Ok(Acceptance::Unknown),
                Answer::Wait | Answer::Failed => return self.refusal(io),
            }
        }
    }

    /// A server that refuses us sends an alert that says so.
    fn refusal(&mut self, io: &mut impl Timed) -> io::Result<Acceptance> {
        self.drive(io)?;
        Err(self.session.ended())
    }

    /// Whether the peer has ended the connection by now. What it sent before is kept for reading.
    /// Nothing is waited for, and a wait that begins here gets the whole patience.
    pub(crate) fn peer_closed_now(&mut self, io: &mut impl Timed) -> io::Result<bool> {
        io.trying(|io| self.look(io))
    }

    fn look(&mut self, io: &mut impl Timed) -> io::Result<bool> {
        for _ in 0..RECORDS_A_LOOK {
            if self.session.machine().recv_state().has_ended() || !io.is_there() {
                break;
            }
            match self.session.receive(io) {
                Ok(Received::Full) => break,
                Ok(_) => {}
                Err(error) if is_a_wait(&error) => break,
                Err(error) => return Err(error),
            }
        }
        match self.drive_until(io, super::Until::Peer) {
            Err(error) if !is_a_wait(&error) => Err(error),
            _ => Ok(self.session.machine().answer(Call::PeerClosed) == Answer::Done),
        }
    }
}
