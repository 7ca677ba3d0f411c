"""The workbench inside tmux, a second reader of what it writes: letters and pixels of its
screen are those of `eigenscope frame` in the same state. TAP.
    tests/tmux.py PROGRAM
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

WAIT = 20  # seconds until a screen has to be there
SGR = re.compile(r"\x1b\[([0-9;:]*)m|\x1b[()][A-Z0-9]|[\x0e\x0f]")


def colors(pen, parameters):
    """The pen (foreground, background) after an SGR; None: the terminal's own."""
    numbers = [int(p or 0) for p in re.split("[;:]", parameters)]
    fore, back = pen
    while numbers:
        n = numbers.pop(0)
        if n in (38, 48):
            count = 3 if numbers.pop(0) == 2 else 1
            value = tuple(numbers[:count])
            del numbers[:count]
            fore, back = (value, back) if n == 38 else (fore, value)
        elif n == 0:
            fore = back = None
        elif n == 39:
            fore = None
        elif n == 49:
            back = None
    return fore, back


def cells(text, width, height):
    """Rows of cells: a letter, or in the picture the colours of both halves."""
    rows = []
    pen = (None, None)
    for line in (text.split("\n") + [""] * height)[:height]:
        row, at = [], 0
        while at < len(line):
            code = SGR.match(line, at)
            if code:
                pen = colors(pen, code[1]) if code[1] is not None else pen
                at = code.end()
                continue
            letter = line[at]
            at += 1
            if pen[1] is None:
                row.append(letter)
            else:
                row.append((pen[0] if letter == "▀" else pen[1], pen[1]))
        rows.append(row + [" "] * (width - len(row)))
    last = "".join(c if isinstance(c, str) else "?" for c in rows[-1])
    rows[-1] = list(last.split(" half blocks")[0].rstrip())  # then the time of a frame
    return rows


class Tmux:
    def __init__(self, folder):
        self.call = ["tmux", "-L", "eigenscope-test", "-f", "/dev/null"]
        self.env = {k: v for k, v in os.environ.items() if k not in ("TMUX", "NO_COLOR")}
        self.env.update(TMUX_TMPDIR=folder, LC_ALL="C.UTF-8", OPENBLAS_NUM_THREADS="1",
                        XDG_STATE_HOME=folder, COLORTERM="truecolor")

    def do(self, *words):
        done = subprocess.run([*self.call, *words], env=self.env, capture_output=True, timeout=60)
        if done.returncode:
            print("# tmux", words[0], done.stderr.decode().strip())
        return done.stdout.decode()


def without_time(rows):
    rows[-1] = list(re.sub(r" +[0-9.]+ ms$", "", "".join(rows[-1])))
    return rows


def same(tmux, program, width, height, commands):
    """Waits until the screen is the frame; says in how many cells it differs."""
    frame = subprocess.run([program, "frame", "demo:phantom256", "--size", f"{width}x{height}",
                            "--color", "24bit", "-x", commands], env=tmux.env,
                           capture_output=True, timeout=60, check=True).stdout.decode()
    want = without_time(cells(frame, width, height))
    pixels = sum(isinstance(c, tuple) for row in want for c in row)
    until = time.monotonic() + WAIT
    while True:
        got = without_time(cells(tmux.do("capture-pane", "-e", "-p"), width, height))
        wrong = [(y, x, g, w) for y, (a, b) in enumerate(zip(got, want))
                 for x, (g, w) in enumerate(zip(a, b)) if g != w]
        if (not wrong and len(got[-1]) == len(want[-1])) or time.monotonic() > until:
            break
        time.sleep(0.2)
    print(f"# {width}x{height}: {len(wrong)} cells differ, {pixels} are of the picture", wrong[:3])
    return not wrong and pixels > 100


def main():
    program = os.path.abspath(sys.argv[1])
    if not shutil.which("tmux"):
        print("1..0 # SKIP no tmux here")
        return 0
    results = []
    with tempfile.TemporaryDirectory(prefix="eigenscope-tmux-",
                                     ignore_cleanup_errors=True) as folder:
        tmux = Tmux(folder)
        try:
            tmux.do("new-session", "-d", "-x", "100", "-y", "30",
                    f"exec '{program}' demo:phantom256")
            tmux.do("set", "-g", "status", "off")
            results.append(("start", same(tmux, program, 100, 30, "k 64")))
            tmux.do("send-keys", "l")
            results.append(("a step of the rank", same(tmux, program, 100, 30, "k 65")))
            tmux.do("resize-window", "-x", "80", "-y", "24")
            results.append(("another size", same(tmux, program, 80, 24, "k 65")))
        finally:
            tmux.do("kill-server")
    for i, (name, ok) in enumerate(results, 1):
        print(f"{'' if ok else 'not '}ok {i} - {name}: what tmux shows is the frame")
    print(f"1..{len(results)}")
    return not all(ok for _, ok in results)


sys.exit(main())
