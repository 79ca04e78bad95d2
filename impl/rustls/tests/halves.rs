//! Two threads on one connection: whichever closes, both learn of it, and neither waits for the
//! other.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use close_notify::{
    AlertDescription, Close, Ending, Event, FindEnding, Handle, Output, Policy, Progress, ReadEnd, Session,
    Stream, Version, WriteEnd,
};
use common::{VERSIONS, client, client_config, hooked, server, server_config, streams};

#[test]
fn both_directions_run_at_once() {
    const LENGTH: usize = 4 << 20;
    for version in VERSIONS {
        let (client, server) = streams(version, Policy::STRICT);
        let mut threads = Vec::new();
        let mut closers = Vec::new();
        for stream in [client, server] {
            let (mut read, mut write) = stream.into_split().unwrap();
            closers.push(read.handle().clone());
            threads.push(thread::spawn(move || write.write_all(&vec![7; LENGTH]).unwrap()));
            threads.push(thread::spawn(move || read.read_exact(&mut vec![0; LENGTH]).unwrap()));
        }
        for thread in threads {
            thread.join().unwrap();
        }
        let far = closers.pop().unwrap();
        let far = thread::spawn(move || far.close(Close::Graceful).unwrap());
        assert!(closers[0].close(Close::Graceful).unwrap().is_clean(), "{version}");
        assert!(far.join().unwrap().is_clean(), "{version}");
    }
}

#[test]
fn a_close_during_a_write_that_waits_refuses_what_is_not_taken_and_loses_nothing() {
    for version in VERSIONS {
        let (near, mut far) = streams(version, Policy::STRICT);
        let (read, mut write) = near.into_split().unwrap();
        let (tell, told) = mpsc::channel();
        let writer = thread::spawn(move || {
            let mut written = 0;
            loop {
                match write.write(&[7; 16_384]) {
                    Ok(count) => written += count,
                    Err(error) => return (written, error),
                }
                tell.send(written).unwrap();
            }
        });
        // The write waits once no more counts arrive for a while. That it waits is not tested here.
        while told.recv_timeout(Duration::from_millis(200)).is_ok() {}
        let closer = thread::spawn(move || read.handle().close(Close::Graceful).unwrap());
        let (written, error) = writer.join().unwrap();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{version}: {error}");
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), written, "{version}");
        assert!(far.close(Close::Graceful).unwrap().is_clean());
        assert!(closer.join().unwrap().is_clean());
    }
}

#[test]
fn the_tracker_can_be_asked_through_a_handle_while_a_read_waits() {
    use close_notify::framing::http::{Requests, Responses};
    for version in VERSIONS {
        let (mut near, mut far) = streams(version, Policy::https());
        near.set_tracker(Responses::new());
        let (mut read, mut write) = near.into_split().unwrap();
        write.write_all(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n").unwrap();
        let handle = write.handle();
        assert_eq!(handle.with_tracker(|asked: &Responses| asked.owed()), Some(2), "{version}");
        far.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        read.read_exact(&mut [0; 27]).unwrap();
        let reader = thread::spawn(move || read.read(&mut [0; 8]).unwrap_err());
        assert_eq!(handle.with_tracker::<Responses, _>(|responses| responses.owed()), Some(1));
        assert_eq!(handle.with_tracker(|requests: &Requests| requests.is_switched()), None);
        handle.abort().unwrap();
        reader.join().unwrap();
        assert_eq!(
            handle.with_tracker(|asked: &Responses| asked.owed()),
            Some(1),
            "the end takes nothing away"
        );
    }
}

#[test]
fn an_abort_frees_a_read_that_waits() {
    for version in VERSIONS {
        let (near, mut far) = streams(version, Policy::STRICT);
        let (mut read, write) = near.into_split().unwrap();
        let reader = thread::spawn(move || read.read(&mut [0; 8]).unwrap_err());
        write.handle().abort().unwrap();
        let error = reader.join().unwrap();
        assert!(matches!(Ending::find(&error).unwrap().writing, WriteEnd::Aborted { .. }), "{error}");
        drop(write);
        let error = far.read(&mut [0; 8]).unwrap_err();
        assert_eq!(Ending::find(&error).unwrap().reading, ReadEnd::Reset, "{version}: {error}");
    }
}

/// Waits until the peer has something to read, without reading it.
fn wait_for_word(peer: &Stream<TcpStream>) {
    assert_eq!(peer.transport().unwrap().peek(&mut [0]).unwrap(), 1);
}

#[test]
fn a_close_that_hastens_frees_the_one_that_waits() {
    for version in VERSIONS {
        for (slow, fast) in [
            (Close::Graceful, Close::AtOnce),
            (Close::Graceful, Close::Abort),
            (Close::Linger, Close::AtOnce),
            (Close::Linger, Close::Abort),
        ] {
            let (near, far) = streams(version, Policy::STRICT);
            let (read, write) = near.into_split().unwrap();
            read.handle().set_patience(Duration::MAX);
            let closer = thread::spawn(move || read.handle().close(slow).unwrap());
            wait_for_word(&far);
            let ending = write.handle().close(fast).unwrap();
            assert_eq!(closer.join().unwrap(), ending, "{version}: {slow:?}, then {fast:?}");
        }
    }
}

// RFC 9112 §9.6 · data-survives-close
#[test]
fn a_half_that_lingers_takes_all_that_the_peer_still_sends() {
    type End = fn(&Handle<TcpStream>) -> std::io::Result<Ending>;
    let ends: [End; 2] =
        [|handle| handle.close(Close::Linger), |handle| handle.reject(AlertDescription::ACCESS_DENIED)];
    let endless = Policy { drain_budget: u32::MAX, ..Policy::STRICT };
    for version in VERSIONS {
        for end in ends {
            let (near, mut far) = streams(version, endless);
            let (read, _write) = near.into_split().unwrap();
            // More than the buffers of both sockets hold.
            let writer = thread::spawn(move || far.write_all(&vec![7; 16 << 20]));
            end(read.handle()).unwrap();
            writer.join().unwrap().unwrap_or_else(|error| panic!("{version}: {error}"));
        }
    }
}

// salvage-alert: no other call reads
#[test]
fn a_write_that_failed_takes_the_alert_when_it_comes() {
    for version in VERSIONS {
        let (near, mut socket) = UnixStream::pair().unwrap();
        let peer = thread::spawn(move || {
            let mut peer = Session::new(server(server_config(version, hooked())), Policy::STRICT);
            while peer.handshake(&mut socket).unwrap() == Progress::Advanced {}
            (peer, socket)
        });
        let mut near = Stream::new(client(client_config(version, hooked())), near, Policy::STRICT);
        near.complete_handshake().unwrap();
        let (mut peer, mut socket) = peer.join().unwrap();
        let (read, mut write) = near.into_split().unwrap();
        read.handle().set_patience(Duration::MAX);
        // A write fails, but a read does not.
        socket.shutdown(Shutdown::Read).unwrap();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || tell.send(write.write(b"refused").unwrap_err()));
        assert!(told.recv_timeout(Duration::from_millis(100)).is_err(), "there is no alert yet");
        peer.tell(Event::Reject(AlertDescription::ACCESS_DENIED)).unwrap();
        while peer.machine().output() != Output::ShutWrite {
            peer.step(&mut socket).unwrap();
        }
        let error = told.recv_timeout(Duration::from_secs(60)).expect("it waits for what has come");
        let reading = Ending::find(&error).unwrap().reading;
        assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED), "{version}: {error}");
        drop(socket);
    }
}

#[test]
fn however_many_threads_close_each_learns_of_the_answer() {
    for version in VERSIONS {
        let (near, mut far) = streams(version, Policy::STRICT);
        let (read, _write) = near.into_split().unwrap();
        read.handle().set_patience(Duration::MAX);
        let closers = [(); 8].map(|()| {
            let handle = read.handle().clone();
            thread::spawn(move || handle.close(Close::Graceful).unwrap())
        });
        wait_for_word(&far);
        assert!(far.close(Close::Graceful).unwrap().is_clean(), "{version}");
        for closer in closers {
            assert!(closer.join().unwrap().is_clean(), "{version}");
        }
    }
}

#[test]
fn a_patience_that_another_thread_sets_applies_to_all_that_close() {
    for version in VERSIONS {
        let (near, far) = streams(version, Policy::STRICT);
        let (read, _write) = near.into_split().unwrap();
        read.handle().set_patience(Duration::MAX);
        let closers = [(); 3].map(|()| {
            let handle = read.handle().clone();
            thread::spawn(move || handle.close(Close::Graceful).unwrap())
        });
        wait_for_word(&far);
        read.handle().set_patience(Duration::ZERO);
        for closer in closers {
            assert_eq!(closer.join().unwrap().reading, ReadEnd::TimedOut, "{version}");
        }
    }
}

#[test]
fn the_alert_that_ends_the_other_half_is_named_to_both() {
    for version in VERSIONS {
        let (near, mut far) = streams(version, Policy::STRICT);
        let (mut read, mut write) = near.into_split().unwrap();
        let reader = thread::spawn(move || read.read(&mut [0; 8]).unwrap_err());
        let writer = thread::spawn(move || {
            loop {
                if let Err(error) = write.write_all(&[7; 16_384]) {
                    return error;
                }
            }
        });
        far.reject(AlertDescription::ACCESS_DENIED).unwrap();
        let alert = ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED);
        for error in [reader.join().unwrap(), writer.join().unwrap()] {
            assert_eq!(Ending::find(&error).unwrap().reading, alert, "{version}: {error}");
        }
    }
}

#[test]
fn half_a_connection_is_closed_and_the_other_half_reads_on() {
    let (near, mut far) = streams(Version::Tls13, Policy::STRICT);
    let (mut read, mut write) = near.into_split().unwrap();
    let reader = thread::spawn(move || {
        let mut all = String::new();
        read.read_to_string(&mut all).unwrap();
        (all, read.handle().close(Close::Graceful).unwrap())
    });
    write.write_all(b"question").unwrap();
    write.handle().close_write().unwrap();
    let mut question = String::new();
    far.read_to_string(&mut question).unwrap();
    far.write_all(b"answer").unwrap();
    assert!(far.close(Close::Graceful).unwrap().is_clean());
    let (answer, ending) = reader.join().unwrap();
    assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
    assert!(ending.is_clean());
}

/// The effect of the socket's own timeouts on its halves.
mod a_timeout_of_the_socket {
    use std::net::TcpStream;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    use super::*;

    const SHORT: Option<Duration> = Some(Duration::from_millis(50));
    /// A test that waits for this long has failed.
    const LONG: Duration = Duration::from_secs(30);

    /// The result of a call in another thread. A call that waits forever has no result.
    fn answer<R: Send + 'static>(call: impl FnOnce() -> R + Send + 'static) -> R {
        let (tell, told) = channel();
        thread::spawn(move || drop(tell.send(call())));
        told.recv_timeout(LONG).expect("it still waits")
    }

    fn with_clone(version: Version) -> (Stream<TcpStream>, TcpStream, impl Sized) {
        let (near, far) = streams(version, Policy::STRICT);
        let clone = near.transport().unwrap().try_clone().unwrap();
        (near, clone, far)
    }

    #[test]
    fn ends_a_read_of_a_half_as_it_ends_one_of_the_stream() {
        for version in VERSIONS {
            let (mut near, socket, _silent) = with_clone(version);
            socket.set_read_timeout(SHORT).unwrap();
            // The first read may find the server's tickets, which are not data.
            let whole = near.read(&mut [0; 8]).unwrap_err();
            let (mut read, _write) = near.into_split().unwrap();
            let half = answer(move || read.read(&mut [0; 8]).unwrap_err());
            assert_eq!((half.kind(), half.raw_os_error()), (whole.kind(), whole.raw_os_error()), "{version}");
        }
    }

    #[test]
    fn ends_a_write_of_a_half_as_it_ends_one_of_the_stream() {
        for version in VERSIONS {
            let fill = |write: &mut dyn Write| loop {
                if let Err(error) = write.write(&[7; 16_384]) {
                    return error;
                }
            };
            let (mut near, socket, _silent) = with_clone(version);
            socket.set_write_timeout(SHORT).unwrap();
            let whole = fill(&mut near);
            let (_read, mut write) = near.into_split().unwrap();
            let half = answer(move || [fill(&mut write), write.flush().unwrap_err()]);
            for half in half {
                let errors = (half.kind(), half.raw_os_error());
                assert_eq!(errors, (whole.kind(), whole.raw_os_error()), "{version}");
            }
        }
    }

    #[test]
    fn may_be_set_after_the_split() {
        for version in VERSIONS {
            let (near, socket, _silent) = with_clone(version);
            let (mut read, _write) = near.into_split().unwrap();
            socket.set_read_timeout(SHORT).unwrap();
            let error = answer(move || read.read(&mut [0; 8]).unwrap_err());
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{version}");
        }
    }

    #[test]
    fn costs_nothing_that_was_read_or_written() {
        for version in VERSIONS {
            let (near, mut far) = streams(version, Policy::STRICT);
            near.transport().unwrap().set_read_timeout(SHORT).unwrap();
            let (mut read, mut write) = near.into_split().unwrap();
            let (error, mut read) = answer(move || (read.read(&mut [0; 8]).unwrap_err(), read));
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{version}");
            far.write_all(b"late").unwrap();
            let mut late = [0; 4];
            while let Err(error) = read.read_exact(&mut late) {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{version}");
            }
            assert_eq!(&late, b"late");
            write.write_all(b"answer").unwrap();
            far.read_exact(&mut [0; 6]).unwrap();
        }
    }

    #[test]
    fn does_not_affect_a_close_which_has_its_patience() {
        for version in VERSIONS {
            let (near, socket, _silent) = with_clone(version);
            socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
            socket.set_write_timeout(Some(Duration::from_millis(1))).unwrap();
            let (read, _write) = near.into_split().unwrap();
            read.handle().set_patience(Duration::from_millis(60));
            let start = Instant::now();
            let handle = read.handle().clone();
            let ending = answer(move || handle.close(Close::Graceful)).unwrap();
            assert_eq!(ending.reading, ReadEnd::TimedOut, "{version}");
            assert!(start.elapsed() >= Duration::from_millis(50));
        }
    }
}
