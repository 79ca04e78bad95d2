//! Peers in another process, so that either end may have as many open files as a process may.
//!
//! Decides how the two processes communicate: a line with a number asks for that many connections,
//! an empty line for their end.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The argument that makes a bench the other process.
pub const ARGUMENT: &str = "--crowd-of";

/// Fewer than the backlog of a listener: a connection that does not fit is retried a second later.
const BACKLOG: usize = 64;

/// The other process.
#[derive(Debug)]
pub struct Crowd {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    listener: TcpListener,
}

impl Crowd {
    /// Starts this executable once more. It must call [`serve`] if it finds [`ARGUMENT`].
    ///
    /// # Errors
    ///
    /// Fails if the process cannot be started, or if listening fails.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let mut child = Command::new(std::env::current_exe()?)
            .args([ARGUMENT, &listener.local_addr()?.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Self { child, orders, answers, listener })
    }

    /// Returns `count` sockets that are connected to the other process.
    ///
    /// # Errors
    ///
    /// Fails if a socket or a pipe does.
    pub fn connect(&mut self, count: usize) -> io::Result<Vec<TcpStream>> {
        let mut sockets = Vec::with_capacity(count);
        while sockets.len() < count {
            let some = BACKLOG.min(count - sockets.len());
            writeln!(self.orders, "{some}")?;
            self.answer()?;
            for _ in 0..some {
                sockets.push(self.listener.accept()?.0);
            }
        }
        Ok(sockets)
    }

    /// Makes the other process end its half of every connection.
    ///
    /// # Errors
    ///
    /// Fails if a pipe does.
    pub fn end(&mut self) -> io::Result<()> {
        writeln!(self.orders)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<()> {
        let read = self.answers.read_line(&mut String::new())?;
        if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the other process: it follows its orders until they end.
///
/// # Errors
///
/// Fails if a socket or a pipe does.
pub fn serve(address: SocketAddr) -> io::Result<()> {
    let mut sockets = Vec::new();
    for order in io::stdin().lines() {
        match order?.parse::<usize>() {
            Ok(count) => {
                for _ in 0..count {
                    sockets.push(TcpStream::connect(address)?);
                }
            }
            Err(_) => sockets.clear(),
        }
        println!("{}", sockets.len());
    }
    Ok(())
}
