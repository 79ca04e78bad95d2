//! Streams over blocking transports: whole, in two halves, and wrapped around what rustls made.
//!
//! Decides how a thread waits. Leaves the closing steps to the core, through the driver.

pub(crate) mod given_up;
#[cfg(unix)]
pub(crate) mod split;
pub(crate) mod stream;
pub(crate) mod wrap;
