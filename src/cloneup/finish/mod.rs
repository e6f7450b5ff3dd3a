//! Finalization and pulling (contract 3.1.6).

pub(crate) mod finalize;
pub(crate) mod pull;
