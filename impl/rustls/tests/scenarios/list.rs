//! The list of scenarios: each row of `docs/scenarios.md` once, under a name, with the arms in
//! which it cannot be met.
//!
//! Decides which arms a row is run for. `docs/scenarios.md` gives what is required, and `rows` does
//! it.

use std::collections::BTreeSet;

use crate::arm::Arm;
use crate::rows::*;

/// One row.
pub(crate) struct Row {
    pub(crate) number: u8,
    pub(crate) name: &'static str,
    /// The arms in which it cannot be met, and the reasons.
    pub(crate) not_for: &'static [Exception],
    pub(crate) run: fn(Arm),
}

pub(crate) type Exception = (fn(Arm) -> bool, &'static str);

impl Row {
    /// Why the row cannot be met in this arm.
    pub(crate) fn not_applicable(&self, arm: Arm) -> Option<&'static str> {
        self.not_for.iter().find(|(applies, _)| applies(arm)).map(|&(_, reason)| reason)
    }
}

const fn row(number: u8, name: &'static str, not_for: &'static [Exception], run: fn(Arm)) -> Row {
    Row { number, name, not_for, run }
}

const fn tls12(why: &'static str) -> Exception {
    (|arm| !arm.is_13(), why)
}

const fn tls13(why: &'static str) -> Exception {
    (|arm| arm.is_13(), why)
}

const fn client(why: &'static str) -> Exception {
    (|arm| arm.is_client(), why)
}

const fn server(why: &'static str) -> Exception {
    (|arm| !arm.is_client(), why)
}

pub(crate) const ROWS: &[Row] = &[
    row(1, "close_notify_and_fin_both_ways", &[], clean::both_ways),
    row(
        2,
        "peer_close_notify_ends_reading_alone",
        &[tls12("up to TLS 1.2 a close_notify ends both directions: row 3")],
        clean::peer_first_13,
    ),
    row(
        3,
        "peer_close_notify_with_pending_writes",
        &[tls13("in TLS 1.3 a close_notify ends one direction: row 2")],
        clean::peer_first_12,
    ),
    row(4, "write_after_own_close_notify", &[], clean::write_after_own),
    row(5, "close_twice", &[], clean::close_twice),
    row(6, "crossing_close_notifies", &[], clean::crossing),
    row(
        7,
        "key_update_after_own_close_notify",
        &[tls12("there is no KeyUpdate before TLS 1.3")],
        after_ours::key_update,
    ),
    row(
        8,
        "tickets_after_own_close_notify",
        &[tls12("a ticket is part of the handshake up to TLS 1.2"), server("a server gets no tickets")],
        after_ours::tickets,
    ),
    row(9, "data_after_own_close_notify", &[], after_ours::data),
    row(
        10,
        "renegotiation_after_own_close_notify",
        &[tls13("there is no renegotiation in TLS 1.3: such a message is a bad record, row 11")],
        after_ours::renegotiation,
    ),
    row(11, "bad_record_after_own_close_notify", &[], after_ours::bad_records),
    row(12, "fatal_alert_after_own_close_notify", &[], after_ours::fatal_alert),
    row(13, "close_after_own_fatal_alert", &[], after_ours::close_after_own_alert),
    row(14, "limit_of_the_keys", &[], after_ours::key_limit),
    row(15, "cancel_in_the_handshake", &[], handshake::cancel),
    row(16, "close_notify_in_the_handshake", &[], handshake::close_notify_within),
    row(
        17,
        "plain_close_notify_in_the_handshake",
        &[tls12("the handshake is not encrypted up to TLS 1.2: row 16")],
        handshake::plain_close_notify_within,
    ),
    row(18, "plain_close_notify_after_the_handshake", &[], handshake::plain_close_notify_after),
    row(19, "data_and_close_notify_in_one_segment", &[], clean::data_before),
    row(20, "close_notify_and_garbage_in_one_segment", &[], clean::garbage_after),
    row(21, "close_notify_and_valid_records", &[], clean::records_after),
    row(22, "close_notify_and_more_alerts", &[], clean::alerts_after),
    row(23, "close_notify_cut_at_each_byte", &[], alerts::each_prefix),
    row(24, "alert_in_two_records", &[], alerts::in_two_records),
    row(25, "two_alerts_in_one_record", &[], alerts::two_in_one_record),
    row(26, "empty_alert_record", &[], alerts::empty_record),
    row(27, "close_notify_at_level_fatal", &[], alerts::fatal_close_notify),
    row(28, "close_notify_at_no_level", &[], alerts::close_notify_of_no_level),
    row(
        29,
        "error_alert_at_level_warning",
        &[tls12("a warning may be survived up to TLS 1.2: row 32")],
        alerts::error_alert_as_warning,
    ),
    row(30, "user_canceled_and_close_notify", &[], alerts::user_canceled_then_close_notify),
    row(31, "user_canceled_and_fin", &[], alerts::user_canceled_then_fin),
    row(32, "flood_of_warnings", &[], alerts::warning_flood),
    row(
        33,
        "end_of_early_data",
        &[tls12("there is no 0-RTT data before TLS 1.3"), client("a client gets no 0-RTT data")],
        handshake::early_data,
    ),
    row(34, "fin_at_a_record_boundary", &[], transport_end::fin_at_boundary),
    row(35, "fin_inside_a_record", &[], transport_end::fin_in_record),
    row(36, "reset_before_close_notify", &[], transport_end::reset_after_data),
    row(37, "reset_after_close_notify", &[], transport_end::reset_after_close_notify),
    row(38, "reset_instead_of_an_answer", &[], transport_end::reset_instead_of_answer),
    row(
        39,
        "close_delimited_body",
        &[server("the end of the connection delimits no request (RFC 9112 §6.3)")],
        protocols::close_delimited_body,
    ),
    row(40, "complete_by_its_length", &[], protocols::complete_by_length),
    row(41, "fin_inside_a_header_block", &[], protocols::cut_header_block),
    row(42, "idle_connection", &[], protocols::idle_connection),
    row(43, "half_close_without_close_notify", &[], transport_end::half_close_without_close_notify),
    row(44, "fatal_alert_before_unread_input", &[], transport_end::alert_before_unread_input),
    row(
        45,
        "close_with_unread_tickets",
        &[tls12("a ticket is part of the handshake up to TLS 1.2"), server("a server gets no tickets")],
        transport_end::close_with_unread_tickets,
    ),
    row(
        46,
        "certificate_refused_after_the_request",
        &[
            tls12("the handshake is not done before the server has judged the certificate"),
            server("it is the client that is refused"),
        ],
        handshake::certificate_required,
    ),
    row(47, "full_send_buffer", &[], transport_end::full_send_buffer),
    row(48, "silent_dripping_or_endless_peer", &[], transport_end::silent_or_endless_peer),
    row(49, "abort", &[], transport_end::abort),
    row(50, "local_error_with_queued_data", &[], transport_end::local_error_with_queued_data),
    row(51, "relay", &[], protocols::relay),
    row(52, "delayed_close_notify", &[], protocols::delayed_close_notify),
    row(53, "resumption_up_to_tls_12", &[tls13("tickets of TLS 1.3: row 54")], sessions::up_to_tls_12),
    row(54, "tickets_of_tls_13", &[tls12("sessions up to TLS 1.2: row 53")], sessions::tickets),
    row(55, "hand_back", &[], protocols::hand_back),
    row(56, "ftp_data_connection", &[], protocols::ftp_data),
];

/// The rows of the document, by their numbers.
fn documented() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scenarios.md");
    let text = std::fs::read_to_string(path).unwrap();
    let first_cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    first_cells.filter_map(|cell| cell.parse().ok()).collect()
}

/// Checks that every row of the document is in the list, once, under its own name, and that every
/// exception has a reason.
pub(crate) fn is_the_documents() {
    let mut numbers: Vec<u8> = ROWS.iter().map(|row| row.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, documented(), "the rows of docs/scenarios.md, each once");
    assert_eq!(numbers, (1..=56).collect::<Vec<_>>());
    let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), ROWS.len(), "no name twice");
    for row in ROWS {
        assert!(row.not_for.iter().all(|(_, why)| !why.trim().is_empty()), "{} gives the reason", row.name);
        assert!(Arm::all().any(|arm| row.not_applicable(arm).is_none()), "{} is met somewhere", row.name);
        let stale = row.not_for.iter().position(|(applies, _)| !Arm::all().any(applies));
        assert_eq!(stale, None, "{}: an exception for no arm", row.name);
    }
}
