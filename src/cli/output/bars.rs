//! Draws lines at the bottom of a terminal and redraws them. The only file that knows indicatif. What the
//! lines are is decided in [`super::screen`].

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::print::{Drawing, begin_drawing};
use super::width::terminal_width;

/// The width of what does not say its own.
const USUAL_WIDTH: usize = 80;

/// How often the lines are written at most, in a second.
const REDRAWS: u8 = 10;

/// Whether stderr is a terminal that can redraw lines.
pub(super) fn can_redraw() -> bool {
    // As the `console` crate decides: without it, on Unix, a terminal cannot be addressed.
    let is_dumb = std::env::var_os("TERM").map_or(cfg!(unix), |term| term == "dumb");
    io::stderr().is_terminal() && !is_dumb
}

/// Lines at the bottom of stderr.
pub(super) struct Bars(ProgressBar);

impl Bars {
    /// Begins with no line. Where stderr cannot redraw, it gets the escape sequences of a terminal that can.
    pub(super) fn begin() -> Arc<Self> {
        let target = if can_redraw() {
            ProgressDrawTarget::stderr_with_hz(REDRAWS)
        } else {
            ProgressDrawTarget::term_like_with_hz(Box::new(AnsiStderr), REDRAWS)
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(ProgressStyle::with_template("{msg}").expect("the template is valid"));
        let bars = Arc::new(Self(bar));
        begin_drawing(Arc::clone(&bars) as Arc<dyn Drawing>);
        bars
    }

    /// How many columns a line may have.
    pub(super) fn width() -> usize {
        terminal_width().unwrap_or(USUAL_WIDTH)
    }

    /// Replaces the lines.
    pub(super) fn draw(&self, lines: &[String]) {
        self.0.set_message(lines.join("\n"));
    }
}

impl Drawing for Bars {
    fn suspend(&self, print: &mut dyn FnMut()) {
        self.0.suspend(print);
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// Stderr that is no terminal, but is shown by something that knows the escape sequences of one.
#[derive(Debug)]
struct AnsiStderr;

impl AnsiStderr {
    /// Moves the cursor by `count` in the direction of a letter of ECMA-48.
    fn move_cursor(&self, count: usize, direction: char) -> io::Result<()> {
        if count == 0 { Ok(()) } else { self.write_str(&format!("\x1b[{count}{direction}")) }
    }
}

impl TermLike for AnsiStderr {
    fn width(&self) -> u16 {
        u16::try_from(Bars::width()).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'D')
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.write_str(&format!("{s}\n"))
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        io::stderr().write_all(s.as_bytes())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write_str("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}
