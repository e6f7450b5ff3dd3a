//! SIGINT and SIGTERM: the first one asks politely, the second one is obeyed at once.

use tokio::sync::watch;

use super::exit;

/// SIGINT's number.
pub(super) const SIGINT: u8 = 2;
/// SIGTERM's number.
#[cfg(unix)]
const SIGTERM: u8 = 15;

/// The number of the first signal, once there was one.
#[derive(Debug, Clone)]
pub(super) struct Signals(watch::Receiver<Option<u8>>);

impl Signals {
    /// Listens from now on; needs a tokio runtime.
    pub(super) fn listen() -> Self {
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let first = next().await;
            sender.send_replace(Some(first));
            leave(next().await);
        });
        Self(receiver)
    }

    /// Waits for the first signal; for ever, if none comes.
    pub(super) async fn first(&self) -> u8 {
        let mut receiver = self.0.clone();
        let signal = receiver.wait_for(Option::is_some).await.ok().map(|signal| signal.unwrap_or(SIGINT));
        match signal {
            Some(signal) => signal,
            // The listener went with the runtime, so no signal can come any more.
            None => std::future::pending().await,
        }
    }

    /// The first signal, if there was one.
    pub(super) fn received(&self) -> Option<u8> {
        *self.0.borrow()
    }
}

#[expect(clippy::exit, reason = "a second signal means now, whatever is still in flight")]
fn leave(signal: u8) {
    std::process::exit(i32::from(exit::SIGNAL + signal));
}

#[cfg(unix)]
async fn next() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Then signals keep their default effect, which is to end the process.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => SIGINT,
        _ = terminate.recv() => SIGTERM,
    }
}

#[cfg(not(unix))]
async fn next() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => SIGINT,
        Err(_) => std::future::pending().await,
    }
}
