//! The faults that a tracker finds and the reference does not look for: the tracker is then inside
//! a message, and the reference goes on. Nothing else may differ.

use close_notify_framing::{Fault, Way, What};

use super::protocol::Protocol;

/// A fault that only the tracker finds, and why that is right.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The protocols that it belongs to.
    pub protocols: &'static [Protocol],
    /// The direction of the bytes with the fault; `None` for either.
    pub way: Option<Way>,
    /// The fault.
    pub what: What,
    /// Why they differ.
    pub reason: &'static str,
}

impl Known {
    /// Whether this row describes the fault.
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
        /// All known faults.
        pub const KNOWN: &[Known] = &[$(Known {
            protocols: $protocols,
            way: $way,
            what: What::$What,
            reason: $reason,
        }),+];
    };
}
known! {
    HTTP, None, HeaderSection: "httparse reads the contents of a section; the reference only its end";
    HTTP, None, HeaderSectionTooLong: "the limit is the tracker's";
    HTTP, None, TransferEncoding: "a parameter is not guessed at";
    HTTP, Some(Way::Sent), Chunk: "what we send badly is our own fault: the reference waits for its end";
    HTTP, Some(Way::Sent), ContentLength: "the same";
    HTTP, Some(Way::Sent), LengthAndCoding: "the same";
    LENGTHS, None, TooLong: "the limit is the tracker's";
    IMAP, None, TooLong: "a tag too long to be kept: which literals are some cannot be told";
    &[Protocol::Smtp], None, Bdat: "a line too long to be kept";
}

/// Why only the tracker may find this fault.
pub(super) fn reason(protocol: Protocol, fault: Fault) -> Option<&'static str> {
    KNOWN.iter().find(|known| known.fits(protocol, fault)).map(|known| known.reason)
}
