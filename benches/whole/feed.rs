//! Reads what an upload has put on the server: the whole feed page by page, and a clone. The client
//! only reads, so that the figures are the server's. Beside them, a bare `SELECT` of the same rows.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Steps in a page: the most that the server allows.
const LIMIT: u64 = 10_000;

/// A connection that posts to the server and reads answers without looking into them.
struct Client {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Client {
    fn connect(base: &str) -> Self {
        let host = base.split('/').nth(2).unwrap().to_owned();
        Self { stream: BufReader::new(TcpStream::connect(&host).unwrap()), host }
    }

    /// Posts a body; returns the last bytes of the answer, and its length.
    fn post(&mut self, route: &str, body: &str) -> (String, u64) {
        let head = format!(
            "POST /datafn/{route} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all((head + body).as_bytes()).unwrap();
        let mut length = None;
        loop {
            let line = self.line();
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse::<u64>().unwrap());
            }
            if line.is_empty() {
                break;
            }
        }
        let mut end = Vec::new();
        let mut read = 0;
        // Without a length the answer comes in chunks, and the last one is empty.
        loop {
            let chunk = length.unwrap_or_else(|| u64::from_str_radix(self.line().trim(), 16).unwrap());
            read += chunk;
            self.skip(chunk, &mut end);
            if length.is_some() {
                break;
            }
            self.line();
            if chunk == 0 {
                break;
            }
        }
        (String::from_utf8_lossy(&end).into_owned(), read)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// Reads bytes and keeps the last hundred.
    fn skip(&mut self, bytes: u64, end: &mut Vec<u8>) {
        let mut buffer = vec![0; 256 * 1024];
        let mut rest = self.stream.by_ref().take(bytes);
        loop {
            let read = rest.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            end.extend_from_slice(&buffer[read.saturating_sub(100)..read]);
            end.drain(..end.len().saturating_sub(100));
        }
    }
}

/// Pulls the whole feed.
pub fn pull(base: &str) -> Duration {
    let mut client = Client::connect(base);
    let start = Instant::now();
    let mut cursor = "0".to_owned();
    loop {
        let body = format!(r#"{{"clientId":"reader","cursor":"{cursor}","limit":{LIMIT}}}"#);
        let (end, _) = client.post("pull", &body);
        let next = end.rsplit_once(r#""nextCursor":"#).unwrap().1.trim_end_matches('}');
        if next == "null" {
            return start.elapsed();
        }
        next.trim_matches('"').clone_into(&mut cursor);
    }
}

/// Reads a clone of everything. Returns its time and its length in bytes.
pub fn clone(base: &str) -> (Duration, u64) {
    let start = Instant::now();
    let (_, length) = Client::connect(base).post("clone", r#"{"clientId":"reader"}"#);
    (start.elapsed(), length)
}

/// Reads the columns that an answer needs of all rows of a store.
pub fn select(store: &Path) -> Duration {
    let store = Connection::open(store).unwrap();
    let start = Instant::now();
    let mut statement =
        store.prepare("SELECT place, name, id, target, document FROM item ORDER BY place").unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut bytes = 0;
    while let Some(row) = rows.next().unwrap() {
        for column in 1..5 {
            bytes += row.get_ref(column).unwrap().as_str_or_null().unwrap().map_or(0, str::len);
        }
    }
    assert!(bytes > 0);
    start.elapsed()
}
