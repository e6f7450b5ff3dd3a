//! The metrics of a server, in the Prometheus text format: [`registry`] has them all, [`labels`] what tells
//! their time series apart. The route is in [`super::operations`]. What each one means, and which alerts
//! they are for, is in `docs/operations.md`.

mod labels;
mod registry;

pub(super) use registry::{Metrics, Reading};
