//! What a run writes to the offline database, and whether it can be written: checked before the
//! first byte is sent (contract 3.1.1). The writing is the part of [`crate::cloneup::finish`].

use super::upload_plan::Plan;
use crate::cloneup::options::Options;
use crate::offline::{Database, OfflineError, Snapshot};

/// For a run that finalizes: why it writes, and the flags that avoid it.
const FINALIZATION: &str = "and finalizing the upload writes to it: make the file and its folder writable, \
     with room on the disk, or use --no-pull-after --no-set-global-cursor-on-success \
     --no-clear-changelog-on-success";

/// The same for a run that finalizes nothing, of a database without a client id.
const CLIENT_ID: &str = "and it stores no client id: make the file and its folder writable, with room on the \
     disk, or use --client-id";

/// The same for a run that does both.
const BOTH: &str = "and finalizing the upload writes to it, as does storing a client id: make the file and its \
     folder writable, with room on the disk, or use --client-id and --no-pull-after \
     --no-set-global-cursor-on-success --no-clear-changelog-on-success";

/// Checks that the database can be written to, if the run will write to it.
///
/// # Errors
/// [`OfflineError::Storage`] when it cannot; the message names the flags that do without.
pub(crate) fn check_writable(
    options: &Options,
    plan: &Plan,
    snapshot: &Snapshot,
    database: &Database,
) -> Result<(), OfflineError> {
    let stores_client_id = options.client_id.is_none() && snapshot.client_id()?.is_none();
    let purpose = match (plan.is_finalized(options), stores_client_id) {
        (false, false) => return Ok(()),
        (true, false) => FINALIZATION,
        (false, true) => CLIENT_ID,
        (true, true) => BOTH,
    };
    database.check_writable(purpose)
}

impl Plan {
    /// Whether success is followed by writing to the database.
    fn is_finalized(&self, options: &Options) -> bool {
        let writes = options.pull_after || options.set_global_cursor_on_success || self.drains(options);
        writes && options.finalizes()
    }

    /// Whether success removes entries from the change log.
    pub(crate) fn drains(&self, options: &Options) -> bool {
        options.clear_changelog_on_success && self.seq > 0
    }
}
