//! The bytes of an input as decisions, one after the other.
//!
//! Decides only how a byte is read. An input that is used up yields zeros, so every prefix of an
//! input is an input.

/// The rest of an input.
#[derive(Clone, Copy, Debug)]
pub struct Choices<'a> {
    left: &'a [u8],
}

impl<'a> Choices<'a> {
    /// The decisions of an input; `None` if it has another format.
    #[must_use]
    pub fn read(data: &'a [u8]) -> Option<Self> {
        match data {
            [crate::FORMAT, left @ ..] => Some(Self { left }),
            _ => None,
        }
    }

    /// The next byte; `None` if there is none, which ends the run.
    pub fn next_byte(&mut self) -> Option<u8> {
        let (&first, left) = self.left.split_first()?;
        self.left = left;
        Some(first)
    }

    /// The next byte, or zero.
    pub fn byte(&mut self) -> u8 {
        self.next_byte().unwrap_or(0)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    /// One of the elements of `from`.
    ///
    /// # Panics
    ///
    /// Panics if `from` is empty.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Whether the lowest bit of the next byte is set.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Two bytes, the low one first.
    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// The next bytes, at most `most`.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (now, left) = self.left.split_at(most.min(self.left.len()));
        self.left = left;
        now
    }

    /// All that is left.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.left
    }
}
