//! The messages of one direction, one after another.
//!
//! Decides where each ends. Each head asks for what depends on the other direction.

use close_notify_core::FramingState;

use super::BothLengths;
use super::body::{Body, Content};
use super::section::{Grown, Head, Section};
use crate::fault::What;

/// The kind of messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Requests,
    Responses,
}

/// What comes after a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    /// The next message.
    Message,
    /// Content.
    Content(Body),
    /// Another protocol.
    Tunnel,
}

/// The position in one direction.
#[derive(Clone, Debug)]
pub(super) struct Messages {
    pub(super) kind: Kind,
    section: Section,
    at: At,
    /// Another protocol comes after the message that has begun.
    is_last: bool,
    /// How many bytes were taken.
    pub(super) offset: u64,
    /// How many of them may be handed on.
    pub(super) released: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Head,
    /// Before content, of which nothing has come.
    Announced(Body),
    Content(Body),
    Trailers,
    Tunnel,
}

/// What is wrong, and at which byte.
pub(super) type Wrong = (What, u64);

impl Messages {
    pub(super) const fn new(kind: Kind, limit: usize) -> Self {
        Self { kind, section: Section::new(limit), at: At::Head, is_last: false, offset: 0, released: 0 }
    }

    pub(super) const fn set_limit(&mut self, limit: usize) {
        self.section.limit = limit;
    }

    pub(super) const fn set_both_lengths(&mut self, both_lengths: BothLengths) {
        self.section.both_lengths = both_lengths;
    }

    /// Takes the bytes up to a tunnel; returns how many.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        decide: &mut dyn FnMut(Head) -> Result<After, What>,
    ) -> Result<usize, Wrong> {
        let mut rest = bytes;
        while !rest.is_empty() && self.at != At::Tunnel {
            let taken = self.step(rest, decide)?;
            self.offset += taken as u64;
            if self.section.is_empty() {
                self.released = self.offset;
            }
            rest = &rest[taken..];
        }
        Ok(bytes.len() - rest.len())
    }

    fn step(
        &mut self,
        bytes: &[u8],
        decide: &mut dyn FnMut(Head) -> Result<After, What>,
    ) -> Result<usize, Wrong> {
        let here = |what| (what, self.offset);
        // A section is malformed as a whole.
        let section = |what| (what, self.released);
        match self.at {
            At::Announced(body) | At::Content(body) => {
                let (taken, content) = body.take(bytes).map_err(here)?;
                self.at = match content {
                    Content::Open(body) => At::Content(body),
                    Content::Whole => self.after_message(),
                    Content::Trailers => At::Trailers,
                };
                return Ok(taken);
            }
            At::Head => match self.section.push(bytes[0]).map_err(here)? {
                Grown::Open => return Ok(1),
                // RFC 9112 §2.2: an empty line before a message is not part of it
                Grown::Empty => {}
                Grown::Whole => {
                    let head = match self.kind {
                        Kind::Requests => self.section.request(),
                        Kind::Responses => self.section.response(),
                    };
                    self.at = match head.and_then(decide).map_err(section)? {
                        After::Message => At::Head,
                        After::Content(body) => At::Announced(body),
                        After::Tunnel => At::Tunnel,
                    };
                }
            },
            At::Trailers => match self.section.push(bytes[0]).map_err(here)? {
                Grown::Open => return Ok(1),
                Grown::Empty => self.at = self.after_message(),
                Grown::Whole => {
                    self.section.trailers().map_err(section)?;
                    self.at = self.after_message();
                }
            },
            At::Tunnel => return Ok(bytes.len()),
        }
        self.section.clear();
        Ok(1)
    }

    const fn after_message(&self) -> At {
        if self.is_last { At::Tunnel } else { At::Head }
    }

    /// Switches to another protocol: after the message whose content is due, if that may `finish`,
    /// or here. Returns whether no part of a message was lost.
    pub(super) const fn switch(&mut self, finish: bool) -> bool {
        let is_between = matches!(self.state(), FramingState::BetweenMessages);
        match self.at {
            At::Announced(_) | At::Content(_) | At::Trailers if finish => {
                self.is_last = true;
                return true;
            }
            At::Head | At::Announced(_) | At::Content(_) | At::Trailers | At::Tunnel => self.at = At::Tunnel,
        }
        is_between
    }

    /// Whether content is due of which nothing has come.
    pub(super) const fn awaits_content(&self) -> bool {
        matches!(self.at, At::Announced(_))
    }

    pub(super) const fn is_tunnel(&self) -> bool {
        matches!(self.at, At::Tunnel)
    }

    pub(super) const fn state(&self) -> FramingState {
        match self.at {
            At::Head if self.section.is_empty() => FramingState::BetweenMessages,
            At::Announced(Body::UntilEnd) | At::Content(Body::UntilEnd) => FramingState::DelimitedByEnd,
            At::Head | At::Announced(_) | At::Content(_) | At::Trailers | At::Tunnel => {
                FramingState::InsideMessage
            }
        }
    }
}
