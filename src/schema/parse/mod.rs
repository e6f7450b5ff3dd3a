//! From JSON to a valid [`super::Schema`], or to the path of every problem in it.
//!
//! Unknown members are ignored (contract 2), so that schemas of newer servers still work.
//! [`schema`] starts; [`resource`], [`deleted_when`], [`relation`] and [`field`] read one kind of item
//! each, with the typed reads of [`member`]. [`problems`] collects what is wrong, and [`places`] finds
//! where that is in the text.

mod deleted_when;
mod field;
mod member;
mod places;
mod problems;
mod relation;
mod resource;
mod schema;

pub use schema::Checked;
