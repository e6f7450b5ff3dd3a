//! Adds up the results of the parts of an upload into one (contract 3.7). Where the results come from is
//! decided by the caller; a result of one run is [`super::Outcome`].
//!
//! ```
//! use synctool::cloneup::{PartResult, merge};
//!
//! let of = |index| {
//!     let json = format!(
//!         r#"{{"ok":true,"stage":"records","shard":{{"index":{index},"of":2}},"cursor":"{index}",
//!             "stats":{{"resources":{{"todos":{{"records":3,"mutations":3}}}},"joinStores":{{}},"batches":1}},
//!             "errors":[]}}"#
//!     );
//!     (format!("{index}.json"), PartResult::read(json.as_bytes()).unwrap())
//! };
//! let merged = merge(vec![of(1), of(2)]).unwrap();
//! assert!(merged.ok);
//! assert_eq!(merged.cursor.as_str(), "2");
//!
//! // Without the second shard there is a hole.
//! assert!(merge(vec![of(1)]).is_err());
//! ```

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::failure::{Failure, Failures};
use super::outcome::as_mutation_errors;
use super::stage::Stage;
use crate::mutation::Shard;
use crate::protocol::{Cursor, MutationError};

/// Maximum number of missing shards that an error names.
const MAX_NAMED: usize = 10;

/// The path of errors about the set of results as a whole.
const SET_PATH: &str = "shard";

/// The result of one part of an upload, read back from its JSON.
#[derive(Debug)]
pub struct PartResult {
    ok: bool,
    stage: Stage,
    cursor: Cursor,
    stats: Counts,
    errors: Vec<MutationError>,
}

/// The results of all parts of an upload, added up. Its JSON is a result like that of one run.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct MergedResult {
    /// Whether every part succeeded.
    pub ok: bool,
    /// The stage that all parts are of; a whole upload where they are of several.
    #[serde(flatten)]
    pub stage: Stage,
    /// The highest push cursor.
    pub cursor: Cursor,
    /// The sums of all counts.
    pub stats: Counts,
    /// The failures of all parts, in the order in which their results were given.
    #[serde(rename = "errors", serialize_with = "as_mutation_errors")]
    pub failures: Vec<Failure>,
}

/// Counts by name, in any depth: whatever a result counts is added up.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "`stats` must have counts by name")]
pub enum Counts {
    /// A number.
    Count(u64),
    /// Counts by name.
    Of(BTreeMap<String, Self>),
}

/// Why a document is no result of a part of an upload.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoResult {
    /// It cannot be read, or it is not the JSON of a result.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// It is a dry run's.
    #[error("it is the result of a dry run, which uploads nothing")]
    DryRun,
    /// It has the results of several databases.
    #[error("it has the results of several databases")]
    Databases,
    /// A key is missing that every result has.
    #[error("it has no `{0}`")]
    Missing(&'static str),
}

/// The keys of a result, and those by which other documents are recognized.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    ok: Option<bool>,
    #[serde(flatten)]
    stage: Stage,
    cursor: Option<Cursor>,
    stats: Option<Counts>,
    errors: Option<Vec<MutationError>>,
    #[serde(default)]
    dry_run: bool,
    databases: Option<IgnoredAny>,
}

impl PartResult {
    /// Reads a result. Its errors are kept in memory, as in the run that they are of.
    ///
    /// # Errors
    /// [`NoResult`] when the JSON cannot be read or is not that of a result.
    pub fn read(json: impl Read) -> Result<Self, NoResult> {
        let mut deserializer = serde_json::Deserializer::from_reader(json);
        let Document { ok, stage, cursor, stats, errors, dry_run, databases } =
            Document::deserialize(&mut deserializer)?;
        deserializer.end()?;
        if dry_run {
            return Err(NoResult::DryRun);
        }
        if databases.is_some() {
            return Err(NoResult::Databases);
        }
        Ok(Self {
            ok: ok.ok_or(NoResult::Missing("ok"))?,
            stage,
            cursor: cursor.ok_or(NoResult::Missing("cursor"))?,
            stats: stats.ok_or(NoResult::Missing("stats"))?,
            errors: errors.ok_or(NoResult::Missing("errors"))?,
        })
    }
}

/// Adds up the results of all parts of an upload, each given with its name.
///
/// # Errors
/// A failure for every result that is there twice or belongs to another division, and for the parts that
/// are missing: a merged result is always that of all records.
pub fn merge(results: Vec<(String, PartResult)>) -> Result<MergedResult, Failures> {
    let problems = problems(&results);
    if !problems.is_empty() {
        return Err(Failures(problems));
    }
    let is_records = |stage: Stage| stage.has_records() && stage != Stage::All;
    let are_records = results.iter().all(|(_, result)| is_records(result.stage));
    let stage = if are_records { Stage::Records } else { Stage::All };
    let (cursor, stats) = (Cursor::zero(), Counts::Of(BTreeMap::new()));
    let mut merged = MergedResult { ok: true, stage, cursor, stats, failures: Vec::new() };
    for (_, PartResult { ok, cursor, stats, errors, .. }) in results {
        merged.ok &= ok;
        merged.cursor = merged.cursor.max(cursor);
        merged.stats.add(stats);
        merged.failures.extend(errors.into_iter().map(|error| Failure::rejected(error, None)));
    }
    Ok(merged)
}

impl Counts {
    fn add(&mut self, other: Self) {
        match (self, other) {
            (Self::Count(sum), Self::Count(count)) => *sum = sum.saturating_add(count),
            (Self::Of(sums), Self::Of(counts)) => {
                for (name, counts) in counts {
                    match sums.entry(name) {
                        Entry::Vacant(place) => drop(place.insert(counts)),
                        Entry::Occupied(sum) => sum.into_mut().add(counts),
                    }
                }
            }
            // No version of the program counts one name in both ways.
            _ => {}
        }
    }

    /// The sum of a count over everything below a name: of `records` in `resources`.
    #[must_use]
    pub fn total(&self, name: &str, count: &str) -> u64 {
        let Self::Of(all) = self else { return 0 };
        let Some(Self::Of(entries)) = all.get(name) else { return 0 };
        let counts = entries.values().map(|entry| match entry {
            Self::Of(entry) => match entry.get(count) {
                Some(Self::Count(count)) => *count,
                _ => 0,
            },
            Self::Count(_) => 0,
        });
        counts.fold(0, u64::saturating_add)
    }
}

/// What keeps results from being those of all parts of one upload.
fn problems(results: &[(String, PartResult)]) -> Vec<Failure> {
    let mut problems = Vec::new();
    let mut problem = |index: usize, message: String| {
        let text = format!("{}: {message}", results[index].0);
        problems.push(Failure::usage(text, format!("files[{index}]")));
    };
    let stages: Vec<Stage> = results.iter().map(|(_, result)| result.stage).collect();
    let first = |is: &dyn Fn(Stage) -> bool| stages.iter().position(|stage| is(*stage));
    let whole = first(&|stage| stage == Stage::All);
    let records = first(&|stage| stage == Stage::Records);
    let first_shard = first(&|stage| stage.shard().is_some());
    let of = first_shard.and_then(|index| stages[index].shard()).map(Shard::of);
    for (index, stage) in stages.iter().enumerate() {
        let what = described(*stage);
        // What has it already.
        let same = stages[..index].iter().position(|other| other == stage);
        let part_of = whole.filter(|whole| *whole != index && *stage != Stage::All);
        let part_of = part_of.or(records.filter(|_| stage.shard().is_some()));
        if let Some(other) = same.or(part_of) {
            problem(index, format!("{what} is in {} too", results[other].0));
        } else if let (Some(shard), Some(of), Some(first)) = (stage.shard(), of, first_shard)
            && shard.of() != of
        {
            problem(index, format!("it is {what}, and {} is one of {of} shards", results[first].0));
        }
    }
    if problems.is_empty() && whole.is_none() && records.is_none() {
        problems.extend(of.map_or_else(
            || Some(Failure::usage("none of the results is of the records", SET_PATH)),
            |of| missing_shards(&stages, of),
        ));
    }
    problems
}

fn described(stage: Stage) -> String {
    match stage {
        Stage::All => "a whole upload".to_owned(),
        Stage::Shard(shard) => format!("shard {shard}"),
        Stage::Records | Stage::JoinRows | Stage::Finalize => format!("stage {}", stage.name()),
    }
}

/// The failure that names the missing ones of this many shards, if any are missing.
fn missing_shards(stages: &[Stage], of: u32) -> Option<Failure> {
    let found: BTreeSet<u32> = stages.iter().filter_map(|stage| Some(stage.shard()?.index())).collect();
    let count = of as usize - found.len();
    if count == 0 {
        return None;
    }
    let missing = (1..=of).filter(|index| !found.contains(index));
    let named: Vec<String> = missing.take(MAX_NAMED).map(|index| index.to_string()).collect();
    let more = match count - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let noun = if count == 1 { "shard" } else { "shards" };
    let message = format!("{noun} {}{more} of {of}: no file has the result", named.join(", "));
    Some(Failure::usage(message, SET_PATH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(stage: &str, ok: bool, records: u64) -> PartResult {
        let json = format!(
            r#"{{"ok":{ok},{stage}"cursor":"{records}","stats":{{"resources":{{"todos":{{"records":{records},
                "mutations":2,"later":1}}}},"joinStores":{{}},"batches":1}},
                "errors":[{{"mutationId":"m","code":"X","message":"no","path":"id"}}]}}"#
        );
        PartResult::read(json.as_bytes()).unwrap()
    }

    fn shard(index: u32, of: u32) -> String {
        format!(r#""stage":"records","shard":{{"index":{index},"of":{of}}},"#)
    }

    /// Merges results of these stages; their names are numbers from 0.
    fn merged(stages: &[&str]) -> Result<MergedResult, String> {
        let results =
            stages.iter().enumerate().map(|(index, stage)| (index.to_string(), result(stage, true, 3)));
        merge(results.collect()).map_err(|Failures(failures)| {
            let texts = failures.iter().map(|failure| format!("{} {}", failure.body().path, failure));
            texts.collect::<Vec<_>>().join("; ")
        })
    }

    #[test]
    fn counts_are_summed_the_cursor_is_the_highest_and_errors_are_joined() {
        let results = vec![
            ("b".to_owned(), result(&shard(2, 2), true, 11)),
            ("a".to_owned(), result(&shard(1, 2), false, 9)),
        ];
        let merged = merge(results).unwrap();
        let expected = serde_json::json!({
            "ok": false, "stage": "records", "cursor": "11",
            "stats": {"resources": {"todos": {"records": 20, "mutations": 4, "later": 2}}, "joinStores": {}, "batches": 2},
            "errors": [{"mutationId": "m", "code": "X", "message": "no", "path": "id"},
                {"mutationId": "m", "code": "X", "message": "no", "path": "id"}],
        });
        assert_eq!(serde_json::to_value(&merged).unwrap(), expected);
        assert_eq!(merged.stats.total("resources", "records"), 20);
        // A merged result is the result of stage records.
        let again = PartResult::read(serde_json::to_vec(&merged).unwrap().as_slice()).unwrap();
        assert_eq!(again.stage, Stage::Records);
    }

    #[test]
    fn only_the_parts_of_one_whole_upload_are_merged() {
        let (one, two, other) = (shard(1, 2), shard(2, 2), shard(3, 3));
        let (records, join_rows) = (r#""stage":"records","#, r#""stage":"join-rows","#);
        let finalize = r#""stage":"finalize","#;
        for (stages, stage) in [
            (vec![one.as_str(), &two], Stage::Records),
            (vec![records], Stage::Records),
            (vec![""], Stage::All),
            (vec![join_rows, &two, &one, finalize], Stage::All),
            (vec![records, join_rows], Stage::All),
        ] {
            assert_eq!(merged(&stages).unwrap().stage, stage, "{stages:?}");
        }
        for (stages, message) in [
            (vec![one.as_str()], "shard shard 2 of 2: no file has the result"),
            (vec![join_rows], "shard none of the results is of the records"),
            (vec![&one, &one, &two], "files[1] 1: shard 1 of 2 is in 0 too"),
            (vec![&one, &other], "files[1] 1: it is shard 3 of 3, and 0 is one of 2 shards"),
            (
                vec![&one, records, &two],
                "files[0] 0: shard 1 of 2 is in 1 too; files[2] 2: shard 2 of 2 is in 1 too",
            ),
            (vec!["", join_rows], "files[1] 1: stage join-rows is in 0 too"),
            (vec!["", ""], "files[1] 1: a whole upload is in 0 too"),
        ] {
            assert_eq!(merged(&stages).unwrap_err(), message, "{stages:?}");
        }
        let hole = merged(&[&shard(7, 40)]).unwrap_err();
        assert!(hole.contains("1, 2, 3, 4, 5, 6, 8, 9, 10, 11 and 29 more of 40"), "{hole}");
    }

    #[test]
    fn what_is_no_result_says_why() {
        let whole = r#"{"ok":true,"cursor":"1","stats":{},"errors":[]}"#;
        assert!(PartResult::read(whole.as_bytes()).is_ok());
        for (json, why) in [
            ("", "EOF"),
            ("not JSON", "expected"),
            ("[]", "invalid type"),
            ("{}", "it has no `ok`"),
            (r#"{"ok":true,"tables":[],"differences":[],"errors":[]}"#, "it has no `cursor`"),
            (r#"{"ok":true,"cursor":"1","errors":[]}"#, "it has no `stats`"),
            (r#"{"ok":true,"cursor":1,"stats":{},"errors":[]}"#, "invalid type"),
            (r#"{"ok":true,"cursor":"-1","stats":{},"errors":[]}"#, "base-10"),
            (r#"{"ok":true,"cursor":"1","stats":{"a":"b"},"errors":[]}"#, "counts by name"),
            (r#"{"ok":true,"stage":"x","cursor":"1","stats":{},"errors":[]}"#, "no such stage"),
            (
                r#"{"ok":true,"shard":{"index":9,"of":8},"cursor":"1","stats":{},"errors":[]}"#,
                "no shard 9 of 8",
            ),
            (r#"{"ok":true,"dryRun":true,"parts":[],"errors":[]}"#, "dry run"),
            (r#"{"ok":true,"databases":[]}"#, "several databases"),
            (&format!("{whole}{whole}"), "trailing"),
        ] {
            let error = PartResult::read(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{json}: {error}");
        }
    }
}
