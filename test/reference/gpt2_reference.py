#!/usr/bin/env python3
"""GPT-2 in PyTorch, independent of the lab, and the values its gradients are checked against.

Needs PyTorch and NumPy (Debian: python3-torch). The network is written from the paper and from Hugging Face's layout of
the weights; gradients are PyTorch's own. Everything is computed in float64.

  gpt2_reference.py tiny OUT           make a tiny checkpoint with no trivial weight, and all its values
  gpt2_reference.py full FOLDER OUT    values of a full-size checkpoint folder (`checkpoints create random:gpt2`)
"""

import json
import math
import os
import struct
import sys

import numpy
import torch

OUTPUTS = ["block", "finalNorm", "blockHead", "head"]


def read_checkpoint(folder):
    """config.json and every tensor, as float64, without the prefix "transformer."."""
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    tensors = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".safetensors"):
            continue
        with open(os.path.join(folder, name), "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
            data = file.read()
        for key, entry in header.items():
            if key == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
            tensors[key.removeprefix("transformer.")] = torch.tensor(values, dtype=torch.float64)
    return config, tensors


def write_safetensors(path, tensors):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * 4
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for tensor in tensors.values():
            file.write(tensor.numpy().astype("<f4").tobytes())


def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def norm(x, tensors, name, epsilon):
    return torch.nn.functional.layer_norm(
        x, x.shape[-1:], tensors[name + ".weight"], tensors[name + ".bias"], epsilon
    )


def dense(x, tensors, name):
    return x @ tensors[name + ".weight"] + tensors[name + ".bias"]


def subnetwork(e, config, tensors, blocks, output):
    """e [B, T, D] -> [B, T, D] or [B, T, V]."""
    heads, epsilon = config["n_head"], config["layer_norm_epsilon"]
    B, T, D = e.shape
    mask = torch.full((T, T), float("-inf"), dtype=e.dtype).triu(1)
    x = e
    for i in range(blocks):
        normal = norm(x, tensors, f"h.{i}.ln_1", epsilon)
        q, k, v = (
            part.view(B, T, heads, D // heads).transpose(1, 2)
            for part in dense(normal, tensors, f"h.{i}.attn.c_attn").split(D, dim=2)
        )
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(D // heads) + mask, dim=-1)
        mixed = (weights @ v).transpose(1, 2).reshape(B, T, D)
        x = x + dense(mixed, tensors, f"h.{i}.attn.c_proj")
        normal = norm(x, tensors, f"h.{i}.ln_2", epsilon)
        x = x + dense(gelu(dense(normal, tensors, f"h.{i}.mlp.c_fc")), tensors, f"h.{i}.mlp.c_proj")
    if output in ("finalNorm", "head"):
        x = norm(x, tensors, "ln_f", epsilon)
    if output in ("blockHead", "head"):
        x = x @ tensors.get("lm_head.weight", tensors["wte.weight"]).T
    return x


def distance(metric, output, target):
    """[B]"""
    if metric == "l1":
        return (output - target).abs().sum(dim=(1, 2))
    if metric == "l2":
        return ((output - target) ** 2).sum(dim=(1, 2)).sqrt()
    return (1 - torch.nn.functional.cosine_similarity(output, target, dim=2)).sum(dim=1)


def gradients(e, e_target, config, tensors, blocks, output, metric):
    """Output and distance at e, and the gradient of the distance to the output at e_target."""
    with torch.no_grad():
        target = subnetwork(e_target, config, tensors, blocks, output)
    e = e.clone().requires_grad_()
    out = subnetwork(e, config, tensors, blocks, output)
    d = distance(metric, out, target)
    d.sum().backward()
    return out.detach(), d.detach(), e.grad


def descent(config, tensors, optimizer, learning_rate, steps):
    """Distances of every iterate of an inversion of DESCENT_TARGET by both blocks, from half the target embedding."""
    embedding = tensors["wte.weight"][DESCENT_TARGET] + tensors["wpe.weight"][: len(DESCENT_TARGET)]
    target = embedding.unsqueeze(0)
    e = (0.5 * target).requires_grad_()
    step = {"gd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]([e], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(step, lambda n: 1 - 0.9 * n / steps)
    with torch.no_grad():
        target_output = subnetwork(target, config, tensors, 2, "block")
    distances = []
    for _ in range(steps + 1):
        step.zero_grad()
        d = distance("l1", subnetwork(e, config, tensors, 2, "block"), target_output).sum()
        distances.append(d.item())
        d.backward()
        step.step()
        schedule.step()
    return {"optimizer": optimizer, "learningRate": learning_rate, "distances": distances}


DESCENT_TARGET = [3, 1, 4, 1, 5]


def block_shapes(i, D, F):
    """Shapes of the weights of block i by their names, kernels [in, out]."""
    shapes = {
        "ln_1.weight": (D,),
        "ln_1.bias": (D,),
        "attn.c_attn.weight": (D, 3 * D),
        "attn.c_attn.bias": (3 * D,),
        "attn.c_proj.weight": (D, D),
        "attn.c_proj.bias": (D,),
        "ln_2.weight": (D,),
        "ln_2.bias": (D,),
        "mlp.c_fc.weight": (D, F),
        "mlp.c_fc.bias": (F,),
        "mlp.c_proj.weight": (F, D),
        "mlp.c_proj.bias": (D,),
    }
    return {f"h.{i}.{name}": shape for name, shape in shapes.items()}


def tiny(out):
    """Two blocks of width 8, two heads, an inner width that is not 4 D, a head of its own, and no trivial weight."""
    torch.manual_seed(20261124)
    D, F, V, P, blocks = 8, 24, 11, 6, 2
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "n_layer": blocks,
        "n_embd": D,
        "n_head": 2,
        "n_inner": F,
        "n_positions": P,
        "vocab_size": V,
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": False,
    }
    shapes = {"wte.weight": (V, D), "wpe.weight": (P, D)}
    for i in range(blocks):
        shapes.update(block_shapes(i, D, F))
    shapes.update({"ln_f.weight": (D,), "ln_f.bias": (D,)})
    tensors = {f"transformer.{name}": torch.randn(shape) * 0.5 for name, shape in shapes.items()}
    tensors["lm_head.weight"] = torch.randn(V, D) * 0.5
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
    write_safetensors(os.path.join(out, "model.safetensors"), tensors)

    config, tensors = read_checkpoint(out)
    e, e_target = torch.randn(2, 3, 5, D, dtype=torch.float64)
    cases = []
    for count in (1, blocks):
        for output in OUTPUTS:
            for metric in ("l1", "l2", "cosine"):
                value, d, gradient = gradients(e, e_target, config, tensors, count, output, metric)
                cases.append(
                    {
                        "blocks": count,
                        "output": output,
                        "metric": metric,
                        "distance": d.tolist(),
                        "gradient": gradient.flatten().tolist(),
                        **({"value": value.flatten().tolist()} if metric == "l1" else {}),
                    }
                )
    values = {"shape": [3, 5, D], "embedding": e.flatten().tolist(), "target": e_target.flatten().tolist()}
    with open(os.path.join(out, "gradients.json"), "w") as file:
        json.dump({**values, "cases": cases}, file)
    descents = [descent(config, tensors, name, rate, 20) for name, rate in (("gd", 0.003), ("adam", 0.05))]
    with open(os.path.join(out, "descents.json"), "w") as file:
        json.dump({"target": DESCENT_TARGET, "descents": descents}, file, indent=1)


PROMPT = [464, 6766, 318, 4171, 13]  # "The sky is blue."
OTHER = [1212, 318, 257, 6152, 6827]  # "This is a prompt sentence"


def full(folder, out):
    """Distance from OTHER to PROMPT, the gradient there a token (norm and first entries), and both next tokens."""
    config, tensors = read_checkpoint(folder)
    embed = lambda ids: (tensors["wte.weight"][ids] + tensors["wpe.weight"][: len(ids)]).unsqueeze(0)
    cases = []
    for blocks in (1, 12):
        for output in OUTPUTS:
            value, d, gradient = gradients(embed(OTHER), embed(PROMPT), config, tensors, blocks, output, "l1")
            cases.append(
                {
                    "blocks": blocks,
                    "output": output,
                    "distance": d.item(),
                    "gradientNorms": gradient[0].norm(dim=1).tolist(),
                    "gradientEntries": gradient[0, :, :6].tolist(),
                    "outputEntries": value[0, :, :6].tolist(),
                    "nextTokens": [
                        subnetwork(embed(ids), config, tensors, blocks, "blockHead" if output == "blockHead" else "head")[
                            0, -1
                        ].argmax().item()
                        for ids in (OTHER, PROMPT)
                    ],
                }
            )
    with open(out, "w") as file:
        json.dump({"checkpoint": "random:gpt2", "initSeed": 0, "embedding": OTHER, "target": PROMPT, "cases": cases}, file, indent=1)


if __name__ == "__main__":
    {"tiny": tiny, "full": full}[sys.argv[1]](*sys.argv[2:])
