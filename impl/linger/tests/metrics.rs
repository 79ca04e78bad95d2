//! What a recorder of the metrics facade gets. Alone in its process, because the recorder is
//! global.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]
#![cfg(feature = "metrics")]

mod common;

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use close_notify_linger::{Limits, Lingerer, metrics};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use common::{draining, far, shut_sockets};

/// Name and labels, and what the recorder got since the last look.
fn seen(snapshotter: &Snapshotter) -> HashMap<String, f64> {
    let values = snapshotter.snapshot().into_vec().into_iter().map(|(key, unit, description, value)| {
        assert!(unit.is_some() && description.is_some(), "{key:?} is not described");
        let labels: Vec<_> = key.key().labels().map(|label| label.value()).collect();
        let number = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(_) => panic!("there is none"),
        };
        (format!("{} {}", key.key().name(), labels.join(",")).trim().to_owned(), number)
    });
    values.collect()
}

#[test]
fn a_recorder_gets_every_change() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let limits = Limits { patience: Duration::from_secs(60), connections: 2 };
    let lingerer = Lingerer::spawn(limits).unwrap();
    let ended = |end| format!("{} {end}", metrics::ENDED);

    let mut peers = Vec::new();
    for _ in 0..3 {
        let (ours, peer) = shut_sockets();
        lingerer.add(ours, draining(10)).unwrap();
        peers.push(peer);
    }
    let now = seen(&snapshotter);
    assert_eq!((now[metrics::LINGERING], now[&ended("gave_way")]), (2.0, 1.0));

    peers[1].write_all(&[7; 11]).unwrap();
    peers[2].shutdown(std::net::Shutdown::Write).unwrap();
    lingerer.finish(far());
    lingerer.add(shut_sockets().0, draining(10)).unwrap_err();
    let now = seen(&snapshotter);
    assert_eq!((now[metrics::LINGERING], now[metrics::DRAINED]), (-2.0, 11.0));
    assert_eq!((now[&ended("fin")], now[&ended("over_budget")]), (1.0, 1.0));
    assert_eq!((now[&ended("reset")], now[&ended("timed_out")]), (0.0, 0.0));
    assert_eq!(now[metrics::NOT_TAKEN], 1.0);
    assert_eq!(now.len(), 8);
}
