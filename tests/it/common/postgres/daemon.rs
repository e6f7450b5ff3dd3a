//! A background process with a temporary folder, both of which end with this value and with the
//! test process. Knows nothing of PostgreSQL but its user (`account`).

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::account::Account;
use super::guard::Guard;

/// How long an orderly end may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a daemon runs.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder for the daemon's own; the default is the one for temporary files.
    pub parent: PathBuf,
    /// With a mount namespace of its own.
    pub mounts: bool,
    /// A process in the network namespace that it runs in.
    pub network: Option<u32>,
}

impl Default for Place {
    fn default() -> Self {
        Self { parent: std::env::temp_dir(), mounts: false, network: None }
    }
}

/// The folder, the guard, and the process while it runs.
#[derive(Debug)]
pub struct Daemon {
    folder: PathBuf,
    account: Option<Account>,
    mounts: bool,
    network: Option<u32>,
    guard: Guard,
    process: Option<Child>,
}

impl Daemon {
    pub fn new(place: &Place) -> Self {
        let account = Account::ordinary();
        let folder = tempfile::Builder::new()
            .prefix("synctool-test-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&place.parent)
            .unwrap();
        if let Some(account) = account {
            account.own(folder.path());
        }
        let guard = Guard::of_folder(folder.path(), place.mounts);
        // From here on the guard removes it.
        let folder = folder.keep();
        Self { folder, account, mounts: place.mounts, network: place.network, guard, process: None }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in the folder, as this process sees it: past the daemon's mount namespace.
    pub fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.join(name);
        if !self.mounts {
            return path;
        }
        Path::new(&format!("/proc/{}/root", self.guard.id())).join(path.strip_prefix("/").unwrap())
    }

    /// The file that the process writes its output to.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// A program that runs in the folder as the ordinary user, in the daemon's namespaces.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut namespaces = Vec::new();
        if self.mounts {
            namespaces.push(format!("--mount=/proc/{}/ns/mnt", self.guard.id()));
        }
        if let Some(process) = self.network {
            namespaces.push(format!("--net=/proc/{process}/ns/net"));
        }
        let mut command =
            Command::new(if namespaces.is_empty() { program.as_ref() } else { "nsenter".as_ref() });
        match self.account {
            Some(Account { uid, gid }) if !namespaces.is_empty() => {
                namespaces.extend([format!("--setuid={uid}"), format!("--setgid={gid}"), "--".to_owned()]);
                command.args(namespaces).arg(program);
            }
            Some(Account { uid, gid }) => {
                command.uid(uid).gid(gid);
            }
            None => assert!(namespaces.is_empty(), "only root enters a namespace"),
        }
        without_settings(&mut command);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// Mounts an empty file system in memory, which only the daemon sees, on a folder that it makes.
    pub fn mount(&self, name: &str, mebibytes: u32) {
        let Account { uid, gid } = self.account.expect("root mounts");
        let folder = self.folder.join(name);
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("nsenter");
        mount.arg(format!("--mount=/proc/{}/ns/mnt", self.guard.id())).args(["mount", "-t", "tmpfs", "-o"]);
        run(mount.arg(format!("size={mebibytes}m,uid={uid},gid={gid},mode=0700")).arg("tmpfs").arg(folder));
    }

    /// Writes a file that the ordinary user, and nobody else, can read.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
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

    /// Whether no process runs: it has ended by itself, or was not started.
    pub fn has_ended(&mut self) -> bool {
        let Some(process) = &mut self.process else { return true };
        let ended = process.try_wait().unwrap().is_some();
        if ended {
            self.forget();
        }
        ended
    }

    /// Another process may get its id from here on.
    fn forget(&mut self) {
        self.process = None;
        self.guard.watch(None);
    }

    /// Sends a signal to the process while it runs.
    pub fn signal(&self, signal: Signal) {
        if let Some(id) = self.id() {
            // It may have ended by itself; nobody has its id before it is waited for.
            let _ = kill_process(pid(id), signal);
        }
    }

    /// Sends a signal and waits for the end of the process. One that does not end in time is killed:
    /// PostgreSQL 17 hangs where an orderly stop interrupts its recovery.
    pub fn end(&mut self, signal: Signal) {
        self.signal(signal);
        let start = Instant::now();
        while !self.has_ended() {
            if start.elapsed() > PATIENCE {
                self.signal(Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end(Signal::QUIT);
    }
}

/// Removes what changes the behavior of PostgreSQL's programs on this machine: variables, and files
/// of the user.
pub fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C").env("HOME", "/nonexistent");
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
