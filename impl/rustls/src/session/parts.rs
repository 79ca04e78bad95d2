//! Data from several buffers that goes into one record.
//!
//! Decides how much of it: at most one record.

use std::io::IoSlice;
use std::ops::Deref;

use super::CHUNK;

/// Further parts wait for the next record.
const MOST: usize = 16;

/// The first parts of what is written: at most a record, and no less if there is more.
pub(super) struct Parts<'a> {
    parts: [IoSlice<'a>; MOST],
    count: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn new(data: &'a [IoSlice<'a>]) -> Self {
        let mut chosen = Self { parts: [IoSlice::new(&[]); MOST], count: 0 };
        let mut room = CHUNK;
        for part in data.iter().filter(|part| !part.is_empty()).take(MOST) {
            let fits = part.len().min(room);
            chosen.parts[chosen.count] = IoSlice::new(&part[..fits]);
            chosen.count += 1;
            room -= fits;
            if room == 0 {
                break;
            }
        }
        chosen
    }
}

impl<'a> Deref for Parts<'a> {
    type Target = [IoSlice<'a>];

    fn deref(&self) -> &Self::Target {
        &self.parts[..self.count]
    }
}
