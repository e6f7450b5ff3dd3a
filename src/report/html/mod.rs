//! A report as one page of HTML: no script, nothing that is fetched, in light and dark, on paper and on a
//! narrow screen. What it says is in [`super::content`]. `maud` escapes every text.
//!
//! * [`page`](mod@page): the page; [`tables`]: its tables; [`plot`]: its charts, as inline SVG.

mod page;
mod plot;
mod tables;

pub(super) use page::page;
