//! Reads the runs in an event file. A file that ends in the middle of a line, as that of a run that was
//! killed does, is one; a line in the middle that is no event is an error.

use std::io::{self, BufRead, Read as _};

use super::run::Run;
use crate::report::event::{Event, EventError, What};

/// Maximum length of a line in bytes: that of the errors of a run in which millions of mutations were
/// rejected.
const MAX_LINE: u64 = 1024 * 1024 * 1024;

/// Why a file is no event file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("it cannot be read: {0}")]
    File(#[from] io::Error),
    #[error("it is empty: the run has written no event")]
    Empty,
    #[error("line {line}: {source}")]
    Line { line: u64, source: EventError },
    #[error("line {line}: it is not text, and an event is a line of JSON")]
    NotText { line: u64 },
    #[error("line {line}: it is longer than any event")]
    TooLong { line: u64 },
}

/// Reads all runs in a file: one, or several in one file, or one for each database.
///
/// # Errors
/// [`ReadError`] when the file cannot be read, or is no event file.
pub(crate) fn read(mut file: impl BufRead) -> Result<Vec<Run>, ReadError> {
    let (mut runs, mut text, mut line) = (Vec::<Run>::new(), Vec::new(), 0);
    loop {
        text.clear();
        line += 1;
        if file.by_ref().take(MAX_LINE).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        let is_whole = text.ends_with(b"\n");
        if !is_whole && text.len() as u64 == MAX_LINE {
            return Err(ReadError::TooLong { line });
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        match (parse(&text, line), runs.last_mut()) {
            (Ok(event), _) => add(&mut runs, &event),
            (Err(_), Some(last)) if !is_whole => last.cut(),
            (Err(error), _) => return Err(error),
        }
    }
    if runs.is_empty() { Err(ReadError::Empty) } else { Ok(runs) }
}

fn parse(text: &[u8], line: u64) -> Result<Event, ReadError> {
    let text = std::str::from_utf8(text).map_err(|_| ReadError::NotText { line })?;
    Event::parse(text).map_err(|source| ReadError::Line { line, source })
}

/// Adds an event to the run that it belongs to. After its end, or at another beginning, another run begins.
fn add(runs: &mut Vec<Run>, event: &Event) {
    let is_same = |run: &&mut Run| run.database == event.database && run.shard == event.shard;
    match runs.iter_mut().rev().find(is_same) {
        Some(run) if !begins_another(run, event) => run.add(event),
        _ => runs.push(Run::new(event)),
    }
}

fn begins_another(run: &Run, event: &Event) -> bool {
    run.has_ended() || (run.started.is_some() && matches!(event.what, What::Started(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::record::End;

    fn line(name: &str, context: &str) -> String {
        format!("{{\"type\":\"{name}\",\"timestampMs\":5,\"context\":{{\"phase\":\"cloneup\"{context}}}}}\n")
    }

    #[test]
    fn a_file_that_is_cut_off_is_a_run_without_an_end() {
        let (resumed, failed) = (
            line("sync_resumed", r#","rows":1,"requests":1"#),
            line("sync_failed", r#","error":{"errors":[]}"#),
        );
        for (text, is_cut) in [
            (resumed.clone(), false),
            (format!("{resumed}{}", &failed[..20]), true),
            (format!("{resumed}\n\n{}", "\0\0"), true),
            (format!("{resumed}{}", "\u{e9}".repeat(3)), true),
        ] {
            let runs = read(text.as_bytes()).unwrap();
            assert_eq!(runs.len(), 1);
            assert_eq!(runs[0].end, End::Missing { is_cut }, "{text}");
        }
        let runs = read(format!("{resumed}{}", failed.trim()).as_bytes()).unwrap();
        assert!(matches!(&runs[0].end, End::Failed(_)));
    }

    #[test]
    fn what_is_no_event_is_refused_by_its_line() {
        let event = line("sync_restarted", "");
        for (text, expected) in [
            (String::new(), "it is empty: the run has written no event"),
            ("\n\n".to_owned(), "it is empty: the run has written no event"),
            ("hello".to_owned(), "line 1: it is not an event of synctool: expected value"),
            (format!("{event}\n{{}}\n{event}"), "line 3: it is not an event of synctool: missing field"),
            (
                format!("{event}{}", line("sync_resumed", "")),
                "line 2: it is not an event of synctool: missing",
            ),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        assert!(matches!(read(&b"SQLite\xff\n"[..]), Err(ReadError::NotText { line: 1 })));
    }

    #[test]
    fn a_file_can_have_several_runs() {
        let failed = line("sync_failed", r#","error":{"errors":[]}"#);
        let of = |db: &str| line("sync_resumed", &format!(r#","db":"{db}","rows":1,"requests":1"#));
        let text = format!("{}{}{}{failed}{failed}", of("a"), of("b"), of("a"));
        let names: Vec<_> = read(text.as_bytes()).unwrap().into_iter().map(|run| run.database).collect();
        assert_eq!(names, [Some("a".to_owned()), Some("b".to_owned()), None, None]);
    }
}
