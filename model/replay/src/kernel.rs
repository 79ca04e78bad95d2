//! The kernel's TCP over loopback, with a relay that owns the wire: nothing passes until the path
//! says so.
//!
//! Decides nothing. It waits for the kernel's own state (bytes to read, a FIN, a reset at a socket)
//! and never sleeps. An end that closes with unread bytes must really reset: the relay waits for
//! that reset.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use close_notify::Transport;
use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::{Seen, World};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::real::{PLAIN, record_length};
use crate::wire::{Port, Wire};

/// How long the kernel has for what it does at once. Only a divergence ever waits that long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Both ends' sockets, the relay's socket towards each, and what the relay holds.
pub(crate) struct Kernel {
    ends: [Option<TcpStream>; 2],
    relays: [Option<TcpStream>; 2],
    /// The lengths of what each end wrote.
    lengths: [Vec<usize>; 2],
    /// What the relay has read from each end and not passed on.
    held: [Vec<u8>; 2],
}

impl Kernel {
    /// Two connections over loopback, joined by the relay. Fails if a socket does.
    pub(crate) fn new() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (client, near) = connected(&listener)?;
        let (server, far) = connected(&listener)?;
        Ok(Self {
            ends: [Some(client), Some(server)],
            relays: [Some(near), Some(far)],
            lengths: [Vec::new(), Vec::new()],
            held: [Vec::new(), Vec::new()],
        })
    }

    /// Reads from an end until the relay holds `wanted` bytes from it.
    fn pump(&mut self, side: Side, wanted: usize) -> io::Result<()> {
        let (held, relay) = (&mut self.held[side.index()], &mut self.relays[side.index()]);
        while held.len() < wanted {
            let relay = relay.as_mut().ok_or_else(|| io::Error::other("the relay let go of this end"))?;
            wait_for(relay, PollFlags::IN, "bytes of the end")?;
            let mut buffer = [0; 4096];
            match relay.read(&mut buffer)? {
                0 => return Err(io::Error::other("the end sent less than the model says")),
                count => held.extend_from_slice(&buffer[..count]),
            }
        }
        Ok(())
    }

    /// Takes whatever the end has sent so far: its socket is about to be closed.
    fn salvage(&mut self, side: Side) {
        let (held, relay) = (&mut self.held[side.index()], &mut self.relays[side.index()]);
        let mut buffer = [0; 4096];
        while let Some(count) =
            relay.as_mut().and_then(|relay| relay.read(&mut buffer).ok()).filter(|&count| count > 0)
        {
            held.extend_from_slice(&buffer[..count]);
        }
    }

    /// Passes the first `length` bytes that the relay holds from `from` to the other end.
    fn pass(&mut self, from: Side, length: usize, unread: usize) -> io::Result<()> {
        self.pump(from, length)?;
        let to = from.other().index();
        let Some(relay) = self.relays[to].as_mut() else { return Ok(()) };
        relay.write_all(&self.held[from.index()][..length])?;
        match &self.ends[to] {
            Some(end) => wait_until(
                || Ok(rustix::io::ioctl_fionread(end)? as usize == unread + length),
                "bytes at the end",
            ),
            None => wait_for(relay, PollFlags::ERR | PollFlags::HUP, "a reset from the closed end"),
        }
    }

    fn unit_arrives(&mut self, from: Side, before: &World) -> io::Result<()> {
        let pipe = &before.net.pipes[from.index()];
        let lengths = &self.lengths[from.index()];
        let length = lengths[usize::from(pipe.arrived)];
        let unread = lengths[usize::from(pipe.read)..usize::from(pipe.arrived)].iter().sum();
        self.pass(from, length, unread)?;
        self.held[from.index()].drain(..length);
        Ok(())
    }

    /// The relay sees the end's own FIN and passes it on.
    fn fin_arrives(&mut self, from: Side) -> io::Result<()> {
        if let Some(relay) = self.relays[from.index()].as_mut() {
            wait_for(relay, PollFlags::IN | PollFlags::RDHUP, "a FIN of the end")?;
            let count = relay.read(&mut [0; 1])?;
            if count != 0 {
                return Err(io::Error::other("the end sent more than the model says"));
            }
        }
        self.send_fin(from.other())
    }

    fn send_fin(&self, to: Side) -> io::Result<()> {
        let (Some(relay), Some(end)) = (&self.relays[to.index()], &self.ends[to.index()]) else {
            return Ok(());
        };
        relay.shutdown(Shutdown::Write)?;
        wait_for(end, PollFlags::RDHUP, "the FIN at the end")
    }

    fn send_reset(&mut self, to: Side) -> io::Result<()> {
        self.salvage(to);
        let Some(relay) = self.relays[to.index()].take() else { return Ok(()) };
        rustix::net::sockopt::set_socket_linger(&relay, Some(Duration::ZERO))?;
        drop(relay);
        match &self.ends[to.index()] {
            Some(end) => wait_for(end, PollFlags::ERR | PollFlags::HUP, "the reset at the end"),
            None => Ok(()),
        }
    }

    /// The relay sees the end's own reset and passes it on.
    fn reset_arrives(&mut self, from: Side) -> io::Result<()> {
        if let Some(relay) = &self.relays[from.index()] {
            wait_for(relay, PollFlags::ERR | PollFlags::HUP, "a reset of the end")?;
            let error = relay.take_error()?;
            if error.is_none() {
                return Err(io::Error::other("the end sent a FIN where the model says that it resets"));
            }
        }
        self.send_reset(from.other())
    }

    fn forge_fin_inside(&mut self, to: Side, before: &World) -> io::Result<()> {
        let from = to.other();
        let pipe = &before.net.pipes[from.index()];
        let lengths = &self.lengths[from.index()];
        let half = lengths[usize::from(pipe.arrived)] / 2;
        let unread = lengths[usize::from(pipe.read)..usize::from(pipe.arrived)].iter().sum();
        self.pass(from, half, unread)?;
        self.send_fin(to)
    }
}

/// Both sockets of a new connection; neither ever blocks.
fn connected(listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    for socket in [&near, &far] {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
    }
    Ok((near, far))
}

/// Waits until a socket shows one of `flags`.
fn wait_for(socket: &TcpStream, flags: PollFlags, what: &str) -> io::Result<()> {
    let patience = Timespec::try_from(PATIENCE).map_err(io::Error::other)?;
    let mut sockets = [PollFd::new(socket, flags)];
    match poll(&mut sockets, Some(&patience))? {
        0 => Err(io::Error::other(format!("{what} never came"))),
        _ => Ok(()),
    }
}

/// Waits until `ready` returns true. The kernel may run between two calls.
fn wait_until(ready: impl Fn() -> io::Result<bool>, what: &str) -> io::Result<()> {
    let begun = Instant::now();
    while !ready()? {
        if begun.elapsed() > PATIENCE {
            return Err(io::Error::other(format!("{what} never came")));
        }
        std::thread::yield_now();
    }
    Ok(())
}

/// One end's socket, read one record at a time so that the kernel holds what the model says.
pub(crate) struct KernelPort<'a> {
    socket: Option<&'a TcpStream>,
    is_plain: bool,
    /// What is left to read of the record, once its length is known.
    left: Option<usize>,
    out: Vec<u8>,
}

impl Wire for Kernel {
    type Port<'a> = KernelPort<'a>;

    fn port<'a>(&'a mut self, side: Side, before: &World) -> KernelPort<'a> {
        let socket = self.ends[side.index()].as_ref();
        KernelPort { socket, is_plain: before.end(side).saw(Seen::HANDED_BACK), left: None, out: Vec::new() }
    }

    fn wrote(&mut self, side: Side, records: Vec<Vec<u8>>) {
        self.lengths[side.index()].extend(records.iter().map(Vec::len));
    }

    fn carry(&mut self, action: Action, before: &World) -> io::Result<()> {
        match action {
            Action::Arrive(side) => {
                let pipe = &before.net.pipes[side.index()];
                if pipe.arrived < pipe.left {
                    self.unit_arrives(side, before)
                } else {
                    self.fin_arrives(side)
                }
            }
            Action::ResetArrives(side) => self.reset_arrives(side),
            Action::ForgeFin(side) => self.send_fin(side),
            Action::ForgeFinInside(side) => self.forge_fin_inside(side, before),
            Action::ForgeReset(side) => self.send_reset(side),
            _ => Ok(()),
        }
    }

    fn release(&mut self, side: Side) {
        self.ends[side.index()] = None;
    }

    fn take_error(&mut self, side: Side, _before: &World) -> io::Result<Option<i32>> {
        let error = self.ends[side.index()].as_ref().map(TcpStream::take_error).transpose()?.flatten();
        Ok(error.and_then(|error| error.raw_os_error()))
    }

    fn length(&self, side: Side, at: usize) -> usize {
        self.lengths[side.index()][at]
    }
}

impl KernelPort<'_> {
    fn socket(&self) -> io::Result<&TcpStream> {
        self.socket.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Port for KernelPort<'_> {
    fn into_written(self) -> Vec<u8> {
        self.out
    }
}

impl Read for KernelPort<'_> {
    /// At most one record. A peek consumes the error of a socket as a read does, so an error of the
    /// peek is the error of the read.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut socket = self.socket()?;
        let left = match self.left {
            Some(left) => left,
            None => {
                let mut header = [0; 5];
                let seen = socket.peek(&mut header)?;
                if self.is_plain { PLAIN.len() } else { record_length(&header[..seen]).unwrap_or(5) }
            }
        };
        if left == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let wanted = left.min(buffer.len());
        let count = socket.read(&mut buffer[..wanted])?;
        self.left = Some(left - count);
        Ok(count)
    }
}

impl Write for KernelPort<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.socket()?.write(bytes)?;
        self.out.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The last bytes are not held back until the FIN: the path says when each leaves.
impl Transport for KernelPort<'_> {
    fn shut_write(&mut self) -> io::Result<()> {
        self.socket()?.shutdown(Shutdown::Write)
    }

    fn reset(&mut self) -> io::Result<()> {
        Ok(rustix::net::sockopt::set_socket_linger(self.socket()?, Some(Duration::ZERO))?)
    }
}
