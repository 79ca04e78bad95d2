//! OpenSSL's end, over a socket whose writes can be held back and sent with later bytes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

use openssl::ssl::{ErrorCode, ShutdownResult, ShutdownState, Ssl, SslStream};

/// How reading ended, in OpenSSL's words.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// `SSL_ERROR_ZERO_RETURN`: the peer's close_notify.
    ZeroReturn,
    /// `SSL_ERROR_SSL`: the reasons of the error stack.
    Ssl(Vec<String>),
    /// `SSL_ERROR_SYSCALL`: the error of the transport; none if it is a FIN.
    Syscall(Option<io::ErrorKind>),
}

impl Ended {
    /// Whether `reason` is among the reasons of the error stack.
    pub(crate) fn is_because(&self, reason: &str) -> bool {
        matches!(self, Self::Ssl(reasons) if reasons.iter().any(|each| each == reason))
    }
}

/// OpenSSL's end of a connection.
pub(crate) struct Peer(SslStream<Wire>);

impl Peer {
    pub(crate) fn new(ssl: Ssl, socket: TcpStream) -> Self {
        Self(SslStream::new(ssl, Wire { socket, held: None }).unwrap())
    }

    /// Does the handshake, as the side that the connection was made for.
    pub(crate) fn shake_hands(mut self) -> Result<Self, openssl::ssl::Error> {
        self.0.do_handshake().map(|()| self)
    }

    /// Reads to the end of the connection, clean or not.
    pub(crate) fn read_to_end(&mut self) -> (Vec<u8>, Ended) {
        let (mut all, mut buffer) = (Vec::new(), [0; 16_384]);
        loop {
            match self.0.ssl_read(&mut buffer) {
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) => return (all, ended(&error)),
            }
        }
    }

    pub(crate) fn read_exact(&mut self, buffer: &mut [u8]) {
        self.0.read_exact(buffer).unwrap();
    }

    pub(crate) fn write_all(&mut self, data: &[u8]) {
        self.0.write_all(data).unwrap();
    }

    /// `SSL_shutdown`: sends close_notify the first time, and awaits the peer's the second time.
    pub(crate) fn shutdown(&mut self) -> ShutdownResult {
        self.0.shutdown().unwrap()
    }

    /// Which close_notify alerts were seen.
    pub(crate) fn shutdown_state(&mut self) -> ShutdownState {
        self.0.get_shutdown()
    }

    /// Closes as after `SSL_set_quiet_shutdown`: with the FIN, but no close_notify.
    pub(crate) fn shut_down_quietly(&mut self) {
        self.0.set_shutdown(ShutdownState::SENT | ShutdownState::RECEIVED);
        self.0.get_ref().socket.shutdown(Shutdown::Write).unwrap();
    }

    /// Holds back what is written from here on until [`uncork`](Self::uncork).
    pub(crate) fn cork(&mut self) {
        self.0.get_mut().held = Some(Vec::new());
    }

    /// Sends everything that was held back, and `plain` in plaintext, in one write.
    pub(crate) fn uncork(&mut self, plain: &[u8]) {
        let wire = self.0.get_mut();
        let mut held = wire.held.take().unwrap();
        held.extend_from_slice(plain);
        wire.socket.write_all(&held).unwrap();
    }

    /// The transport without TLS.
    pub(crate) fn socket(&self) -> &TcpStream {
        &self.0.get_ref().socket
    }

    pub(crate) fn was_resumed(&self) -> bool {
        self.0.ssl().session_reused()
    }
}

fn ended(error: &openssl::ssl::Error) -> Ended {
    match error.code() {
        ErrorCode::ZERO_RETURN => Ended::ZeroReturn,
        ErrorCode::SYSCALL => Ended::Syscall(error.io_error().map(io::Error::kind)),
        ErrorCode::SSL => {
            let stack = error.ssl_error().unwrap();
            Ended::Ssl(stack.errors().iter().map(|error| error.reason().unwrap().to_owned()).collect())
        }
        code => panic!("reading ended with {code:?}: {error}"),
    }
}

/// A socket whose writes can be held back.
struct Wire {
    socket: TcpStream,
    held: Option<Vec<u8>>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buffer)
    }
}

impl Write for Wire {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match &mut self.held {
            Some(held) => held.write(data),
            None => self.socket.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
