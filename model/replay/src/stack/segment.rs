//! A segment of TCP in its packet: what it holds, and segments that are forged.

use close_notify_model::world::action::Side;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    IpProtocol, Ipv4Packet, Ipv4Repr, TcpControl, TcpPacket, TcpRepr, TcpSeqNumber, TcpTimestampRepr,
};

use super::host::{PORTS, address};

/// The length of the header of IPv4 without options, which is what both stacks send.
const IP_HEADER: usize = 20;

/// A packet that carries a segment.
#[derive(Clone, Debug)]
pub(super) struct Segment(Vec<u8>);

/// What is forged.
#[derive(Clone, Copy)]
pub(super) enum Forged<'a> {
    /// A FIN, after these bytes.
    Fin(&'a [u8]),
    /// A reset.
    Reset,
}

impl Segment {
    /// A packet as a stack made it.
    pub(super) const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// What an adversary on the path sends to an end in the other's name.
    pub(super) fn forge(to: Side, what: Forged<'_>, seq: TcpSeqNumber, ack: TcpSeqNumber) -> Self {
        let (control, payload) = match what {
            Forged::Fin(payload) => (TcpControl::Fin, payload),
            Forged::Reset => (TcpControl::Rst, &[][..]),
        };
        let tcp = TcpRepr {
            src_port: PORTS[to.other().index()],
            dst_port: PORTS[to.index()],
            control,
            seq_number: seq,
            ack_number: Some(ack),
            window_len: u16::MAX / 32,
            window_scale: None,
            max_seg_size: None,
            sack_permitted: false,
            sack_ranges: [None; 3],
            timestamp: None::<TcpTimestampRepr>,
            payload,
        };
        let ip = Ipv4Repr {
            src_addr: address(to.other()),
            dst_addr: address(to),
            next_header: IpProtocol::Tcp,
            payload_len: tcp.buffer_len(),
            hop_limit: 64,
        };
        let unchecked = ChecksumCapabilities::ignored();
        let mut bytes = vec![0; ip.buffer_len() + tcp.buffer_len()];
        ip.emit(&mut Ipv4Packet::new_unchecked(&mut bytes), &unchecked);
        let (from, to) = (ip.src_addr.into(), ip.dst_addr.into());
        tcp.emit(&mut TcpPacket::new_unchecked(&mut bytes[IP_HEADER..]), &from, &to, &unchecked);
        Self(bytes)
    }

    /// The whole packet.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn tcp(&self) -> TcpPacket<&[u8]> {
        TcpPacket::new_unchecked(&self.0[IP_HEADER..])
    }

    /// The sequence number of its first byte.
    pub(super) fn seq(&self) -> TcpSeqNumber {
        self.tcp().seq_number()
    }

    /// What it acknowledges; `None` for a bare reset.
    pub(super) fn ack(&self) -> Option<TcpSeqNumber> {
        let tcp = self.tcp();
        tcp.ack().then(|| tcp.ack_number())
    }

    /// Its bytes.
    pub(super) fn payload(&self) -> &[u8] {
        self.tcp().payload()
    }

    /// Whether the stream ends after it.
    pub(super) fn is_fin(&self) -> bool {
        self.tcp().fin()
    }

    /// Whether it resets the connection.
    pub(super) fn is_reset(&self) -> bool {
        self.tcp().rst()
    }

    /// Whether it carries something of the stream: bytes, or its end.
    pub(super) fn carries(&self) -> bool {
        self.is_fin() || !self.payload().is_empty()
    }

    /// The same, with another sequence number.
    pub(super) fn with_seq(mut self, seq: TcpSeqNumber) -> Self {
        TcpPacket::new_unchecked(&mut self.0[IP_HEADER..]).set_seq_number(seq);
        self
    }

    /// The same, acknowledging no more than this.
    pub(super) fn acknowledging_at_most(mut self, most: TcpSeqNumber) -> Self {
        if self.ack().is_some_and(|ack| ack > most) {
            TcpPacket::new_unchecked(&mut self.0[IP_HEADER..]).set_ack_number(most);
        }
        self
    }
}
