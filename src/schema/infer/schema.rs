//! The steps of an inference, in their order. Each step is in the file of what it adds to the schema.
//! Their common state is in [`super::inference`].

use super::inference::Inference;
use crate::schema::inferred::Inferred;
use crate::schema::table_facts::{DatabaseFacts, Lookup};

/// Infers a schema from the facts about a database's tables, and further questions about their rows.
///
/// # Errors
/// The error of the first question that cannot be answered.
pub fn infer<L: Lookup>(facts: &DatabaseFacts, lookup: &L) -> Result<Inferred, L::Error> {
    let mut inference = Inference::new(facts, lookup);
    inference.classify()?;
    inference.find_links()?;
    inference.add_resources()?;
    inference.add_references()?;
    inference.add_links();
    inference.finish(facts)
}
