//! A client writes its whole upload before it reads. How large may the upload be so that the client
//! still learns what the server said last? And what does reading it cost the server?
//!
//! Expected: all of them learn it while the upload is within `Policy::drain_budget` and what the
//! two kernels hold; a few milliseconds of processor time for 64 MiB.
//!
//! The client is plain rustls, and does as Python, wget, Java and Go do: it writes its whole
//! request, and then it reads. The server has read nothing: it rejects, or it answers and closes
//! with `Linger`. `--test` runs each once.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use close_notify::{AlertDescription, Close, Ending, Policy, Stream, TransportEnd, Version};
use close_notify_benches::setup::{own_connections, sockets};
use rustix::time::{ClockId, clock_gettime};
use rustls::{AlertDescription as Alert, ClientConnection, StreamOwned};

const MIB: usize = 1 << 20;
const UPLOADS: [usize; 7] = [MIB / 8, MIB, 4 * MIB, 8 * MIB, 32 * MIB, 64 * MIB, 128 * MIB];
const BUDGETS: [u32; 6] = [256 << 10, 4 << 20, 16 << 20, 32 << 20, 64 << 20, u32::MAX];
const ANSWER: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// What the server says last.
#[derive(Clone, Copy, Debug)]
enum Word {
    Rejects,
    Lingers,
}

fn main() -> io::Result<()> {
    let quick = std::env::args().any(|argument| argument == "--test");
    let (rounds, uploads): (usize, &[usize]) = if quick { (1, &UPLOADS[..2]) } else { (20, &UPLOADS) };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    for word in [Word::Rejects, Word::Lingers] {
        println!(
            "{word:?}: clients that learn it, of {} of each version; processor time of the server",
            rounds
        );
        let heads = BUDGETS.map(|budget| format!("{:>18}", size(budget as usize)));
        println!("  {:>8} {}", "upload", heads.concat());
        for &upload in uploads {
            let cells = BUDGETS.map(|budget| cell(&listener, word, upload, budget, rounds));
            println!("  {:>8} {}", size(upload), cells.into_iter().collect::<io::Result<String>>()?);
        }
    }
    Ok(())
}

fn cell(listener: &TcpListener, word: Word, upload: usize, budget: u32, rounds: usize) -> io::Result<String> {
    let (mut learned, mut all, mut spent) = (0, 0, Duration::ZERO);
    for version in [Version::Tls12, Version::Tls13] {
        for _ in 0..rounds {
            let (has_learned, ending, time) = run(listener, version, word, upload, budget)?;
            learned += usize::from(has_learned);
            all += 1;
            spent += time;
            // The server must not be wrong: if the peer has ended its stream, the peer has read it.
            assert!(has_learned || ending.transport != TransportEnd::PeerFin, "{ending}");
        }
    }
    Ok(format!("{:>8}/{all} {:>5.1} ms", learned, spent.as_secs_f64() * 1000.0 / f64::from(all)))
}

fn run(
    listener: &TcpListener,
    version: Version,
    word: Word,
    upload: usize,
    budget: u32,
) -> io::Result<(bool, Ending, Duration)> {
    let (client, server) = own_connections(version);
    let (near, far) = sockets(listener)?;
    let client = thread::spawn(move || learns(StreamOwned::new(client, near), word, upload));
    let policy = Policy { drain_budget: budget, ..Policy::https() };
    let mut server = Stream::new(server, far, policy);
    let began = thread_time();
    let ending = match word {
        Word::Rejects => server.reject(AlertDescription::ACCESS_DENIED)?,
        Word::Lingers => {
            server.write_all(ANSWER)?;
            server.close(Close::Linger)?
        }
    };
    let spent = thread_time() - began;
    drop(server);
    Ok((client.join().expect("the client does not panic"), ending, spent))
}

/// Writes everything, then reads. Returns whether it reads what the server said last.
fn learns(mut stream: StreamOwned<ClientConnection, TcpStream>, word: Word, upload: usize) -> bool {
    let piece = vec![7; 1 << 16];
    let mut left = upload;
    while left > 0 {
        let Ok(count) = stream.write(&piece[..left.min(piece.len())]) else { break };
        left -= count;
    }
    // Kinder than most clients: it reads even if it could not write everything.
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    match word {
        Word::Rejects => read.is_err_and(|error| {
            let refused = rustls::Error::AlertReceived(Alert::AccessDenied).to_string();
            error.to_string() == refused
        }),
        Word::Lingers => read.is_ok() && answer == ANSWER,
    }
}

fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn size(bytes: usize) -> String {
    match bytes {
        0..MIB => format!("{} KiB", bytes >> 10),
        _ if bytes == u32::MAX as usize => "no bound".to_owned(),
        _ => format!("{} MiB", bytes / MIB),
    }
}
