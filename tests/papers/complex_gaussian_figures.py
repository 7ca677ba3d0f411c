"""The figures of docs/papers/complex-gaussian.md: error over the rank, gaps between noisy eigenvalues, the noisy
spectrum, and what privacy costs in error."""
import math
import os
import struct
import tempfile

from common import figures, percent

OUTPUTS = ("real", "shrunk", "y", "y-k", "complex")
NAMES = {"real": "real", "shrunk": "real, shrunk", "y": "Y", "y-k": "Y_k", "complex": "complex"}
DEMO = "demo:covariance"
PRICE = ("--epsilon", 1, "--delta", 1e-6)
TOLD = {}


def once(tell, *words):
    """What a section before this one asked already is not computed again."""
    key = (tell.__name__, *map(str, words))
    if key not in TOLD:
        TOLD[key] = tell(*words)
    return TOLD[key]


def price(page, *words):
    return once(page.ask, "private", "--price", *words)


def curves(page, *words):
    """The word gaps on the demo, errors by rank."""
    return once(page.ask, "gaps", DEMO, *PRICE, *words)


def spectrum_of(page, sigma, *words):
    """The word gaps on a covariance with these eigenvalues."""
    d = len(sigma)
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({d}, {d}), }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "spectrum.npy")
        with open(path, "wb") as f:
            f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
            for i, value in enumerate(sigma):
                f.write(struct.pack(f"<{d}d", *(value if i == j else 0 for j in range(d))))
        return page.ask("gaps", path, "--input", "covariance", *PRICE, *words)


def root_square(told):
    return math.sqrt(sum(x * x for x in told))


def ranks(page):
    page.heading("The error over the rank")
    runs = 5 if page.quick else 40
    j = curves(page, "--runs", runs)
    at, d, s = {r["k"]: r for r in j["ranks"]}, j["side"], j["noise"]
    inner = [r for r in j["ranks"] if r["k"] < d]
    drawn = lambda x, share=False: [(k, r["drawn"][x]["rms"] / (r["first_order"]["real"] if share else 1)) for k, r in at.items()
                                    if not share or k <= 24]
    near = lambda x: (NAMES[x], [(k, *(r["drawn"][x][end] / r["first_order"]["real"] for end in ("low", "high")))
                                 for k, r in at.items() if k <= 24])
    whole = j["real"]["whole"]
    last = max((r["k"] for r in inner if r["paper_condition"]), default=0)
    lines = [("first order", [(r["k"], r["first_order"]["y"]) for r in inner]),
             ("paper, C = 2", [(r["k"], r["paper"]) for r in inner if r["paper"] < 5e3])]
    wide = {"x": "rank k", "log_across": True, "marks": [("paper's gap: up to here", "x", last, .95)]}
    page.figure("complex-gaussian-ranks.svg", "Error of a private rank-k covariance over k, drawn and by its laws",
                [{**wide, "title": "demo:covariance, (1, 1e-6)", "y": "||X - M_k||", "log": True,
                  "series": [*lines, *((NAMES[x], drawn(x)) for x in ("shrunk", "y", "complex"))],
                  "plain": [line[0] for line in lines], "marks": [("nothing cut", "y", whole, 0), *wide["marks"]]},
                 {**wide, "title": "over the first order", "y": "error / first order",
                  "series": [(NAMES[x], drawn(x, True)) for x in ("real", "y", "y-k", "shrunk")],
                  "bands": [near("y"), near("shrunk")]}])
    page.say(f"20,000 people's rows that were made up, d = {d}, variances falling as 1/j, cut to norm 1; replace, (1, 1e-6), "
             f"tight noise s = {s:.3f}. `eigenscope gaps {DEMO} --runs {runs}`: root mean squares of ||X − M_k||, in the "
             "picture with the range of 90 of 100 runs; `*`: the gap is at least 4 √(Td), the paper's condition. *Doubt* is "
             "the share of the first order that comes from pairs of eigenvalues which the noise mixes.\n")
    rows = [(f"{r['k']}{'*' if r['paper_condition'] else ''}", figures(r["sigma"]), figures(r["gap"]), figures(r["first_order"]["y"]),
             f"{r['doubt']['real']:.2f}", figures(r["paper"]), *(figures(r["drawn"][x]["rms"]) for x in OUTPUTS))
            for r in j["ranks"]]
    page.table(("k", "σ_k", "gap", "first order", "doubt", "paper's shape", *(NAMES[x] for x in OUTPUTS)), rows)
    sound = [r for r in inner if r["doubt"]["real"] <= .1]
    off, off_y = (max(abs(r["first_order"]["real"] / r["drawn"][x]["rms"] - 1) for r in sound) for x in ("real", "y"))
    over = [r["paper"] / r["drawn"]["y"]["rms"] for r in inner]
    holds = page.check(off < .08 and off_y < .1, f"first order within {percent(off)}, of Y {percent(off_y)} where the doubt is up to 0.1")
    page.check(all(r["paper"] > r["drawn"]["y"]["rms"] for r in inner), "the paper's shape is above what is drawn")
    page.check(abs(at[d]["drawn"]["real"]["rms"] / whole - 1) < .02, "all ranks kept: ||E||")
    beyond = [r["k"] for r in sound if not r["paper_condition"]]
    shrunk = max(1 - r["drawn"]["shrunk"]["rms"] / r["drawn"]["real"]["rms"] for r in inner)
    nearer = [r for r in inner if r["drawn"]["y"]["rms"] < r["drawn"]["real"]["rms"]]
    gain = max((1 - r["drawn"]["y"]["rms"] / r["drawn"]["real"]["rms"] for r in nearer), default=0)
    page.check(all(r["k"] > last for r in nearer), "Y is never nearer than real noise where the paper's condition holds")
    worth = min((r["k"] for r in inner if r["drawn"]["y"]["rms"] > .9 * whole), default=None)
    page.say(f"The first order stays within {percent(off)} of what is drawn of real noise, and {percent(off_y)} of Y, up to "
             f"k = {sound[-1]['k']} ({holds}). The paper's condition ends at k = {last}; at {', '.join(map(str, beyond))} nothing "
             "visible happens. The paper's shape, with the constant 2 that is exact for equal eigenvalues, is "
             f"{over[0]:.1f} times too large at k = 1 and {over[inner.index(at[8])]:.0f} times at k = 8, as it counts every pair "
             f"as if it were the nearest one. Shrinking, which costs no privacy, takes up to {percent(shrunk, 0)} off."
             + (f" Y is nearer to M_k than real noise at k = {', '.join(str(r['k']) for r in nearer)}, by {percent(gain)} at most, "
                "far beyond the theorem." if nearer else "")
             + (f" From k = {worth} on Y is within a tenth of as far from M_k as the whole noisy matrix is from M." if worth else "")
             + "\n")


def inner_gaps(page):
    page.heading("Gaps among the top k: the assumption that the paper removes")
    runs = 10 if page.quick else 200
    sigma = curves(page, "--runs", 5 if page.quick else 40)["eigenvalues"]
    level = spectrum_of(page, sigma, "--runs", 0)["paper_gap"]
    zeros = [0.] * (len(sigma) - 4)
    spectra = (("as it is", sigma), ("top four equal to σ_4", [sigma[3]] * 4 + sigma[4:]),
               ("far apart, zeros below", [16 * level, 12 * level, 8 * level, 4 * level, *zeros]),
               ("equal, zeros below", [4 * level] * 4 + zeros))
    page.say("The authors' paper before this one (NeurIPS 2022) asks of every gap among the top k that it is large; this one "
             f"of the gap after k alone, and takes complex noise to prove it. k = 4, {runs} runs; the second spectrum of a "
             "pair has no gaps among its top four.\n")
    rows, pairs = [], []
    for name, values in spectra:
        r = spectrum_of(page, values, "--rank", 4, "--runs", runs)["ranks"][0]
        found = {x: r["drawn"][x] for x in OUTPUTS}
        pairs.append({x: b["rms"] / r["first_order"][x] for x, b in found.items()})
        rows.append((name, figures(values[0] - values[3]), figures(r["gap"]), figures(r["first_order"]["y"]),
                     *(f"{found[x]['rms']:.1f} ± {found[x]['rms_error']:.1f}" for x in OUTPUTS)))
    page.table(("spectrum", "σ_1 − σ_4", "gap after 4", "first order", *(NAMES[x] for x in OUTPUTS)), rows)
    apart = max(abs(b[x] / a[x] - 1) for a, b in (pairs[:2], pairs[2:]) for x in ("real", "y", "complex"))
    told = page.check(apart < (.15 if page.quick else .05), f"inner gaps do not matter: {percent(apart)}")
    page.say(f"Measured by the first order, which knows no inner gaps, the two of a pair differ by {percent(apart)} at most, "
             "with real noise as with complex (what is left is the second order: of equal ones all four are as near to the "
             f"others as the fourth). That inner gaps are not needed is true ({told}); that complex noise is needed for it is "
             "not visible.\n")


def thresholds(page):
    page.heading("The gap condition is no cliff")
    runs, d, k = 10 if page.quick else 200, 64, 4
    level = spectrum_of(page, [1.] * d, "--runs", 0)
    gap, top = level["paper_gap"], level["complex"]["top"]
    rows, ratio = [], {}
    for times in (.25, .5, .75, 1, 2, 4, 8):
        j = spectrum_of(page, [times * gap] * k + [0.] * (d - k), "--rank", k, "--runs", runs)
        r = j["ranks"][0]
        one = {x: r["drawn"][x]["rms"] / r["first_order"][x] for x in OUTPUTS}
        spike = spectrum_of(page, [times * gap] + [0.] * (d - 1), "--rank", 1, "--runs", runs)
        ratio[times] = one
        rows.append((f"{times} (= {4 * times:g} √(Td))", figures(r["first_order"]["y"]), *(f"{one[x]:.3f}" for x in OUTPUTS),
                     *(f"{spike[f]['overlap']['mean']:.3f}" for f in ("real", "complex"))))
    page.say(f"d = {d}, k = {k} equal eigenvalues over zeros, {runs} runs at each gap. Errors over the first order, which is 2 "
             "√T √(kd) up to 1/d; and for one eigenvalue of that size, how much of its direction survives (squared overlap). "
             f"4 √(Td) is {gap:.1f} here and the largest eigenvalue of complex noise {top:.1f}.\n")
    page.table(("gap, in the paper's", "first order", *(NAMES[x] for x in OUTPUTS), "overlap, real", "overlap, complex"), rows)
    smooth = [ratio[t]["y"] for t in (.5, .75, 1, 2, 4, 8)]
    page.check(abs(ratio[8]["y"] - 1) < .03 and 1.1 < ratio[1]["y"] < 1.25 and abs(ratio[2]["y"] - 1.043) < .04,
               f"Y over its first order: {ratio[1]['y']:.3f} at the gap, {ratio[2]['y']:.3f} at twice")
    page.check(all(a < 1.35 * b for a, b in zip(smooth, smooth[1:])), "no cliff between half the gap and eight times it")
    page.say(f"Y over its law is {ratio[.5]['y']:.2f} at half the theorem's condition, {ratio[1]['y']:.2f} at it and "
             f"{ratio[2]['y']:.2f} at twice, which one of its lemmas asks for: smooth, and nowhere a cliff. Eq. 29 bounds by one "
             "spectral norm of the noise where Weyl's inequality needs two; no constant of the condition is to be trusted to a "
             "factor of two. What does happen happens lower: a direction emerges from real noise at √2 √(Td) and from complex noise "
             "at 2 √(Td) (Baik, Ben Arous, Péché; blurred at d = 64), and between the two real noise keeps what complex noise loses.\n")


def spectrum(page):
    page.heading("The noisy spectrum")
    j = curves(page, "--runs", 5 if page.quick else 40)
    d, shown, panels, off = j["side"], 40, [], []
    seen = [i for i in range(shown) if i + 1 in (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 40)]
    for field in ("real", "complex"):
        law, drawn = j[field]["scree"], j[field]["drawn"]
        off.append(max(abs(a - b["mean"]) for a, b in zip(law, drawn)) / j[field]["edge"])
        panels.append({"title": f"{field} noise", "x": "number i", "y": "eigenvalue", "log": True, "log_across": True,
                       "plain": ("law", "true"), "marks": [("edge of noise", "y", j[field]["edge"], 0)],
                       "series": [("true", list(enumerate(j["eigenvalues"][:shown], 1))), ("law", list(enumerate(law[:shown], 1))),
                                  ("drawn", [(i + 1, drawn[i]["mean"]) for i in seen])],
                       "bands": [("drawn", [(i, b["low"], b["high"]) for i, b in enumerate(drawn[:shown], 1)])]})
    # eight eigenvalues lie between these two
    bulk = lambda values: [((a + b) / 2, 8 / (d * (a - b))) for a, b in zip(values[8:-8:4], values[16::4])]
    lines = []
    for field in ("real", "complex"):
        lines += [(f"{field}, law", bulk(j[field]["scree"])), (field, bulk([b["mean"] for b in j[field]["drawn"]]))]
    panels.append({"title": "density of the bulk", "x": "eigenvalue", "y": "eigenvalues per unit, over d", "series": lines,
                   "plain": ("real, law", "complex, law")})
    page.figure("complex-gaussian-spectrum.svg", "Eigenvalues of a covariance under noise: drawn, and by the free sum", panels)
    page.say("The same covariance and noise. Lines: the true eigenvalues, and what the law of M + E says of the noisy ones "
             "(Pastur's equation, solved for this spectrum; its quantiles). Points: means of the runs, with 90 of 100 of "
             "them. The right panel is the density of all eigenvalues by that law and as drawn. Noise lifts every eigenvalue, "
             "the more the smaller: what looks like a slow decay beyond the noise's own edge is noise.\n")
    rows = []
    for i in (0, 1, 3, 7, 15, 31, 63, 127):
        row = [i + 1, figures(j["eigenvalues"][i])]
        for field in ("real", "complex"):
            b = j[field]["drawn"][i]
            row += [figures(j[field]["law"][i]) if i < 8 else "–", figures(j[field]["scree"][i]),
                    f"{b['mean']:.1f} ({b['low']:.1f} to {b['high']:.1f})"]
        rows.append(row)
    page.table(("i", "true", "real: second order", "free sum", "drawn", "complex: second order", "free sum", "drawn"), rows)
    told = page.check(max(off) < .06, f"the free sum is within {percent(max(off))} of the noise's edge of what is drawn")
    page.say(f"All {d} means lie within {percent(max(off))} of the noise's edge from their law ({told}).\n")


EPSILONS = (.1, .2, .5, 1, 2, 4, 8)


def plane(page):
    page.heading("What privacy costs")
    runs, k = 5 if page.quick else 40, 8
    lines, rows, factors = {}, [], []
    for epsilon in EPSILONS:
        found = {}
        for calibration in ("tight", "classical"):
            j = once(page.ask, "gaps", DEMO, "--delta", 1e-6, "--epsilon", epsilon, "--calibration", calibration, "--rank", k,
                     "--runs", runs)
            found[calibration] = j["ranks"][0]["drawn"]
            if calibration == "classical":
                real_epsilon = j["true_epsilon"]
        size = root_square(j["eigenvalues"][:k])
        for label, calibration, x in (("real, shrunk", "tight", "shrunk"), ("real", "tight", "real"), ("Y", "tight", "y"),
                                      ("Y, paper's T", "classical", "y")):
            b = found[calibration][x]
            lines.setdefault(label, []).append((epsilon, b["rms"] / size, b["low"] / size, b["high"] / size))
        factors.append(lines["Y, paper's T"][-1][1] / lines["Y"][-1][1])
        rows.append((epsilon, *(percent(lines[label][-1][1]) for label in lines), f"{real_epsilon:.4f}", f"{factors[-1]:.2f}"))
    loss = root_square(j["eigenvalues"][k:]) / root_square(j["eigenvalues"][:k])
    page.figure("complex-gaussian-plane.svg", "Error of a private rank-8 covariance against epsilon",
                [{"title": "demo:covariance, rank 8, delta 1e-6", "x": "nominal epsilon", "y": "||X - M_8|| / ||M_8||", "log": True,
                  "log_across": True, "series": [(label, [p[:2] for p in line]) for label, line in lines.items()],
                  "bands": [(label, [(a, low, high) for a, _, low, high in lines[label]]) for label in ("real, shrunk", "Y, paper's T")],
                  "marks": [("rank 8 itself", "y", loss)]}])
    page.say(f"Rank {k}, replace, delta 1e-6, {runs} runs each; errors over ||M_8||. The same promise by the paper's T and by "
             "the least noise that keeps it. The dashed line is what rank 8 leaves out of M, noise or not.\n")
    page.table(("epsilon", *lines, "true epsilon of the paper's T", "paper's T over tight"), rows)
    page.check(min(factors) > 1.2, f"the paper's constant costs {min(factors):.2f} to {max(factors):.2f} times the error")
    page.check(all(a[1] < b[1] for a, b in zip(lines["real, shrunk"], lines["real"])), "shrinking never loses")
    best = [max(0, 1 - b / a) for (_, a, *_), (_, b, *_) in zip(lines["Y, paper's T"], lines["real, shrunk"])]
    page.say(f"For the same promise the paper's constant costs {min(factors):.2f} to {max(factors):.2f} times the error of the "
             f"same mechanism with tight noise; real noise, tight and shrunk, takes {percent(min(best), 0)} to "
             f"{percent(max(best), 0)} off it.\n")
