"""The figures of docs/papers/joint-rank.md: what a model loses by matrix, by layer and by how much goes of it, and what a
cut leaves of a mark."""
import statistics

from common import percent
from stories import HEIGHTS, LAYERS, PARAMETERS, PARTS, STORIES, Evaluation, factor_runs, gone, needs_numpy, \
    needs_stories, rounded_runs, tensor

SHARES = (.02, .05, .1, .15, .2, .3, .4)
KNOWN = {"q+k 31, gate+up 43": 1.785, "q+k 24, gate+up 34": 3.444, "q 25, k 17, gate 37, up 37": 2.476,
         "q 20, k 13, gate 29, up 29": 3.503}  # of an independent program


def pruned(e, page, share):
    """The two forms at one share of the model: for each its ranks in words, what goes, perplexity and KL."""
    groups = page.ask("groups", STORIES, "--prune", share, "--sizes")["groups"]
    qk, ffn = (next(g for g in groups if g["kind"] == kind) for kind in ("qk", "gate_up"))
    for ranks in ({"q k": qk["rank"], "gate up": ffn["rank"]},
                  dict(zip(("q", "k", "gate", "up"), qk["separate_ranks"] + ffn["separate_ranks"]))):
        words = ", ".join(f"{parts.replace(' ', '+')} {k}" for parts, k in ranks.items())
        perplexity, apart, *_ = e.loss(factor_runs(ranks))
        if words in KNOWN:
            page.check(abs(apart - KNOWN[words]) < .02, f"{words}: KL {apart:.3f}, independent {KNOWN[words]}")
        yield words, 100 * gone(ranks), perplexity, apart


@needs_stories
@needs_numpy
def pruning(page):
    page.heading("How much goes, and what that costs")
    e = Evaluation(page)
    found = [tuple(pruned(e, page, share)) for share in SHARES]
    joint, separate = zip(*found)
    points = []
    for bits in (8, 4):
        perplexity, apart, size, _ = e.loss(rounded_runs(bits))
        touched = sum(64 * HEIGHTS[p] for p in ("q", "k", "gate", "up")) * len(LAYERS) / PARAMETERS
        points.append((f"{bits} bits", 100 * touched * (1 - size / 16), perplexity, apart))
    panels = []
    for at, name in ((2, "perplexity"), (3, "KL, nats a token")):
        series = [(label, [(row[1], row[at]) for row in rows]) for label, rows in (("separate", separate), ("joint", joint))]
        series += [(row[0], [(row[1], row[at])]) for row in points]
        marks = [(f"dense {e.dense:.2f}", "y", e.dense)] if at == 2 else []
        panels.append({"title": name.split(",")[0], "x": "gone of the model's bytes, %", "y": name, "series": series, "log": True,
                       "marks": marks})
    page.figure("joint-rank-pruning.svg", "Perplexity and KL of stories260K against the share of it that is gone", panels)
    page.say("stories260K with Q, K, gate and up of every layer replaced, as in the table above and on the same text; ranks by "
             "`eigenscope groups MODEL --prune SHARE`, separate ones of equal shares. What is gone is counted in bytes at 16 bits an "
             "entry, which for factors is the share of the parameters. The points are the same matrices rounded by `run naive "
             f"--scales block`: in that measure 8 bits take {points[0][1]:.1f} % and 4 bits {points[1][1]:.1f} % away.\n")
    page.table(("asked", "joint ranks", "gone", "perplexity", "KL", "separate ranks", "gone", "perplexity", "KL"),
               [(percent(share, 0), *(cell for words, went, perplexity, apart in pair
                                      for cell in (words, f"{went:.2f} %", f"{perplexity:.3f}", f"{apart:.3f}")))
                for share, pair in zip(SHARES, found)])
    page.check(all(a[3] < b[3] for a, b in zip(joint, joint[1:])), "joint: KL grows with what is gone")
    page.check(all(a[3] < b[3] for a, b in found if a[1] < 21), "joint loses less than separate up to a fifth")
    page.check(points[1][3] < min(row[3] for row in joint), "4 bits lose less than any of these ranks")


# KL with ranks of 75, 50 and 25 % of full in every layer, of an independent program on other text that the model told.
KEPT = (.75, .5, .25)
TOLD = {"q": (.003, .018, .074), "k": (.025, .083, .188), "v": (.052, .306, 1.50), "o": (.003, .037, .483),
        "gate": (.273, 1.17, 3.56), "up": (.300, 1.80, 4.23), "down": (.153, .691, 2.16)}


@needs_stories
@needs_numpy
def sensitivity(page):
    page.heading("Which matrices bear it: by module and by layer")
    texts = 2 if page.quick else 6
    e = Evaluation(page, texts)
    full = {part: min(64, HEIGHTS[part]) for part in PARTS}
    by_rank = {part: [e.loss(factor_runs({part: int(full[part] * kept)}))[1] for kept in KEPT] for part in PARTS}
    by_layer = {part: [e.loss([("truncated-svd", (tensor(part, i), "--rank", full[part] // 2))])[1] for i in LAYERS]
                for part in PARTS}
    first = sorted(PARTS, key=lambda part: -by_rank[part][2])
    panels = [{"title": "one module cut in all layers", "x": "rank, % of full", "y": "KL, nats a token", "log": True,
               "series": [(p, [(100 * k, v) for k, v in zip(KEPT, by_rank[p])]) for p in first]},
              {"title": "in one layer alone, half the rank", "x": "layer", "y": "KL, nats a token", "log": True,
               "series": [(p, list(zip(LAYERS, by_layer[p]))) for p in first]}]
    page.figure("joint-rank-sensitivity.svg", "KL of stories260K against rank for each module, and against layer", panels)
    page.say("One kind of matrix at a time cut by `run truncated-svd`, each matrix alone; KL of the dense model to that one, "
             f"`tests/papers/evaluate.py`, on {texts} texts of 150 tokens that the dense model drew from its own predictions. Left "
             "in all five layers to 75, 50 and 25 % of full rank (64; 32 of K and V); right in one layer, to half. In brackets an "
             "independent program on text of its own drawing, so that agreement can be no closer than two texts are.\n")
    rows, ratios = [], []
    for part in PARTS:
        near = [ours / told for ours, told in zip(by_rank[part], TOLD[part])]
        ratios += near
        print(f"# {part}: " + ", ".join(f"{a:.4f} ({b}) x {r:.2f}" for a, b, r in zip(by_rank[part], TOLD[part], near)), flush=True)
        agree = page.check(all(2 / 3 < r < 1.5 for r in near), f"{part}: KL by rank, {min(near):.2f} to {max(near):.2f} of the other's")
        rows.append((part, *(f"{ours:.3f} ({told})" for ours, told in zip(by_rank[part], TOLD[part])), agree,
                     *(f"{value:.4f}" for value in by_layer[part])))
    page.table(("module", "75 %", "50 %", "25 %", "agree", *(f"layer {i}" for i in LAYERS)), rows)
    order = lambda found: sorted(PARTS, key=lambda part: found[part][2])
    page.check(order(by_rank) == order(TOLD), f"at 25 % in the same order: {', '.join(order(by_rank))}")
    page.check(all(a < b < c for a, b, c in by_rank.values()), "KL grows as rank falls")
    page.say(f"Ours are {min(ratios):.2f} to {max(ratios):.2f} times the other program's, {statistics.median(ratios):.2f} in the "
             "median. Q and K are nearly free; gate and up, the paper's other pair, are where the damage is.\n")


MARKS = (0, .25, .6, 1, 3)
RANKS = (*range(1, 17), 20, 24, 28, 32)


def watermark(page):
    page.heading("A mark against the rank of the cut")
    seeds = range(1, 4 if page.quick else 21)
    left, error, uncut = {}, {}, []
    for seed in seeds:
        told = page.ask("denoise", "--seed", seed, "--mark", ",".join(map(str, MARKS)), "--rank", ",".join(map(str, RANKS)))
        uncut.append(told["uncut_error"])
        for m in told["marks"]:
            left.setdefault((m["mark"], m["rank"]), []).append(m["left"])
            error.setdefault((m["mark"], m["rank"]), []).append(m["relative_error"])
    line = lambda found, a, scale=1: [(k, scale * statistics.mean(found[a, k])) for k in RANKS]
    at = lambda found, a, k: statistics.mean(found[a, k])
    core = ("the core's rank", "x", 8)
    panels = [{"title": "the mark's response", "x": "rank k of the cut", "y": "left of the mark, % of a", "marks": [core],
               "series": [(f"a = {a}", line(left, a, 100)) for a in MARKS if a]},
              {"title": "the core's error", "x": "rank k of the cut", "y": "relative error to the core",
               "marks": [core, ("uncut, no mark", "y", statistics.mean(uncut))],
               "series": [(f"a = {a}" if a else "no mark", line(error, a)) for a in (*MARKS[1:], 0)]}]
    page.figure("joint-rank-watermark.svg", "What a cut leaves of a planted mark, and of the core's error, against its rank", panels)
    page.say(f"`eigenscope denoise --mark {','.join(map(str, MARKS))} --rank {RANKS[0]},...,{RANKS[-1]}`, the matrix of the table above, "
             f"means over {len(seeds)} seeds. Above the core's rank the next component is the mark, if it shows over the noise, as "
             f"from 0.32 on: of one of 0.6 a cut to rank 9 has {100 * at(left, .6, 9):.0f} % back, of one of 1 {100 * at(left, 1, 9):.0f} %. One of "
             f"0.25 comes back with the noise, {100 * at(left, .25, 32):.0f} % at rank 32. One of 3 is among the core's components, and no "
             "rank takes it out without them.\n")
    best = {a: min(RANKS, key=lambda k, a=a: statistics.mean(error[a, k])) for a in MARKS}
    page.check([best[a] for a in MARKS] == [8, 8, 8, 8, 9], f"least error at the ranks {list(best.values())}")
    page.check(at(left, .6, 8) < .1 and at(left, 1, 8) < .15 and min(at(left, .6, 9), at(left, 1, 9)) > .8
               and at(left, .25, 9) < .25, "at rank 8 weak marks are gone, at 9 those that show are back")
    page.check(at(left, 3, 8) > .98 and abs(at(error, 3, 8) / .446 - 1) < .05,
               f"one of 3 stays: error {at(error, 3, 8):.4f}, independent 0.446")
