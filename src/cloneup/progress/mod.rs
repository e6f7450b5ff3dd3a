//! Progress: the tally of answers, and the checkpoint of the acknowledged prefix.

pub(crate) mod checkpoint;
pub(crate) mod tally;
