//! Where content ends by its own length.
//!
//! Sources: RFC 9112 §6, §7.1 · http-complete-by-length, http-incomplete-is-error.

use crate::fault::What;
use crate::walk::skip;

/// Content that is not whole yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Body {
    Length(u64),
    Chunked(Chunk),
    UntilEnd,
}

/// The position in chunked content. A size is `None` before its first digit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Chunk {
    Size(Option<u64>),
    Pad(u64),
    Extension(u64),
    SizeCr(u64),
    Data(u64),
    DataEnd,
    DataCr,
}

/// The state of the content after some bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Content {
    Open(Body),
    Whole,
    /// The last chunk is whole, and the trailer section follows.
    Trailers,
}

impl Body {
    pub(super) const CHUNKED: Self = Self::Chunked(Chunk::Size(None));

    /// Takes some of the bytes; returns how many.
    pub(super) fn take(self, bytes: &[u8]) -> Result<(usize, Content), What> {
        match self {
            Self::UntilEnd => Ok((bytes.len(), Content::Open(self))),
            Self::Length(mut left) => {
                let taken = skip(&mut left, bytes);
                Ok((taken, if left == 0 { Content::Whole } else { Content::Open(Self::Length(left)) }))
            }
            Self::Chunked(Chunk::Data(mut left)) => {
                let taken = skip(&mut left, bytes);
                let at = if left == 0 { Chunk::DataEnd } else { Chunk::Data(left) };
                Ok((taken, Content::Open(Self::Chunked(at))))
            }
            Self::Chunked(Chunk::SizeCr(0)) if bytes[0] == b'\n' => Ok((1, Content::Trailers)),
            Self::Chunked(at) => Ok((1, Content::Open(Self::Chunked(at.next(bytes[0])?)))),
        }
    }
}

impl Chunk {
    /// RFC 9112 §7.1, with white space after a size, which is in use. A lone LF ends nothing here.
    fn next(self, byte: u8) -> Result<Self, What> {
        match (self, byte) {
            (Self::Size(size), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                let size = size.unwrap_or(0).checked_mul(16).ok_or(What::Chunk)?;
                Ok(Self::Size(Some(size | digit)))
            }
            (Self::Size(Some(size)) | Self::Pad(size), b' ' | b'\t') => Ok(Self::Pad(size)),
            (Self::Size(Some(size)) | Self::Pad(size), b';') => Ok(Self::Extension(size)),
            (Self::Size(Some(size)) | Self::Pad(size) | Self::Extension(size), b'\r') => {
                Ok(Self::SizeCr(size))
            }
            (Self::Extension(size), byte) if byte != b'\n' => Ok(Self::Extension(size)),
            (Self::SizeCr(size), b'\n') => Ok(Self::Data(size)),
            (Self::DataEnd, b'\r') => Ok(Self::DataCr),
            (Self::DataCr, b'\n') => Ok(Self::Size(None)),
            _ => Err(What::Chunk),
        }
    }
}
