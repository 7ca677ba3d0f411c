"""Our block decoders against Python's gguf (PyPI): random bytes of every type, and no bit of
difference in single precision; and what the program says of files as large as models are. TAP.
Arguments: test_gguf, eigenscope."""
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

DECODER, PROGRAM = map(os.path.abspath, sys.argv[1:])
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
        test_encoders()
        test_decoders()  # last: a child's peak of memory begins with ours, and NumPy is large
        os.chdir("/")
    print(f"1..{count}")
    return failures > 0


sys.exit(main())
