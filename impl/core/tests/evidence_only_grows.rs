//! No transition of either half goes back, and the first known end of reading is kept.

use close_notify_core::{Machine, recv, send};

#[test]
fn send_never_falls_back() {
    for &state in send::State::ALL {
        for &event in send::Event::ALL {
            if let Ok(next) = state.next(event) {
                assert!(next.rank() >= state.rank(), "{state} --{event}--> {next}");
            }
        }
    }
}

// The only pair of equal rank is a close_notify that is due, and one that is due after pending data
// is discarded.
#[test]
fn every_other_move_of_the_sending_half_is_a_step_forward() {
    use send::State::{NotifyDue, ReplyDue};
    for &state in send::State::ALL {
        for &event in send::Event::ALL {
            if let Ok(next) = state.next(event) {
                let due = [state, next].iter().all(|state| [NotifyDue, ReplyDue].contains(state));
                assert!(next == state || due || next.rank() > state.rank(), "{state} --{event}--> {next}");
            }
        }
    }
}

#[test]
fn the_sending_half_is_final_once_its_last_word_is_out_or_never_will_be() {
    use send::State as S;
    for &state in send::State::ALL {
        let expected = match state {
            S::Handshaking | S::Open | S::ReplyDue | S::NotifyDue => false,
            S::NotifyLeaving | S::AlertDue | S::AlertLeaving => false,
            S::Notified | S::NotifiedShut | S::Alerted | S::AlertedShut => true,
            S::Silenced | S::SilencedShut | S::Failed | S::Aborted => true,
        };
        assert_eq!(state.is_final(), expected, "{state}");
    }
}

#[test]
fn recv_keeps_the_first_end() {
    for &state in recv::State::ALL {
        for &event in recv::Event::ALL {
            if let Ok(next) = state.next(event) {
                assert!(next.rank() >= state.rank(), "{state} --{event}--> {next}");
                assert!(!state.has_ended() || next == state, "{state} --{event}--> {next}");
            }
        }
    }
}

#[test]
fn a_machine_fits_in_64_bytes() {
    assert!(size_of::<Machine>() <= 64, "{} bytes", size_of::<Machine>());
}
