use close_notify_framing::{Counts, Framing, LengthPrefixed, What, Width};

use crate::support::{BetweenMessages, InsideMessage, ends_with_each, fault_in, state_after};

/// PostgreSQL 17, "Message Formats".
fn postgres() -> LengthPrefixed {
    LengthPrefixed::big_endian(Width::Four, 1 << 30).after(1).counting(Counts::ItselfAndRest)
}

/// MySQL 8.4, "MySQL Packets".
fn mysql(max: u64) -> LengthPrefixed {
    LengthPrefixed::little_endian(Width::Three, max).with_uncounted(1).split_when_full()
}

#[test]
fn a_message_ends_with_its_length_in_every_width() {
    for (width, big, little) in [
        (Width::One, &[2][..], &[2][..]),
        (Width::Two, &[0, 2], &[2, 0]),
        (Width::Three, &[0, 0, 2], &[2, 0, 0]),
        (Width::Four, &[0, 0, 0, 2], &[2, 0, 0, 0]),
        (Width::Eight, &[0, 0, 0, 0, 0, 0, 0, 2], &[2, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        let message = |length: &[u8]| [length, b"ab"].concat();
        ends_with_each(&mut LengthPrefixed::big_endian(width, 100), &[&message(big), &message(big)]);
        ends_with_each(&mut LengthPrefixed::little_endian(width, 100), &[&message(little), &message(little)]);
    }
    let mut long = LengthPrefixed::big_endian(Width::Two, 1000);
    ends_with_each(&mut long, &[&[&[1, 2][..], &[0; 0x102]].concat(), &[0, 0]]);
    let mut long = LengthPrefixed::little_endian(Width::Two, 1000);
    ends_with_each(&mut long, &[&[&[2, 1][..], &[0; 0x102]].concat()]);
}

#[test]
fn a_length_may_count_what_comes_before_it_or_leave_out_what_comes_after() {
    let four = |counts| LengthPrefixed::big_endian(Width::Four, 100).after(1).counting(counts);
    ends_with_each(&mut four(Counts::Rest), &[b"Z\0\0\0\x01I"]);
    ends_with_each(&mut four(Counts::ItselfAndRest), &[b"Z\0\0\0\x05I", b"S\0\0\0\x04"]);
    ends_with_each(&mut four(Counts::Whole), &[b"Z\0\0\0\x06I"]);
    let mut six = LengthPrefixed::big_endian(Width::Three, 100).with_uncounted(6);
    ends_with_each(&mut six, &[b"\0\0\0______", b"\0\0\x02______ab"]);
}

// PostgreSQL 17, "Message Formats", "SSL Session Encryption": a client's first message has no type,
// under TLS as well
#[test]
fn the_first_message_of_a_postgresql_client_has_no_type() {
    let startup = b"\0\0\0\x22\0\x03\0\0user\0alice\0database\0shop\0\0";
    let messages: [&[u8]; 5] =
        [startup, b"p\0\0\0\x0bsecret\0", b"Q\0\0\0\x0dSELECT 1\0", b"S\0\0\0\x04", b"X\0\0\0\x04"];
    ends_with_each(&mut postgres().first_after(0), &messages);
    // 80877102, a process and its secret
    let cancel = b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x07\0\0\0\x2a";
    ends_with_each(&mut postgres().first_after(0), &[cancel]);
    // What is sent before TLS has the same shape: 80877103 is an SSLRequest, 80877104 a
    // GSSENCRequest.
    for request in [b"\0\0\0\x08\x04\xd2\x16\x2f", b"\0\0\0\x08\x04\xd2\x16\x30"] {
        ends_with_each(&mut postgres().first_after(0), &[request]);
    }
    let mut misread = postgres();
    misread.received(startup);
    assert_ne!(misread.state(), BetweenMessages, "without it the length is read from the second byte on");
}

// PostgreSQL 17, "Message Formats"
#[test]
fn every_message_of_a_postgresql_server_has_a_type() {
    ends_with_each(
        &mut postgres(),
        &[
            b"R\0\0\0\x08\0\0\0\0",
            b"S\0\0\0\x16server_version\x0017\0",
            b"K\0\0\0\x0c\0\0\0\x07\0\0\0\x2a",
            b"Z\0\0\0\x05I",
            b"C\0\0\0\x0dSELECT 1\0",
        ],
    );
}

// MySQL 8.4, "MySQL Packets": the same in both directions, before TLS and under it
#[test]
fn a_mysql_packet_counts_neither_its_length_nor_its_sequence_number() {
    let packets: [&[u8]; 3] = [b"\x01\0\0\0\x0e", b"\0\0\0\x02", b"\x07\0\0\x01\0\0\0\x02\0\0\0"];
    ends_with_each(&mut mysql(1 << 24), &packets);
}

// MySQL 8.4, "Sending More Than 16Mb"
#[test]
fn a_message_whose_length_is_full_goes_on_in_the_next() {
    let mut tracker = mysql(1 << 25);
    for (head, content) in [(&b"\xff\xff\xff\0"[..], 0xff_ffff), (b"\xff\xff\xff\x01", 0xff_ffff)] {
        tracker.received(head);
        tracker.received(&vec![b'x'; content]);
        assert_eq!(tracker.state(), InsideMessage, "the last part has not come");
    }
    ends_with_each(&mut tracker, &[b"\0\0\0\x02", b"\x01\0\0\0\x0e"]);
    let byte = || LengthPrefixed::big_endian(Width::One, 1000);
    let full = [&[0xff][..], &[b'x'; 255]].concat();
    ends_with_each(&mut byte(), &[&full, &full]);
    ends_with_each(&mut byte().split_when_full(), &[&[&full[..], &full, b"\x01x"].concat(), b"\0"]);
    let wide = LengthPrefixed::little_endian(Width::Eight, u64::MAX).split_when_full();
    ends_with_each(&mut wide.clone(), &[b"\x01\0\0\0\0\0\0\0x"]);
    assert_eq!(fault_in(wide, &[0xff; 8]), Some((What::TooLong, 7)));
}

#[test]
fn only_the_first_length_may_be_elsewhere() {
    let shape = || LengthPrefixed::big_endian(Width::Two, 10);
    ends_with_each(&mut shape().first_after(3), &[b"___\0\x01a", b"\0\x02ab", b"\0\0"]);
    let whole = shape().after(1).counting(Counts::Whole);
    ends_with_each(&mut whole.clone().first_after(0), &[b"\0\x03a", b"_\0\x04a"]);
    assert_eq!(fault_in(whole.first_after(2), b"__\0\x03"), Some((What::TooShort, 3)));
    assert_eq!(fault_in(shape().first_after(1), b"_\0\x08"), Some((What::TooLong, 2)));
}

#[test]
fn a_length_out_of_bounds_is_a_fault_at_its_last_byte() {
    let tracker = || LengthPrefixed::big_endian(Width::Two, 10);
    assert_eq!(fault_in(tracker(), &[0, 9]), Some((What::TooLong, 1)));
    assert_eq!(state_after(tracker(), &[0, 8, 1, 2, 3, 4, 5, 6, 7, 8]), BetweenMessages);
    assert_eq!(fault_in(tracker().counting(Counts::ItselfAndRest), &[0, 1]), Some((What::TooShort, 1)));
    assert_eq!(fault_in(tracker().after(1).counting(Counts::Whole), &[9, 0, 2]), Some((What::TooShort, 2)));
    let huge = LengthPrefixed::little_endian(Width::Eight, u64::MAX).with_uncounted(1);
    assert_eq!(fault_in(huge, &[0xff; 8]), Some((What::TooLong, 7)));
}
