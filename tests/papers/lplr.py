"""docs/papers/lplr.md: what Saha, Srivastava, Pilanci (NeurIPS 2023) report, beside fresh runs.

Arguments: the build folder, the page to write; `quick` for three seeds instead of forty; names of
sections, when not all are to be made anew."""
import math
import os
import statistics
import sys

from common import figures, make, spread

PHANTOM, SMALL = "demo:phantom", "demo:phantom256"
NAIVE = {PHANTOM: (.5322897045, .3121961555, .1337983523, .0285995964),
         SMALL: (.5327845803, .3124318286, .1338993551, .0286313895)}

# Bits of L and R, naive bits whose size this is, rank; then the means that an independent NumPy
# program gave (nearest, one range a factor): LPLR, its spread over seeds and how many they were, LSVD,
# DSVD with Sigma left and right, LSVD with a Gaussian mixed in and normalise-and-shift.
CELLS = (
    (4, 8, 1, 83, .2348, .0051, 40, .236, .509, .263, .221),
    (8, 4, 1, 83, .321, .040, 40, .349, .354, .578, .630),
    (8, 8, 1, 62, .2197, .0029, 40, .1407, .1412, .1415, .160),
    (4, 4, 1, 125, .286, .030, 8, .81, .78, .84, .283),
    (4, 8, 2, 166, .1683, .0038, 40, .256, .726, .349, .162),
    (8, 4, 2, 166, .368, .044, 8, .243, None, None, .523),
    (8, 8, 2, 125, .1371, .0009, 40, .0899, None, None, .105),
)
# Reported for the phantom: what, where, the number or the range, and the run that answers it.
REPORTED = (
    ("NQ, 1 bit", "released log", (.53229, .53229), ("naive", "--bits", 1), 1),
    ("LPLR 4/8, rank 83", "released log", (.23973, .23973),
     ("lplr", "--left-bits", 4, "--right-bits", 8, "--rank", 83), 40),
    ("LPLR 8/4, rank 83", "notebook, run by others, 4 runs", (.2949, .3431),
     ("lplr", "--left-bits", 8, "--right-bits", 4, "--rank", 83, "--normalize"), 40),
    ("LPLR 8/4, rank 166", "the same", (.281, .316),
     ("lplr", "--left-bits", 8, "--right-bits", 4, "--rank", 166, "--normalize"), 40),
    ("DSVD U, ΣV, 8/4, rank 83", "the same", (.47976, .47976),
     ("direct-svd", "--split", "right", "--left-bits", 8, "--right-bits", 4, "--rank", 83,
      "--normalize"), 1),
    ("DSVD U, ΣV, 8/4, rank 166", "the same", (.59528, .59528),
     ("direct-svd", "--split", "right", "--left-bits", 8, "--right-bits", 4, "--rank", 166,
      "--normalize"), 1),
    ("LSVD with Gaussian, 8/4, rank 83", "the same", (.585, .651),
     ("lplr-svd", "--mix", "gaussian", "--left-bits", 8, "--right-bits", 4, "--rank", 83,
      "--normalize"), 20),
    ("LSVD with Gaussian, 8/4, rank 166", "the same", (.461, .514),
     ("lplr-svd", "--mix", "gaussian", "--left-bits", 8, "--right-bits", 4, "--rank", 166,
      "--normalize"), 20),
)


def bits(left, right, rank):
    return "--paper", "--left-bits", left, "--right-bits", right, "--rank", rank


def allowed(ours, deviation, count):
    """Three standard errors of the difference of two means: ours and one of so many seeds."""
    return 3 * math.sqrt(statistics.variance(ours) / len(ours) + deviation ** 2 / count)


def naive(page):
    page.heading("Naive quantization, exact")
    page.say("`eigenscope run naive demo:phantom --bits B --paper --json`. No seed, no factorization: "
             "these must agree to the last digit given.\n")
    rows = []
    for name, want in NAIVE.items():
        for b, reference in enumerate(want, 1):
            got = page.run("naive", name, "--bits", b, "--paper")
            error = got["relative_error"]
            rows.append((name, b, f"{reference:.10f}", f"{error:.10f}",
                         f"{got['psnr_db']:.2f}",
                         page.check(abs(error - reference) <= 1e-10, f"naive {name} {b} bits")))
    page.table(("picture", "bits", "reference", "ours", "PSNR dB", "agree"), rows)


def phantom(page):
    page.heading("The phantom, as the paper sets it")
    page.say("Relative Frobenius error, mean ± standard deviation over seeds (40 for LPLR, 20 where a "
             "Gaussian is mixed in). In brackets an independent NumPy program's mean. `--paper`: nearest "
             "rounding, one range a factor from its least to its largest entry, one round, f64. LPLR agrees where the two "
             "means differ by no more than three standard errors of their difference, both in brackets.\n")
    rows = []
    for left, right, naive_bits, rank, lplr, deviation, count, lsvd, dsvd_left, dsvd_right, mixed in CELLS:
        b = bits(left, right, rank)
        ours = page.seeds(40, "lplr", PHANTOM, *b)
        svd = page.run("lplr-svd", PHANTOM, *b)
        split = [page.run("direct-svd", PHANTOM, *b, "--split", s)["relative_error"]
                 for s in ("left", "right")]
        gaussian = page.seeds(20, "lplr-svd", PHANTOM, *b, "--mix", "gaussian", "--normalize")
        mean = statistics.mean(ours)
        off, most = mean - lplr, allowed(ours, deviation, count)
        agree = page.check(abs(off) <= most,
                           f"lplr {left}/{right} at rank {rank}: {mean:.4f}, reference {lplr}")
        agree += f" ({off:+.4f} of {most:.4f})"
        rows.append((f"{left}/{right}", naive_bits, rank, figures(svd["optimal_error"]),
                     f"{spread(ours)} ({lplr})", f"{figures(svd['relative_error'])} ({lsvd})",
                     f"{figures(split[0])} ({figures(dsvd_left)})",
                     f"{figures(split[1])} ({figures(dsvd_right)})",
                     f"{spread(gaussian)} ({mixed})", agree))
    page.table(("bits L/R", "bits a pixel", "rank", "optimal", "LPLR", "LSVD", "DSVD UΣ, V",
                "DSVD U, ΣV", "LSVD·G, shifted", "LPLR agrees"), rows)
    page.say("LSVD and DSVD have no seed, and differ from the reference where one range a factor makes "
             "them depend on the signs of the singular vectors; see below.\n")


def reported(page):
    page.heading("What was reported, and what we get")
    page.say("The paper's README, log and notebook, and a third party's run of the notebook.\n")
    rows = []
    for what, where, (low, high), words, count in REPORTED:
        method, *flags = words
        got = page.seeds(count, method, PHANTOM, "--paper", *flags)
        mean = statistics.mean(got)
        apart = max(low - max(got), min(got) - high) / low
        within = apart <= 5e-6 / low  # half of the last digit
        rows.append((what, where, figures(low, 5) if low == high else f"{low} to {high}",
                     spread(got), f"{min(got):.4f} to {max(got):.4f}",
                     "yes" if within else f"no: {100 * apart:.1f} % apart"))
        print(f"# {what}: {mean:.4f}")
    page.table(("run", "source", "reported", "ours", "our range", "overlap"), rows)
    page.say("They overlap where the two ranges do, to the last digit that was reported. DSVD has no seed to vary, but with one "
             "range from the least to the largest entry it depends on the signs of the singular vectors, which "
             "are each LAPACK's own: one number of it can only be near another.\n")


def small(page):
    page.heading("The small phantom, 100 seeds")
    rows = []
    for left, right, rank, mean, deviation, dithered in (
            (4, 8, 21, .4085, .0134, .447), (8, 4, 21, .434, .028, .515),
            (8, 8, 16, .4469, .0154, .447), (4, 4, 32, .379, .022, .453)):
        b = bits(left, right, rank)
        nearest = page.seeds(100, "lplr", SMALL, *b)
        random = page.seeds(100, "lplr", SMALL, *b, "--rounding", "dithered", "--symmetric", "on")
        rows.append((f"{left}/{right}", rank, f"{mean} ± {deviation}", spread(nearest), dithered,
                     spread(random),
                     page.check(abs(statistics.mean(nearest) - mean) <= allowed(nearest, deviation, 100),
                                f"lplr of the small phantom, {left}/{right}")))
    page.table(("bits L/R", "rank", "reference", "ours", "dithered, symmetric: reference", "ours",
                "agree"), rows)


def scales(page):
    page.heading("What one range a factor costs")
    page.say("The same codes with a range for every column of L and row of R. The reference did not round "
             "its ranges; ours are 16-bit numbers, rounded outwards.\n")
    rows = []
    for left, right, rank, lsvd, dsvd in ((4, 8, 83, .1329, .1393), (8, 8, 62, .13842, .13842),
                                          (4, 4, 125, .1298, .1393)):
        b = bits(left, right, rank)
        tensor = [page.run(m, PHANTOM, *b)["relative_error"] for m in ("lplr-svd", "direct-svd")]
        vector = [page.run(m, PHANTOM, *b, "--scales", "vector") for m in ("lplr-svd", "direct-svd")]
        got = [v["relative_error"] for v in vector]
        rows.append((f"{left}/{right}", rank, figures(tensor[0]), f"{figures(got[0])} ({lsvd})",
                     figures(tensor[1]), f"{figures(got[1])} ({dsvd})",
                     figures(vector[0]["bits_per_entry"]["true"]),
                     page.check(abs(got[0] - lsvd) < .003, f"LSVD by vector {left}/{right}")))
    page.table(("bits L/R", "rank", "LSVD, tensor", "LSVD, vector", "DSVD, tensor", "DSVD, vector",
                "true bits a pixel", "agree"), rows)


def signs(page):
    page.heading("Signs, and the fixtures that are said to have none")
    page.say("Printed by `test_lplr_fixtures`. Symmetric range, nearest, one range a factor: deterministic, and "
             "said not to depend on signs. They do where the picture's black margin, rows and columns of the "
             "factors that hold dust of 1e-17, lies on a tie between the two levels about zero: five "
             "other draws of the signs are beside each number. *Decided by ties*: the draws are further "
             "apart than the tolerance of 5e-4, so no program can be held to the number.\n")
    page.block([line for line in page.test("lplr_fixtures") if "wanted" in line])


def theory(page):
    page.heading("The theory curve")
    page.say("Printed by `test_lplr_theory`: mean squared error of 40 dithered runs a cell against the curve derived "
             "from Theorem 3.2. With the largest ranges over the runs it is never violated; but one run whose range is "
             "far beyond the others' lifts it, and hardly the errors: more runs make it looser, without an end. By "
             "the mean squares of the ranges it keeps its distance. The same with other seeds "
             "(`test_lplr_theory 40 41` and so on):\n")
    sets = [page.test("lplr_theory", 40, first) for first in (1, 41, 81, 121)]
    page.block([line for lines in sets for line in lines if line.startswith("64 cells")])
    page.say("All cells of the first set:\n")
    page.block([line for line in sets[0]
                if line.startswith(("1/i", "exp(", "4000", "24 bits"))])


MONOTONE_RANKS = (10, 20, 40, 60, 80, 120, 160, 200)


def turns(lines):
    """What the rows "B bits: error ..." over MONOTONE_RANKS say of each: it falls, or from where it rises."""
    falls, rises = [], []
    for line in lines:
        bits_of, _, errors = line.partition(" bits: ")
        if not bits_of.strip().isdigit():
            continue
        errors = [float(e) for e in errors.split()]
        least = errors.index(min(errors))
        if all(b < a for a, b in zip(errors, errors[1:])):
            falls.append(bits_of.strip())
            continue
        up = max(b - a for a, b in zip(errors, errors[1:]))
        rises.append(f"at {bits_of.strip()} bits it is least, {errors[least]:.3f}, at rank {MONOTONE_RANKS[least]}, "
                     f"{errors[-1]:.3f} at rank {MONOTONE_RANKS[-1]}, and rises by up to {up:.3f} from one rank to the next")
    return falls, rises


def monotone(page):
    page.heading("More bits, more rank")
    lines = page.test("lplr_phantom", 3 if page.quick else 40, "all")
    falls, rises = turns(lines)
    ranks = ", ".join(map(str, MONOTONE_RANKS))
    page.say(f"Printed by `test_lplr_phantom`: the phantom of side 500, mean of eight seeds, ranks {ranks}. With a range a "
             f"vector the error falls with every step of the rank at {', '.join(falls)} bits"
             + "".join(f"; {r}" for r in rises) +
             ". With one range a factor it rises far more at two and three bits.\n")
    page.block(lines)


def corrected(page):
    page.heading("A rounded matrix and a correction")
    page.say("Q + L R, 512 x 512, rank 32, a reference of one draw beside ours: LQER (Zhang et al. 2024), LoftQ "
             "(Li et al. 2024), CALDERA (Saha et al. 2024), without data. Printed by `test_remainder table`.\n")
    page.block(page.test("remainder", "table"))


def timing(page):
    page.heading("A vector through the factors")
    page.say("L (R x) against A x, 5000 x 5000, single precision, dense factors, two processors: `sh tests/run bench --case "
             "'apply/*' --large`. The released figure: A x 6.8 ms; L (R x) 1.3 ms at m = 100, 3.9 at 500, 5.7 at 750, 10.2 at "
             "1000, 19.1 at 2000, even near m = 800, where the operations are even at 2500.\n")
    done = page.bench("--case", "apply/5000*", "--large", "--backend", "cpu")
    rows = [(case["case"], figures(case["ms"]["min"], 3), figures(case["ms"]["median"], 3))
            for case in done]
    page.table(("case", "least ms", "median ms"), rows)


def beaten(page):
    page.heading("At the same true bits: what beats it")
    page.say("`eigenscope compare demo:phantom --bits-per-entry B --precision f64`: every method at the same size, "
             "ranges and all counted, best first. The rows marked *paper* are the paper's settings, in the "
             "same run.\n")
    limits = {1: .105, 2: .052}
    for size, limit in limits.items():
        best = compared(page, PHANTOM, size, 12)
        page.check(best <= limit, f"the phantom at {size} true bits a pixel: {best:.4f}, at most {limit}")


def compared(page, name, size, most):
    """A table of every method at one size; the least error that was found."""
    answer = page.ask("compare", name, "--bits-per-entry", size, "--precision", "f64")["tables"][0]
    runs = sorted(answer["runs"], key=lambda r: r["relative_error"])
    found = [r for r in runs if r["origin"] != "paper"][:most]
    page.say(f"{os.path.basename(name)} at {size} true bits an entry: {answer['reason']}.\n")
    rows = [(f"*{r['method']}, paper*" if r["origin"] == "paper" else r["method"], r["setting"],
             figures(r["relative_error"]), figures(r["psnr_db"]),
             figures(r["bits_per_entry"]["true"]), figures(r["seconds"], 2))
            for r in runs if r in found or r["origin"] == "paper"]
    rows += [(r["name"], r["setting"], figures(r["relative_error"]), figures(r["psnr_db"]),
              f"{r['bytes']} bytes" + ("" if r["fits"] else ", too large"), "–")
             for r in answer["references"]]
    page.table(("method", "setting", "error", "PSNR dB", "true bits", "seconds"), rows)
    return runs[0]["relative_error"]


# True bits an entry; then methods and flags that come near them on weights. AS_FIRST: what the first setting
# takes of that very matrix.
AS_FIRST = object()
WEIGHTS = (
    (4, (
        ("LPLR, paper: 8/8 bits", "lplr", "--paper", "--left-bits", 8, "--right-bits", 8,
         "--bits-per-entry", 4, "--count", "true"),
        ("LSVD, paper: 8/8 bits", "lplr-svd", "--paper", "--left-bits", 8, "--right-bits", 8,
         "--bits-per-entry", 4, "--count", "true"),
        ("LPLR, paper: 4/4 bits", "lplr", "--paper", "--left-bits", 4, "--right-bits", 4,
         "--bits-per-entry", 4, "--count", "true"),
        ("NQ, paper: 4 bits, one range", "naive", "--paper", "--bits", 4),
        ("LPLR-SVD, our defaults", "lplr-svd", "--bits-per-entry", 4),
        ("LQER, 3 bits + LR, not rotated", "lqer", "--bits", 3, "--bits-per-entry", 4),
        ("LoftQ, 3 bits + LR, not rotated", "loftq", "--bits", 3, "--bits-per-entry", 4),
        ("CALDERA, 2 bits + LR, rotated", "caldera", "--bits", 2, "--bits-per-entry", 4),
        ("CALDERA, 3 bits + LR, rotated", "caldera", "--bits", 3, "--bits-per-entry", 4),
    )),
    (4.5, (
        ("naive, 4-bit normal float, blocks", "naive", "--bits", 4, "--quantizer", "normal-float",
         "--scales", "block"),
        ("naive, 4 bits, a range a row", "naive", "--bits", 4),
        ("naive, 4-bit Lloyd-Max, a range a row", "naive", "--bits", 4, "--quantizer", "lloyd-max"),
        ("LoftQ, 3 bits + LR, not rotated", "loftq", "--bits", 3, "--bits-per-entry", AS_FIRST),
        ("CALDERA, 3 bits + LR, rotated", "caldera", "--bits", 3, "--bits-per-entry", AS_FIRST),
    )),
    (2.5, (
        ("naive, 2-bit normal float, blocks", "naive", "--bits", 2, "--quantizer", "normal-float",
         "--scales", "block"),
        ("CALDERA, 2 bits + LR, rotated", "caldera", "--bits", 2, "--bits-per-entry", 2.5),
        ("CALDERA, 2 bits + LR, not rotated", "caldera", "--bits", 2, "--bits-per-entry", 2.5,
         "--hadamard", "off"),
    )),
)


def weight_names(page, model):
    """All two-dimensional tensors that hold weights: not numbers of positions."""
    listed = page.ask("list", model)["matrices"]
    return [m["name"] for m in listed if not m["dtype"].startswith(("I", "U", "BOOL"))]


def weights_at(page, model, names, size, settings):
    """A table of settings near one size, over the matrices that all of them fit."""
    each = {}
    for setting, method, *flags in settings:
        each[setting] = []
        for i, name in enumerate(names):
            first = each[settings[0][0]][i] if AS_FIRST in flags else None
            words = [first["bits_per_entry"]["true"] if f is AS_FIRST else f for f in flags]
            each[setting].append(page.run(method, f"{model}::{name}", *words, "--precision", "f64",
                                          fails=True))
    none = [setting for setting, runs in each.items() if sum(map(bool, runs)) < 2]
    for setting in none:
        del each[setting]
    common = [i for i in range(len(names)) if all(runs[i] for runs in each.values())]
    page.say(f"Near {size} true bits, over the {len(common)} of {len(names)} matrices that every setting fits"
             + (f" ({', '.join(none)}: fits none)" if none else "") + ".\n")
    rows = []
    for setting, runs in each.items():
        chosen = [runs[i] for i in common]
        if len(chosen) < 2:
            continue
        errors = [e["relative_error"] for e in chosen]
        true = [e["bits_per_entry"]["true"] for e in chosen]
        rows.append((setting, spread(errors), f"{min(errors):.3f} to {max(errors):.3f}",
                     figures(statistics.mean(true)), f"{min(true):.2f} to {max(true):.2f}",
                     f"{sum(e['seconds'] for e in chosen):.2f}"))
    page.table(("setting", "error", "range", "true bits, mean", "true bits, range", "seconds"), rows)


def weights(page, model, label):
    page.heading(f"Weights of a language model: {label}")
    names = weight_names(page, model)
    page.say(f"Its {len(names)} matrices of weights, f64. Mean ± standard deviation over matrices, the same ones for all "
             "settings of a table. Plain rounding takes what it takes; near 4.5 bits the factors beside it get as much of each "
             "matrix as the first row. A rank is a whole number, so that they end below that, by more on small "
             "matrices: compare errors with the bits beside them. *Rotated*: within randomised Hadamard transforms. The "
             "seconds are of the methods alone, summed, on the processor.\n")
    for size, settings in WEIGHTS:
        weights_at(page, model, names, size, settings)


def first_photograph(page):
    page.heading("A photograph in colour, with JPEG and PNG beside it")
    page.say("`eigenscope compare demo:photo --bits-per-entry B --precision f64`: every plane's entries count. A packed "
             "factors file is no match for JPEG on photographs, and the table says so.\n")
    for size in (.5, 1, 2, 4):
        compared(page, "demo:photo", size, 6)


def second_photograph(page):
    name = os.environ.get("EIGENSCOPE_PHOTOGRAPH")
    if not name:
        return
    page.heading("A photograph in grey")
    page.say("`camera.png`, 512 x 512, of Debian's `python3-skimage`.\n")
    for size in (.5, 1, 2, 4):
        compared(page, name, size, 6)


def small_model(page):
    data = os.environ.get("EIGENSCOPE_DATA")
    if data and os.path.exists(os.path.join(data, "stories260K.safetensors")):
        weights(page, os.path.join(data, "stories260K.safetensors"), "stories260K")


def large_model(page):
    if os.environ.get("EIGENSCOPE_MINILM"):
        weights(page, os.environ["EIGENSCOPE_MINILM"], "all-MiniLM-L6-v2")


SECTIONS = (naive, phantom, reported, small, scales, signs, theory, monotone, beaten, first_photograph,
            second_photograph, small_model, large_model, corrected, timing)


if __name__ == "__main__":
    sys.exit(make(SECTIONS, "lplr.head.md", sys.argv[1:]))
