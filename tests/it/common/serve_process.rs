//! `synctool serve` as a process. Not the server inside the test's own process (`server`).

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
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

    async fn listen(folder: PathBuf, arguments: Vec<String>, address: &str, failpoint: Option<&str>) -> Self {
        std::fs::write(folder.join("schema.json"), SCHEMA).unwrap();
        let mut command = program(&folder);
        command.args(["serve", "--schema", "schema.json", "--listen", address]).args(&arguments);
        command.envs(failpoint.map(|name| ("SYNCTOOL_FAILPOINT", name))).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, (first, is_first)) = (Arc::clone(&log), tokio::sync::oneshot::channel());
        let mut first = Some(first);
        let reading = std::thread::spawn(move || {
            for line in std::io::BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line.clone());
                first.take().map(|first| first.send(line));
            }
        });
        let line = is_first.await.expect("the first line is the address");
        let base = match line.strip_prefix("listening on ") {
            Some(base) => base.to_owned(),
            None => serde_json::from_str::<Value>(&line).unwrap()["url"].as_str().unwrap().to_owned(),
        };
        Self { folder, arguments, child, base, log, reading: Some(reading) }
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

    /// Kills the process, without a chance to close anything.
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
