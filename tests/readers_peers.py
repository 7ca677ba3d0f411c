"""Model files as other programs lay them out: folders, shards, links, a config.json; what Python's
safetensors writes; headers of 100,000 tensors; files of 4 GB. TAP. Arguments: eigenscope, the corpus."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

PROGRAM, CORPUS = map(os.path.abspath, sys.argv[1:])
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


def measured(*args):
    """Status, output, errors, seconds, and the child's own peak of memory in MB."""
    start = time.monotonic()
    with open("out", "wb") as out, open("err", "wb") as err:
        p = subprocess.Popen([PROGRAM, *args], stdout=out, stderr=err)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    with open("out", "rb") as out, open("err", "rb") as err:
        return p.returncode, out.read(), err.read(), time.monotonic() - start, usage.ru_maxrss / 1024


def listed(*args):
    status, out, err, _, _ = measured("list", "--json", *args)
    return json.loads(out) if status == 0 else (status, err)


def refused(name, say, *args, status=3):
    """One line on standard error that says so, nothing on standard output, soon and in little memory."""
    got, out, err, seconds, memory = measured(*args)
    check(got == status and not out and err.count(b"\n") == 1 and say in err and seconds < 2 and memory < 32,
          name, (got, out[:200], err, seconds, memory))


def safetensors(path, tensors, metadata=None, size=None):
    """tensors: name -> (dtype, shape, data); size: of the file, which is sparse behind its header."""
    header, at, data = {"__metadata__": metadata} if metadata else {}, 0, b""
    for name, (dtype, shape, piece) in tensors.items():
        end = at + (piece if isinstance(piece, int) else len(piece))
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
        data += b"" if isinstance(piece, int) else piece
        at = end
    raw = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(raw)) + raw + data)
        f.truncate(size or 8 + len(raw) + at)
    return at


def two_shards(folder):
    os.makedirs(folder)
    safetensors(f"{folder}/model-00001-of-00002.safetensors", {"a": ("F32", [1, 2], struct.pack("<2f", 3, 4))},
                {"format": "pt"})
    safetensors(f"{folder}/model-00002-of-00002.safetensors", {"b": ("F32", [2, 1], struct.pack("<2f", 5, 12))})
    index = {"metadata": {"total_size": 16}, "weight_map": {"a": "model-00001-of-00002.safetensors",
                                                           "b": "model-00002-of-00002.safetensors"}}
    write_json(f"{folder}/model.safetensors.index.json", index)
    return index


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f)


def test_folder():
    index = two_shards("m")
    names = [[m["name"] for m in listed(p)["matrices"]] for p in ("m", "m/", "m/model.safetensors.index.json")]
    check(names == [["a", "b"]] * 3, "a folder stands for its index", names)
    status, out, err, _, _ = measured("spectrum", "m::b", "--json")
    check(status == 0 and abs(json.loads(out)["sigma"][0] - 13) < 1e-12, "a matrix is read from its shard", (out, err))
    j = listed("m", "--metadata")
    check(j["bytes"] == sum(os.path.getsize(f"m/{f}") for f in os.listdir("m")) and j["format"] == "safetensors" and
          j["metadata"] == {"format": "pt"} and j["notice"] == "2 files read as one", "size, format, notice", j)
    os.rename("m/model-00002-of-00002.safetensors", "m/gone")
    refused("a missing shard is named", b"shard 2 of 2 cannot be read: m/model-00002-of-00002.safetensors: No such file",
            "list", "m")
    os.mkdir("elsewhere")
    os.rename("m/gone", "elsewhere/blob")
    os.symlink("../elsewhere/blob", "m/model-00002-of-00002.safetensors")
    j = listed("m")
    check(len(j["matrices"]) == 2 and "1 files are links to other folders" in j["notice"],
          "a link out of the folder is followed, and said", j)
    os.rename("elsewhere/blob", "m/blob")
    os.remove("m/model-00002-of-00002.safetensors")
    os.symlink("blob", "m/model-00002-of-00002.safetensors")
    check("links" not in listed("m")["notice"], "a link within the folder is nothing to tell")
    os.remove("m/model-00002-of-00002.safetensors")
    os.mkfifo("m/model-00002-of-00002.safetensors")
    refused("a pipe as a shard is refused", b"is a pipe or a device", "list", "m")
    os.remove("m/model-00002-of-00002.safetensors")
    os.symlink("/dev/zero", "m/model-00002-of-00002.safetensors")
    refused("a link to a device as a shard is refused", b"is a pipe or a device", "list", "m")
    os.remove("m/model-00002-of-00002.safetensors")
    os.rename("m/blob", "m/model-00002-of-00002.safetensors")
    index["weight_map"]["b"] = "../elsewhere/blob.safetensors"
    write_json("m/model.safetensors.index.json", index)
    refused("an index that points out of its folder is refused", b"is not the name of a file in its own folder", "list", "m")
    write_json("m/second.safetensors.index.json", index)
    refused("two indexes in a folder are refused", b"is a folder with 2 safetensors indexes; name one", "list", "m")
    os.mkdir("none")
    refused("a folder without a model is refused", b"is a folder without a model", "list", "none")
    safetensors("none/x.safetensors", {"x": ("F32", [1, 1], bytes(4))})
    check(len(listed("none")["matrices"]) == 1, "a folder with one model file stands for it")
    safetensors("none/y.safetensors", {"y": ("F32", [1, 1], bytes(4))})
    refused("a folder with two is refused", b"is a folder with 2 model files; name one", "list", "none")


def test_config():
    os.mkdir("c")
    safetensors("c/model.safetensors", {"x": ("F32", [1, 1], bytes(4))}, {"format": "pt"})
    write_json("c/config.json", {"model_type": "llama", "num_attention_heads": 9, "rms_norm_eps": 1e-05, "tie": True,
                                 "bias": False, "none": None, "architectures": ["Llama"], "rope": {"x": 1},
                                 "bad\x1b": "\u00e9\n"})
    told = {"format": "pt", "config.model_type": "llama", "config.num_attention_heads": "9",
            "config.rms_norm_eps": "1e-05", "config.tie": "true", "config.bias": "false",
            "config.bad\\x1b": "\u00e9\\x0a"}
    j = listed("c", "--metadata")
    check(j["metadata"] == told and j["notice"] is None, "plain values of config.json are facts", j)
    for name, text in (("broken", b'{"a": 1, "b": }'), ("an array", b"[]"), ("two of a key", b'{"a": 2, "b": 1, "a": 3}'), ("too large", b'{"a": 1}' + b" " * 2 ** 20)):
        with open("c/config.json", "wb") as f:
            f.write(text)
        j = listed("c", "--metadata")
        check(j["metadata"] == {"format": "pt"} and j["notice"] == "config.json is broken and not used",
              f"a config.json that is {name} gives nothing, and says so", j)
    os.rename("c/config.json", "elsewhere.json")
    write_json("elsewhere.json", {"a": 1})
    os.symlink("../elsewhere.json", "c/config.json")
    j = listed("c", "--metadata")
    check(j["metadata"] == {"config.a": "1", "format": "pt"} and j["notice"] == "config.json is a link to another folder",
          "one that is a link out of the folder is used, and told of", j)
    os.remove("c/config.json")


def test_heads():
    """What cuts a fused tensor is config.json, whatever the file's own metadata is called and however much it is."""
    os.mkdir("heads")
    write_json("heads/config.json", {"num_attention_heads": 2, "num_key_value_heads": 1})
    many = {f"k{i}": "v" for i in range(20000)}
    for name, metadata, say in (("much of it", many, "3618 of 20002 facts left out"),
                                ("keys of GGUF", {"general.architecture": "llama", "llama.attention.head_count": "1"}, None),
                                ("keys of config.json", {"config.num_attention_heads": "3", "config.head_dim": "1"}, None)):
        safetensors("heads/model.safetensors", {"layers.0.self_attn.qkv_proj.weight": ("F32", [12, 4], bytes(192))}, metadata)
        status, out, err, _, _ = measured("groups", "heads", "--json")
        cuts = status == 0 and [m["name"].rsplit(".", 1)[1] for m in json.loads(out)["groups"][0]["members"]]
        check(cuts == ["weight[0:6]", "weight[6:9]"], f"metadata with {name} does not move a cut", (status, out, err))
        j = listed("heads", "--metadata")
        check(j["notice"] == say and list(j["metadata"].items())[0] == ("config.num_attention_heads", "2"),
              f"metadata with {name}: what config.json says comes first", (j["notice"], list(j["metadata"].items())[:3]))
    os.remove("heads/config.json")
    status, out, err, _, _ = measured("groups", "heads", "--json")
    j = status == 0 and json.loads(out)
    check(j and j["groups"][0]["members"][0]["name"].endswith("[0:4]") and "cut by its shape" in j["notice"],
          "without it a cut is guessed, and said to be", (status, out, err))
    safetensors("heads/model.safetensors", {"x": ("F32", [1, 1], bytes(4))}, {"k" * 1025: "v"})
    refused("a key of metadata beyond 1024 bytes is refused", b"a key of 1025 bytes is longer than 1024", "list", "heads",
            status=5)


def test_large():
    size = 1024 * 1024 * 2
    tensors = {f"model.layers.{i // 4}.{'qkvo'[i % 4]}_proj.weight": ("BF16", [1024, 1024], size) for i in range(2048)}
    total = safetensors("large.safetensors", tensors)
    status, out, err, seconds, memory = measured("list", "large.safetensors")
    print(f"# {total / 1e9:.2f} GB: {seconds:.3f} s, {memory:.1f} MB")
    check(status == 0 and out.count(b"1024 x 1024") == 2048 and seconds < 2 and memory < 60, "a file of 4 GB in 60 MB",
          (err, seconds, memory))
    status, out, err, seconds, memory = measured("frame", "large.safetensors", "--view", "weights", "--size", "120x40")
    print(f"# the same in the weights view: {seconds:.3f} s, {memory:.1f} MB")
    check(status == 0 and b"model.layers.25" in out and memory < 60, "the weights view of it in 60 MB", (err, memory))
    os.truncate("large.safetensors", os.path.getsize("large.safetensors") - 1)
    refused("one byte less is refused by name", b"model.layers.511.o_proj.weight: wants 2097152 bytes", "list",
            "large.safetensors")
    os.remove("large.safetensors")
    child = os.fork()  # a child's peak of memory begins with its parent's, and this is large
    if not child:
        safetensors("many.safetensors", {f"model.layers.{i // 400}.experts.{i % 400}.down_proj.weight":
                                         ("BF16", [1024, 512], 2 ** 20) for i in range(100000)})
        os._exit(0)
    os.waitpid(child, 0)
    status, out, err, seconds, memory = measured("list", "many.safetensors")
    size = os.path.getsize("many.safetensors")
    print(f"# {size / 1e9:.2f} GB, 100,000 tensors: {seconds:.3f} s, {memory:.1f} MB")
    check(status == 0 and out.count(b"1024 x 512") == 100000 and seconds < 4 and memory < 100,
          "100 GB in 100,000 tensors in 100 MB", (err, seconds, memory))
    os.remove("many.safetensors")


def test_peers():
    name = "what Python's safetensors writes"
    try:
        import numpy
        from safetensors import safe_open
        from safetensors.numpy import load_file, save_file
    except ImportError:
        skip(name, "safetensors is not installed here")
        skip("Python's safetensors refuses what we refuse, but for what we list", "safetensors is not installed here")
        return
    theirs = set()
    for path in sorted(os.listdir(f"{CORPUS}/safetensors")):
        if path.endswith(".safetensors"):
            try:
                with safe_open(f"{CORPUS}/safetensors/{path}", "np") as f:
                    f.keys()
            except Exception:  # of several kinds, and a panic
                theirs.add(path.split(".")[0])
    ours = {p.split(".")[0] for p in os.listdir(f"{CORPUS}/safetensors") if p.startswith("bad_")}
    # names that no terminal should see or no one could ask for, and keys that stand there twice or are long
    stricter = {"bad_" + n for n in ("control", "duplicate", "extra", "key_long", "metadata3", "named", "nul", "unnamed")}
    check(theirs <= ours and ours - theirs <= stricter and len(theirs) > 40,
          "Python's safetensors refuses what we refuse, but for what we list", (theirs - ours, ours - theirs - stricter))
    rng = numpy.random.default_rng(5)
    arrays = {f"t.{d}": (rng.standard_normal((5, 7)) * 50).astype(d)
              for d in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "bool")}
    arrays["vector"] = numpy.arange(3, dtype="float32")
    arrays["no rows"] = numpy.zeros((0, 4), "float32")
    save_file(arrays, "theirs.safetensors", {"k": "v \u00e9"})
    j = listed("theirs.safetensors", "--metadata")
    shapes = {m["name"]: (m["rows"], m["cols"]) for m in j["matrices"]}
    same = shapes == {k: a.shape for k, a in arrays.items() if a.ndim == 2} and j["metadata"] == {"k": "v \u00e9"}
    bad = []
    for key, a in arrays.items():
        if a.ndim != 2 or not a.size:
            continue
        exact = measured("run", "truncated-svd", f"theirs.safetensors::{key}", "--precision", "f64", "--rank", "5",
                         "--exact", "-o", "ours.safetensors", "--force", "--json")
        ours = load_file("ours.safetensors")[key] if exact[0] == 0 else None
        want = a.astype("float64")
        if ours is None or not numpy.allclose(ours, want, rtol=1e-9, atol=1e-9 * abs(want).max()):
            bad.append((key, exact[2]))
    check(same and not bad, name, (shapes, bad))


def test_npz():
    name = "what numpy.savez writes, stored and deflated"
    try:
        import numpy
    except ImportError:
        skip(name, "numpy is not installed here")
        skip("an array of 64 MB in 64 KB is a limit", "numpy is not installed here")
        return
    rng = numpy.random.default_rng(6)
    arrays = {f"{d[1:]}_{'big' if d[0] == '>' else 'little'}": (rng.standard_normal((5, 7)) * 50).astype(d)
              for b in "<>" for d in (b + "f2", b + "f4", b + "f8", b + "i2", b + "i4", b + "i8", b + "u4")}
    arrays.update(fortran=numpy.asfortranarray(arrays["f8_little"]), flag=arrays["i2_big"] > 0, none=numpy.zeros((0, 3)))
    more = {"cube": numpy.zeros((2, 2, 2)), "text": numpy.array(["x"]), "object": numpy.array([{}], dtype=object)}
    bad = []
    for save in (numpy.savez, numpy.savez_compressed):
        save("theirs.npz", **arrays, **more)
        j = listed("theirs.npz")
        shapes = {m["name"]: (m["rows"], m["cols"]) for m in j["matrices"]}
        if shapes != {k: a.shape for k, a in arrays.items()} or {t["name"] for t in j["tensors"]} != set(more):
            bad.append(j)
        for key, a in arrays.items():
            exact = a.size and measured("run", "truncated-svd", f"theirs.npz::{key}", "--precision", "f64", "--rank", "5",
                                        "--exact", "-o", "ours.npy", "--force", "--json")
            want = a.astype("float64")
            if exact and (exact[0] or abs(numpy.load("ours.npy") - want).max() > 1e-9 * abs(want).max()):
                bad.append((save, key, exact))
    check(not bad, name, bad)
    numpy.savez_compressed("zeros.npz", z=numpy.zeros((4096, 2048)))
    status, out, err, _, _ = measured("run", "naive", "zeros.npz::z", "--max-memory", "48M")
    check(status == 5 and not out and err.count(b"\n") == 1 and os.path.getsize("zeros.npz") < 70000,
          "an array of 64 MB in 64 KB is a limit", (status, err, os.path.getsize("zeros.npz")))


def test_corpus():
    """Every broken file of the corpus: one line, the status that expected.txt says, soon."""
    bad, files, slowest = [], 0, 0
    for folder in ("safetensors", "index", "gguf", "npy", "npz"):
        with open(f"{CORPUS}/{folder}/expected.txt", encoding="utf-8") as f:
            lines = [line.split("\t") for line in f.read().splitlines()]
        for name, told in lines:
            status = {"format": 3, "limit": 5}.get(told.split(" ")[0])
            if not status:
                continue
            got, out, err, seconds, _ = measured("list", f"{CORPUS}/{folder}/{name}")
            files += 1
            slowest = max(slowest, seconds)
            if got != status or out or err.count(b"\n") != 1 or not err.startswith(b"eigenscope: "):
                bad.append((name, got, err))
    print(f"# {files} files, the slowest in {slowest:.3f} s")
    check(not bad and files > 200 and slowest < 2, "broken files are one line each, and exit 3 or 5", bad)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        test_folder()
        test_corpus()
        test_config()
        test_heads()
        test_large()
        test_npz()
        test_peers()  # last: a child's peak of memory begins with ours, and NumPy is large
        os.chdir("/")
    print(f"1..{count}")
    return failures > 0


sys.exit(main())
