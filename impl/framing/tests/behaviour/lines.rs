use close_notify_framing::{
    What,
    lines::{LineEnd, Lines, Replies},
};

use crate::support::{BetweenMessages, InsideMessage, ends_with_each, fault_in, state_after};

#[test]
fn a_line_ends_with_its_last_byte() {
    ends_with_each(&mut Lines::new(LineEnd::CrLf), &[b"USER x\r\n", b"\r\n", b"a\rb\nc\r\r\n"]);
    ends_with_each(&mut Lines::new(LineEnd::Lf), &[b"USER x\r\n", b"\n", b"a\rb\n"]);
}

// RFC 5321 §2.3.8
#[test]
fn a_lone_lf_ends_a_line_only_if_that_was_chosen() {
    assert_eq!(state_after(Lines::new(LineEnd::CrLf), b"a\n"), InsideMessage);
    assert_eq!(state_after(Lines::new(LineEnd::Lf), b"a\n"), BetweenMessages);
}

// RFC 5321 §4.2.1
#[test]
fn a_reply_of_smtp_ends_with_the_line_without_a_hyphen() {
    ends_with_each(
        &mut Replies::smtp(),
        &[b"220 hello\r\n", b"250-a\r\n250-b-c\r\n250-\r\n250 d\r\n", b"250\r\n", b"354 \r\n"],
    );
}

// RFC 959 §4.2
#[test]
fn a_reply_of_ftp_ends_with_its_own_code_and_no_hyphen() {
    ends_with_each(
        &mut Replies::ftp(),
        &[b"123-First\r\n Second\r\n  234 numbers\r\n234 more\r\n\r\n123-x\r\n123 last\r\n", b"226 done\r\n"],
    );
}

#[test]
fn a_line_that_begins_no_reply_is_a_fault_at_its_end() {
    for line in [&b"hello\r\n"[..], b"\r\n", b"25\r\n", b"2500\r\n", b"25a ok\r\n"] {
        let expected = Some((What::Reply, line.len() as u64 - 1));
        assert_eq!(fault_in(Replies::smtp(), line), expected);
        assert_eq!(fault_in(Replies::ftp(), line), expected);
    }
}

// RFC 5321 §4.2.1
#[test]
fn another_code_in_a_reply_of_smtp_is_a_fault() {
    assert_eq!(fault_in(Replies::smtp(), b"250-a\r\n550 b\r\n"), Some((What::Reply, 13)));
    assert_eq!(fault_in(Replies::smtp(), b"250-a\r\n550-b\r\n"), Some((What::Reply, 13)));
    assert_eq!(fault_in(Replies::smtp(), b"250-a\r\nb\r\n"), Some((What::Reply, 9)));
}
