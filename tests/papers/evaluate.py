"""A small LLaMA in NumPy, double precision: what a page needs to say how well a model with other matrices
predicts a text. Tensors come from safetensors files by Hugging Face's names, sizes from config.json, tokens
from llama2.c's tokenizer file."""
import json
import struct

import numpy as np

FLOATS = {"F32": "<f4", "F64": "<f8", "F16": "<f2"}


def tensors(path):
    """Every tensor of a safetensors file, as float64."""
    with open(path, "rb") as f:
        raw = f.read()
    start = 8 + struct.unpack_from("<Q", raw)[0]
    header = json.loads(raw[8:start])
    header.pop("__metadata__", None)
    return {name: np.frombuffer(raw[start + t["data_offsets"][0]:start + t["data_offsets"][1]],
                                FLOATS[t["dtype"]]).reshape(t["shape"]).astype(np.float64)
            for name, t in header.items()}


class Tokens:
    """Byte pairs by score, as llama2.c writes them: a length, then (score, length, bytes) for each token."""

    def __init__(self, path, count):
        with open(path, "rb") as f:
            raw = f.read()
        at, self.pieces = 4, []
        for _ in range(count):
            score, length = struct.unpack_from("<fi", raw, at)
            self.pieces.append((raw[at + 8:at + 8 + length], score))
            at += 8 + length
        self.number = {}
        for i, (piece, _) in enumerate(self.pieces):
            self.number.setdefault(piece, i)

    def encode(self, text):
        """With the token that begins a text, and a space before its first word."""
        ids = [self.number[b" "]]
        for character in text:
            whole = character.encode()
            known = self.number.get(whole)
            ids += [known] if known is not None else [byte + 3 for byte in whole]
        while len(ids) > 1:
            joined = [self.number.get(self.pieces[a][0] + self.pieces[b][0]) for a, b in zip(ids, ids[1:])]
            places = [i for i, j in enumerate(joined) if j is not None]
            if not places:
                break
            best = max(places, key=lambda i: (self.pieces[joined[i]][1], -i))
            ids[best:best + 2] = [joined[best]]
        return [1] + ids


class Llama:
    def __init__(self, weights, config):
        """weights: path; config: path of config.json."""
        with open(config, encoding="utf-8") as f:
            self.c = json.load(f)
        self.w = tensors(weights)
        self.width = self.c["hidden_size"] // self.c["num_attention_heads"]

    def put(self, path):
        """Takes the matrices of another file for its own; how many there were."""
        new = tensors(path)
        for name, matrix in new.items():
            if self.w[name].shape != matrix.shape:
                raise ValueError(f"{name}: {matrix.shape}, not {self.w[name].shape}")
        self.w.update(new)
        return len(new)

    def scaled(self, x, name):
        mean = np.mean(x ** 2, axis=1, keepdims=True)
        return self.w[name + ".weight"] * x / np.sqrt(mean + self.c["rms_norm_eps"])

    def turned(self, x):
        """Rotary positions; entry i of a head goes with entry i + half. x: token, head, entry."""
        half = self.width // 2
        angle = np.outer(np.arange(x.shape[0]), self.c["rope_theta"] ** (-np.arange(half) / half))[:, None, :]
        pair = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angle)
        return np.concatenate((pair.real, pair.imag), axis=2)

    def attended(self, x, layer):
        linear = lambda part: x @ self.w[f"{layer}.self_attn.{part}_proj.weight"].T
        heads = lambda part: linear(part).reshape(len(x), -1, self.width)
        q, k, v = self.turned(heads("q")), self.turned(heads("k")), heads("v")
        share = q.shape[1] // k.shape[1]
        k, v = k.repeat(share, axis=1), v.repeat(share, axis=1)
        scores = np.einsum("ihe,jhe->hij", q, k) / self.width ** .5
        scores[:, ~np.tri(len(x), dtype=bool)] = -np.inf
        weights = np.exp(scores - scores.max(axis=2, keepdims=True))
        weights /= weights.sum(axis=2, keepdims=True)
        mixed = np.einsum("hij,jhe->ihe", weights, v).reshape(len(x), -1)
        return mixed @ self.w[f"{layer}.self_attn.o_proj.weight"].T

    def fed(self, x, layer):
        gate, up, down = (self.w[f"{layer}.mlp.{part}_proj.weight"] for part in ("gate", "up", "down"))
        g = x @ gate.T
        return (g / (1 + np.exp(-g)) * (x @ up.T)) @ down.T

    def predict(self, ids):
        """Logarithms of the probabilities of every token after each of ids."""
        x = self.w["model.embed_tokens.weight"][ids]
        for i in range(self.c["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            x = x + self.attended(self.scaled(x, f"{layer}.input_layernorm"), layer)
            x = x + self.fed(self.scaled(x, f"{layer}.post_attention_layernorm"), layer)
        head = self.w.get("lm_head.weight", self.w["model.embed_tokens.weight"])
        logits = self.scaled(x, "model.norm") @ head.T
        logits -= logits.max(axis=1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def perplexity(model, texts, other=None):
    """Of `texts`, lists of ids: the exponential of the mean negative logarithm of each next token's probability; and, of the
    predictions of `other` (what this function returned third), the mean KL(other || model) in nats a token."""
    logs = [model.predict(ids)[:-1] for ids in texts]
    right = np.concatenate([l[np.arange(len(l)), ids[1:]] for l, ids in zip(logs, texts)])
    apart = [np.sum(np.exp(b) * (b - l), axis=1) for b, l in zip(other or logs, logs)]
    return float(np.exp(-right.mean())), float(np.concatenate(apart).mean()), logs


def told(model, count, length):
    """`count` texts of so many ids that the model draws from its own predictions, always the same."""
    draws, texts = np.random.default_rng(1), []
    for _ in range(count):
        ids = [1]
        while len(ids) < length:
            shares = np.exp(model.predict(ids)[-1])
            ids.append(int(draws.choice(len(shares), p=shares / shares.sum())))
        texts.append(ids)
    return texts
