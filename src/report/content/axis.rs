//! The time axis of the charts of a run: it begins when sending does, and ends with the last event.

use super::chart::{Chart, Curve, Shape};
use super::scale::time_marks;
use super::words::duration;
use crate::report::record::{Interval, Run};

/// The time axis of the charts of a run.
pub(super) struct Axis {
    /// The beginning, in milliseconds since the Unix epoch.
    from: u64,
    length: u64,
    uploaded_at: Option<u64>,
}

impl Axis {
    pub(super) fn of(run: &Run) -> Self {
        let from = run.sending_since.unwrap_or(run.first);
        let length = run.last.saturating_sub(from).max(1);
        let uploaded_at = run.uploaded_at.map(|at| at.saturating_sub(from)).filter(|at| *at < length);
        Self { from, length, uploaded_at }
    }

    /// Its end, in milliseconds since its beginning.
    pub(super) fn end(&self) -> u64 {
        self.length
    }

    /// A place on the axis.
    pub(super) fn place(&self, at: u64) -> u64 {
        at.saturating_sub(self.from).min(self.length)
    }

    pub(super) fn chart(&self, heading: &'static str, top: f64, levels: [String; 3]) -> Chart {
        Chart {
            heading,
            summary: String::new(),
            length: self.length,
            marks: time_marks(self.length),
            top,
            levels,
            curves: Vec::new(),
            dots: Vec::new(),
            places: Vec::new(),
            uploaded_at: self.uploaded_at,
        }
    }

    /// The value of each interval.
    pub(super) fn curve(
        &self,
        name: &'static str,
        shape: Shape,
        intervals: &[Interval],
        value: impl Fn(&Interval) -> Option<f64>,
    ) -> Curve {
        let values = intervals.iter().map(|one| (self.place(one.from), self.place(one.to), value(one)));
        Curve { name, shape, values: values.collect() }
    }

    /// The numbers of each interval in words.
    pub(super) fn places(
        &self,
        intervals: &[Interval],
        words: impl Fn(&Interval) -> String,
    ) -> Vec<(u64, u64, String)> {
        let place = |one: &Interval| {
            let (from, to) = (self.place(one.from), self.place(one.to));
            (from, to, format!("{} to {}: {}", duration(from), duration(to), words(one)))
        };
        intervals.iter().map(place).collect()
    }
}
