//! The plan: what is uploaded, in which order, checked before the first byte is sent.

pub(crate) mod make;
