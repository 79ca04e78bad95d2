//! Endings and policies as JSON: the format that the crate docs promise, and the errors for wrong
//! names.

use close_notify_core::{
    AlertDescription, AlertLevel, Close, Ending, Event, FatalNotify, FramingState, LateData, Machine, Manner,
    MissingNotify, Policy, Role, Severity, Version, WriteEnd,
};

trait Json {
    fn json(&self) -> String;
}

impl<T: serde::Serialize> Json for T {
    fn json(&self) -> String {
        serde_json::to_string(self).expect("values of the core have no keys that JSON lacks")
    }
}

fn back_and_forth<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(
    value: &T,
) {
    let text = value.json();
    assert_eq!(serde_json::from_str::<T>(&text).as_ref().ok(), Some(value), "{text}");
}

const ENDS: [Event; 12] = [
    Event::TransportEof { inside_record: false },
    Event::TransportEof { inside_record: true },
    Event::TransportReset { errno: 104 },
    Event::PeerAlert { level: AlertLevel::WARNING, description: AlertDescription::CLOSE_NOTIFY },
    Event::PeerAlert { level: AlertLevel::FATAL, description: AlertDescription::UNKNOWN_CA },
    Event::PeerAlert { level: AlertLevel::FATAL, description: AlertDescription(250) },
    Event::PeerViolation(AlertDescription::BAD_RECORD_MAC),
    Event::PeerData { bytes: u32::MAX },
    Event::DeadlinePassed,
    Event::WriteFailed { errno: -1 },
    Event::OutputUnsealable,
    Event::TransportClosed,
];

/// The endings of every manner, followed by every end, with and without the answers of a driver.
fn endings() -> Vec<Ending> {
    let mut endings = Vec::new();
    for &version in Version::ALL {
        for &manner in Manner::ALL {
            for sealed in [false, true] {
                for end in ENDS {
                    let mut machine = Machine::established(version, Role::Client, Policy::https());
                    let leaving = [Event::OutputSealed, Event::OutputBegun, Event::OutputWritten];
                    let leaving = if sealed { &leaving[..] } else { &[] };
                    let events = [&[Event::Write, Event::Close(manner)], leaving, &[end]].concat();
                    for event in events {
                        let _ = machine.handle(event);
                    }
                    endings.push(machine.ending());
                }
            }
        }
        endings.push(Machine::new(version, Role::Server, Policy::STRICT).ending());
    }
    endings
}

#[test]
fn every_ending_comes_back_as_it_went() {
    let endings = endings();
    let mut different = endings.clone();
    different.sort_by_key(|ending| format!("{ending:?}"));
    different.dedup();
    assert!(different.len() > 60, "only {} endings differ", different.len());
    endings.iter().for_each(back_and_forth);
}

#[test]
fn an_ending_has_the_documented_shape() {
    let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    let alert = AlertDescription::CERTIFICATE_REQUIRED;
    for event in [
        Event::Write,
        Event::PeerAlert { level: AlertLevel::FATAL, description: alert },
        Event::PendingDiscarded { bytes: 512 },
    ] {
        machine.handle(event).unwrap();
    }
    let docs = include_str!("../src/lib.rs");
    let (_, shape) = docs.split_once("//! ```json\n").unwrap();
    let (shape, _) = shape.split_once("//! ```\n").unwrap();
    let documented: serde_json::Value = serde_json::from_str(&shape.replace("//!", "")).unwrap();
    assert_eq!(serde_json::to_value(machine.ending()).unwrap(), documented);
}

#[test]
fn names_are_in_snake_case_and_alerts_are_those_of_the_registry() {
    let rows: [(&dyn Json, &str); 9] = [
        (&WriteEnd::Aborted { after_close_notify: true }, r#"{"aborted":{"after_close_notify":true}}"#),
        (&AlertDescription::NO_APPLICATION_PROTOCOL, r#""no_application_protocol""#),
        (&AlertDescription(250), r#""alert 250""#),
        (&FramingState::DelimitedByEnd, r#""delimited_by_end""#),
        (&Severity::Warn, r#""warn""#),
        (&Close::AtOnce, r#""at_once""#),
        (&Manner::HandBack, r#""hand_back""#),
        (&Version::Tls13, r#""tls13""#),
        (&Role::Server, r#""server""#),
    ];
    for (value, expected) in rows {
        assert_eq!(value.json(), expected);
    }
}

#[test]
fn every_value_of_a_choice_comes_back() {
    Policy::PRESETS.iter().for_each(|(_, policy)| back_and_forth(policy));
    FramingState::ALL.iter().for_each(back_and_forth);
    Close::ALL.iter().for_each(back_and_forth);
    Manner::ALL.iter().for_each(back_and_forth);
    Version::ALL.iter().for_each(back_and_forth);
    Role::ALL.iter().for_each(back_and_forth);
    Severity::ALL.iter().for_each(back_and_forth);
    (0..=255).map(AlertDescription).for_each(|alert| back_and_forth(&alert));
}

#[test]
fn what_a_policy_leaves_out_is_strict() {
    let policy: Policy =
        serde_json::from_str(r#"{"missing_notify": "between_messages", "fatal_notify": "clean"}"#).unwrap();
    let expected = Policy {
        missing_notify: MissingNotify::BetweenMessages,
        fatal_notify: FatalNotify::Clean,
        ..Policy::STRICT
    };
    assert_eq!(policy, expected);
    assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::STRICT);
}

fn refusal<T: serde::de::DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
    serde_json::from_str::<T>(text).expect_err("the name is unknown").to_string()
}

// A misspelt choice must not silently become the default.
#[test]
fn an_unknown_name_is_refused_with_those_that_are_known() {
    let choice = refusal::<Policy>(r#"{"late_data": "drop"}"#);
    assert!(LateData::ALL.len() == 3 && choice.contains("`drop`"), "{choice}");
    assert!(choice.contains("`deliver`, `discard`, `refuse`"), "{choice}");
    let field = refusal::<Policy>(r#"{"latedata": "discard"}"#);
    assert!(field.contains("`latedata`") && field.contains("`late_data`"), "{field}");
    let alert = refusal::<AlertDescription>(r#""bad_mac""#);
    assert!(alert.contains("`bad_mac`") && alert.contains("`bad_record_mac`"), "{alert}");
    assert!(refusal::<AlertDescription>(r#""alert 256""#).contains("N from 0 to 255"));
    assert!(refusal::<AlertDescription>("40").contains("the name of an alert"));
}
