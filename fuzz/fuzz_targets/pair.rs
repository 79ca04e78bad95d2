//! Two adapters in lockstep with the model, any steps, any chunking.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| close_notify_fuzz::pair(data));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    close_notify_fuzz::replay_files(close_notify_fuzz::pair)
}
