//! What the trackers report, by protocol; and what all of them have in common.

mod against_reference;
mod gate;
mod http_requests;
mod http_responses;
mod imap;
mod ldap;
mod length_prefixed;
mod lines;
mod pieces;
mod smtp;
mod support;
mod websocket;
