//! The plan: what is uploaded, in which order, checked before the first byte is sent
//! (contract 3.1.1). Executing it is the part of [`super::upload`].
//!
//! [`scope`] is what the options ask for, [`sources`] the tables of it, [`upload_plan`] the plan as a
//! value, [`checking`] how far its checks are, [`kept_records`] what they have sorted; [`limited`] and
//! [`row_filter`] are the rows that it leaves out, [`changes`] leaves in it only what differs, [`deletes`] is
//! its stage C, [`extra`] what only the server has, [`finalization`] and [`other_store`] check what is written
//! at the end.

mod changes;
mod checking;
pub(super) mod deletes;
mod extra;
mod finalization;
mod kept_records;
mod limited;
mod other_store;
mod row_filter;
pub(super) mod scope;
mod selected;
pub(super) mod sources;
pub(super) mod upload_plan;

pub(super) use changes::{Changes, Narrowed};
pub(super) use checking::Checking;
pub(super) use extra::Extra;
pub(super) use finalization::check_writable;
pub(super) use kept_records::Keeper;
pub(super) use limited::LimitedRecords;
pub(super) use scope::Requested;
pub(super) use sources::Sources;
pub(super) use upload_plan::{Part, Plan, Source};
