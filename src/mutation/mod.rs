//! Mutations: the bytes that are sent for a record or a join row, and the content-hashed mutation
//! id among them (contract 3.2).
//!
//! A record arrives as canonical JSON (RFC 8785), which [`crate::offline`] writes once with the
//! writers of [`canonical`]. The same bytes are hashed for the id and copied into the request
//! body. Batches of mutations belong to [`crate::cloneup`]. [`Shard`] divides the ids of an upload among
//! several jobs.
//!
//! The first of the contract's vectors (`tests/data/mutation-id-vectors.json`):
//!
//! ```
//! use bytes::BytesMut;
//! use synctool::internal::canonical::write_value;
//! use synctool::internal::{ContentHasher, RecordEncoder, RecordOperation};
//!
//! let mut record = BytesMut::new();
//! write_value(&mut record, &serde_json::json!({"title": "Build feature"}));
//!
//! let encoder = RecordEncoder::new("cloneup", "a-client", "tasks", 1, RecordOperation::Merge);
//! let rows = [("tasks:t1", record)];
//! let mut hasher = ContentHasher::default();
//! let hashes = hasher.hash(rows.iter(), |text, (id, record)| encoder.write_hashed(text, id, record));
//!
//! let mut body = BytesMut::new();
//! let encoded = encoder.encode(&mut body, rows[0].0, &rows[0].1, hashes[0]);
//! assert_eq!(
//!     std::str::from_utf8(&body[encoded.mutation_id])?,
//!     "cloneup:rec:tasks:tasks:t1:131151244fa76490c7021747c38b1eb5"
//! );
//! # Ok::<(), std::str::Utf8Error>(())
//! ```
//!
//! The feature `simd-hash` (on by default) makes [`ContentHasher`] hash several mutations at a
//! time in the lanes of the vector unit. The ids are the same without it.

pub(crate) mod byte_order;
pub mod canonical;
pub mod canonical_check;
pub mod canonical_text;
mod content;
pub mod digest;
mod encode;
mod hasher;
mod id;
#[cfg(feature = "simd-hash")]
mod lanes;
mod operation;
mod plain_bytes;
mod shard;

pub use content::{Content, content_digest};
pub use encode::{DeleteEncoder, Encoded, JoinEncoder, RecordEncoder};
pub use hasher::{ContentHasher, Hashed};
pub use id::{ContentHash, MutationKind};
pub use operation::RecordOperation;
pub use shard::{InvalidShard, Shard};
