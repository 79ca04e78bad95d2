//! Two ends made by tokio-rustls, which our streams then take over, or which one of our calls ends
//! at once.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use close_notify::linger::Lingerer;
use close_notify::tasks::{Stream, Transport, WithEnding};
use close_notify::{Close, Ending, Policy, Tls};
use rustls::{ClientConfig, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream, client, server};

use super::super::makers::name;
use super::super::opening::REASON;
use super::ends::{Begun, Made};
use super::setting::{Setting, Wrapped};
use super::tasks::{Tasks, briefly, runtime};

/// Makes both ends over these transports of tokio. A peer cannot make this fail: nothing disturbs
/// the handshake.
pub(super) fn wrapped<IO: Transport + Debug + 'static>(
    setting: &Setting,
    wrapped: Wrapped,
    (client, server): (ClientConfig, ServerConfig),
    transports: [IO; 2],
    service: Option<&Lingerer>,
) -> io::Result<[Made; 2]> {
    let (near, far) = shaken((client, server), transports)?;
    let [ours, theirs] = setting.policies;
    Ok(match wrapped {
        Wrapped::AsTheyAre => [kept(near, ours, service), kept(far, theirs, service)],
        Wrapped::Either => {
            let (near, far) = (TlsStream::Client(near), TlsStream::Server(far));
            [kept(near, ours, service), kept(far, theirs, service)]
        }
        Wrapped::EndedAtOnce(how) => [kept(near, ours, service), used_up(far, how, theirs)],
    })
}

/// Two streams of tokio-rustls after their handshake.
fn shaken<IO: Transport>(
    (client, server): (ClientConfig, ServerConfig),
    [near, far]: [IO; 2],
) -> io::Result<(client::TlsStream<IO>, server::TlsStream<IO>)> {
    let connects = TlsConnector::from(Arc::new(client)).connect(name(0), near);
    let accepts = TlsAcceptor::from(Arc::new(server)).accept(far);
    let (near, far) = runtime().block_on(async { tokio::join!(connects, accepts) });
    Ok((near?, far?))
}

fn kept<S>(stream: S, policy: Policy, service: Option<&Lingerer>) -> Made
where
    S: WithEnding<Transport: Debug + 'static, Connection: Tls + Unpin + Debug + 'static>,
    Tasks<S::Transport, S::Connection>: super::ends::Socketed,
{
    let mut stream: Stream<_, _> = stream.with_ending(policy);
    service.into_iter().for_each(|service| stream.set_lingerer(service));
    Ok(Begun::Adopted(Box::new(Tasks(stream))))
}

/// How one of our calls ends a stream of tokio-rustls.
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    Close(Close),
    Abort,
    Reject,
    HandBack,
}

fn used_up(stream: impl WithEnding, how: How, policy: Policy) -> Made {
    let ending: Option<Ending> = match how {
        How::Close(manner) => Some(briefly(stream.close(policy, manner))?),
        How::Abort => Some(stream.abort()?),
        How::Reject => Some(briefly(stream.reject(REASON))?),
        How::HandBack => {
            briefly(stream.hand_back(policy))?;
            None
        }
    };
    Ok(Begun::Ended(ending))
}
