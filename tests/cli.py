"""Every word of the command line against its contract: what it prints, what it
writes, how it refuses. TAP; the program is the argument."""
import csv
import io
import json
import math
import os
import pathlib
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
LOADER = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None  # prints, does nothing else
CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
ENV = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
PHANTOM_ERRORS = {1: .5322897045, 2: .3121961555, 3: .1337983523, 4: .0285995964}  # naive, 1000^2
METHODS = ["naive", "truncated-svd", "randomized-svd", "direct-svd", "lplr", "lplr-svd", "water-filling", "mixed-lplr"]
DENSE = ["lqer", "loftq", "caldera", "srr"]  # Q + L R: the best error of the rank is no bound
METHODS += DENSE + ["iterative-lplr"]
NO_THEORY = ["naive", "truncated-svd", "randomized-svd", "water-filling", "mixed-lplr", "iterative-lplr", "caldera",
             "srr"]
SOLVED = [m for m in METHODS if m != "water-filling"]  # neither rank nor bits to move
WORDS = ["list", "spectrum", "scan", "run", "solve", "compare", "sweep", "groups", "denoise", "gaps", "private", "audit",
         "expand", "frame", "doctor", "docs"]
RUN_KEYS = {"version", "method", "file", "matrix", "rows", "cols", "params", "rank",
            "relative_error", "optimal_error", "numerical_rank", "bound", "loss", "theory", "psnr_db", "ssim", "bits",
            "bits_per_entry", "bytes", "backend", "device", "dispatches", "fallbacks", "precision",
            "seconds", "output"}
count = failures = 0


def check(ok, name, note=""):
    global count, failures
    count += 1
    failures += not ok
    print(f"{'' if ok else 'not '}ok {count} - {name}", flush=True)
    if not ok and note != "":
        print("# " + str(note).replace("\n", "\n# ")[:2000])


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


def start(*args, **options):
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               "env": ENV, **options}
    return subprocess.Popen([PROGRAM, *args], **options)


def run(*args, **options):
    p = start(*args, **options)
    out, err = p.communicate(timeout=120)
    return p.returncode, out, err


def data(*args, **options):
    """The JSON object of a word that succeeds; exactly one line."""
    status, out, err = run(*args, "--json", **options)
    if status or err or out.count(b"\n") != 1:
        check(False, f"{' '.join(args)} prints one JSON object", (status, out[:200], err))
        return {}
    return json.loads(out, parse_constant=lambda c: check(False, f"{args} is JSON", c))


def refused(status, *args, name=None, say=b"", **options):
    before = sorted(os.listdir("."))
    got, out, err = run(*args, **options)
    ok = got == status and not out and err.startswith(b"eigenscope: ") and err.count(b"\n") == 1 \
        and err.endswith(b"\n") and say in err and not any(c < 32 for c in err[:-1])
    check(ok and sorted(os.listdir(".")) == before,
          f"exit {status}, one line, nothing written: {name or ' '.join(map(os.fsdecode, args))}",
          (got, out[:200], err))


def npy(path, rows, descr="<f4", shape=None):
    shape = shape or (len(rows), len(rows[0]))
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    kind = {"<f4": "f", "<f8": "d", "|u1": "B"}[descr]
    body = b"".join(struct.pack(f"<{len(r)}{kind}", *r) for r in rows)
    pathlib.Path(os.fsdecode(path)).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) +
                                   header.encode() + body)


def png_chunks(path):
    raw = pathlib.Path(path).read_bytes()
    at = 8
    while at < len(raw):
        size, kind = struct.unpack(">I4s", raw[at:at + 8])
        body = raw[at + 8:at + 8 + size]
        yield kind, body, zlib.crc32(kind + body) == struct.unpack(">I", raw[at + 8 + size:at + 12 + size])[0]
        at += 12 + size


def factors_header(path):
    raw = pathlib.Path(path).read_bytes()
    n = struct.unpack("<Q", raw[:8])[0]
    return json.loads(raw[8:8 + n]), len(raw) - 8 - n


def near(a, b, tolerance):
    return a is not None and abs(a - b) <= tolerance


def test_help():
    status, out, _ = run("--version")
    check((status, out) == (0, b"eigenscope 0.1.0\n"), "--version", out)
    status, out, _ = run("--help")
    check(status == 0 and all(f"eigenscope {w}".encode() in out for w in WORDS), "--help lists the words", out)
    silent = [w for w in WORDS if run(w, "--help")[0] or b"--max-memory" not in run(w, "--help")[1]]
    check(not silent, "WORD --help prints the flags", silent)
    missing = []
    for m in METHODS:
        rows = data("run", m, "demo:phantom256")["params"]
        text = run("run", m, "--help")[1].decode()
        missing += [(m, r) for r in rows if f"--{r.replace('_', '-')}" not in text]
    check(not missing, "run METHOD --help prints every row of the method", missing)


def test_list():
    j = data("list", "demo:photo")
    names = [m["name"] for m in j["matrices"]]
    check(j["format"] == "png" and {"grey", "r", "g", "b"} <= set(names) and j["tensors"] == [],
          "list: a picture's planes", j)
    check(all(set(m) == {"name", "rows", "cols", "dtype", "bytes"} and m["rows"] == 400 and
              m["cols"] == 600 for m in j["matrices"]), "list: name, rows, cols, dtype, bytes", j)
    npy("plain.npy", [[1, 2, 3], [4, 5, 6.5]])
    j = data("list", "plain.npy")
    check([(m["rows"], m["cols"], m["bytes"]) for m in j["matrices"]] == [(2, 3, 24)], "list: npy", j)
    status, out, _ = run("list", "plain.npy")
    check(status == 0 and b"2 x 3" in out, "list: text", out)


def tensors(path, *entries, metadata=None):
    """A safetensors file of zeros: (name, dtype, bytes an element, shape)."""
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for name, dtype, size, shape in entries:
        end = at + size * math.prod(shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))


def hostile_png(path):
    """A profile that libpng complains about by its name, which no terminal should see."""
    def chunk(kind, body):
        return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
    profile = struct.pack(">I", 400) + bytes(range(1, 100)) * 4
    pathlib.Path(path).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0)) +
        chunk(b"iCCP", b"\x1b[31m\xff\n\0\0" + zlib.compress(profile)) +
        chunk(b"IDAT", zlib.compress(bytes(20))) + chunk(b"IEND", b""))


def test_tensors():
    tensors("mixed.safetensors", ("m", "F32", 4, [2, 3]), ("v", "F32", 4, [3]), ("s", "F64", 8, []),
            ("c", "F8_E4M3", 1, [2, 2, 2]))
    j = data("list", "mixed.safetensors")
    check([m["name"] for m in j["matrices"]] == ["m"] and
          {t["name"]: (t["shape"], t["dtype"], t["bytes"]) for t in j["tensors"]} ==
          {"v": ([3], "F32", 12), "s": ([], "F64", 8), "c": ([2, 2, 2], "F8_E4M3", 8)},
          "list: tensors that are not matrices are listed, not hidden", j)
    out = run("list", "mixed.safetensors")[1]
    check(b"2 x 2 x 2" in out and b"not a matrix" in out, "list: such tensors in the text", out)
    check("metadata" not in j and b" = " not in out, "list: metadata only when asked for")
    tensors("told.safetensors", ("m", "F32", 4, [2, 3]), metadata={"format": "pt", "e": "\x1b[1m\n"})
    told = {"format": "pt", "e": "\\x1b[1m\\x0a"}
    check(data("list", "told.safetensors", "--metadata")["metadata"] == told, "list: metadata as JSON")
    out = run("list", "--metadata", "told.safetensors")[1]
    check(all(f"  {k} = {v}\n".encode() in out for k, v in told.items()), "list: metadata as text", out)
    name = "layers." * 15 + "weight"
    tensors("named.safetensors", (name, "F32", 4, [2, 3]), ("other", "F32", 4, [2, 3]))
    j = data("run", "naive", f"named.safetensors::{name}", "-o", "named.factors.safetensors")
    header = factors_header("named.factors.safetensors")[0]
    check(f"::{name} " in header["__metadata__"]["command"], "the recorded command has a long name whole",
          header["__metadata__"]["command"])
    check(j["matrix"] == name and f"{name}.dense.codes" in header,
          "a long name is whole in the numbers and in the factors", (j["matrix"], list(header)))
    for word in (["run", "naive", f"named.safetensors::{name}"], ["expand", "named.factors.safetensors"]):
        status, _, err = run(*word, "-o", "named.gguf")
        check(status == 2 and err.count(b"\n") == 1 and b"a name there has at most 63 bytes" in err and
              not os.path.exists("named.gguf"), f"{word[0]}: a name that GGUF has no room for", (status, err))
    status, _, err = run("expand", "named.factors.safetensors", "-o", "named.dense.safetensors")
    check(status == 0 and name in factors_header("named.dense.safetensors")[0],
          "a long name survives expand", err)
    hostile_png("hostile.png")
    for word in (["list"], ["run", "naive"]):
        status, out, _ = run(*word, "hostile.png")
        check(status == 0 and b"\\x1b[31m\\xff\\x0a" in out and b"\x1b" not in out,
              f"{word[0]}: what libpng quotes from a file is escaped", out)


def test_spectrum():
    j = data("spectrum", "demo:phantom")
    s = j["sigma"]
    check(j["numerical_rank"] == 539, "spectrum demo:phantom: numerical rank 539", j["numerical_rank"])
    check(near(j["frobenius"], 247.188673, 5e-7), "spectrum demo:phantom: norm 247.188673", j["frobenius"])
    check(len(s) == 1000 and s == sorted(s, reverse=True), "spectrum: all values, descending")
    check(near(math.sqrt(math.fsum(x * x for x in s)), j["frobenius"], 1e-9), "spectrum: energies add up")
    check(all(near(g, a - b, 0) for g, a, b in zip(j["gaps"], s, s[1:])) and len(j["gaps"]) == 999,
          "spectrum: gaps are differences")
    check({"0.9", "0.99"} <= set(j["energy_rank"]) and {"sigma", "edge", "above"} ==
          set(j["marchenko_pastur"]) and {"alpha", "xmin", "ks"} == set(j["power_law"]) and
          j["noise_floor"] is None, "spectrum: the keys of the contract", sorted(j))
    check(near(j["stable_rank"], (j["frobenius"] / s[0]) ** 2, 1e-9), "spectrum: stable rank")
    j = data("spectrum", "demo:phantom256", "--precision", "f32")
    check(j["numerical_rank"] is None and j["precision"] == "f32", "spectrum in f32 names no rank")
    j = data("spectrum", "demo:photo")
    check([m["matrix"] for m in j["matrices"]] == ["r", "g", "b"] and
          all(m["noise_floor"] > 0 for m in j["matrices"]), "spectrum: a colour picture by planes")
    check(data("spectrum", "demo:photo::grey")["matrix"] == "grey", "spectrum: FILE::NAME")
    status, out, _ = run("spectrum", "demo:phantom256")
    check(status == 0 and b"numerical rank" in out and b"sigma_k" in out, "spectrum: text", out)


def test_run():
    for bits, want in PHANTOM_ERRORS.items():
        j = data("run", "naive", "demo:phantom", "--bits", str(bits), "--paper")
        check(near(j["relative_error"], want, 1e-6), f"naive at {bits} bits: {want}", j["relative_error"])
    check(j["precision"] == "f64" and j["rank"] is None and j["numerical_rank"] == 539 and
          j["bits"]["paper"] == 4_000_000, "naive: f64 with --paper, no rank", j)
    for m in METHODS:
        j = data("run", m, "demo:phantom256")
        check(RUN_KEYS <= set(j), f"run {m}: the keys of the contract", RUN_KEYS - set(j))
        told = j["theory"]
        check(told is None if m in NO_THEORY else
              told["error"] == told["tail"] > 0 and "like noise" in told["assumption"] if m in DENSE else
              not told["proved"] and told["assumption"] == "nearest rounding" and
              near(told["error"] ** 2, sum(told[k] ** 2 for k in ("tail", "left", "right")), 1e-9) and
              told["error"] > j["relative_error"], f"run {m}: theory in parts", told)
        check(0 < j["relative_error"] < 1 and (j["optimal_error"] is None or m in DENSE or
              j["relative_error"] >= j["optimal_error"] * (1 - 1e-5)), f"run {m}: not below the optimum", j)
        check(j["numerical_rank"] is None and j["output"] is None and j["psnr_db"] > 10 and
              0 < j["ssim"] <= 1, f"run {m}: f32, a picture, no output", j)
        check(near(j["bits_per_entry"]["true"], j["bits"]["true"] / 65536, 1e-12) and
              j["bits"]["paper"] <= j["bits"]["true"] <= 8 * j["bytes"], f"run {m}: sizes agree", j)
        loss = [j["loss"][k] for k in ("tail", "left", "right")]
        known = m in ("lplr", "lplr-svd", "water-filling", "mixed-lplr")
        check(None not in loss and near(sum(x * x for x in loss), j["relative_error"] ** 2, 1e-5)
              if known else loss[2] is None and loss[0] == j["optimal_error"],
              f"run {m}: what the error is made of", j["loss"])
    j = data("run", "truncated-svd", "demo:phantom256", "--rank", "20", "--precision", "f64")
    check(near(j["relative_error"], j["optimal_error"], 1e-12), "truncated-svd reaches the optimum", j)
    j = data("run", "lplr", "demo:photo", "--rank", "8")
    check(len(j["matrices"]) == 3 and all(RUN_KEYS <= set(m) for m in j["matrices"]) and
          j["total"]["bits"]["true"] == sum(m["bits"]["true"] for m in j["matrices"]) and
          j["psnr_db"] == j["total"]["psnr_db"], "a colour picture: three objects and a total", j)
    status, out, _ = run("run", "lplr", "demo:photo", "--rank", "8")
    check(status == 0 and b"relative error" in out and b"dB" in out, "run: text", out)


def test_budget():
    j = data("run", "lplr", "demo:phantom", "--paper", "--bits-per-entry", "1", "--left-bits", "4",
             "--right-bits", "8")
    check(j["rank"] == 83 and j["bits"]["paper"] == 996000, "lplr 4/8 at 1 paper bit: rank 83", j)
    for m in ["lplr", "direct-svd", "truncated-svd"]:
        budget = ["--bits-per-entry", "2"]
        j = data("run", m, "demo:phantom256", *budget)
        more = data("run", m, "demo:phantom256", "--rank", str(j["rank"] + 1))
        check(j["bits_per_entry"]["true"] <= 2 < more["bits_per_entry"]["true"],
              f"run {m}: the largest rank within 2 bits per entry", (j["rank"], j["bits_per_entry"]))


def params(*args):
    return data("run", "lplr", "demo:phantom256", *args)["params"]


def test_flags():
    check(params("--left-bits", "5", "--paper")["left_bits"] == 5 ==
          params("--paper", "--left-bits=5")["left_bits"], "a given flag wins over --paper, either order")
    paper = params("--paper")
    check([paper[k] for k in ("left_bits", "right_bits", "scales", "rounds", "rounding")] ==
          [4, 8, "tensor", 1, "nearest"] != [params()[k] for k in ("left_bits", "right_bits", "scales",
                                                                   "rounds", "rounding")],
          "--paper sets what the source describes", paper)
    check(data("run", "srr", "demo:phantom256")["params"]["before"] == -1, "a number below zero in the params")
    check(params("--rank", "3", "--rank", "7")["rank"] == 7, "of a repeated flag the last one counts")
    on, off = params("--symmetric"), params("--symmetric", "off")
    check(on["symmetric"] is True and off["symmetric"] is False and
          params("--symmetric", "on")["symmetric"] is True, "switches: bare, on, off")
    check(params("--seed", "18446744073709551615")["seed"] == 2**64 - 1, "--seed takes 64 bits")
    tokens = []
    json.loads(run("spectrum", "demo:phantom256", "--json")[1], parse_float=tokens.append)
    naive = run("run", "naive", "demo:phantom", "--bits", "1", "--paper", "--json")
    json.loads(naive[1], parse_float=tokens.append)
    # digits alone: where an exponent starts is a matter of taste
    mantissa = lambda t: t.split("e")[0].replace(".", "").strip("-0")
    odd = [t for t in tokens if mantissa(t) != mantissa(repr(float(t)))]
    check(not odd and "1.000128" in tokens and any(len(t) > 16 for t in tokens),
          "JSON numbers are the shortest that read back the same", odd[:20])
    status, out, _ = run("--json", "run", "lplr", "demo:phantom256")
    check(status == 2, "a flag is no word")
    status, out, _ = run("run", "--rank", "3", "--json", "lplr", "--", "demo:phantom256")
    check(status == 0 and json.loads(out)["rank"] == 3, "flags before the arguments, -- after them", out)
    j = data("run", "truncated-svd", "demo:phantom256", "--rank", "5000")
    check(j["rank"] == 256 and "256" in (j["notice"] or ""), "a rank beyond the matrix is clamped, and said", j)
    dealt = ("run", "water-filling", "demo:phantom256", "--bits-per-entry", "1", "--count")
    check("deals out true bits" in data(*dealt, "paper")["notice"] and data(*dealt, "true")["notice"] is None,
          "a method that deals out true bits says so under --count paper")
    beyond = ("run", "srr", "demo:phantom256", "--rank", "4")
    said = [data(*beyond, "--before", k)["notice"] for k in ("9", "4", "-1")]
    check(said == ["before 9 is more than the rank; 4 taken", None, None], "ranks before Q beyond the rank are said", said)


EXPAND = [
    ["lplr", "demo:phantom256", "--seed", "7"],
    ["lplr", "demo:phantom256", "--paper", "--rank", "16"],
    ["naive", "demo:phantom256", "--bits", "3"], ["lplr", "demo:photo", "--rank", "12", "--rounds", "1"],
    ["direct-svd", "demo:photo", "--rank", "9", "--planes", "ycbcr"],
    ["lplr-svd", "demo:photo::g", "--rank", "7", "--precision", "f64"],
    ["naive", "demo:photo", "--hadamard", "--normalize"], ["lplr", "demo:phantom256", "--normalize"],
    ["truncated-svd", "demo:phantom256", "--rank", "6"], ["randomized-svd", "plain.npy", "--rank", "2"],
]


def test_expand():
    for n, args in enumerate(EXPAND):
        label = " ".join(args)
        factors = f"x{n}.factors.safetensors"
        j = data("run", *args, "-o", factors)
        check(j["bytes"] == os.path.getsize(factors) == j["output"]["bytes"],
              f"{label}: bytes is the size on disk", (j["bytes"], os.path.getsize(factors)))
        endings = [".safetensors", ".gguf"]
        if args[1] != "plain.npy":
            endings.append(".png")
        if args[1] != "demo:photo":  # three planes are no single array
            endings.append(".npy")
        for ending in endings:
            direct, expanded = f"d{n}{ending}", f"e{n}{ending}"
            first, second = run("run", *args, "-o", direct), run("expand", factors, "-o", expanded)
            ok = first[0] == second[0] == 0
            check(ok and pathlib.Path(direct).read_bytes() == pathlib.Path(expanded).read_bytes(),
                  f"{label}: expand gives the bytes of run -o {ending}", (first, second))
        header, body = factors_header(factors)
        spans = sorted(t["data_offsets"] for k, t in header.items() if k != "__metadata__")
        check(spans[0][0] == 0 and spans[-1][1] == body and
              all(a[1] == b[0] for a, b in zip(spans, spans[1:])), f"{label}: tensors fill the file", spans)
        command = header["__metadata__"]["command"]
        again = run(*shlex.split(command)[1:], "-o", f"again{n}.factors.safetensors")
        check(again[0] == 0 and pathlib.Path(factors).read_bytes() ==
              pathlib.Path(f"again{n}.factors.safetensors").read_bytes(),
              f"{label}: the recorded command gives the same file", (command, again))


def noisy(rows, cols, seed):
    """Entries that neither end soon nor repeat."""
    state, out = seed, []
    for _ in range(rows):
        row = []
        for _ in range(cols):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            row.append((state >> 40) / 2**23 - 1)
        out.append(row)
    return out


def write_tensors(path, named):
    """A safetensors file of F32 matrices, name: rows."""
    header, at = {}, 0
    for name, rows in named.items():
        end = at + 4 * len(rows) * len(rows[0])
        header[name] = {"dtype": "F32", "shape": [len(rows), len(rows[0])], "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    body = b"".join(struct.pack(f"<{len(r)}f", *r) for rows in named.values() for r in rows)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + body)


def test_several():
    """Several matrices of shapes of their own: with one right factor, and one by one."""
    q, k = noisy(20, 12, 1), noisy(7, 12, 2)
    npy("q.npy", q)
    npy("k.npy", k)
    npy("wide.npy", noisy(5, 9, 3))
    write_tensors("m.safetensors", {"blk.0.attn_q.weight": q, "blk.0.attn_k.weight": k,
                                    "h.3.attn.c_attn.weight": [list(c) for c in zip(*(q + k + k))]})
    args = ["joint-rank", "q.npy", "k.npy", "--rank", "5", "--precision", "f64"]
    j = data("run", *args, "-o", "qk.factors.safetensors")
    lines = j["matrices"]
    check([(m["file"], m["rows"], m["cols"]) for m in lines] == [("q.npy", 20, 12), ("k.npy", 7, 12)] and
          (j["rows"], j["cols"]) == (27, 12) and all(RUN_KEYS <= set(m) for m in lines) and
          j["total"]["relative_error"] == j["relative_error"], "several matrices: an object each and a total", j)
    check(all(j["bits"][c] == sum(m["bits"][c] for m in lines) == 64 * 5 * (12 + 27) for c in ("paper", "true")) and
          j["shared_bits"] == {"paper": 64 * 5 * 12, "true": 64 * 5 * 12} and lines[0]["bits"]["true"] ==
          64 * 5 * 20 + 64 * 5 * 12 * 20 // 27 and "shared_bits" not in lines[0],
          "what is shared counts once, by rows in parts", (j["bits"], [m["bits"] for m in lines]))
    squares = [sum(x * x for r in rows for x in r) for rows in (q, k)]
    whole = sum(m["relative_error"] ** 2 * s for m, s in zip(lines, squares)) / sum(squares)
    check(near(whole, j["relative_error"] ** 2, 1e-12) and all(m["relative_error"] > m["optimal_error"] for m in lines)
          and j["optimal_error"] < j["relative_error"] <
          data("run", "truncated-svd", "q.npy", "k.npy", "--rank", "2", "--precision", "f64")["relative_error"],
          "between the best of the rank each and of half of it", (whole, j["relative_error"], j["optimal_error"]))
    header, _ = factors_header("qk.factors.safetensors")
    check(sorted(k.split(".")[1] for k in header if k != "__metadata__") == ["left1", "left2", "right"] and
          j["bytes"] == os.path.getsize("qk.factors.safetensors"), "the right factor is stored once", list(header))
    run("run", *args, "-o", "qk.safetensors")
    status, _, err = run("expand", "qk.factors.safetensors", "-o", "back.safetensors")
    check(status == 0 and pathlib.Path("qk.safetensors").read_bytes() == pathlib.Path("back.safetensors").read_bytes()
          and [m["rows"] for m in data("list", "back.safetensors")["matrices"]] == [20, 7],
          "expand gives all matrices back, byte for byte", err)
    # the same matrices by every other way to name them
    same = [["m.safetensors::blk.0.attn_q.weight", "m.safetensors::blk.0.attn_k.weight"],
            ["m.safetensors", "--group", "blk.0.qk"], ["m.safetensors", "--group", "qk"],
            ["m.safetensors", "--group", "blk.0.attn_q.weight,blk.0.attn_k.weight"],
            ["m.safetensors", "--group", "h.3.attn.c_attn.weight[0:20],h.3.attn.c_attn.weight[20:27]"]]
    for names in same:
        x = data("run", "joint-rank", *names, *args[3:], "-o", "x.factors.safetensors", "--force")
        command = factors_header("x.factors.safetensors")[0]["__metadata__"]["command"]
        again = run(*shlex.split(command)[1:], "-o", "y.factors.safetensors", "--force")
        check([m["relative_error"] for m in x["matrices"]] == [m["relative_error"] for m in lines],
              f"the same of {' '.join(names)}", x)
        check(again[0] == 0 and pathlib.Path("x.factors.safetensors").read_bytes() ==
              pathlib.Path("y.factors.safetensors").read_bytes(), "the recorded command gives the same file", command)
    check("taken and written (out x in)" in x["notice"] and x["group"] == same[-1][2],
          "a tensor that lies the other way is told of", x)
    pieces = "h.3.attn.c_attn.weight[0:20],h.3.attn.c_attn.weight[20:27]"
    check(data("run", "joint-rank", *same[3])["notice"] is None, "and no other")
    out = run("expand", "x.factors.safetensors", "-o", "x.safetensors")[1]
    header = factors_header("x.safetensors")[0]
    check(header["__metadata__"]["transposed"] == pieces and header[pieces.split(",")[0]]["shape"] == [20, 12] and
          f"written (out x in): {pieces}".encode() in out, "in the files that come of it, too", (header, out))
    data("run", *args, "-o", "y.factors.safetensors", "--force")
    check("transposed" not in factors_header("y.factors.safetensors")[0]["__metadata__"], "where there is one")
    check(x["matrices"][1]["matrix"] == "h.3.attn.c_attn.weight[20:27]", "a part is named by its rows", x)
    # others
    j = data("run", "joint-rank", "q.npy", "k.npy", "--rank", "99")
    check(j["rank"] == 12 and "99" in j["notice"] and j["relative_error"] < 1e-5, "the rank ends at the width", j)
    j = data("run", "joint-rank", "k.npy", "m.safetensors::blk.0.attn_k.weight", "--rank", "10")
    check(j["rank"] == 10 and j["relative_error"] < 1e-5, "or at all rows together, above each one's own", j)
    budget = ["joint-rank", "q.npy", "k.npy"]
    j = data("run", *budget, "--bits-per-entry", "16")
    more = data("run", *budget, "--rank", str(j["rank"] + 1))
    check(j["bits_per_entry"]["true"] <= 16 < more["bits_per_entry"]["true"], "--bits-per-entry of all together", j)
    j = data("run", "lplr", "q.npy", "wide.npy", "--rank", "4")
    alone = [data("run", "lplr", f, "--rank", "4") for f in ("q.npy", "wide.npy")]
    check([m["relative_error"] for m in j["matrices"]] == [a["relative_error"] for a in alone] and
          j["bits"]["true"] == sum(a["bits"]["true"] for a in alone) and "shared_bits" not in j,
          "other methods take them one by one, of any width", j)
    status, out, _ = run("run", *args)
    check(status == 0 and b"q, 20 x 12" in out and b"with one right factor" in out and b"shared" in out,
          "several matrices: text", out)
    status, out, err = run("sweep", "joint-rank", "m.safetensors", "--group", "qk", "--vary", "rank=1:9:*3")
    check(status == 0 and out.count(b"\r\n") == 4, "sweep takes a group", (out, err))
    refused(2, "run", "joint-rank", "q.npy", "wide.npy", say=b"q is 12 wide, wide is 9")
    for other in ("q.npy", "./q.npy", "link.npy", "hard.npy"):
        if not os.path.exists(other):
            (os.symlink if other == "link.npy" else os.link)("q.npy", other)
        refused(2, "run", "joint-rank", "q.npy", other, say=b"named twice")
    name = "blk.0.attn_q.weight"
    os.makedirs("alone", exist_ok=True)
    shutil.copy("m.safetensors", "alone")
    refused(2, "run", "joint-rank", f"alone::{name}", f"alone/m.safetensors::{name}", say=b"named twice")
    check(run("run", "joint-rank", f"m.safetensors::{name}", f"alone::{name}", "--rank", "2")[0] == 0,
          "the same matrix of two files is two matrices")
    refused(2, "run", "joint-rank", "q.npy", "demo:photo", say=b"FILE::r")
    refused(2, "run", "joint-rank", "q.npy", "m.safetensors", say=b"FILE::NAME")
    refused(2, "run", "joint-rank", "q.npy", "k.npy", "-o", "no.npy", say=b"holds one matrix")
    refused(2, "run", "joint-rank", *["q.npy"] * 9, say=b"too many arguments")
    refused(2, "run", "joint-rank", "m.safetensors", "q.npy", "--group", "qk", say=b"of one file")
    refused(2, "run", "joint-rank", "m.safetensors", "--group", "blk.1.qk", say=b"no group or matrix named blk.1.qk")
    refused(2, "run", "joint-rank", "m.safetensors", "--group", "blk.0.attn_q.weight[0:30]", say=b"no such rows")
    refused(3, "run", "joint-rank", "q.npy", "nothing.npy", say=b"nothing.npy")


def test_compare_group():
    """Joint, separate and plainly rounded, at one size."""
    names = ["m.safetensors::blk.0.attn_q.weight", "m.safetensors::blk.0.attn_k.weight"]
    methods = ["--methods", "joint-rank,truncated-svd,naive"]
    j = data("compare", *names, "--bits-per-entry", "12", *methods)
    runs = j["tables"][0]["runs"]
    check({r["method"] for r in runs} == {"joint-rank", "truncated-svd", "naive"} and
          all(r["bits_per_entry"]["true"] <= 12 for r in runs) and j["matrices"] == [n.split("::")[1] for n in names] and
          (j["rows"], j["cols"], j["file"]) == (27, 12, "m.safetensors"), "compare: several matrices", runs)
    for row in runs:
        again = rerun(row)
        check(again and near(again["relative_error"], row["relative_error"], 1e-9) and
              again["bits"] == row["bits"] and again["bytes"] == row["bytes"], f"its command: {row['command']}", row)
    plain = [r for r in runs if r["method"] == "joint-rank" and r["origin"] == "paper"][0]
    check(plain["params"]["bits"] == 0 and plain["tail"] is None and plain["rank"] == 27 * 12 * 12 // (32 * 39),
          "plain joint factors at that size", plain)
    j = data("compare", "m.safetensors", "--group", "qk", "--bytes", "3000", *methods)
    runs = j["tables"][0]["runs"]
    check(j["group"] == "blk.0.qk" and len(runs) >= 2 and all(r["bytes"] <= 3000 for r in runs),
          "compare: a group within bytes", (runs, j["tables"][0]["left_out"]))
    j = data("compare", "q.npy", "wide.npy", "--bits-per-entry", "9", "--methods", "naive,truncated-svd")
    check(len({r["method"] for r in j["tables"][0]["runs"]}) == 2, "compare: of any width one by one", j)
    refused(2, "compare", "q.npy", "--bits-per-entry", "9", "--methods", "joint-rank", say=b"of one width")
    refused(2, "compare", "q.npy", "wide.npy", "--bits-per-entry", "9", "--methods", "joint-rank", say=b"of one width")


def test_solve_group():
    j = data("solve", "m.safetensors", "--group", "qk", "err<40%", "--method", "joint-rank", "--precision", "f64")
    less = data("run", "joint-rank", "m.safetensors", "--group", "qk", "--rank", str(j["rank"] - 1), "--precision", "f64")
    check(j["met"] and j["relative_error"] < .4 <= less["relative_error"] and j["group"] == "blk.0.qk" and
          len(j["matrices"]) == 2, "solve: the least joint rank of a group", (j["rank"], j["relative_error"]))
    j = data("solve", "m.safetensors", "--group", "qk", "bits<12", "--method", "joint-rank")
    more = data("run", "joint-rank", "m.safetensors", "--group", "qk", "--rank", str(j["rank"] + 1))
    check(j["met"] and j["bits_per_entry"]["true"] < 12 <= more["bits_per_entry"]["true"], "or the largest within a size", j)
    j = data("solve", "m.safetensors", "--group", "qk", "err<50%")
    found = {a["method"]: a for a in j["answers"]}
    check({"joint-rank", "truncated-svd", "lplr"} <= set(found) and
          found["truncated-svd"]["rank"] <= found["joint-rank"]["rank"], "among all methods", list(found))
    j = data("solve", "k.npy", "err<40%", "--method", "joint-rank", "--precision", "f64")
    check(j["rank"] == data("solve", "k.npy", "err<40%", "--method", "truncated-svd", "--precision", "f64")["rank"],
          "joint-rank of one matrix is its truncation", j["rank"])
    status, out, _ = run("solve", "m.safetensors", "--group", "qk", "err<40%", "--method", "joint-rank")
    check(status == 0 and b"blk.0.qk, 27 x 12, several matrices" in out, "solve: text of a group", out)


def test_groups():
    up = noisy(16, 12, 5)
    gate = [[x + .05 * e for x, e in zip(a, b)] for a, b in zip(up, noisy(16, 12, 6))]
    weights = {"blk.0.attn_q.weight": noisy(20, 12, 1), "blk.0.attn_k.weight": noisy(7, 12, 2),
               "blk.0.attn_output.weight": noisy(12, 20, 3), "blk.0.ffn_gate.weight": gate,
               "blk.0.ffn_up.weight": up, "blk.0.ffn_down.weight": noisy(12, 16, 4)}
    write_tensors("model.safetensors", weights)
    total = sum(len(w) * len(w[0]) for w in weights.values())
    j = data("groups", "model.safetensors")
    groups = j["groups"]
    check([(g["name"], g["kind"], g["layer"], g["expert"], [m["rows"] for m in g["members"]], g["cols"])
           for g in groups] == [("blk.0.qk", "qk", 0, None, [20, 7], 12), ("blk.0.gate_up", "gate_up", 0, None, [16, 16], 12)]
          and [m["module"] for g in groups for m in g["members"]] == ["q", "k", "gate", "up"], "groups of a model", groups)
    check(j["model_parameters"] == total and j["parameters"] == 12 * 59 and near(j["ceiling"], 12 * 59 / total, 1e-15) and
          near(groups[0]["break_even"], 27 * 12 / 39, 1e-12) and j["rule"] is None and
          near(groups[0]["members"][1]["break_even"], 7 * 12 / 19, 1e-12), "their sizes", j)
    j = data("groups", "model.safetensors", "--rank", "qk=5,blk.0.gate_up=6", "--null", "40", "--precision", "f64")
    qk, ffn = j["groups"]
    for g in (qk, ffn):
        alone = data("run", "joint-rank", "model.safetensors", "--group", g["name"], "--rank", str(g["rank"]),
                     "--precision", "f64")
        check(near(alone["relative_error"], g["joint_error"], 1e-9) and
              all(near(a["relative_error"], m["joint_error"], 1e-9) for a, m in zip(alone["matrices"], g["members"])),
              f"{g['name']}: the errors that a run measures", (g, alone["relative_error"]))
        parts = [data("run", "truncated-svd", f"model.safetensors::{m['name']}", "--rank", str(k), "--precision", "f64")
                 for m, k in zip(g["members"], g["separate_ranks"])]
        check(all(near(a["relative_error"], m["separate_error"], 1e-6) for a, m in zip(parts, g["members"])) and
              sum(k * (12 + m["rows"]) for m, k in zip(g["members"], g["separate_ranks"])) <= g["parameters_left"] and
              g["greedy_error"] <= g["separate_error"] + 1e-12,
              f"{g['name']}: separate factors of no more parameters", g)
    check((qk["rank"], ffn["rank"], qk["parameters_left"], ffn["parameters_left"]) == (5, 6, 5 * 39, 6 * 44) and
          j["parameters_left"] == 5 * 39 + 6 * 44 and
          near(j["pruned"]["model"], (12 * 59 - j["parameters_left"]) / total, 1e-12) and
          near(j["pruned"]["modules"], 1 - j["parameters_left"] / (12 * 59), 1e-12) and
          [k["rank"] for k in j["kinds"]] == [5, 6] and j["total"]["rank"] is None, "what is pruned", j)
    check(not qk["null"]["shared"] and abs(qk["null"]["z"]) < 3 and ffn["null"]["shared"] and ffn["null"]["z"] < -5 and
          ffn["null"]["draws"] == 40, "the null test tells shared from not shared", (qk["null"], ffn["null"]))
    norms = [sum(m["norm"] ** 2 for m in g["members"]) for g in (qk, ffn)]
    check(near(j["total"]["joint_error"] ** 2 * sum(norms), sum(g["joint_error"] ** 2 * n for g, n in zip((qk, ffn), norms)),
               1e-9), "errors of all together", j["total"])
    j = data("groups", "model.safetensors", "--prune", "15%", "--sizes")
    keep = 1 - .15 / (12 * 59 / total)
    check([g["rank"] for g in j["groups"]] == [int(keep * 324 / 39), int(keep * 384 / 44)] and
          j["groups"][0]["joint_error"] is None and j["pruned"]["model"] >= .15 - 1e-12 and
          j["rule"] == {"name": "prune", "value": .15, "multiple": 1}, "ranks by sizes alone", j)
    j = data("groups", "model.safetensors", "--keep", "0.9", "--multiple", "4")
    check([(g["asked"], g["rank"]) for g in j["groups"]] == [(7, 4), (7, 4)] and
          j["pruned"]["model"] > j["pruned"]["model_asked"] > 0, "ranks in multiples, both ratios", j)
    j = data("groups", "model.safetensors", "--rank", "1")["groups"][0]
    check(j["separate_ranks"] == [0, 0] and near(j["separate_error"], 1, 1e-12) and j["greedy_error"] < .95,
          "separate ranks within their share, be it too small for one", j)
    j = data("groups", "model.safetensors", "--energy", "80%")
    check(all(g["joint_error"] ** 2 <= .2 + 1e-9 or not g["factored"] for g in j["groups"]), "--energy", j)
    j = data("groups", "model.safetensors", "--bytes", "1600", "--bits", "32")
    check(360 <= j["parameters_left"] <= 400 and j["rule"]["value"] == 400, "--bytes", j)
    j = data("groups", "model.safetensors", "--mp")
    check(all(1 <= g["asked"] <= 12 for g in j["groups"]), "--mp", j)
    j = data("groups", "model.safetensors", "--group", "blk.0.ffn_up.weight[0:8],blk.0.attn_k.weight", "--rank", "3")
    check(len(j["groups"]) == 1 and j["groups"][0]["kind"] == "hand" and j["groups"][0]["rows"] == 15 and
          j["groups"][0]["layer"] is None, "a group by hand", j)
    status, out, _ = run("groups", "model.safetensors", "--prune", "15%", "--null", "20")
    check(status == 0 and b"2 groups, 708 of" in out and b"no shared structure" in out and b"2 groups together" in out,
          "groups: text", out)
    status, out, _ = run("groups", "model.safetensors")
    check(status == 0 and b"20+7 x 12" in out and b"break-even" in out, "groups: text without a rule", out)
    os.mkdir("phi")
    write_tensors("phi/model.safetensors", {"model.layers.0.self_attn.qkv_proj.weight": noisy(16, 8, 1),
                                            "model.layers.0.mlp.gate_up_proj.weight": noisy(12, 8, 2)})
    pathlib.Path("phi/config.json").write_text('{"num_attention_heads": 4, "num_key_value_heads": 2}')
    j = data("groups", "phi", "--rank", "3")
    check([m["name"].rsplit(".", 1)[1] for g in j["groups"] for m in g["members"]] ==
          ["weight[0:8]", "weight[8:12]", "weight[0:6]", "weight[6:12]"] and all(g["joint_error"] > 0 for g in j["groups"]),
          "fused tensors are cut as config.json says", j["groups"])
    pathlib.Path("phi/config.json").write_text('{"num_attention_heads": 3}')
    j = data("groups", "phi")
    check(len(j["groups"]) == 1 and "nothing tells where to cut" in j["notice"], "or left out", j)
    shutil.rmtree("phi")
    j = data("groups", "q.npy")
    check(j["groups"] == [] and j["parameters"] == 0, "a file without groups", j)
    refused(2, "groups", "q.npy", "--prune", "10%", say=b"--group NAME,NAME makes one")
    refused(2, "groups", "model.safetensors", "--prune", "70%", say=b"cannot go: its groups hold")
    refused(2, "groups", "model.safetensors", "--prune", "ten", say=b"is not a share like 10%")
    refused(2, "groups", "model.safetensors", "--prune", "10%", "--rank", "4", say=b"give one of them")
    refused(2, "groups", "model.safetensors", "--rank", "v=4", say=b"no group or kind named v")
    refused(2, "groups", "model.safetensors", "--rank", "4x", say=b"is not a rank")
    refused(2, "groups", "model.safetensors", "--null", "10", say=b"--null wants ranks")
    weights["blk.0.attn_k.weight"][3][4] = math.nan
    write_tensors("broken.safetensors", weights)
    check(run("groups", "broken.safetensors", "--rank", "3", "--sizes")[0] == 0, "sizes read no entries")
    refused(3, "groups", "broken.safetensors", "--rank", "3", say=b"blk.0.attn_k.weight[3, 4] is not a number")
    folder = os.environ.get("EIGENSCOPE_DATA")
    if not folder:
        return skip("groups of a trained llama", "EIGENSCOPE_DATA names no folder")
    j = data("groups", f"{folder}/stories260K.gguf", "--rank", "qk=24,gate_up=43", "--null", "50", "--precision", "f64")
    first, second = j["groups"][:2]
    check(near(first["joint_error"], .226704, 2e-6) and near(second["joint_error"], .386987, 2e-6) and
          first["null"]["z"] < -5 and first["null"]["shared"] and abs(second["null"]["z"]) < 3 and
          len(j["groups"]) == 10, "groups of a trained llama", j["groups"][:2])
    for rule, ranks, realised in (("10%", [31, 43], .10876), ("20%", [24, 34], .20085)):
        j = data("groups", f"{folder}/stories260K.safetensors", "--prune", rule, "--sizes")
        check([g["rank"] for g in j["groups"][:2]] == ranks and near(j["pruned"]["model"], realised, 1e-4),
              f"{rule} of a trained llama", j["pruned"])


def test_denoise():
    j = data("denoise", "--seed", "3")
    marks = j["marks"]
    check(j["matrix"] is None and j["error_to"] == "core" and near(j["edge"], .64, 1e-12) and near(j["visible"], .32, 1e-12)
          and [r["rank"] for r in j["rules"]] == [8, 8, 8], "a made-up matrix of rank 8", j)
    check([round(m["mark"], 9) for m in marks] == [.25, .6, .8, 1, 3] and all(m["rank"] == 8 for m in marks)
          and marks[1]["left"] < .2 and near(marks[-1]["left"], 1, .02) and marks[-1]["relative_error"] > .4
          and j["uncut_error"] > .6 > .2 > marks[0]["relative_error"], "weak marks go, a strong one stays", marks)
    seen = data("denoise", "--seed", "3", "--rule", "known", "--mark", "0.25,1")["marks"]
    check([m["rank"] for m in seen] == [8, 9] and seen[1]["left"] > .8, "a rule keeps the mark that it sees", seen)
    cuts = data("denoise", "--mark", "0,2", "--rank", "4,300", "--noise", "0.1")["marks"]
    check([(m["mark"], m["rank"]) for m in cuts] == [(0, 4), (0, 256), (2, 4), (2, 256)] and cuts[0]["left"] is None
          and near(cuts[3]["left"], 1, 1e-9), "every mark at every rank", cuts)
    npy("a.npy", noisy(30, 20, 7))
    j = data("denoise", "a.npy")
    check(j["rows"] == 30 and j["noise"] is None and j["noise_from"] == "spectrum" and j["error_to"] == "matrix"
          and j["uncut_error"] < 1e-7 and j["rules"][1]["rank"] is None and len(j["marks"]) == 5, "a matrix of a file", j)
    j = data("denoise", "a.npy", "--noise", "0.01", "--rule", "known")
    check(j["noise_from"] == "given" and near(j["edge"], .01 * (30 ** .5 + 20 ** .5), 1e-12), "noise as it is told", j)
    text = run("denoise", "a.npy")[1].decode().splitlines()
    check(len(text) == 12 and text[0].endswith("30 x 20"), "text", text)
    refused(2, "denoise", "a.npy", "--rule", "known", say=b"noise is not known")
    for words in (["--mark", "x"], ["--mark", "1,"], ["--rank", "0"], ["--rank", "1.5"], ["--mark", "-1"]):
        refused(2, "denoise", *words, say=b"is no list of")
    refused(2, "denoise", "--rank", "2", "--rule", "mp", say=b"exclude each other")
    refused(2, "denoise", "demo:photo", say=b"takes one matrix")
    refused(3, "denoise", "absent.npy")


def test_gaps_statistics():
    j = data("gaps", "--statistics", "--side", "32", "--draws", "3000")
    t = j["statistics"]
    check(j["private"] is False and [x["field"] for x in t] == ["real", "complex"]
          and all(x["side"] == 32 and x["draws"] == 3000 and x["source"] == "tridiagonal" for x in t), "both fields", j)
    ratio = [next(r for r in x["readings"] if r["name"] == "mean spacing ratio") for x in t]
    check(abs(ratio[0]["value"] - .5307) < 5 * ratio[0]["error"] < .02 and abs(ratio[1]["value"] - .5996) < 5 * ratio[1]["error"] < .02,
          "ratios of Atas et al.", ratio)
    check(not [r for x in t for r in x["readings"] if r["mark"] == "fail"], "nothing fails", t)
    below = [[p["share"] for p in x["spacings_below"]] for x in t]
    check(all(b == sorted(b) and abs(p["share"] - p["surmise"]) < .02 for x, b in zip(t, below) for p in x["spacings_below"])
          and [p["spacing"] for p in t[0]["spacings_below"]][::12] == [1 / 32, 2], "their distribution", t)
    again = data("gaps", "--statistics", "--side", "32", "--draws", "3000", "--field", "complex")
    other = data("gaps", "--statistics", "--side", "32", "--draws", "3000", "--field", "complex", "--seed", "2")
    check(again["statistics"] == t[1:] and other["statistics"] != t[1:], "one field, by its seed", again)
    j = data("gaps", "--statistics", "--side", "8", "--draws", "50", "--source", "matrix", "--backend", "cpu")
    check(j["statistics"][0]["source"] == "matrix" and j["statistics"][0]["dispatches"] == 0, "whole matrices", j)
    text = run("gaps", "--statistics", "--side", "16", "--draws", "20")[1].decode().splitlines()
    check(len(text) == 24 and all("simulated, not private" in text[i] for i in (0, 12)), "text", text)
    refused(5, "gaps", "--statistics", "--side", "65", "--source", "matrix", say=b"64 x 64")
    refused(2, "gaps", say=b"--statistics")
    refused(2, "gaps", "--statistics", "--side", "5")


def rows_of(n, d):
    """Rows of norm about 1 whose covariance falls as a power: no two columns alike, nothing random."""
    rows = [[math.sin(1.7 * i * (j + 1) + j * j) / (j + 1) ** .7 for j in range(d)] for i in range(n)]
    most = max(math.sqrt(sum(x * x for x in r)) for r in rows)
    return [[x / most for x in r] for r in rows]


def test_gaps():
    n, d = 400, 12
    rows = rows_of(n, d)
    npy("people.npy", rows, "<f8")
    j = data("gaps", "people.npy", "--runs", "60", "--rank", "1,3,12")
    trace = sum(x * x for r in rows for x in r)
    s, sigma = j["noise"], j["eigenvalues"]
    check(j["private"] is False and j["note"] == "simulated, not private" and j["side"] == d and j["rows"] == n, "the mark", j)
    check(near(s, 4.22468, 1e-5) and near(j["T"], s * s / 2, 1e-12) and near(j["mu"] * s, 1, 1e-9), "tight noise", j)
    check(near(sum(sigma), trace, 1e-9 * trace) and sigma == sorted(sigma, reverse=True)
          and near(j["gaps"][2], sigma[2] - sigma[3], 1e-12), "eigenvalues of A^T A", sigma)
    check(near(j["paper_gap"], 4 * math.sqrt(j["T"] * d), 1e-9) and near(j["complex"]["outlier"], s * math.sqrt(2 * d), 1e-9)
          and near(j["real"]["whole"], s * math.sqrt(d * (d + 1)), 1e-9), "thresholds", j)
    k = 3
    S = sum((a / (a - b)) ** 2 for a in sigma[:k] for b in sigma[k:])
    r = j["ranks"][1]
    check(r["k"] == k and near(r["first_order"]["y"], s * math.sqrt(k * (k + 1) + 2 * S), 1e-9)
          and near(r["first_order"]["complex"], s * math.sqrt(2 * k * k + 4 * S), 1e-9), "the first-order law", r)
    last = j["ranks"][2]
    check(last["gap"] is None and not last["paper_condition"]
          and all(abs(last["drawn"][x]["rms"] / j[f]["whole"] - 1) < 5 * last["drawn"][x]["rms_error"] / j[f]["whole"]
                  for x, f in (("real", "real"), ("complex", "complex"))), "all kept: the noise itself", last)
    check(abs(sum(j["complex"]["scree"]) - trace) < .05 * trace and all(b["low"] <= b["mean"] <= b["high"] for b in j["real"]["drawn"]),
          "noisy eigenvalues", j)
    again, other = (data("gaps", "people.npy", "--runs", "3", "--rank", "2", "--seed", x)["ranks"] for x in ("1", "2"))
    check(again == data("gaps", "people.npy", "--runs", "3", "--rank", "2")["ranks"] != other, "the seed decides")
    m = [[sum(r[a] * r[b] for r in rows) for b in range(d)] for a in range(d)]
    npy("covariance.npy", m, "<f8")
    ready = data("gaps", "covariance.npy", "--input", "covariance", "--runs", "0")
    check(max(abs(a - b) for a, b in zip(ready["eigenvalues"], sigma)) < 1e-9 * trace and ready["ranks"][0]["drawn"] == {} and
          [r["k"] for r in ready["ranks"]] == [1, 2, 3, 4, 6, 8, 12], "a covariance as it is", ready)
    paper = data("gaps", "people.npy", "--calibration", "classical", "--runs", "0")
    check(near(paper["noise"], 7.49364, 1e-5) and near(paper["true_epsilon"], .540, 1e-3), "classical noise and what it is worth", paper)
    text = run("gaps", "people.npy", "--runs", "2", "--rank", "4")[1].decode()
    check("people.npy: covariance 12 x 12, simulated, not private" == text.splitlines()[0] and "doubt" in text, "text", text)
    j = data("gaps", "--table", "--runs", "8")["table"]
    want = {"real": (67.8, 63.5), "shrunk": (61.5, 63.1), "y": (72.6, 63.8), "y-k": (70.5, 63.7), "complex": (102.0, 90.1)}
    off = max(abs(j["gaps"][g][x]["rms"] / want[x][g] - 1) for x in want for g in (0, 1))
    check(off < .03, "the mechanisms side by side", (off, j))
    refused(2, "gaps", "--table", "people.npy", say=b"no FILE")
    refused(2, "gaps", "--table", "--statistics", say=b"alone")
    refused(2, "gaps", "people.npy", "--rank", "13", say=b"12 x 12")
    refused(2, "gaps", "people.npy", "--rank", "0")
    refused(2, "gaps", "people.npy", "--delta", "0")
    refused(3, "gaps", "people.npy", "--input", "covariance", say=b"square")


def test_png():
    j = data("run", "lplr", "demo:photo", "--rank", "10", "--rounds", "1", "-o", "out.png")["output"]
    check(j["png_bytes"] == j["bytes"] == os.path.getsize("out.png") and j["source_bytes"] > 0 and
          0 < j["factors_bytes"] and "factors" in j["sentence"], "a PNG tells three sizes", j)
    chunks = list(png_chunks("out.png"))
    texts = dict(b.split(b"\0", 1) for k, b, _ in chunks if k == b"tEXt")
    check(all(ok for _, _, ok in chunks) and any(b"eigenscope run lplr" in t for t in texts.values()),
          "a PNG says in tEXt how it was made", texts)
    check(texts[b"eigenscope:factors_bytes"] == str(j["factors_bytes"]).encode() and
          texts[b"eigenscope:source_bytes"] == str(j["source_bytes"]).encode() and
          int(texts[b"eigenscope:png_bytes"]) == j["png_bytes"], "a PNG says in tEXt the three sizes", texts)


def test_seed():
    files = []
    for n, seed in enumerate(["1", "1", "2"]):
        files.append(f"seed{n}.npy")
        run("run", "lplr", "demo:phantom256", "--seed", seed, "-o", files[-1])
    first, second, other = (pathlib.Path(f).read_bytes() for f in files)
    check(first == second, "--seed reproduces")
    check(first != other, "another seed gives another result")


def test_threads():
    """Single precision sums, magnified by a fit, gave other digits with other thread counts."""
    one, two = (data("run", "lplr", "demo:photo", "--rank", "40", "--threads", n) for n in "12")
    check(near(one["relative_error"], two["relative_error"], 1e-6), "lplr does not depend on threads",
          f"{one['relative_error']} and {two['relative_error']}")


def enormous(path):
    """Legal packed factors of 2^34 entries in 34 kB."""
    n, facts, tensors, body = 1 << 17, {}, {}, b""
    facts["factors"], facts["results"] = "1", "1"
    facts["picture"] = "picture=no planes=rgb depth=8 dtype=F32 gamma=0 srgb=none"
    facts["result_0"] = "matrices=1 parts=2 terms=1 rank=1 dead=0 rounds=0"
    facts["matrix_0"] = f"rows={n} cols={n} name=m"
    for i, (part, rows, cols) in enumerate([("left", n, 1), ("right", 1, n)]):
        facts[f"part_0_{i}"] = (f"name={part} rows={rows} cols={cols} bits=1 quantizer=uniform "
                                "rounding=nearest scales=tensor symmetric=no by_column=yes")
    facts["term_0_0"] = "matrix=0 left=0 right=1"
    for kind, dtype, shape, piece in [("range", "F64", 2, struct.pack("<2d", 0, 1)), ("codes", "U8", n // 8, bytes(n // 8))]:
        for part in ("left", "right"):
            tensors[f"m.{part}.{kind}"] = {"dtype": dtype, "shape": [shape],
                                           "data_offsets": [len(body), len(body) + len(piece)]}
            body += piece
    header = json.dumps({"__metadata__": {f"eigenscope_{k}": v for k, v in facts.items()}, **tensors}).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(header)) + header + body)


def test_refusals():
    enormous("enormous.factors.safetensors")
    npy("nan.npy", [[1, float("nan")], [3, 4]])
    npy("short.npy", [[1, 2], [3, 4]])
    pathlib.Path("short.npy").write_bytes(pathlib.Path("short.npy").read_bytes()[:-1])
    npy("empty.npy", [], shape=(0, 5))
    npy("huge.npy", [[1e300, 1], [2, 3]], "<f8")
    pathlib.Path("text.txt").write_text("no matrix at all\n")
    pathlib.Path("there.npy").write_bytes(b"mine")
    os.mkdir("folder")
    escape = b"bad\x1b[31m\xff.npy"
    crash = "crash.jpg"
    shutil.copy(CORPUS / "jpeg" / "bad_crash.jpg", crash)
    cases = [
        (2, ["frobnicate"]), (2, ["lst"]), (2, ["run"]), (2, ["run", "lplr"]), (2, ["--frob"]),
        (2, ["run", "lpr", "demo:photo"]), (2, ["list"]), (2, ["list", "a", "b"]),
        (2, ["run", "lplr", "demo:phantom256", "--rank", "0"]),
        (2, ["run", "lplr", "demo:phantom256", "--rank", "x"]),
        (2, ["run", "lplr", "demo:phantom256", "--rank"]),
        (2, ["run", "lplr", "demo:phantom256", "--rank", "3", "--bits-per-entry", "1"]),
        (2, ["run", "naive", "demo:phantom256", "--bits-per-entry", "1"]),
        (2, ["run", "truncated-svd", "demo:phantom256", "--left-bits", "3"]),
        (2, ["run", "lplr", "demo:phantom256", "--backend", "abacus"]),
        (2, ["run", "lplr", "demo:phantom256", "--backend", "cpu", "--device", "no such"]),
        (2, ["run", "lplr", "demo:phantom256", "--device", "no such"]),
        (2, ["run", "lplr", "demo:phantom256", "--backend", "vulkan", "--device", "256"]),
        (2, ["run", "lplr", "demo:phantom256", "--max-memory", "lots"]),
        (2, ["run", "lplr", "demo:phantom256", "-o", "out.xyz"]),
        (2, ["run", "lplr", "plain.npy", "-o", "plain.png"]),
        (2, ["run", "naive", "demo:photo", "-o", "three.npy"]),
        (2, ["run", "lplr", "demo:photo", "-o", "three.npy", "--max-memory", "4M"]),
        (2, ["list", "demo:nothing"]), (2, ["spectrum", "demo:photo::nothing"]),
        (2, ["expand", "x0.factors.safetensors"]), (2, ["docs", "nothing"]),
        (2, ["frame", "demo:phantom256", "--size", "0x5"]),
        (2, ["frame", "demo:phantom256", "-x", "nothing"]), (2, []),
        (3, ["list", "nowhere.npy"]), (3, ["run", "lplr", "folder"]), (3, ["list", "text.txt"]),
        (3, ["run", "lplr", "short.npy"]), (3, ["run", "lplr", "nan.npy"]),
        (3, ["frame", "-r", "nowhere.session"]), (3, ["frame", "-r", "plain.npy"]),
        (2, ["--speed", "fast"]), (2, ["--speed=0"]), (2, ["frame", "--record", "x"]),
        (3, ["--replay", "nowhere.session"]),
        (3, ["run", "naive", "empty.npy"]), (3, ["frame", "empty.npy"]),
        (3, ["run", "naive", "nan.npy", "--nonfinite", "keep"]),
        (3, ["spectrum", "nan.npy", "--nonfinite", "keep"]),
        (3, ["expand", "plain.npy", "-o", "out.npy"]), (3, ["frame", "nowhere.png"]),
        (3, ["nowhere.png"]), (3, ["list", escape]),
        (3, ["list", crash]), (3, ["run", "naive", crash, "-o", "crash.ppm"]), (3, [crash]),
        (3, ["frame", "demo:phantom256", "-x", f"open {crash}"]),
        (2, ["run", "naive", "demo:photo", "-o", "colour.pgm"]),
        (4, ["run", "lplr", "demo:phantom256", "-o", "there.npy"]),
        (4, ["run", "lplr", "demo:phantom256", "-o", "nowhere/out.npy"]),
        (4, ["expand", "x0.factors.safetensors", "-o", "there.npy"]),
        (5, ["run", "lplr", "demo:phantom", "--max-memory", "1M"]),
        (5, ["spectrum", "demo:phantom", "--max-memory", "1M"]),
        (5, ["expand", "enormous.factors.safetensors", "-o", "out.npy", "--max-memory", "2G"]),
    ]
    for status, args in cases:
        refused(status, *args)
    refused(3, "list", crash, name="a decoder that crashes", say=b"the decoder crashed")
    status, _, err = run("--confined", "decode")
    check(status == 2 and err.count(b"\n") == 1, "the hidden word does nothing by hand", (status, err))
    check(pathlib.Path("there.npy").read_bytes() == b"mine", "an existing file stays without --force")
    refused(2, "run", "lplr", "demo:phantom256", "--rnk", "3", name="a suggestion", say=b"--rank")
    machine = data("doctor")
    if machine["max_memory"] < 1 << 35:
        refused(5, "expand", "enormous.factors.safetensors", "-o", "out.safetensors", say=b"--max-memory")
    else:
        skip("2^34 entries without --max-memory", "this machine has room for them")
    refused(3, "run", "naive", "huge.npy", name="1e300 in f32", say=b"--precision f64")
    refused(5, "spectrum", "demo:phantom", "--max-memory", "1M", name="the file is named",
            say=b": demo:phantom: ")
    check(data("run", "naive", "huge.npy", "--precision", "f64")["relative_error"] < 1, "1e300 in f64")
    status, _, _ = run("run", "lplr", "demo:phantom256", "-o", "there.npy", "--force")
    check(status == 0 and pathlib.Path("there.npy").read_bytes()[:6] == b"\x93NUMPY", "--force overwrites")
    check(data("run", "naive", "nan.npy", "--nonfinite", "zero")["relative_error"] < 1, "--nonfinite zero")
    npy(escape, [[1, 2], [3, 4]])
    status, out, _ = run("list", escape)
    check(status == 0 and b"\x1b" not in out, "no escape byte of a name reaches the terminal", out)
    check("bad" in data("list", escape).get("file", ""), "such a name is valid JSON")


def test_output_trouble():
    with open("/dev/full", "wb") as full:
        for word in (["--version"], ["list", "demo:photo"], ["docs"], ["doctor", "--json"]):
            status, _, err = run(*word, stdout=full)
            check(status == 4 and err.count(b"\n") == 1, f"/dev/full: exit 4: {word[0]}", (status, err))
    status, _, err = run("run", "lplr", "demo:phantom256", "-o", "/dev/full")
    check(status in (2, 4), "-o /dev/full is refused", (status, err))
    p = start("list", "demo:photo", preexec_fn=lambda: os.close(1))
    _, err = p.communicate()
    check(p.returncode == 4 and err.count(b"\n") == 1, "a closed stdout: exit 4", err)
    p = start("run", "lplr", "demo:phantom256", "-o", "unseen.npy", preexec_fn=lambda: os.close(1))
    _, err = p.communicate()
    check(p.returncode == 4 and not os.path.exists("unseen.npy"), "a closed stdout: no output either", err)
    read, write = os.pipe()
    os.close(read)
    status, _, err = run("docs", stdout=write)
    os.close(write)
    check(status == 4 and err.count(b"\n") == 1, "a reader that went away: exit 4, no signal", (status, err))
    os.mkdir("sealed")
    os.chmod("sealed", 0o555)
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    if drop and not shutil.which("setpriv"):
        return skip("a folder without write permission", "root, and no setpriv")
    os.chmod(".", 0o755)
    if subprocess.run([*drop, "touch", "sealed/x"], capture_output=True, check=False).returncode == 0 or \
            subprocess.run([*drop, PROGRAM, "--version"], capture_output=True, check=False).returncode:
        return skip("a folder without write permission", "cannot become an ordinary user here")
    p = subprocess.run([*drop, PROGRAM, "run", "lplr", "demo:phantom256", "-o", "sealed/out.npy"],
                       capture_output=True, env=ENV, check=False)
    check(p.returncode == 4 and not p.stdout and p.stderr.count(b"\n") == 1 and not os.listdir("sealed"),
          "a folder without write permission: exit 4", p)


def test_interrupt():
    os.mkdir("quiet")
    for number in (signal.SIGINT, signal.SIGTERM):
        p = start("run", "lplr", "demo:phantom", "--rank", "300", "--rounds", "100", "-o",
                  "quiet/out.factors.safetensors")
        time.sleep(0.5)
        p.send_signal(number)
        out, err = p.communicate(timeout=60)
        check(p.returncode == 130 and not out and err.count(b"\n") == 1 and not os.listdir("quiet"),
              f"{number.name}: exit 130, nothing left", (p.returncode, err, os.listdir("quiet")))
    p = start("solve", "demo:phantom", "err<1%", "--search", "bits")
    time.sleep(0.5)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    check((p.returncode, out) == (130, b""), "SIGINT in a search: exit 130", (p.returncode, out, err))

    pathlib.Path("noise.npy").write_bytes(
        b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '|u1', 'fortran_order': False, 'shape': (3000, 3000), }"
        .ljust(0x75) + b"\n" + os.urandom(9_000_000))
    p = start("spectrum", "noise.npy")
    time.sleep(0.7)
    begin = time.time()
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    check(p.returncode == 130 and not out and err == b"eigenscope: interrupted\n" and
          time.time() - begin < 1.5, "SIGINT within LAPACK: exit 130 in about a second", (p, err))
    p = start("spectrum", "demo:phantom256")
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    check(p.returncode in (130, -signal.SIGINT) and not out, "SIGINT early: nothing is printed", (p, err))


def test_frame():
    status, out, err = run("frame", "demo:photo")
    lines = out.decode().split("\n")
    check(status == 0 and len(lines) == 25 and all(len(x) <= 80 for x in lines), "frame: 80x24", (err, out))
    status, out, _ = run("frame", "demo:photo", "--size", "120x40", "--ascii", "-x", "method lplr")
    check(status == 0 and out.isascii() and out.count(b"\n") == 40 and b"LPLR" in out.upper(),
          "frame: commands, size, ASCII", out)
    check(len(data("frame", "demo:phantom256")["lines"]) == 24, "frame: JSON")
    colours = {c: run("frame", "demo:phantom256", "--color", c)[1] for c in ("none", "256", "24bit")}
    check(b"\x1b" not in colours["none"] and b"38;5;" in colours["256"] and b"38;2;" in colours["24bit"],
          "frame: colours")
    check(run("frame")[0] == 0, "frame: the start page")
    session = "# eigenscope session 1\nopen gone.png\nmethod lplr; set rank=13\nfuture\nview image\n"
    with open("a.session", "w") as f:
        f.write(session)
    status, out, err = run("frame", "demo:phantom256", "-r", "a.session")
    check(status == 0 and b"LPLR  k=13" in out and b"a.session:4:" in err, "frame: -r keeps the file that is named",
          (out, err))
    with open("b.session", "w") as f:
        f.write("# eigenscope session 1\nplanes rgb\nprecision f32\nmethod lplr; set rank=13 seed=5\n")
    for flags in [("--planes", "ycbcr"), ("--precision", "f64"), ("--seed", "9")]:
        args = ("frame", "demo:photo", "--size", "120x40", "--ascii")
        seed = flags[1] if flags[0] == "--seed" else "5"
        both, mine, theirs = [run(*args, *more)[1].split(b"\n")[:36] for more in (  # below: times
            ("-r", "b.session", *flags), ("-x", "method lplr; set rank=13 seed=" + seed, *flags),
            ("-r", "b.session"))]
        check(both == mine and both != theirs, "frame: %s counts more than -r" % flags[0], (both, mine))
    shutil.copy("a.session", "a\033[31m.session")
    status, out, err = run("frame", "-r", "a\033[31m.session")
    check(status == 0 and b"\033" not in err and b"a\\x1b[31m.session:2:" in err, "no name reaches stderr raw", err)
    status, out, err = run("frame", "-r", "a.session", "--size", "80x24")
    check(status == 0 and b"demo:phantom" in out and b"a.session:2:" in err and b"1 more" in err,
          "frame: -r goes on without a file that is gone", (out, err))
    check(run("frame", "demo:phantom256", "-x", "open \"gone x.png\"")[0] == 3 and
          run("frame", "-x", "open \"gone")[0] == 2, "frame: quotes in -x")
    lplr = [run("frame", "demo:phantom256", "-x", "method lplr", "--seed", s)[1] for s in ("1", "1", "2")]
    check(lplr[0] == lplr[1] != lplr[2], "frame: --seed reaches the method", lplr)


def test_doctor():
    j = data("doctor")
    check(j["version"] == "0.1.0" and any(b["name"] == "cpu" and b["device"] for b in j["backends"]) and
          j["processors"] > 0 and j["memory"] > 0 and "OpenBLAS" in j["blas"], "doctor: what is here", j)
    check(j["max_memory"] == j["memory"] // 4 * 3 and data("doctor", "--max-memory", "1G")["max_memory"] == 1 << 30,
          "doctor: three quarters of the memory, or --max-memory", j)
    check(any("TERM" in g for g in j["gaps"]), "doctor: TERM=dumb is a gap", j["gaps"])
    devices = [d for b in j["backends"] for d in b["devices"]]
    check(devices[0]["type"] in ("processor", "software", "discrete", "integrated", "virtual") and
          all(d["name"] and d["binding"] > 0 and d["memory"] > 0 and d["auto_reason"] for d in devices) and
          not any(d["auto"] for d in devices if d["type"] == "software"), "doctor: the devices", devices)
    missing = data("doctor", "--device", "no such")
    check(any('"no such"' in g for g in missing["gaps"]) and
          [b["device"] for b in missing["backends"]] == [b["device"] for b in j["backends"]],
          "doctor: a device that is not there", missing)
    named = data("doctor", "--device", j["backends"][0]["device"])
    check(named["gaps"] == j["gaps"], "doctor: a device of one backend is no gap of the others", named["gaps"])
    nothing = {**ENV, "VK_ICD_FILENAMES": "/nowhere.json", "VK_DRIVER_FILES": "/nowhere.json"}
    bare = data("doctor", env=nothing)
    check([b["name"] for b in bare["backends"]] == [b["name"] for b in j["backends"]] and
          all(b["name"] == "cpu" or b["error"] and not b["devices"] for b in bare["backends"]) and
          any("Vulkan" in g for g in bare["gaps"]), "doctor: a machine without a device", bare)
    if len(j["backends"]) > 1:
        refused(1, "run", "naive", "demo:phantom256", "--backend", "vulkan", env=nothing, say=b"--backend cpu",
                name="no device")
    else:
        refused(2, "run", "naive", "demo:phantom256", "--backend", "vulkan", name="built without Vulkan")
    alone = data("run", "naive", "demo:phantom256", env=nothing)
    check(alone["backend"] == "cpu" and not alone["dispatches"] and not alone["fallbacks"],
          "auto without a device is the processor", alone)
    if LOADER:
        os.mkdir("noisy")
        shutil.copy(LOADER, "noisy/libvulkan.so.1")
        noisy = {**ENV, "LD_LIBRARY_PATH": os.path.abspath("noisy")}
        status, out, err = run("doctor", "--json", env=noisy)
        check(status == 0 and out.count(b"\n") == 1 and json.loads(out) and b"noise on stdout" in err,
              "doctor: a driver that prints does not print into the JSON", (status, out[:200], err))
    if any(b["name"] == "vulkan" and b["device"] for b in j["backends"]):
        planes = data("run", "naive", "demo:photo", "--bits", "3", "--backend", "vulkan")
        total = {k: sum(m["dispatches"].get(k, 0) for m in planes["matrices"]) for k in planes["dispatches"]}
        check(total["code"] >= 3 and total == planes["dispatches"] and not planes["fallbacks"] and
              planes["trouble"] is None, "run: each matrix tells its own dispatches", planes)
    else:
        skip("run: each matrix tells its own dispatches", "no Vulkan device")
    status, out, _ = run("doctor")
    check(status == 0 and b"Backends" in out and b"What to do" in out, "doctor: text", out)


def test_peers():
    try:
        import numpy
        from safetensors import safe_open
    except ImportError:
        return skip("Python's safetensors opens the factors", "not installed here")
    with safe_open("x0.factors.safetensors", "numpy") as f:
        check("command" in f.metadata() and len(list(f.keys())) > 1, "Python's safetensors opens the factors")
    with safe_open("d0.safetensors", "numpy") as f:
        dense = f.get_tensor(list(f.keys())[0])
    check(numpy.array_equal(dense, numpy.load("d0.npy")), "dense .safetensors and .npy hold the same")


GOALS = {  # what it is about, and the number of a run that it bounds
    "err<20%": lambda j: j["relative_error"] < .2,
    "energy>97%": lambda j: 1 - j["relative_error"] ** 2 > .97,
    "psnr>26": lambda j: j["psnr_db"] > 26,
    "ssim>=0.7": lambda j: j["ssim"] >= .7,
    "size<20K": lambda j: j["bytes"] < 20000,
    "bits<=1.5": lambda j: j["bits_per_entry"]["true"] <= 1.5,
}


def test_solve():
    for m in ["truncated-svd", "lplr", "direct-svd"]:
        wrong = []
        for goal, met in GOALS.items():
            j = data("solve", "demo:phantom256", goal, "--method", m, "--seed", "3")
            flags = [x for k in ("left_bits", "right_bits") if k in j["params"]
                     for x in (f"--{k.replace('_', '-')}", str(j["params"][k]))]
            same = data("run", m, "demo:phantom256", "--rank", str(j["rank"]), "--seed", "3", *flags)
            size = goal[0] in "sb" and "<" in goal
            beside = data("run", m, "demo:phantom256", "--rank", str(j["rank"] + (1 if size else -1)),
                          "--seed", "3", *flags)
            keys = ("relative_error", "bytes", "psnr_db", "ssim", "bits")
            ok = j["met"] and met(j) and all(j[k] == same[k] for k in keys) and \
                (not met(beside) or size and beside["relative_error"] >= j["relative_error"])
            if not ok or not RUN_KEYS <= set(j) or j["goal"] != goal or len(j["answers"]) != 1:
                wrong.append((goal, j["met"], j["rank"], j["relative_error"], beside["rank"]))
        check(not wrong, f"solve --method {m}: each goal is met as `run` says, one step cheaper is not", wrong)
    j = data("solve", "demo:phantom256", "err<12%", "--method", "naive")
    check(j["met"] and j["searched"] == "bits" and j["params"]["bits"] > 1 and not
          data("run", "naive", "demo:phantom256", "--bits", str(j["params"]["bits"] - 1))["relative_error"] < .12,
          "solve --method naive: the bits are searched", j["params"])
    j = data("solve", "demo:phantom256", "err<1%", "--method", "lplr", "--left-bits", "3", "--right-bits", "3")
    check(not j["met"] and j["relative_error"] > .01 and "cannot be met" in j["answer"] and j["tried"] > 2,
          "solve: a goal that cannot be met is an answer", (j["met"], j["answer"]))
    refused(4, "solve", "demo:phantom256", "size<300", "--method", "lplr", "-o", "none.png",
            say=b"cannot be met")
    fixed = data("solve", "demo:phantom256", "err<25%", "--method", "lplr")
    free = data("solve", "demo:phantom256", "err<25%", "--method", "lplr", "--search", "bits")
    check(fixed["params"]["left_bits"] == 5 and free["met"] and free["bits"]["true"] < fixed["bits"]["true"] and
          2 <= free["params"]["left_bits"] <= 8 and free["tried"] > fixed["tried"],
          "solve --search bits: other bits, less size", (fixed["bits"], free["bits"], free["params"]))
    j = data("solve", "demo:phantom256", "err<20%", "--method", "lplr", "-o", "s.factors.safetensors")
    check(j["output"]["bytes"] == os.path.getsize("s.factors.safetensors") == j["bytes"],
          "solve -o writes what was found", j["output"])
    run("run", "lplr", "demo:phantom256", "--rank", str(j["rank"]), "-o", "r.factors.safetensors")
    check(pathlib.Path("s.factors.safetensors").read_bytes() == pathlib.Path("r.factors.safetensors").read_bytes(),
          "solve -o: the bytes of `run -o`")
    npy("tiny.npy", [[1, 2, 3], [4, 5, 6.5]])
    for say, *bad in ([b"missing", "demo:phantom256"], [b"no goal", "demo:phantom256", "small"],
                      [b"wrong side", "demo:phantom256", "err>5%"], [b"offset 4", "demo:phantom256", "err<"],
                      [b"no picture", "tiny.npy", "psnr>20"], [b"did you mean lplr", "demo:phantom256", "err<5%",
                      "--method", "lpl"], [b"goal decides", "demo:phantom256", "err<5%", "--rank", "4"],
                      [b"no flag --left-bits", "demo:phantom256", "err<5%", "--method", "naive", "--left-bits", "4"],
                      [b"no flag --nothing", "demo:phantom256", "err<5%", "--nothing", "4"],
                      [b"only bits", "demo:phantom256", "err<5%", "--search", "rank"],
                      [b"outside", "demo:phantom256", "err<5%", "--left-bits", "99"]):
        refused(2, "solve", *bad, say=say)
    refused(3, "solve", "nowhere.npy", "err<5%")
    refused(5, "solve", "demo:phantom256", "err<5%", "--method", "lplr", "--max-memory", "200K")


def test_solve_all():
    j = data("solve", "demo:phantom256", "err<20%", "--left-bits", "4")
    names = [a["method"].replace("_", "-") for a in j["answers"]]
    bytes_ = [a["bytes"] for a in j["answers"]]
    check(sorted(names) == sorted(SOLVED) and bytes_ == sorted(bytes_) and
          all(a["met"] and a["relative_error"] < .2 and RUN_KEYS <= set(a) for a in j["answers"]),
          "solve: every method, by size", list(zip(names, bytes_)))
    check(j["bytes"] == bytes_[0] and j["method"] == j["answers"][0]["method"] in j["reason"],
          "solve: the smallest wins, and says so", j["reason"])
    check([a["params"].get("left_bits", 4) for a in j["answers"]] == [4] * len(names),
          "solve: a flag goes to every method that knows it", names)
    j = data("solve", "demo:photo", "size<60K")
    met = [a for a in j["answers"] if a["met"]]
    check(j["met"] and j["relative_error"] == min(a["relative_error"] for a in met) and
          all(a["bytes"] < 60000 for a in met) and [a["met"] for a in j["answers"]] ==
          sorted((a["met"] for a in j["answers"]), reverse=True) and len(j["matrices"]) == 3,
          "solve: within a size the least error wins", (j["method"], j["reason"]))
    status, out, _ = run("solve", "demo:phantom256", "psnr>25")
    lines = out.decode().splitlines()
    check(status == 0 and len(lines) == 4 + len(SOLVED) and sum(x.startswith("* ") for x in lines) == 1 and
          lines[2].startswith("* ") and "smallest of" in lines[-2] and lines[-1].startswith("psnr>25: rank"),
          "solve: the table, the winner marked, the reason", out)
    status, out, _ = run("solve", "demo:phantom256", "size<100")
    check(status == 0 and b"\n* " not in out and b"no setting meets" in out,
          "solve: where nothing meets the goal nothing is marked", out)


def rerun(row):
    """What the command of a row gives; its numbers, or None."""
    words = shlex.split(row["command"])
    return data(*words[1:]) if words[0] == "eigenscope" else {}


def test_compare():
    side = 72
    pixel = [int(128 + 60 * math.sin(i / 9) * math.cos(j / 7) + 50 * math.sin(i * j / 300)) for i in range(side)
             for j in range(side)]
    pathlib.Path("small.pgm").write_bytes(b"P5 %d %d 255\n" % (side, side) + bytes(pixel))
    pathlib.Path("small.ppm").write_bytes(b"P6 %d %d 255\n" % (side, side // 3) + bytes(pixel))
    j = data("compare", "small.pgm", "--bits-per-entry", "1,2")
    sizes = [t["size"]["bits_per_entry"] for t in j["tables"]]
    check(sizes == [1, 2] and j["picture"] and (j["rows"], j["cols"]) == (side, side), "compare: a table for each size",
          sizes)
    rows = [r for t in j["tables"] for r in t["runs"]]
    wrong = []
    for t in j["tables"]:
        errors = [r["relative_error"] for r in t["runs"]]
        wrong += [r["command"] for r in t["runs"] if r["bits"]["true"] > t["size"]["bits_per_entry"] * side * side]
        wrong += [] if errors == sorted(errors) else ["not sorted"]
    check(not wrong, "compare: sorted by error, none above the size", wrong)
    front = [all(o["relative_error"] >= r["relative_error"] or o["bits"]["true"] > r["bits"]["true"] or
                 (o["relative_error"], o["bits"]["true"]) == (r["relative_error"], r["bits"]["true"])
                 for o in rows) for r in rows]
    better = [r["front"] for r in rows]
    check(all(f or not b for f, b in zip(front, better)) and any(better), "compare: the front, over all tables",
          list(zip(front, better)))
    absent = [m for m in METHODS for t in j["tables"]
              if m not in {r["method"] for r in t["runs"] if r["origin"] == "paper"} and
              m not in {o["method"] for o in t["left_out"] if o["why"]}]
    check(set(absent) <= {"water-filling"}, "compare: every method with a paper has what it says, or a reason why not",
          absent)
    ours = {r["origin"] for r in rows if r["method"] == "water-filling"}
    check(ours and "paper" not in ours, "compare: water-filling, which no paper describes, has none", ours)
    phantom = data("compare", "demo:phantom256", "--bits-per-entry", "1", "--methods", "lplr,lplr-svd",
                   "--quantizer", "uniform")["tables"][0]["runs"]
    lplr = [r for r in phantom if r["method"] == "lplr" and r["origin"] == "paper"]
    check(len(lplr) == 1 and lplr[0]["params"]["left_bits"] == 4 and lplr[0]["rank"] == 21 and
          phantom[0]["relative_error"] < .5 * lplr[0]["relative_error"],
          "compare: the paper's LPLR in the same run, beaten", lplr)
    picked = [rows[0], lplr[0], rows[-1], j["tables"][1]["runs"][0]]
    again = [(r["relative_error"], r["bits"], r["bytes"], r["psnr_db"]) for r in map(rerun, picked)]
    said = [(r["relative_error"], r["bits"], r["bytes"], r["psnr_db"]) for r in picked]
    check(all(near(a[0], s[0], 1e-6) and a[1:3] == s[1:3] and near(a[3], s[3], 1e-3) for a, s in zip(again, said)),
          "compare: the command of a row gives the row", list(zip(again, said)))
    for r in picked:
        parts = [r[k] for k in ("tail", "left_loss", "right_loss")]
        if None not in parts and not near(math.hypot(*parts), r["relative_error"], 1e-3):
            check(False, "compare: parts of an error add up", r)
    refs = j["tables"][1]["references"]
    check([r["name"] for r in refs] == ["PNG", "JPEG", "PNG"] and refs[0]["relative_error"] == 0 and refs[1]["fits"] and
          all(r["bytes"] <= side * side / 4 for r in refs[1:] if r["fits"]) and 0 < refs[1]["relative_error"] < .3,
          "compare: PNG and JPEG beside it", refs)
    check("rounding of L" in j["tables"][0]["reason"] or "less error than" in j["tables"][0]["reason"],
          "compare: why", j["tables"][0]["reason"])


def test_compare_kinds():
    npy("plain.npy", [[math.sin(i * j + i) for j in range(40)] for i in range(50)])
    j = data("compare", "plain.npy", "--bytes", "2K", "--methods", "lplr,direct-svd", "--scales", "vector", "--paper")
    runs = j["tables"][0]["runs"]
    check(not j["picture"] and j["tables"][0]["references"] == [] and j["precision"] == "f64" and
          {r["method"] for r in runs} == {"lplr", "direct-svd"} and max(r["bytes"] for r in runs) <= 2048 and
          {r["params"]["scales"] for r in runs} == {"vector"}, "compare: bytes, methods, a flag that stays", runs)
    j = data("compare", "small.ppm", "--bits-per-entry", "3", "--methods", "lplr", "--rounds", "1")
    refs = j["tables"][0]["references"]
    check([r["name"] for r in refs] == ["PNG", "JPEG", "JPEG", "PNG"] and refs[0]["relative_error"] == 0 and
          refs[0]["psnr_db"] is None and all(r["bytes"] <= 72 * 72 * 3 / 8 for r in refs[1:] if r["fits"]) and
          refs[2]["fits"] and refs[2]["relative_error"] < .5,
          "compare: a colour picture, JPEG both ways", refs)
    status, out, _ = run("compare", "plain.npy", "--bits-per-entry", "2", "--methods", "naive,lplr", "--commands")
    lines = out.decode().splitlines()
    check(status == 0 and sum(x.startswith("*+ ") for x in lines) == 1 and lines[2].startswith("*+ ") and
          any("no picture" in x for x in lines) and sum(x.startswith("eigenscope run ") for x in lines) ==
          sum("paper" in x[:26] or x[:2].strip(" *+") == "" and x[3:8].strip() in ("naive", "lplr") for x in lines),
          "compare: the table and its commands", out)
    status, out, _ = run("compare", "plain.npy", "--bits-per-entry", "0.001,2")
    check(status == 0 and b"no method fits this size" in out and b"not here: lplr of" in out,
          "compare: a size that nothing fits, beside one", out)
    refused(2, "compare", "plain.npy", "--bits-per-entry", "0.001", say=b"nothing fits")
    for status, args in (
            (2, []), (2, ["--bits-per-entry", "1", "--bytes", "9"]), (2, ["--bits-per-entry", "0"]),
            (2, ["--bits-per-entry", "1,,2"]), (2, ["--bits-per-entry", "x"]), (2, ["--bits-per-entry", "nan"]),
            (2, ["--bytes", "0"]), (2, ["--bytes", "1e400"]), (2, ["--bits-per-entry", ",".join(["1"] * 17)]),
            (2, ["--bits-per-entry", "1", "--methods", "lplr,lpr"]), (2, ["--bits-per-entry", "1", "--methods", ""]),
            (2, ["--bits-per-entry", "1", "--rank", "3"]), (2, ["--bits-per-entry", "1", "--left-bits", "99"]),
            (2, ["--bits-per-entry", "1", "--methods", "naive", "--oversampling", "3"])):
        refused(status, "compare", "plain.npy", *args)
    refused(3, "compare", "nowhere.npy", "--bits-per-entry", "1")
    refused(2, "compare", "plain.npy", "--bits-per-entry", "1", "--methods", "lpr", name="a suggestion of a method",
            say=b"did you mean lplr")
    p = start("compare", "demo:photo", "--bits-per-entry", "1", "--precision", "f64")
    time.sleep(1)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate()
    check(p.returncode == 130 and not out and err.count(b"\n") == 1, "compare: interrupted", (p.returncode, err))


def table(out):
    text = out.decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_sweep():
    status, out, err = run("sweep", "lplr", "demo:phantom256", "--vary", "rank=1:32:*2", "--vary", "left-bits=2,4,8",
                           "--rounds", "2")
    rows = table(out)
    check(status == 0 and not err and out.count(b"\r\n") == out.count(b"\n") == 19 and
          [(r["rank"], r["left_bits"]) for r in rows] ==
          [(str(k), b) for k in (1, 2, 4, 8, 16, 32) for b in ("2", "4", "8")], "sweep: CSV, the last flag fastest", out)
    check(all(r["method"] == "lplr" and r["rounds"] == "2" and r["error"] == "" and None not in r and r["bound"] == "" and
              float(r["optimal_error"]) <= float(r["relative_error"]) + 1e-6 for r in rows), "sweep: every column", rows[0])
    one = data("run", "lplr", "demo:phantom256", "--rank", "16", "--left-bits", "4", "--rounds", "2")
    row = [r for r in rows if (r["rank"], r["left_bits"]) == ("16", "4")][0]
    check(float(row["relative_error"]) == one["relative_error"] and float(row["psnr_db"]) == one["psnr_db"] and
          int(row["bits_true"]) == one["bits"]["true"] and int(row["bytes"]) == one["bytes"],
          "sweep: full precision, the numbers of run", (row, one))
    status, out, err = run("sweep", "direct-svd", "demo:photo", "--vary", "split=left,both", "--vary", "symmetric=on,off",
                           "--bits-per-entry", "1", "--json")
    lines = [json.loads(x) for x in out.splitlines()]
    one = data("run", "direct-svd", "demo:photo", "--bits-per-entry", "1", "--split", "both", "--symmetric")
    check(status == 0 and len(lines) == 4 and all(RUN_KEYS <= set(x) for x in lines) and
          {x["rank"] for x in lines} == {one["rank"]} and lines[2]["relative_error"] == one["relative_error"] and
          lines[2]["params"] == one["params"], "sweep: JSON lines, words, a rank from the size", lines[-1:])
    npy("a,\"b.npy", [[math.sin(i * j + i) for j in range(20)] for i in range(30)])
    status, out, err = run("sweep", "lplr", "a,\"b.npy", "--vary", "rank=1,1000,3", "--vary", "seed=1:2:+1",
                           "--max-memory", "600M")
    rows = table(out)
    check(status == 0 and [r["rank"] for r in rows] == ["1", "1", "20", "20", "3", "3"] and
          {r["file"] for r in rows} == {"a,\"b.npy"} and b'"a,""b.npy"' in out and rows[0]["psnr_db"] == "",
          "sweep: names are quoted, no rank beyond the matrix's", out)
    status, out, err = run("sweep", "naive", "demo:phantom256", "--vary", "rounding=nearest", "-o", "rows.csv")
    check(status == 0 and not out and len(table(pathlib.Path("rows.csv").read_bytes())) == 1, "sweep: -o", (out, err))
    status, out, err = run("sweep", "lplr", "demo:phantom256", "--vary", "rank=1:32:*1.5", "--vary", "seed=5")
    check([r["rank"] for r in table(out)] == ["1", "2", "3", "5", "8", "11", "17", "26"], "sweep: factors rounded", out)
    # what cannot be run: a rank that does not fit the size, of some settings and of all
    wide = ["sweep", "lplr", "a,\"b.npy", "--bits-per-entry", "1.2", "--vary"]
    status, out, err = run(*wide, "left-bits=2,24", "--count", "paper", "--right-bits", "24")
    rows = table(out)
    check(status == 0 and not err and [bool(r["error"]) for r in rows] == [False, True] and not rows[1]["relative_error"]
          and rows[1]["left_bits"] == "24" and "bits per entry" in rows[1]["error"],
          "sweep: a setting that cannot be run is a row", (out, err))
    status, out, _ = run(*wide, "left-bits=2,24", "--count", "paper", "--right-bits", "24", "--json")
    last = json.loads(out.splitlines()[-1])
    check(status == 0 and "bits per entry" in last["error"] and last["params"]["left_bits"] == 24,
          "sweep: and a line", last)
    status, out, err = run(*wide, "left-bits=23,24", "--right-bits", "24")
    check(status == 2 and len(table(out)) == 2 and err.count(b"\n") == 1 and b"bits per entry" in err,
          "sweep: where none can be run it fails", (status, out, err))


def test_sweep_refusals():
    npy("plain.npy", [[1, 2], [3, 4]])
    pathlib.Path("rows.csv").write_text("mine")
    lplr = ["sweep", "lplr", "plain.npy"]
    for args in ([], ["--vary", "rank"], ["--vary", "=3"], ["--vary", "rnk=3"], ["--vary", "rank="],
                 ["--vary", "rank=1,,2"], ["--vary", "rank=0"], ["--vary", "rank=x"], ["--vary", "rank=1:4"],
                 ["--vary", "rank=1:4:2"], ["--vary", "rank=1:4:+0"], ["--vary", "rank=1:4:*1"],
                 ["--vary", "rank=1:4:*0.5"], ["--vary", "rank=1:4:+-1"], ["--vary", "rank=4:1:+1"],
                 ["--vary", "rank=0:4:*2"], ["--vary", "rank=1:4:+1.5"], ["--vary", "rank=1:1e9:+1e8"],
                 ["--vary", "rank=1:nan:+1"], ["--vary", "rank=1:inf:+1"], ["--vary", "rank=1:4:+1x"],
                 ["--vary", "scales=tensor:block:+1"], ["--vary", "scales=big"], ["--vary", "symmetric=0:1:+1"],
                 ["--vary", "rank=1", "--vary", "rank=2"], ["--vary", "rank=1", "--rank", "2"],
                 ["--vary", "rank=1", "--bits-per-entry", "2"], ["--vary", "threads=1,2"],
                 ["--vary", "rank=" + "1" * 200]):
        refused(2, *lplr, *args)
    refused(5, *lplr, "--vary", "seed=1:1e12:+1", say=b"more than 1000000 values")
    refused(5, *lplr, "--vary", "seed=1:2000:+1", "--vary", "rank=1:1000:+1", say=b"more than 1000000 settings")
    refused(2, *lplr, "--vary", "rnk=3", name="a suggestion", say=b"did you mean 'rank'")
    refused(4, *lplr, "--vary", "rank=1,2", "-o", "rows.csv")
    refused(3, "sweep", "lplr", "nowhere.npy", "--vary", "rank=1,2")
    check(pathlib.Path("rows.csv").read_text() == "mine", "sweep: an existing file stays")
    p = start("sweep", "lplr-svd", "demo:phantom", "--vary", "seed=1:10000:+1", "--rank", "8")
    head = [p.stdout.readline() for _ in range(3)]
    alive = p.poll() is None
    p.send_signal(signal.SIGINT)
    rest, err = p.communicate()
    rows = table(b"".join(head) + rest)
    check(alive and p.returncode == 130 and err.count(b"\n") == 1 and 2 <= len(rows) < 10000 and rest[-2:] in (b"", b"\r\n") and
          all(r["relative_error"] for r in rows), "sweep: rows as they are done; interrupted, they stay", (alive, err))
    p = start("sweep", "naive", "demo:phantom256", "--vary", "seed=1:100000:+1", "-o", "part.csv")
    time.sleep(1.5)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate()
    check(p.returncode == 130 and len(table(pathlib.Path("part.csv").read_bytes())) > 1,
          "sweep: interrupted, the file has the rows so far", (p.returncode, err))
    with open("/dev/full", "wb") as full:
        status, _, err = run(*lplr, "--vary", "rank=1,2", stdout=full)
        check(status == 4 and err.count(b"\n") == 1, "sweep: a full disk ends it", (status, err))


def main():
    here = tempfile.mkdtemp()
    os.chdir(here)
    try:
        for test in (test_help, test_list, test_tensors, test_spectrum, test_run, test_budget, test_flags, test_expand, test_several, test_compare_group, test_solve_group, test_groups,
                     test_denoise, test_gaps, test_gaps_statistics, test_png, test_seed, test_threads, test_refusals, test_output_trouble, test_interrupt, test_frame,
                     test_doctor, test_solve, test_solve_all, test_compare, test_compare_kinds, test_sweep,
                     test_sweep_refusals, test_peers):
            begin = time.time()
            try:
                test()
            except Exception as e:  # a missing key is a failure, not the end
                check(False, test.__name__, repr(e))
            print(f"# {test.__name__}: {time.time() - begin:.1f} s")
    finally:
        os.chdir("/")
        shutil.rmtree(here)
    print(f"1..{count}")
    return failures != 0


sys.exit(main())
