use close_notify_framing::{
    Framing, Way, What,
    imap::{Commands, Responses},
};

use crate::support::{BetweenMessages, InsideMessage, ends_with_each, fault_in, state_after};

// RFC 9051 §2.2, §4.3
#[test]
fn a_response_ends_with_the_line_that_announces_no_literal() {
    ends_with_each(
        &mut Responses::new(),
        &[
            b"* OK ready\r\n",
            b"* 1 FETCH (BODY[] {6}\r\n\r\n{9}) FLAGS {0}\r\n {1}\r\n\n)\r\n",
            b"* 2 FETCH (BODY[] ~{2}\r\nab)\r\n",
            b"a1 OK done\r\n",
            b"* LIST () \"/\" {3}\r\na\r\n\r\n",
        ],
    );
}

// RFC 9051 §9
#[test]
fn the_text_of_a_status_announces_no_literal() {
    let texts: [&[u8]; 5] =
        [b"* OK {5}\r\n", b"a1 BAD unknown {5}\r\n", b"+ go on {5}\r\n", b"* bye {5}\r\n", b"a2 NO {5}\r\n"];
    ends_with_each(&mut Responses::new(), &texts);
}

#[test]
fn what_only_looks_like_a_literal_is_none() {
    for line in [
        &b"a {}\r\n"[..],
        b"a {5\r\n",
        b"a 5}\r\n",
        b"a {5} \r\n",
        b"a {+}\r\n",
        b"a {5++}\r\n",
        b"a {x}\r\n",
        b"a {5}\r\r\n",
    ] {
        ends_with_each(&mut Commands::new(), &[line]);
    }
    ends_with_each(&mut Commands::new(), &[b"a {5{1}\r\nx\r\n"]);
}

// RFC 9051 §4.3, RFC 7888 §3
#[test]
fn literals_of_a_command_are_part_of_it() {
    ends_with_each(
        &mut Commands::new(),
        &[b"a1 LOGIN {4}\r\nuser {2}\r\npw\r\n", b"a2 LOGIN {4+}\r\nuser {2-}\r\n\r\n\r\n", b"a3 NOOP\r\n"],
    );
}

// RFC 9051 §7.6
#[test]
fn a_literal_that_we_refuse_ends_its_command() {
    for refusal in [&b"a1 NO too much\r\n"[..], b"a1 bad {5}\r\n"] {
        let mut tracker = Commands::new();
        tracker.received(b"a1 APPEND x {100}\r\n");
        tracker.sent(b"* 5 EXISTS\r\na0 NO another\r\na1 OK not a refusal\r\n");
        assert_eq!(tracker.state(), InsideMessage);
        tracker.sent(refusal);
        assert_eq!(tracker.state(), BetweenMessages);
        ends_with_each(&mut tracker, &[b"a2 NOOP\r\n"]);
    }
}

// RFC 7888 §3
#[test]
fn a_literal_that_does_not_wait_comes_though_refused() {
    let mut tracker = Commands::new();
    tracker.received(b"a1 APPEND x {3+}\r\n");
    tracker.sent(b"a1 NO too much\r\n");
    assert_eq!(tracker.state(), InsideMessage);
    ends_with_each(&mut tracker, &[b"abc\r\n"]);
}

#[test]
fn a_literal_that_has_begun_is_not_ended_by_a_refusal() {
    let mut tracker = Commands::new();
    tracker.received(b"a1 APPEND x {3}\r\na");
    tracker.sent(b"a1 NO too late\r\n");
    assert_eq!(tracker.state(), InsideMessage);
}

#[test]
fn a_literal_that_cannot_be_counted_is_a_fault() {
    let line = b"a1 X {18446744073709551616}\r\n";
    assert_eq!(fault_in(Responses::new(), line), Some((What::TooLong, line.len() as u64 - 1)));
    assert_eq!(state_after(Responses::new(), b"a1 X {18446744073709551615}\r\n"), InsideMessage);
    let mut tracker = Commands::new();
    tracker.sent(line);
    assert_eq!(tracker.fault().map(|fault| fault.way), Some(Way::Sent));
}

// RFC 9051 §9: a tag has no maximum length; what is unknown is not guessed
#[test]
fn a_literal_after_a_tag_that_is_too_long_to_be_kept_is_a_fault() {
    let long = format!("{} OK x {{3}}\r\n", "a".repeat(72));
    assert_eq!(fault_in(Responses::new(), long.as_bytes()), Some((What::TooLong, 82)));
    assert_eq!(fault_in(Commands::new(), long.as_bytes()), Some((What::TooLong, 82)));
    let longest = format!("{} PREAUTH x {{3}}\r\n", "a".repeat(71));
    assert_eq!(state_after(Responses::new(), longest.as_bytes()), BetweenMessages);
}

#[test]
fn a_line_after_a_literal_is_no_status_response() {
    let mut tracker = Responses::new();
    tracker.received(b"{0}\r\n OK {5}\r\n");
    assert_eq!(tracker.state(), InsideMessage);
    tracker.received(b"hello\r\n");
    assert_eq!(tracker.state(), BetweenMessages);
}

#[test]
fn an_answer_that_goes_on_after_a_literal_refuses_nothing() {
    let mut tracker = Commands::new();
    tracker.received(b"a {3}\r\n");
    tracker.sent(b"a {0}\r\n NO\r\n");
    assert_eq!(tracker.state(), InsideMessage);
    let mut tracker = Commands::new();
    tracker.received(b"{3}\r\n");
    tracker.sent(b"{0}\r\n NO\r\n");
    assert_eq!(tracker.state(), InsideMessage);
}
