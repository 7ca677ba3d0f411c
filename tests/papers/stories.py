"""stories260K, a LLaMA of 260 thousand parameters: its matrices by name, methods run on them, what it then loses."""
import importlib.util
import os
import statistics

from common import figures, percent, temporary

DATA = os.environ.get("EIGENSCOPE_DATA", "")
STORIES = os.path.join(DATA, "stories260K.safetensors")
LAYERS = range(5)
PARAMETERS = 260032
PARTS = {"q": "self_attn.q", "k": "self_attn.k", "v": "self_attn.v", "o": "self_attn.o", "gate": "mlp.gate", "up": "mlp.up",
         "down": "mlp.down"}
HEIGHTS = {"q": 64, "k": 32, "v": 32, "o": 64, "gate": 172, "up": 172, "down": 172}  # the other side is 64


def needs_stories(section):
    """Leaves a section out where the model is not at hand."""
    def made(page):
        if os.path.exists(STORIES):
            section(page)
        else:
            print(f"# {section.__name__}: no stories260K here", flush=True)
    made.__name__ = section.__name__
    return made


def needs_numpy(section):
    def made(page):
        if importlib.util.find_spec("numpy"):
            section(page)
        else:
            print(f"# {section.__name__}: no NumPy here", flush=True)
    made.__name__ = section.__name__
    return made


def tensor(part, layer):
    return f"{STORIES}::model.layers.{layer}.{PARTS[part]}_proj.weight"


def gone(ranks):
    """The share of the model's parameters that factors of these ranks spare."""
    heights = [(sum(HEIGHTS[p] for p in parts.split()), k) for parts, k in ranks.items()]
    return len(LAYERS) * sum(64 * m - k * (64 + m) for m, k in heights) / PARAMETERS


def factor_runs(ranks):
    """One run a layer for parts that share a factor, one for all layers of a part that shares none."""
    for parts, rank in ranks.items():
        if " " not in parts:
            yield "truncated-svd", (*(tensor(parts, i) for i in LAYERS), "--rank", rank)
            continue
        for i in LAYERS:
            yield "joint-rank", (*(tensor(p, i) for p in parts.split()), "--rank", rank)


def rounded_runs(bits):
    for part in ("q", "k", "gate", "up"):
        yield "naive", (*(tensor(part, i) for i in LAYERS), "--bits", bits, "--scales", "block")


class Evaluation:
    """The model with other matrices, on the text."""

    def __init__(self, page, own=0):
        """On two stories of ours, or on so many that the model tells itself."""
        from evaluate import Llama, Tokens, perplexity, told
        self.page, self.found = page, {}
        tokens = Tokens(os.path.join(DATA, "tok512.bin"), 512)
        with open(os.path.join(DATA, "eval.txt"), encoding="utf-8") as f:
            texts = [tokens.encode(line) for line in f.read().splitlines()]
        self.model = lambda: Llama(STORIES, os.path.join(DATA, "stories260K.config.json"))
        if own:
            texts = told(self.model(), own, 150)
        self.measured = lambda model: perplexity(model, texts, self.logs)
        self.logs = None
        self.dense, _, self.logs = self.measured(self.model())

    def loss(self, runs):
        """With what these runs write: perplexity, KL, bits an entry in the mean, matrices replaced."""
        model, sizes, put = self.model(), [], 0
        with temporary("part.safetensors") as out:
            for method, arguments in runs:
                done = self.page.run(method, *arguments, "--precision", "f64", "-o", out, "--force")
                sizes.append(done["bits_per_entry"]["true"])
                put += model.put(out)
        value, far, _ = self.measured(model)
        return value, far, statistics.mean(sizes), put

    def row(self, label, runs, ranks=None, want=None, apart=None):
        value, far, bits, put = self.loss(runs)
        text = ", ".join(f"{parts.replace(' ', '+')} {k}" for parts, k in ranks.items()) if ranks else "–"
        self.found[text if ranks else label] = value
        print(f"# {label} {text}: perplexity {value:.4f}, KL {far:.4f}", flush=True)
        whole = len(LAYERS) * sum(len(parts.split()) for parts in ranks) if ranks else 20
        good = put == whole and (not want or abs(value / want - 1) < .01 and abs(far - apart) < .02)
        return (label, text, percent(gone(ranks), 2) if ranks else f"0; {figures(bits, 3)} bits an entry",
                f"{value:.3f}" + (f" ({want})" if want else ""), f"{far:.3f}" + (f" ({apart})" if want else ""),
                self.page.check(good, f"{label} {text}") if want else "–")
