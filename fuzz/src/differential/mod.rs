//! The same script for our two streams, for rustls alone in its two APIs, for the next rustls and
//! for OpenSSL: the same kind of end for each, or a difference that is known.
//!
//! Decides nothing about closing: our stream that blocks is what the others are compared with, and
//! `known` says where they differ and why.
//!
//! An input is, behind the format: one byte of flags (version, role, whether the application looks
//! away, whether it closes behind all), one for the most bytes a read of the transport gives (0: no
//! bound), and then the steps, see `script`.

mod bare;
#[cfg(feature = "real-peer")]
#[path = "../../../impl/rustls/tests/scenarios/keyed_peer.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "a helper of tests, of which a part is used here")]
mod keyed_peer;
mod known;
#[cfg(feature = "rustls-next")]
mod next;
#[cfg(feature = "openssl")]
mod openssl;
mod ours;
mod outcome;
mod peer;
#[cfg(feature = "real-peer")]
mod real_peer;
mod script;
mod subject;
mod unbuffered;
mod wire;

pub use known::{KNOWN, Known, table};
pub use outcome::{Kind, Outcome, Said};
pub use script::{End, Script, Step, Word};
pub use subject::Subject;

/// Any script, for each subject.
///
/// Panics: where two differ and nothing says why.
pub fn run(data: &[u8]) {
    let Some(script) = Script::read(data) else { return };
    for (subject, ours, theirs) in compared(&script) {
        assert!(
            ours == theirs || row(subject, &script, ours, theirs).is_some(),
            "{}: {theirs}\n{}: {ours}\n{script}",
            subject.name(),
            Subject::Blocking.name(),
        );
    }
}

/// Each subject but the first with what our stream makes of the script, and what it does.
pub fn compared(script: &Script) -> impl Iterator<Item = (Subject, Outcome, Outcome)> {
    let outcomes = subject::outcomes(script);
    let others = Subject::ALL.into_iter().zip(outcomes).skip(1);
    #[cfg(feature = "openssl")]
    let others = others.chain(std::iter::once((Subject::OpenSsl, openssl::outcome(script))));
    #[cfg(feature = "rustls-next")]
    let others = others.chain(std::iter::once((Subject::Next, next::outcome(script))));
    others.map(move |(subject, theirs)| (subject, outcomes[0], theirs))
}

/// Which row of [`KNOWN`] speaks of this difference.
#[must_use]
pub fn row(subject: Subject, script: &Script, ours: Outcome, theirs: Outcome) -> Option<usize> {
    known::find(subject, script, ours, theirs)
}
