//! What is reported of a close_notify that did not leave, or left in part.

mod common;

use std::io::{self, Read, Write};

use close_notify::{Close, Manner, NotSent, Output, Pipe, Policy, Step, Stream, Transport, WriteEnd};

/// How writing ends if the transport takes `room` bytes of the close_notify before the deadline.
fn cut_at(room: usize) -> [WriteEnd; 2] {
    common::VERSIONS.map(|version| {
        let (mut client, _server) = common::pair(version, Policy::STRICT);
        let (mut narrow, _far) = Pipe::pair(room);
        client.session.close(Manner::Graceful).expect("a first close");
        for _ in 0..8 {
            if matches!(client.session.step(&mut narrow).expect("a step"), Step::Blocked | Step::Waits(_)) {
                break;
            }
        }
        assert!(matches!(client.session.machine().output(), Output::SendCloseNotify { .. }));
        client.session.deadline_passed().expect("time passes");
        client.session.ending().writing
    })
}

#[test]
fn a_close_notify_of_which_nothing_left_was_not_sent() {
    assert_eq!(cut_at(0), [WriteEnd::NotSent(NotSent::GaveUp); 2]);
}

#[test]
fn a_close_notify_of_which_a_byte_left_was_partly_written() {
    assert_eq!(cut_at(1), [WriteEnd::PartlyWritten; 2]);
    assert_eq!(cut_at(23), [WriteEnd::PartlyWritten; 2]);
}

// no-mutual-wait: each waits for room, and neither reads what the other has sent any more
#[test]
fn two_ends_that_both_linger_with_full_buffers_come_to_an_end() {
    for (version, manner) in common::VERSIONS
        .into_iter()
        .flat_map(|version| [Close::Linger, Close::AtOnce].map(|manner| (version, manner)))
    {
        let (client, server) = common::pair(version, Policy::STRICT);
        let (near, far) = Pipe::pair(100);
        let mut ends =
            [(client, near), (server, far)].map(|(end, pipe)| Stream::from_session(end.session, pipe));
        for end in &mut ends {
            assert_eq!(end.write(&[0; 500]).expect("it is taken"), 500);
        }
        for _ in 0..50 {
            for end in &mut ends {
                let _ = end.close(manner);
            }
        }
        for end in &ends {
            assert_eq!(end.session().machine().output(), Output::Done, "{version} {manner}");
        }
        if manner == Close::Linger {
            let writing = ends.each_ref().map(|end| end.ending().writing);
            assert_eq!(writing, [WriteEnd::CloseNotifySent; 2], "{version}");
        }
    }
}

#[test]
fn a_flush_that_writes_the_last_byte_of_a_close_notify_reports_that_it_is_out() {
    for version in common::VERSIONS {
        let (mut client, _server) = common::pair(version, Policy::STRICT);
        let (mut narrow, mut far) = Pipe::pair(24);
        client.session.close(Manner::Graceful).expect("a first close");
        for _ in 0..8 {
            client.session.step(&mut narrow).expect("a step");
        }
        far.read_exact(&mut [0; 24]).expect("what there was room for");
        client.session.flush(&mut narrow).expect("there is room");
        assert_eq!(client.session.ending().writing, WriteEnd::CloseNotifySent, "{version}");
    }
}

#[test]
fn a_flush_that_writes_a_part_of_a_close_notify_says_so() {
    for version in common::VERSIONS {
        let (mut client, _server) = common::pair(version, Policy::STRICT);
        let (mut full, mut far) = Pipe::pair(1);
        Write::write(&mut full, b"x").expect("a byte");
        client.session.close(Manner::Graceful).expect("a first close");
        for _ in 0..8 {
            client.session.step(&mut full).expect("a step");
        }
        far.read_exact(&mut [0; 1]).expect("a byte");
        client.session.flush(&mut full).expect("there is room for a byte");
        client.session.deadline_passed().expect("time passes");
        assert_eq!(client.session.ending().writing, WriteEnd::PartlyWritten, "{version}");
    }
}

/// A pipe that buffers nothing, and whose flush can block once.
struct Asked {
    pipe: Pipe,
    waits: bool,
}

impl Read for Asked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pipe.read(buffer)
    }
}

impl Write for Asked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pipe.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.waits) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    }
}

impl Transport for Asked {
    fn shut_write(&mut self) -> io::Result<()> {
        self.pipe.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.pipe.reset()
    }
}

// The session kept asking to flush what the FIN had flushed.
#[test]
fn after_a_last_word_the_handshake_has_nothing_more_to_write() {
    for version in common::VERSIONS {
        let (client, _server) = common::pair(version, Policy::STRICT);
        let (pipe, _far) = Pipe::pair(1 << 12);
        let mut client = Stream::from_session(client.session, Asked { pipe, waits: true });
        assert_eq!(client.write(b"x").expect("it is taken"), 1);
        let _ = client.close(Close::Linger);
        assert_eq!(client.ending().writing, WriteEnd::CloseNotifySent, "{version}");
        assert!(client.complete_handshake().is_err() || client.session().is_flushed(), "{version}");
    }
}
