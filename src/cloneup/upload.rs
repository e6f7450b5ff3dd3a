//! The sending side: keeps requests in flight, up to the limit and across no barrier, and
//! gives every answer to the tally (contract 3.1, stages A to C).

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;

use super::Job;
use super::deliver::{Courier, Delivery};
use super::observer::Event;
use super::plan::Plan;
use super::produce::{Item, Producer};
use super::stop::stop_channel;
use super::tally::Tally;
use crate::offline::{OfflineError, Snapshot};

/// How many items wait between reading and sending: enough that a request that ends finds
/// the next batch ready, few enough that a large batch size stays small in memory.
const READ_AHEAD: usize = 2;

/// Uploads everything in the plan.
pub(super) async fn upload(job: &Job<'_>, plan: &Arc<Plan>, snapshot: Snapshot, tally: &mut Tally<'_>) {
    let (sender, items) = mpsc::channel(READ_AHEAD);
    let reader = {
        let (plan, options, schema) = (Arc::clone(plan), Arc::clone(&job.options), Arc::clone(&job.schema));
        let client_id = job.client_id.clone();
        tokio::task::spawn_blocking(move || {
            Producer {
                plan: &plan,
                options: &options,
                schema: &schema,
                client_id: &client_id,
                snapshot: &snapshot,
                items: sender,
            }
            .run();
        })
    };
    let (halt, halted) = stop_channel();
    let courier = Courier {
        remote: job.remote,
        backoff: job.remote.backoff(job.options.max_retries()),
        fail_fast: job.options.fail_fast,
        observer: job.observer,
        halt,
        halted,
    };
    send_all(job, &courier, items, tally).await;
    // The reader ends as soon as nobody takes its items; a panic in it must not be lost.
    if let Err(error) = reader.await
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

async fn send_all(
    job: &Job<'_>,
    courier: &Courier<'_>,
    mut items: mpsc::Receiver<Result<Item, OfflineError>>,
    tally: &mut Tally<'_>,
) {
    let mut in_flight = FuturesUnordered::new();
    // A barrier that was read and has not been reached by all answers yet.
    let mut barrier: Option<Item> = None;
    let mut is_reading = true;
    loop {
        let is_halted = courier.halted.is_requested();
        if in_flight.is_empty()
            && !is_halted
            && let Some(Item::Part(part)) = barrier.take()
        {
            tally.start(part);
            job.observer.on(&Event::PartStarted { part });
        }
        let wants_more =
            is_reading && !is_halted && barrier.is_none() && in_flight.len() < job.options.concurrency.get();
        tokio::select! {
            Some(delivery) = in_flight.next(), if !in_flight.is_empty() => {
                observe(job, &delivery);
                tally.add(delivery);
            }
            item = items.recv(), if wants_more => match item {
                Some(Ok(Item::Batch(batch))) => in_flight.push(courier.deliver(batch)),
                Some(Ok(other)) => barrier = Some(other),
                Some(Err(error)) => {
                    tally.fail_offline(&error);
                    courier.halt.stop();
                }
                None => is_reading = false,
            },
            () = job.stop.requested(), if !is_halted && is_reading => {
                tally.cancel();
                courier.halt.stop();
            }
            else => return,
        }
    }
}

fn observe(job: &Job<'_>, delivery: &Delivery) {
    job.observer.on(&Event::Answered {
        part: delivery.part,
        rows: delivery.rows,
        bytes: delivery.bytes,
        requests: delivery.requests,
    });
}
