//! Ends before the handshake is done, and alerts that nobody has sealed: rows 15–18, 33 and 46.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::thread;

use close_notify::{AlertDescription, Close, Ending, FramingState, MissingNotify, Policy, ReadEnd, WriteEnd};
use rustls::{ClientConfig, Connection};

use crate::arm::{Arm, HANGS, Near, ended, far_client_config, narrow_sockets};
use crate::common::{client, client_config, demanding_server_config, hooked, server, server_config, sockets};
use crate::keyed_peer::{
    ALERT, CLOSE_NOTIFY, End, Keys, Log, PLAIN_CLOSE_NOTIFY, feed, read_record, shake, take_tickets,
};

const USER_CANCELED: [u8; 2] = [1, 90];
/// A user_canceled that nobody has sealed.
const PLAIN_USER_CANCELED: [u8; 7] = [ALERT, 3, 3, 0, 2, 1, 90];
/// Under no policy is an end within the handshake a clean one.
const LENIENT: Policy = Policy { missing_notify: MissingNotify::Accept, ..Policy::STRICT };

/// A handshake that has begun: rustls at the other end, fed by hand.
struct Begun {
    near: Near,
    connection: Connection,
    log: Arc<Log>,
    socket: TcpStream,
}

impl Begun {
    fn new(arm: Arm, policy: Policy) -> Self {
        let (near, socket) = sockets();
        socket.set_read_timeout(Some(HANGS)).unwrap();
        let (connection, log) = arm.far_connection();
        Self { near: arm.near(near, arm.session(policy)), connection, log, socket }
    }

    /// The first flight of the peer, as single records. A client begins; a server answers.
    fn first_flight(&mut self, arm: Arm) -> Vec<Vec<u8>> {
        if arm.is_client() {
            self.near.begin_handshake();
            let hello = read_record(&mut self.socket).unwrap();
            feed(&mut self.connection, &hello).unwrap();
        }
        let mut flight = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut flight).unwrap();
        }
        let mut flight = &flight[..];
        std::iter::from_fn(|| read_record(&mut flight).ok()).collect()
    }

    /// The keys of the peer during the handshake of TLS 1.3. What is sealed with them is authentic.
    fn handshake_keys(&mut self, arm: Arm) -> Keys {
        if arm.is_client() {
            return self.log.keys("SERVER_HANDSHAKE_TRAFFIC_SECRET");
        }
        self.near.begin_handshake();
        while self.log.secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET").is_none() {
            let record = read_record(&mut self.socket).unwrap();
            feed(&mut self.connection, &record).unwrap();
        }
        self.log.keys("CLIENT_HANDSHAKE_TRAFFIC_SECRET")
    }

    /// The peer sends this in the middle of the handshake, and ends its transport. Returns how our
    /// handshake failed: never as a clean end, not even if it is tried again.
    fn fails_after(mut self, bytes: &[u8]) -> Ending {
        self.socket.write_all(bytes).unwrap();
        self.socket.shutdown(std::net::Shutdown::Write).unwrap();
        let ending = ended(&self.near.complete_handshake().unwrap_err());
        for _ in 0..3 {
            self.near.complete_handshake().unwrap_err();
            self.near.read(&mut [0; 8]).unwrap_err();
            self.near.write(b"data").unwrap_err();
        }
        assert!(!ending.is_clean() && ending.reading != ReadEnd::CloseNotify, "{ending}");
        assert!(!self.near.machine().accepts_end(FramingState::DelimitedByEnd), "{ending}");
        ending
    }
}

/// How far the peer lets a handshake get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Within {
    /// Its first record has not been sent.
    Nothing,
    /// Its first record has been sent.
    First,
}

/// One or two plaintext alert records, at either place of a handshake.
fn plain_alerts(arm: Arm, within: Within, alerts: &[u8]) -> Ending {
    let mut begun = Begun::new(arm, LENIENT);
    let flight = begun.first_flight(arm);
    if within == Within::First {
        begun.socket.write_all(&flight[0]).unwrap();
        begun.near.begin_handshake();
    }
    begun.fails_after(alerts)
}

/// Alerts under the keys of the handshake, in place of the rest of it (TLS 1.3).
fn sealed_alerts(arm: Arm, alerts: &[[u8; 2]]) -> Ending {
    let mut begun = Begun::new(arm, LENIENT);
    let flight = begun.first_flight(arm);
    begun.socket.write_all(&flight[0]).unwrap();
    let mut keys = begun.handshake_keys(arm);
    let sealed: Vec<u8> = alerts.iter().flat_map(|alert| keys.seal(ALERT, alert)).collect();
    begun.fails_after(&sealed)
}

/// #15
pub(crate) fn cancel(arm: Arm) {
    for within in [Within::Nothing, Within::First] {
        let ending = plain_alerts(arm, within, &[PLAIN_USER_CANCELED, PLAIN_CLOSE_NOTIFY].concat());
        assert!(matches!(ending.reading, ReadEnd::CloseNotifyInHandshake | ReadEnd::Refused(_)), "{ending}");
        let alone = plain_alerts(arm, within, &PLAIN_USER_CANCELED);
        assert!(matches!(alone.reading, ReadEnd::TruncatedAtBoundary | ReadEnd::Refused(_)), "{alone}");
    }
    if arm.is_13() {
        let ending = sealed_alerts(arm, &[USER_CANCELED, CLOSE_NOTIFY]);
        assert_eq!(
            (ending.reading, ending.user_canceled),
            (ReadEnd::CloseNotifyInHandshake, true),
            "{ending}"
        );
    }
    we_cancel(arm);
}

/// If we give up a handshake, what we send ends with a close_notify, and nothing follows it.
fn we_cancel(arm: Arm) {
    let mut begun = Begun::new(arm, Policy::STRICT);
    let flight = begun.first_flight(arm);
    if !arm.is_client() {
        begun.socket.write_all(&flight[0]).unwrap();
        begun.near.begin_handshake();
    }
    begun.socket.shutdown(std::net::Shutdown::Write).unwrap();
    let ending = begun.near.close(Close::AtOnce);
    assert_eq!(ending.writing, WriteEnd::CloseNotifySent, "{ending}");
    assert!(!ending.is_clean());
    let mut said = said(&mut begun.socket);
    let last = said.pop().unwrap();
    if arm.is_13() && !arm.is_client() {
        // A server's first flight ends with its Finished. What follows is sealed with its
        // application traffic keys.
        said.iter().for_each(|record| feed(&mut begun.connection, record).unwrap());
        let last = begun.log.keys("SERVER_TRAFFIC_SECRET_0").open(&last);
        assert_eq!((last.content, &last.payload[..]), (ALERT, &CLOSE_NOTIFY[..]));
    } else {
        assert_eq!(last, PLAIN_CLOSE_NOTIFY);
    }
    assert!(said.iter().all(|record| record[0] != ALERT), "one alert alone");
}

/// All records until the FIN.
fn said(socket: &mut TcpStream) -> Vec<Vec<u8>> {
    let mut said = Vec::new();
    loop {
        match read_record(socket) {
            Ok(record) => said.push(record),
            Err(end) => {
                assert_eq!(end, End::Fin);
                return said;
            }
        }
    }
}

/// #16
pub(crate) fn close_notify_within(arm: Arm) {
    let ending = if arm.is_13() {
        sealed_alerts(arm, &[CLOSE_NOTIFY])
    } else {
        plain_alerts(arm, Within::First, &PLAIN_CLOSE_NOTIFY)
    };
    assert_eq!(ending.reading, ReadEnd::CloseNotifyInHandshake, "{ending}");
    assert!(!ending.may_resume(), "{ending}");
}

/// #17
pub(crate) fn plain_close_notify_within(arm: Arm) {
    for within in [Within::Nothing, Within::First] {
        let ending = plain_alerts(arm, within, &PLAIN_CLOSE_NOTIFY);
        assert!(
            matches!(ending.reading, ReadEnd::CloseNotifyInHandshake | ReadEnd::Refused(_)),
            "{within:?}: {ending}"
        );
    }
}

/// #18
pub(crate) fn plain_close_notify_after(arm: Arm) {
    for policy in [Policy::STRICT, LENIENT] {
        let (mut near, mut peer) = arm.meet(policy);
        peer.say_data(b"data");
        peer.say(&PLAIN_CLOSE_NOTIFY);
        peer.fin();
        let (data, end) = near.read_on();
        assert_eq!(data, b"data");
        assert!(matches!(ended(&end.unwrap_err()).reading, ReadEnd::Refused(_)));
        let ending = near.close(Close::Graceful);
        assert!(!ending.is_clean(), "{ending}");
        let WriteEnd::FatalAlertSent(alert) = ending.writing else { panic!("{ending}") };
        peer.hear_all().ends_with([2, alert.0]);
    }
}

/// #33: what was 0-RTT data is never the request of an application.
pub(crate) fn early_data(arm: Arm) {
    let mut config = server_config(arm.version, hooked());
    config.max_early_data_size = 1000;
    let config = Arc::new(config);
    let session = || close_notify::Session::new(server(config.clone()), LENIENT);
    let log = Arc::new(Log::default());
    let mut client_config = far_client_config(arm.version, &log);
    client_config.enable_early_data = true;
    let client_config = Arc::new(client_config);
    get_tickets(arm, &client_config, session());

    for says_close_notify in [false, true] {
        let (near, mut socket) = sockets();
        socket.set_read_timeout(Some(HANGS)).unwrap();
        let mut early = client(client_config.clone());
        early.early_data().unwrap().write_all(b"GET /transfer?all").unwrap();
        let mut connection = Connection::from(early);
        let mut flight = Vec::new();
        connection.write_tls(&mut flight).unwrap();
        // One record was sealed with these keys.
        let mut keys = log.keys("CLIENT_EARLY_TRAFFIC_SECRET").skip(1);
        socket.write_all(&flight).unwrap();
        let mut near = arm.near(near, session());
        near.begin_handshake();
        while connection.is_handshaking() {
            let record = read_record(&mut socket).unwrap();
            feed(&mut connection, &record).unwrap();
        }
        let Connection::Client(accepted) = &connection else { panic!("a client") };
        assert!(accepted.is_early_data_accepted(), "the server has read it");
        if says_close_notify {
            socket.write_all(&keys.seal(ALERT, &CLOSE_NOTIFY)).unwrap();
        }
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let ending = ended(&near.complete_handshake().unwrap_err());
        let cut = ReadEnd::TruncatedAtBoundary;
        let reading = if says_close_notify { ReadEnd::CloseNotifyInHandshake } else { cut };
        assert_eq!(ending.reading, reading, "{ending}");
        near.read(&mut [0; 64]).unwrap_err();
        for framing in [FramingState::DelimitedByEnd, FramingState::InsideMessage] {
            assert!(ending.truncation_possible(framing));
            assert!(!near.machine().accepts_end(framing) && !near.machine().reads_as_end(framing));
        }
    }
}

/// Makes a first connection, to get its tickets.
fn get_tickets(arm: Arm, config: &Arc<ClientConfig>, session: close_notify::Session) {
    let (near, mut socket) = sockets();
    let mut connection = Connection::from(client(config.clone()));
    let peer = thread::spawn(move || {
        socket.set_read_timeout(Some(HANGS)).unwrap();
        shake(&mut connection, &mut socket).unwrap();
        take_tickets(&mut connection, &mut socket);
    });
    let mut near = arm.near(near, session);
    near.complete_handshake().unwrap();
    peer.join().unwrap();
}

/// #46
pub(crate) fn certificate_required(arm: Arm) {
    let by_reading: fn(&mut Near) -> io::Error = Near::read_error;
    let by_writing: fn(&mut Near) -> io::Error = Near::write_error;
    let by_flushing: fn(&mut Near) -> io::Error = Near::flush_error;
    for asks in [by_reading, by_writing, by_flushing] {
        let (near, mut socket) = narrow_sockets();
        socket.set_read_timeout(Some(HANGS)).unwrap();
        let (go, gone) = mpsc::channel();
        let refusing = thread::spawn(move || {
            let mut connection = Connection::from(server(demanding_server_config(arm.version)));
            feed(&mut connection, &read_record(&mut socket).unwrap()).unwrap();
            while connection.wants_write() {
                connection.write_tls(&mut socket).unwrap();
            }
            gone.recv().unwrap();
            while feed(&mut connection, &read_record(&mut socket).unwrap()).is_ok() {}
            while connection.wants_write() {
                connection.write_tls(&mut socket).unwrap();
            }
            // The request is unread: the kernel resets the connection after the alert.
            drop(socket);
        });
        let config = client_config(arm.version, hooked());
        let mut near = arm.near(near, close_notify::Session::new(client(config), Policy::STRICT));
        near.complete_handshake().unwrap();
        // A request that the server has not asked for, of which the kernel does not take all.
        near.fill();
        go.send(()).unwrap();
        refusing.join().unwrap();
        let error = asks(&mut near);
        let alert = AlertDescription::CERTIFICATE_REQUIRED;
        assert_eq!(ended(&error).reading, ReadEnd::FatalAlert(alert), "{error}");
        assert!(error.to_string().contains("certificate_required"), "{error}");
    }
}
