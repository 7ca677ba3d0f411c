"""The word scan against its contract: rows, order, CSV, what an earlier scan has kept, interruptions,
refusals. TAP; the program is the argument. With a second one, the path of SmolLM2-135M (Q4_1): how long that
takes, and what is shown meanwhile."""
import csv
import io
import json
import math
import os
import pathlib
import pty
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
MODEL = str(pathlib.Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else ""
DATA = os.environ.get("EIGENSCOPE_DATA", "")
count = failures = 0
HERE = tempfile.mkdtemp()
ENV = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "dumb", "XDG_STATE_HOME": HERE + "/state"}
KEYS = {"name", "dtype", "verdict", "error", "rows", "cols", "bytes", "rank90", "share90", "stable_rank", "effective_rank",
        "alpha", "q4_rounding", "q4_low_rank", "q4_rank", "gain", "kurtosis", "outliers", "nonfinite"}


def check(ok, name, note=""):
    global count, failures
    count += 1
    failures += not ok
    print(f"{'' if ok else 'not '}ok {count} - {name}", flush=True)
    if not ok and note != "":
        print("# " + str(note).replace("\n", "\n# ")[:2000])


def run(*args, **options):
    p = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False,
                       **{"env": ENV, **options})
    return p.returncode, p.stdout, p.stderr


def data(*args, **options):
    status, out, err = run(*args, "--json", **options)
    check(status == 0 and out.count(b"\n") == 1 and not err, f"{' '.join(args)} prints one JSON object", (status, err))
    return json.loads(out) if out else {}


def model(path, shapes, seed=1):
    """A safetensors file of normal numbers; shapes by name."""
    rng, header, at, body = random.Random(seed), {}, 0, []
    for name, shape in shapes.items():
        n = math.prod(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + 4 * n]}
        body.append(struct.pack(f"<{n}f", *(rng.gauss(0, 1) for _ in range(n))))
        at += 4 * n
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(body))


SHAPES = {"blk.10.q": (40, 64), "blk.2.q": (64, 40), "head,\"x\"": (96, 32), "norm": (64,)}


def test_rows():
    model("m.safetensors", SHAPES)
    j = data("scan", "m.safetensors")
    rows = {m["name"]: m for m in j["matrices"]}
    check(list(rows) == [n for n in SHAPES if n != "norm"], "every matrix, as in the file", list(rows))
    check(j["format"] == "safetensors" and j["kept"] == 0 and all(KEYS <= set(m) for m in rows.values()), "keys", j)
    for name, m in rows.items():
        s = data("spectrum", f"m.safetensors::{name}")
        near = [(m["norm"], s["frobenius"]), (m["sigma"], s["sigma"][0]), (m["stable_rank"], s["stable_rank"]),
                (m["effective_rank"], s["effective_rank"]), (m["alpha"], s["power_law"]["alpha"]),
                (m["noise_edge"], s["marchenko_pastur"]["edge"])]
        check(all(abs(a / b - 1) < 1e-9 for a, b in near) and m["rank90"] == s["energy_rank"]["0.9"]
              and m["above_noise"] == s["marchenko_pastur"]["above"], f"{name}: what spectrum says", near)
        k = m["q4_rank"]
        bytes_ = m["rows"] * -(-m["cols"] // 32) * 18
        tail = math.sqrt(sum(x * x for x in s["sigma"][k:]) / sum(x * x for x in s["sigma"]))
        v = {line["type"]: line for line in s["verdict"]["at_bytes_of"]}
        check(v["Q4_0"]["bytes"] == bytes_ and v["Q4_0"]["rank"] == k and abs(v["Q4_0"]["low_rank"] - tail) < 1e-9
              and abs(v["Q4_0"]["rounding"] / m["q4_rounding"] - 1) < 1e-6 and s["verdict"]["answer"] == m["verdict"]
              and f"({k}) at the same bytes" in s["verdict"]["text"] and v["F32"]["rounding"] is None
              and abs(s["statistics"]["kurtosis"] / m["kurtosis"] - 1) < 1e-6
              and s["statistics"]["zeros"] == m["zeros"], f"{name}: the verdict of spectrum", s["verdict"])
        check(k == bytes_ // (2 * (m["rows"] + m["cols"])) and abs(m["q4_low_rank"] - tail) < 1e-9
              and m["gain"] == m["q4_rounding"] / m["q4_low_rank"] and m["verdict"] == "quantize"
              and m["own_rounding"] is None, f"{name}: rank at the bytes of Q4_0", (k, bytes_, tail))
    return j


def table(raw):
    return list(csv.DictReader(io.StringIO(raw.decode(), newline="")))


def test_kept(first):
    again = data("scan", "m.safetensors")
    check(again["kept"] == 3 and again["matrices"] == first["matrices"], "the next scan has all rows", again["kept"])
    check(data("scan", "m.safetensors", "--fresh")["kept"] == 0, "--fresh looks anew")
    kept = list(pathlib.Path(HERE, "state/eigenscope/scans").glob("*.scan"))
    check(len(kept) == 1 and kept[0].parent.stat().st_mode & 0o77 == 0, "one file, in a folder for its owner alone", kept)
    lines = kept[0].read_bytes().splitlines(keepends=True)
    kept[0].write_bytes(b"".join(lines[:2] + [lines[2].replace(b"4", b"5"), lines[3][:99]]))
    status, out, err = run("scan", "m.safetensors", "--json")
    j = json.loads(out)
    check(status == 0 and j["kept"] == 1 and j["matrices"] == first["matrices"] and err.count(b"\n") == 1
          and b"damaged" in err, "damaged rows are told and done again", (j["kept"], err))
    check(data("scan", "m.safetensors")["kept"] == 3, "and the file is whole again")
    for home in ("/dev/null/x", "/proc"):
        status, out, err = run("scan", "m.safetensors", "--json", env={**ENV, "XDG_STATE_HOME": home})
        check(status == 0 and json.loads(out)["matrices"] == first["matrices"] and err.count(b"\n") == 1,
              f"nowhere to keep rows ({home}): told, and it goes on", err)
    time.sleep(.05)
    model("m.safetensors", SHAPES, seed=2)
    j = data("scan", "m.safetensors")
    check(j["kept"] == 0 and j["matrices"] != first["matrices"], "another file of that name is another one")


def test_order():
    names = [m["name"] for m in data("scan", "m.safetensors", "--sort", "name")["matrices"]]
    check(names == ["blk.2.q", "blk.10.q", "head,\"x\""], "--sort name: numbers by value", names)
    by = data("scan", "m.safetensors", "--sort", "norm")["matrices"]
    check([m["norm"] for m in by] == sorted((m["norm"] for m in by), reverse=True), "--sort norm: the largest first")
    other = data("scan", "m.safetensors", "--sort", "norm", "--reverse")["matrices"]
    check(other == by[::-1], "--reverse")
    status, out, err = run("scan", "m.safetensors", "--sort", "norm", "-o", "m.csv")
    raw = pathlib.Path("m.csv").read_bytes()
    rows = table(raw)
    check(status == 0 and not out and not err and raw.count(b"\r\n") == 4 and [r["name"] for r in rows] ==
          [m["name"] for m in by], "-o: CSV in that order, names quoted", raw[:300])
    for r, m in zip(rows, by):
        same = all((r[k] == "" if v is None else r[k] == v if isinstance(v, str) else float(r[k]) == v)
                   for k, v in m.items())
        check(set(r) == set(m) and same, f"CSV has the numbers of JSON: {r['name']}", (r, m))
    out = run("scan", "m.safetensors", "--sort", "rank90")[1].decode().splitlines()
    check(out[0] == "m.safetensors: 3 matrices, 0.008192 million entries" and out[1].split()[0] == "name" and
          "rounding is better for 3 of 3, low rank for 0" in out[-1] and all(len(line) < 130 for line in out), "a table",
          "\n".join(out))


def npy(values, cols):
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(values) // cols}, {cols}), }}".encode()
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + head.ljust(117) + b"\n"
    return head + struct.pack(f"<{len(values)}d", *values)


def test_packed():
    """Doubles in an archive are doubles, packed or not, and as many bytes."""
    rng, rows = random.Random(4), []
    array = npy([rng.choice((1e-200, 2e-200, 3e-200)) for _ in range(64 * 48)], 48)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile("a.npz", "w", method) as z:
            z.writestr("a.npy", array)
        rows.append(data("scan", "a.npz", "--fresh")["matrices"][0])
    check(os.stat("a.npz").st_size < len(array) / 4 and rows[0] == rows[1] and rows[0]["bytes"] == 64 * 48 * 8
          and rows[0]["zeros"] == 0 and rows[0]["norm"] > 0, "a packed archive says what a plain one does", rows)


def test_whole():
    """Whole numbers of whichever format went through a rounding to steps of one."""
    values, edge = bytes(i * i % 251 for i in range(40 * 64)), (math.sqrt(40) + 8) / math.sqrt(12)
    for dtype in ("U8", "I8", "F8"):
        text = json.dumps({"a": {"dtype": "F32" if dtype == "F8" else dtype, "shape": [40, 16 if dtype == "F8" else 64],
                                 "data_offsets": [0, 40 * 64]}}).encode()
        body = struct.pack("<640f", *values[:640]) if dtype == "F8" else values
        pathlib.Path("w.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
        m = data("scan", "w.safetensors", "--fresh")["matrices"][0]
        right = m["rounding_edge"] is None if dtype == "F8" else abs((m["rounding_edge"] or 0) / edge - 1) < 1e-9
        check(right, f"safetensors {m['dtype']}: steps of one or none that are known", m["rounding_edge"])
    info = struct.pack("<Q1sI2QIQ", 1, b"a", 2, 64, 40, 24, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + info
    pathlib.Path("w.gguf").write_bytes(head.ljust(-(-len(head) // 32) * 32, b"\0") + values)
    m = data("scan", "w.gguf")["matrices"][0]
    check(m["dtype"] == "I8" and abs((m["rounding_edge"] or 0) / edge - 1) < 1e-9, "GGUF I8: steps of one", m["rounding_edge"])
    head = b"P7\nWIDTH 64\nHEIGHT 40\nDEPTH 2\nMAXVAL 255\nTUPLTYPE FLOW\nENDHDR\n"
    pathlib.Path("w.pam").write_bytes(head + bytes(v for x in values for v in (x, 255 - x)))
    rows = data("scan", "w.pam")["matrices"]
    check(len(rows) == 2 and all(abs((m["rounding_edge"] or 0) * 255 / edge - 1) < 1e-9 for m in rows),
          "channels of a PAM: steps of 1 / 255", [m["rounding_edge"] for m in rows])


def test_unusual():
    """What has no spectrum, or no low rank, says so."""
    check(data("scan", "demo:phantom256")["matrices"][0]["rank90"] > 1, "a demo is a model of one matrix")
    pathlib.Path("huge.npy").write_bytes(npy([1.5e308] * 4, 2))
    m = data("scan", "huge.npy")["matrices"][0]
    run("scan", "huge.npy", "-o", "huge.csv")
    r = table(pathlib.Path("huge.csv").read_bytes())[0]
    out = run("scan", "huge.npy")[1].decode()
    check(m["norm"] is None and m["error"] and r["norm"] == "" and r["error"] == m["error"] and m["error"] in out
          and "nan" not in out and "inf" not in out, "a norm beyond the largest number: told, everywhere", (m, out))
    status, out, err = run("spectrum", "huge.npy")
    check(status == 3 and not out and b"the norm" in err and b"1.8e308" in err, "spectrum says the same", (status, err))
    model("thin.safetensors", {"thin": (64, 4), "col": (256, 1)})
    rows = data("scan", "thin.safetensors")["matrices"]
    out = run("scan", "thin.safetensors")[1].decode()
    check(all(r["verdict"] == "none" and r["gain"] is None and r["q4_low_rank"] is None for r in rows)
          and "nan" not in out and "inf" not in out, "too narrow for low rank", (rows, out))


def test_limits():
    model("two.safetensors", {"small": (40, 40), "large": (400, 900)})
    args = "scan", "two.safetensors", "--max-memory", "1M", "-o", "two.csv"
    status, out, err = run(*args, "--json")
    rows = json.loads(out)["matrices"] if out else []
    check(status == 5 and err.count(b"\n") == 1 and b"1 of 2" in err and len(rows) == 2 and rows[0]["norm"] > 0
          and not rows[0]["error"] and rows[1]["norm"] is None and "--max-memory" in rows[1]["error"],
          "over a limit: every row, exit 5", (status, out, err))
    check([r["name"] for r in table(pathlib.Path("two.csv").read_bytes())] == ["small", "large"], "and the CSV is there")
    status, out, err = run(*args, "--force")
    check(status == 5 and not out, "nor does the next scan take it for done", (status, out, err))
    status, out, err = run("scan", "two.safetensors", "--max-memory", "1M")
    check(status == 5 and out.count(b"\n") > 4, "a table, and exit 5", (status, out, err))
    check(data("scan", "two.safetensors")["kept"] == 1, "with memory it is done")


def test_refusals():
    model("vector.safetensors", {"v": (7,)})
    pathlib.Path("there.csv").write_text("mine")
    for status, args, say in ((2, ["m.safetensors", "--sort", "rnk90"], b"did you mean 'rank90'"),
                              (3, ["nowhere.gguf"], b"No such file"), (3, ["vector.safetensors"], b"holds no matrix"),
                              (4, ["m.safetensors", "-o", "there.csv"], b"there.csv"),
                              (4, ["m.safetensors", "-o", "no/folder.csv"], b"no/folder.csv"), (2, [], b"missing"),
                              (2, ["m.safetensors", "-o", "n.png"], b".csv"), (2, ["m.safetensors", "-o", ".csv"], b".csv")):
        got, out, err = run("scan", *args)
        check(got == status and not out and say in err and err.count(b"\n") == 1, f"exit {status}: scan {' '.join(args)}",
              (got, err))
    check(pathlib.Path("there.csv").read_text() == "mine", "what is there stays")


def test_interrupt():
    model("large.safetensors", {f"blk.{i}.w": (64, 80) for i in range(40)})
    raw = pathlib.Path("large.safetensors").read_bytes()
    n = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + n])
    header["slow"] = {"dtype": "F32", "shape": [4096, 1500], "data_offsets": [len(raw) - 8 - n] * 2}
    header["slow"]["data_offsets"][1] += 4 * 4096 * 1500
    text = json.dumps(header).encode()
    block = struct.pack("<1500f", *(random.Random(3).gauss(0, 1) for _ in range(1500)))
    with open("large.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + raw[8 + n:])
        for i in range(4096):
            f.write(block[4 * (i % 1500):] + block[:4 * (i % 1500)])
    scans = pathlib.Path(HERE, "state/eigenscope/scans")
    before = set(scans.glob("*"))
    p = subprocess.Popen([PROGRAM, "scan", "large.safetensors", "--json", "--threads", "1"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    end = time.time() + 60
    while time.time() < end and not any(f.read_bytes().count(b"\n") > 40 for f in set(scans.glob("*.scan")) - before):
        time.sleep(.005)
    alive = p.poll() is None
    p.send_signal(signal.SIGINT)
    out, err = p.communicate()
    check(alive and p.returncode == 130 and not out and err.count(b"\n") == 1, "interrupted: exit 130, one line",
          (alive, p.returncode, err))
    j = data("scan", "large.safetensors")
    check(j["kept"] >= 40 and len(j["matrices"]) == 41 and all(m["norm"] > 0 for m in j["matrices"]),
          "what was done is kept, and the next scan goes on", j["kept"])


def test_model():
    path = pathlib.Path(DATA, "stories260K.gguf")
    if not DATA or not path.exists():
        global count
        count += 1
        print(f"ok {count} - a real model # SKIP stories260K is not there")
        return
    rows = {m["name"]: m for m in data("scan", str(path))["matrices"]}
    q, v = rows["blk.0.attn_q.weight"], rows["blk.0.attn_v.weight"]
    check(len(rows) == 36 and abs(q["norm"] - 15.11033) < 1e-5 and abs(q["sigma"] - 10.80045) < 1e-5, "layer 0", q)
    check(q["stable_rank"] < 2 < 10 < v["stable_rank"] < 12 and abs(q["q4_rounding"] - .08) < .002, "stable ranks", (q, v))
    check({m["verdict"] for m in rows.values()} == {"quantize"}, "low rank pays for none of them")


def test_smollm2(path):
    """A whole model of 135 million entries within a minute, telling how far it is; then from what was kept."""
    master, slave = pty.openpty()
    begin = time.time()
    p = subprocess.Popen([PROGRAM, "scan", path, "--sort", "stable-rank", "-o", "all.csv"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=slave, env=ENV)
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 4096):
            shown += part
    except OSError:  # the other end is closed
        pass
    status, took = p.wait(), time.time() - begin
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"# {use.ru_utime + use.ru_stime:.1f} s of processor time, {use.ru_maxrss >> 10} MB")
    told = [int(line.split()[0]) for line in shown.decode().replace("\x1b[K", "").split("\r") if "%" in line]
    check(status == 0 and took < 60, f"the whole scan took {took:.1f} s, less than 60")
    check(len(told) > 10 and told == sorted(told) and told[-1] > 80, "progress all the way", told)
    rows = {r["name"]: r for r in table(pathlib.Path("all.csv").read_bytes())}
    blocks = [r for r in rows.values() if r["dtype"] == "Q4_1"]
    ranks = [float(r["stable_rank"]) for r in rows.values()]
    check(len(rows) == 211 and ranks == sorted(ranks), "211 matrices in the order of their stable rank", len(rows))
    check(all(.07 < float(r["own_rounding"]) < .1 < .15 < float(r["own_low_rank"]) for r in blocks) and len(blocks) > 200,
          "each Q4_1 cost 7 to 10 %, a rank at its bytes would leave out more", len(blocks))
    begin = time.time()
    j = data("scan", path)
    took = time.time() - begin
    check(j["kept"] == 211 and took < 1, f"the next one is there in {took:.2f} s", j["kept"])


def test_all():
    test_kept(test_rows())
    test_order()
    test_packed()
    test_whole()
    test_unusual()
    test_limits()
    test_refusals()
    test_interrupt()
    test_model()


def main():
    os.chdir(HERE)
    try:
        if len(sys.argv) > 2:
            test_smollm2(MODEL)
        else:
            test_all()
    finally:
        os.chdir("/")
        shutil.rmtree(HERE)
    print(f"1..{count}")
    return failures != 0


sys.exit(main())
