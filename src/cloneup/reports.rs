//! What blocking work reports while it runs: the latest report goes to the task that awaits the work.
//! Running the work itself is in [`super::blocking`].

use tokio::sync::watch;

use super::blocking::blocking;

/// Takes reports; each replaces the one before, so that slow readers miss some and memory stays flat.
pub(super) struct Reports<R>(watch::Sender<Option<R>>);

impl<R> Reports<R> {
    pub(super) fn send(&self, report: R) {
        self.0.send_replace(Some(report));
    }
}

/// Runs blocking work on a thread where it may block, and gives its reports to `receive` meanwhile.
pub(super) async fn blocking_with_reports<R: Clone + Send + Sync + 'static, T: Send + 'static>(
    work: impl FnOnce(&Reports<R>) -> T + Send + 'static,
    receive: impl Fn(&R),
) -> T {
    let (sender, mut receiver) = watch::channel(None);
    let working = blocking(move || work(&Reports(sender)));
    tokio::pin!(working);
    loop {
        tokio::select! {
            biased;
            // An error means that the work has ended.
            Ok(()) = receiver.changed() => {
                let report = receiver.borrow_and_update().clone();
                report.iter().for_each(&receive);
            }
            done = &mut working => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn every_report_arrives_that_is_awaited_and_the_last_one_always() {
        let (arrived, awaited) = channel();
        let received = Mutex::new(Vec::new());
        let result = blocking_with_reports(
            move |reports| {
                for report in 1..=3 {
                    reports.send(report);
                    awaited.recv().unwrap();
                }
                "done"
            },
            |report| {
                received.lock().unwrap().push(*report);
                arrived.send(()).unwrap();
            },
        );
        assert_eq!(result.await, "done");
        assert_eq!(received.into_inner().unwrap(), [1, 2, 3]);
    }
}
