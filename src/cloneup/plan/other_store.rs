//! Cursors of another server (contract 1.3): the warning about them, of a run and of a dry run.
//! Which cursors count is decided in [`crate::offline`].

use super::upload_plan::Plan;
use crate::cloneup::options::Options;

impl Plan {
    /// A warning when the finalization replaces the cursors of another server than the one whose
    /// store has this id.
    pub(crate) fn other_store_warning(&self, options: &Options, store_id: Option<&str>) -> Option<String> {
        let (own, server) = (self.cursors.store_id.as_deref()?, store_id?);
        let writes_cursors = options.pull_after || options.set_global_cursor_on_success;
        if !self.cursors.belong_to_another_store(store_id) || !writes_cursors || !options.finalizes() {
            return None;
        }
        let effect = if options.pull_after {
            "the pull begins at 0 and replaces the cursors"
        } else {
            "the cursors are replaced, and without a pull this server's earlier changes are not fetched"
        };
        Some(format!(
            "the database has synchronized with another server: its cursors are of the store {own:?}, this server's \
             is {server:?}; {effect}"
        ))
    }
}
