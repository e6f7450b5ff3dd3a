//! A thread that redraws bars and prints lines when they are due. What they are is decided in
//! [`super::progress`] and [`super::databases`].

use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often bars are redrawn, and how often a line may be due.
const TICK: Duration = Duration::from_millis(200);

/// What changes with time.
pub(super) trait Tick: Send + Sync + 'static {
    /// Redraws the bars, and prints the lines that are due.
    fn tick(&self);
}

/// Ticks until the value has been dropped.
pub(super) fn start<T: Tick>(ticking: &Arc<T>) {
    let weak = Arc::downgrade(ticking);
    std::thread::spawn(move || run(&weak));
}

fn run<T: Tick>(ticking: &Weak<T>) {
    while let Some(ticking) = ticking.upgrade() {
        ticking.tick();
        drop(ticking);
        std::thread::sleep(TICK);
    }
}
