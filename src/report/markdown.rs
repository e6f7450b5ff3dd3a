//! A report as Markdown (GitHub's), for the summary of a job. It has the tables of the page, and no charts.
//! Text of data and server is in code spans, in which nothing has a meaning.

use super::content::{Block, Cell, Fact, Report, Section, Table, Verdict};

/// The whole text.
pub(super) fn text(report: &Report) -> String {
    let mut text = format!("## {} {}\n\n{}\n", sign(report.verdict), report.title, report.lead.join(" · "));
    text.push_str(&facts(&report.facts));
    for section in &report.sections {
        add_section(&mut text, section);
    }
    text
}

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "✅",
        Verdict::Rejected | Verdict::Failed => "❌",
        Verdict::Interrupted | Verdict::Unfinished => "⚠️",
    }
}

fn add_section(text: &mut String, section: &Section) {
    // A section of nothing but charts has no words.
    let tables = section.blocks.iter().filter(|block| matches!(block, Block::Table(_))).count();
    let blocks: Vec<_> = section.blocks.iter().filter_map(|one| block(one, tables > 1)).collect();
    if !blocks.is_empty() {
        text.extend(["\n### ", &cell(&section.heading), "\n"]);
        text.extend(blocks);
    }
}

/// A block; a table among others has its caption.
fn block(block: &Block, has_caption: bool) -> Option<String> {
    match block {
        Block::Note(note) => Some(format!("\n{note}\n")),
        Block::Facts(of_run) => Some(facts(of_run)),
        Block::Table(one) if has_caption => Some(format!("\n**{}**\n{}", one.caption, table(one))),
        Block::Table(one) => Some(table(one)),
        Block::Folded(one) => {
            let Table { caption, .. } = one;
            Some(format!("\n<details><summary>{caption}</summary>\n{}\n</details>\n", table(one)))
        }
        Block::Chart(_) => None,
    }
}

/// Numbers with their names, as a table of one column each.
fn facts(facts: &[Fact]) -> String {
    let row = |cell: fn(&Fact) -> &str| -> String {
        facts.iter().map(|fact| format!(" {} |", cell(fact))).collect()
    };
    let (names, values) = (row(|fact| fact.name), row(|fact| &fact.value));
    let line = "---: |".repeat(facts.len());
    format!("\n|{names}\n|{line}\n|{values}\n|{}\n", row(|fact| &fact.detail))
}

fn table(table: &Table) -> String {
    let mut text = "\n|".to_owned();
    for (name, _) in &table.columns {
        text.extend([" ", name, " |"]);
    }
    text.push_str("\n|");
    for (_, is_number) in &table.columns {
        text.push_str(if *is_number { " ---: |" } else { " --- |" });
    }
    text.push('\n');
    for row in &table.rows {
        add_row(&mut text, row.iter().map(cell));
    }
    if let Some(sums) = &table.sums {
        let bold = |sum: &Cell| Some(cell(sum)).filter(|sum| !sum.is_empty()).map(|sum| format!("**{sum}**"));
        add_row(&mut text, sums.iter().map(|sum| bold(sum).unwrap_or_default()));
    }
    if let Some(more) = &table.more {
        text.extend(["\n", more, "\n"]);
    }
    text
}

fn add_row(text: &mut String, cells: impl Iterator<Item = String>) {
    text.push('|');
    for cell in cells {
        text.extend([" ", &cell, " |"]);
    }
    text.push('\n');
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Words(words) => words.clone(),
        Cell::Data(text) | Cell::Said(text) => code_span(text.as_str()),
    }
}

/// A code span with this text; nothing for an empty text. It begins and ends with more backticks than the
/// text has after one another. A bar would end the cell of a table.
fn code_span(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // One space at both ends is not part of the text, unless there is nothing else.
    let is_blank = text.trim_matches(' ').is_empty();
    let is_padded = !is_blank && (text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']));
    let padding = if is_padded { " " } else { "" };
    format!("{fence}{padding}{}{padding}{fence}", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_any_text() {
        for (text, expected) in [
            ("", ""),
            ("todos", "`todos`"),
            ("a`b", "``a`b``"),
            ("``", "``` `` ```"),
            ("<script>|*x*", "`<script>\\|*x*`"),
            (" a", "`  a `"),
            (" ", "` `"),
        ] {
            assert_eq!(code_span(text), expected);
        }
    }
}
