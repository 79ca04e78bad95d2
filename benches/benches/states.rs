//! How many unique states per second does the explorer judge?
//!
//! Expected: at least 500,000 on one core, with every claim of the configuration judged in each.
//! The default run holds sixteen million states and must end within a minute on two cores.

use std::time::Duration;

use close_notify_model::check::judge::{judge, unhindered};
use close_notify_model::configs::family;
use close_notify_model::pair::Pair;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn states(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("states");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for name in [
        "upload/1.3/linger/unread/overtaking",
        "crossed/1.3/graceful-linger",
        "half-close/1.3/graceful/strict",
    ] {
        let pair = Pair::new(family::named(name).expect("a configuration"));
        let states = judge(&pair, unhindered()).expect("explored whole").states;
        group.throughput(Throughput::Elements(states as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| judge(&pair, unhindered()).expect("explored whole"))
        });
    }
    group.finish();
}

criterion_group!(benches, states);
criterion_main!(benches);
