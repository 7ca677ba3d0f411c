"""Our block decoders against Python's gguf (PyPI): random bytes of every type, and no bit of
difference in single precision; what we write as it reads it, and what it writes as we copy it; and what
the program says of files as large as models are. TAP. Arguments: test_gguf, eigenscope, test_gguf_writer."""
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

DECODER, PROGRAM, WRITER = map(os.path.abspath, sys.argv[1:])
COLS, ROWS = 1024, 16
count = failures = 0


def check(ok, name, note=""):
    global count, failures
    count += 1
    failures += not ok
    print(f"{'' if ok else 'not '}ok {count} - {name}", flush=True)
    if not ok:
        print("# " + str(note).replace("\n", "\n# "))


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


def header(tensors, pairs=b"", n_pairs=0):
    """tensors: name, dims, number of the type, offset."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), n_pairs) + pairs
    for name, dims, kind, offset in tensors:
        head += struct.pack("<Q", len(name)) + name.encode() + \
            struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
    return head + bytes(-len(head) % 32)


# where the halves of a block lie: random bits there would be infinities
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82],
          "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0]}


def test_decoders():
    try:
        import numpy
        from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, dequantize
    except ImportError:
        for name in HALVES:
            skip(f"{name} as Python's gguf decodes it", "gguf is not installed here")
        return
    rng = random.Random(11)
    for name, halves in HALVES.items():
        kind = GGMLQuantizationType[name]
        elements, size = GGML_QUANT_SIZES[kind]
        data = bytearray(rng.randbytes(ROWS * COLS // elements * size))
        for block in range(0, len(data), size):
            for at in halves:  # any finite half, subnormals too
                bits = rng.randrange(0x7c00) | rng.randrange(2) << 15
                struct.pack_into("<H", data, block + at, bits)
        with open("q.gguf", "wb") as f:
            f.write(header([("q", (COLS, ROWS), int(kind), 0)]) + data)
        out = subprocess.run([DECODER, "dump", "q.gguf"], stdout=subprocess.PIPE, check=False).stdout
        ours = numpy.frombuffer(out, numpy.float32).reshape(-1, COLS)
        theirs = dequantize(numpy.frombuffer(bytes(data), numpy.uint8).reshape(ROWS, -1), kind)
        same = ours.shape == theirs.shape and numpy.isfinite(ours).all() and len(numpy.unique(ours)) > 1000
        gap = float(numpy.abs(ours.astype(float) - theirs).max()) if same else "shapes or values are off"
        check(same and gap == 0, f"{name} as Python's gguf decodes it", f"largest difference {gap}")


def test_encoders():
    """Bytes of every block that we write against Python's, of entries large, small, alike and zero."""
    names = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
    try:
        import numpy
        from gguf import GGMLQuantizationType, quantize
    except ImportError:
        for name in names:
            skip(f"{name} as Python's gguf encodes it", "gguf is not installed here")
        return
    rng = numpy.random.default_rng(5)
    x = rng.standard_normal((4096, 32)) * 10 ** rng.uniform(-6, 3, (4096, 1))
    x[:256] += 10 * x[:256, :1]  # all of one sign
    x[256:512] = numpy.rint(4 * x[256:512] / abs(x[256:512]).max(1, keepdims=True)) / 4  # ties
    x[512] = 0
    x[513] = 3.25
    x = x.astype(numpy.float32)
    for name in names:
        out = subprocess.run([DECODER, "pack", name], input=x.tobytes(), stdout=subprocess.PIPE, check=False).stdout
        theirs = quantize(x, GGMLQuantizationType[name])
        ours = numpy.frombuffer(out, numpy.uint8)
        same = ours.size == theirs.size
        wrong = int((ours.reshape(theirs.shape) != theirs).any(1).sum()) if same else "sizes differ"
        check(same and wrong == 0, f"{name} as Python's gguf encodes it", f"blocks that differ: {wrong} of 4096")


def test_plain():
    """Every half and every bfloat16 there is; NaNs are NaNs."""
    names = ["F16", "BF16"]
    try:
        import numpy
        from gguf import GGMLQuantizationType, dequantize
    except ImportError:
        for name in names:
            skip(f"every {name} as Python's gguf decodes it", "gguf is not installed here")
        return
    bits = numpy.arange(65536, dtype=numpy.uint16).reshape(64, 1024)
    for name in names:
        kind = GGMLQuantizationType[name]
        with open("q.gguf", "wb") as f:
            f.write(header([("q", (1024, 64), int(kind), 0)]) + bits.tobytes())
        out = subprocess.run([DECODER, "dump", "q.gguf"], stdout=subprocess.PIPE, check=False).stdout
        ours = numpy.frombuffer(out, numpy.float32).reshape(-1, 1024)
        theirs = dequantize(bits.view(numpy.float16) if name == "F16" else bits.view(numpy.uint8), kind)
        same = ours.shape == theirs.shape
        wrong = int(((ours.view(numpy.uint32) != theirs.astype(numpy.float32).view(numpy.uint32)) &
                     ~(numpy.isnan(ours) & numpy.isnan(theirs))).sum()) if same else "shapes differ"
        check(same and wrong == 0, f"every {name} as Python's gguf decodes it", f"values that differ: {wrong}")


def value(field):
    """Of a field of GGUFReader: text, a number, or a list of either."""
    return field.contents()


def test_copy():
    """What Python's writer makes, read and written anew by ours: the same bytes."""
    names = ["a file of Python's gguf is copied byte for byte", "and its copy reads the same there"]
    try:
        import numpy
        from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, quantize
    except ImportError:
        for name in names:
            skip(name, "gguf is not installed here")
        return
    rng = numpy.random.default_rng(3)
    w = GGUFWriter("theirs.gguf", "llama")
    w.add_block_count(2)
    w.add_float32("a.float", -1 / 3)
    w.add_bool("a.bool", True)
    w.add_int64("a.int", -2 ** 40)
    w.add_float64("a.double", 1 / 3)
    w.add_array("a.words", ["<s>", "\u2581the", ""])
    w.add_array("a.scores", [0.5, -1.25, 3e-8])
    w.add_array("a.types", [6, 3, 1])
    w.add_string("a.text", "long " * 200)
    w.add_tensor("norm", rng.standard_normal(7).astype(numpy.float32))
    for n, name in enumerate(["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]):
        kind = GGMLQuantizationType[name]
        w.add_tensor(f"blk.{n}.w", quantize(rng.standard_normal((5, 96)).astype(numpy.float32), kind), raw_dtype=kind)
    w.add_tensor("half", rng.standard_normal((3, 5)).astype(numpy.float16))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    done = subprocess.run([WRITER, "copy", "theirs.gguf", "ours.gguf"], stderr=subprocess.PIPE, check=False)
    with open("theirs.gguf", "rb") as a, open("ours.gguf", "rb") as b:
        x, y = a.read(), b.read()
    check(done.returncode == 0 and x == y, names[0], (done.stderr, len(x), len(y)))
    a, b = GGUFReader("theirs.gguf"), GGUFReader("ours.gguf")
    check([(k, value(f)) for k, f in a.fields.items()] == [(k, value(f)) for k, f in b.fields.items()] and
          len(a.tensors) == len(b.tensors) == 7 and
          all(s.name == t.name and (s.data == t.data).all() for s, t in zip(a.tensors, b.tensors)), names[1])


def test_written():
    """What run -o X.gguf writes, as Python reads it: the values of the .npy, facts, architecture."""
    names = ["run -o .gguf has the values of .npy", "of double precision rounded once", "two matrices, two tensors",
             "facts are there under eigenscope.", "the architecture of the source is told", "and none where it has none"]
    try:
        import numpy
        from gguf import GGUFReader
    except ImportError:
        for name in names:
            skip(name, "gguf is not installed here")
        return
    rng = numpy.random.default_rng(9)
    numpy.save("m.npy", rng.standard_normal((9, 13)))
    arguments = ["run", "truncated-svd", "m.npy", "--rank", "3", "--backend", "cpu", "--force", "-o"]
    done = [measured(*arguments, out) for out in ("o.npy", "o.gguf")]
    r = GGUFReader("o.gguf")
    check(all(d[0] == 0 for d in done) and len(r.tensors) == 1 and r.tensors[0].name == "m" and
          r.tensors[0].data.dtype == numpy.float32 and (r.tensors[0].data == numpy.load("o.npy")).all(), names[0],
          [d[2] for d in done])
    facts = {k: value(f) for k, f in r.fields.items()}
    check(facts["eigenscope.method"] == "truncated-svd" and facts["eigenscope.source"] == "m.npy" and
          "--rank 3" in facts["eigenscope.command"] and float(facts["eigenscope.relative_error"]) > 0 and
          facts["general.file_type"] == 0, names[3], facts)
    check("general.architecture" not in facts, names[5], facts)
    done = [measured(*arguments, out, "--precision", "f64") for out in ("o.npy", "o.gguf")]
    x, y = numpy.load("o.npy"), GGUFReader("o.gguf").tensors[0].data
    check(all(d[0] == 0 for d in done) and x.dtype == float and (x.astype(numpy.float32) == y).all(), names[1])
    key = b"general.architecture"
    with open("m.gguf", "wb") as f:
        f.write(header([("blk.0.attn_q.weight", (4, 6), 0, 0), ("blk.0.attn_k.weight", (4, 2), 0, 96)],
                       struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, 5) + b"llama", 1) +
                rng.standard_normal(32).astype(numpy.float32).tobytes())
    status, _, err, _, _ = measured("run", "joint-rank", "m.gguf", "--group", "blk.0.qk", "--rank", "4", "-o", "g.gguf")
    r = GGUFReader("g.gguf") if status == 0 else None
    check(r and [(t.name, t.data.shape) for t in r.tensors] ==
          [("blk.0.attn_q.weight", (6, 4)), ("blk.0.attn_k.weight", (2, 4))], names[2], err)
    check(r and value(r.fields["general.architecture"]) == "llama", names[4], err)


def measured(*args):
    """Status, output, errors, seconds, and the child's own peak of memory in MB."""
    start = time.monotonic()
    with open("out", "wb") as out, open("err", "wb") as err:
        p = subprocess.Popen([PROGRAM, *args], stdout=out, stderr=err)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    with open("out", "rb") as out, open("err", "rb") as err:
        return p.returncode, out.read(), err.read(), time.monotonic() - start, usage.ru_maxrss / 1024


def test_large():
    """4 GB of nothing with 100,000 tokens: the header alone is read."""
    dims, layers = (8192, 16384), 32
    size = 8192 * 16384 * 34 // 32
    tokens = b"".join(struct.pack("<Q", 5) + b"token" for _ in range(100000))
    pairs = struct.pack("<Q", 6) + b"tokens" + struct.pack("<IIQ", 9, 8, 100000) + tokens
    head = header([(f"blk.{i}.w", dims, 8, i * size) for i in range(layers)], pairs, 1)
    with open("large.gguf", "wb") as f:
        f.write(head)
        f.truncate(len(head) + layers * size)
    status, out, err, seconds, memory = measured("list", "large.gguf")
    print(f"# {os.path.getsize('large.gguf') / 1e9:.2f} GB: {seconds:.3f} s, {memory:.1f} MB")
    check(status == 0 and out.count(b"16384 x 8192") == layers and seconds < 2, "a file of 4 GB is listed",
          (status, err, seconds))
    check(memory < 60, "in less than 60 MB", memory)
    os.truncate("large.gguf", len(head) + layers * size - 1)
    status, out, err, seconds, memory = measured("list", "large.gguf")
    check(status == 3 and err.count(b"\n") == 1 and b"'blk.31.w' wants 142606336 bytes" in err and memory < 32,
          "one byte less is refused by name", (status, err, memory))
    os.remove("large.gguf")
    with open("claims.gguf", "wb") as f:  # a header without an end
        f.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"a" +
                struct.pack("<IIQ", 9, 8, 2 ** 29 - 100))
        f.truncate(2 ** 32)
    status, out, err, seconds, memory = measured("list", "claims.gguf")
    print(f"# {seconds:.3f} s, {memory:.1f} MB: {err.decode().strip()}")
    check(status == 5 and b"header is longer than" in err and memory < 32, "4 GB of empty tokens are a limit",
          (status, err, memory))
    os.remove("claims.gguf")


def test_split():
    pairs = [b"".join(struct.pack("<Q", len(k)) + k + struct.pack("<IH", 2, v) for k, v in
                      ((b"split.no", i), (b"split.count", 3))) for i in range(3)]
    names = [f"m-0000{i + 1}-of-00003.gguf" for i in range(3)]
    for i in range(3):
        with open(names[i], "wb") as f:
            f.write(header([(f"t{i}", (2, 1), 0, 0)], pairs[i], 2) + struct.pack("<2f", i, 5))
    status, out, err, _, _ = measured("list", names[1])
    check(status == 0 and b"3 files read as one" in out and b"t0" in out and b"t2" in out, "any part opens all",
          (out, err))
    status, out, err, _, _ = measured("spectrum", f"{names[1]}::t2")
    check(status == 0 and b"5.38516" in out, "a matrix of another part is read from there", (out, err))
    os.remove(names[2])
    status, out, err, _, _ = measured("list", names[0])
    check(status == 3 and not out and err.count(b"\n") == 1 and
          b"part 3 of 3 cannot be read: m-00003-of-00003.gguf: No such file" in err, "a missing part is named",
          (out, err))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        test_large()
        test_split()
        test_copy()
        test_written()
        test_encoders()
        test_plain()
        test_decoders()  # last: a child's peak of memory begins with ours, and NumPy is large
        os.chdir("/")
    print(f"1..{count}")
    return failures > 0


sys.exit(main())
