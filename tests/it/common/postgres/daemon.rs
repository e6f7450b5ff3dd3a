//! A background process with a temporary folder, both of which end with this value and with the
//! test process. Knows nothing of PostgreSQL but its user (`account`).

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::account::Account;
use super::guard::Guard;

/// The folder, the guard, and the process while it runs.
#[derive(Debug)]
pub struct Daemon {
    folder: PathBuf,
    account: Option<Account>,
    guard: Guard,
    process: Option<Child>,
}

impl Daemon {
    /// Makes a folder in `parent`.
    pub fn new(parent: &Path) -> Self {
        let account = Account::ordinary();
        let folder = tempfile::Builder::new()
            .prefix("synctool-test-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .unwrap();
        if let Some(account) = account {
            account.own(folder.path());
        }
        let guard = Guard::new(folder.path(), &[]);
        // From here on the guard removes it.
        Self { folder: folder.keep(), account, guard, process: None }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that the process writes its output to.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// A program that runs in the folder as the ordinary user.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command.current_dir(&self.folder).env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    /// Writes a file that the ordinary user, and nobody else, can read.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        if let Some(account) = self.account {
            account.own(&path);
        }
        path
    }

    /// Starts the process, in a process group of its own.
    pub fn start(&mut self, mut command: Command) {
        assert!(self.process.is_none(), "it runs already");
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let process = command.spawn().unwrap();
        self.guard.watch(Some(process.id()));
        self.process = Some(process);
    }

    /// The process id while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(|process| process.try_wait().unwrap().is_some())
    }

    /// Sends a signal and waits for the end of the process; none where it does not run.
    pub fn end(&mut self, signal: Signal) -> Option<ExitStatus> {
        let mut process = self.process.take()?;
        // It may have ended by itself.
        let _ = kill_process(pid(process.id()), signal);
        let status = process.wait().unwrap();
        self.guard.watch(None);
        Some(status)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end(Signal::QUIT);
    }
}

/// The type of a process id that signals are sent to.
pub fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

/// Runs a command to its end; panics with what it printed where it fails.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{stdout}{stderr}", output.status);
    stdout.into_owned()
}
