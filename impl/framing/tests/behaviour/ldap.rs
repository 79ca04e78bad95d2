use close_notify_framing::{What, ldap::Messages};

use crate::support::{InsideMessage, ends_with_each, fault_in, state_after};

// RFC 4511 §5.1, X.690 §8.1.3
#[test]
fn a_message_ends_with_its_length_in_whichever_form() {
    let long = [&[0x30, 0x81, 0x80][..], &[0x30; 0x80]].concat();
    let longer = [&[0x30, 0x83, 0x00, 0x01, 0x00][..], &[0; 0x100]].concat();
    let longest = [0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7];
    ends_with_each(
        &mut Messages::new(1000),
        &[&[0x30, 0x02, 0x30, 0x30], &long, &longer, &[0x30, 0], &longest],
    );
}

// RFC 4511 §4.1.1, §5.1
#[test]
fn what_ldap_does_not_allow_is_a_fault() {
    for (bytes, what, at) in [
        (&[0x31, 0][..], What::Tag, 0),
        (&[0x30, 0, 0x7f], What::Tag, 2),
        (&[0x30, 0x80], What::LengthForm, 1),
        (&[0x30, 0xff], What::LengthForm, 1),
        (&[0x30, 11], What::TooLong, 1),
        (&[0x30, 0x82, 0, 11], What::TooLong, 3),
        (&[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0], What::TooLong, 10),
    ] {
        assert_eq!(fault_in(Messages::new(10), bytes), Some((what, at)), "{bytes:?}");
    }
    assert_eq!(state_after(Messages::new(10), &[0x30, 10]), InsideMessage);
}
