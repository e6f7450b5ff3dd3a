//! Tables. On a narrow screen, a table with long texts has one line for each cell, with the column's name.

use maud::{Markup, html};

use crate::report::content::{Cell, Table};

/// A table with more columns than that scrolls or is broken up on a narrow screen.
const FEW_COLUMNS: usize = 2;

/// A text. That of data is isolated, so that its direction changes nothing around it.
pub(super) fn cell(cell: &Cell) -> Markup {
    html! {
        @match cell {
            Cell::Words(text) => (text),
            Cell::Data(text) | Cell::Said(text) => @if !text.as_str().is_empty() { bdi { (text.as_str()) } },
        }
    }
}

/// A table.
pub(super) fn table(table: &Table) -> Markup {
    // Numbers are short, and are compared down a column: only texts are broken up.
    let texts = table.columns.iter().filter(|(_, is_number)| !is_number).count();
    let is_broken_up =
        table.columns.len() > FEW_COLUMNS && texts > FEW_COLUMNS && texts >= table.columns.len() - 1;
    html! {
        div.scroll tabindex="0" role="region" aria-label=(table.caption) {
            table.stack[is_broken_up] {
                caption { (table.caption) }
                thead { tr { @for (name, is_number) in &table.columns { th.n[*is_number] scope="col" { (name) } } } }
                tbody {
                    @for row in &table.rows {
                        tr { @for (value, column) in row.iter().zip(&table.columns) { (body(value, *column, is_broken_up)) } }
                    }
                }
                @if let Some(sums) = &table.sums {
                    tfoot { tr { @for (value, column) in sums.iter().zip(&table.columns) { (body(value, *column, false)) } } }
                }
            }
        }
        @if let Some(more) = &table.more { p.more { (more) } }
    }
}

fn body(value: &Cell, (name, is_number): (&str, bool), is_broken_up: bool) -> Markup {
    let is_data = matches!(value, Cell::Data(_));
    let is_said = matches!(value, Cell::Said(_));
    html! { td.n[is_number].d[is_data].said[is_said] data-c=[is_broken_up.then_some(name)] { (cell(value)) } }
}

/// A table that is shown when it is asked for.
pub(super) fn folded(one: &Table) -> Markup {
    html! { details { summary { (one.caption) " as a table" } (table(one)) } }
}
