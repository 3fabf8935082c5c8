#!/usr/bin/env python3
"""Trains mini, GPT-2 with 4 blocks of width 128 and the whole vocabulary, on the tokens that corpus.ts writes.

  train.py train CORPUS RUN --until N [--decay N]    from the last state in the folder RUN, or the beginning, to step N
  train.py export RUN FOLDER                         its weights in float16, as config.json and model.safetensors

Needs PyTorch and NumPy (Debian: python3-torch; libopenblas0-pthread makes it several times faster).
"""

import argparse
import json
import math
import os
import struct
import time

import numpy
import torch
from torch.nn.functional import gelu, layer_norm

VOCABULARY, BLOCKS, WIDTH, HEADS, POSITIONS = 50257, 4, 128, 4, 128
SEED = 20261124
BATCH = 32  # windows of POSITIONS + 1 tokens
LEARNING_RATE, WARMUP = 3e-3, 200
BETAS, WEIGHT_DECAY = (0.9, 0.98), 0.1
# From this step on the blocks' products are in bfloat16, in under half of the time where the processor has instructions
# for it; weights, sums, the softmax and the held-out loss stay in float32.
BFLOAT16_FROM = 1250
# The softmax's denominator is exact over the most frequent tokens and estimated over the others, see loss_sampled.
EXACT, SAMPLED = 1024, 1024


def initial_weights():
    """As GPT-2: N(0, 0.02²), the projections back into the residual stream divided by √(2·BLOCKS)."""
    generator = torch.Generator().manual_seed(SEED)
    normal = lambda *shape, std=0.02: torch.randn(*shape, generator=generator) * std
    D, residual = WIDTH, 0.02 / math.sqrt(2 * BLOCKS)
    weights = {"wte.weight": normal(VOCABULARY, D), "wpe.weight": normal(POSITIONS, D)}
    for i in range(BLOCKS):
        weights |= {
            f"h.{i}.ln_1.weight": torch.ones(D),
            f"h.{i}.ln_1.bias": torch.zeros(D),
            f"h.{i}.attn.c_attn.weight": normal(D, 3 * D),
            f"h.{i}.attn.c_attn.bias": torch.zeros(3 * D),
            f"h.{i}.attn.c_proj.weight": normal(D, D, std=residual),
            f"h.{i}.attn.c_proj.bias": torch.zeros(D),
            f"h.{i}.ln_2.weight": torch.ones(D),
            f"h.{i}.ln_2.bias": torch.zeros(D),
            f"h.{i}.mlp.c_fc.weight": normal(D, 4 * D),
            f"h.{i}.mlp.c_fc.bias": torch.zeros(4 * D),
            f"h.{i}.mlp.c_proj.weight": normal(4 * D, D, std=residual),
            f"h.{i}.mlp.c_proj.bias": torch.zeros(D),
        }
    return weights | {"ln_f.weight": torch.ones(D), "ln_f.bias": torch.zeros(D)}


MASK = torch.full((POSITIONS, POSITIONS), float("-inf")).triu(1)


def hidden(ids, w):
    """ids [B, T] -> the last block's output after ln_f, [B·T, D]."""
    B, T = ids.shape
    dense = lambda x, name: torch.addmm(w[name + ".bias"], x, w[name + ".weight"])
    norm = lambda x, name: layer_norm(x, (WIDTH,), w[name + ".weight"], w[name + ".bias"])
    split = lambda x: x.view(B, T, HEADS, WIDTH // HEADS).transpose(1, 2)
    x = (w["wte.weight"][ids] + w["wpe.weight"][:T]).view(B * T, WIDTH)
    for i in range(BLOCKS):
        q, k, v = map(split, dense(norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn").split(WIDTH, dim=1))
        attention = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(WIDTH // HEADS) + MASK[:T, :T], dim=-1)
        mixed = (attention @ v).transpose(1, 2).reshape(B * T, WIDTH)
        x = x + dense(mixed, f"h.{i}.attn.c_proj")
        inner = gelu(dense(norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc"), approximate="tanh")
        x = x + dense(inner, f"h.{i}.mlp.c_proj")
    return norm(x, "ln_f")


class Sampler:
    """Which tokens stand in the softmax's denominator: the EXACT most frequent, and SAMPLED draws from the others with
    probability q(v) ∝ (count(v) + 1)^¾, so that every token of the vocabulary is pushed as the whole softmax would."""

    def __init__(self, tokens):
        counts = numpy.bincount(tokens, minlength=VOCABULARY)
        order = numpy.argsort(-counts, kind="stable")
        self.frequent, self.others = torch.tensor(order[:EXACT].copy()), torch.tensor(order[EXACT:].copy())
        self.q = torch.tensor((counts[order[EXACT:]] + 1.0) ** 0.75)
        self.q /= self.q.sum()
        self.is_frequent = torch.zeros(VOCABULARY, dtype=torch.bool)
        self.is_frequent[self.frequent] = True

    def draw(self, generator):
        """SAMPLED tokens, and what to subtract from their logits: log(SAMPLED · q)."""
        drawn = torch.multinomial(self.q, SAMPLED, replacement=True, generator=generator)
        return self.others[drawn], torch.log(SAMPLED * self.q[drawn]).float()


def loss_sampled(h, targets, w, sampler, generator):
    """−log p(target), with Σ_v exp(l_v) = Σ_frequent exp(l_v) + E_q[exp(l_v)/q(v)] over the others, the target apart."""
    wte = w["wte.weight"]
    drawn, correction = sampler.draw(generator)
    frequent = torch.logsumexp(h @ wte[sampler.frequent].T, dim=1)
    sampled = torch.addmm(-correction, h, wte[drawn].T).masked_fill_(drawn == targets[:, None], float("-inf"))
    target = (h * wte[targets]).sum(dim=1)
    apart = target.masked_fill(sampler.is_frequent[targets], float("-inf"))
    others = torch.logaddexp(torch.logsumexp(sampled, dim=1), apart)
    return (torch.logaddexp(frequent, others) - target).mean()


def loss_full(h, targets, w):
    return torch.nn.functional.cross_entropy(h @ w["wte.weight"].T, targets)


def windows(tokens, step):
    """Ids and targets [BATCH, POSITIONS] of a step: each pass cuts the tokens at a new offset, in a new order."""
    a_pass = (len(tokens) - 1) // POSITIONS - 1
    starts = []
    for i in range(step * BATCH, (step + 1) * BATCH):
        generator = numpy.random.default_rng([SEED, i // a_pass])
        if i // a_pass not in ORDERS:
            ORDERS[i // a_pass] = generator.integers(POSITIONS) + POSITIONS * generator.permutation(a_pass)
        starts.append(ORDERS[i // a_pass][i % a_pass])
    rows = torch.tensor(numpy.stack([tokens[start : start + POSITIONS + 1] for start in starts]).astype("int64"))
    return rows[:, :-1], rows[:, 1:].reshape(-1)


ORDERS = {}


def read_tokens(corpus, part):
    return numpy.fromfile(os.path.join(corpus, part + ".u16"), dtype="<u2")


@torch.no_grad()
def held_out_loss(tokens, w, most=None):
    """Mean −log p over the whole vocabulary in nats, in windows that do not overlap; of `most` windows spread evenly."""
    starts = numpy.arange(0, len(tokens) - POSITIONS - 1, POSITIONS)
    if most is not None:
        starts = starts[:: max(1, len(starts) // most)][:most]
    total, count = 0.0, 0
    for at in range(0, len(starts), 16):
        rows = torch.tensor(numpy.stack([tokens[s : s + POSITIONS + 1] for s in starts[at : at + 16]]).astype("int64"))
        total += loss_full(hidden(rows[:, :-1], w), rows[:, 1:].reshape(-1), w).item() * rows[:, 1:].numel()
        count += rows[:, 1:].numel()
    return total / count


def learning_rate(step, until, decay):
    """Up over WARMUP steps, steady, and down to nothing over the last `decay` steps."""
    return LEARNING_RATE * min(1, (step + 1) / WARMUP, (until - step) / decay if decay else 1)


def train(corpus, run, until, decay):
    """A line of log every 50 steps, a state every 250: what was trained until then is never lost."""
    os.makedirs(run, exist_ok=True)
    tokens, held_out = read_tokens(corpus, "train"), read_tokens(corpus, "heldout")
    w = {name: tensor.requires_grad_() for name, tensor in initial_weights().items()}
    # Only the blocks' matrices decay. With decay the rows of tokens that hardly occur would shrink into each other.
    matrices = [t for name, t in w.items() if t.dim() == 2 and name.startswith("h.")]
    rest = [t for name, t in w.items() if not (t.dim() == 2 and name.startswith("h."))]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=BETAS, eps=1e-9)
    state_file, log_file = os.path.join(run, "state.pt"), os.path.join(run, "log.jsonl")
    step = 0
    if os.path.exists(state_file):
        state = torch.load(state_file)
        step = state["step"]
        for name, tensor in w.items():
            tensor.data.copy_(state["weights"][name])
        optimizer.load_state_dict(state["optimizer"])
    sampler, running, began = Sampler(tokens), [], time.time()
    while step < until:
        generator = torch.Generator().manual_seed(SEED + step)
        ids, targets = windows(tokens, step)
        with torch.autocast("cpu", torch.bfloat16, enabled=step >= BFLOAT16_FROM):
            h = hidden(ids, w).float()
        loss = loss_sampled(h, targets, w, sampler, generator)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(w.values(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, until, decay)
        optimizer.step()
        step += 1
        running.append(loss.item())
        last = step == until
        if step % 50 == 0 or last:
            line = {"step": step, "tokens": step * BATCH * POSITIONS, "loss": round(sum(running) / len(running), 4)}
            line["seconds"] = round(time.time() - began)
            if step % 250 == 0 or last:
                line["heldOut"] = round(held_out_loss(held_out, w, most=128), 4)
                state = {"step": step, "weights": w, "optimizer": optimizer.state_dict()}
                torch.save(state, state_file + ".new")
                os.replace(state_file + ".new", state_file)
            with open(log_file, "a") as log:
                log.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)
            running = []


def export(run, folder):
    """The folder form of Hugging Face's GPT2LMHeadModel, with float16 weights."""
    weights = torch.load(os.path.join(run, "state.pt"))["weights"]
    config = {
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.0,
        "bos_token_id": 50256,
        "embd_pdrop": 0.0,
        "eos_token_id": 50256,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-5,
        "model_type": "gpt2",
        "n_ctx": POSITIONS,
        "n_embd": WIDTH,
        "n_head": HEADS,
        "n_inner": None,
        "n_layer": BLOCKS,
        "n_positions": POSITIONS,
        "resid_pdrop": 0.0,
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
        "vocab_size": VOCABULARY,
    }
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in weights.items():
        end = offset + 2 * tensor.numel()
        shape = list(tensor.shape)
        header[f"transformer.{name}"] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as file:
        file.write(json.dumps(config, indent=2) + "\n")
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in weights.values():
            file.write(tensor.detach().numpy().astype("<f2").tobytes())


def read_weights(folder):
    """What export wrote, in float32."""
    with open(os.path.join(folder, "model.safetensors"), "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    weights = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(data[begin:end], dtype="<f2").astype("float32").reshape(entry["shape"])
            weights[name.removeprefix("transformer.")] = torch.tensor(values)
    return weights


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train")
    training.add_argument("corpus")
    training.add_argument("run")
    training.add_argument("--until", type=int, required=True, help="the last step")
    training.add_argument("--decay", type=int, default=0, help="steps over which the learning rate falls to 0 at the end")
    exporting = commands.add_parser("export")
    exporting.add_argument("run")
    exporting.add_argument("folder")
    arguments = vars(parser.parse_args())
    {"train": train, "export": export}[arguments.pop("command")](**arguments)
