#!/usr/bin/env python3
"""What mini has learnt: held-out perplexity beside that of token counts and token pairs, its embedding, its curve.

  evaluate.py CORPUS FOLDER LOG OUT

CORPUS as corpus.ts writes it, FOLDER as train.py exports it, LOG the run's log.jsonl. Writes OUT/figures.json and
OUT/curve.svg. Perplexities are e to the mean −log p of every held-out token but the first, over the whole vocabulary.
"""

import json
import math
import os
import sys

import numpy
import torch

from train import POSITIONS, VOCABULARY, hidden, read_tokens, read_weights

DISCOUNT = 0.75


def model_losses(tokens, w):
    """−log p of tokens[1:], in windows of POSITIONS that do not overlap: each has 1 to POSITIONS tokens before it."""
    losses = []
    with torch.no_grad():
        for start in range(0, len(tokens) - 1, 16 * POSITIONS):
            part = torch.tensor(tokens[start : start + 16 * POSITIONS + 1].astype("int64"))
            whole = (len(part) - 1) // POSITIONS * POSITIONS
            for ids, targets in (
                (part[:whole].view(-1, POSITIONS), part[1 : whole + 1]),
                (part[whole:-1].view(1, -1), part[whole + 1 :]),
            ):
                if len(targets) > 0:
                    logits = hidden(ids, w) @ w["wte.weight"].T
                    losses.append(torch.nn.functional.cross_entropy(logits, targets, reduction="none").numpy())
    return numpy.concatenate(losses)


def unigram_losses(train, tokens):
    """p(v) = (count(v) + 1) / (N + V)"""
    counts = numpy.bincount(train, minlength=VOCABULARY) + 1.0
    return -numpy.log(counts / counts.sum())[tokens[1:]]


def bigram_losses(train, tokens):
    """Interpolated Kneser–Ney: p(w|v) = max(c(vw) − d, 0)/c(v) + d·n(v·)/c(v) · p′(w), p′(w) = (n(·w) + 1)/(n(··) + V),
    where n counts distinct neighbours and d = DISCOUNT."""
    pair = lambda t: t[:-1].astype("int64") * VOCABULARY + t[1:]
    pairs, counts = numpy.unique(pair(train), return_counts=True)
    first, second = pairs // VOCABULARY, pairs % VOCABULARY
    after = numpy.bincount(first, weights=counts, minlength=VOCABULARY)
    kinds = numpy.bincount(first, minlength=VOCABULARY)
    continuation = numpy.bincount(second, minlength=VOCABULARY) + 1.0
    continuation /= continuation.sum()
    wanted = pair(tokens)
    at = numpy.minimum(numpy.searchsorted(pairs, wanted), len(pairs) - 1)
    c = numpy.where(pairs[at] == wanted, counts[at], 0)
    v, w = tokens[:-1], tokens[1:]
    known = numpy.maximum(after[v], 1)
    backing = numpy.where(after[v] > 0, DISCOUNT * kinds[v] / known, 1)
    return -numpy.log(numpy.maximum(c - DISCOUNT, 0) / known + backing * continuation[w])


def embedding_figures(train, w):
    """Rows of wte by how often their token occurs, and the share of rows that each decoder reads as themselves."""
    W, counts = w["wte.weight"], torch.tensor(numpy.bincount(train, minlength=VOCABULARY))
    norms = W.norm(dim=1)
    gram_inverse = torch.linalg.inv(W.double().T @ W.double()).float()
    found = {"pseudoinverse": [], "nearest": [], "cosine": []}
    for rows in torch.arange(VOCABULARY).split(1024):
        dots = W[rows] @ W.T
        scores = {"pseudoinverse": (W[rows] @ gram_inverse) @ W.T, "nearest": 2 * dots - norms**2, "cosine": dots / norms}
        for name, score in scores.items():
            found[name].append(score.argmax(dim=1) == rows)
    found = {name: torch.cat(parts) for name, parts in found.items()}
    bands = {"never": (0, 0), "1 to 9": (1, 9), "10 to 99": (10, 99), "100 or more": (100, len(train))}
    figures = {}
    for name, (least, most) in {"all": (0, len(train)), **bands}.items():
        band = (counts >= least) & (counts <= most)
        figures[name] = {
            "tokens": int(band.sum()),
            "norm": round(norms[band].mean().item(), 3),
            **{decoder: round(hits[band].double().mean().item(), 4) for decoder, hits in found.items()},
        }
    return {"mean": W.mean().item(), "std": W.std().item(), "occurring in training": figures}


def curve(log, unigram, bigram):
    """Loss over tokens seen, as an SVG of its own colours, readable on light and dark pages."""
    W, H, left, right, top, bottom = 640, 330, 52, 120, 28, 40
    last = log[-1]["tokens"]
    low, high = 3.5, 8.0
    x = lambda tokens: left + (W - left - right) * tokens / last
    y = lambda loss: top + (H - top - bottom) * (high - min(max(loss, low), high)) / (high - low)
    line = lambda points: " ".join(f"{x(t):.1f},{y(l):.1f}" for t, l in points)
    training = [(entry["tokens"], entry["loss"]) for entry in log]
    held_out = [(entry["tokens"], entry["heldOut"]) for entry in log if "heldOut" in entry]
    text = lambda at_x, at_y, content, colour="#444", anchor="start": (
        f'<text x="{at_x:.1f}" y="{at_y:.1f}" fill="{colour}" text-anchor="{anchor}">{content}</text>'
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" font-family="sans-serif" font-size="12">',
        "<title>Loss of mini over the tokens it has seen</title>",
        f'<rect width="{W}" height="{H}" fill="#fff"/>',
    ]
    for loss in range(4, 9):
        parts.append(f'<path d="M{left} {y(loss):.1f}H{W - right}" stroke="#ddd"/>')
        parts.append(text(left - 6, y(loss) + 4, str(loss), anchor="end"))
    for millions in range(0, int(last / 1e6) + 1, 5):
        parts.append(text(x(millions * 1e6), H - bottom + 18, f"{millions} M", anchor="middle"))
    parts.append(text(left + (W - left - right) / 2, H - 6, "tokens seen", anchor="middle"))
    parts.append(text(left - 40, top - 14, "nats a token"))
    for name, loss in (("unigram", unigram), ("bigram", bigram)):
        parts.append(f'<path d="M{left} {y(loss):.1f}H{W - right}" stroke="#888" stroke-dasharray="4 4"/>')
        parts.append(text(W - right + 6, y(loss) + 4, f"{name} {loss:.2f}", "#666"))
    for points, colour in ((training, "#9bbfe8"), (held_out, "#c2410c")):
        parts.append(f'<polyline points="{line(points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
    parts.append(text(W - right + 6, y(held_out[-1][1]) - 2, "held out", "#c2410c"))
    parts.append(text(W - right + 6, y(training[-1][1]) + 12, "training", "#4a7ab5"))
    return "\n".join(parts + ["</svg>\n"])


def main(corpus, folder, log, out):
    train, tokens, w = read_tokens(corpus, "train"), read_tokens(corpus, "heldout"), read_weights(folder)
    losses = {
        "unigram": unigram_losses(train, tokens),
        "bigram": bigram_losses(train, tokens),
        "mini": model_losses(tokens, w),
    }
    with open(os.path.join(corpus, "heldout.json")) as file:
        spans = json.load(file)
    source = numpy.repeat([name for name, _ in spans], [length for _, length in spans])[1:]
    perplexity = lambda chosen: {name: round(math.exp(loss[chosen].mean()), 1) for name, loss in losses.items()}
    figures = {
        "heldOutTokens": len(tokens) - 1,
        "perplexity": {"all": perplexity(source != ""), **{name: perplexity(source == name) for name in sorted(set(source))}},
        "embedding": embedding_figures(train, w),
    }
    with open(log) as file:
        entries = {entry["step"]: entry for entry in map(json.loads, file)}
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "figures.json"), "w") as file:
        file.write(json.dumps(figures, indent=2) + "\n")
    with open(os.path.join(out, "curve.svg"), "w") as file:
        mean = {name: float(loss.mean()) for name, loss in losses.items()}
        file.write(curve([entries[step] for step in sorted(entries)], mean["unigram"], mean["bigram"]))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
