//! The process, and the messages to and from it. Not what a test does with a page (`tab`).

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// With `1`, a test fails without Chromium instead of being skipped.
const REQUIRE: &str = "SYNCTOOL_TEST_REQUIRE_CHROMIUM";

/// What it is called.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running Chromium. It ends when its pipe is closed, at the latest with this process.
pub(super) struct Chromium {
    messages: Mutex<ChildStdin>,
    next: AtomicU64,
    waiting: Arc<Waiting>,
    _child: Child,
    _profile: TempDir,
}

/// Who waits for what.
#[derive(Default)]
struct Waiting {
    answers: Mutex<HashMap<u64, Sender<Value>>>,
    /// Events, by session.
    events: Mutex<HashMap<String, Arc<Mutex<Vec<Value>>>>>,
}

impl Chromium {
    /// The one that all tests share; None where there is none.
    pub(super) fn shared() -> Option<&'static Self> {
        static SHARED: LazyLock<Option<Chromium>> = LazyLock::new(|| Some(Chromium::start(&program()?)));
        if SHARED.is_none() {
            let required = std::env::var(REQUIRE).is_ok_and(|value| !["", "0"].contains(&value.as_str()));
            assert!(!required, "no Chromium, and {REQUIRE} is set");
            let thread = std::thread::current();
            let line = format!("{}: skipped: no Chromium\n", thread.name().unwrap_or("test"));
            // Not `eprintln`, which the test runner does not show when a test passes.
            std::io::stderr().write_all(line.as_bytes()).unwrap();
        }
        SHARED.as_ref()
    }

    fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().unwrap();
        // It reads messages from file descriptor 3 and writes them to 4, which only a shell can set here.
        let script = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"#;
        let mut child = Command::new("sh")
            .args(["-c", script])
            .arg(program)
            // Without a sandbox: a container has none, and the pages are our own.
            .args([
                "--headless",
                "--remote-debugging-pipe",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
            ])
            .args(["--disable-dev-shm-usage", "--disable-background-networking", "--no-proxy-server"])
            .args(["--disable-background-timer-throttling", "--disable-renderer-backgrounding"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let messages = Mutex::new(child.stdin.take().unwrap());
        let (output, waiting) = (child.stdout.take().unwrap(), Arc::new(Waiting::default()));
        let receiving = Arc::clone(&waiting);
        std::thread::spawn(move || receiving.receive(output));
        Self { messages, next: AtomicU64::new(1), waiting, _child: child, _profile: profile }
    }

    /// Calls a method, of the browser or of a session, and returns its result.
    pub(super) fn call(&self, session: Option<&str>, method: &str, parameters: &Value) -> Value {
        let result = self.try_call(session, method, parameters);
        result.unwrap_or_else(|error| panic!("{method} {parameters}: {error}"))
    }

    /// As [`Self::call`], with the error that the browser answers.
    pub(super) fn try_call(
        &self,
        session: Option<&str>,
        method: &str,
        parameters: &Value,
    ) -> Result<Value, Value> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let (sender, answer): (_, Receiver<Value>) = channel();
        self.waiting.answers.lock().unwrap().insert(id, sender);
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.messages.lock().unwrap().write_all(&bytes).unwrap();
        let mut answer = answer.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{method}: {error}"));
        if answer["error"].is_null() { Ok(answer["result"].take()) } else { Err(answer["error"].take()) }
    }

    /// The events of a session, from now on.
    pub(super) fn events(&self, session: &str) -> Arc<Mutex<Vec<Value>>> {
        Arc::clone(self.waiting.events.lock().unwrap().entry(session.to_owned()).or_default())
    }
}

impl Waiting {
    /// Hands on all messages, each of which ends with a zero byte, until the browser has ended.
    fn receive(&self, output: ChildStdout) {
        for message in BufReader::new(output).split(0).map_while(Result::ok) {
            let message: Value = serde_json::from_slice(&message).unwrap();
            if let Some(id) = message["id"].as_u64() {
                let sender = self.answers.lock().unwrap().remove(&id);
                // Without a receiver, the test has failed.
                sender.map(|sender| sender.send(message));
            } else if let Some(session) = message["sessionId"].as_str() {
                let events = self.events.lock().unwrap().get(session).cloned();
                if let Some(events) = events {
                    events.lock().unwrap().push(message);
                }
            }
        }
        // Whoever waits for an answer gets none.
        self.answers.lock().unwrap().clear();
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let files = PROGRAMS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.into_iter().find(|file| file.exists())
}
