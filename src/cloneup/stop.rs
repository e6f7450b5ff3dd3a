//! Asking a run to stop, and hearing of it.

use tokio::sync::watch;

/// The side that asks.
#[derive(Debug, Clone)]
pub struct StopHandle(watch::Sender<bool>);

/// The side that hears.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// A new pair. A handle that is dropped asks for nothing.
#[must_use]
pub fn stop_channel() -> (StopHandle, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopHandle(sender), Stop(receiver))
}

impl StopHandle {
    /// Asks: nothing new is sent, what is in flight is awaited.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether somebody has asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody asks; for ever, if nobody does.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|asked| *asked).await.is_err() {
            // Every handle is gone, so nobody can ask any more.
            std::future::pending::<()>().await;
        }
    }
}
