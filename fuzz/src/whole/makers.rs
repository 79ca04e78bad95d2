//! Makes the two ends of a connection of [`series`](super::series), according to its [`Opening`].
//!
//! Decides which calls do the handshake, and when the other end does what it does.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use close_notify::{
    Acceptor, ClientGuard, Close, Connector, Ending, ForgetSession, Policy, ServerGuard, Session, Stream,
    Tls, WithEnding,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

use super::configs::Configs;
use super::duct::{Duct, Path};
use super::end::End;
use super::opening::{Maker, Opening, REASON, Turn, Use};
use super::remembered::Shows;
use super::shown;
use crate::heard::text;

/// Makes the ends of a run's connections.
pub(super) struct Makers<'a> {
    pub(super) configs: &'a Configs,
    pub(super) guards: (&'a ClientGuard, &'a ServerGuard),
    pub(super) policies: [Policy; 2],
}

/// A connection that has begun, or has already ended while it began.
pub(super) struct Begun {
    pub(super) ends: [Option<Box<dyn End>>; 2],
    pub(super) path: Rc<RefCell<Path>>,
    /// The result of the call that made an end, if a single call did.
    pub(super) made: Option<(usize, io::Result<Option<Ending>>)>,
    /// Forgets the sessions of a side whose stream does not do so itself.
    pub(super) forgets: [Option<Box<dyn ForgetSession>>; 2],
    /// How many bytes a user of rustls alone had written.
    pub(super) written: [usize; 2],
    /// What a connection of rustls alone had shown.
    pub(super) seen: Option<(usize, Shows)>,
}

pub(super) fn name(number: usize) -> ServerName<'static> {
    ["one.example", "other.example"][number].try_into().expect("a name")
}

type Shared<T> = Rc<RefCell<T>>;
type Far = Shared<Option<Box<dyn End>>>;

impl Makers<'_> {
    /// Begins a connection.
    pub(super) fn open(&self, opening: &Opening) -> Begun {
        let (path, ducts) = Path::new(opening.capacity);
        let path = Rc::new(RefCell::new(path));
        let configs = self.configs.refusing(opening.refusal);
        match opening.maker {
            Maker::Steps => self.steps(opening, path, ducts, &configs),
            Maker::Connector => self.by_connector(opening, path, ducts, &configs),
            Maker::Acceptor => self.by_acceptor(opening, path, ducts, &configs),
            Maker::Adopted(0) | Maker::Wrapped(0) | Maker::Used(0, _) => {
                let [near, far] = ducts;
                let far = self.server_end(&configs.1, far);
                let (config, forget) = self.guards.0.for_connection(&configs.0);
                let plain = ClientConnection::new(config, name(opening.name)).expect("a client");
                self.by_others(opening, 0, path, StreamOwned::new(plain, near), far, Box::new(forget))
            }
            Maker::Adopted(_) | Maker::Wrapped(_) | Maker::Used(..) => {
                let [far, near] = ducts;
                let far = self.client_end(opening, &configs.0, far);
                let (config, forget) = self.guards.1.for_connection(&configs.1);
                let plain = ServerConnection::new(config).expect("a server");
                self.by_others(opening, 1, path, StreamOwned::new(plain, near), far, Box::new(forget))
            }
        }
    }

    fn client_end(&self, opening: &Opening, config: &ClientConfig, duct: Duct) -> Box<dyn End> {
        let (config, forget) = self.guards.0.for_connection(config);
        shown::is_brief(&forget);
        let client = ClientConnection::new(config, name(opening.name)).expect("a client");
        Box::new(Stream::from_session(Session::new(client, self.policies[0]).with_forget(forget), duct))
    }

    fn server_end(&self, config: &ServerConfig, duct: Duct) -> Box<dyn End> {
        let (config, forget) = self.guards.1.for_connection(config);
        shown::is_brief(&forget);
        let server = ServerConnection::new(config).expect("a server");
        Box::new(Stream::from_session(Session::new(server, self.policies[1]).with_forget(forget), duct))
    }

    fn steps(
        &self,
        opening: &Opening,
        path: Shared<Path>,
        [near, far]: [Duct; 2],
        configs: &(ClientConfig, ServerConfig),
    ) -> Begun {
        let ends = [self.client_end(opening, &configs.0, near), self.server_end(&configs.1, far)];
        Begun { ends: ends.map(Some), path, made: None, forgets: [None, None], written: [0; 2], seen: None }
    }

    fn by_connector(
        &self,
        opening: &Opening,
        path: Shared<Path>,
        [near, far]: [Duct; 2],
        configs: &(ClientConfig, ServerConfig),
    ) -> Begun {
        let far = Rc::new(RefCell::new(Some(self.server_end(&configs.1, far))));
        let connector = Connector::new(configs.0.clone(), self.policies[0])
            .with_guard(self.guards.0.clone())
            .handshake_within(opening.patience);
        let made = by_one_call(opening, 0, near, &path, &far, |near| {
            Ok(Box::new(connector.connect(name(opening.name), near)?))
        });
        begun(0, made, far, path)
    }

    fn by_acceptor(
        &self,
        opening: &Opening,
        path: Shared<Path>,
        [far, near]: [Duct; 2],
        configs: &(ClientConfig, ServerConfig),
    ) -> Begun {
        let far = Rc::new(RefCell::new(Some(self.client_end(opening, &configs.0, far))));
        let acceptor = Acceptor::new(configs.1.clone(), self.policies[1])
            .with_guard(self.guards.1.clone())
            .handshake_within(opening.patience);
        let made = by_one_call(opening, 1, near, &path, &far, |near| Ok(Box::new(acceptor.accept(near)?)));
        begun(1, made, far, path)
    }

    /// Rustls alone drives one side for some turns. Then our adapter takes over.
    fn by_others<C, S>(
        &self,
        opening: &Opening,
        side: usize,
        path: Shared<Path>,
        mut stream: StreamOwned<C, Duct>,
        mut far: Box<dyn End>,
        forget: Box<dyn ForgetSession>,
    ) -> Begun
    where
        C: Tls + std::ops::DerefMut<Target = rustls::ConnectionCommon<S>> + 'static,
        S: rustls::SideData,
    {
        let mut goes_on = true;
        for _ in 0..opening.at {
            goes_on = goes_on && pump(&mut stream.conn, &mut stream.sock);
            path.borrow_mut().carry(side, opening.grain);
            let _ = far.shake();
            path.borrow_mut().carry(1 - side, opening.grain);
        }
        let may_say = goes_on && !stream.conn.common().is_handshaking();
        let said = if may_say { stream.conn.writer().write(text(side, 0, 20)).unwrap_or(0) } else { 0 };
        if goes_on {
            pump(&mut stream.conn, &mut stream.sock);
        }
        let kind = stream.conn.common().handshake_kind();
        let seen = Shows {
            resumed: kind.map(|kind| kind == HandshakeKind::Resumed),
            is_shaken: kind.is_some() && !stream.conn.common().is_handshaking(),
            tickets: stream.conn.tickets_received() as usize,
        };
        let policy = self.policies[side];
        let (end, made): (Option<Box<dyn End>>, _) = match opening.maker {
            Maker::Used(_, how) => (None, Some((side, use_up(stream, how, policy)))),
            Maker::Adopted(_) => {
                let (plain, duct) = stream.into_parts();
                (Some(Box::new(Stream::from_session(Session::adopt(plain, policy), duct))), None)
            }
            _ => (Some(Box::new(stream.with_ending(policy))), None),
        };
        let (mut ends, mut forgets, mut written) = ([Some(far), None], [None, Some(forget)], [0, said]);
        ends[1] = end;
        if side == 0 {
            ends.reverse();
            forgets.reverse();
            written.reverse();
        }
        Begun { ends, path, made, forgets, written, seen: Some((side, seen)) }
    }
}

fn begun(side: usize, made: io::Result<Box<dyn End>>, far: Far, path: Shared<Path>) -> Begun {
    let far = far.take();
    let (near, made) = match made {
        Ok(end) => (Some(end), Ok(None)),
        Err(error) => (None, Err(error)),
    };
    let mut ends = [near, far];
    if side == 1 {
        ends.reverse();
    }
    Begun { ends, path, made: Some((side, made)), forgets: [None, None], written: [0; 2], seen: None }
}

/// Makes an end by one call. The other end takes its turns during the call.
fn by_one_call(
    opening: &Opening,
    side: usize,
    near: Duct,
    path: &Shared<Path>,
    far: &Far,
    make: impl FnOnce(Duct) -> io::Result<Box<dyn End>>,
) -> io::Result<Box<dyn End>> {
    let (path, far, opening) = (Rc::clone(path), Rc::clone(far), *opening);
    let mut turns = 0;
    let stop = near.stopper();
    near.wait_by(move || {
        turns += 1;
        let mut far = far.borrow_mut();
        let far = far.as_mut().expect("the other end is there until the call is over");
        takes_turn(&opening, turns, side, &mut path.borrow_mut(), far.as_mut())
    });
    let made = make(near);
    stop();
    made
}

/// Runs a turn while one side waits in a call. Returns whether anything has happened.
fn takes_turn(opening: &Opening, turn: usize, side: usize, path: &mut Path, far: &mut dyn End) -> bool {
    let is_silent = opening.turn == Turn::Silence && turn > opening.at;
    if is_silent {
        return false;
    }
    let came = path.carry(side, opening.grain);
    let is_now = turn == opening.at + 1;
    match opening.turn {
        Turn::Rejects if is_now => drop(far.reject(REASON)),
        Turn::Closes if is_now => drop(far.close(Close::AtOnce)),
        Turn::Aborts if is_now => drop(far.close(Close::Abort)),
        Turn::Fin if is_now => path.forge_fin(side),
        Turn::Reset if is_now => path.forge_reset(side),
        Turn::Cut if is_now => path.cut(side),
        _ if far.is_shaken() => drop(far.has_peer_closed()),
        _ => drop(far.shake()),
    }
    let went = path.carry(1 - side, opening.grain);
    came || went || (is_now && opening.turn != Turn::Nothing)
}

/// Runs a turn of a program that drives rustls alone, and gives up if rustls fails. Returns whether
/// it continues.
fn pump(plain: &mut impl Tls, duct: &mut Duct) -> bool {
    while plain.common().wants_write() && plain.write_tls(duct).is_ok() {}
    if matches!(plain.read_tls(duct), Ok(1..)) && plain.process_new_packets().is_err() {
        return false;
    }
    while plain.common().wants_write() && plain.write_tls(duct).is_ok() {}
    true
}

/// Ends a stream of rustls at once.
fn use_up<C, S>(mut stream: StreamOwned<C, Duct>, how: Use, policy: Policy) -> io::Result<Option<Ending>>
where
    C: Tls + std::ops::DerefMut<Target = rustls::ConnectionCommon<S>>,
    S: rustls::SideData,
    rustls::ConnectionCommon<S>: Sized,
{
    match how {
        Use::Close(manner) => stream.close(policy, manner).map(Some),
        Use::Abort => stream.abort().map(Some),
        Use::Reject => stream.reject(REASON).map(Some),
        Use::HandBack => stream.hand_back(policy).map(|_| None),
        Use::Lent(manner) => {
            rustls::Stream::new(&mut stream.conn, &mut stream.sock).close(policy, manner).map(Some)
        }
    }
}
