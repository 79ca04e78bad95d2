//! An end over tokio with the calls of a nonblocking end for threads: a call that would wait is
//! given up.

use std::fmt::Debug;
use std::future::Future;
use std::io::{self, IoSlice, Read, Write};
use std::time::Duration;

use close_notify::framing::{LengthPrefixed, Width};
use close_notify::tasks::{Stream, Transport};
use close_notify::{Acceptance, AlertDescription, Close, Ending, Tls};
use rustls::{Connection, HandshakeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};

use super::super::end::End;

thread_local! {
    static RUNTIME: &'static Runtime = Box::leak(Box::new(
        Builder::new_current_thread().enable_all().build().expect("a runtime"),
    ));
}

/// How often a call that waits may check whether its socket is ready.
const LOOKS: usize = 4;

/// The runtime of all these calls.
pub(super) fn runtime() -> &'static Runtime {
    RUNTIME.with(|runtime| *runtime)
}

/// The result of a call, or `WouldBlock` if it would wait.
pub(super) fn briefly<R>(call: impl Future<Output = io::Result<R>>) -> io::Result<R> {
    let patience = async {
        for _ in 0..LOOKS {
            tokio::task::yield_now().await;
        }
    };
    runtime().block_on(async {
        tokio::select! {
            biased;
            came = call => came,
            () = patience => Err(io::ErrorKind::WouldBlock.into()),
        }
    })
}

/// An end over tokio.
#[derive(Debug)]
pub(super) struct Tasks<IO: Transport, C: Tls = Connection>(pub(super) Stream<IO, C>);

impl<IO: Transport, C: Tls + Unpin> Read for Tasks<IO, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        briefly(self.0.read(buffer))
    }
}

impl<IO: Transport, C: Tls + Unpin> Write for Tasks<IO, C> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        briefly(self.0.write(data))
    }

    fn write_vectored(&mut self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        briefly(self.0.write_vectored(data))
    }

    fn flush(&mut self) -> io::Result<()> {
        briefly(self.0.flush())
    }
}

impl<IO: Transport + Debug, C: Tls + Unpin + Debug> End for Tasks<IO, C> {
    fn shake(&mut self) -> io::Result<()> {
        briefly(self.0.complete_handshake())
    }

    fn confirm(&mut self) -> io::Result<Acceptance> {
        briefly(self.0.confirm_accepted(Duration::ZERO))
    }

    fn has_peer_closed(&mut self) -> io::Result<bool> {
        let _entered = runtime().enter();
        self.0.peer_closed_now()
    }

    fn close(&mut self, manner: Close) -> io::Result<Ending> {
        briefly(self.0.close(manner))
    }

    fn close_write(&mut self) -> io::Result<Ending> {
        briefly(self.0.close_write())
    }

    fn reject(&mut self, alert: AlertDescription) -> io::Result<Ending> {
        briefly(self.0.reject(alert))
    }

    fn hand_back(&mut self) -> io::Result<Vec<u8>> {
        briefly(self.0.hand_back()).map(|(_, left)| left)
    }

    fn set_patience(&mut self, patience: Duration) {
        let _entered = runtime().enter();
        self.0.set_patience(patience);
    }

    fn track(&mut self) {
        self.0.set_tracker(LengthPrefixed::big_endian(Width::One, 255));
    }

    fn ending(&self) -> Ending {
        self.0.ending()
    }

    fn is_shaken(&self) -> bool {
        !self.0.session().rustls().common().is_handshaking()
    }

    fn has_transport(&self) -> bool {
        self.0.transport().is_some()
    }

    fn kind(&self) -> Option<HandshakeKind> {
        self.0.session().rustls().common().handshake_kind()
    }

    fn tickets(&self) -> usize {
        self.0.session().rustls().tickets_received() as usize
    }
}
