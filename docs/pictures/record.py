"""Records what a command shows in a terminal, as an animated SVG: record.py FILE COMMAND

The command runs in tmux, whose pane is captured several times a second. Each picture of the pane is a group of
the drawing, which is shown for as long as it was there.
"""

import html
import re
import subprocess
import sys
import time

COLUMNS, ROWS = 84, 22
INTERVAL = 0.4
# For how long the last picture stays, in seconds.
END = 6
CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 16
SESSION = "synctool-recording"
COLOURS = {31: "#ff7b7f", 32: "#4cc38a", 33: "#f0b94a", 34: "#62aef9", 35: "#d19dff", 36: "#4ccce6", 90: "#97a3b6"}


def tmux(*arguments):
    return subprocess.run(["tmux", "-L", SESSION, *arguments], check=True, capture_output=True, text=True).stdout


def typed(command):
    """Types a command as a person does, so that the recording begins with it."""
    for character in command:
        tmux("send-keys", "-l", character)
    tmux("send-keys", "Enter")


def record(command):
    """The pictures with their times, until the prompt is there again."""
    tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "env", "PS1=$ ", "TERM=xterm-256color", "bash", "--norc")
    try:
        time.sleep(0.5)
        typed(command)
        pictures, begin = [], time.monotonic()
        while True:
            text = tmux("capture-pane", "-e", "-p").rstrip("\n")
            now = time.monotonic() - begin
            if not pictures or pictures[-1][1] != text:
                pictures.append((now, text))
            if text.endswith("\n$") or text.endswith("\n$ ") or now > 120:
                return pictures
            time.sleep(INTERVAL)
    finally:
        tmux("kill-server")


def line(text):
    """A line with its colours, as spans."""
    spans, style = [], ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", text):
        if part.startswith("\x1b["):
            for code in (int(code or 0) for code in part[2:-1].split(";")):
                if code in (0, 39):
                    style = ""
                elif code == 1:
                    style += ' font-weight="bold"'
                elif code in COLOURS:
                    style += f' fill="{COLOURS[code]}"'
        elif part:
            escaped = html.escape(part, quote=False)
            spans.append(f"<tspan{style}>{escaped}</tspan>" if style else escaped)
    return "".join(spans)


def drawn(command, pictures):
    rows = max(len(text.split("\n")) for _, text in pictures)
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, rows * CELL_HEIGHT + 2 * MARGIN
    whole = pictures[-1][0] + END
    styles, groups, places = [], [], {}
    for number, (begin, text) in enumerate(pictures):
        end = pictures[number + 1][0] if number + 1 < len(pictures) else whole
        first, last = 100 * begin / whole, 100 * end / whole
        frames = "" if number == 0 else "0%{visibility:hidden}"
        frames += f"{first:.2f}%{{visibility:visible}}"
        frames += "" if end == whole else f"{last:.2f}%{{visibility:hidden}}"
        styles.append(f"@keyframes k{number}{{{frames}}}#f{number}{{animation:k{number} {whole:.1f}s step-end infinite}}")
        uses = []
        for row, shown in enumerate(text.split("\n")):
            if shown.strip():
                # A line that stays where it is, is there once.
                name = places.setdefault((row, shown), f"l{len(places)}")
                uses.append(f'<use href="#{name}"/>')
        is_last = number + 1 == len(pictures)
        kind = ' class="last"' if is_last else ""
        groups.append(f'<g id="f{number}"{kind}>{"".join(uses)}</g>')
    lines = "".join(
        f'<text id="{name}" x="{MARGIN}" y="{MARGIN + row * CELL_HEIGHT + 13}">{line(shown)}</text>'
        for (row, shown), name in places.items()
    )
    style = (
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e9ecf0;"
        "white-space:pre}g{visibility:hidden}" + "".join(styles)
        + "@media (prefers-reduced-motion:reduce){g{animation:none!important}.last{visibility:visible}}"
    )
    title = html.escape(f"A terminal in which `{command}` runs")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" '
        f'role="img" aria-labelledby="title"><title id="title">{title}</title><style>{style}</style>'
        f'<rect width="100%" height="100%" rx="8" fill="#111418"/><defs>{lines}</defs>{"".join(groups)}</svg>\n'
    )


def main():
    file, command = sys.argv[1:]
    pictures = record(command)
    with open(file, "w", encoding="utf-8") as out:
        out.write(drawn(command, pictures))


main()
