//! Two adapters, each on its own TCP, and a wire that does anything.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(tcp);
