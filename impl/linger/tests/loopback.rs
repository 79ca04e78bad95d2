//! The service over real sockets, in a thread.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use close_notify_core::{Event, Output, ReadEnd};
use close_notify_linger::{Counters, Limits, Lingerer, linger};
use rustix::net::sockopt::{set_socket_linger, set_socket_recv_buffer_size, socket_linger};

use common::{LAST_WORD, draining, failed_machine, far, lingering_machine, shut_sockets, sockets};

/// Nothing ends by time.
const PATIENT: Limits = Limits { patience: Duration::from_secs(60), ..Limits::DEFAULT };
const SHORT: Duration = Duration::from_millis(20);

fn service(limits: Limits) -> Lingerer {
    Lingerer::spawn(limits).unwrap()
}

fn reset(socket: TcpStream) {
    set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
    drop(socket);
}

/// The peer has read the last word, and ends its stream.
fn end(mut peer: TcpStream) {
    peer.read_exact(&mut [0; LAST_WORD.len()]).unwrap();
}

/// A byte for a closed socket is answered by a reset, which the next write finds.
fn is_refused(peer: &mut TcpStream) -> bool {
    let deadline = far();
    while Instant::now() < deadline {
        if peer.write(b".").is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            return true;
        }
    }
    false
}

/// What the peer reads to the end, and whether that end is a clean end of the stream.
fn read_all(peer: &mut impl Read) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut all = Vec::new();
    let end = peer.read_to_end(&mut all).map(drop).map_err(|error| error.kind());
    (all, end)
}

#[test]
fn a_peer_that_ends_its_stream_ends_the_lingering() {
    let lingerer = service(PATIENT);
    let (ours, mut peer) = shut_sockets();
    peer.write_all(&[7; 1000]).unwrap();
    lingerer.add(ours, draining(1000)).unwrap();
    assert_eq!(read_all(&mut peer), (LAST_WORD.to_vec(), Ok(())));
    drop(peer);
    let ended = Counters { by_fin: 1, drained: 1000, ..Counters::default() };
    assert_eq!(lingerer.finish(far()), ended);
}

#[test]
fn a_fin_that_came_before_is_found() {
    let lingerer = service(PATIENT);
    let (ours, peer) = shut_sockets();
    end(peer);
    lingerer.add(ours, draining(1)).unwrap();
    assert_eq!(lingerer.finish(far()).by_fin, 1);
}

#[test]
fn a_reset_ends_the_lingering() {
    let lingerer = service(PATIENT);
    let (ours, peer) = shut_sockets();
    lingerer.add(ours, draining(1)).unwrap();
    reset(peer);
    assert_eq!(lingerer.finish(far()), Counters { reset: 1, ..Counters::default() });
}

#[test]
fn a_peer_that_sends_more_than_the_budget_is_closed() {
    let lingerer = service(PATIENT);
    let (ours, mut peer) = shut_sockets();
    peer.write_all(&[7; 1000]).unwrap();
    lingerer.add(ours, draining(999)).unwrap();
    let ended = Counters { over_budget: 1, drained: 1000, ..Counters::default() };
    assert_eq!(lingerer.finish(far()), ended);
}

#[test]
fn a_silent_peer_is_timed_out() {
    let lingerer = service(Limits { patience: SHORT, ..Limits::DEFAULT });
    let (ours, peer) = shut_sockets();
    lingerer.add(ours, draining(1)).unwrap();
    assert_eq!(lingerer.finish(far()), Counters { timed_out: 1, ..Counters::default() });
    drop(peer);
}

// The worker sleeps for a minute by then, and must be woken.
#[test]
fn a_deadline_that_is_sooner_than_the_others_is_kept() {
    let lingerer = service(PATIENT);
    let (first, silent) = shut_sockets();
    let (second, mut peer) = shut_sockets();
    lingerer.add(first, draining(1)).unwrap();
    lingerer.add_until(second, draining(1), Instant::now() + SHORT).unwrap();
    assert_eq!(read_all(&mut peer), (LAST_WORD.to_vec(), Ok(())));
    let ended = wait_for(&lingerer, |counters| counters.timed_out == 1);
    assert_eq!(ended.lingering, 1);
    drop(silent);
}

/// Returns the counters once they are as wanted.
fn wait_for(lingerer: &Lingerer, wanted: impl Fn(&Counters) -> bool) -> Counters {
    let deadline = far();
    while Instant::now() < deadline {
        let counters = lingerer.counters();
        if wanted(&counters) {
            return counters;
        }
        std::thread::yield_now();
    }
    panic!("never: {}", lingerer.counters());
}

#[test]
fn over_the_bound_the_oldest_gives_way_at_once() {
    let lingerer = service(Limits { connections: 2, ..PATIENT });
    let mut pairs: Vec<_> = (0..3).map(|_| shut_sockets()).collect();
    let mut peers = Vec::new();
    for (ours, peer) in pairs.drain(..) {
        lingerer.add(ours, draining(1)).unwrap();
        peers.push(peer);
    }
    let counters = lingerer.counters();
    assert_eq!((counters.lingering, counters.gave_way), (2, 1));
    assert!(is_refused(&mut peers[0]));
    peers.drain(1..).for_each(end);
    assert_eq!(lingerer.finish(far()).by_fin, 2);
}

/// A server whose client has sent a request that nobody reads. The server has answered with as much
/// as the sockets hold, and an alert.
fn answered_unread() -> (TcpStream, TcpStream, usize) {
    let (mut ours, mut peer) = sockets();
    set_socket_recv_buffer_size(&peer, 16 * 1024).unwrap();
    peer.write_all(b"a request that nobody reads").unwrap();
    assert!(ours.peek(&mut [0; 1]).unwrap() > 0);
    ours.set_nonblocking(true).unwrap();
    let mut sent = 0;
    loop {
        match ours.write(&[7; 65_536]) {
            Ok(bytes) => sent += bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    ours.shutdown(Shutdown::Write).unwrap();
    (ours, peer, sent)
}

// alert-survives-close, data-survives-close; #44, #45: the last bytes are the alert
#[test]
fn a_close_at_once_destroys_the_last_words_and_lingering_delivers_them() {
    let (ours, mut peer, sent) = answered_unread();
    drop(ours);
    let (read, end) = read_all(&mut peer);
    assert!(read.len() < sent, "{} of {sent}", read.len());
    assert_eq!(end, Err(ErrorKind::ConnectionReset));

    let lingerer = service(PATIENT);
    let (ours, mut peer, sent) = answered_unread();
    lingerer.add(ours, draining(1000)).unwrap();
    let (read, end) = read_all(&mut peer);
    assert_eq!((read.len(), end), (sent, Ok(())));
    drop(peer);
    assert_eq!(lingerer.finish(far()).by_fin, 1);
}

#[test]
fn what_so_linger_was_before_is_unset() {
    let lingerer = service(PATIENT);
    let (ours, mut peer) = shut_sockets();
    set_socket_linger(&ours, Some(Duration::ZERO)).unwrap();
    let watch = ours.try_clone().unwrap();
    lingerer.add(ours, draining(1)).unwrap();
    assert_eq!(socket_linger(&watch).unwrap(), None);
    drop(watch);
    assert_eq!(read_all(&mut peer), (LAST_WORD.to_vec(), Ok(())));
}

// notify-before-fin
#[test]
fn a_socket_that_took_no_last_word_is_reset() {
    let lingerer = service(Limits { patience: SHORT, ..PATIENT });
    let (ours, mut peer) = sockets();
    lingerer.add(ours, failed_machine().lingering().unwrap()).unwrap();
    assert_eq!(read_all(&mut peer), (Vec::new(), Err(ErrorKind::ConnectionReset)));
    assert_eq!(lingerer.finish(far()).timed_out, 1);
}

// abort-sends-no-notify: also if others have the socket, a clone or a child process
#[cfg(target_os = "linux")]
mod a_reset_beside_a_clone_of_the_socket {
    use close_notify_linger::reset;

    use super::*;

    /// What happens before the reset, at our end and at the peer's.
    type Before = fn(&mut TcpStream, &mut TcpStream);

    /// Writes more than the sockets take: some of it has not left.
    fn fill(ours: &mut TcpStream) {
        ours.set_nonblocking(true).unwrap();
        while ours.write(&[7; 65_536]).is_ok() {}
    }

    fn is_seen(ours: TcpStream, mut peer: TcpStream, reset: impl FnOnce(TcpStream)) {
        let clone = ours.try_clone().unwrap();
        reset(ours);
        peer.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        assert_eq!(read_all(&mut peer).1, Err(ErrorKind::ConnectionReset));
        drop(clone);
    }

    #[test]
    fn is_seen_in_every_state_of_tcp() {
        let states: [Before; 6] = [
            |_, _| {},
            |ours, _| ours.set_nonblocking(true).unwrap(),
            |ours, peer| {
                peer.write_all(b"unread").unwrap();
                assert!(ours.peek(&mut [0]).unwrap() > 0);
            },
            |ours, peer| {
                peer.shutdown(Shutdown::Write).unwrap();
                assert_eq!(ours.peek(&mut [0]).unwrap(), 0);
            },
            |ours, _| fill(ours),
            |ours, peer| {
                fill(ours);
                peer.shutdown(Shutdown::Write).unwrap();
                ours.shutdown(Shutdown::Write).unwrap();
            },
        ];
        for before in states {
            let (mut ours, mut peer) = sockets();
            before(&mut ours, &mut peer);
            is_seen(ours, peer, |ours| reset(&ours).unwrap());
        }
    }

    #[test]
    fn is_seen_when_a_thread_lingers() {
        let (ours, peer) = sockets();
        is_seen(ours, peer, |ours| {
            linger(ours, failed_machine(), Instant::now() + SHORT).unwrap();
        });
    }

    #[test]
    fn is_seen_when_the_service_lingers() {
        let lingerer = service(Limits { patience: SHORT, ..PATIENT });
        let (ours, peer) = sockets();
        let draining = failed_machine().lingering().unwrap();
        is_seen(ours, peer, |ours| lingerer.add(ours, draining).unwrap());
    }
}

#[test]
fn sockets_of_unix_linger_too() {
    let lingerer = service(PATIENT);
    let (ours, mut peer) = UnixStream::pair().unwrap();
    ours.shutdown(Shutdown::Write).unwrap();
    peer.write_all(&[7; 1000]).unwrap();
    lingerer.add(ours, draining(1000)).unwrap();
    drop(peer);
    let ended = Counters { by_fin: 1, drained: 1000, ..Counters::default() };
    assert_eq!(lingerer.finish(far()), ended);
}

#[test]
fn what_is_no_socket_is_refused() {
    let lingerer = service(PATIENT);
    let (pipe, _writer) = io::pipe().unwrap();
    assert!(lingerer.add(pipe, draining(1)).is_err());
    assert_eq!(lingerer.counters(), Counters { not_taken: 1, ..Counters::default() });
}

#[test]
fn a_socket_that_comes_too_late_is_given_back_and_can_linger_elsewhere() {
    let lingerer = service(PATIENT);
    lingerer.finish(far());
    let (ours, mut peer, sent) = answered_unread();
    let refused = lingerer.add(ours, draining(1000)).unwrap_err();
    let reader = std::thread::spawn(move || read_all(&mut peer));
    linger(refused.into_socket().into(), lingering_machine(1000), far()).unwrap();
    let (read, end) = reader.join().unwrap();
    assert_eq!((read.len(), end), (sent, Ok(())));
    assert_eq!(lingerer.counters(), Counters { not_taken: 1, ..Counters::default() });
}

#[test]
fn a_transport_comes_back_that_gives_up_no_socket_or_has_nothing_to_linger_for() {
    let lingerer = service(PATIENT);
    let (ours, peer) = shut_sockets();
    let back = lingerer.take_over(ours, |ours| Err(Some(ours)), Some(draining(1)), None).unwrap();
    let back = lingerer.take_over(back, |_| unreachable!(), None, None).unwrap();
    assert!(lingerer.take_over((), |()| Err(None), Some(draining(1)), None).is_none(), "it is lost");
    assert_eq!(lingerer.counters(), Counters { not_taken: 3, ..Counters::default() });
    assert!(lingerer.take_over(back, |back| Ok(back.into()), Some(draining(1)), None).is_none());
    end(peer);
    assert_eq!(lingerer.finish(far()), Counters { by_fin: 1, not_taken: 3, ..Counters::default() });
}

// epoll(7): a registration outlives its descriptor while a clone is left; then the same number for
// the same socket is refused
#[cfg(target_os = "linux")]
#[test]
fn a_socket_that_cannot_be_watched_lingers_to_its_deadline() {
    use std::os::fd::AsRawFd;
    let lingerer = service(PATIENT);
    let (ours, mut peer, sent) = answered_unread();
    let clone = ours.try_clone().unwrap();
    let number = ours.as_raw_fd();
    lingerer.add_until(ours, draining(1000), Instant::now()).unwrap();
    wait_for(&lingerer, |counters| counters.timed_out == 1);
    // Other tests may have taken the number meanwhile: then this test proves nothing.
    let again = rustix::io::fcntl_dupfd_cloexec(&clone, number).unwrap();
    drop(clone);
    lingerer.add_until(again, draining(1000), Instant::now() + SHORT).unwrap();
    let (read, end) = read_all(&mut peer);
    assert_eq!((read.len(), end), (sent, Ok(())));
    assert_eq!(wait_for(&lingerer, |counters| counters.lingering == 0).not_taken, 0);
}

#[test]
fn a_thousand_sockets_end_each_in_its_way() {
    let lingerer = service(PATIENT);
    let pairs: Vec<_> = (0..1000).map(|_| shut_sockets()).collect();
    let mut peers = Vec::new();
    for (ours, peer) in pairs {
        lingerer.add(ours, draining(100)).unwrap();
        peers.push(peer);
    }
    assert_eq!(lingerer.counters().lingering, 1000);
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.read_exact(&mut [0; LAST_WORD.len()]).unwrap();
        match number % 4 {
            0 => peer.shutdown(Shutdown::Write).unwrap(),
            1 => set_socket_linger(&*peer, Some(Duration::ZERO)).unwrap(),
            2 => peer.write_all(&[7; 101]).unwrap(),
            _ => peer.write_all(&[7; 100]).unwrap(),
        }
    }
    wait_for(&lingerer, |counters| counters.over_budget == 250);
    drop(peers);
    let counters = lingerer.finish(far());
    assert_eq!((counters.by_fin, counters.reset, counters.over_budget), (500, 250, 250));
    assert_eq!((counters.drained, counters.ended()), (250 * 201, 1000));
}

#[test]
fn finish_does_not_wait_if_nothing_lingers() {
    let lingerer = service(PATIENT);
    assert_eq!(lingerer.finish(far()), Counters::default());
    assert_eq!(lingerer.finish(far()), Counters::default());
}

#[test]
fn finish_closes_stragglers_at_its_deadline_and_ends_the_service() {
    let lingerer = service(PATIENT);
    let (ours, mut peer) = shut_sockets();
    lingerer.add(ours, draining(1)).unwrap();
    assert_eq!(lingerer.finish(Instant::now() + SHORT), Counters { timed_out: 1, ..Counters::default() });
    assert!(is_refused(&mut peer));
    let refused = io::Error::from(lingerer.clone().add(sockets().0, draining(1)).unwrap_err());
    assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
    assert_eq!(lingerer.counters().not_taken, 1);
}

#[test]
fn finish_in_one_thread_lets_another_add_until_it_has_ended() {
    let lingerer = service(PATIENT);
    let (ours, first) = shut_sockets();
    lingerer.add(ours, draining(1)).unwrap();
    let finisher = std::thread::spawn({
        let lingerer = lingerer.clone();
        move || lingerer.finish(far())
    });
    let (ours, second) = shut_sockets();
    lingerer.add(ours, draining(1)).unwrap();
    [first, second].into_iter().for_each(end);
    assert_eq!(finisher.join().unwrap().by_fin, 2);
}

// Nothing is closed early: the socket still takes a byte, and its end is still waited for.
#[test]
fn dropping_the_last_handle_leaves_what_lingers_to_its_end() {
    let lingerer = service(PATIENT);
    let (ours, mut peer, sent) = answered_unread();
    lingerer.add(ours, draining(1000)).unwrap();
    let before = Instant::now();
    drop((lingerer.clone(), lingerer));
    assert!(before.elapsed() < Duration::from_secs(10), "the drop waited");
    let (read, end) = read_all(&mut peer);
    assert_eq!((read.len(), end), (sent, Ok(())));
}

#[test]
fn bad_limits_are_invalid_input() {
    let refused = Lingerer::spawn(Limits { connections: 0, ..PATIENT }).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(refused.to_string().contains("at least 1"), "{refused}");
}

mod one_socket_and_a_thread {
    use super::*;

    #[test]
    fn it_waits_for_the_fin_and_changes_no_option() {
        let (ours, mut peer) = shut_sockets();
        let watch = ours.try_clone().unwrap();
        peer.write_all(&[7; 10_000]).unwrap();
        drop(peer);
        let machine = linger(ours, lingering_machine(10_000), far()).unwrap();
        assert_eq!((machine.output(), machine.ending().drained), (Output::Done, 10_000));
        assert_eq!(watch.read_timeout().unwrap(), None);
    }

    #[test]
    fn it_ends_at_the_deadline_whether_the_socket_blocks_or_not() {
        for nonblocking in [false, true] {
            let (ours, _peer) = shut_sockets();
            ours.set_nonblocking(nonblocking).unwrap();
            let machine = linger(ours, lingering_machine(1), Instant::now() + SHORT).unwrap();
            assert_eq!(machine.output(), Output::Done);
            assert_eq!(machine.transport_state().name(), "Closed");
        }
    }

    #[test]
    fn a_flood_is_ended_by_the_deadline() {
        let (ours, mut peer) = shut_sockets();
        let flood = std::thread::spawn(move || while peer.write_all(&[7; 65_536]).is_ok() {});
        let machine = linger(ours, lingering_machine(u32::MAX), Instant::now() + SHORT).unwrap();
        assert_eq!(machine.output(), Output::Done);
        flood.join().unwrap();
    }

    #[test]
    fn without_a_last_word_it_resets() {
        let (ours, mut peer) = sockets();
        let machine = linger(ours, failed_machine(), Instant::now() + SHORT).unwrap();
        assert_eq!((machine.output(), machine.ending().reading), (Output::Done, ReadEnd::NotAwaited));
        assert_eq!(read_all(&mut peer).1, Err(ErrorKind::ConnectionReset));
    }

    #[test]
    fn a_machine_that_does_not_drain_is_left_as_it_is() {
        let (ours, _peer) = sockets();
        let mut machine = lingering_machine(1);
        machine.handle(Event::TransportClosed).unwrap();
        assert_eq!(linger(ours, machine, far()).unwrap(), machine);
    }
}
