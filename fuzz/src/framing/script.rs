//! The input of a tracker: bytes of both directions, in pieces.
//!
//! Decides how the bytes of a fuzz input are read; plain text stands for itself:
//!
//! | byte | meaning |
//! | --- | --- |
//! | `00`–`7f` | itself |
//! | `80`–`bb` | a fragment of the protocol's dictionary |
//! | `bc`–`bf` | an exchange of the protocol: pieces of both directions |
//! | `c0`, `c1`, `c2` | the end of a piece; what follows is of the same direction, received, or sent |
//! | `c3`–`cf` | pieces of 1 to 13 bytes from here on; `c3` ends that |
//! | `d0`–`df` | the next 1 to 16 bytes are themselves |
//! | `e0`–`ff` | filling, 4 to 128 bytes |

use std::ops::Range;

use close_notify_framing::Way;

/// One piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Piece<'a> {
    pub(super) way: Way,
    pub(super) bytes: &'a [u8],
}

/// Pieces that belong together, of both directions.
pub(super) type Exchange = &'static [(Way, &'static [u8])];

/// All pieces.
pub(super) struct Script {
    bytes: Vec<u8>,
    pieces: Vec<(Way, Range<usize>)>,
}

/// The most bytes that a script may reach before reading stops: the cost of a run is bounded.
const LONGEST: usize = 1024;
const PIECES: usize = 24;

impl Script {
    pub(super) fn read(mut input: &[u8], dictionary: &[&[u8]], exchanges: &[Exchange]) -> Self {
        let mut script =
            Self { bytes: Vec::with_capacity(LONGEST + 128), pieces: Vec::with_capacity(PIECES + 8) };
        let (mut way, mut start, mut most) = (Way::Received, 0, usize::MAX);
        while let Some((&first, rest)) = input.split_first() {
            if script.bytes.len() >= LONGEST {
                break;
            }
            input = rest;
            match first {
                0..=0x7f => script.bytes.push(first),
                0x80..=0xbb => {
                    let fragment = dictionary.get(usize::from(first - 0x80)).copied().unwrap_or_default();
                    script.bytes.extend_from_slice(fragment);
                }
                0xbc..=0xbf => {
                    for (whose, bytes) in
                        exchanges.get(usize::from(first - 0xbc)).copied().unwrap_or_default()
                    {
                        script.cut(way, &mut start, most);
                        way = *whose;
                        script.bytes.extend_from_slice(bytes);
                    }
                    script.cut(way, &mut start, most);
                    way = Way::Received;
                }
                0xc0..=0xc2 => {
                    script.cut(way, &mut start, most);
                    way = [way, Way::Received, Way::Sent][usize::from(first - 0xc0)];
                }
                0xc3..=0xcf => {
                    script.cut(way, &mut start, most);
                    most = if first == 0xc3 { usize::MAX } else { usize::from(first - 0xc3) };
                }
                0xd0..=0xdf => {
                    let (raw, rest) = input.split_at(input.len().min(usize::from(first - 0xcf)));
                    script.bytes.extend_from_slice(raw);
                    input = rest;
                }
                0xe0..=0xff => {
                    let longer = script.bytes.len() + usize::from(first - 0xdf) * 4;
                    script.bytes.resize(longer, b'x');
                }
            }
        }
        script.cut(way, &mut start, most);
        script
    }

    /// Ends a piece, or several if pieces must be short.
    fn cut(&mut self, way: Way, start: &mut usize, most: usize) {
        let end = self.bytes.len();
        while *start < end {
            let left = end - *start;
            let length = if self.pieces.len() < PIECES { left.min(most) } else { left };
            self.pieces.push((way, *start..*start + length));
            *start += length;
        }
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.pieces.iter().map(|(way, range)| Piece { way: *way, bytes: &self.bytes[range.clone()] })
    }

    /// The same bytes in as few pieces as possible.
    pub(super) fn merged(&self) -> impl Iterator<Item = Piece<'_>> {
        self.pieces.chunk_by(|(one, _), (other, _)| one == other).map(|same| {
            let range = same[0].1.start..same[same.len() - 1].1.end;
            Piece { way: same[0].0, bytes: &self.bytes[range] }
        })
    }

    /// The script as text.
    pub(super) fn text(&self) -> String {
        let piece = |piece: Piece<'_>| {
            let way = if piece.way == Way::Sent { "sent" } else { "received" };
            format!("  {way} \"{}\"\n", piece.bytes.escape_ascii())
        };
        self.pieces().map(piece).collect()
    }
}
