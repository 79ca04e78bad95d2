//! The calls of an application at one end, and their results.
//!
//! Decides nothing: notes what was moved, and what an error says about the end.

use std::io;
use std::time::Duration;

use close_notify::Close;

use super::agree::Facts;
use super::end::{End, read_in_two, write_in_parts};
use super::opening::REASON;
use crate::heard::text;

/// The most bytes that an application of a run writes: less than a socket holds.
pub(super) const MOST: usize = 40_000;

/// A call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    Shake,
    Read(usize),
    ReadInTwo(usize),
    Write(usize),
    WriteInParts(usize, usize),
    Flush,
    Close(Close),
    CloseWrite,
    Reject,
    HandBack,
    Confirm,
    Look,
    Track,
    Patience(Duration),
}

impl Call {
    /// Makes the call at an end that writes the text of this side. Panics if the result does not
    /// fit what was known.
    pub(super) fn make(
        self,
        side: usize,
        end: &mut (impl End + ?Sized),
        facts: &mut Facts,
        buffer: &mut [u8],
    ) {
        if let Err(error) = self.try_make(side, end, facts, buffer) {
            facts.failed(&error);
        }
    }

    fn try_make(
        self,
        side: usize,
        end: &mut (impl End + ?Sized),
        facts: &mut Facts,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        match self {
            Self::Shake => end.shake(),
            Self::Read(most) => {
                let count = end.read(&mut buffer[..most])?;
                has_read(facts, side, &buffer[..count])
            }
            Self::ReadInTwo(first) => {
                let count = read_in_two(end, buffer, first)?;
                has_read(facts, side, &buffer[..count])
            }
            Self::Write(most) => write(end, facts, side, most, most),
            Self::WriteInParts(most, part) => write(end, facts, side, most, part),
            Self::Flush => end.flush(),
            Self::Close(manner) => end.close(manner).map(drop),
            Self::CloseWrite => end.close_write().map(drop),
            Self::Reject => end.reject(REASON).map(drop),
            Self::HandBack => end.hand_back().map(drop),
            Self::Confirm => end.confirm().map(drop),
            Self::Look => end.has_peer_closed().map(drop),
            Self::Track => {
                end.track();
                Ok(())
            }
            Self::Patience(patience) => {
                end.set_patience(patience);
                Ok(())
            }
        }
    }
}

fn has_read(facts: &mut Facts, side: usize, bytes: &[u8]) -> io::Result<()> {
    facts.read(1 - side, bytes);
    facts.at_end |= bytes.is_empty();
    Ok(())
}

/// Writes the next part of a side's text, from buffers of `part` bytes.
fn write(
    end: &mut (impl End + ?Sized),
    facts: &mut Facts,
    side: usize,
    most: usize,
    part: usize,
) -> io::Result<()> {
    let most = most.min(MOST.saturating_sub(facts.taken));
    let data = text(side, facts.taken, most);
    let written = if part >= most { end.write(data) } else { write_in_parts(end, data, part) };
    match written {
        Ok(taken) => facts.taken += taken,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
        Err(error) => {
            facts.in_doubt += most;
            return Err(error);
        }
    }
    Ok(())
}
