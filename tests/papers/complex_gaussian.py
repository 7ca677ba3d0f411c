"""docs/papers/complex-gaussian.md: Mangoubi, Vishnoi 2023 (COLT, PMLR 195), its claims beside fresh runs.

Arguments: the build folder, the page to write; `quick` for fewer runs and draws; names of sections, when
not all are to be made anew."""
import json
import math
import os
import re
import subprocess
import sys

from common import ENVIRONMENT, figures, make, percent, temporary
from complex_gaussian_figures import DEMO, NAMES, OUTPUTS, PRICE, curves, inner_gaps, once, plane, price, ranks, spectrum, \
    thresholds

# epsilon, delta; mu and s for C = 1 under both relations, of an independent program.
PRICES = ((.1, 1e-6, .027545, 36.30469, 25.67129), (.5, 1e-5, .142211, 7.03183, 4.97225), (1, 1e-5, .268051, 3.73063, 2.63795),
          (1, 1e-6, .236704, 4.22468, 2.98730), (1, 1e-2, .532517, 1.87788, 1.32786), (2, 1e-6, .448335, 2.23048, 1.57718),
          (4, 1e-6, .837859, 1.19352, .84395), (8, 1e-6, 1.531545, .65294, .46170))


def found(lines, pattern):
    """The numbers of the first line of a test that has this pattern."""
    for line in lines:
        if told := re.search(pattern, line):
            return [float(x) for x in told.groups()]
    sys.exit(f"no line of the test says {pattern}")


def table_of_mechanisms(page):
    return once(page.ask, "gaps", "--table", "--runs", 20 if page.quick else 400)["table"]


def errata(page):
    page.heading("What is wrong in the paper, by number")
    k = 8
    rank = page.ask("run", "complex-gaussian", DEMO, "--rank", k, "--paper")["rank"]
    trials = found(page.test("mechanism"), r"(\d+) trials: (\d+) of other ranks, \d+ stored otherwise, (\d+) farther than complex, "
                   r"(\d+) farther than twice")
    drift = [found(once(page.test, "dyson", *(() if page.quick else ("strict",))), rf"beta {beta}: E sum x\^2 ([\d.]+) \+- ([\d.]+) "
                   r"\((\d+)\), printed drift ([\d.]+)") for beta in (1, 2)]
    iid = price(page, *PRICE, "--mechanism", "iid")["paper"]
    limits = [price(page, "--epsilon", 1, "--delta", d)["paper"]["holds_to_epsilon"] for d in (1e-5, 1e-6, 1e-9)]
    law = found(once(page.test, "utility"), r"gap 1: real \+([\d.]+), Y \+([\d.]+)")
    wide = found(once(page.test, "utility"), r"gap 2: real \+([\d.]+), Y \+([\d.]+)")
    gaps = {g["paper_gaps"]: g for g in table_of_mechanisms(page)["gaps"]}
    over = {at: g["y"]["rms"] / g["real"]["rms"] for at, g in gaps.items()}
    rows = [
        ("E1", "Re(M̂_k) has rank k, so Y is a rank-k matrix", "rank 2k: Re Z = (Z + Z̄)/2",
         f"rank {rank} of k = {k}; {trials[1]:.0f} of {trials[0]:.0f} trials with another rank than 2k",
         page.check(rank == 2 * k and trials[1] == 0, f"E1: rank of Y {rank}")),
        ("E2", "drift β/(γ_i − γ_j) for eigenvalues of M + W + W*; density exp(−Ση²/2)", "2β, exp(−Ση²/8)",
         "E Σγ², d = 6, t = 1: " + "; ".join(f"β = {b}: by matrices {x[2]:.0f}, by 2β {x[0]:.1f} ± {x[1]:.1f}, by the printed β {x[3]:.1f}"
                                             for b, x in zip((1, 2), drift)),
         page.check(all(abs(x[0] - x[2]) < 5 * x[1] and x[2] - x[3] > 25 for x in drift), "E2: the printed drift is half of the right one")),
        ("E3", "‖Y − M_k‖ ≤ 2 ‖M̂_k − M_k‖ (eq. 26)", "constant 1: Re is a projection, M_k is real; of Y_k to Y 2",
         f"farther than M̂_k in {trials[2]:.0f} of {trials[0]:.0f} trials; Y_k farther than twice in {trials[3]:.0f}",
         page.check(trials[2] == 0 and trials[3] == 0, "E3: the real part is never farther")),
        ("E4", "private by Analyze Gauss, for one row replaced",
         "that proof is of one row added, with i.i.d. noise; W + W* has the slack by its shape",
         f"i.i.d. noise of that size at nominal (1, 1e-6) under replace: ε = {iid['epsilon']:.4f}; "
         f"false from ε = {iid['holds_to_epsilon']:.3f} on",
         page.check(abs(iid["epsilon"] - 1.138) < .001, f"E4: true epsilon {iid['epsilon']:.4f}")),
        ("E5", "T = 2 ln(1.25/δ)/ε² for any ε > 0", "true under replace up to a limit, false beyond",
         "; ".join(f"δ = {d}: ε ≤ {x:.2f}" for d, x in zip(("1e-5", "1e-6", "1e-9"), limits)),
         page.check(all(abs(x - want) < .01 for x, want in zip(limits, (37.30, 42.97, 59.76))), "E5: limits of the classical form")),
        ("E6", "gap 4 √(Td) (Theorem 1), 8 √(Td) (Lemma 16), Weyl with one norm of the noise (eq. 29)",
         "sufficient at most, and no cliff at either",
         f"Y over the first-order law: +{100 * law[1]:.1f} % at 4 √(Td), +{100 * wide[1]:.1f} % at 8 √(Td) (`test_utility`)",
         page.check(.1 < law[1] < .2 and wide[1] < .07, "E6: a smooth change")),
        ("E7", "complex noise is needed", "by the proof; real noise is nearer to M_k at equal privacy",
         "; ".join(f"gap {at:g}×: Y over real {x:.3f}" for at, x in over.items()),
         page.check(over[1] > 1.03 and over[4] > .995, "E7: Y is not nearer than real noise")),
    ]
    page.table(("", "the paper", "what holds", "printed by a run", "agrees"), rows)
    page.say("None of these breaks the privacy of Algorithm 1 for ε up to the limits of E5: its noise is larger than it needs "
             "to be.\n")


def calibration(page):
    page.heading("What the noise has to be")
    page.say("`eigenscope private --price --epsilon E --delta D`, no data: mu is the largest that keeps (ε, δ) on the exact "
             "curve (Balle, Wang 2018), s the deviation off the diagonal for C = 1; the paper's is √(2T). *True epsilon*: what "
             "the paper's noise keeps at that delta.\n")
    rows = []
    for epsilon, delta, mu, *wanted in PRICES:
        found = [price(page, "--epsilon", epsilon, "--delta", delta, "--relation", r) for r in ("replace", "add-remove")]
        near = max(abs(a / b - 1) for a, b in zip((found[0]["mu"], *(f["sigma"] for f in found)), (mu, *wanted)))
        rows.append((epsilon, f"{delta:.0e}", f"{found[0]['mu']:.6f}", *(f"{f['sigma']:.5f}" for f in found),
                     f"{found[0]['paper']['sigma']:.5f}", *(f"{f['paper']['ratio']:.4f}" for f in found),
                     *(f"{f['paper']['epsilon']:.4f}" for f in found),
                     page.check(near < 2e-5, f"({epsilon}, {delta}): within {near:.1g} of an independent program")))
    page.table(("ε", "δ", "mu", "s, replace", "s, add-remove", "the paper's s", "paper / tight, replace", "add-remove", "true ε, replace",
                "add-remove", "agree"), rows)
    j = price(page, *PRICE)
    page.say("Several releases at (1, 1e-6) of the same people, at delta 1e-6 in all. Gaussian mechanisms compose exactly, mu "
             f"= √Σ mu²; zCDP, counted tightly, asks for {percent(j['zcdp']['ratio'] - 1)} more noise at this point, by the "
             f"simple formula {percent(j['zcdp']['simple_ratio'] - 1)}.\n")
    wanted = {2: 1.455, 10: 3.525, 100: 13.51, 1000: 62.8}
    page.table(("releases", "mu", "ε", "naive sum", "agree"),
               [(r["n"], f"{r['mu']:.4f}", f"{r['epsilon']:.4g}", f"{r['naive_epsilon']:g}",
                 page.check(abs(r["epsilon"] / wanted[r["n"]] - 1) < 5e-4, f"{r['n']} releases: epsilon {r['epsilon']:.4f}"))
                for r in j["releases"]])
    more = [price(page, "--epsilon", e, "--delta", 1e-6)["zcdp"]["ratio"] for e in (.1, 1, 8)]
    page.check(all(abs(a - b) < 1e-3 for a, b in zip(more, (1.087, 1.073, 1.056))), f"cost of zCDP {more}")


# privacy notes' table: real, Y, Y_k, complex, shrunk, of an independent program
ORDER = {1: (67.8, 61.5, 72.6, 70.5, 102.0), 4: (63.5, 63.1, 63.8, 63.7, 90.1)}


def order(page):
    page.heading("Which mechanism is nearest, at equal privacy")
    t = table_of_mechanisms(page)
    page.say(f"`eigenscope gaps --table`: root mean square of ‖X − M_k‖ over {t['runs']} runs, T = 1, d = {t['d']}, k = "
             f"{t['k']} equal eigenvalues over zeros, at the paper's gap and at four times it; every mechanism sees the same "
             "noise. In brackets an independent program. *Spike law*: the law of eigenvalues above a bulk instead of the "
             "first order.\n")
    rows = []
    gaps = {g["paper_gaps"]: g for g in t["gaps"]}
    slack = .03 if page.quick else .015
    for i, x in enumerate(OUTPUTS):
        cells, near = [], []
        for at, g in gaps.items():
            near.append(g[x]["rms"] / ORDER[at][i] - 1)
            cells += [f"{g[x]['rms']:.2f} ± {g[x]['rms_error']:.2f} ({ORDER[at][i]})",
                      figures(g["first_order"][x]), figures(g["spikes"][x])]
        rows.append((NAMES[x], *cells, page.check(max(map(abs, near)) < slack, f"{x}: off by {near}")))
    page.table(("", "at the gap", "first order", "spike law", "at four times", "first order", "spike law", "agree"), rows)
    one, four = gaps[1], gaps[4]
    rms = lambda g, x: g[x]["rms"]
    page.check(rms(one, "shrunk") < rms(one, "real") < rms(one, "y-k") < rms(one, "y") < rms(one, "complex"), "in this order")
    constant = rms(four, "y") / math.sqrt(t["k"] * t["d"])
    told = found(page.test("simulation"), r"real ([\d.]+), .* iid ([\d.]+);")
    page.check(1.9 < constant < 2.1, f"measured constant {constant:.3f}")
    page.check(told[1] > told[0], "i.i.d. noise is beaten")
    page.say(f"Where the theorem holds, its Y is {percent(rms(one, 'y') / rms(one, 'real') - 1)} and "
             f"{percent(rms(four, 'y') / rms(four, 'real') - 1)} farther from M_k than real noise of the same privacy cut to "
             "rank k, which is simpler and has half the rank; the real part taken of M̂_k is worth the factor "
             f"{rms(four, 'complex') / rms(four, 'y'):.3f}, all that complex noise had added. Shrinking the noisy eigenvalues "
             f"by the known noise (free of charge) beats both by {percent(1 - rms(one, 'shrunk') / rms(one, 'real'))} at the "
             f"gap. I.i.d. noise of Analyze Gauss has {told[1] / told[0]:.2f} times the error of real noise at equal privacy "
             "(`test_simulation`, d = 64, k = 4, at the gap). The proof's constant (eq. 54) is 1000 before powers of log d; "
             f"measured it is {constant:.2f}, without any.\n")


def exponents(page):
    page.heading("How the error grows")
    e = page.ask("gaps", "--exponents", "--runs", 5 if page.quick else 60)["exponents"]
    page.say("`eigenscope gaps --exponents`: slopes of log error of Y over log of each, gaps of 8 of the paper's and more, d "
             f"up to {e['side']}, {e['runs']} runs a point. Theorem 1 says √(kd) · σ_k/gap · √T up to logarithms.\n")
    wanted = {"d": .518, "k": .495, "T": .499, "sigma_k/gap": .989}
    page.table(("in", "slope", "the theorem", "independent program", "inside ±"),
               [(name, f"{e[name]['slope']:.4f} ± {e[name]['error']:.4f}", f"{e[name]['target']:g}", wanted[name],
                 f"{e[name]['width']:g}: {page.check(e[name]['pass'] or page.quick, name)}") for name in wanted])
    page.say("The shape of the theorem is right in all four, and no logarithm shows.\n")


def dyson(page):
    page.heading("Eigenvalues as they move")
    lines = once(page.test, "dyson", *(() if page.quick else ("strict",)))
    rows = []
    for beta, field in ((1, "real"), (2, "complex")):
        path = found(lines, rf"beta {beta}, \d+ frames: E sum x\^2 ([\d.]+) \+- ([\d.]+) \((\d+)\)")
        sde = found(lines, rf"beta {beta}: E sum x\^2 ([\d.]+) \+- ([\d.]+) \(\d+\), printed drift ([\d.]+)")
        order = found(lines, rf"beta {beta}: (\d+) gaps, least excess ([\d.e+-]+)")
        sup = found(lines, rf"beta {beta}: sup \(F with M - F alone\) ([\d.]+) \(bound ([\d.]+)\); the other way ([\d.]+)")
        twins = found(lines, rf"beta {beta}: twins part by ([\d.]+) \+- ([\d.]+); spike at 2 sqrt\(t d\): overlap ([\d.]+) \+- ([\d.]+)")
        rows.append((field, f"{path[2]:.0f}", f"{path[0]:.1f} ± {path[1]:.1f}", f"{sde[0]:.1f} ± {sde[1]:.1f}", f"{sde[2]:.1f}",
                     f"{twins[0]:.2f} ± {twins[1]:.2f}", f"{order[0]:.0f}, least excess {order[1]:.2g}", f"{sup[0]:.4f} of {sup[1]:.3f}"))
        page.check(order[1] > -1e-6 and sup[0] < sup[1], f"{field}: gaps dominate")
    crossed = found(lines, r"explicit steps: (\d+) of (\d+) paths cross")
    page.say("The paper's Figure 1: d = 6 from M = 0, real and complex (the workbench's theatre plays it). E Σγ² at t = 1 by "
             "its exact value, by adding matrices, by the equation with drift 2β and with the printed β; how far a double "
             "eigenvalue of 32 has parted at t = 1; and the comparison of gaps, Lemma 3: two solutions by the same scalar "
             "noise, the one with wider gaps keeping each of them wider, and of matrices, sup of P(gap of M + noise ≤ x) − "
             "P(gap of noise ≤ x), to be under its bound at the 1e-6 level. `test_dyson`.\n")
    page.table(("", "exact", "matrices", "equation, 2β", "printed β", "twins part by", "gaps of both solutions compared", "sup F − F"), rows)
    page.say("Lemma 3 holds wherever it was looked at. The equation is solved by backward steps: explicit ones, as one would "
             f"write them first, put {crossed[0]:.0f} of {crossed[1]:.0f} paths out of order.\n")


def statistics(page):
    page.heading("Gaps of the noise: slopes 3 and 2")
    draws = 600 if page.quick else 12000
    tables = once(page.ask, "gaps", "--statistics", "--draws", draws)["statistics"]
    page.say(f"`eigenscope gaps --statistics --draws {draws}`: spectra of W + W*, d = {tables[0]['side']}, by the tridiagonal "
             "form (Dumitriu, Edelman). The middle half, unfolded by the semicircle and never by a fit. *Open*: five standard "
             "errors are more than the band.\n")
    rows = []
    for real, other in zip(tables[0]["readings"], tables[1]["readings"]):
        cells = []
        for r in (real, other):
            band = " to ".join("" if r[end] is None else f"{r[end]:.4g}" for end in ("low", "high")).strip()
            cells += ["–" if r["value"] is None else f"{r['value']:.4f}" + (f" ± {r['error']:.4f}" if r["error"] is not None else ""),
                      f"{figures(r['target'])} ({band})" if r["mark"] != "-" else "–", r["mark"]]
        rows.append((real["name"], *cells))
    page.table(("", "real", "target (passes)", "", "complex", "target (passes)", ""), rows)
    marks = [r["mark"] for t in tables for r in t["readings"]]
    page.check("fail" not in marks and (page.quick or marks.count("open") <= 2), f"{marks.count('pass')} pass, {marks.count('open')} open")
    series, plain = [], []
    for t in tables:
        points = t["spacings_below"]
        seen = [p for p in points if p["share"] * t["spacings"] >= 20]
        line = lambda which, key: [(p["spacing"], p[key]) for p in which]
        series += [(t["field"], line(seen, "share")),
                   (f"slope {2 if t['field'] == 'real' else 3}", line([p for p in seen if p["spacing"] <= .5], "law"))]
        plain.append(series[-1][0])
        enough = [p for p in points if p["spacing"] <= .125 and p["share"] * t["spacings"] >= (100 if page.quick else 1000)]
        near = max(abs(p["share"] / p["law"] - 1) for p in enough)
        page.check(near < (.5 if page.quick else .1), f"{t['field']}: small gaps within {percent(near)} of their law")
    page.figure("complex-gaussian-gaps.svg", "How often neighbouring eigenvalues of noise come near each other",
                [{"title": "neighbouring eigenvalues of noise", "x": "x, in mean gaps", "y": "P(gap ≤ x)", "log": True, "log_across": True,
                  "series": series, "plain": plain}])
    slopes = [next(r for r in t["readings"] if r["name"].startswith("slope")) for t in tables]
    small = [next(r for r in t["readings"] if r["name"].startswith("P(")) for t in tables]
    page.say("Lemma 4 gives the powers: P(gap ≤ s/√d) ≤ s³ for complex noise and s² for real. Slopes as measured on 0.4 ≤ s ≤ "
             f"2: {slopes[1]['value']:.2f} and {slopes[0]['value']:.2f}, bent down from 3 and 2 by the next order. The "
             "constants it does not give are π²/9 and π²/12 of the spacing over its mean (sine process), in the centre "
             f"s³/(72π) and s²/24: measured at s = 1 {small[1]['value']:.5f} and {small[0]['value']:.4f} for "
             f"{1 / (72 * math.pi):.5f} and {1 / 24:.4f}. Repulsion is real and complex noise has more of it; the error of the "
             "release does not feel it (above).\n")


def private(page, home, *words):
    environment = dict(ENVIRONMENT, XDG_STATE_HOME=home)
    return subprocess.run([page.program, *map(str, words)], capture_output=True, text=True, env=environment, check=False)


def release(page):
    page.heading("A release, and what may be done with it")
    with temporary("state") as home:
        terms = ["private", DEMO, "--dataset", "page", "--budget", "1.5,1e-6", *PRICE, "--clip", 1, "--rank", 8, "--yes", "--json"]
        spent = []
        for i in range(2):
            out = os.path.join(os.path.dirname(home), f"r{i}.safetensors")
            done = private(page, home, *terms, "-o", out)
            if done.returncode:
                sys.exit(done.stderr)
            spent.append(json.loads(done.stdout)["ledger"])
        third = private(page, home, *terms)
        ledger = os.path.join(home, "eigenscope", "ledger")
        with open(ledger, "rb") as f:
            before = f.read()
        looks = 5 if page.quick else 20
        looked = [private(page, home, "run", "truncated-svd", f"{out}::noisy", "--rank", k).returncode for k in range(1, looks + 1)]
        with open(ledger, "rb") as f:
            free = f.read() == before and not any(looked)
    mus = [s["total"]["mu"] for s in spent]
    page.say(f"`eigenscope private {DEMO} --dataset page --budget 1.5,1e-6 --epsilon 1 --delta 1e-6 --clip 1 --rank 8`, in a "
             f"state of its own, twice and once more; then `run truncated-svd` on the released matrix at ranks 1 to {looks}. "
             "Releases have no seed, so that no eigenvalue of one is shown here.\n")
    page.table(("", "mu in all", "ε at 1e-6", "as it should be"),
               [("first", f"{mus[0]:.6f}", f"{spent[0]['total']['epsilon']:.4f}", page.check(abs(mus[0] - .236704) < 1e-6, "first spend")),
                ("second", f"{mus[1]:.6f}", f"{spent[1]['total']['epsilon']:.4f}",
                 page.check(abs(mus[1] / mus[0] - math.sqrt(2)) < 1e-12, "two cost sqrt 2 mu")),
                ("third", "refused, exit 5", "–", page.check(third.returncode == 5, "over the budget: exit 5")),
                (f"{looks} other ranks", "nothing", "–", page.check(free, "exploring costs nothing"))])
    page.say("What the path promises (docs/privacy.md says all of it), and what tests of it measured for this page, most of "
             "them with new random numbers every time:\n")
    order, rows_, sampler, made = (page.test(name) for name in ("release_order", "rows", "sampler", "release"))
    noise = found(sampler, r"sigma 2\^34, (\d+) draws: mean ([\d.-]+), variance ([\d.]+), kurtosis ([\d.]+)")
    grid = found(made, r"(\d+) releases of 0 and of 1: (\d+) and (\d+) below the lattice; with floats ([\d.]+)% and ([\d.]+)%")
    row, flip = found(rows_, r"(\d+) rows of norms 0 to .*: (\d+) too long"), found(rows_, r"(\d+) flipped bits, (\d+) not seen")
    path = found(made, r"(\d+) steps of a path: variances ([\d.]+) and ([\d.]+), correlation (-?[\d.]+)")
    wrong = found(order, r"(\d+) allocations failed, (\d+) after the payment; (\d+) sentences tell")
    left = found(order, r"complex: rows in (\d+) places and sums in (\d+) before it was paid, (\d+) and (\d+) after")
    apart = [float(x) for x in re.findall(r"two releases, .* off by ([\d.e-]+) in RMS", "\n".join(made))]
    word = subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.dirname(__file__)), "private_word.py"), page.program],
                          capture_output=True, text=True, env=ENVIRONMENT, check=False)
    page.check(word.returncode == 0, "private_word.py passes")
    kills = found(word.stdout.splitlines(), r"(\d+) kills within [\d.]+ s: (\d+) after the spend, (\d+) with a release")
    held = lambda name: sum(1 for line in word.stdout.splitlines() if re.match(rf"ok \d+ - {name}", line))
    hidden, same = held("no planted number"), held("errors are the same for neighbours")
    page.table(("promise", "measured", "test"), [
        ("no row is longer than the clip, as integers", f"{row[1]:.0f} too long of {row[0]:.0f} rows of norms 0 to 1.7e308", "`rows`"),
        ("exact sums, whatever made them", f"{flip[1]:.0f} of {flip[0]:.0f} flipped bits unnoticed", "`rows`"),
        ("noise is round(σZ), exactly", f"σ = 2^34, {noise[0]:.0f} draws: variance {noise[2]:.4f}, kurtosis {noise[3]:.3f}", "`sampler`"),
        ("no bit below the grid", f"{grid[1]:.0f} and {grid[2]:.0f} of {grid[0]:.0f} releases of neighbours; floats would show "
         f"{grid[3]:g} % and {grid[4]:g} %", "`release`"),
        ("paid first, wiped after", f"sums in {left[1]:.0f} places of memory before, {left[3]:.0f} after; of "
         f"{wrong[0]:.0f} failures on the way {wrong[2]:.0f} with words that differ between neighbours", "`release_order`"),
        ("no noise is drawn twice", f"the matrix that two releases give away is off by {apart[0]:.3g} an entry; with "
         f"one draw rescaled by {apart[1]:.1g}", "`release`"),
        ("a path costs its finest view", f"{path[0]:.0f} steps: variances {path[1]} and {path[2]} of what they should be, "
         f"correlation {path[3]}", "`release`"),
        ("nothing else gets out", f"eigenvalues planted to be recognised: {'none' if hidden == 2 else '**some**'} in files, output or "
         f"errors, and found where the sandbox shows them; errors of neighbours {'are the same' if same else '**differ**'}", "`private word`"),
        ("no release without its line in the ledger", f"{kills[0]:.0f} kills, {kills[1]:.0f} after the spend, {kills[2]:.0f} with a release: "
         "each of those had its line", "`private word`"),
    ])
    page.check(hidden == 2 and same == 1 and held("killed at") == 1, "nothing else gets out, and no release is without its line")
    page.check(row[1] == flip[1] == grid[1] == grid[2] == wrong[2] == left[3] == 0 and apart[0] > 1 > 1e-6 > apart[1],
               "what the release path's tests measured")


def audit(page):
    page.heading("The promise, attacked")
    n = 4000 if page.quick else 40000
    j = page.ask("audit", "--samples", n, "--epsilon", 1, "--delta", .01)
    page.say(f"`eigenscope audit --samples {n} --epsilon 1 --delta 0.01`: whole releases of two pairs of neighbours as far "
             f"apart as two may be, {n:,} of each side. Their separation must be mu; the best event that one half of the "
             "samples finds must keep (ε, δ) on the other; the last column is the epsilon that is proved at confidence 0.95, "
             "of the noisy matrix and of the output. Then the same program with bugs linked in, of which each has to be found "
             "(`test_audit_half` and so on).\n")
    rows = []
    for c in j["canaries"]:
        held = c["verdict"] == "kept" and abs(c["mu"] - c["mu_expected"]) < 5 * c["standard_error"]
        rows.append(("as it is", c["name"], f"{c['mu_expected']:.4f}", f"{c['mu']:.4f} ± {c['standard_error']:.4f}",
                     *(f"{c[x]['delta']:.4f} ± {c[x]['standard_error']:.4f}" for x in ("matrix", "output")),
                     ", ".join(f"{c[x]['epsilon_at_least']:.3f}" for x in ("matrix", "output")), c["verdict"],
                     page.check(held, f"{c['name']}: mu {c['mu']:.4f} of {c['mu_expected']:.4f}")))
    for name, bug, expected in (("half", "noise / 2", 1.064), ("root", "noise / √2", .753), ("diagonal", "diagonal not doubled", .753),
                                ("excess", "noise × √2", .377)):
        line = next(x for x in page.test(f"audit_{name}", *(() if page.quick else ("strict",))) if "a side: mu" in x)
        told = re.match(r"(\S+), \w+, \w+, (\d+) a side: mu (\S+) \+- (\S+) for (\S+); delta (\S+ \+- \S+) of the matrix, (\S+ \+- \S+) of the "
                        r"output; epsilon at least (.*): (.*?) *$", line)
        mu, error = float(told[3]), float(told[4])
        rows.append((bug, told[1], f"{float(told[5]):.4f}", f"{mu:.4f} ± {error:.4f}",
                     *(told[i].replace("+-", "±") for i in (6, 7, 8)), f"**{told[9]}**",
                     page.check(told[9] != "kept" and abs(mu - expected) < 5 * error + .002,
                                f"{bug}: {told[9]}, mu {mu:.4f} of {expected}")))
    page.table(("", "neighbours differ", "mu to be", "mu found", "δ, matrix", "δ, output", "ε at least", "verdict", "as expected"), rows)
    bounds = page.test("audit_bounds")
    fixed = found(bounds, r"half the noise: delta ([\d.]+) by the fixed event, ([\d.]+) by the best")
    page.say("An audit that looks only at the event which is best against the *claimed* noise sees nothing of half the noise: "
             f"δ = {fixed[0]:.4f} there, {fixed[1]:.4f} by the best event. And a pass proves nothing about events rarer than "
             f"one in {n:,}.\n")
    page.check(fixed[0] < .01 < fixed[1], "the fixed event misses half the noise")
    many = 40000 if page.quick else 1000000
    j = page.ask("audit", "--samples", many, *PRICE)
    kept = page.check(all(c[x]["epsilon_at_least"] <= 1 for c in j["canaries"] for x in ("matrix", "output")),
                      "epsilon proved is at most 1")
    page.say(f"At (1, 1e-6), {many:,} samples a side: ε of at least "
             + "; ".join(f"{c['matrix']['epsilon_at_least']:.3f} ({c['name']})" for c in j["canaries"])
             + " is proved, and never more than the promised 1 "
             f"({kept}).\n")


SECTIONS = (errata, calibration, ranks, inner_gaps, thresholds, order, exponents, dyson, statistics, spectrum, plane, release, audit)

if __name__ == "__main__":
    sys.exit(make(SECTIONS, "complex-gaussian.head.md", sys.argv[1:]))
