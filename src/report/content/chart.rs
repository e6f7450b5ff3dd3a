//! A chart of a run over time. It is drawn in [`crate::report::html`]; its numbers are in a table as well.

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Chart {
    pub(in crate::report) heading: &'static str,
    /// What it shows, in a sentence.
    pub(in crate::report) summary: String,
    /// The length of the time axis in milliseconds, and its marks: their places and texts.
    pub(in crate::report) length: u64,
    pub(in crate::report) marks: Vec<(u64, String)>,
    /// The highest value of the other axis, and its marks from the top to zero.
    pub(in crate::report) top: f64,
    pub(in crate::report) levels: [String; 3],
    /// The one that comes first is drawn first.
    pub(in crate::report) curves: Vec<Curve>,
    /// Single moments, with what happened: place, value, whether it is a change for the better, and words.
    pub(in crate::report) dots: Vec<(u64, f64, bool, String)>,
    /// Spans of time with their numbers in words.
    pub(in crate::report) places: Vec<(u64, u64, String)>,
    /// When everything was uploaded and something else began.
    pub(in crate::report) uploaded_at: Option<u64>,
}

/// One of the values of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Curve {
    /// Its name, where the chart has several.
    pub(in crate::report) name: &'static str,
    pub(in crate::report) shape: Shape,
    /// From when to when it has which value, in milliseconds since the beginning.
    pub(in crate::report) values: Vec<(u64, u64, Option<f64>)>,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Shape {
    /// The main value, filled.
    Area,
    /// The main value as a line.
    Line,
    /// A further value as a faint area.
    Shade,
}
