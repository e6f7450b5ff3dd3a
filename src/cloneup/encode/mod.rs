//! Encoding: a reading thread and encoding threads turn the rows of a snapshot into batches
//! (contract 3.1, stages A to C; 3.2).
//!
//! [`pipeline`] runs the threads. [`reader`] sends [`chunk`]s of rows with their values, and
//! [`oversized`] rows that no request can carry. An [`encoder`] makes [`encoded_rows`] of a chunk with a
//! [`part_encoder`], side by side with other encoders, and gives them [`in_turn`] to the [`assembler`], which
//! puts them into [`batch`]es with a [`batcher`], within the [`limits`] and in the content coding of
//! [`compression`]. The batches are [`send_item`]s, sent by [`super::send`].

mod assembler;
pub(super) mod batch;
mod batcher;
mod chunk;
pub(super) mod compression;
mod encoded_rows;
mod encoder;
mod in_turn;
pub(super) mod limits;
mod oversized;
mod part_encoder;
pub(super) mod pipeline;
mod reader;
pub(super) mod send_item;

#[cfg(test)]
pub(super) use batcher::tests::batch_of;
pub(super) use chunk::{Row, RowChunk, RowPlace};
pub(super) use part_encoder::{join_encoder, record_encoder};
pub(super) use reader::RowSource;
