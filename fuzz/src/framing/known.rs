//! The faults that a tracker finds and the reference does not look for: it stands inside a message
//! then, where the reference goes on. Nothing else may differ.

use close_notify_framing::{Fault, Way, What};

use super::protocol::Protocol;

/// Faults of these protocols that only the tracker finds, and why that is right.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Whose.
    pub protocols: &'static [Protocol],
    /// In whose bytes; in either's, where it is none.
    pub way: Option<Way>,
    /// Which.
    pub what: What,
    /// Why they differ.
    pub reason: &'static str,
}

impl Known {
    /// Whether it speaks of this fault.
    #[must_use]
    pub fn fits(&self, protocol: Protocol, fault: Fault) -> bool {
        self.what == fault.what
            && self.protocols.contains(&protocol)
            && self.way.is_none_or(|way| way == fault.way)
    }
}

const HTTP: &[Protocol] = &[Protocol::HttpClient, Protocol::HttpServer];
const IMAP: &[Protocol] = &[Protocol::ImapResponses, Protocol::ImapCommands];
const LENGTHS: &[Protocol] = &[Protocol::Ldap, Protocol::Prefixed];

macro_rules! known {
    ($($protocols:expr, $way:expr, $What:ident: $reason:literal;)+) => {
        /// All that is known.
        pub const KNOWN: &[Known] = &[$(Known {
            protocols: $protocols,
            way: $way,
            what: What::$What,
            reason: $reason,
        }),+];
    };
}
known! {
    HTTP, None, HeaderSection: "httparse reads what stands in a section; the reference only where it ends";
    HTTP, None, HeaderSectionTooLong: "the limit is the tracker's";
    HTTP, None, TransferEncoding: "a parameter is not guessed at";
    HTTP, Some(Way::Sent), Chunk: "what we send badly is our own fault: the reference waits for its end";
    HTTP, Some(Way::Sent), ContentLength: "the same";
    HTTP, Some(Way::Sent), LengthAndCoding: "the same";
    LENGTHS, None, TooLong: "the limit is the tracker's";
    IMAP, None, TooLong: "a tag too long to be kept: which literals are some cannot be told";
    &[Protocol::Smtp], None, Bdat: "a line too long to be kept";
}

/// Why the tracker may find this fault alone.
pub(super) fn reason(protocol: Protocol, fault: Fault) -> Option<&'static str> {
    KNOWN.iter().find(|known| known.fits(protocol, fault)).map(|known| known.reason)
}
