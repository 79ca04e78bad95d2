//! Two adapters over a hostile wire, any policies, any actions.
#![cfg_attr(fuzzing, no_main)]

close_notify_fuzz::target!(pair);
