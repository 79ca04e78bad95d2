//! How long does one transition of the core take?
//!
//! Expected: a few nanoseconds, under 20, with no allocation: the machine is a value of at most 64
//! bytes.

use std::hint::black_box;

use close_notify_core::{
    AlertDescription, AlertLevel, Event, Machine, Manner, Output, Policy, Role, Version,
};
use criterion::{Criterion, criterion_group, criterion_main};

/// A graceful close, event by event.
const CLOSE: [Event; 7] = [
    Event::Write,
    Event::PeerData { bytes: 1000 },
    Event::Close(Manner::Graceful),
    Event::DeadlineStarted,
    Event::OutputSealed,
    Event::OutputWritten,
    Event::WriteShut,
];

const NOTIFY: Event =
    Event::PeerAlert { level: AlertLevel::WARNING, description: AlertDescription::CLOSE_NOTIFY };

fn whole_close(mut machine: Machine) -> Machine {
    for event in CLOSE.into_iter().chain([NOTIFY, Event::TransportClosed]) {
        machine.handle(black_box(event)).expect("a row of the table");
        black_box(machine.output());
    }
    machine
}

fn transition(criterion: &mut Criterion) {
    let open = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    let allocations = allocation_counter::measure(|| {
        assert_eq!(whole_close(open).output(), Output::Done);
    });
    assert_eq!(allocations.count_total, 0, "the core allocates");
    criterion.bench_function("transition/one event", |bencher| {
        // One machine takes every event in turn, in place: no copy of it is measured.
        let mut machine = open;
        bencher.iter(|| black_box(&mut machine).handle(black_box(Event::PeerData { bytes: 1000 })));
    });
    criterion.bench_function("transition/one output", |bencher| bencher.iter(|| black_box(&open).output()));
    criterion.bench_function("transition/whole close of 9 events and outputs", |bencher| {
        bencher.iter(|| whole_close(black_box(open)));
    });
}

criterion_group!(benches, transition);
criterion_main!(benches);
