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
    let done = loop {
        tokio::select! {
            // An error means that the work has ended.
            Ok(()) = receiver.changed() => {
                // Cloned, so that the work can send the next one meanwhile.
                let report = receiver.borrow_and_update().clone();
                report.iter().for_each(&receive);
            }
            done = &mut working => break done,
        }
    };
    // The work may have sent one more just before its end.
    let latest = receiver.borrow_and_update();
    latest.iter().filter(|_| latest.has_changed()).for_each(receive);
    done
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

    #[tokio::test]
    async fn a_report_at_the_very_end_of_the_work_arrives() {
        for number in 0..2000 {
            let received = Mutex::new(None);
            blocking_with_reports(
                move |reports| reports.send(number),
                |report| *received.lock().unwrap() = Some(*report),
            )
            .await;
            assert_eq!(received.into_inner().unwrap(), Some(number));
        }
    }
}
