//! Work that several threads do one after the other, in the order of their tickets: what they have encoded
//! side by side is put together in upload order. What the work is, is decided in [`super::encoder`].

use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, PoisonError};

/// A value that the thread with the next ticket has to itself. Tickets are numbers from 0, without gaps.
#[derive(Debug)]
pub(super) struct InTurn<T> {
    state: Mutex<State<T>>,
    has_changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// The ticket whose turn it is.
    ticket: u64,
    /// Whether no other ticket gets its turn.
    has_ended: bool,
    value: T,
}

impl<T> InTurn<T> {
    pub(super) fn new(value: T) -> Self {
        Self { state: Mutex::new(State { ticket: 0, has_ended: false, value }), has_changed: Condvar::new() }
    }

    /// Waits until all earlier tickets have had their turn, and does the work. After a [`ControlFlow::Break`],
    /// or a panic, no other ticket gets its turn.
    ///
    /// `None`: it has ended before.
    pub(super) fn take<R>(&self, ticket: u64, work: impl FnOnce(&mut T) -> ControlFlow<R, R>) -> Option<R> {
        // Dropped after the lock, also by a panic, which poisons the lock.
        let _wake = Wake(&self.has_changed);
        let must_wait = |state: &mut State<T>| state.ticket != ticket && !state.has_ended;
        let state = self.state.lock().ok()?;
        let mut state = self.has_changed.wait_while(state, must_wait).ok()?;
        if state.has_ended {
            return None;
        }
        let done = work(&mut state.value);
        state.ticket += 1;
        state.has_ended = done.is_break();
        match done {
            ControlFlow::Continue(result) | ControlFlow::Break(result) => Some(result),
        }
    }

    /// From now on no ticket gets its turn: the thread with the next one has panicked.
    pub(super) fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).has_ended = true;
        self.has_changed.notify_all();
    }
}

/// Wakes all threads that wait for their turn when it is dropped.
struct Wake<'t>(&'t Condvar);

impl Drop for Wake<'_> {
    fn drop(&mut self) {
        self.0.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    /// Takes all turns with four threads; `work` gets each ticket.
    fn with_four_threads(
        turns: &InTurn<Vec<u64>>,
        tickets: u64,
        work: impl Fn(u64) -> ControlFlow<()> + Sync,
    ) {
        let next = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let ticket = next.fetch_add(1, Ordering::Relaxed);
                        let took = turns.take(ticket, |taken| {
                            taken.push(ticket);
                            work(ticket)
                        });
                        if took.is_none() || ticket >= tickets {
                            return;
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn every_ticket_gets_its_turn_in_order() {
        let turns = InTurn::new(Vec::new());
        with_four_threads(&turns, 1000, |ticket| {
            if ticket < 1000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert_eq!(turns.state.into_inner().unwrap().value, (0..=1000).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_in_a_turn_ends_the_waiting_of_all_threads() {
        let turns = InTurn::new(Vec::new());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            with_four_threads(&turns, 1000, |ticket| {
                assert!(ticket < 50, "the test's panic");
                ControlFlow::Continue(())
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(turns.take(51, |_| ControlFlow::Continue(())), None);
    }

    #[test]
    fn an_end_wakes_a_thread_that_waits() {
        let turns = InTurn::new(());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| turns.take(1, |()| ControlFlow::Continue(())));
            turns.end();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
