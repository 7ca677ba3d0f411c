"""What the pages in docs/papers/ are made with: runs of the program, tables, verdicts."""
import contextlib
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile

from plot import draw

ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8")
for name in [n for n in ENVIRONMENT if n.startswith("EIGENSCOPE_DEFAULT")]:
    del ENVIRONMENT[name]


class Page:
    """A page under way: text, and how many of its verdicts hold."""

    def __init__(self, build, folder, quick):
        self.build, self.folder, self.quick = build, folder, quick
        self.program = os.path.join(build, "app", "eigenscope")
        self.lines, self.held, self.failed = [], 0, 0

    def say(self, text=""):
        self.lines.append(text)

    def heading(self, text):
        print(f"# {text}", flush=True)
        self.say(f"\n## {text}\n")

    def table(self, head, rows):
        self.say("| " + " | ".join(head) + " |")
        self.say("|" + "---|" * len(head))
        for row in rows:
            self.say("| " + " | ".join(str(cell) for cell in row) + " |")
        self.say()

    def figure(self, name, title, panels):
        """A plot beside the page, and shown in it."""
        draw(os.path.join(self.folder, name), title, panels)
        self.say(f"![{title}]({name})\n")

    def check(self, holds, what):
        """Says in the output, and in the exit status, whether a claim of the page holds."""
        self.held += bool(holds)
        self.failed += not holds
        number = self.held + self.failed
        print(f"{'ok' if holds else 'not ok'} {number} - {what}", flush=True)
        return "yes" if holds else "**no**"

    def run(self, method, *words, fails=False):
        return self.ask("run", method, *words, fails=fails)

    def text(self, *words, fails=False):
        done = subprocess.run([self.program, *map(str, words), "--json"], capture_output=True,
                              text=True, env=ENVIRONMENT, check=False)
        if done.returncode and not fails:
            sys.exit(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
        return None if done.returncode else done.stdout

    def ask(self, *words, fails=False):
        """One command with --json, as the object it prints; None where it may fail and does."""
        text = self.text(*words, fails=fails)
        return text and json.loads(text)

    def seeds(self, count, *words):
        """Relative errors over seeds 1..count."""
        count = 3 if self.quick else count
        if count == 1:
            return [self.run(*words)["relative_error"]]
        text = self.text("sweep", *words, "--vary", f"seed=1:{count}:+1")
        return [json.loads(line)["relative_error"] for line in text.splitlines()]

    def test(self, name, *words):
        """The measurements that a test program prints, its lines after `# `; it must pass."""
        done = subprocess.run([os.path.join(self.build, "tests", f"test_{name}"), *map(str, words)],
                              capture_output=True, text=True, env=ENVIRONMENT, check=False)
        self.check(done.returncode == 0, f"test_{name} passes")
        return [line[2:] for line in done.stdout.splitlines() if line.startswith("# ")]

    def bench(self, *words):
        """The results of the benchmark, one object a case."""
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            subprocess.run([os.path.join(self.build, "tests", "bench"), *words, "--json", out.name],
                           capture_output=True, env=ENVIRONMENT, check=True)
            return json.load(out)["results"]

    def block(self, lines):
        self.say("```\n" + "\n".join(lines) + "\n```\n")


def percent(x, digits=1):
    return "–" if x is None else f"{100 * x:.{digits}f} %"


def figures(x, digits=4):
    """A number with so many significant digits; a dash where there is none."""
    if x is None or (isinstance(x, float) and math.isnan(x)):
        return "–"
    text = f"{x:.{digits}g}"
    return f"{x:.0f}" if "e+" in text else text


@contextlib.contextmanager
def temporary(name):
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, name)


def spread(values):
    """Mean and standard deviation."""
    if len(values) < 2:
        return f"{values[0]:.4f}"
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"


def sections_of(path):
    """The sections of a page that was written before, by name."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        _, *parts = re.split(r"^<!-- (\w+) -->$", f.read(), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2]))


def make(sections, head, arguments):
    """Writes a page of these functions; arguments: the build folder, the page, `quick`, names of sections.
    Those named are made anew, all without a name; the others stay as the page has them."""
    build, out, *words = arguments
    names = [w for w in words if w != "quick"] or [s.__name__ for s in sections]
    unknown = set(names) - {s.__name__ for s in sections}
    if unknown:
        sys.exit(f"no such section: {', '.join(sorted(unknown))} "
                 f"({', '.join(s.__name__ for s in sections)})")
    texts = sections_of(out)
    counted = Page(build, os.path.dirname(out), "quick" in words)
    for section in sections:
        if section.__name__ not in names:
            continue
        page = Page(build, os.path.dirname(out), "quick" in words)
        page.held, page.failed = counted.held, counted.failed
        section(page)
        counted.held, counted.failed = page.held, page.failed
        texts[section.__name__] = "\n".join(page.lines)
    with open(os.path.join(os.path.dirname(__file__), head), encoding="utf-8") as f:
        text = f.read().rstrip() + "\n"
    for section in sections:
        piece = texts.get(section.__name__, "").strip()
        if piece:
            text += f"\n<!-- {section.__name__} -->\n\n{piece}\n"
    with open(out, "w", encoding="utf-8") as f:
        f.write(text)
    print(f"1..{counted.held + counted.failed}")
    return counted.failed != 0
