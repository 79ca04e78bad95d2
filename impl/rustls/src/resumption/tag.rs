//! The number of a session, in front of its bytes in a storage or inside a ticket.
//!
//! Decides how a number is written, and what is read from rustls' encoding: the version of a
//! session, to know whether its tickets share one number.
//! Source: rustls 0.23.46 `msgs/persist.rs`, `ServerSessionValue`.

/// The guard that gave the number, and the number.
const LENGTH: usize = 16;

/// The session with its tag in front.
pub(super) fn tagged(guard: u64, number: u64, session: &[u8]) -> Vec<u8> {
    [&guard.to_be_bytes(), &number.to_be_bytes(), session].concat()
}

/// The number and the session, if this guard wrote them.
pub(super) fn untagged(guard: u64, bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (tag, session) = bytes.split_first_chunk::<LENGTH>()?;
    let (by, number) = tag.split_first_chunk::<8>()?;
    let number = number.try_into().map(u64::from_be_bytes).ok()?;
    (*by == guard.to_be_bytes()).then_some((number, session))
}

/// Whether this is a TLS 1.3 session. One that cannot be read counts as older: then more is
/// forgotten, never less.
pub(super) fn is_tls13(session: &[u8]) -> bool {
    let after_name = match session {
        [0, rest @ ..] => rest,
        [1, length, rest @ ..] => rest.get(usize::from(*length)..).unwrap_or_default(),
        _ => &[],
    };
    after_name.starts_with(&[3, 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_back_by_its_own_guard_alone() {
        let bytes = tagged(7, 9, b"session");
        assert_eq!(untagged(7, &bytes), Some((9, &b"session"[..])));
        assert_eq!(untagged(8, &bytes), None);
        for length in 0..LENGTH {
            assert_eq!(untagged(7, &bytes[..length]), None);
        }
    }

    #[test]
    fn what_is_not_known_to_be_tls13_counts_as_older() {
        assert!(is_tls13(&[0, 3, 4, 19, 1]));
        assert!(is_tls13(&[1, 2, b'h', b'n', 3, 4, 19, 1]));
        for older in [&[][..], &[0], &[0, 3], &[0, 3, 3], &[1], &[1, 9, 3, 4], &[1, 2, 3, 4, 3, 3], &[3, 4]] {
            assert!(!is_tls13(older), "{older:?}");
        }
    }
}
