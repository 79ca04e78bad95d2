//! Connections of a client and a server that may resume, one after the other, with either side
//! guarded or not.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

use std::sync::Arc;

use close_notify::{
    AlertDescription, ClientGuard, Event, ForgetSession, Manner, Pipe, Policy, Progress, ReadEnd, Role,
    ServerGuard, Session, Transport, Version, WriteEnd,
};
use rustls::client::Resumption;
use rustls::crypto::ring::Ticketer;
use rustls::{ClientConfig, HandshakeKind, ServerConfig};

use crate::common::{End, client, client_config, hooked, server, server_config};

/// The form in which a rustls server keeps a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// TLS 1.2, under its session id.
    Id12,
    /// TLS 1.2, in a ticket, with its session id stored as well.
    Ticket12,
    /// TLS 1.3, stored under the ticket.
    Stored13,
    /// TLS 1.3, in the ticket.
    Ticket13,
}

impl Form {
    pub(crate) const ALL: [Self; 4] = [Self::Id12, Self::Ticket12, Self::Stored13, Self::Ticket13];
    pub(crate) const TLS12: [Self; 2] = [Self::Id12, Self::Ticket12];
    pub(crate) const TLS13: [Self; 2] = [Self::Stored13, Self::Ticket13];

    pub(crate) fn version(self) -> Version {
        if matches!(self, Self::Id12 | Self::Ticket12) { Version::Tls12 } else { Version::Tls13 }
    }

    fn has_ticketer(self) -> bool {
        matches!(self, Self::Ticket12 | Self::Ticket13)
    }
}

pub(crate) const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// Every form, with either side guarded.
pub(crate) fn guarded() -> impl Iterator<Item = Lab> {
    Form::ALL.into_iter().flat_map(|form| ROLES.map(|role| Lab::new(form, Some(role))))
}

/// What all connections of a test share.
pub(crate) struct Lab {
    pub(crate) form: Form,
    pub(crate) guarded: Option<Role>,
    pub(crate) policy: Policy,
    pub(crate) client: ClientConfig,
    pub(crate) server: ServerConfig,
    pub(crate) client_guard: ClientGuard,
    pub(crate) server_guard: ServerGuard,
}

impl Lab {
    pub(crate) fn new(form: Form, guarded: Option<Role>) -> Self {
        let mut server = server_config(form.version(), hooked());
        if form.has_ticketer() {
            server.ticketer = Ticketer::new().unwrap();
        }
        Self {
            form,
            guarded,
            policy: Policy::STRICT,
            client: client_config(form.version(), hooked()),
            server,
            client_guard: ClientGuard::new(),
            server_guard: ServerGuard::new(),
        }
    }

    /// A plain client that has no session yet, with the same verifier.
    pub(crate) fn new_client(&self) -> ClientConfig {
        with_resumption(&self.client, Resumption::default())
    }

    /// Both ends of a connection, before its handshake. Here the client decides what it will offer.
    pub(crate) fn open(&self) -> Pair {
        self.open_from(&self.client)
    }

    pub(crate) fn open_from(&self, config: &ClientConfig) -> Pair {
        let (near, far) = Pipe::pair(1 << 18);
        let mut forget: Option<Arc<dyn ForgetSession>> = None;
        let client = if self.guarded == Some(Role::Client) {
            let (config, handle) = self.client_guard.for_connection(config);
            forget = Some(Arc::new(handle.clone()));
            Session::new(client(config), self.policy).with_forget(handle)
        } else {
            Session::new(client(config.clone()), self.policy)
        };
        let server = if self.guarded == Some(Role::Server) {
            let (config, handle) = self.server_guard.for_connection(&self.server);
            forget = Some(Arc::new(handle.clone()));
            Session::new(server(config), self.policy).with_forget(handle)
        } else {
            Session::new(server(self.server.clone()), self.policy)
        };
        let ends = [End { session: client, pipe: near }, End { session: server, pipe: far }];
        Pair { ends, forget, text: format!("{:?}, guarded {:?}", self.form, self.guarded) }
    }

    /// A connection with its handshake done and the tickets read.
    pub(crate) fn connect(&self) -> Pair {
        self.open().connected()
    }

    pub(crate) fn connect_from(&self, config: &ClientConfig) -> Pair {
        self.open_from(config).connected()
    }

    /// Connections whose clients offer what they have before any of them gets a session.
    pub(crate) fn connect_together<const N: usize>(&self) -> [Pair; N] {
        [(); N].map(|()| self.open()).map(Pair::connected)
    }

    /// Whether one more connection is a resumption. It ends cleanly.
    pub(crate) fn resumes(&self) -> bool {
        self.resumes_from(&self.client)
    }

    pub(crate) fn resumes_from(&self, config: &ClientConfig) -> bool {
        let pair = self.connect_from(config);
        let resumed = pair.was_resumed();
        pair.end_well();
        resumed
    }
}

/// The same client with other sessions.
pub(crate) fn with_resumption(client: &ClientConfig, resumption: Resumption) -> ClientConfig {
    let mut client = client.clone();
    client.resumption = resumption;
    client
}

/// One connection, with the client first.
pub(crate) struct Pair {
    pub(crate) ends: [End; 2],
    /// Forgets the session on the guarded side.
    pub(crate) forget: Option<Arc<dyn ForgetSession>>,
    text: String,
}

impl Pair {
    pub(crate) fn connected(self) -> Self {
        let mut pair = self.shaken();
        pair.ends[0].receive_all();
        pair
    }

    /// Does the handshake. The tickets of TLS 1.3 are not read.
    pub(crate) fn shaken(mut self) -> Self {
        for _ in 0..50 {
            let done = self
                .ends
                .each_mut()
                .map(|end| matches!(end.session.handshake(&mut end.pipe), Ok(Progress::Done)));
            if done == [true, true] {
                return self;
            }
        }
        panic!("the handshake does not end: {}", self.text);
    }

    pub(crate) fn was_resumed(&self) -> bool {
        let kinds = self.ends.each_ref().map(|end| end.session.rustls().handshake_kind().unwrap());
        assert_eq!(kinds[0], kinds[1], "both ends know the same: {}", self.text);
        kinds[0] == HandshakeKind::Resumed
    }

    fn of(&mut self, role: Role) -> [&mut End; 2] {
        let [client, server] = &mut self.ends;
        if role == Role::Client { [client, server] } else { [server, client] }
    }

    /// Both send close_notify, the client first.
    pub(crate) fn end_well(mut self) {
        let [client, server] = &mut self.ends;
        client.session.close(Manner::Graceful).unwrap();
        client.drive();
        server.receive_all();
        server.session.close(Manner::Graceful).unwrap();
        server.drive();
        client.drive();
        for end in &self.ends {
            assert!(end.session.ending().is_clean(), "{}: {}", self.text, end.session.ending());
        }
    }

    /// This side sends a fatal alert, and the other one reads it.
    pub(crate) fn reject_by(mut self, role: Role) {
        let alert = AlertDescription::ACCESS_DENIED;
        let [near, far] = self.of(role);
        near.session.tell(Event::Reject(alert)).unwrap();
        near.drive();
        far.receive_all();
        far.drive();
        assert_eq!(near.session.ending().writing, WriteEnd::FatalAlertSent(alert));
        assert_eq!(far.session.ending().reading, ReadEnd::FatalAlert(alert));
    }

    /// A FIN without close_notify, as this side sees it.
    pub(crate) fn cut_before(mut self, role: Role) {
        let [near, far] = self.of(role);
        far.pipe.shut_write().unwrap();
        near.receive_all();
        near.drive();
        assert_eq!(near.session.ending().reading, ReadEnd::TruncatedAtBoundary);
    }
}
