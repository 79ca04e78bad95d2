//! The TCP of both kernels, as Linux does it: what calls return, and what closing does to data.
//!
//! Decides nothing about TLS.
//!
//! Sources: RFC 9293 §3.6, §3.10.7; tcp(7), shutdown(2); measurements on Linux 6.18: data before a
//! reset is read, then ECONNRESET once, then 0; the first call that meets the error consumes it;
//! closing with unread bytes resets at once and discards what had not left.

use std::hash::{Hash, Hasher};

use crate::world::wire::{Fin, Pipe, Rst, Unit};

/// A pending error, which the next call returns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Errno {
    /// ECONNRESET: a reset came.
    Reset,
    /// EPIPE: a reset came after a FIN, or the socket is already dead.
    Pipe,
    /// ETIMEDOUT: the kernel gave up on a peer that no longer acknowledges.
    TimedOut,
}

impl Errno {
    /// Its number on Linux.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Reset => 104,
            Self::Pipe => 32,
            Self::TimedOut => 110,
        }
    }
}

/// One end's socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Socket {
    /// The application has closed it.
    pub closed: bool,
    /// A reset ended it.
    pub dead: bool,
    /// The error that the next call returns.
    pub errno: Option<Errno>,
}

impl Socket {
    /// Connected, and nothing has happened.
    pub const OPEN: Self = Self { closed: false, dead: false, errno: None };
}

/// The parameters in which TCP implementations differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tcp {
    /// A reset may arrive before data that left earlier (RFC 9293 §3.10.7, RFC 5961).
    pub rst_overtakes: bool,
    /// A reset destroys data that arrived and was not read (reported of Windows).
    pub rst_discards: bool,
    /// The first call that meets an error consumes it (Linux); otherwise each call returns it.
    pub one_shot_errno: bool,
    /// How many units the sender's kernel holds before a write would block.
    pub send_buffer: u8,
    /// How many units may have left one kernel without being read at the other end.
    pub window: u8,
}

impl Tcp {
    /// Linux, with room for everything.
    pub const LINUX: Self = Self {
        rst_overtakes: true,
        rst_discards: false,
        one_shot_errno: true,
        send_buffer: Pipe::CAPACITY,
        window: Pipe::CAPACITY,
    };

    /// Linux, with room for one unit at either end: an end that does not read blocks the end that
    /// writes.
    pub const NARROW: Self = Self { send_buffer: 1, window: 1, ..Self::LINUX };
}

/// What a read returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Got {
    /// The next unit.
    Unit(Unit),
    /// The end of the stream, inside a unit or between two.
    Eof {
        /// Whether the first bytes of a unit came before it.
        inside: bool,
    },
    /// An error.
    Failed(Errno),
    /// Nothing yet.
    Nothing,
}

/// Both sockets and both directions. `pipes[i]` is written by end `i` and read by the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Net {
    /// The sockets.
    pub sockets: [Socket; 2],
    /// The directions.
    pub pipes: [Pipe; 2],
    /// Nothing passes any more.
    pub cut: bool,
}

/// Hashes every field.
impl Hash for Net {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let socket = |socket: &Socket| {
            let errno = socket.errno.map_or(0, |errno| 1 + errno as u8);
            u8::from(socket.closed) | u8::from(socket.dead) << 1 | errno << 2
        };
        let [client, server] = &self.sockets;
        state.write_u32(u32::from_le_bytes([socket(client), socket(server), u8::from(self.cut), 0]));
        self.pipes.iter().for_each(|pipe| pipe.hash(state));
    }
}

impl Net {
    /// Connected, and nothing sent.
    pub const NEW: Self = Self { sockets: [Socket::OPEN; 2], pipes: [Pipe::EMPTY; 2], cut: false };

    /// The direction that an end reads.
    #[must_use]
    pub const fn inward(&self, end: usize) -> &Pipe {
        &self.pipes[1 - end]
    }

    fn take_errno(&mut self, end: usize, tcp: Tcp) -> Option<Errno> {
        let errno = self.sockets[end].errno;
        if tcp.one_shot_errno {
            self.sockets[end].errno = None;
        }
        errno
    }

    /// Whether a write of a unit would not block: there is room, or it fails at once.
    #[must_use]
    pub fn may_write(&self, end: usize, tcp: Tcp) -> bool {
        let failed = self.sockets[end].dead || self.sockets[end].errno.is_some();
        failed || !self.pipes[end].is_full(tcp.send_buffer)
    }

    /// Writes a unit.
    ///
    /// # Errors
    ///
    /// The pending error; [`Errno::Pipe`] if there is none and the socket is dead.
    pub fn write(&mut self, end: usize, unit: Unit, tcp: Tcp) -> Result<(), Errno> {
        if let Some(errno) = self.take_errno(end, tcp) {
            return Err(errno);
        }
        if self.sockets[end].dead {
            return Err(Errno::Pipe);
        }
        self.pipes[end].push(unit);
        Ok(())
    }

    /// What the next read would return. It consumes nothing.
    #[must_use]
    pub fn peek(&self, end: usize) -> Got {
        let (pipe, socket) = (self.inward(end), &self.sockets[end]);
        if pipe.forged {
            Got::Unit(Unit::Notify)
        } else if pipe.has_unread() {
            Got::Unit(pipe.unit(pipe.read))
        } else if pipe.fin == Fin::Arrived {
            Got::Eof { inside: pipe.torn }
        } else if let Some(errno) = socket.errno {
            Got::Failed(errno)
        } else if socket.dead {
            Got::Eof { inside: false }
        } else {
            Got::Nothing
        }
    }

    /// Reads: returns what [`peek`](Self::peek) shows, and consumes it.
    pub fn read(&mut self, end: usize, tcp: Tcp) -> Got {
        let got = self.peek(end);
        match got {
            Got::Unit(_) if self.inward(end).forged => self.pipes[1 - end].forged = false,
            Got::Unit(_) => self.pipes[1 - end].read += 1,
            Got::Failed(_) => drop(self.take_errno(end, tcp)),
            Got::Eof { .. } | Got::Nothing => {}
        }
        got
    }

    /// Asks for the pending error, as `SO_ERROR` does.
    pub fn ask_error(&mut self, end: usize, tcp: Tcp) -> Option<Errno> {
        self.take_errno(end, tcp)
    }

    /// Shuts the write side: a FIN after what is queued.
    pub fn shut_write(&mut self, end: usize) {
        let pipe = &mut self.pipes[end];
        if pipe.fin == Fin::None && !self.sockets[end].dead {
            pipe.fin = Fin::Queued;
        }
    }

    /// Closes the socket: a FIN, or a reset if bytes are unread.
    pub fn close(&mut self, end: usize) {
        if self.inward(end).has_unread() {
            self.reset(end);
        } else {
            self.shut_write(end);
        }
        self.sockets[end] = Socket { closed: true, errno: None, ..self.sockets[end] };
    }

    /// Resets the connection: what has not left is discarded.
    pub fn reset(&mut self, end: usize) {
        let pipe = &mut self.pipes[end];
        pipe.dropped = true;
        if pipe.rst == Rst::None && !self.sockets[end].dead {
            pipe.rst = Rst::Left;
        }
        self.sockets[end].dead = true;
    }

    /// Whether the next unit, or the FIN, may leave the writer's kernel.
    #[must_use]
    pub fn may_leave(&self, end: usize, tcp: Tcp) -> bool {
        let pipe = &self.pipes[end];
        let has_room = pipe.left - pipe.read < tcp.window;
        let unit = pipe.left < pipe.written;
        !pipe.dropped && ((unit && has_room) || (!unit && pipe.fin == Fin::Queued))
    }

    /// The next unit leaves, or the FIN after the last.
    pub fn leave(&mut self, end: usize) {
        let pipe = &mut self.pipes[end];
        if pipe.left < pipe.written {
            pipe.left += 1;
        } else {
            pipe.fin = Fin::Left;
        }
    }

    /// Whether something that this end sent may arrive in order.
    #[must_use]
    pub fn may_arrive(&self, end: usize) -> bool {
        let pipe = &self.pipes[end];
        let on_its_way = pipe.arrived < pipe.left || (pipe.fin == Fin::Left && pipe.arrived == pipe.written);
        let answered = self.is_gone(1 - end) && self.pipes[1 - end].rst != Rst::None;
        let after_reset = pipe.rst == Rst::Arrived && self.sockets[end].dead;
        on_its_way && pipe.fin != Fin::Arrived && !self.cut && !after_reset && !answered
    }

    fn is_gone(&self, end: usize) -> bool {
        self.sockets[end].closed || self.sockets[end].dead
    }

    /// The next unit of this end arrives, or its FIN. If the socket is gone, the answer is a reset.
    pub fn arrive(&mut self, end: usize) {
        let is_unit = self.pipes[end].arrived < self.pipes[end].left;
        let reader = &self.sockets[1 - end];
        if reader.dead || (reader.closed && is_unit) {
            self.answer_with_reset(1 - end);
        } else if is_unit {
            self.pipes[end].arrived += 1;
        } else {
            self.pipes[end].fin = Fin::Arrived;
        }
    }

    fn answer_with_reset(&mut self, end: usize) {
        self.pipes[end].dropped = true;
        self.pipes[end].rst = Rst::Left;
        self.sockets[end].dead = true;
    }

    /// Whether the reset of this end may arrive at the other.
    #[must_use]
    pub fn may_reset_arrive(&self, end: usize, tcp: Tcp) -> bool {
        let pipe = &self.pipes[end];
        let in_order = pipe.arrived == pipe.left || pipe.fin == Fin::Arrived;
        pipe.rst == Rst::Left && !self.cut && (tcp.rst_overtakes || in_order)
    }

    /// A reset arrives at the reader of this end's direction; it does not matter who sent it.
    pub fn reset_arrives(&mut self, end: usize, tcp: Tcp) {
        let other = 1 - end;
        self.pipes[end].rst = Rst::Arrived;
        self.pipes[other].dropped = true;
        if self.sockets[other].dead {
            return;
        }
        self.sockets[other].dead = true;
        if self.sockets[other].closed {
            return;
        }
        // EPIPE in CLOSE_WAIT only: once our own FIN is out (LAST_ACK, CLOSING) it is ECONNRESET
        // again. Measured.
        let in_close_wait = self.pipes[end].fin == Fin::Arrived && self.pipes[other].fin == Fin::None;
        self.sockets[other].errno = Some(if in_close_wait { Errno::Pipe } else { Errno::Reset });
        if tcp.rst_discards {
            self.pipes[end].arrived = self.pipes[end].read;
        }
    }

    /// Whether this end's kernel may give up: what it sent is not acknowledged, and never will be.
    #[must_use]
    pub fn may_give_up(&self, end: usize) -> bool {
        let pipe = &self.pipes[end];
        let waits = pipe.arrived < pipe.written || matches!(pipe.fin, Fin::Queued | Fin::Left);
        self.cut && waits && !self.is_gone(end)
    }

    /// This end's kernel gives up (tcp(7), `TCP_USER_TIMEOUT`, `tcp_retries2`): only the next call
    /// reports it.
    pub fn give_up(&mut self, end: usize) {
        self.pipes[end].dropped = true;
        self.sockets[end] = Socket { dead: true, errno: Some(Errno::TimedOut), ..self.sockets[end] };
    }

    /// The adversary's FIN arrives at the reader of this end's direction, between two units or
    /// inside the next.
    pub fn forge_fin(&mut self, end: usize, inside: bool) {
        self.pipes[end].fin = Fin::Arrived;
        self.pipes[end].torn = inside;
    }
}
