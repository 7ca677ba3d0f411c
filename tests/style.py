"""The style that a machine can check: blanks, endings, invisible characters, file
and function length, clang-format, commit subjects. TAP, a line per check."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(sys.argv[1])
TEXT = {".c", ".h", ".py", ".sh", ".build", ".md", ".scd", ".comp", ""}
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
OPEN_ENDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
LONGEST_FILE = 500
SUBJECT = re.compile(r"^([a-z0-9_./, -]+: [^A-Z ]|Merge ).*[^.]$")


def git(*arguments):
    return subprocess.run(["git", "-C", str(TOP), *arguments], capture_output=True, text=True,
                          check=False).stdout


def tracked():
    names = git("ls-files").splitlines()
    if not names:  # not a checkout: a tarball
        names = [p.relative_to(TOP).as_posix() for room in ("app", "engine", "tests", "docs")
                 for p in (TOP / room).rglob("*") if p.is_file()]
    for name in names:
        path = TOP / name
        if path.suffix in TEXT and path.is_file() and "/corpus/" not in name:
            yield name, path


def faults(name, path):
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        yield "is not UTF-8"
        return
    golden = name.startswith("tests/screens/") or name.startswith("docs/captures/")
    if "\t" in text:
        yield "has a tab"
    if re.search(r"[ \t]+$", text, re.MULTILINE) and not golden:
        yield "has trailing blanks"
    if text and not text.endswith("\n"):
        yield "lacks the final newline"
    if INVISIBLE.search(text):
        yield "has an invisible character"
    if path.suffix in {".c", ".h"}:
        if OPEN_ENDS.search(text):
            yield "leaves something open"
        lines = text.count("\n")
        if lines > LONGEST_FILE and not name.startswith("tests/"):
            yield f"has {lines} lines: is it two rooms?"


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def check(self, ok, text, notes=()):
        self.n += 1
        self.bad += not ok
        print(f"{'' if ok else 'not '}ok {self.n} - {text}")
        for note in notes:
            print(f"# {note}")

    def skip(self, text):
        self.n += 1
        print(f"ok {self.n} - {text} # SKIP")


def formatted(tap):
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    version = subprocess.run([tool, "--version"], capture_output=True, text=True,
                             check=False).stdout if tool else ""
    if "version 14." not in version:
        tap.skip("clang-format 14 formats the sources (it is not here)")
        return
    sources = [str(p) for n, p in tracked() if p.suffix in {".c", ".h"}]
    done = subprocess.run([tool, "--dry-run", "-Werror", *sources], capture_output=True, text=True,
                          check=False)
    tap.check(done.returncode == 0, "clang-format 14 finds nothing to change",
              sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error" in line}))


def main():
    tap = Tap()
    bad = [f"{name}: {fault}" for name, path in tracked() for fault in faults(name, path)]
    tap.check(not bad, "sources and pages are clean text of a readable size", bad)
    formatted(tap)
    subjects = git("log", "--format=%s", "-n", "300").splitlines()
    if os.environ.get("CI") == "true":  # what has landed cannot be reworded any more
        tap.skip("commit subjects are looked at before a change is handed in")
    elif subjects:
        wrong = [s for s in subjects if not SUBJECT.match(s) or len(s) > 72]
        tap.check(not wrong, "commit subjects read `place: what it does`, at most 72 characters", wrong)
    else:
        tap.skip("commit subjects (no history here)")
    print(f"1..{tap.n}")
    return 1 if tap.bad else 0


sys.exit(main())
