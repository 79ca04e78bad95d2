//! The core alone, any facts in any order.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(machine);
