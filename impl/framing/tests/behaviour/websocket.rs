use close_notify_framing::{Framing, What, websocket::Frames};

use crate::support::{BetweenMessages, InsideMessage, ends_with_each, fault_in, state_after};

fn payload(header: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = header.to_vec();
    bytes.resize(header.len() + length, 0x81);
    bytes
}

// RFC 6455 §5.2
#[test]
fn a_frame_ends_with_its_length_in_whichever_form() {
    let longest = payload(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536);
    ends_with_each(
        &mut Frames::of_server(),
        &[
            b"\x81\x02hi",
            b"\x82\x00",
            &payload(&[0x82, 125], 125),
            &payload(&[0x82, 126, 0, 126], 126),
            &payload(&[0x82, 126, 0xff, 0xff], 65_535),
            &longest,
        ],
    );
    ends_with_each(
        &mut Frames::of_client(),
        &[b"\x81\x82\x81\x81\x81\x81hi", b"\x82\x80mask", &payload(&[0x82, 0xfe, 1, 0], 260)],
    );
}

// RFC 6455 §5.4
#[test]
fn fragments_are_one_message_whatever_comes_between_them() {
    ends_with_each(
        &mut Frames::of_server(),
        &[b"\x01\x01a\x89\x00\x00\x00\x8a\x02hi\x80\x01b", b"\x02\x00\x80\x00"],
    );
}

// RFC 6455 §5.5.1
#[test]
fn after_the_peers_close_frame_the_end_is_expected() {
    for close in [&b"\x88\x00"[..], b"\x88\x02\x03\xe8"] {
        let mut tracker = Frames::of_server();
        tracker.received(&close[..1]);
        assert!(!tracker.is_peer_closing());
        tracker.received(&close[1..]);
        assert!(tracker.is_peer_closing());
        tracker.received(b"\xff\xffanything");
        assert_eq!((tracker.state(), tracker.fault()), (BetweenMessages, None));
    }
    let mut tracker = Frames::of_server();
    tracker.received(b"\x88\x02\x03");
    assert!(!tracker.is_peer_closing());
    assert_eq!(tracker.state(), InsideMessage);
}

#[test]
fn a_close_frame_completes_no_message() {
    assert_eq!(state_after(Frames::of_server(), b"\x01\x01a\x88\x00"), InsideMessage);
}

// RFC 6455 §5.1, §5.2, §5.4, §5.5
#[test]
fn what_a_frame_may_not_be_is_a_fault_at_its_byte() {
    for (bytes, what, at) in [
        (&[0xc1][..], What::Reserved, 0),
        (&[0xa1], What::Reserved, 0),
        (&[0x91], What::Reserved, 0),
        (&[0x83], What::Reserved, 0),
        (&[0x87], What::Reserved, 0),
        (&[0x8b], What::Reserved, 0),
        (&[0x81, 0x80], What::Mask, 1),
        (&[0x80], What::Fragment, 0),
        (&[0x01, 0, 0x01], What::Fragment, 2),
        (&[0x02, 0, 0x81], What::Fragment, 2),
        (&[0x09], What::ControlFrame, 0),
        (&[0x89, 126], What::ControlFrame, 1),
        (&[0x8a, 127], What::ControlFrame, 1),
        (&[0x88, 1], What::ControlFrame, 1),
        (&[0x81, 126, 0, 125], What::LengthForm, 3),
        (&[0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], What::LengthForm, 9),
        (&[0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], What::LengthForm, 9),
    ] {
        assert_eq!(fault_in(Frames::of_server(), bytes), Some((what, at)), "{bytes:x?}");
    }
    assert_eq!(fault_in(Frames::of_client(), &[0x81, 0]), Some((What::Mask, 1)));
    assert_eq!(fault_in(Frames::of_client(), &[0x81, 0xfe, 0, 9]), Some((What::LengthForm, 3)));
}

// RFC 7692 §6
#[test]
fn the_first_reserved_bit_is_free_if_messages_are_deflated() {
    let deflate = || Frames::of_server().with_deflate();
    ends_with_each(&mut deflate(), &[b"\xc1\x01a"]);
    assert_eq!(fault_in(deflate(), &[0xa1]), Some((What::Reserved, 0)));
    assert_eq!(fault_in(deflate(), &[0xc9]), Some((What::ControlFrame, 0)));
}
