//! The std and the tokio stream over a transport that fails in every way, with time that jumps.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(io_faults);
