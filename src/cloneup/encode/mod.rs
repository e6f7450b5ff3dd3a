//! Encoding: a reader and an encoder, on one thread each, turn the rows of a snapshot into batches
//! (contract 3.1, stages A to C; 3.2).
//!
//! [`pipeline`] runs both threads. [`reader`] sends [`chunk`]s of rows as canonical JSON, and
//! [`oversized`] rows that no request can carry; [`encoder`] hashes the rows and puts them into
//! [`batch`]es with a [`part_encoder`] and a [`batcher`], within the [`limits`] and in the content coding
//! of [`compression`]. The batches are sent by [`super::send`].

pub(super) mod batch;
mod batcher;
mod chunk;
pub(super) mod compression;
pub(super) mod encoder;
pub(super) mod limits;
mod oversized;
mod part_encoder;
pub(super) mod pipeline;
mod reader;

#[cfg(test)]
pub(super) use batcher::tests::batch_of;
pub(super) use chunk::{EncodedRow, RowChunk};
pub(super) use part_encoder::{join_encoder, record_encoder};
pub(super) use reader::RowSource;
