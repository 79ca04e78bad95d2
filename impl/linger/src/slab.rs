//! Storage of lingering transports: slots in chunks that never move, linked into lists.
//!
//! Decides how a slot is found, freed and linked. Leaves what the lists mean to the engine and the
//! wheel. A vector that doubles would hold up to twice what is used; chunks hold at most one chunk
//! more.

/// No slot.
pub(crate) const NIL: u32 = u32::MAX;
/// Slots per chunk: a few kilobytes.
const CHUNK: u32 = 64;

/// The lists that a slot is in, each at most once.
#[derive(Clone, Copy)]
pub(crate) enum Links {
    /// All entries, the oldest first.
    Age,
    /// Those with the same deadline.
    Wheel,
    /// Those that may have something to read.
    Ready,
}

#[derive(Clone, Copy)]
struct Link {
    previous: u32,
    next: u32,
}

const UNLINKED: Link = Link { previous: NIL, next: NIL };

struct Slot<T> {
    links: [Link; 3],
    value: Option<T>,
}

/// A doubly linked list of slots.
#[derive(Clone, Copy)]
pub(crate) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(crate) const EMPTY: Self = Self { head: NIL, tail: NIL };

    pub(crate) const fn first(&self) -> Option<u32> {
        if self.head == NIL { None } else { Some(self.head) }
    }
}

pub(crate) struct Slab<T> {
    chunks: Vec<Box<[Slot<T>]>>,
    free: u32,
    len: u32,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), free: NIL, len: 0 }
    }

    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    /// Inserts a value that is in no list; returns its slot.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if self.free == NIL {
            self.grow();
        }
        let key = self.free;
        let slot = self.slot_mut(key);
        let next = slot.links[Links::Age as usize].next;
        slot.value = Some(value);
        slot.links = [UNLINKED; 3];
        self.free = next;
        self.len += 1;
        key
    }

    /// Takes a value out. It must be in no list.
    pub(crate) fn remove(&mut self, key: u32) -> Option<T> {
        let free = self.free;
        let slot = self.slot_mut(key);
        let value = slot.value.take()?;
        slot.links[Links::Age as usize].next = free;
        self.free = key;
        self.len -= 1;
        if self.len == 0 {
            self.shrink();
        }
        Some(value)
    }

    pub(crate) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        let chunk = self.chunks.get_mut((key / CHUNK) as usize)?;
        chunk[(key % CHUNK) as usize].value.as_mut()
    }

    pub(crate) fn push_back(&mut self, list: &mut List, links: Links, key: u32) {
        self.slot_mut(key).links[links as usize] = Link { previous: list.tail, next: NIL };
        match list.tail {
            NIL => list.head = key,
            tail => self.slot_mut(tail).links[links as usize].next = key,
        }
        list.tail = key;
    }

    pub(crate) fn unlink(&mut self, list: &mut List, links: Links, key: u32) {
        let Link { previous, next } = self.slot_mut(key).links[links as usize];
        match previous {
            NIL => list.head = next,
            previous => self.slot_mut(previous).links[links as usize].next = next,
        }
        match next {
            NIL => list.tail = previous,
            next => self.slot_mut(next).links[links as usize].previous = previous,
        }
    }

    fn slot_mut(&mut self, key: u32) -> &mut Slot<T> {
        &mut self.chunks[(key / CHUNK) as usize][(key % CHUNK) as usize]
    }

    fn grow(&mut self) {
        let first = u32::try_from(self.chunks.len()).expect("keys are counted in 32 bits") * CHUNK;
        self.chunks.push(free_chunk(first));
        self.free = first;
    }

    /// Gives all but one chunk back to the allocator after a burst.
    fn shrink(&mut self) {
        if self.chunks.len() > 1 {
            self.chunks = vec![free_chunk(0)];
            self.free = 0;
        }
    }
}

fn free_chunk<T>(first: u32) -> Box<[Slot<T>]> {
    (first..first + CHUNK)
        .map(|key| {
            let next = if key + 1 == first + CHUNK { NIL } else { key + 1 };
            Slot { links: [Link { previous: NIL, next }, UNLINKED, UNLINKED], value: None }
        })
        .collect()
}
