//! What one run of the model is about: the scripts of both ends, the TCP between them, and the
//! faults.
//!
//! A configuration is data. The verdict that is expected of it is in `expect.rs`.

use close_notify_core::{AlertDescription, Event, FramingState, Manner, Policy, Version};

use crate::world::action::Side;
use crate::world::kernel::Tcp;
use crate::world::profile::Profile;

/// How a script ends the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closing {
    /// In this manner.
    In(Manner),
    /// It closes its write side and, once the peer has ended, the rest (TLS 1.3).
    HalfThenGraceful,
    /// It rejects the connection with this alert.
    Reject(AlertDescription),
    /// It drops the connection and asks for no end at all.
    Drop,
    /// It shuts its write side as a stream is shut, in any version, and reads on. Once the peer has
    /// ended, it closes the rest.
    Shutdown,
    /// It shuts its write side, and goes away once the call reports that all of it has left.
    ShutdownAndGo,
}

impl Closing {
    /// The event of its first request, or of the one after that.
    #[must_use]
    pub const fn event(self, is_first: bool) -> Event {
        match self {
            Self::In(manner) => Event::Close(manner),
            Self::HalfThenGraceful if is_first => Event::CloseWrite,
            Self::Shutdown | Self::ShutdownAndGo if is_first => Event::Close(Manner::HalfClose),
            Self::HalfThenGraceful | Self::Shutdown => Event::Close(Manner::Graceful),
            Self::Reject(alert) => Event::Reject(alert),
            Self::Drop | Self::ShutdownAndGo => Event::TransportClosed,
        }
    }
}

/// When a script ends the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// At any moment: what it has written by then is all that it wanted to write.
    AnyTime,
    /// Once it has written everything.
    AllWritten,
    /// Once it has written everything and read the peer's end.
    PeerEnded,
    /// Once it has read something from the peer.
    SomethingRead,
    /// Never.
    Never,
}

/// How the application's messages are delimited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// The message carries its own length.
    SelfDelimited,
    /// The end of the connection ends the message.
    CloseDelimited,
}

/// What one end does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Script {
    /// The conforming driver, or one of the ways in which real stacks break the rules.
    pub profile: Profile,
    /// The policy of its core.
    pub policy: Policy,
    /// Units of application data that it writes.
    pub writes: u8,
    /// Tickets that it writes before them.
    pub tickets: u8,
    /// 0-RTT units, in a handshake.
    pub early: u8,
    /// Units of plaintext after TLS.
    pub plain: u8,
    /// Whether its application reads, or its driver only when the core asks for it.
    pub reads: bool,
    /// How it ends.
    pub closing: Closing,
    /// When it ends.
    pub when: When,
    /// What it asks for each time it loses patience, in order.
    pub hastens: &'static [Manner],
    /// How the message that it reads is framed.
    pub framing: Framing,
}

impl Script {
    /// A conforming end that reads, writes nothing, and closes gracefully once the peer has.
    pub const READER: Self = Self {
        profile: Profile::Conforming,
        policy: Policy { drain_budget: 8, warnings: 1, ..Policy::STRICT },
        writes: 0,
        tickets: 0,
        early: 0,
        plain: 0,
        reads: true,
        closing: Closing::In(Manner::Graceful),
        when: When::PeerEnded,
        hastens: &[],
        framing: Framing::CloseDelimited,
    };

    /// The state of the framing after `got` of `all` units were read.
    #[must_use]
    pub const fn framing_state(&self, got: u8, all: u8) -> FramingState {
        match self.framing {
            Framing::SelfDelimited if got >= all => FramingState::BetweenMessages,
            Framing::SelfDelimited => FramingState::InsideMessage,
            Framing::CloseDelimited => FramingState::DelimitedByEnd,
        }
    }
}

/// What the adversary and bad luck may do, and how often in total.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Faults {
    /// How many attacks there may be.
    pub budget: u8,
    /// The adversary forges FIN segments.
    pub fin: bool,
    /// The adversary forges resets.
    pub rst: bool,
    /// The adversary cuts the path.
    pub cut: bool,
    /// The adversary sends a plaintext close_notify before there are keys.
    pub plain_notify: bool,
    /// An end may stop reading.
    pub stop_reading: bool,
    /// A program may ask its socket for the pending error.
    pub ask_error: bool,
    /// Deadlines may pass. Without them an end may wait forever.
    pub deadlines: bool,
    /// An engine may reach the limit of its keys.
    pub engine_limit: bool,
}

impl Faults {
    /// An orderly world.
    pub const NONE: Self = Self {
        budget: 0,
        fin: false,
        rst: false,
        cut: false,
        plain_notify: false,
        stop_reading: false,
        ask_error: false,
        deadlines: false,
        engine_limit: false,
    };

    /// An adversary on the path with one attack, and deadlines against it.
    pub const ON_PATH: Self =
        Self { budget: 1, fin: true, rst: true, cut: true, deadlines: true, ..Self::NONE };
}

/// One run of the model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Its name: `family/version/…`.
    pub name: String,
    /// The TLS version of both ends.
    pub version: Version,
    /// Whether the world starts before the handshake.
    pub handshake: bool,
    /// The client's script and the server's.
    pub scripts: [Script; 2],
    /// The TCP of both kernels.
    pub tcp: Tcp,
    /// What may go wrong.
    pub faults: Faults,
}

impl Config {
    /// The script of one end.
    #[must_use]
    pub const fn script(&self, side: Side) -> &Script {
        &self.scripts[side.index()]
    }
}
