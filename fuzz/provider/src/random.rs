//! Numbers that look random and repeat: one sequence per thread, restarted by [`reseed`].

use std::cell::Cell;

use rustls::crypto::{GetRandomFailed, SecureRandom};

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(1) };
}

/// Restarts the sequence of this thread: what is made after it is the same to the byte.
pub fn reseed(seed: u64) {
    NEXT.set(seed);
}

/// SplitMix64.
pub(crate) fn next() -> u64 {
    let at = NEXT.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    NEXT.set(at);
    let mixed = (at ^ (at >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[derive(Debug)]
pub(crate) struct Sequence;

impl SecureRandom for Sequence {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        for part in buffer.chunks_mut(8) {
            part.copy_from_slice(&next().to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
}
