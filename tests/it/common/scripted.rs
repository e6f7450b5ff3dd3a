//! A server that answers from a script, over real sockets: for answers that a real server
//! would not give. A request without a scripted answer is applied. Not the real server
//! (`server`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Value,
    pub text: String,
    pub at: Instant,
    /// When the answer was sent; `None` before.
    pub answered: Option<Instant>,
}

/// What to answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Apply everything, as a server of the first dialect does.
    Apply,
    /// A status and a JSON body.
    Json(u16, Value),
    /// A status, headers and any body.
    Raw(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Half of an answer, then the connection is closed.
    Cut,
    /// The connection is closed without an answer.
    Close,
    /// A body that does not end.
    Endless,
    /// Another answer, later.
    After(Duration, Box<Answer>),
}

impl Answer {
    /// A successful answer with a result, in an envelope.
    pub fn result(result: &Value) -> Self {
        Self::Json(200, json!({"ok": true, "result": result}))
    }

    /// Applies everything, this many milliseconds later.
    pub fn late(millis: u64) -> Self {
        Self::After(Duration::from_millis(millis), Box::new(Self::Apply))
    }
}

/// An error for a whole request, in an envelope.
pub fn refusal(code: &str) -> Value {
    json!({"ok": false, "error": {"code": code, "message": "because", "details": {"path": "x"}}})
}

#[derive(Default)]
struct State {
    script: HashMap<String, VecDeque<Answer>>,
    requests: Vec<Recorded>,
    sequence: u64,
    in_flight: usize,
    most_in_flight: usize,
}

/// The server; it stops with the runtime.
pub struct Scripted {
    base: String,
    state: Arc<Mutex<State>>,
}

impl Scripted {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/datafn", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&shared)));
            }
        });
        Self { base, state }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// Adds answers for the next requests of a route.
    pub fn script(&self, route: &str, answers: impl IntoIterator<Item = Answer>) {
        let mut state = self.state.lock().unwrap();
        state.script.entry(format!("/datafn/{route}")).or_default().extend(answers);
    }

    /// Forgets the answers that no request has asked for.
    pub fn forget_script(&self) {
        self.state.lock().unwrap().script.clear();
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.lock().unwrap().requests.clone()
    }

    pub fn pushes(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| request.path.ends_with("/push")).collect()
    }

    pub fn pulls(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| request.path.ends_with("/pull")).collect()
    }

    /// Waits until the first push has arrived.
    pub async fn first_push(&self) {
        while self.pushes().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many mutations each push had, in order of arrival.
    pub fn batch_sizes(&self) -> Vec<usize> {
        self.pushes().iter().map(|push| push.body["mutations"].as_array().unwrap().len()).collect()
    }

    /// The mutations of every push, in order of arrival.
    pub fn mutations(&self) -> Vec<Value> {
        let mutations = |push: &Recorded| push.body["mutations"].as_array().unwrap().clone();
        self.pushes().iter().flat_map(mutations).collect()
    }

    /// `resource/id`, with `>ref` for join rows, of every mutation.
    pub fn subjects(&self) -> Vec<String> {
        self.mutations().iter().map(subject).collect()
    }

    pub fn most_in_flight(&self) -> usize {
        self.state.lock().unwrap().most_in_flight
    }
}

/// A script with answers that no request asked for is a mistake in the test.
impl Drop for Scripted {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let requests = self.requests();
            eprintln!("the scripted server saw {} requests:", requests.len());
            for request in requests {
                eprintln!("  {} {}", request.path, &request.text[..request.text.len().min(300)]);
            }
            return;
        }
        let state = self.state.lock().unwrap();
        for (route, answers) in &state.script {
            assert!(answers.is_empty(), "{route}: no request asked for {answers:?}");
        }
    }
}

fn subject(mutation: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut subject = format!("{}/{}", text(&mutation["resource"]), text(&mutation["id"]));
    for reference in mutation["relations"].as_object().into_iter().flat_map(serde_json::Map::values) {
        subject.push('>');
        subject.push_str(&text(&reference["$ref"]));
    }
    subject
}

async fn converse(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut buffer = Vec::new();
    while let Some((index, answer)) = receive(&mut stream, &mut buffer, &state).await {
        let goes_on = respond(&mut stream, answer, index, &state).await;
        {
            let mut state = state.lock().unwrap();
            if state.requests[index].path.ends_with("/push") {
                state.in_flight -= 1;
            }
            state.requests[index].answered = Some(Instant::now());
        }
        if !goes_on {
            return;
        }
    }
}

/// Reads one request and looks up its answer.
async fn receive(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    state: &Mutex<State>,
) -> Option<(usize, Answer)> {
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(buffer[..head].to_vec()).unwrap();
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body: Vec<u8> = buffer.drain(..head + length).skip(head).collect();
    let body = match headers.get("content-encoding").map(String::as_str) {
        Some("gzip") => {
            std::io::Read::bytes(flate2::read::GzDecoder::new(&body[..])).map(Result::unwrap).collect()
        }
        Some("zstd") => zstd::bulk::decompress(&body, 1 << 26).unwrap(),
        _ => body,
    };
    let mut state = state.lock().unwrap();
    let answer = state.script.get_mut(&path).and_then(VecDeque::pop_front).unwrap_or(Answer::Apply);
    if path.ends_with("/push") {
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
    }
    state.requests.push(Recorded {
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        text: String::from_utf8_lossy(&body).into_owned(),
        at: Instant::now(),
        answered: None,
    });
    Some((state.requests.len() - 1, answer))
}

/// Sends an answer; returns whether the connection goes on.
async fn respond(stream: &mut TcpStream, mut answer: Answer, index: usize, state: &Mutex<State>) -> bool {
    while let Answer::After(delay, then) = answer {
        tokio::time::sleep(delay).await;
        answer = *then;
    }
    let (status, headers, body) = match answer {
        Answer::Apply => (200, Vec::new(), applied(index, state).to_string().into_bytes()),
        Answer::Json(status, body) => (status, Vec::new(), body.to_string().into_bytes()),
        Answer::Raw(status, headers, body) => (status, headers, body),
        Answer::Close => return false,
        Answer::Cut => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"ok\":true,").await;
            return false;
        }
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            let chunk = format!("100000\r\n{}\r\n", " ".repeat(0x10_0000));
            while stream.write_all(chunk.as_bytes()).await.is_ok() {}
            return false;
        }
        Answer::After(..) => unreachable!("the loop above has waited"),
    };
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    stream.write_all(head.as_bytes()).await.is_ok() && stream.write_all(&body).await.is_ok()
}

fn applied(index: usize, state: &Mutex<State>) -> Value {
    let mut state = state.lock().unwrap();
    let request = state.requests[index].clone();
    if !request.path.ends_with("/push") {
        return json!({"ok": true, "result": {"changes": [], "nextCursor": null}});
    }
    let ids: Vec<_> =
        request.body["mutations"].as_array().unwrap().iter().map(|m| m["mutationId"].clone()).collect();
    state.sequence += ids.len() as u64;
    json!({"ok": true, "result": {"ok": true, "applied": ids, "errors": [], "cursor": state.sequence.to_string()}})
}
