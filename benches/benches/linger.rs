//! What does a lingering connection cost, in time and in memory, and does it cost more if there are
//! many?
//!
//! Expected: at most 64 bytes each. Real sockets: a few microseconds of processor time each, all of
//! it the kernel's, at 18,000 at most 1.3 × that at 10. A stand-in whose read is one system call:
//! at 100,000 at most 1.3 × that at 10. The ratio of stand-ins without any call shows only what the
//! processor's caches make of 4 MB.
//!
//! Every round does the same number of connections in every batch size, in rotating order. Ratios
//! are paired within a round. The peers of real sockets live in another process, because a process
//! may open 20,000 files here. Its time does not count. `--test` runs each once with few
//! connections.

use std::fs::File;
use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use close_notify_benches::crowd::{ARGUMENT, Crowd, serve};
use close_notify_core::{Draining, Event, Machine, Manner, Policy, Role, Version};
use close_notify_linger::{Engine, Limits, Lingerer, Source};
use rustix::time::{ClockId, clock_gettime};

const LIMITS: Limits = Limits { patience: Duration::from_secs(600), connections: u32::MAX };

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == ARGUMENT) {
        return serve(arguments[at + 1].parse().expect("an address"));
    }
    let quick = arguments.iter().any(|argument| argument == "--test");
    let (rounds, stand_ins, sockets): (usize, &[usize], &[usize]) = if quick {
        (1, &[10, 1000], &[10, 100])
    } else {
        (7, &[10, 1000, 18_000, 100_000], &[10, 1000, 18_000])
    };
    let null = Arc::new(File::open("/dev/null")?);
    compare("stand-ins, no system call", stand_ins, rounds, |size, total| stand_in(&Bare, size, total));
    compare("stand-ins, one read(2) each", stand_ins, rounds, |size, total| {
        stand_in(&Null(null.clone()), size, total)
    });
    let mut crowd = Crowd::start()?;
    let lingerer = Lingerer::spawn(LIMITS)?;
    compare("sockets over loopback, processor time", sockets, rounds, |size, total| {
        real(&lingerer, &mut crowd, size, total).expect("loopback")
    });
    Ok(())
}

/// The cost of one batch size in one round.
struct Cost {
    time: Duration,
    /// The most bytes that were held at once.
    bytes: u64,
}

/// Prints the cost of each batch size, and its ratio to that of the first.
fn compare(title: &str, sizes: &[usize], rounds: usize, mut run: impl FnMut(usize, usize) -> Cost) {
    let total = *sizes.last().expect("sizes");
    let mut samples = vec![Vec::new(); sizes.len()];
    let mut bytes = vec![0; sizes.len()];
    for round in 0..=rounds {
        for turn in 0..sizes.len() {
            let index = (turn + round) % sizes.len();
            let connections = total / sizes[index] * sizes[index];
            let cost = run(sizes[index], connections);
            bytes[index] = cost.bytes;
            // The first round warms up.
            if round > 0 {
                samples[index].push(cost.time.as_secs_f64() * 1e9 / connections as f64);
            }
        }
    }
    println!("{title} ({rounds} rounds of {total})");
    println!("  {:>9} {:>14} {:>12} {:>11}", "at once", "a connection", "ratio to 10", "bytes each");
    for (index, size) in sizes.iter().enumerate() {
        let ratio = median(samples[index].iter().zip(&samples[0]).map(|(time, ten)| time / ten).collect());
        let time = median(samples[index].clone());
        let each = bytes[index] as f64 / *size as f64;
        println!("  {size:>9} {time:>11.1} ns {ratio:>12.3} {each:>11.1}");
        // If there are few, few share a chunk that is not full.
        assert!(*size < 1000 || each <= 64.0, "{each} bytes each");
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn draining() -> Draining {
    let mut machine = Machine::established(Version::Tls13, Role::Server, Policy::STRICT);
    let steps = [
        Event::Close(Manner::Linger),
        Event::DeadlineStarted,
        Event::OutputSealed,
        Event::OutputWritten,
        Event::WriteShut,
    ];
    steps.into_iter().for_each(|event| machine.handle(event).expect("a row of the table"));
    machine.lingering().expect("nothing but the transport is left")
}

/// A peer that has ended its stream.
#[derive(Clone)]
struct Bare;

impl Read for Bare {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Source for Bare {
    fn reset(self) {}
}

/// The same, but through a system call: one descriptor for all.
#[derive(Clone)]
struct Null(Arc<File>);

impl Read for Null {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Source for Null {
    fn reset(self) {}
}

/// Adds a batch, marks all of it ready and ends it, until `total` have ended.
fn stand_in<S: Source + Clone>(source: &S, size: usize, total: usize) -> Cost {
    let (draining, now) = (draining(), Instant::now());
    let mut engine = Engine::new(LIMITS, now).expect("limits");
    let mut keys = Vec::with_capacity(size);
    let mut time = Duration::ZERO;
    let mut bytes = 0;
    for batch in 0..total / size {
        let mut add =
            || keys.extend((0..size).filter_map(|_| engine.add(source.clone(), draining, None, now)));
        let start = Instant::now();
        // All later batches use what the first one allocates.
        if batch == 0 {
            bytes = allocation_counter::measure(&mut add).bytes_max
        } else {
            add()
        }
        keys.drain(..).for_each(|key| engine.ready(key));
        while engine.turn(now, 64) {}
        time += start.elapsed();
    }
    assert_eq!(engine.counters().by_fin, total as u64);
    Cost { time, bytes }
}

/// The processor time to add sockets whose write side is shut, and of the service until all have
/// ended by FIN.
fn real(lingerer: &Lingerer, crowd: &mut Crowd, size: usize, total: usize) -> io::Result<Cost> {
    let draining = draining();
    let mut cost = Cost { time: Duration::ZERO, bytes: 0 };
    for batch in 0..total / size {
        let sockets = crowd.connect(size)?;
        sockets.iter().try_for_each(|socket| socket.shutdown(Shutdown::Write))?;
        let by_fin = lingerer.counters().by_fin + size as u64;
        let add = || sockets.into_iter().try_for_each(|socket: TcpStream| lingerer.add(socket, draining));
        let start = spent(ClockId::ProcessCPUTime);
        if batch == 0 {
            let mut added = Ok(());
            cost.bytes = allocation_counter::measure(|| added = add()).bytes_max;
            added?;
        } else {
            add()?;
        }
        let waiting = spent(ClockId::ThreadCPUTime);
        crowd.end()?;
        while lingerer.counters().lingering > 0 {
            thread::sleep(Duration::from_micros(200));
        }
        assert_eq!(lingerer.counters().by_fin, by_fin);
        // Waiting in this thread is not part of the service.
        let waited = spent(ClockId::ThreadCPUTime) - waiting;
        cost.time += (spent(ClockId::ProcessCPUTime) - start).saturating_sub(waited);
    }
    Ok(cost)
}

fn spent(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
