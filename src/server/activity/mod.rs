//! What clients have been doing lately, in memory: the pushes that were answered, by client, the last
//! rejected mutations, and how many changes there were in each of the last seconds. It is counted whether
//! anyone looks or not, and bounded whatever clients send; [`super::page`] shows it. The counters for
//! Prometheus are in [`super::metrics`].
//!
//! [`record`] is what requests call; [`uploads`], [`rejections`] and [`throughput`] keep it; [`report`] is a
//! copy of it, which the servers of one store tell each other, and `merge` makes one of several; [`excerpt`] bounds texts.

mod excerpt;
#[cfg(feature = "postgres")]
mod merge;
mod record;
mod rejections;
mod report;
mod throughput;
mod uploads;

pub(super) use excerpt::excerpt;
pub(super) use record::{Activity, AnsweredPush};
pub(super) use report::ActivityReport;
pub(super) use throughput::{Throughput, WINDOW_SECONDS};
