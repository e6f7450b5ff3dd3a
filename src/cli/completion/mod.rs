//! Completions: a shell's script asks this program for what could follow on a command line.
//!
//! The conversation is `clap_complete`'s: the script runs the program with a variable and the typed
//! words, and [`answer()`] prints what fits. The `completions` subcommand prints the script.
//!
//! * [`script`](mod@script): the scripts of the shells;
//! * [`bash`]: the adapter for bash; [`typed`]: the words and the place of the cursor;
//! * [`quoting`]: words as they were typed, without their quotes;
//! * [`values`]: values that are not part of the definition: resources of the schema, profiles;
//! * [`answer`](mod@answer): what fits at the cursor.

mod answer;
mod bash;
mod quoting;
mod script;
mod typed;
mod values;

pub(super) use answer::answer;
pub(super) use script::script;
