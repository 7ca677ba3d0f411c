"""Simulated mechanisms at the command line: marked wherever they are shown or written, run on the covariance of
the rows, refused where they have no business. TAP; the program is the argument."""
import json
import math
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
count = failures = 0
HERE = tempfile.mkdtemp()
ENV = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "dumb", "XDG_STATE_HOME": HERE + "/state"}
MARK = "simulated, not private"
METHODS = ["complex-gaussian", "real-gaussian", "iid-gaussian"]
GAPS = [600, 590, 300, 290, 280, 120, 60, 58, 20, 10, 4, 1]  # eigenvalues of the covariance of demo:gaps


def check(ok, name, note=""):
    global count, failures
    count += 1
    failures += not ok
    print(f"{'' if ok else 'not '}ok {count} - {name}", flush=True)
    if not ok and note != "":
        print("# " + str(note).replace("\n", "\n# ")[:2000])


def run(*args):
    p = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False, env=ENV)
    return p.returncode, p.stdout, p.stderr


def data(*args):
    status, out, err = run(*args, "--json")
    check(status == 0 and out.count(b"\n") == 1 and not err, f"{' '.join(args)} prints one JSON object", (status, err))
    return json.loads(out) if out else {}


def refused(code, *args, say):
    status, out, err = run(*args)
    check(status == code and not out and err.count(b"\n") == 1 and say in err, f"{' '.join(args)}: exit {code}, one line",
          (status, out[:200], err))


def npy(path, rows):
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}".encode()
    head += b" " * (64 - (len(head) + 11) % 64) + b"\n"
    body = b"".join(struct.pack(f"<{len(r)}d", *r) for r in rows)
    pathlib.Path(path).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + body)


def tail(values, k):
    return math.sqrt(sum(v * v for v in values[k:]) / sum(v * v for v in values))


def test_numbers():
    for m in METHODS:
        j = data("run", m, "demo:gaps", "--precision", "f64", "--rank", "3")
        s = j["simulated"]
        check(j["private"] is False and s["note"] == MARK and s["mechanism"] == m.split("-")[0], f"{m}: marked", j)
        check((j["rows"], j["cols"], j["matrix"]) == (12, 12, "rows.covariance"), f"{m}: of the covariance", j)
        check(abs(j["optimal_error"] - tail(GAPS, 3)) < 1e-10 and j["relative_error"] > j["optimal_error"],
              f"{m}: the optimum is the covariance's", j["optimal_error"])
        check(abs(s["gap"] - 10) < 1e-9 and j["relative_error"] * math.hypot(*GAPS) - math.hypot(*GAPS[3:]) <= s["distance"] <=
              j["relative_error"] * math.hypot(*GAPS) + math.hypot(*GAPS[3:]), f"{m}: gap and distance of the top k", s)
        check(abs(s["true_epsilon"] - 1) < 1e-6 and abs(s["sigma"] * s["mu"] - (1 if m[0] != "i" else math.sqrt(2))) < 1e-9,
              f"{m}: tight", s)
        status, out, _ = run("run", m, "demo:gaps")
        check(status == 0 and MARK.encode() in out, f"{m}: marked in the table", out)
        again = data("run", m, "demo:gaps", "--precision", "f64", "--rank", "3", "--seed", "2")
        check(again["relative_error"] != j["relative_error"], f"{m}: another seed is other noise")
    paper = data("run", "complex-gaussian", "demo:gaps", "--paper", "--rank", "3")
    check(paper["rank"] == 6 and abs(paper["simulated"]["true_epsilon"] - 0.540) < 5e-4 and
          abs(paper["simulated"]["sigma"] - 7.493638) < 1e-6, "--paper: rank 2 k, the classical noise and what it is worth",
          paper)


def test_files():
    for ending in ["safetensors", "factors.safetensors", "gguf", "npy"]:
        j = data("run", "complex-gaussian", "demo:gaps", "-o", f"out.{ending}")
        check(MARK.encode() in pathlib.Path(f"out.{ending}").read_bytes() and j["output"]["bytes"] > 500,
              f"{ending}: the file says what it is")
    check(run("expand", "out.factors.safetensors", "-o", "back.npy")[0] == 0 and
          pathlib.Path("back.npy").read_bytes() == pathlib.Path("out.npy").read_bytes(), "expand: the same bytes, marked")
    check([(m["rows"], m["cols"]) for m in data("list", "out.npy")["matrices"]] == [(12, 12)], "a marked .npy is read back")
    raw = pathlib.Path("out.npy").read_bytes()
    size = struct.unpack("<H", raw[8:10])[0]
    code = compile(raw[10:10 + size].decode("latin1"), "header", "eval")
    check((size + 10) % 64 == 0 and eval(code)["shape"] == (12, 12),  # pylint: disable=eval-used
          "and its header is what Python takes for one", raw[:10 + size])
    pathlib.Path("code.npy").write_bytes(raw[:10 + size].replace(MARK.encode(), (MARK[:-9] + "\nprivate2")[:22].encode()) +
                                         raw[10 + size:])
    refused(3, "list", "code.npy", say=b"follows")
    refused(2, "run", "real-gaussian", "demo:gaps", "-o", "out.png", say=b"covariance")
    run("run", "truncated-svd", "demo:gaps", "-o", "plain.npy")
    check(MARK.encode() not in pathlib.Path("plain.npy").read_bytes(), "what is no simulation is not marked")


def test_sweep():
    status, out, _ = run("sweep", "real-gaussian", "demo:gaps", "--vary", "clip=0.5,1", "--vary", "epsilon=1,8", "--precision",
                         "f64")
    lines = out.decode().splitlines()
    head = lines[0].split(",")
    rows = [dict(zip(head, line.split(",", len(head) - 1))) for line in lines[1:]]
    check(all(float(r["distance"]) > 0 and float(r["gap"]) > 0 for r in rows), "sweep: distance and gap", out)
    near = data("run", "real-gaussian", "demo:gaps", "--rank", "12", "--epsilon", "1000", "--clip", "1", "--precision", "f64")
    noise = near["simulated"]["sigma"] * math.sqrt(12 * 13)  # all of it, on the diagonal with twice the variance
    check(near["simulated"]["gap"] is None and abs(near["simulated"]["distance"] / noise - 1) < 5 / math.sqrt(2 * 78),
          "at full rank the distance is the noise", near["simulated"])
    check(status == 0 and head[-1] == "private" and all(MARK in r["private"] for r in rows), "sweep: every row is marked", out)
    optimum = {r["clip"]: float(r["optimal_error"]) for r in rows}
    check(len(rows) == 4 and optimum["1"] == float(rows[-1]["optimal_error"]) and optimum["0.5"] != optimum["1"],
          "sweep: another clip is another covariance", optimum)
    one = data("run", "real-gaussian", "demo:gaps", "--clip", "0.5", "--epsilon", "8", "--precision", "f64")
    check(any(abs(float(r["relative_error"]) - one["relative_error"]) < 1e-12 for r in rows if r["clip"] == "0.5"),
          "sweep: as run has it", (one["relative_error"], rows))
    status, out, _ = run("sweep", "iid-gaussian", "demo:gaps", "--vary", "rank=2,4", "--json")
    check(status == 0 and all(json.loads(line)["private"] is False for line in out.splitlines()), "sweep --json: too")


def test_input():
    rng = random.Random(4)
    a = [[rng.gauss(0, 1) for _ in range(4)] for _ in range(4)]
    m = [[sum(a[k][i] * a[k][j] for k in range(4)) for j in range(4)] for i in range(4)]
    npy("m.npy", m)
    npy("a.npy", a)
    j = data("run", "real-gaussian", "m.npy", "--input", "covariance", "--rank", "2")
    check((j["rows"], j["matrix"]) == (4, "m"), "--input covariance: as it is", j)
    refused(3, "run", "real-gaussian", "a.npy", "--input", "covariance", say=b"symmetric")
    refused(2, "run", "real-gaussian", "demo:photo", say=b"one matrix of rows")
    refused(2, "solve", "demo:gaps", "err<5%", "--method", "real-gaussian", say=b"sweep")
    status, out, _ = run("compare", "m.npy", "--bits-per-entry", "40", "--json")
    check(status == 0 and not any(m.encode() in out for m in METHODS), "compare leaves them out", out)
    status, _, err = run("frame", "demo:gaps", "-x", "method real-gaussian", "--size", "80x24")
    check(status == 2 and b"simulated" in err, "the picture view leaves them out", err)


def main():
    os.chdir(HERE)
    try:
        test_numbers()
        test_files()
        test_sweep()
        test_input()
    finally:
        os.chdir("/")
        shutil.rmtree(HERE)
    print(f"1..{count}")
    return failures != 0


sys.exit(main())
