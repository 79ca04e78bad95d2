//! Closing with our adapter: both ends in one thread, each step as soon as it is possible.

use std::io;

use close_notify::{
    AlertDescription, Close, Ending, Event, Manner, Output, Session, Step, Stream, Transport,
};

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

    /// Steps until it must wait for the peer (if `reads` is false) or until the end. Drops the
    /// transport when due.
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

/// Ends `near` in the given manner; `far` reads that and answers with a graceful close. Both know
/// their endings then.
///
/// # Errors
///
/// Fails if a transport does, or blocks where it should not.
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

/// Waits for the end of the other, and then closes. For one stream whose transport blocks.
///
/// # Errors
///
/// Fails if the transport does.
///
/// # Panics
///
/// Panics if the peer sends data.
pub fn answer<T: Transport>(stream: &mut Stream<T>) -> io::Result<Ending> {
    use std::io::Read;
    let end = stream.read(&mut [0; 1])?;
    assert_eq!(end, 0, "a clean end");
    stream.close(Close::Graceful)
}

/// Closes two non-blocking streams as [`close`] does, deadlines included. The transports must not
/// block.
///
/// # Errors
///
/// Fails if a transport does, or blocks where it should not.
pub fn close_streams<T: Transport>(
    near: &mut Stream<T>,
    far: &mut Stream<T>,
) -> io::Result<(Ending, Ending)> {
    match near.close(Close::Graceful) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        other => return other.map(|ending| (ending, far.ending())),
    }
    let far_ending = answer(far)?;
    Ok((near.close(Close::Graceful)?, far_ending))
}
