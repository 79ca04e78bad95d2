//! The same script for our two streams, for rustls alone in its two APIs, for the next rustls and
//! for OpenSSL: each must end in the same way, or by a known difference.
//!
//! Decides nothing about closing: the others are compared with our blocking stream, and `known`
//! says where they differ and why.
//!
//! After the format byte, an input has one byte of flags (version, role, whether the application
//! looks away, whether it closes after all steps), one byte for the most bytes that a read of the
//! transport returns (0: no bound), and then the steps; see `script`.

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

/// Runs any script with each subject.
///
/// # Panics
///
/// Panics if two subjects differ and no row of [`KNOWN`] says why.
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

/// Each subject except the first, with the outcome of our stream and its own.
pub fn compared(script: &Script) -> impl Iterator<Item = (Subject, Outcome, Outcome)> {
    let outcomes = subject::outcomes(script);
    let others = Subject::ALL.into_iter().zip(outcomes).skip(1);
    #[cfg(feature = "openssl")]
    let others = others.chain(std::iter::once((Subject::OpenSsl, openssl::outcome(script))));
    #[cfg(feature = "rustls-next")]
    let others = others.chain(std::iter::once((Subject::Next, next::outcome(script))));
    others.map(move |(subject, theirs)| (subject, outcomes[0], theirs))
}

/// The row of [`KNOWN`] that describes this difference.
#[must_use]
pub fn row(subject: Subject, script: &Script, ours: Outcome, theirs: Outcome) -> Option<usize> {
    known::find(subject, script, ours, theirs)
}
