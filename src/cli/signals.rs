//! SIGINT and SIGTERM: the first one cancels a run cooperatively, the second one ends the process. What
//! is cancelled is decided by the subcommands.

use std::time::Duration;

use tokio::sync::watch;

use super::exit::{self, SIGINT};

/// For how long a second signal waits for what is to be printed.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The number of the first signal, once it was received.
#[derive(Debug, Clone)]
pub(super) struct Signals(watch::Receiver<Option<u8>>);

impl Signals {
    /// Listens from now on; needs a tokio runtime.
    pub(super) fn listen() -> Self {
        Self::listen_and(|| {})
    }

    /// The same; a second signal calls `last` before the process ends, and waits for it for a moment.
    pub(super) fn listen_and(last: impl FnOnce() + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(None);
        // Of one type, so that the task is compiled once.
        let last: Box<dyn FnOnce() + Send> = Box::new(last);
        tokio::spawn(async move {
            let first = next().await;
            sender.send_replace(Some(first));
            let second = next().await;
            // On a thread of its own: a reader that takes nothing from a pipe must not hold up the end.
            let (done, is_done) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                last();
                // Without a receiver the process has ended.
                let _ = done.send(());
            });
            // Whether it was done or not, the process ends.
            let _ = is_done.recv_timeout(LAST_WORDS);
            end_process(second);
        });
        Self(receiver)
    }

    /// Waits for the first signal; without one, forever.
    pub(super) async fn first(&self) -> u8 {
        let mut receiver = self.0.clone();
        let signal = receiver.wait_for(Option::is_some).await.ok().map(|signal| signal.unwrap_or(SIGINT));
        match signal {
            Some(signal) => signal,
            // The listener has ended with the runtime, so no signal can be received any more.
            None => std::future::pending().await,
        }
    }

    /// The number of the first signal, if there was one.
    pub(super) fn received(&self) -> Option<u8> {
        *self.0.borrow()
    }
}

#[expect(clippy::exit, reason = "a second signal ends the process even while requests are in flight")]
fn end_process(signal: u8) {
    std::process::exit(i32::from(exit::SIGNAL + signal));
}

#[cfg(unix)]
async fn next() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Signals keep their default effect, which is to end the process.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => SIGINT,
        _ = terminate.recv() => exit::SIGTERM,
    }
}

#[cfg(not(unix))]
async fn next() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => SIGINT,
        Err(_) => std::future::pending().await,
    }
}
