//! Connections: how many there are, how long each may make the server wait, and how they end.
//! What is asked on them is [`super::router`]'s business.

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

/// How long a stopping server waits for a client: for the rest of a body that has begun to
/// come, and for an answer to be taken. Those who end a process seldom wait longer themselves.
const GRACE: Duration = Duration::from_secs(10);

/// How long a client may take over an answer. The largest is some megabytes, and a client of
/// ours waits a minute for it; one that never reads must not keep its connection for ever.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(5);

/// How long to wait when no connection can be accepted, most often for want of files: one of
/// those that are open has to end first.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What a connection is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The head of its first request.
    Head,
    /// The rest of a request's body.
    Body,
    /// The server, which has all of the request.
    Work,
    /// The client, which is taking the answer, or has it and may ask again.
    Answer,
}

/// Accepts connections until `shutdown` is done, and returns when all of them have ended.
pub(super) async fn run(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    router: Router,
    limits: &Limits,
) {
    let (stop, is_stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // Those that have ended make room.
            Some(_) = connections.join_next() => {}
            stream = accept(&listener), if connections.len() < limits.max_connections => {
                let connection = serve(stream, router.clone(), limits.head_timeout, is_stopping.clone());
                connections.spawn(connection);
            }
        }
    }
    // Nobody can connect any more.
    drop(listener);
    stop.send_replace(true);
    while connections.join_next().await.is_some() {}
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // It was gone before it was accepted; the next one has nothing to do with it.
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept a connection");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers the requests of one connection until it ends, or has to.
async fn serve(
    stream: TcpStream,
    router: Router,
    head_timeout: Duration,
    mut is_stopping: watch::Receiver<bool>,
) {
    let (phase, phases) = watch::channel(Phase::Head);
    let router = TowerToHyperService::new(router);
    let answer = service_fn(move |request| answer(&router, request, phase.clone()));
    // The head's timeout is that of an idle connection too.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    // How a connection ends makes no difference: its client knows what it was answered.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = overdue(phases.clone(), patience) => return,
        // The sender is there until the last connection has ended.
        _ = is_stopping.wait_for(|is_stopping| *is_stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        // First, so that a request that has arrived is seen before nothing is waited for.
        biased;
        _ = connection => {}
        () = overdue(phases, last_patience) => {}
    }
}

/// Answers a request, and tells how far that is.
fn answer(
    router: &TowerToHyperService<Router>,
    request: Request<Incoming>,
    phase: watch::Sender<Phase>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + use<> {
    phase.send_replace(if request.body().is_end_stream() { Phase::Work } else { Phase::Body });
    let answer = router.call(request.map(|body| Arriving { body, phase: phase.clone() }));
    async move {
        let answer = answer.await;
        phase.send_replace(Phase::Answer);
        answer
    }
}

/// How long a phase may last; `None` where others see to that: [`http1`] to heads, and
/// [`super::body`] to bodies.
fn patience(phase: Phase) -> Option<Duration> {
    (phase == Phase::Answer).then_some(ANSWER_TIMEOUT)
}

/// The same once the server is stopping.
fn last_patience(phase: Phase) -> Option<Duration> {
    match phase {
        Phase::Head => Some(Duration::ZERO),
        Phase::Body | Phase::Answer => Some(GRACE),
        Phase::Work => None,
    }
}

/// Waits until a phase lasts longer than it may.
async fn overdue(mut phases: watch::Receiver<Phase>, patience: impl Fn(Phase) -> Option<Duration>) {
    loop {
        let phase = *phases.borrow_and_update();
        let is_over = async {
            match patience(phase) {
                Some(patience) => time::sleep(patience).await,
                None => pending().await,
            }
        };
        tokio::select! {
            // The sender is there as long as the connection.
            _ = phases.changed() => {}
            () = is_over => return,
        }
    }
}

/// A request's body that tells when all of it is there.
struct Arriving {
    body: Incoming,
    phase: watch::Sender<Phase>,
}

impl HttpBody for Arriving {
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
    async fn a_stopping_server_waits_for_its_own_work_and_not_for_clients() {
        let long = GRACE * 100;
        for (phase, waits) in [
            (Phase::Head, Some(Duration::ZERO)),
            (Phase::Body, Some(GRACE)),
            (Phase::Work, None),
            (Phase::Answer, Some(GRACE)),
        ] {
            let (_sender, phases) = watch::channel(phase);
            let start = time::Instant::now();
            let ended = time::timeout(long, overdue(phases, last_patience)).await.ok();
            assert_eq!(
                ended.map(|()| start.elapsed().as_secs()),
                waits.map(|wait| wait.as_secs()),
                "{phase:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_own_time() {
        let (sender, phases) = watch::channel(Phase::Body);
        let start = time::Instant::now();
        let work = async {
            time::sleep(GRACE / 2).await;
            sender.send_replace(Phase::Work);
            time::sleep(GRACE * 2).await;
            sender.send_replace(Phase::Answer);
        };
        tokio::join!(work, overdue(phases, last_patience));
        assert_eq!(start.elapsed().as_secs(), (GRACE / 2 + GRACE * 2 + GRACE).as_secs());
    }
}
