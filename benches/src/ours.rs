//! Closing with our adapter: both ends in one thread, each step when it can be done.

use std::io;

use close_notify::{AlertDescription, Ending, Event, Manner, Output, Session, Step, Stream, Transport};

/// One end: a session and its transport, while it is open.
#[derive(Debug)]
pub struct End<T> {
    session: Session,
    transport: Option<T>,
}

impl<T: Transport> End<T> {
    /// An end over a session whose handshake is done.
    #[must_use]
    pub const fn new(session: Session, transport: T) -> Self {
        Self { session, transport: Some(transport) }
    }

    /// Steps until the peer must be waited for (`reads` is false) or the end; the transport is
    /// dropped when due.
    fn run(&mut self, reads: bool) -> io::Result<()> {
        while let Some(transport) = &mut self.transport {
            match self.session.step(transport)? {
                Step::Did(Output::CloseTransport | Output::ResetTransport) => self.transport = None,
                Step::Did(_) => {}
                Step::Waits(Output::AwaitPeer) if reads => drop(self.session.receive(transport)?),
                Step::Waits(Output::Drain) if reads => self.session.drain(transport)?,
                Step::Waits(_) | Step::Blocked | Step::Idle | Step::Done => return Ok(()),
            }
        }
        Ok(())
    }

    fn hear(&mut self) -> io::Result<()> {
        let Some(transport) = &mut self.transport else { return Ok(()) };
        self.session.receive(transport).map(drop)
    }
}

/// Ends `near` in a manner; `far` hears of it and answers by a graceful close. Both know their
/// endings then.
///
/// Errors: those of a transport that blocks where it should not.
pub fn close<T: Transport>(
    near: &mut End<T>,
    far: &mut End<T>,
    manner: Manner,
) -> io::Result<(Ending, Ending)> {
    if manner == Manner::Reject {
        near.session.tell(Event::Reject(AlertDescription::ACCESS_DENIED))?;
    } else {
        near.session.close(manner)?;
    }
    near.run(false)?;
    far.hear()?;
    far.session.close(Manner::Graceful)?;
    far.run(true)?;
    near.run(true)?;
    Ok((near.session.ending(), far.session.ending()))
}

/// Waits for the end of the other, and closes then: one stream whose transport blocks.
///
/// Errors: those of the transport.
pub fn answer<T: Transport>(stream: &mut Stream<T>) -> io::Result<Ending> {
    use std::io::Read;
    let end = stream.read(&mut [0; 1])?;
    assert_eq!(end, 0, "a clean end");
    stream.close(Manner::Graceful)
}

/// Closes two streams as [`close`] does, made non-blocking, deadlines included; the transports must
/// not block.
///
/// Errors: those of a transport that blocks where it should not.
pub fn close_streams<T: Transport>(
    near: &mut Stream<T>,
    far: &mut Stream<T>,
) -> io::Result<(Ending, Ending)> {
    match near.close(Manner::Graceful) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        other => return other.map(|ending| (ending, far.ending())),
    }
    let far_ending = answer(far)?;
    Ok((near.close(Manner::Graceful)?, far_ending))
}
