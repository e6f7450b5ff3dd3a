//! Connections: accepting them up to a limit, timeouts while they wait for a client, and graceful
//! shutdown. The requests on them are answered by a [`Router`], which [`super::router`] builds.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time;

use super::limits::Limits;
use super::metrics::Metrics;
use super::peer::Peer;

/// How long a server that is shutting down waits for a client to send the rest of a body or to take an
/// answer. Process managers rarely wait longer before they kill.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// How long a client may take to read an answer, so that one that never reads does not keep its
/// connection forever. The largest answer has some megabytes, and synctool's own client gives up after
/// a minute.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(5);

/// The pause after a failed accept. The usual reason is the limit of open files, and then another
/// connection has to close first.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What a connection is waiting for, which decides how long it may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The client: the head of the first request.
    Head,
    /// The client: the rest of a request's body.
    Body,
    /// The server: the whole request is here, its answer is not.
    Work,
    /// The client: it is reading the answer, or has read it and may send another request.
    Answer,
}

/// Accepts connections until `shutdown` completes, and returns when all of them have ended.
pub(super) async fn run(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    router: Router,
    limits: &Limits,
    metrics: &Metrics,
) {
    let (stop, is_stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // Removes connections that have ended, so that `len` counts the open ones.
            Some(_) = connections.join_next() => {}
            (stream, peer) = accept(&listener), if connections.len() < limits.max_connections => {
                let (router, head_timeout) = (router.clone(), limits.head_timeout);
                connections.spawn(serve(stream, peer, router, head_timeout, is_stopping.clone()));
            }
        }
        metrics.connections(connections.len());
    }
    // Closes the port: from here on a connection attempt is refused.
    drop(listener);
    stop.send_replace(true);
    while connections.join_next().await.is_some() {}
}

/// Waits for the next connection; errors are logged and do not end the wait.
async fn accept(listener: &TcpListener) -> (TcpStream, Peer) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, Peer(address)),
            // The client closed it before it was accepted; the listener itself works.
            Err(error) if is_connection_error(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept a connection");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether an error of `accept` is about that one connection and not about the listener.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers the requests of one connection until the client or a timeout ends it, or the server shuts
/// down.
async fn serve(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    head_timeout: Duration,
    mut is_stopping: watch::Receiver<bool>,
) {
    let (phase, phases) = watch::channel(Phase::Head);
    let router = TowerToHyperService::new(router);
    let answer = service_fn(move |request| answer(&router, request, peer, phase.clone()));
    // The timeout of the head covers the idle time before it too.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    // The result is ignored: an error means that the client has gone, and its answered requests stay
    // answered.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = phase_timeout(phases.clone(), time_limit) => return,
        // `run` drops the sender only after the last connection has ended, so this is no error.
        _ = is_stopping.wait_for(|is_stopping| *is_stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        // The connection is polled first, so that a request that has arrived changes the phase before
        // the timeout looks at it.
        biased;
        _ = connection => {}
        () = phase_timeout(phases, shutdown_time_limit) => {}
    }
}

/// Answers a request, and publishes the phases it goes through.
fn answer(
    router: &TowerToHyperService<Router>,
    mut request: Request<Incoming>,
    peer: Peer,
    phase: watch::Sender<Phase>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + use<> {
    phase.send_replace(if request.body().is_end_stream() { Phase::Work } else { Phase::Body });
    request.extensions_mut().insert(peer);
    let answer = router.call(request.map(|body| TrackedBody { body, phase: phase.clone() }));
    async move {
        let answer = answer.await;
        phase.send_replace(Phase::Answer);
        answer
    }
}

/// How long a phase may last; `None` where the limit is elsewhere: [`http1`] has the timeout of heads,
/// [`super::body`] that of bodies.
fn time_limit(phase: Phase) -> Option<Duration> {
    (phase == Phase::Answer).then_some(ANSWER_TIMEOUT)
}

/// How long a phase may last once the server is shutting down; `None` is no limit: work is always
/// finished.
fn shutdown_time_limit(phase: Phase) -> Option<Duration> {
    match phase {
        Phase::Head => Some(Duration::ZERO),
        Phase::Body | Phase::Answer => Some(SHUTDOWN_GRACE),
        Phase::Work => None,
    }
}

/// Completes when a phase lasts longer than its limit.
async fn phase_timeout(mut phases: watch::Receiver<Phase>, limit: impl Fn(Phase) -> Option<Duration>) {
    loop {
        let phase = *phases.borrow_and_update();
        let timeout = async {
            match limit(phase) {
                Some(limit) => time::sleep(limit).await,
                None => pending().await,
            }
        };
        tokio::select! {
            // The connection has a sender, so this is no error.
            _ = phases.changed() => {}
            () = timeout => return,
        }
    }
}

/// A request's body that publishes [`Phase::Work`] when all of it has been read.
struct TrackedBody {
    body: Incoming,
    phase: watch::Sender<Phase>,
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.phase.send_replace(Phase::Work);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn shutdown_waits_for_work_without_limit_and_for_clients_up_to_the_grace_period() {
        let long = SHUTDOWN_GRACE * 100;
        for (phase, waits) in [
            (Phase::Head, Some(Duration::ZERO)),
            (Phase::Body, Some(SHUTDOWN_GRACE)),
            (Phase::Work, None),
            (Phase::Answer, Some(SHUTDOWN_GRACE)),
        ] {
            let (_sender, phases) = watch::channel(phase);
            let start = time::Instant::now();
            let ended = time::timeout(long, phase_timeout(phases, shutdown_time_limit)).await.ok();
            assert_eq!(
                ended.map(|()| start.elapsed().as_secs()),
                waits.map(|wait| wait.as_secs()),
                "{phase:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_starts_its_own_timeout() {
        let (sender, phases) = watch::channel(Phase::Body);
        let start = time::Instant::now();
        let work = async {
            time::sleep(SHUTDOWN_GRACE / 2).await;
            sender.send_replace(Phase::Work);
            time::sleep(SHUTDOWN_GRACE * 2).await;
            sender.send_replace(Phase::Answer);
        };
        tokio::join!(work, phase_timeout(phases, shutdown_time_limit));
        assert_eq!(
            start.elapsed().as_secs(),
            (SHUTDOWN_GRACE / 2 + SHUTDOWN_GRACE * 2 + SHUTDOWN_GRACE).as_secs()
        );
    }
}
