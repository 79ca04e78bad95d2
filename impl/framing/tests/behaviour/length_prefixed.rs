use close_notify_framing::{Counts, LengthPrefixed, What, Width};

use crate::support::{BetweenMessages, ends_with_each, fault_in, state_behind};

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
fn a_length_may_count_what_stands_before_it_or_leave_out_what_comes_behind() {
    let four = |counts| LengthPrefixed::big_endian(Width::Four, 100).behind(1).counting(counts);
    ends_with_each(&mut four(Counts::Rest), &[b"Z\0\0\0\x01I"]);
    ends_with_each(&mut four(Counts::ItselfAndRest), &[b"Z\0\0\0\x05I", b"S\0\0\0\x04"]);
    ends_with_each(&mut four(Counts::Whole), &[b"Z\0\0\0\x06I"]);
    // HTTP/2: SETTINGS, and DATA of two bytes
    let mut http2 = LengthPrefixed::big_endian(Width::Three, 100).with_uncounted(6);
    ends_with_each(&mut http2, &[b"\0\0\0\x04\0\0\0\0\0", b"\0\0\x02\0\x01\0\0\0\x01ab"]);
}

#[test]
fn a_length_out_of_bounds_is_a_fault_at_its_last_byte() {
    let tracker = || LengthPrefixed::big_endian(Width::Two, 10);
    assert_eq!(fault_in(tracker(), &[0, 9]), Some((What::TooLong, 1)));
    assert_eq!(state_behind(tracker(), &[0, 8, 1, 2, 3, 4, 5, 6, 7, 8]), BetweenMessages);
    assert_eq!(fault_in(tracker().counting(Counts::ItselfAndRest), &[0, 1]), Some((What::TooShort, 1)));
    assert_eq!(fault_in(tracker().behind(1).counting(Counts::Whole), &[9, 0, 2]), Some((What::TooShort, 2)));
    let huge = LengthPrefixed::little_endian(Width::Eight, u64::MAX).with_uncounted(1);
    assert_eq!(fault_in(huge, &[0xff; 8]), Some((What::TooLong, 7)));
}
