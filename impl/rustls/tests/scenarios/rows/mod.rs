//! The rows: one function per row, for any arm.

pub(crate) mod after_ours;
pub(crate) mod alerts;
pub(crate) mod clean;
pub(crate) mod handshake;
pub(crate) mod protocols;
pub(crate) mod sessions;
pub(crate) mod transport_end;
