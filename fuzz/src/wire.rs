//! TCP between two ends in memory, controlled by a fuzzer: it splits, merges, delays, cuts, resets
//! and launders errno.
//!
//! Decides what each call of an end returns, as on Linux (our measurements, docs/scenarios.md).
//! Data that came before a reset can be read; the first call that fails takes the error number, and
//! the calls after it see an end of the stream. Closing with unread bytes resets the connection and
//! destroys data in flight. Its user decides when anything arrives. Nothing here blocks.
//! Sources: RFC 9293 §3.6, §3.10.4, §3.10.7; tcp(7).

use std::cell::{RefCell, RefMut};
use std::io::{self, Read, Write};
use std::rc::Rc;

use close_notify::Transport;

/// "Connection reset by peer", with Linux's number.
pub const ECONNRESET: i32 = 104;
/// "Connection timed out".
pub const ETIMEDOUT: i32 = 110;
const EPIPE: i32 = 32;
const ENOTCONN: i32 = 107;

/// The first way in which the transport ended for a side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broke {
    /// The end of the peer's stream arrived.
    Fin,
    /// The transport died, with this error number.
    Dead(i32),
}

/// The fixed properties of a wire.
#[derive(Clone, Copy, Debug)]
pub struct Nature {
    /// How many bytes each direction holds unsent, and how many unread.
    pub capacity: usize,
    /// The most bytes that one call moves.
    pub most: usize,
    /// A reset destroys what has arrived unread, as on Windows.
    pub reset_discards: bool,
}

impl Nature {
    /// The most bytes that an application writes in one call, so that a run over a narrow wire
    /// stays short.
    #[must_use]
    pub fn most_at_once(self) -> usize {
        self.most.saturating_mul(32).min(self.capacity.saturating_mul(8))
    }
}

/// The bytes and the end that travel towards one side.
#[derive(Debug, Default)]
pub struct Direction {
    /// All that its writer's calls have taken.
    pub log: Vec<u8>,
    /// How much of it has arrived.
    pub arrived: usize,
    /// How much of it was read.
    pub read: usize,
    /// Its writer has shut it, by a call or by closing.
    pub shut: bool,
    /// An end of the stream has arrived at the reader, its writer's or a forged one.
    pub fin_arrived: bool,
    /// Nothing more arrives: a reset destroyed it, or the path is cut.
    pub is_dead: bool,
    /// A reset of its writer is in flight.
    reset_sent: bool,
}

/// The state that a side's calls meet.
#[derive(Debug, Default)]
struct Station {
    is_closed: bool,
    resets_on_close: bool,
    /// The error that the next call takes.
    error: Option<i32>,
    broke: Option<Broke>,
    is_dead: bool,
    closed_unread: usize,
    has_reset: bool,
    /// Calls in a row that achieved nothing.
    idle_calls: u32,
    worst_idle: u32,
    /// The last call would have blocked.
    says_wait: bool,
}

impl Station {
    /// Counts a call that achieves nothing.
    fn idles(&mut self) {
        self.idle_calls += 1;
        self.worst_idle = self.worst_idle.max(self.idle_calls);
    }
}

/// Both directions and both sides.
#[derive(Debug)]
pub struct Wire {
    nature: Nature,
    towards: [Direction; 2],
    stations: [Station; 2],
    is_orderly: bool,
    moved: usize,
}

/// A wire that its two ends share with its owner.
#[derive(Clone, Debug)]
pub struct Shared(Rc<RefCell<Wire>>);

/// One end. Dropping it closes it.
#[derive(Debug)]
pub struct End {
    wire: Shared,
    side: usize,
}

impl Shared {
    /// A new wire and its ends.
    #[must_use]
    pub fn new(nature: Nature) -> (Self, [End; 2]) {
        let wire = Wire {
            nature,
            towards: Default::default(),
            stations: Default::default(),
            is_orderly: true,
            moved: 0,
        };
        let shared = Self(Rc::new(RefCell::new(wire)));
        let ends = [0, 1].map(|side| End { wire: shared.clone(), side });
        (shared, ends)
    }

    /// Borrows the wire, between two calls of its ends.
    #[must_use]
    pub fn borrow(&self) -> RefMut<'_, Wire> {
        self.0.borrow_mut()
    }
}

impl Wire {
    /// Its fixed properties.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        self.nature
    }

    /// Adds bytes that this side has sent before.
    pub fn preload(&mut self, side: usize, bytes: &[u8]) {
        self.towards[1 - side].log.extend_from_slice(bytes);
    }

    /// The direction towards this side.
    #[must_use]
    pub const fn towards(&self, side: usize) -> &Direction {
        &self.towards[side]
    }

    /// All that this side has written to its transport.
    #[must_use]
    pub fn said_by(&self, side: usize) -> &[u8] {
        &self.towards[1 - side].log
    }

    /// All that this side has read.
    #[must_use]
    pub fn read_by(&self, side: usize) -> &[u8] {
        let towards = &self.towards[side];
        &towards.log[..towards.read]
    }

    /// Makes this side read its last bytes again, because they were handed back to it.
    pub fn put_back(&mut self, side: usize, bytes: usize) {
        self.towards[side].read -= bytes;
    }

    /// How many bytes this side could read now.
    #[must_use]
    pub const fn unread(&self, side: usize) -> usize {
        self.towards[side].arrived - self.towards[side].read
    }

    /// The first way in which the transport ended for this side.
    #[must_use]
    pub const fn broke(&self, side: usize) -> Option<Broke> {
        self.stations[side].broke
    }

    /// Whether this side can neither send nor receive any more, whatever its calls returned first.
    #[must_use]
    pub const fn is_dead(&self, side: usize) -> bool {
        self.stations[side].is_dead
    }

    /// Whether the end of this side is closed.
    #[must_use]
    pub const fn is_closed(&self, side: usize) -> bool {
        self.stations[side].is_closed
    }

    /// How many bytes this side had not read when it closed.
    #[must_use]
    pub const fn closed_unread(&self, side: usize) -> usize {
        self.stations[side].closed_unread
    }

    /// Whether this side has reset the connection by closing.
    #[must_use]
    pub const fn has_reset(&self, side: usize) -> bool {
        self.stations[side].has_reset
    }

    /// Whether only the two ends have acted on the wire.
    #[must_use]
    pub const fn is_orderly(&self) -> bool {
        self.is_orderly
    }

    /// A measure of what has happened: it is unchanged only if nothing has.
    #[must_use]
    pub const fn moved(&self) -> usize {
        self.moved
    }

    /// Whether the last call of this side would have blocked.
    #[must_use]
    pub const fn says_wait(&self, side: usize) -> bool {
        self.stations[side].says_wait
    }

    /// The most calls of this side in a row that achieved nothing, since the last call of this
    /// method.
    pub const fn take_idle_calls(&mut self, side: usize) -> u32 {
        self.stations[side].idle_calls = 0;
        std::mem::replace(&mut self.stations[side].worst_idle, 0)
    }

    /// Delivers up to `most` bytes to this side, and what follows them: the end of the stream, or a
    /// reset.
    pub fn deliver(&mut self, side: usize, most: usize) {
        let towards = &mut self.towards[side];
        let waiting = towards.log.len() - towards.arrived;
        if !towards.is_dead && self.stations[side].is_closed && waiting > 0 {
            // RFC 9293 §3.10.7.4: data for a socket that is closed
            self.send_reset(side);
            self.towards[side].is_dead = true;
            return;
        }
        if !towards.is_dead && !towards.fin_arrived {
            let room = self.nature.capacity - (towards.arrived - towards.read).min(self.nature.capacity);
            let count = waiting.min(most).min(room);
            towards.arrived += count;
            self.moved += count;
            if towards.shut && count == waiting {
                self.fin_arrives(side);
            }
        }
        if std::mem::take(&mut self.towards[side].reset_sent) {
            self.dies(side, ECONNRESET);
        }
    }

    /// A third party on the path ends the stream towards this side.
    pub fn forge_fin(&mut self, side: usize) {
        self.is_orderly = false;
        self.fin_arrives(side);
    }

    /// A third party on the path resets this side, or its system gives up.
    pub fn forge_error(&mut self, side: usize, errno: i32) {
        self.is_orderly = false;
        self.dies(side, errno);
    }

    /// Cuts the path: nothing arrives any more on either side.
    pub fn cut(&mut self) {
        self.is_orderly = false;
        self.towards.iter_mut().for_each(|towards| towards.is_dead = true);
    }

    fn fin_arrives(&mut self, side: usize) {
        if self.stations[side].is_dead {
            return;
        }
        self.towards[side].fin_arrived = true;
        self.moved += 1;
        self.stations[side].broke.get_or_insert(Broke::Fin);
    }

    fn dies(&mut self, side: usize, errno: i32) {
        self.moved += 1;
        self.towards[1 - side].is_dead = true;
        self.towards[side].is_dead = true;
        let station = &mut self.stations[side];
        if station.is_dead || station.is_closed {
            return;
        }
        station.is_dead = true;
        station.broke.get_or_insert(Broke::Dead(errno));
        // Linux, `tcp_reset`: after the peer's FIN a reset is a broken pipe.
        let errno = if self.towards[side].fin_arrived { EPIPE } else { errno };
        station.error = Some(errno);
        if self.nature.reset_discards {
            self.towards[side].arrived = self.towards[side].read;
        }
    }

    /// Destroys what this side had in flight, and sends a reset in its place.
    fn send_reset(&mut self, side: usize) {
        let ours = &mut self.towards[1 - side];
        if !ours.is_dead {
            ours.is_dead = true;
            ours.reset_sent = true;
            self.moved += 1;
        }
        self.stations[side].has_reset = true;
    }

    fn read(&mut self, side: usize, buffer: &mut [u8]) -> io::Result<usize> {
        let towards = &mut self.towards[side];
        let count = buffer.len().min(towards.arrived - towards.read).min(self.nature.most);
        if count > 0 {
            buffer[..count].copy_from_slice(&towards.log[towards.read..][..count]);
            towards.read += count;
            self.moved += count;
            (self.stations[side].idle_calls, self.stations[side].says_wait) = (0, false);
            return Ok(count);
        }
        let station = &mut self.stations[side];
        station.idles();
        station.says_wait = !towards.fin_arrived && station.error.is_none() && !station.is_dead;
        if towards.fin_arrived {
            return Ok(0);
        }
        match station.error.take() {
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
            None if station.is_dead => Ok(0),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes for a side whose end another owner holds.
    ///
    /// # Errors
    ///
    /// Fails as a write of the end does.
    pub fn write(&mut self, side: usize, bytes: &[u8]) -> io::Result<usize> {
        let station = &mut self.stations[side];
        let ours = &mut self.towards[1 - side];
        if station.is_dead || ours.shut {
            station.idles();
            station.says_wait = false;
            return Err(io::Error::from_raw_os_error(station.error.take().unwrap_or(EPIPE)));
        }
        let room = self.nature.capacity.saturating_sub(ours.log.len() - ours.arrived);
        let count = bytes.len().min(room).min(self.nature.most);
        if count == 0 && !bytes.is_empty() {
            station.idles();
            station.says_wait = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        ours.log.extend_from_slice(&bytes[..count]);
        (station.idle_calls, station.says_wait) = (0, false);
        self.moved += count;
        Ok(count)
    }

    fn shut_write(&mut self, side: usize) -> io::Result<()> {
        let station = &self.stations[side];
        if station.is_dead {
            return Err(io::Error::from_raw_os_error(ENOTCONN));
        }
        self.towards[1 - side].shut = true;
        self.moved += 1;
        Ok(())
    }

    fn close(&mut self, side: usize) {
        let unread = self.unread(side);
        self.moved += 1;
        let station = &mut self.stations[side];
        station.is_closed = true;
        station.closed_unread = unread;
        if station.is_dead {
            return;
        }
        // RFC 9293 §3.10.4; RFC 2525 §2.17
        if unread > 0 || station.resets_on_close {
            self.send_reset(side);
        } else {
            self.towards[1 - side].shut = true;
        }
    }
}

impl End {
    /// A measure of what has happened on the wire.
    #[must_use]
    pub fn moved(&self) -> usize {
        self.wire.borrow().moved
    }

    /// Takes the value of `SO_ERROR`; a second call returns `None`.
    #[must_use]
    pub fn take_error(&self) -> Option<i32> {
        self.wire.borrow().stations[self.side].error.take()
    }
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wire.borrow().read(self.side, buffer)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wire.borrow().write(self.side, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for End {
    fn shut_write(&mut self) -> io::Result<()> {
        self.wire.borrow().shut_write(self.side)
    }

    fn reset(&mut self) -> io::Result<()> {
        self.wire.borrow().stations[self.side].resets_on_close = true;
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.wire.borrow().close(self.side);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Nature = Nature { capacity: 100, most: usize::MAX, reset_discards: false };

    fn read(end: &mut End) -> Result<Vec<u8>, Option<i32>> {
        let mut buffer = [0; 100];
        end.read(&mut buffer).map(|count| buffer[..count].to_vec()).map_err(|error| error.raw_os_error())
    }

    #[test]
    fn data_before_a_reset_is_readable_and_the_error_comes_once() {
        let (wire, [mut near, mut far]) = Shared::new(WIDE);
        far.write_all(b"last").unwrap();
        wire.borrow().deliver(0, 100);
        far.reset().unwrap();
        drop(far);
        wire.borrow().deliver(0, 0);
        assert_eq!(read(&mut near), Ok(b"last".to_vec()));
        assert_eq!(read(&mut near), Err(Some(ECONNRESET)));
        assert_eq!(read(&mut near), Ok(vec![]));
        assert_eq!(wire.borrow().broke(0), Some(Broke::Dead(ECONNRESET)));
    }

    #[test]
    fn a_write_takes_the_error_and_the_reset_looks_like_an_end() {
        for asks in [false, true] {
            let (wire, [mut near, mut far]) = Shared::new(WIDE);
            far.write_all(b"last").unwrap();
            wire.borrow().deliver(0, 100);
            wire.borrow().forge_error(0, ECONNRESET);
            let taken = if asks { near.take_error() } else { near.write(b"x").unwrap_err().raw_os_error() };
            assert_eq!(taken, Some(ECONNRESET));
            assert_eq!(read(&mut near), Ok(b"last".to_vec()));
            assert_eq!(read(&mut near), Ok(vec![]));
            assert_eq!(near.write(b"x").unwrap_err().raw_os_error(), Some(EPIPE));
        }
    }

    #[test]
    fn closing_with_an_unread_byte_destroys_data_in_flight() {
        let (wire, [mut near, mut far]) = Shared::new(WIDE);
        near.write_all(b"upload").unwrap();
        far.write_all(b"t").unwrap();
        wire.borrow().deliver(0, 1);
        drop(near);
        wire.borrow().deliver(1, 100);
        assert_eq!(read(&mut far), Err(Some(ECONNRESET)));
        let wire = wire.borrow();
        assert_eq!((wire.closed_unread(0), wire.has_reset(0)), (1, true));
    }

    #[test]
    fn data_for_a_closed_end_is_answered_by_a_reset() {
        let (wire, [near, mut far]) = Shared::new(WIDE);
        drop(near);
        wire.borrow().deliver(1, 0);
        assert_eq!(read(&mut far), Ok(vec![]));
        far.write_all(b"x").unwrap();
        wire.borrow().deliver(0, 1);
        wire.borrow().deliver(1, 0);
        assert_eq!(read(&mut far), Ok(vec![]), "never ECONNRESET after a FIN");
        assert_eq!(far.write(b"x").unwrap_err().raw_os_error(), Some(EPIPE));
    }

    #[test]
    fn buffers_are_bounded_both_ways() {
        let (wire, [mut near, mut far]) = Shared::new(Nature { capacity: 3, most: 2, ..WIDE });
        assert_eq!(near.write(b"abcd").unwrap(), 2);
        assert_eq!(near.write(b"cd").unwrap(), 1);
        assert_eq!(near.write(b"d").unwrap_err().kind(), io::ErrorKind::WouldBlock);
        wire.borrow().deliver(1, 100);
        assert_eq!(near.write(b"d").unwrap(), 1);
        wire.borrow().deliver(1, 100);
        assert_eq!(wire.borrow().unread(1), 3);
        assert_eq!(read(&mut far), Ok(b"ab".to_vec()));
    }
}
