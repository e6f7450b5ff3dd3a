//! The flags about what differs: `--only-changed`, `--overwrite` and `--delete-extra` (contract 3.9).

use std::io::{IsTerminal as _, stdin};

use super::problems::Problems;
use crate::cli::args::CloneupArgs;
use crate::cli::values;
use crate::cloneup::Options;
use crate::mutation::RecordOperation;

/// Sets the options, and adds what is wrong with the flags.
pub(super) fn changes(args: &CloneupArgs, options: &mut Options, problems: &mut Problems) {
    options.only_changed = args.only_changed || args.overwrite;
    options.overwrite = args.overwrite;
    options.delete_extra = args.delete_extra;
    let some_count = |text: &str| values::count(text).map(|count| Some(u64::from(count)));
    problems.set(&mut options.max_delete, "maxDelete", args.max_delete.as_deref(), some_count);
    if options.overwrite && options.record_operation == Some(RecordOperation::Insert) {
        let message = "recordOperation insert cannot overwrite what the server has";
        problems.told_as(
            message,
            "recordOperation",
            "--record-operation insert cannot --overwrite".to_owned(),
        );
    }
    if options.delete_extra {
        delete_extra(args, problems);
    } else if options.max_delete.is_some() {
        problems.warn("--max-delete has no effect without --delete-extra");
    }
}

fn delete_extra(args: &CloneupArgs, problems: &mut Problems) {
    if !args.overwrite {
        problems.invalid("needs --overwrite", "deleteExtra");
    }
    for (is_given, flag) in [(args.limit.is_some(), "--limit"), (args.only_failed.is_some(), "--only-failed")]
    {
        if is_given {
            problems.invalid(format!("cannot be used with {flag}, which selects a part"), "deleteExtra");
        }
    }
    if !args.yes && !args.dry_run && !stdin().is_terminal() {
        problems
            .invalid("asks before it removes anything, and stdin is no terminal: give --yes", "deleteExtra");
    }
}
