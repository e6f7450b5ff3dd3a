//! `synctool serve` as a process. Not the server inside the test's own process (`server`).

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::SCHEMA;
use super::binary::program;

/// A process that serves [`SCHEMA`]; it is killed on drop.
pub struct ServeProcess {
    folder: PathBuf,
    arguments: Vec<String>,
    child: Child,
    base: String,
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
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(stderr), &mut line).unwrap();
            line
        });
        let line = line.await.unwrap();
        let base =
            line.trim().strip_prefix("listening on ").expect("the first line is the address").to_owned();
        Self { folder, arguments, child, base }
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

    fn kill(&mut self) {
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
