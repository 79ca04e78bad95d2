//! A stream that is dropped unended leaves one event, as loud as its ending; one that has ended leaves none.
#![allow(clippy::unwrap_used, reason = "helpers of tests: clippy knows the tests alone")]

mod common;

use std::sync::{Arc, Mutex};

use close_notify::{Manner, Pipe, Policy, Stream, Version};
use common::{VERSIONS, pair};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Level and ending of every event of ours.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(Level, String)>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "ending" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "close_notify"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push((*event.metadata().level(), fields.0));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What is heard while a stream is used and dropped.
fn heard(version: Version, uses: impl FnOnce(&mut Stream<Pipe>, Stream<Pipe>)) -> Vec<(Level, String)> {
    let heard = Heard::default();
    let (client, server) = pair(version, Policy::STRICT);
    let (mut near, far) = (client.into_stream(), server.into_stream());
    tracing::subscriber::with_default(heard.clone(), || {
        uses(&mut near, far);
        heard.0.lock().unwrap().clear();
        drop(near);
    });
    let heard = heard.0.lock().unwrap();
    heard.clone()
}

#[test]
fn a_stream_in_use_leaves_one_event_that_says_how_it_stood() {
    for version in VERSIONS {
        let events = heard(version, |_, far| std::mem::forget(far));
        let [(_, ending)] = events.as_slice() else { panic!("{version}: {events:?}") };
        assert_eq!(ending, "we did not wait for the peer's close_notify; we never closed our side");
    }
}

#[test]
fn a_stream_that_has_ended_leaves_none() {
    for version in VERSIONS {
        let events = heard(version, |near, _far| assert!(near.close(Manner::AtOnce).is_ok()));
        assert_eq!(events, [], "{version}");
        let events = heard(version, |near, _far| assert!(near.abort().is_ok()));
        assert_eq!(events, [], "{version}");
    }
}

#[test]
fn a_truncation_is_louder_than_a_whole_message() {
    use close_notify::FramingState as F;
    use std::io::Read;
    for version in VERSIONS {
        let cut = |framing| {
            heard(version, |near, far| {
                drop(far);
                near.set_framing(framing);
                drop(near.read(&mut [0; 8]));
            })
        };
        assert_eq!(cut(F::InsideMessage)[0].0, Level::WARN, "{version}");
        assert_eq!(cut(F::BetweenMessages)[0].0, Level::INFO, "{version}");
    }
}
