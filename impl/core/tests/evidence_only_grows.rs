//! No transition of either half goes back, and the first end of reading that is known stays.

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
