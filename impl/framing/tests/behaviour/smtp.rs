use close_notify_framing::{Framing, Way, What, smtp::Commands};

use crate::support::{BetweenMessages, InsideMessage, ends_with_each, fault_in};

fn in_mail() -> Commands {
    let mut tracker = Commands::new();
    tracker.received(b"DATA\r\n");
    tracker.sent(b"354 go on\r\n");
    tracker
}

#[test]
fn commands_end_with_their_lines() {
    ends_with_each(
        &mut Commands::new(),
        &[b"EHLO example.org\r\n", b"MAIL FROM:<a@b>\r\n", b"NOOP DATA\r\n", b"DATABASE\r\n"],
    );
}

// RFC 5321 §4.1.1.4, §4.5.2
#[test]
fn a_mail_ends_with_its_dot_alone() {
    for mail in [&b".\r\n"[..], b"a\r\n.\r\n", b"..\r\n.a\r\na.\r\n \n.\n\r\r\n.\r\n", b"\r\n.\r\r\n.\r\n"] {
        ends_with_each(&mut in_mail(), &[mail, b"QUIT\r\n"]);
    }
}

// RFC 5321 §4.1.1.4: a line of mail ends with CR LF, and so does the line of the dot
#[test]
fn a_dot_between_lone_line_ends_does_not_smuggle_a_command() {
    for mail in [
        &b"a\n.\nQUIT\r\n"[..],
        b"a\n.\r\nQUIT\r\n",
        b"a\r.\rQUIT\r\n",
        b"a\r\n.\n\nQUIT\r\n",
        b"a\r\n.\rQUIT\r\n",
    ] {
        let mut tracker = in_mail();
        tracker.received(mail);
        assert_eq!(tracker.state(), InsideMessage, "{:?}", String::from_utf8_lossy(mail));
    }
}

// RFC 5321 §4.3.2
#[test]
fn data_that_is_refused_is_followed_by_no_mail() {
    let mut tracker = Commands::new();
    tracker.received(b"data\r\n");
    assert_eq!(tracker.state(), InsideMessage);
    tracker.sent(b"503 5.5.1 no\r\n");
    assert_eq!(tracker.state(), BetweenMessages);
    ends_with_each(&mut tracker, &[b"QUIT\r\n"]);
}

// RFC 2920 §3.1
#[test]
fn the_reply_to_data_is_found_by_its_turn() {
    let mut tracker = Commands::new();
    tracker.sent(b"220 hello\r\n");
    tracker.received(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    tracker.sent(b"250 ok\r\n550-no\r\n550 such user\r\n");
    assert_eq!(tracker.state(), InsideMessage);
    tracker.sent(b"354 go on\r\n");
    tracker.received(b"text\r\n.\r\n");
    assert_eq!(tracker.state(), BetweenMessages);
    tracker.received(b"DATA\r\n");
    tracker.sent(b"250 the first mail is queued\r\n");
    assert_eq!(tracker.state(), InsideMessage);
    tracker.sent(b"554 no recipients\r\n");
    assert_eq!(tracker.state(), BetweenMessages);
}

// RFC 2920 §3.1
#[test]
fn what_comes_after_data_before_its_reply_is_a_fault() {
    assert_eq!(fault_in(Commands::new(), b"DATA\r\nx"), Some((What::BeforeAnswer, 6)));
}

// RFC 3030 §2
#[test]
fn a_mail_by_bdat_ends_with_its_last_chunk() {
    let mut tracker = Commands::new();
    tracker.received(b"BDAT 7\r\nQUIT\r\n.");
    assert_eq!(tracker.state(), InsideMessage);
    tracker.received(b"bdat 2 last\r\na");
    assert_eq!(tracker.state(), InsideMessage);
    tracker.received(b"b");
    assert_eq!(tracker.state(), BetweenMessages);
    ends_with_each(&mut tracker, &[b"BDAT 0 LAST\r\n", b"NOOP\r\n"]);
}

// RFC 3030 §2
#[test]
fn a_mail_by_bdat_may_be_given_up() {
    for command in ["RSET", "QUIT", "EHLO x"] {
        let mut tracker = Commands::new();
        tracker.received(b"BDAT 1\r\na");
        ends_with_each(&mut tracker, &[format!("{command}\r\n").as_bytes()]);
    }
    let mut tracker = Commands::new();
    tracker.received(b"BDAT 1\r\naNOOP\r\n");
    assert_eq!(tracker.state(), InsideMessage);
}

#[test]
fn a_bdat_without_a_length_is_a_fault() {
    let long = format!("BDAT {}1 LAST\r\n", "0".repeat(64));
    for command in [
        "BDAT\r\n",
        "BDAT x\r\n",
        "BDAT +1\r\n",
        "BDAT 1 NO\r\n",
        "BDAT 1 LAST x\r\n",
        "BDAT 99999999999999999999\r\n",
        &long,
    ] {
        let expected = Some((What::Bdat, command.len() as u64 - 1));
        assert_eq!(fault_in(Commands::new(), command.as_bytes()), expected, "{command}");
    }
}

#[test]
fn a_reply_of_ours_that_is_none_is_a_fault() {
    let mut tracker = Commands::new();
    tracker.sent(b"220 hello\r\nwhat\r\n");
    let fault = tracker.fault().expect("no reply");
    assert_eq!((fault.what, fault.way, fault.offset), (What::Reply, Way::Sent, 16));
    assert_eq!(tracker.state(), InsideMessage);
}
