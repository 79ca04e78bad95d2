//! Which ends forbid the resumption of a session: rows 53 and 54.

use std::io::Write;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use close_notify::{AlertDescription, ClientGuard, Close, Policy, ReadEnd, ServerGuard, Session, WriteEnd};
use rustls::{ClientConfig, Connection, HandshakeKind, ServerConfig};

use crate::arm::{Arm, HANGS, Near, far_client_config, far_server_config};
use crate::common::{client, client_config, hooked, server, server_config, sockets};
use crate::keyed_peer::{Directions, Log, Peer, shake, take_tickets};

/// What all connections of a row share: our guard and the sessions of both ends.
struct Lab {
    arm: Arm,
    near_client: ClientConfig,
    near_server: ServerConfig,
    client_guard: ClientGuard,
    server_guard: ServerGuard,
    far_client: Arc<ClientConfig>,
    far_server: Arc<ServerConfig>,
    log: Arc<Log>,
}

impl Lab {
    fn new(arm: Arm) -> Self {
        let log = Arc::new(Log::default());
        Self {
            arm,
            near_client: client_config(arm.version, hooked()),
            near_server: server_config(arm.version, hooked()),
            client_guard: ClientGuard::new(),
            server_guard: ServerGuard::new(),
            far_client: far_client_config(arm.version, &log).into(),
            far_server: far_server_config(arm.version, &log).into(),
            log,
        }
    }

    fn session(&self) -> Session {
        if self.arm.is_client() {
            let (config, forget) = self.client_guard.for_connection(&self.near_client);
            Session::new(client(config), Policy::STRICT).with_forget(forget)
        } else {
            let (config, forget) = self.server_guard.for_connection(&self.near_server);
            Session::new(server(config), Policy::STRICT).with_forget(forget)
        }
    }

    /// The next connection, with its tickets read by the client, and whether it was resumed.
    fn connect(&self) -> (Near, Peer, bool) {
        let (near, far) = sockets();
        far.set_read_timeout(Some(HANGS)).unwrap();
        let connection = if self.arm.is_client() {
            Connection::from(server(self.far_server.clone()))
        } else {
            Connection::from(client(self.far_client.clone()))
        };
        let log = self.log.clone();
        let gets_tickets = self.arm.is_13() && !self.arm.is_client();
        let peer: JoinHandle<Peer> = thread::spawn(move || {
            let (mut connection, mut socket) = (connection, far);
            shake(&mut connection, &mut socket).unwrap();
            if gets_tickets {
                take_tickets(&mut connection, &mut socket);
            }
            Peer { keys: Directions::of(connection, &log), socket }
        });
        let mut near = self.arm.near(near, self.session());
        near.complete_handshake().unwrap();
        let mut peer = peer.join().unwrap();
        if self.arm.is_client() {
            // Data comes after the tickets.
            peer.say_data(b".");
            assert_eq!(near.read(&mut [0; 8]).unwrap(), 1);
        }
        let resumed = near.session().rustls().handshake_kind() == Some(HandshakeKind::Resumed);
        (near, peer, resumed)
    }

    /// Ends one connection in this way; returns whether another one resumes.
    fn resumes_after(ends: Ends, arm: Arm) -> bool {
        let lab = Self::new(arm);
        let (mut near, mut peer, resumed) = lab.connect();
        assert!(!resumed, "there was nothing to resume");
        ends(&mut near, &mut peer);
        assert_eq!(near.ending().may_resume(), near.ending().resumption.allowed);
        let said = near.ending().may_resume();
        drop((near, peer));
        let (_near, _peer, resumed) = lab.connect();
        assert_eq!(resumed, said, "what the ending says is what happens");
        resumed
    }
}

type Ends = fn(&mut Near, &mut Peer);

const ENDS: [(&str, Ends, bool); 6] = [
    ("close_notify both ways", end_well, true),
    ("a FIN without close_notify", cut, true),
    ("a fatal alert of ours", reject, false),
    ("a fatal alert of the peer", be_rejected, false),
    ("a bad record of the peer", refuse, false),
    ("a fatal alert after our close_notify", be_rejected_after_our_close, false),
];

fn end_well(near: &mut Near, peer: &mut Peer) {
    peer.say_close_notify();
    assert!(near.close(Close::Graceful).is_clean());
}

fn cut(near: &mut Near, peer: &mut Peer) {
    peer.fin();
    assert_eq!(near.read_end(), ReadEnd::TruncatedAtBoundary);
    near.close(Close::Graceful);
}

fn reject(near: &mut Near, peer: &mut Peer) {
    peer.fin();
    let alert = AlertDescription::ACCESS_DENIED;
    assert_eq!(near.reject(alert).writing, WriteEnd::FatalAlertSent(alert));
}

fn be_rejected(near: &mut Near, peer: &mut Peer) {
    peer.say_alert(2, AlertDescription::ACCESS_DENIED.0);
    assert_eq!(near.read_end(), ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED));
}

fn refuse(near: &mut Near, peer: &mut Peer) {
    peer.socket.write_all(&crate::common::FORGED).unwrap();
    peer.fin();
    assert_eq!(near.read_end(), ReadEnd::Refused(AlertDescription::BAD_RECORD_MAC));
}

fn be_rejected_after_our_close(near: &mut Near, peer: &mut Peer) {
    peer.say_alert(2, AlertDescription::ACCESS_DENIED.0);
    let ending = near.close(Close::Graceful);
    assert_eq!(ending.writing, WriteEnd::CloseNotifySent, "{ending}");
}

/// #53, for TLS 1.2. rustls cannot show what TLS 1.0 and 1.1 say, because it speaks neither. The
/// core's tests cover it.
pub(crate) fn up_to_tls_12(arm: Arm) {
    for (what, ends, resumes) in ENDS {
        assert_eq!(Lab::resumes_after(ends, arm), resumes, "after {what}");
    }
}

/// #54
pub(crate) fn tickets(arm: Arm) {
    up_to_tls_12(arm);
    if !arm.is_client() {
        return;
    }
    // A ticket that comes after our own close_notify is kept like any other.
    let lab = Lab::new(arm);
    let (near, far) = sockets();
    let connection = Connection::from(server(lab.far_server.clone()));
    let log = lab.log.clone();
    let peer = thread::spawn(move || Peer::shake(connection, &log, far));
    let mut near = arm.near(near, lab.session());
    near.complete_handshake().unwrap();
    let peer = peer.join().unwrap();
    let peer = crate::arm::far(peer, |peer| peer.answer());
    assert!(near.close(Close::Graceful).is_clean());
    peer.join().unwrap();
    assert!(lab.connect().2, "they were unread when we closed, and work even so");
}
