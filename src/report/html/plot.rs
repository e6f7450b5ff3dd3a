//! Charts as inline SVG. The drawing is stretched to the width that there is; its texts are HTML, so that they
//! keep their size. Lines keep their width, and a dot is a line without a length.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::report::content::{Chart, Curve, Shape};

/// The size of the drawing in its own units.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 200.0;

/// A chart. `ids` is the number of those before it.
pub(super) fn figure(chart: &Chart, ids: &mut usize) -> Markup {
    *ids += 1;
    let (title, description) = (format!("t{ids}"), format!("d{ids}"));
    html! {
        figure {
            figcaption {
                strong { (chart.heading) }
                span { (chart.summary) }
                @for curve in chart.curves.iter().rev().filter(|curve| !curve.name.is_empty()) {
                    span.key.(class(curve.shape)) { (curve.name) }
                }
            }
            div.plot {
                div.y aria-hidden="true" { @for level in &chart.levels { span { (level) } } }
                svg role="img" aria-labelledby={ (title) " " (description) } viewBox="0 -4 1000 208" preserveAspectRatio="none" {
                    title id=(title) { (chart.heading) }
                    desc id=(description) { (description_of(chart)) }
                    path.grid d="M0 0H1000M0 100H1000M0 200H1000" {}
                    @if let Some(at) = chart.uploaded_at { path.cut d={ "M" (x(chart, at)) " 0V200" } {} }
                    @for curve in &chart.curves { (drawn(chart, curve)) }
                    (places(chart))
                    @for (at, value, is_up, words) in &chart.dots {
                        path.dot.up[*is_up] d={ "M" (x(chart, *at)) " " (y(chart, *value)) "h0" } { title { (words) } }
                    }
                }
                div.x aria-hidden="true" {
                    @for (at, text) in &chart.marks {
                        span.e[fraction(*at, chart.length) > 0.93] style={ "left:" (percent(chart, *at)) "%" } { (text) }
                    }
                }
            }
            @if chart.uploaded_at.is_some() { p.more { "dashed: everything is sent, the finalization begins" } }
        }
    }
}

fn class(shape: Shape) -> &'static str {
    match shape {
        Shape::Area | Shape::Line => "main",
        Shape::Shade => "shade",
    }
}

fn description_of(chart: &Chart) -> String {
    let end = chart.marks.last().map_or("", |(_, text)| text);
    format!("{}. The time axis goes beyond {end}, the other one to {}.", chart.summary, chart.levels[0])
}

/// A curve as a stepped line, filled or not.
fn drawn(chart: &Chart, curve: &Curve) -> Markup {
    let (line, area) = (path(chart, curve, false), path(chart, curve, true));
    html! {
        @match curve.shape {
            Shape::Area => { path.area d=(area) {} path.line d=(line) {} },
            Shape::Line => path.line d=(line) {},
            Shape::Shade => path.shade d=(area) {},
        }
    }
}

/// A stepped line: a value holds for the whole of its interval. An interval without one is a gap.
fn path(chart: &Chart, curve: &Curve, is_closed: bool) -> String {
    let (mut path, mut is_drawing) = (String::new(), false);
    for (from, to, value) in &curve.values {
        let Some(value) = value else {
            end(&mut path, is_closed && is_drawing);
            is_drawing = false;
            continue;
        };
        let (from, to, value) = (x(chart, *from), x(chart, *to), y(chart, *value));
        let begin = if is_closed { format!("M{from} 200V{value}") } else { format!("M{from} {value}") };
        let step = if is_drawing { format!("V{value}H{to}") } else { format!("{begin}H{to}") };
        path.push_str(&step);
        is_drawing = true;
    }
    end(&mut path, is_closed && is_drawing);
    path
}

fn end(path: &mut String, is_closed: bool) {
    if is_closed {
        path.push_str("V200Z");
    }
}

/// Parts of the drawing that say their numbers under the pointer.
fn places(chart: &Chart) -> Markup {
    html! {
        @if !chart.places.is_empty() {
            g.places {
                @for (from, to, words) in &chart.places {
                    path d={ "M" (x(chart, *from)) " 0H" (x(chart, *to)) "V200H" (x(chart, *from)) } { title { (words) } }
                }
            }
        }
    }
}

/// The place of a moment.
fn x(chart: &Chart, at: u64) -> String {
    short(fraction(at, chart.length) * WIDTH)
}

/// The place of a value, from the top.
fn y(chart: &Chart, value: f64) -> String {
    let part = if chart.top > 0.0 { (value / chart.top).clamp(0.0, 1.0) } else { 0.0 };
    short(HEIGHT - part * HEIGHT)
}

fn percent(chart: &Chart, at: u64) -> String {
    short(fraction(at, chart.length) * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing needs few digits")]
fn fraction(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A number with one digit after the point, if it is not 0.
fn short(number: f64) -> String {
    let mut text = String::new();
    write!(text, "{number:.1}").expect("a String takes any text");
    text.trim_end_matches(".0").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: Vec<(u64, u64, Option<f64>)>) -> (Chart, Curve) {
        let chart = Chart {
            heading: "x",
            summary: String::new(),
            length: 10,
            marks: Vec::new(),
            top: 4.0,
            levels: ["4", "2", "0"].map(str::to_owned),
            curves: Vec::new(),
            dots: Vec::new(),
            places: Vec::new(),
            uploaded_at: None,
        };
        (chart, Curve { name: "", shape: Shape::Area, values })
    }

    #[test]
    fn a_curve_is_a_stepped_line_with_gaps() {
        let (chart, curve) =
            chart(vec![(0, 2, Some(4.0)), (2, 5, Some(1.0)), (5, 6, None), (6, 10, Some(0.01))]);
        assert_eq!(path(&chart, &curve, false), "M0 0H200V150H500M600 199.5H1000");
        assert_eq!(path(&chart, &curve, true), "M0 200V0H200V150H500V200ZM600 200V199.5H1000V200Z");
    }

    #[test]
    fn no_value_leaves_the_drawing() {
        let (chart, curve) = chart(vec![(0, 99, Some(1e300)), (99, u64::MAX, Some(f64::NAN))]);
        assert!(path(&chart, &curve, false).starts_with("M0 0H"), "{}", path(&chart, &curve, false));
        assert_eq!(y(&Chart { top: 0.0, ..chart }, 1.0), "200");
    }
}
