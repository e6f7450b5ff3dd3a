//! The plan: what is uploaded, in which order, checked before the first byte is sent
//! (contract 3.1.1). Executing it is the part of [`super::upload`].

pub(super) mod deletes;
mod finalization;
mod other_store;
pub(super) mod scope;
mod selected;
pub(super) mod sources;
pub(super) mod upload_plan;

pub(super) use finalization::check_writable;
pub(super) use scope::Requested;
pub(super) use sources::Sources;
pub(super) use upload_plan::{Part, Plan, Source};
