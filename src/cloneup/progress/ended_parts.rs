//! The parts of a staged upload that have ended (contract 3.7), kept beside the database. Finalization
//! moves the cursor and drains the change log only as far as all of them have come. The file itself is
//! [`crate::offline::Sidecar`]; what is done with it is decided in [`crate::cloneup::finish`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::upload_identity::StagedIdentity;
use crate::cloneup::stage::Stage;
use crate::mutation::Shard;
use crate::offline::{Acquired, Database, OfflineError, Sidecar, SidecarKind};
use crate::protocol::Cursor;

/// How often, and after which pauses, a process tries to lock the file: another one holds the lock for
/// as long as it takes to write a few kilobytes.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// A part that has ended without a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndedPart {
    #[serde(flatten)]
    pub(crate) stage: Stage,
    /// The change log's highest `seq` in the snapshot that the part has read.
    pub(crate) seq: i64,
    /// The highest push cursor, if there was one.
    pub(crate) cursor: Option<Cursor>,
    /// The server's sequence before the part began, if the server says it.
    pub(crate) begun_at: Option<Cursor>,
}

/// The ended parts of one upload.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndedParts {
    /// The identity of the upload that they are parts of.
    upload: String,
    parts: Vec<EndedPart>,
}

/// What ended parts have uploaded together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Covered {
    /// The lowest of their highest `seq`: every one of them has read a later state.
    pub(crate) seq: i64,
    /// Whether join rows are among it.
    pub(crate) join_rows: bool,
    /// The highest push cursor.
    pub(crate) cursor: Option<Cursor>,
    /// The server's sequence before the first of them began, if it is known for all.
    pub(crate) begun_at: Option<Cursor>,
}

/// Why nothing is known to be uploaded completely.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Incomplete {
    #[error("no run beside this database has uploaded all records with these options")]
    Nothing,
    #[error("only {ended} of {of} shards ended beside this database")]
    Shards { ended: usize, of: u32 },
}

impl EndedParts {
    /// The ended parts of an upload, as far as they ended beside this database.
    pub(crate) fn read(database: &Database, upload: &StagedIdentity) -> Self {
        let text = Sidecar::peek(database, SidecarKind::EndedParts);
        Self::parse(text.as_deref(), upload)
    }

    /// Adds a part that has ended. Blocks.
    ///
    /// # Errors
    /// Why it cannot be written, for a warning.
    pub(crate) fn add(database: &Database, upload: &StagedIdentity, part: EndedPart) -> Result<(), String> {
        let mut sidecar = lock(database)?;
        let mut ended = Self::parse(sidecar.checkpoint(), upload);
        ended.parts.retain(|other| other.stage != part.stage);
        ended.parts.push(part);
        let text = serde_json::to_string(&ended).expect("strings and numbers serialize");
        sidecar.keep(text).map_err(|error| error.to_string())
    }

    /// Forgets all parts: their upload is finalized. Blocks.
    pub(crate) fn forget(database: &Database) {
        if Sidecar::peek(database, SidecarKind::EndedParts).is_some()
            && let Ok(mut sidecar) = lock(database)
        {
            sidecar.forget();
        }
    }

    /// The parts in a text, unless it is of another upload or another version.
    fn parse(text: Option<&str>, upload: &StagedIdentity) -> Self {
        let ended = text.and_then(|text| serde_json::from_str::<Self>(text).ok());
        ended
            .filter(|ended| ended.upload == upload.as_str())
            .unwrap_or_else(|| Self { upload: upload.as_str().to_owned(), parts: Vec::new() })
    }

    /// What they have uploaded together.
    ///
    /// # Errors
    /// [`Incomplete`] when there are records that none of them has uploaded.
    pub(crate) fn covered(&self) -> Result<Covered, Incomplete> {
        let mut by_count = BTreeMap::<u32, Vec<&EndedPart>>::new();
        for part in self.parts.iter().filter(|part| part.stage.has_records()) {
            let of = part.stage.shard().map_or(1, Shard::of);
            by_count.entry(of).or_default().push(part);
        }
        let lowest = |parts: &[&EndedPart]| parts.iter().map(|part| part.seq).min();
        let is_whole = |(of, parts): &(&u32, &Vec<&EndedPart>)| parts.len() == **of as usize;
        // Of several divisions of the same upload, the one that has come furthest.
        let whole = by_count.iter().filter(is_whole).max_by_key(|(_, parts)| lowest(parts));
        let Some((_, records)) = whole else {
            let most = by_count.iter().max_by_key(|(_, parts)| parts.len());
            return Err(most.map_or(Incomplete::Nothing, |(of, parts)| Incomplete::Shards {
                ended: parts.len(),
                of: *of,
            }));
        };
        let join_rows = self.parts.iter().find(|part| part.stage == Stage::JoinRows);
        let parts: Vec<_> = records.iter().copied().chain(join_rows).collect();
        let begun: Option<Vec<_>> = parts.iter().map(|part| part.begun_at.clone()).collect();
        Ok(Covered {
            seq: lowest(&parts).unwrap_or_default(),
            join_rows: join_rows.is_some(),
            cursor: parts.iter().filter_map(|part| part.cursor.clone()).max(),
            begun_at: begun.and_then(|begun| begun.into_iter().min()),
        })
    }
}

/// Locks the file.
fn lock(database: &Database) -> Result<Sidecar, String> {
    let mut locked = Sidecar::acquire(database, SidecarKind::EndedParts);
    for _ in 1..TRIES {
        if locked.is_ok() {
            break;
        }
        std::thread::sleep(PAUSE);
        locked = Sidecar::acquire(database, SidecarKind::EndedParts);
    }
    match locked.map_err(|error: OfflineError| error.to_string())? {
        Acquired::Held(sidecar) => Ok(sidecar),
        Acquired::Without(why) => Err(why),
    }
}
