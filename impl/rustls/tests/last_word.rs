//! What is said of a close_notify that did not leave, or left in part.

mod common;

use close_notify::{Manner, NotSent, Output, Pipe, Policy, Step, WriteEnd};

/// How writing ends where the transport takes `room` bytes of the close_notify before the deadline.
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
