//! Collations of the application: functions that order text and that SQLite itself does not have,
//! such as Android's `LOCALIZED` or Anki's `unicase` (contract 1.2). SQLite reads no table whose
//! index names one that is missing, so connections for reading register a stand-in for each.
//!
//! A stand-in orders by bytes, so an index that the application has built is in another order than
//! the stand-in's, and a search in it would miss rows. Every comparison and ORDER BY in
//! [`crate::offline`] therefore names the collation BINARY, or another one of this program: SQLite
//! uses only indexes of the collation that the comparison names. Scanning such an index from end to
//! end, as to count rows, is fine.
//!
//! Connections for writing have no stand-ins: an index that is updated in another order is
//! corrupt. [`super::write`] refuses to write such tables.
//!
//! [`names`] finds which collations a database names, [`stand_in`] registers stand-ins, and
//! [`view`] refuses views whose rows depend on how such a collation compares.

mod lexer;
mod names;
mod stand_in;
mod view;

pub(super) use names::of_table;
pub(super) use stand_in::register_stand_ins;
pub(super) use view::check_view;
