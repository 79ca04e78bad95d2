//! The parts of the fuzz targets: how bytes become a run, the worlds that runs happen in, and what
//! judges them.
//!
//! Decides how an input is read. The core decides every closing step, and the model's claims judge
//! what the model can express. A target is a module with one function, `run`, that panics if
//! something is wrong: that is what a fuzzer looks for. Every input begins with [`FORMAT`]. After a
//! few bytes of set-up, each byte is one action.

mod answered;
pub mod choices;
pub mod differential;
pub mod driven;
pub mod forged_peer;
pub mod framing;
pub mod hand_back;
pub mod heard;
pub mod io_faults;
pub mod lab;
pub mod lockstep;
pub mod machine;
pub mod many;
pub mod observe;
pub mod pair;
mod paused;
pub mod raw_wire;
mod replay;
mod targets;
mod task;
pub mod tcp;
pub mod whole;
pub mod wire;

#[cfg(fuzzing)]
#[doc(hidden)]
pub use libfuzzer_sys;

pub use replay::replay_files;
pub use targets::{TARGETS, Target, target};

// The version of the input format. An input of another version is not run.
pub use close_notify_replay::FORMAT;

/// The binary of a target: the fuzzer's entry under cargo fuzz, and otherwise a `main` that replays
/// files.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::$name::run(data));

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            $crate::replay_files($crate::$name::run)
        }
    };
}
