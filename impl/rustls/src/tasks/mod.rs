//! Streams over tokio's transports: the same driver and the same machine as the blocking streams,
//! with suspended tasks in place of blocked threads.
//!
//! Decides nothing about closing. Leaves to the driver, which it shares with the blocking streams,
//! what is repeated.
//!
//! > **Cancel safety.** The machine keeps what was asked and what was done: dropping a future loses
//! > nothing. Call again to do the rest. If the stream is dropped instead, the peer sees as much of
//! > the end as had left.
//!
//! Whatever ends a wait wakes every task that waits on the same stream. Halves, split by this crate
//! or by `tokio::io::split`, may read, write and close in their own tasks, and a [`Handle`] may
//! close from any number of tasks.
//!
//! A client and a server that both end cleanly, and know it:
//!
//! ```
//! use close_notify::{Acceptor, Close, Connector, Ending, Policy};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::{TcpListener, TcpStream};
//!
//! # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (client_config, server_config) = lab::configs();
//! let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
//! let address = listener.local_addr()?;
//! let server = tokio::spawn(async move {
//!     let socket = listener.accept().await?.0;
//!     let mut server = Acceptor::new(server_config, Policy::STRICT).accept_async(socket).await?;
//!     server.read_exact(&mut [0; 8]).await?;
//!     server.write_all(b"answer").await?;
//!     server.close(Close::Graceful).await // and waits for the client's close_notify
//! });
//!
//! let connector = Connector::new(client_config, Policy::STRICT);
//! let socket = TcpStream::connect(address).await?;
//! let mut client = connector.connect_async("localhost".try_into()?, socket).await?;
//! client.write_all(b"question").await?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer).await?; // fails if anybody cut the answer
//! let ending: Ending = client.close(Close::Graceful).await?;
//!
//! assert_eq!(answer, "answer");
//! assert!(ending.is_clean());
//! assert!(server.await??.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! [`WithEnding`] turns a tokio-rustls stream into such a stream.

mod driven;
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
