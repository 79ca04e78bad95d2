//! What an alert means, byte by byte.

use close_notify_core::{AlertDescription, AlertLevel, FatalNotify, Meaning, Version, meaning};

use crate::common::COUPLED;

fn every_pair() -> impl Iterator<Item = (u8, u8)> {
    (0..=255).flat_map(|level| (0..=255).map(move |description| (level, description)))
}

fn read(version: Version, level: u8, description: u8, fatal_notify: FatalNotify) -> Meaning {
    meaning(version, AlertLevel(level), AlertDescription(description), fatal_notify)
}

// RFC 9846 §6 · level-ignored-13, unknown-alert-is-error-13; #27, #28, #29
#[test]
fn tls_13_reads_the_description_alone() {
    for (level, description) in every_pair() {
        for &fatal_notify in FatalNotify::ALL {
            let expected = match description {
                0 => Meaning::CloseNotify,
                90 => Meaning::UserCanceled,
                _ => Meaning::Fatal,
            };
            assert_eq!(
                read(Version::Tls13, level, description, fatal_notify),
                expected,
                "{level} {description}"
            );
        }
    }
}

// RFC 5246 §7.2 · warning-may-continue, notify-level-1x; #27, #28
#[test]
fn older_versions_read_the_level_first() {
    for version in COUPLED {
        for (level, description) in every_pair() {
            for &fatal_notify in FatalNotify::ALL {
                let clean = fatal_notify == FatalNotify::Clean;
                let expected = match (level, description) {
                    (1, 0) => Meaning::CloseNotify,
                    (1, 90) => Meaning::UserCanceled,
                    (1, _) => Meaning::Warning,
                    (2, 0) if clean => Meaning::CloseNotify,
                    (2, _) => Meaning::Fatal,
                    _ => Meaning::Malformed(AlertDescription(47)),
                };
                assert_eq!(
                    read(version, level, description, fatal_notify),
                    expected,
                    "{level} {description}"
                );
            }
        }
    }
}

// RFC 9846 §6.1
#[test]
fn only_the_two_closure_alerts_are_not_errors() {
    for code in 0..=255 {
        assert_eq!(AlertDescription(code).is_error(), code != 0 && code != 90, "{code}");
    }
}

// The IANA registry "TLS Alerts", values assigned below 123.
#[test]
fn the_registry_is_complete_and_in_order() {
    let registered = [
        0, 10, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 90, 100,
        109, 110, 111, 112, 113, 114, 115, 116, 120, 121,
    ];
    let codes: Vec<u8> = AlertDescription::REGISTERED.iter().map(|alert| alert.0).collect();
    assert_eq!(codes, registered);
    for code in 0..=255 {
        assert_eq!(AlertDescription(code).name().is_some(), registered.contains(&code), "{code}");
    }
}

#[test]
fn a_known_alert_prints_its_name_and_an_unknown_one_its_number() {
    assert_eq!(AlertDescription(116).to_string(), "certificate_required");
    assert_eq!(AlertDescription(0).to_string(), "close_notify");
    assert_eq!(AlertDescription(47).to_string(), "illegal_parameter");
    assert_eq!(AlertDescription(90).to_string(), "user_canceled");
    assert_eq!(AlertDescription(7).to_string(), "alert 7");
    assert_eq!(format!("{:>13}|", AlertDescription(0)), " close_notify|");
}
