//! What a peer that says nothing lets us know: whether it took our handshake, and whether it is
//! still there.
//!
//! Decides which message proves what. Sources: RFC 9846 §4.6.1 (tickets follow the client's
//! Finished), §2 (a server may send data before it).

use std::io;

use close_notify_core::{Answer, Call, Role, Version};

use super::Driver;
use crate::driver::line::Line;
use crate::engine::tls::Tls;
use crate::error::is_a_wait;
use crate::session::Received;

/// How many records one look at an idle connection takes at most: a peer that never pauses must not
/// keep us.
const RECORDS_A_LOOK: usize = 64;

/// What is known of whether the peer took our side of the handshake, our certificate with it.
/// ```
/// use std::time::Duration;
/// use close_notify::{Acceptance, Policy};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// let [mut client, _silent] = lab::streams(Policy::STRICT);
/// match client.confirm_accepted(Duration::from_secs(1))? {
///     Acceptance::Confirmed => {} // a request may be sent that must not be sent twice
///     Acceptance::DataCame | Acceptance::Unknown => unreachable!("this server has sent its tickets"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Acceptance {
    /// It did: a ticket came, which follows our Finished, or the handshake itself says so (a
    /// server's, or before TLS 1.3).
    Confirmed,
    /// Data came. A server may send some before it has seen our certificate; few do.
    DataCame,
    /// Nothing came in time that would tell.
    Unknown,
}

impl<C: Tls> Driver<C> {
    /// Whether the server took our certificate, as far as what has come tells: `WouldBlock` where
    /// it does not.
    ///
    /// Errors: how the connection ended, the server's alert by name; `WouldBlock`.
    pub(crate) fn acceptance(&mut self, line: &mut impl Line) -> io::Result<Acceptance> {
        self.complete_handshake(line)?;
        self.flush(line)?;
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
                Answer::Wait if line.is_there() => drop(self.session.receive(line)?),
                Answer::Done => return Ok(Acceptance::Unknown),
                Answer::Wait | Answer::Failed => return self.refusal(line),
            }
        }
    }

    /// A server that refuses says so by an alert.
    fn refusal(&mut self, line: &mut impl Line) -> io::Result<Acceptance> {
        self.drive(line)?;
        Err(self.session.ended())
    }

    /// Whether the peer has ended the connection by now. What it sent before is kept for reading;
    /// nothing is waited for, and a wait that begins here has the whole patience.
    pub(crate) fn peer_closed_now(&mut self, line: &mut impl Line) -> io::Result<bool> {
        line.only_try(true);
        let closed = self.look(line);
        line.only_try(false);
        closed
    }

    fn look(&mut self, line: &mut impl Line) -> io::Result<bool> {
        for _ in 0..RECORDS_A_LOOK {
            if self.session.machine().recv_state().has_ended() || !line.is_there() {
                break;
            }
            match self.session.receive(line) {
                Ok(Received::Full) => break,
                Ok(_) => {}
                Err(error) if is_a_wait(&error) => break,
                Err(error) => return Err(error),
            }
        }
        match self.drive_until(line, super::Until::LastWord) {
            Err(error) if !is_a_wait(&error) => Err(error),
            _ => Ok(self.session.machine().answer(Call::PeerClosed) == Answer::Done),
        }
    }
}
