//! One stack: an interface of smoltcp with one socket, on a network card that holds what goes in
//! and out.
//!
//! Decides nothing: the stack receives one segment when it is given one, and sends when it is asked
//! to.

use std::collections::VecDeque;
use std::io;

use close_notify_model::world::action::Side;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, ChecksumCapabilities, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, Ipv4Address, TcpSeqNumber};

use super::segment::Segment;

/// What a socket holds in each direction: more than any configuration writes.
pub(super) const ROOM: usize = 4096;

/// The ports of the client and of the server.
pub(super) const PORTS: [u16; 2] = [49_152, 443];

/// The address of an end.
pub(super) const fn address(side: Side) -> Ipv4Address {
    Ipv4Address::new(10, 0, 0, 1 + side as u8)
}

/// A network card without a network.
struct Card {
    mtu: usize,
    inward: Option<Segment>,
    outward: VecDeque<Segment>,
}

/// A stack.
pub(super) struct Host {
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    card: Card,
    now: Instant,
}

impl Host {
    /// Both stacks, connected, and the sequence number of the first byte of each. The seed decides
    /// those numbers. Fails if the handshake of TCP does not end.
    pub(super) fn connected(mtu: usize, seed: u64) -> io::Result<([Self; 2], [TcpSeqNumber; 2])> {
        let mut hosts = Side::BOTH.map(|side| Self::new(side, mtu, 2 * seed + side as u64 + 1));
        let [client, server] = &mut hosts;
        server.socket().listen(PORTS[1]).map_err(io::Error::other)?;
        let remote = (IpAddress::Ipv4(address(Side::Server)), PORTS[1]);
        let socket = client.sockets.get_mut::<Socket<'_>>(client.socket);
        socket.connect(client.interface.context(), remote, PORTS[0]).map_err(io::Error::other)?;
        let mut first = [TcpSeqNumber::default(); 2];
        for turn in 0..4 {
            let (from, to) =
                if turn % 2 == 0 { (&mut *client, &mut *server) } else { (&mut *server, &mut *client) };
            from.speak();
            while let Some(segment) = from.said() {
                // A SYN takes one sequence number.
                first[turn % 2] = segment.seq() + usize::from(turn < 2);
                to.hear(segment);
            }
        }
        match hosts.iter().all(|host| host.state() == State::Established) {
            true => Ok((hosts, first)),
            false => Err(io::Error::other("the handshake of TCP did not end")),
        }
    }

    fn new(side: Side, mtu: usize, seed: u64) -> Self {
        let mut card = Card { mtu, inward: None, outward: VecDeque::with_capacity(8) };
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let now = Instant::ZERO;
        let mut interface = Interface::new(config, &mut card, now);
        interface.update_ip_addrs(|addresses| {
            let full = addresses.push(IpCidr::new(IpAddress::Ipv4(address(side)), 24));
            debug_assert!(full.is_ok(), "an interface has room for an address");
        });
        let buffer = || SocketBuffer::new(vec![0; ROOM]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let socket = sockets.add(socket);
        Self { interface, sockets, socket, card, now }
    }

    pub(super) fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.socket)
    }

    pub(super) fn state(&self) -> State {
        self.sockets.get::<Socket<'_>>(self.socket).state()
    }

    /// How many bytes have come in order and have not been taken.
    pub(super) fn waiting(&self) -> usize {
        self.sockets.get::<Socket<'_>>(self.socket).recv_queue()
    }

    /// Receives a segment. [`said`](Self::said) then returns what the stack answers at once.
    pub(super) fn hear(&mut self, segment: Segment) {
        self.card.inward = Some(segment);
        self.interface.poll_ingress_single(self.now, &mut self.card, &mut self.sockets);
    }

    /// Sends all that it may send by now.
    pub(super) fn speak(&mut self) {
        let mut before = usize::MAX;
        while before != self.card.outward.len() {
            before = self.card.outward.len();
            self.interface.poll_egress(self.now, &mut self.card, &mut self.sockets);
        }
    }

    /// The next segment that was sent.
    pub(super) fn said(&mut self) -> Option<Segment> {
        self.card.outward.pop_front()
    }

    /// Advances its clock.
    pub(super) fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }
}

/// What is received.
struct Inward(Segment);
/// Where sent segments go.
struct Outward<'a>(&'a mut VecDeque<Segment>);

impl Device for Card {
    type RxToken<'a> = Inward;
    type TxToken<'a> = Outward<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Inward, Outward<'_>)> {
        let heard = self.inward.take()?;
        Some((Inward(heard), Outward(&mut self.outward)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Outward<'_>> {
        Some(Outward(&mut self.outward))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        // Nothing is damaged on this wire, and a forger would get the checksum right.
        capabilities.checksum = ChecksumCapabilities::ignored();
        capabilities
    }
}

impl phy::RxToken for Inward {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0.bytes())
    }
}

impl phy::TxToken for Outward<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut bytes = vec![0; length];
        let result = write(&mut bytes);
        self.0.push_back(Segment::new(bytes));
        result
    }
}
