//! Cleans up when the test process ends, however that ends: a static is not dropped, and nothing is
//! dropped when a test run is killed. Not the process that is ended then (`daemon`).

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Reads process ids, the last of which is the one to end. The end of the input is the end of
/// the test process. A server that is killed leaves a segment of System V shared memory; the seventh
/// line of `postmaster.pid` has its id. The data folder may be a file system of its own.
const END_AND_REMOVE: &str = r#"
process=
while read -r line; do process=$line; done
if [ -n "$process" ]; then
    kill -QUIT "$process"
    kill -CONT "$process"
    tries=0
    while kill -0 "$process" && [ $tries -lt 300 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    kill -KILL "$process"
fi
segment=$(sed -n '7s/.* //p' "$1/data/postmaster.pid")
[ -z "$segment" ] || ipcrm -m "$segment"
umount -l "$1/data"
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

/// Only waits. What the shell's namespaces contain ends with it.
const WAIT: &str = "read -r line";

/// What all of these shells do first: Ctrl-C in a terminal is not the end of the test process.
const READY: &str = "trap '' INT TERM HUP; echo ready; ";

/// A shell that waits for the end of this process, or for its own end.
#[derive(Debug)]
pub struct Guard {
    shell: Child,
    /// None when the guard ends.
    input: Option<ChildStdin>,
}

impl Guard {
    /// Ends a process and removes its folder, from a mount namespace of its own where `mounts`.
    pub fn of_folder(folder: &Path, mounts: bool) -> Self {
        let prefix = if mounts { &["unshare", "--mount", "--propagation", "private"][..] } else { &[] };
        Self::start(prefix, END_AND_REMOVE, Some(folder))
    }

    /// Keeps a network namespace.
    pub fn of_network() -> Self {
        Self::start(&["unshare", "--net"], WAIT, None)
    }

    fn start(prefix: &[&str], script: &str, argument: Option<&Path>) -> Self {
        let script = format!("{READY}{script}");
        let arguments = [prefix, &["sh", "-c", &script, "guard"]].concat();
        let mut command = Command::new(arguments[0]);
        command.args(&arguments[1..]).args(argument);
        // A group of its own, because a test run that takes too long is killed as a group.
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

    /// The process id of the shell, which is in the namespaces that it keeps.
    pub fn id(&self) -> u32 {
        self.shell.id()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.input.take());
        // A guard that somebody has killed is reaped as well; its folder stays.
        let _ = self.shell.wait();
    }
}
