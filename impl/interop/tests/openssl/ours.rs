//! Our end, over a blocking socket or over tokio, with the same calls.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use close_notify::{
    Acceptance, Acceptor, AlertDescription, Close, Connector, Ending, FindEnding, Session, Stream,
};
use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

use crate::lab::DEADLINE;

/// What our end runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Over {
    Std,
    Tokio,
}

/// The role of our end, with its configuration.
pub(crate) enum Side {
    Client(Connector),
    Server(Acceptor),
}

/// Our end, with its handshake done.
pub(crate) enum Ours {
    Std(Box<Stream<TcpStream>>),
    Tokio(Box<close_notify::tasks::Stream<tokio::net::TcpStream>>, Runtime),
}

/// Makes the same call on either stream, within the deadline of tests.
macro_rules! both {
    ($ours:expr, $stream:ident => $call:expr) => {
        match $ours {
            Ours::Std($stream) => $call,
            Ours::Tokio($stream, runtime) => {
                runtime.block_on(async { tokio::time::timeout(DEADLINE, $call).await.unwrap() })
            }
        }
    };
}

impl Ours {
    pub(crate) fn shake_hands(side: &Side, over: Over, socket: TcpStream) -> io::Result<Self> {
        let name = "localhost".try_into().unwrap();
        if over == Over::Std {
            let stream = match side {
                Side::Client(connector) => connector.connect(name, socket)?,
                Side::Server(acceptor) => acceptor.accept(socket)?,
            };
            return Ok(Self::Std(stream.into()));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stream = runtime.block_on(async {
            socket.set_nonblocking(true)?;
            let socket = tokio::net::TcpStream::from_std(socket)?;
            match side {
                Side::Client(connector) => connector.connect_async(name, socket).await,
                Side::Server(acceptor) => acceptor.accept_async(socket).await,
            }
        })?;
        Ok(Self::Tokio(stream.into(), runtime))
    }

    pub(crate) fn read_exact(&mut self, mut buffer: &mut [u8]) {
        while !buffer.is_empty() {
            let count = both!(self, stream => stream.read(buffer)).unwrap();
            assert!(count > 0, "the end came first");
            buffer = &mut buffer[count..];
        }
    }

    pub(crate) fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        both!(self, stream => stream.read_to_end(&mut all))?;
        Ok(all)
    }

    /// The kind of the read error, and how the connection ended.
    pub(crate) fn read_failure(&mut self) -> (io::ErrorKind, Ending) {
        let error = self.read_to_end().unwrap_err();
        (error.kind(), Ending::find(&error).unwrap())
    }

    pub(crate) fn write_all(&mut self, data: &[u8]) -> io::Result<()> {
        both!(self, stream => stream.write_all(data))
    }

    pub(crate) fn close(&mut self, manner: Close) -> Ending {
        both!(self, stream => stream.close(manner)).unwrap()
    }

    pub(crate) fn close_write(&mut self) -> Ending {
        both!(self, stream => stream.close_write()).unwrap()
    }

    pub(crate) fn reject(&mut self, alert: AlertDescription) -> Ending {
        both!(self, stream => stream.reject(alert)).unwrap()
    }

    pub(crate) fn confirm_accepted(&mut self) -> io::Result<Acceptance> {
        both!(self, stream => stream.confirm_accepted(DEADLINE))
    }

    pub(crate) fn abort(&mut self) -> Ending {
        match self {
            Self::Std(stream) => stream.abort(),
            Self::Tokio(stream, _) => stream.abort(),
        }
        .unwrap()
    }

    /// The transport without TLS, in blocking mode, and the bytes read after the peer's
    /// close_notify.
    pub(crate) fn hand_back(self) -> (TcpStream, Vec<u8>) {
        match self {
            Self::Std(mut stream) => stream.hand_back().unwrap(),
            Self::Tokio(mut stream, runtime) => runtime.block_on(async {
                let (socket, leftover) =
                    tokio::time::timeout(DEADLINE, stream.hand_back()).await.unwrap().unwrap();
                let socket = socket.into_std().unwrap();
                socket.set_nonblocking(false).unwrap();
                (socket, leftover)
            }),
        }
    }

    pub(crate) fn ending(&self) -> Ending {
        self.session().ending()
    }

    pub(crate) fn was_resumed(&self) -> bool {
        self.session().rustls().handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Puts bytes on the wire that TLS does not know about.
    pub(crate) fn forge(&self, bytes: &[u8]) {
        let socket: TcpStream = self.socket().try_clone_to_owned().unwrap().into();
        (&socket).write_all(bytes).unwrap();
    }

    fn socket(&self) -> BorrowedFd<'_> {
        match self {
            Self::Std(stream) => stream.transport().unwrap().as_fd(),
            Self::Tokio(stream, _) => stream.transport().unwrap().as_fd(),
        }
    }

    fn session(&self) -> &Session {
        match self {
            Self::Std(stream) => stream.session(),
            Self::Tokio(stream, _) => stream.session(),
        }
    }
}
