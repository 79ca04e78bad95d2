//! Streams over tokio's transports: the same driver and the same machine, with tasks that sleep where threads block.
//!
//! Decides nothing about closing. Leaves to the driver, which it shares with the blocking streams, what is repeated.
//!
//! > **What holds after a cancel.** The machine has what was asked and what was done: a future that is dropped loses
//! > nothing. Call again, and the rest is done; drop the stream, and the peer sees as much of the end as had left.
//!
//! Every call that waits wakes every task that waits on the same stream: halves that are split, by us or by
//! `tokio::io::split`, may read, write and close in tasks of their own.
//!
//! ```
//! use close_notify::tokio::Stream;
//! use close_notify::{Manner, Policy};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! async fn ask(stream: tokio_rustls::client::TlsStream<tokio::net::TcpStream>) -> std::io::Result<String> {
//!     use close_notify::tokio::WithEnding;
//!     let mut stream = stream.with_ending(Policy::STRICT);
//!     stream.write_all(b"question").await?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?; // fails if anybody cut the answer
//!     println!("{}", stream.close(Manner::Graceful).await?);
//!     Ok(answer)
//! }
//! ```

mod polled;
mod relay;
mod split;
mod stream;
mod transport;
mod wakers;
mod wrap;

pub use relay::{Plain, Relayed, Side, copy_bidirectional};
pub use split::{Handle, ReadHalf, WriteHalf};
pub use stream::Stream;
pub use transport::{Irresettable, Transport};
pub use wrap::WithEnding;
