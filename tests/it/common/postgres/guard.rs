//! Ends a process and removes its folder when the test process ends, however that ends: a static
//! is not dropped, and nothing is dropped when a test run is killed. Not the process (`daemon`).

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Reads process ids, the last of which is the one to end. The end of the input is the end of
/// the test process. A process that is killed leaves a segment of System V shared memory; the
/// seventh line of `postmaster.pid` has its id.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
echo ready
process=
while read -r line; do process=$line; done
if [ -n "$process" ]; then
    kill -QUIT "$process"
    kill -CONT "$process"
    tries=0
    while kill -0 "$process" && [ $tries -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    kill -KILL "$process"
fi
segment=$(sed -n '7s/.* //p' "$1/data/postmaster.pid")
[ -z "$segment" ] || ipcrm -m "$segment"
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

/// A shell that waits for the end of this process, or for its own end.
#[derive(Debug)]
pub struct Guard {
    shell: Child,
    /// None when the guard ends.
    input: Option<ChildStdin>,
}

impl Guard {
    /// Guards a folder. The shell runs as the last arguments of `prefix`, such as `unshare`.
    pub fn new(folder: &Path, prefix: &[&str]) -> Self {
        let arguments = [prefix, &["sh", "-c", SCRIPT, "guard"]].concat();
        let mut command = Command::new(arguments[0]);
        command.args(&arguments[1..]).arg(folder);
        // A group of its own, because Ctrl-C goes to the whole group of the tests.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "{arguments:?}");
        let input = shell.stdin.take();
        Self { shell, input }
    }

    /// Names the process to end; none, when it has ended.
    pub fn watch(&mut self, process: Option<u32>) {
        let line = process.map_or(String::new(), |id| id.to_string());
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.input.take());
        // A guard that somebody has killed is reaped as well; its folder stays.
        let _ = self.shell.wait();
    }
}
