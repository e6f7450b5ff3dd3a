//! `synctool serve` as a process. Not the server inside the test's own process (`server`).

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use super::SCHEMA;
use super::binary::program;

/// A process that serves [`SCHEMA`]; it is killed on drop.
pub struct ServeProcess {
    folder: PathBuf,
    arguments: Vec<String>,
    child: Child,
    base: String,
    /// What it has written to stderr, and the thread that reads it.
    log: Arc<Mutex<Vec<String>>>,
    reading: Option<JoinHandle<()>>,
}

impl ServeProcess {
    /// Starts it in a folder on a free port, with more arguments, and waits until it listens.
    /// A failpoint is a place in the code where the process aborts itself.
    pub async fn start(folder: &Path, arguments: &[&str], failpoint: Option<&str>) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self::listen(folder.to_owned(), arguments, "127.0.0.1:0", failpoint).await
    }

    /// Starts it at a free address that was found before, which a client asks already.
    pub async fn start_at(folder: &Path, address: &str) -> Self {
        Self::listen(folder.to_owned(), Vec::new(), address, None).await
    }

    /// Starts it with more environment variables, where `place` puts its command, such as on another
    /// host.
    #[cfg(all(target_os = "linux", feature = "postgres"))]
    pub async fn start_in(
        folder: &Path,
        arguments: &[String],
        environment: &[(&str, &str)],
        place: impl FnOnce(Command) -> Command,
    ) -> Self {
        let mut command = Self::command(folder, arguments, "127.0.0.1:0");
        command.envs(environment.iter().copied());
        Self::spawn(folder.to_owned(), arguments.to_vec(), place(command)).await
    }

    async fn listen(folder: PathBuf, arguments: Vec<String>, address: &str, failpoint: Option<&str>) -> Self {
        let mut command = Self::command(&folder, &arguments, address);
        command.envs(failpoint.map(|name| ("SYNCTOOL_FAILPOINT", name)));
        Self::spawn(folder, arguments, command).await
    }

    fn command(folder: &Path, arguments: &[String], address: &str) -> Command {
        std::fs::write(folder.join("schema.json"), SCHEMA).unwrap();
        let mut command = program(folder);
        command.args(["serve", "--schema", "schema.json", "--listen", address]).args(arguments);
        command
    }

    async fn spawn(folder: PathBuf, arguments: Vec<String>, mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, (sender, address)) = (Arc::clone(&log), tokio::sync::oneshot::channel());
        let mut sender = Some(sender);
        // From here on it is killed on drop, also while it is waited for.
        let mut process = Self { folder, arguments, child, base: String::new(), log, reading: None };
        // Everything is read, so that a server that warns does not wait for its reader.
        let reading = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(base) = address_in(&line) {
                    sender.take().map(|sender| sender.send(base));
                }
                lines.lock().unwrap().push(line);
            }
        });
        // The sender is dropped when the process has ended.
        let Ok(base) = address.await else {
            panic!("the server does not listen:\n{}", process.log.lock().unwrap().join("\n"))
        };
        (process.base, process.reading) = (base, Some(reading));
        process
    }

    /// Ends the process with SIGTERM and returns all that it has written to stderr.
    #[cfg(unix)]
    pub fn terminate_and_log(&mut self) -> Vec<String> {
        self.terminate();
        self.reading.take().unwrap().join().unwrap();
        self.log.lock().unwrap().clone()
    }

    /// The number of the process.
    #[cfg(unix)]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The URL to upload to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Kills the process and starts it again without a failpoint, on the same store and the
    /// same address, so that uploads are continued.
    pub async fn restart(&mut self) {
        self.kill();
        let address = self.base.split('/').nth(2).unwrap().to_owned();
        *self = Self::listen(self.folder.clone(), self.arguments.clone(), &address, None).await;
    }

    /// Ends the process with SIGTERM and returns its exit status.
    #[cfg(unix)]
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        super::signal("TERM", self.child.id());
        self.child.wait().unwrap()
    }

    /// Sends a signal, such as `STOP`.
    #[cfg(all(target_os = "linux", feature = "postgres"))]
    pub fn signal(&self, name: &str) {
        super::signal(name, self.child.id());
    }

    /// Whether the process has ended by itself.
    #[cfg(all(target_os = "linux", feature = "postgres"))]
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills the process with SIGKILL.
    pub fn kill(&mut self) {
        // The failpoint may have ended it already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for ServeProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The base URL in a line that says where the server listens, as text or as JSON.
fn address_in(line: &str) -> Option<String> {
    if let Some(base) = line.strip_prefix("listening on ") {
        return Some(base.trim().to_owned());
    }
    let line: Value = serde_json::from_str(line).ok()?;
    Some(line["url"].as_str()?.to_owned())
}
