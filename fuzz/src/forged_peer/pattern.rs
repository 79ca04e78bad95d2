//! The bytes that both applications write. Each depends on its place, so that a lost, repeated or
//! foreign byte shows.

/// The period: prime, so that no record length hides a shift.
const PERIOD: usize = 251;
/// The longest piece.
pub(crate) const LONGEST: usize = 20_480;

static BYTES: [u8; LONGEST + PERIOD] = {
    let mut bytes = [0; LONGEST + PERIOD];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = (at % PERIOD) as u8;
        at += 1;
    }
    bytes
};

/// The `length` bytes after the first `at` of a stream. Panics if they are more than [`LONGEST`].
pub(crate) fn piece(at: usize, length: usize) -> &'static [u8] {
    &BYTES[at % PERIOD..][..length]
}

/// Whether these are the bytes after the first `at` of a stream.
pub(crate) fn is_at(at: usize, bytes: &[u8]) -> bool {
    bytes.len() <= LONGEST && bytes == piece(at, bytes.len())
}
