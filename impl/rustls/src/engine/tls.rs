//! A rustls connection of any type, owned or borrowed.
//!
//! Decides nothing: the calls that client and server share, under one name.

use std::io::{self, Read, Write};
use std::ops::DerefMut;

use close_notify_core::Role;
use rustls::{ClientConnection, CommonState, Connection, Error, IoState, Reader, ServerConnection, Writer};

/// A rustls connection: a [`Connection`], a client's or a server's, owned or borrowed.
///
/// ```
/// use close_notify::{Policy, Session, Tls};
/// fn sessions<C: Tls>(owned: C) -> Session<C> {
///     Session::adopt(owned, Policy::STRICT)
/// }
/// # let _ = sessions::<rustls::Connection>;
/// ```
pub trait Tls: sealed::Sealed {
    /// Which end of the connection this is.
    fn role(&self) -> Role;
    /// The state that both roles share.
    fn common(&self) -> &CommonState;
    /// Reads sealed bytes into the connection.
    ///
    /// # Errors
    ///
    /// Those of rustls.
    fn read_tls(&mut self, bytes: &mut dyn Read) -> io::Result<usize>;
    /// Writes sealed bytes out of the connection.
    ///
    /// # Errors
    ///
    /// Those of `bytes`.
    fn write_tls(&mut self, bytes: &mut dyn Write) -> io::Result<usize>;
    /// Opens what was read in.
    ///
    /// # Errors
    ///
    /// Those of rustls. After an error, the same error is returned again.
    fn process_new_packets(&mut self) -> Result<IoState, Error>;
    /// Reads plaintext that was opened.
    fn reader(&mut self) -> Reader<'_>;
    /// Writes plaintext to be sealed.
    fn writer(&mut self) -> Writer<'_>;
    /// Seals a close_notify.
    fn send_close_notify(&mut self);
    /// How many TLS 1.3 tickets have arrived; only a client receives any.
    fn tickets_received(&self) -> u32;
}

mod sealed {
    pub trait Sealed {}
    impl<C: Sealed + ?Sized> Sealed for &mut C {}
    impl Sealed for rustls::Connection {}
    impl Sealed for rustls::ClientConnection {}
    impl Sealed for rustls::ServerConnection {}
}

/// `deref_mut` leads to rustls' own methods of these names; ours would otherwise call themselves.
macro_rules! tls {
    ($type:ty, $role:expr, $tickets:expr) => {
        impl Tls for $type {
            fn role(&self) -> Role {
                $role
            }
            fn common(&self) -> &CommonState {
                self
            }
            fn read_tls(&mut self, mut bytes: &mut dyn Read) -> io::Result<usize> {
                self.deref_mut().read_tls(&mut bytes)
            }
            fn write_tls(&mut self, mut bytes: &mut dyn Write) -> io::Result<usize> {
                self.deref_mut().write_tls(&mut bytes)
            }
            fn process_new_packets(&mut self) -> Result<IoState, Error> {
                self.deref_mut().process_new_packets()
            }
            fn reader(&mut self) -> Reader<'_> {
                self.deref_mut().reader()
            }
            fn writer(&mut self) -> Writer<'_> {
                self.deref_mut().writer()
            }
            fn send_close_notify(&mut self) {
                CommonState::send_close_notify(self);
            }
            fn tickets_received(&self) -> u32 {
                $tickets(self)
            }
        }
    };
}

macro_rules! both {
    ($connection:expr, $call:ident($($argument:expr),*)) => {
        match $connection {
            Connection::Client(client) => Tls::$call(client, $($argument),*),
            Connection::Server(server) => Tls::$call(server, $($argument),*),
        }
    };
}

tls!(ClientConnection, Role::Client, ClientConnection::tls13_tickets_received);
tls!(ServerConnection, Role::Server, |_| 0);

impl Tls for Connection {
    fn role(&self) -> Role {
        match self {
            Self::Client(_) => Role::Client,
            Self::Server(_) => Role::Server,
        }
    }
    fn common(&self) -> &CommonState {
        self
    }
    fn read_tls(&mut self, bytes: &mut dyn Read) -> io::Result<usize> {
        both!(self, read_tls(bytes))
    }
    fn write_tls(&mut self, bytes: &mut dyn Write) -> io::Result<usize> {
        both!(self, write_tls(bytes))
    }
    fn process_new_packets(&mut self) -> Result<IoState, Error> {
        both!(self, process_new_packets())
    }
    fn reader(&mut self) -> Reader<'_> {
        both!(self, reader())
    }
    fn writer(&mut self) -> Writer<'_> {
        both!(self, writer())
    }
    fn send_close_notify(&mut self) {
        both!(self, send_close_notify());
    }
    fn tickets_received(&self) -> u32 {
        both!(self, tickets_received())
    }
}

impl<C: Tls + ?Sized> Tls for &mut C {
    fn role(&self) -> Role {
        (**self).role()
    }
    fn common(&self) -> &CommonState {
        (**self).common()
    }
    fn read_tls(&mut self, bytes: &mut dyn Read) -> io::Result<usize> {
        (**self).read_tls(bytes)
    }
    fn write_tls(&mut self, bytes: &mut dyn Write) -> io::Result<usize> {
        (**self).write_tls(bytes)
    }
    fn process_new_packets(&mut self) -> Result<IoState, Error> {
        (**self).process_new_packets()
    }
    fn reader(&mut self) -> Reader<'_> {
        (**self).reader()
    }
    fn writer(&mut self) -> Writer<'_> {
        (**self).writer()
    }
    fn send_close_notify(&mut self) {
        (**self).send_close_notify();
    }
    fn tickets_received(&self) -> u32 {
        (**self).tickets_received()
    }
}
