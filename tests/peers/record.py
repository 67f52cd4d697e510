#!/usr/bin/env python3
"""Records what a person sees of fetch: docs/terminal.svg, from tmux's screen.

Run with: cargo build --release --example fetch && python3 tests/peers/record.py

A server here gives files at a pace of its own, tmux is typed into, and its screen is asked for
(`capture-pane -e`). Each look becomes one frame of a picture that moves by CSS alone.
"""

import html
import http.server
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FETCH = os.path.join(ROOT, "target", os.environ.get("PROFILE", "release"), "examples")
COLUMNS, LINES = 88, 20
CELL, HEIGHT = 8.4, 18
FILES = [
    ("alpine-3.22-x86_64.iso", 9_000_000, 900_000),
    ("debian-13-netinst.iso", 30_000_000, 2_400_000),
    ("fedora-42-server.iso", 48_000_000, 2_900_000),
    ("freebsd-14.3-bootonly.iso", 16_000_000, 1_900_000),
    ("linux-6.17.tar.xz", 6_000_000, 1_500_000),
    ("openbsd-7.8.img", 20_000_000, 1_600_000),
    ("rust-1.91-src.tar.xz", 5_000_000, 1_100_000),
    ("sqlite-3.51.zip", 1_500_000, 1_000_000),
]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.rsplit("/", 1)[-1]
        size, pace = next((size, pace) for n, size, pace in FILES if n == name)
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(size))
        self.end_headers()
        piece = pace // 20
        try:
            while size > 0:
                self.wfile.write(bytes(min(size, piece)))
                size -= piece
                time.sleep(0.05)
        except OSError:
            pass


COLOURS = {30: "#555", 31: "#f07178", 32: "#8fd17b", 33: "#e6c07b", 36: "#6cc7d6"}


def spans(line):
    """A line of the screen, its colours as SVG has them."""
    done, column, style = [], 0, {}
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            for code in [int(c or 0) for c in part[2:-1].split(";")]:
                if code == 0:
                    style = {}
                elif code == 1:
                    style["font-weight"] = "bold"
                elif code == 2:
                    style["fill"] = "#7d8590"
                elif code == 7:
                    style["fill"] = "#ffd866"
                elif code == 39:
                    style.pop("fill", None)
                elif code in COLOURS:
                    style["fill"] = COLOURS[code]
        elif part:
            if part.strip():
                attributes = "".join(f' {k}="{v}"' for k, v in style.items())
                x = round(column * CELL, 1)
                width = round(len(part) * CELL, 1)
                text = html.escape(part)
                done.append(f'<tspan x="{x}" textLength="{width}"{attributes}>{text}</tspan>')
            column += len(part)
    return "".join(done)


def picture(frames):
    width, height = COLUMNS * CELL + 24, LINES * HEIGHT + 24
    total = sum(seconds for _, seconds in frames)
    rules, groups, begun = [], [], 0.0
    for number, (screen, seconds) in enumerate(frames):
        start, end = 100 * begun / total, 100 * (begun + seconds) / total
        begun += seconds
        first = "" if number == 0 else f"0%{{opacity:0}}{start:.2f}%{{opacity:0}}"
        last = "" if number == len(frames) - 1 else f"{end:.2f}%{{opacity:0}}"
        rules.append(
            f"@keyframes f{number}{{{first}{start + 0.01:.2f}%{{opacity:1}}"
            f"{end - 0.01:.2f}%{{opacity:1}}{last}100%{{opacity:{1 if not last else 0}}}}}"
            f"#f{number}{{animation:f{number} {total:.1f}s step-end infinite}}"
        )
        lines = "".join(
            f'<text y="{12 + HEIGHT * (n + 0.75):.1f}" xml:space="preserve">{spans(line)}</text>'
            for n, line in enumerate(screen)
            if line.strip()
        )
        # Who wants no movement sees one with a file chosen.
        shown = "" if number == len(frames) // 3 else ' opacity="0"'
        groups.append(f'<g id="f{number}"{shown}>{lines}</g>')
    still = "@media (prefers-reduced-motion:reduce){g{animation:none!important}}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'width="{width:.0f}" height="{height}" role="img" '
        'aria-label="A terminal in which fetch downloads eight files: a bar for each, keys that '
        'choose one, pause, and slow down, and at the end a summary">'
        f"<style>text{{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#d6dbe1}}"
        f"{''.join(rules)}{still}</style>"
        f'<rect width="100%" height="100%" rx="8" fill="#15191e"/>'
        f'<g transform="translate(12)">{"".join(groups)}</g></svg>\n'
    )


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {k: v for k, v in os.environ.items() if k not in ("TMUX", "NO_COLOR")}
    environment.update(LC_ALL="C.UTF-8", PATH=FETCH + ":" + os.environ["PATH"])
    socket, frames = f"hob-record-{os.getpid()}", []

    def tmux(*words):
        command = ["tmux", "-L", socket, *words]
        return subprocess.run(command, env=environment, text=True, check=True, capture_output=True).stdout

    def look(seconds):
        lines = tmux("capture-pane", "-p", "-e").split("\n")[:LINES]
        frames.append((lines, seconds))

    def watch(times):
        for _ in range(times):
            time.sleep(0.5)
            look(0.5)

    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as sockets:
        environment["TMUX_TMPDIR"] = sockets
        urls = [f"http://127.0.0.1:{server.server_port}/{name}" for name, _, _ in FILES]
        with open(os.path.join(folder, "images.txt"), "w") as file:
            file.write("\n".join(urls))
        size = ["-x", str(COLUMNS), "-y", str(LINES)]
        tmux("-u", "-f", "/dev/null", "new-session", "-d", "-c", folder, *size, "bash", "--norc")
        try:
            tmux("send-keys", "PS1='$ '; clear", "Enter")
            time.sleep(0.5)
            tmux("send-keys", "-l", "fetch -i images.txt")
            time.sleep(0.2)
            look(1.5)
            tmux("send-keys", "Enter")
            watch(5)
            tmux("send-keys", "?")
            time.sleep(0.4)
            look(2.5)
            tmux("send-keys", "?")
            for _ in range(3):
                tmux("send-keys", "Down")
                time.sleep(0.4)
                look(0.4)
            tmux("send-keys", "p")
            time.sleep(0.5)
            look(1.5)
            tmux("send-keys", "p")
            tmux("send-keys", "-l", "-")
            watch(4)
            tmux("send-keys", "-l", "+")
            tmux("send-keys", "Escape")
            watch(4)
            while tmux("capture-pane", "-p").rstrip().split("\n")[-1] != "$":
                time.sleep(1.5)
                look(0.5)
            look(4)
        finally:
            tmux("kill-server")
    target = os.path.join(ROOT, "docs", "terminal.svg")
    with open(target, "w") as file:
        file.write(picture(frames))
    print(f"{target}: {len(frames)} frames, {os.path.getsize(target)} bytes")


if __name__ == "__main__":
    sys.exit(main())
