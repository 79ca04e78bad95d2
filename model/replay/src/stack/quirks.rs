//! The ways in which smoltcp 0.12 differs from a kernel, each shown on its bare stack, and what
//! `end.rs` does about it. A version that behaves differently fails here first.

use std::io::ErrorKind;

use close_notify_model::world::action::Side;
use smoltcp::socket::tcp::State;
use smoltcp::wire::TcpSeqNumber;

use super::end::End;
use super::host::Host;
use super::segment::{Forged, Segment};

const CLIENT: usize = 0;
const SERVER: usize = 1;

fn ends() -> ([End; 2], [TcpSeqNumber; 2]) {
    let (hosts, first) = Host::connected(1500, 0).unwrap();
    (hosts.map(|host| End::new(host, true)), first)
}

fn says(end: &mut End, bytes: &[u8]) -> Segment {
    end.host.socket().send_slice(bytes).unwrap();
    end.host.speak();
    end.host.said().expect("a segment")
}

/// All that an end has to send reaches the other.
fn carry(ends: &mut [End; 2], from: usize) {
    ends[from].host.speak();
    while let Some(segment) = ends[from].host.said() {
        ends[1 - from].hear(segment);
    }
}

fn forged(to: Side, what: Forged<'_>, first: [TcpSeqNumber; 2], offset: usize) -> Segment {
    Segment::forge(to, what, first[to.other().index()] + offset, first[to.index()])
}

fn read(end: &mut End) -> Result<Vec<u8>, ErrorKind> {
    let mut buffer = [0; 16];
    end.read(&mut buffer).map(|count| buffer[..count].to_vec()).map_err(|error| error.kind())
}

// RFC 9293 §3.10.7.4, seventh: after a FIN the text of a segment is ignored
#[test]
fn bytes_after_a_fin_are_enqueued_and_not_read() {
    let (mut ends, first) = ends();
    ends[CLIENT].hear(forged(Side::Client, Forged::Fin(b"ab"), first, 0));
    let genuine = says(&mut ends[SERVER], b"wxyz");
    ends[CLIENT].hear(genuine);
    assert_eq!(ends[CLIENT].host.waiting(), 1, "smoltcp has taken what follows the two bytes and the FIN");
    assert_eq!(read(&mut ends[CLIENT]), Ok(b"ab".to_vec()));
    assert_eq!(read(&mut ends[CLIENT]), Ok(Vec::new()));
}

#[test]
fn what_was_not_read_is_forgotten_when_time_wait_is_over_and_read_all_the_same() {
    for keeps in [false, true] {
        let (mut ends, _) = ends();
        ends[CLIENT].shut_write().unwrap();
        carry(&mut ends, CLIENT);
        ends[SERVER].write(b"late").unwrap();
        ends[SERVER].shut_write().unwrap();
        ends[SERVER].host.speak();
        while let Some(segment) = ends[SERVER].host.said() {
            match keeps {
                true => assert!(!ends[CLIENT].hear(segment).reset),
                false => ends[CLIENT].host.hear(segment),
            }
        }
        assert_eq!(ends[CLIENT].host.state(), State::TimeWait);
        let before = ends[CLIENT].host.waiting();
        ends[CLIENT].host.pass(11_000);
        ends[CLIENT].host.speak();
        let after = ends[CLIENT].host.waiting();
        match keeps {
            false => assert_eq!((before, after), (4, 0)),
            true => assert_eq!(read(&mut ends[CLIENT]), Ok(b"late".to_vec())),
        }
    }
}

// RFC 9293 §3.10.7.4, fifth: an old acknowledgement is ignored, and the text of its segment is not
#[test]
fn a_segment_that_was_overtaken_by_an_acknowledgement_is_dropped_whole() {
    let (mut ends, _) = ends();
    let overtaken = says(&mut ends[SERVER], b"data");
    let theirs = says(&mut ends[CLIENT], b"more");
    ends[SERVER].hear(theirs);
    carry(&mut ends, SERVER);
    ends[CLIENT].hear(overtaken);
    assert_eq!(read(&mut ends[CLIENT]), Err(ErrorKind::WouldBlock), "until it is sent again");
}

// RFC 5961 §3.2 asks for the next number, and for a challenge to every other number in the window
#[test]
fn a_reset_counts_anywhere_in_the_window_and_nowhere_else() {
    for (offset, counts) in [(0, true), (1, true), (4_000, true), (5_000, false)] {
        let (mut ends, first) = ends();
        let heard = ends[CLIENT].hear(forged(Side::Client, Forged::Reset, first, offset));
        assert_eq!(heard.reset, counts, "{offset}");
        let read = read(&mut ends[CLIENT]);
        assert_eq!(read.is_err_and(|kind| kind == ErrorKind::ConnectionReset), counts, "{offset}");
    }
}

// RFC 9293 §3.6.1, RFC 2525 §2.17
#[test]
fn a_close_with_bytes_unread_sends_a_fin_and_is_made_a_reset() {
    for released in [false, true] {
        let (mut ends, _) = ends();
        let unread = says(&mut ends[SERVER], b"unread");
        ends[CLIENT].hear(unread);
        if released {
            ends[CLIENT].release()
        } else {
            ends[CLIENT].host.socket().close()
        }
        ends[CLIENT].host.speak();
        let last = std::iter::from_fn(|| ends[CLIENT].host.said()).last().expect("a last word");
        assert_eq!((last.is_fin(), last.is_reset()), (!released, released));
    }
}

#[test]
fn a_closed_socket_reads_on_and_is_made_to_answer_with_a_reset() {
    let (mut ends, _) = ends();
    ends[CLIENT].release();
    carry(&mut ends, CLIENT);
    let late = says(&mut ends[SERVER], b"late");
    let heard = ends[CLIENT].hear(late);
    assert!(heard.refused);
    carry(&mut ends, CLIENT);
    assert!(ends[SERVER].is_dead());
}

// RFC 1337, and Linux: the program has all that it will have
#[test]
fn a_reset_in_time_wait_is_nothing_to_the_program() {
    let (mut ends, first) = ends();
    ends[CLIENT].shut_write().unwrap();
    carry(&mut ends, CLIENT);
    ends[SERVER].shut_write().unwrap();
    carry(&mut ends, SERVER);
    let heard = ends[CLIENT].hear(forged(Side::Client, Forged::Reset, first, 1));
    assert!(!heard.reset && ends[CLIENT].host.state() == State::Closed);
    assert_eq!(read(&mut ends[CLIENT]), Ok(Vec::new()));
}

// measured on Linux: the first call that meets the error consumes it
#[test]
fn smoltcp_tells_no_error_and_a_program_is_told_one_once_or_always() {
    for one_shot in [true, false] {
        let (hosts, first) = Host::connected(1500, 0).unwrap();
        let [client, _] = hosts;
        let mut end = End::new(client, one_shot);
        end.hear(forged(Side::Client, Forged::Reset, first, 0));
        assert_eq!(
            end.host.socket().recv_slice(&mut [0; 4]),
            Err(smoltcp::socket::tcp::RecvError::InvalidState)
        );
        assert_eq!(read(&mut end), Err(ErrorKind::ConnectionReset));
        let again = if one_shot { Ok(Vec::new()) } else { Err(ErrorKind::ConnectionReset) };
        assert_eq!(read(&mut end), again);
        assert!(end.write(b"x").is_err());
    }
}
