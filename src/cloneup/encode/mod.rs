//! Encoding: rows become canonical JSON, hashes and batches, on threads of their own.

pub(crate) mod batch;
pub(crate) mod compression;
pub(crate) mod encoder;
pub(crate) mod encoders;
pub(crate) mod limits;
pub(crate) mod reader;
