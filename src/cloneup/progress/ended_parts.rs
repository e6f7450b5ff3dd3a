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

#[cfg(test)]
mod tests {
    use super::*;

    fn part(stage: Stage, seq: i64, begun_at: Option<u64>) -> EndedPart {
        let cursor = u64::try_from(seq).ok().map(Cursor::from);
        EndedPart { stage, seq, cursor, begun_at: begun_at.map(Cursor::from) }
    }

    fn shard(index: u32, of: u32) -> Stage {
        Stage::Shard(Shard::new(index, of).unwrap())
    }

    fn covered(parts: Vec<EndedPart>) -> Result<(i64, bool), Incomplete> {
        let ended = EndedParts { upload: String::new(), parts };
        ended.covered().map(|covered| (covered.seq, covered.join_rows))
    }

    #[test]
    fn the_lowest_of_a_whole_division_counts_and_of_several_the_one_that_has_come_furthest() {
        let halves = [part(shard(1, 2), 5, None), part(shard(2, 2), 9, None)];
        let thirds = [part(shard(1, 3), 30, None), part(shard(3, 3), 30, None)];
        let with = |more: &[EndedPart]| [&halves[..], &thirds[..], more].concat();
        assert_eq!(covered(with(&[])), Ok((5, false)));
        assert_eq!(covered(with(&[part(shard(2, 3), 20, None)])), Ok((20, false)));
        assert_eq!(covered(with(&[part(Stage::Records, 7, None)])), Ok((7, false)));
        assert_eq!(covered(with(&[part(Stage::JoinRows, 3, None)])), Ok((3, true)));
        assert_eq!(covered(with(&[part(Stage::JoinRows, 8, None)])), Ok((5, true)));
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(covered(vec![]), Err(Incomplete::Nothing));
        assert_eq!(covered(vec![part(Stage::JoinRows, 3, None)]), Err(Incomplete::Nothing));
        let parts = vec![part(shard(1, 3), 3, None), part(shard(3, 3), 3, None)];
        assert_eq!(covered(parts), Err(Incomplete::Shards { ended: 2, of: 3 }));
    }

    #[test]
    fn the_upload_began_with_its_first_part_if_that_is_known_for_all() {
        for (begun, expected) in
            [([Some(4), Some(9)], Some(4)), ([Some(4), None], None), ([None, None], None)]
        {
            let parts = vec![part(shard(1, 2), 5, begun[0]), part(shard(2, 2), 9, begun[1])];
            let covered = EndedParts { upload: String::new(), parts }.covered().unwrap();
            assert_eq!(covered.begun_at, expected.map(Cursor::from));
            assert_eq!(covered.cursor, Some(Cursor::from(9)));
        }
    }

    #[test]
    fn parts_that_end_at_the_same_time_are_all_kept_and_a_repeated_one_replaces_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (n)").unwrap();
        let database = Database::open(&path).unwrap();
        let upload = StagedIdentity::of_text("u");
        std::thread::scope(|scope| {
            for index in 1..=8 {
                let (database, upload) = (&database, &upload);
                scope.spawn(move || {
                    EndedParts::add(database, upload, part(shard(index, 8), 1, None)).unwrap();
                });
            }
        });
        EndedParts::add(&database, &upload, part(shard(3, 8), 6, None)).unwrap();
        let ended = EndedParts::read(&database, &upload);
        assert_eq!((ended.parts.len(), ended.covered().unwrap().seq), (8, 1));
        assert_eq!(ended.parts[7], part(shard(3, 8), 6, None));
        // A part of another upload forgets these.
        EndedParts::add(&database, &StagedIdentity::of_text("v"), part(Stage::Records, 1, None)).unwrap();
        assert!(EndedParts::read(&database, &upload).parts.is_empty());
        EndedParts::forget(&database);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
