//! Runs of the binary in a pseudo terminal, and what a person sees there. Not runs with pipes (`binary`).

use std::ffi::CString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// After that a test has failed.
const LIMIT: Duration = Duration::from_mins(1);

/// A terminal with a running process in it.
pub struct Terminal {
    child: Child,
    bytes: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// What a person types.
    keyboard: File,
}

impl Terminal {
    /// Starts a command in a terminal of this size, on stdout and stderr.
    pub fn start(command: &mut Command, size: (u16, u16)) -> Self {
        Self::start_as(command, size, "xterm")
    }

    /// The same in a terminal of this kind, as `TERM` has it.
    pub fn start_as(command: &mut Command, size: (u16, u16), kind: &str) -> Self {
        Self::start_with(command, size, kind, false)
    }

    /// The same with the terminal on stdin too, so that a person can type.
    pub fn start_typing(command: &mut Command, size: (u16, u16)) -> Self {
        Self::start_with(command, size, "xterm", true)
    }

    fn start_with(
        command: &mut Command,
        (columns, rows): (u16, u16),
        kind: &str,
        has_keyboard: bool,
    ) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&controller, size).unwrap();
        let name: CString = ptsname(&controller, Vec::new()).unwrap();
        let path = std::ffi::OsString::from_vec(name.into_bytes());
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        command.stdin(if has_keyboard { Stdio::from(open()) } else { Stdio::null() });
        command.stdout(open()).stderr(open()).env("TERM", kind);
        let child = command.spawn().unwrap();
        // The ends that are only for the child.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (sender, bytes) = channel();
        let mut controller = File::from(controller);
        let keyboard = controller.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The last process has closed the terminal: that is an error here.
            while let Ok(length @ 1..) = controller.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            bytes,
            parser: vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 10_000),
            keyboard,
        }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Types a text.
    pub fn send(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Waits for a screen on which something holds, and returns it.
    pub fn wait_for(&mut self, holds: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            match self.bytes.recv_timeout(Duration::from_millis(100)) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                Err(error) => panic!("{error}: the process has ended\n{}", self.screen()),
            }
            if holds(&self.screen()) {
                return self.screen();
            }
        }
        panic!("not seen within {LIMIT:?}:\n{}", self.screen())
    }

    /// Waits for the end, and returns everything that is on the terminal then, lines that have scrolled
    /// away too.
    pub fn finish(mut self) -> (ExitStatus, String) {
        while let Ok(bytes) = self.bytes.recv_timeout(LIMIT) {
            self.parser.process(&bytes);
        }
        let status = self.child.wait().unwrap();
        (status, all_lines(&mut self.parser))
    }

    /// Waits for the end, and returns the bytes that were written.
    pub fn raw(mut self) -> String {
        let bytes: Vec<u8> = self.bytes.iter().flatten().collect();
        self.child.wait().unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn screen(&self) -> String {
        self.parser.screen().contents()
    }
}

/// The lines of the screen and those above it.
fn all_lines(parser: &mut vt100::Parser) -> String {
    let columns = parser.screen().size().1.get();
    parser.screen_mut().set_scrollback(usize::MAX);
    let above = parser.screen().scrollback();
    let mut lines: Vec<String> = Vec::new();
    for offset in (1..=above).rev() {
        parser.screen_mut().set_scrollback(offset);
        lines.extend(parser.screen().rows(0, columns).next());
    }
    parser.screen_mut().set_scrollback(0);
    lines.extend(parser.screen().rows(0, columns));
    lines.join("\n").trim_end().to_owned()
}
