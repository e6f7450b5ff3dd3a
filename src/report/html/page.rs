//! The page as a whole: head, verdict, numbers, sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::plot::figure;
use super::tables::{cell, folded, table};
use crate::report::content::{Block, Fact, Report, Section, Verdict};

/// The page fetches nothing, and a browser is not to do it either.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The whole page.
pub(in crate::report) fn page(report: &Report) -> String {
    let mut ids = 0;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { "synctool: " (report.title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                main {
                    header {
                        p.badge.(class(report.verdict)) { (sign(report.verdict)) " " (report.verdict.word()) }
                        h1 { (report.title) }
                        p.lead { (report.lead.join(" · ")) }
                    }
                    (facts(&report.facts))
                    @for one in &report.sections {
                        (section(one, &mut ids))
                    }
                }
                footer { "Made by " code { "synctool report" } " from the events of the run. Times are UTC." }
            }
        }
    };
    page.into_string() + "\n"
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "good",
        Verdict::Rejected | Verdict::Failed => "bad",
        Verdict::Interrupted | Verdict::Unfinished => "open",
    }
}

/// Tells the verdict without a colour.
fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "✓",
        Verdict::Rejected | Verdict::Failed => "✗",
        Verdict::Interrupted | Verdict::Unfinished => "…",
    }
}

fn facts(facts: &[Fact]) -> Markup {
    html! {
        dl.facts {
            @for fact in facts {
                div {
                    dt { (fact.name) }
                    dd { (fact.value) }
                    @if !fact.detail.is_empty() { dd.detail { (fact.detail) } }
                }
            }
        }
    }
}

fn section(section: &Section, ids: &mut usize) -> Markup {
    html! {
        section {
            h2 { (cell(&section.heading)) }
            @for block in &section.blocks {
                @match block {
                    Block::Note(text) => p { (text) },
                    Block::Facts(of_run) => (facts(of_run)),
                    Block::Table(one) => (table(one)),
                    Block::Folded(one) => (folded(one)),
                    Block::Chart(chart) => (figure(chart, ids)),
                }
            }
        }
    }
}
