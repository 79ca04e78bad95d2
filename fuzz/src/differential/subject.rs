//! The subjects that run the script.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::bare::Buffered;
use super::ours::Ours;
use super::outcome::{Kind, Outcome};
use super::peer::{Readable, bytes, said};
use super::script::{Script, Step};
use super::unbuffered::Unbuffered;
use super::wire::Wire;
use crate::lab::Recording;

/// What an application writes in one call.
pub(super) const DATA: &[u8] = b"some data of the application";

/// An end of a connection whose handshake is done.
pub(super) trait End {
    /// Reads all that there is. Returns the number of bytes of data, and how reading ended if it
    /// has.
    fn read(&mut self) -> (usize, Kind);
    /// Writes [`DATA`].
    fn write(&mut self);
    /// Ends its own direction; reading stays possible.
    fn close(&mut self, is_13: bool);
}

/// An implementation that runs the script.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// Our blocking stream.
    Blocking,
    /// Our stream over tokio.
    Tokio,
    /// rustls alone, its usual API, closed by hand.
    Rustls,
    /// rustls alone, its unbuffered API.
    Unbuffered,
    /// OpenSSL.
    OpenSsl,
    /// The development version of the next rustls.
    Next,
}

impl Subject {
    /// The subjects of every build. The others are compared with the first.
    pub const ALL: [Self; 4] = [Self::Blocking, Self::Tokio, Self::Rustls, Self::Unbuffered];

    /// The subjects of this build.
    pub fn present() -> impl Iterator<Item = Self> {
        let openssl = cfg!(feature = "openssl").then_some(Self::OpenSsl);
        let next = cfg!(feature = "rustls-next").then_some(Self::Next);
        Self::ALL.into_iter().chain(openssl).chain(next)
    }

    /// Its name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocking => "our stream",
            Self::Tokio => "our stream over tokio",
            Self::Rustls => "rustls, buffered",
            Self::Unbuffered => "rustls, unbuffered",
            Self::OpenSsl => "OpenSSL",
            Self::Next => "rustls 0.24-dev",
        }
    }
}

/// The outcome of the script for each of [`Subject::ALL`], in order.
pub(super) fn outcomes(script: &Script) -> [Outcome; 4] {
    let recording = Recording::of(script.version, script.role);
    let keys = || Readable {
        ours: recording.theirs[0],
        our_next: &recording.theirs[1..],
        theirs: recording.ours[0],
        their_next: &recording.ours[1..],
    };
    let arriving = bytes(script, &mut keys());
    Subject::ALL.map(|subject| {
        let wire = Wire::new(script.chunk);
        let run = || match subject {
            Subject::Blocking => {
                play(script, &arriving, &wire, Ours::blocking(recording.established(), wire.clone()))
            }
            Subject::Tokio => {
                play(script, &arriving, &wire, Ours::asynchronous(recording.established(), wire.clone()))
            }
            Subject::Rustls => {
                play(script, &arriving, &wire, Buffered::new(recording.established(), wire.clone()))
            }
            Subject::Unbuffered => play(script, &arriving, &wire, Unbuffered::new(recording, wire.clone())),
            Subject::OpenSsl | Subject::Next => unreachable!("it is not one of them"),
        };
        // Our streams must never panic.
        let is_ours = matches!(subject, Subject::Blocking | Subject::Tokio);
        let (read, kind) = if is_ours { run() } else { caught(run).unwrap_or((0, Kind::Panic)) };
        Outcome { kind, read, said: said(&wire.take_written(), &mut keys()) }
    })
}

/// Runs the script. Returns how much was read, and how reading ended.
pub(super) fn play(script: &Script, arriving: &[Vec<u8>], wire: &Wire, mut end: impl End) -> (usize, Kind) {
    let (mut count, mut kind, mut is_closed) = (0, Kind::Nothing, false);
    let mut read = |end: &mut dyn End| {
        // An application stops when reading has ended.
        if kind == Kind::Nothing {
            let (more, ended) = end.read();
            (count, kind) = (count + more, ended);
        }
    };
    for (step, bytes) in script.steps.iter().zip(arriving) {
        wire.arrive(bytes);
        match step {
            Step::Says(_) => {}
            Step::Ends(how) => wire.end(*how),
            Step::Writes => end.write(),
            Step::Closes => (is_closed, ()) = (true, end.close(script.is_13())),
            Step::Reads => read(&mut end),
        }
        if script.is_eager {
            read(&mut end);
        }
    }
    read(&mut end);
    if script.closes && !is_closed {
        end.close(script.is_13());
        read(&mut end);
    }
    drop(end);
    (count, kind)
}

thread_local! {
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Runs code that may panic, without the fuzzer's hook reporting a crash.
fn caught<R>(run: impl FnOnce() -> R) -> Option<R> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !EXPECTED.get() {
                usual(info);
            }
        }));
    });
    EXPECTED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    EXPECTED.set(false);
    result.ok()
}
