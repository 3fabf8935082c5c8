#!/usr/bin/env python3
"""Walks, gradients and fully connected nets in PyTorch, independent of the lab, and the values the lab is checked against.

Needs PyTorch and NumPy (Debian: python3-torch). Everything is computed in float64, on the tiny checkpoint beside this
file; random streams are written anew from their definition (Threefry-2x32-20, normals by the inverse distribution
function), so that a walk's every random choice is the same.

  methods_reference.py FOLDER OUT      FOLDER is test/reference/tiny-gpt2
"""

import json
import struct
import sys
from statistics import NormalDist

import numpy
import torch

from gpt2_reference import DESCENT_TARGET, distance, read_checkpoint, subnetwork

BLOCKS = 2
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
MASK = 0xFFFFFFFF


def threefry(key, counter):
    k = (key[0], key[1], 0x1BD11BDA ^ key[0] ^ key[1])
    x = [(counter[0] + k[0]) & MASK, (counter[1] + k[1]) & MASK]
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            x[0] = (x[0] + x[1]) & MASK
            x[1] = (((x[1] << rotation) | (x[1] >> (32 - rotation))) & MASK) ^ x[0]
        x[0] = (x[0] + k[(group + 1) % 3]) & MASK
        x[1] = (x[1] + k[(group + 2) % 3] + group + 1) & MASK
    return tuple(x)


class Stream:
    def __init__(self, seed, name):
        data = name.encode()
        padded = data + b"\0" * (-len(data) % 8)
        key = threefry((seed & MASK, seed >> 32), (len(data), 0))
        for at in range(0, len(padded), 8):
            key = threefry(key, struct.unpack("<II", padded[at : at + 8]))
        self.key = key

    def share(self, element):
        """In (0, 1)."""
        word = threefry(self.key, (element // 2, 0))[element % 2]
        return (word + 0.5) / 2**32

    def normal(self, count, start=0):
        inverse = NormalDist().inv_cdf
        return numpy.array([inverse(self.share(start + i)) for i in range(count)])

    def uniform(self, element, low, high):
        return low + (high - low) * self.share(element)


def prompt(config, tensors):
    ids = DESCENT_TARGET
    return (tensors["wte.weight"][ids] + tensors["wpe.weight"][: len(ids)]).unsqueeze(0)


def repeated(e, restarts):
    return e.repeat(restarts, 1, 1).clone()


def network(e, config, tensors, output):
    return subnetwork(e, config, tensors, BLOCKS, output)


def summed_gradient(e, config, tensors, output):
    e = e.detach().requires_grad_()
    network(e, config, tensors, output).sum().backward()
    return e.grad


def orthogonal_walk(config, tensors, output, vectors, null_vector, seed, steps, eta, restarts):
    """The source's walk; the null vector is the part of a random vector that all gradient rows are orthogonal to."""
    start = repeated(prompt(config, tensors), restarts)
    target = network(start, config, tensors, output)
    e, before = start.clone(), {}
    T, D = e.shape[1:]
    points = []
    products = [[] for _ in range(restarts)]
    for n in range(steps + 1):
        d_out = distance("l1", network(e, config, tensors, output), target).tolist()
        d_in = (e - start).abs().sum(dim=(1, 2)).tolist()
        points.append({"outputDistance": d_out, "inputDistance": d_in, "gradientProducts": [*products]})
        if n == steps:
            return points
        gradient = summed_gradient(e, config, tensors, output)
        for r in range(restarts):
            rows = gradient[r].numpy()
            # A basis of what is orthogonal to the rows: the right singular vectors beyond their rank.
            basis = numpy.linalg.svd(rows)[2][T:]

            def null(name):
                z = before.get(name) if null_vector == "steady" else None
                if z is None:
                    z = Stream(seed, f"direction {name}").normal(D, n * D)
                v = basis.T @ (basis @ z)
                v = v / numpy.linalg.norm(v)
                if name in before and v @ before[name] < 0:
                    v = -v
                before[name] = v
                return v

            shared = null(f"{r}") if vectors == "broadcast" else None
            step = numpy.stack([shared if shared is not None else null(f"{r} {t}") for t in range(T)])
            products[r] = [float(row @ v) for row, v in zip(rows, step)]
            e[r] += eta * torch.tensor(step)


def jacobian_singular_value(config, tensors, output):
    """The smallest singular value of dO/de at the prompt, and d_o / d_i of a step of length eta * sqrt(T) along it."""
    e = prompt(config, tensors)
    T, D = e.shape[1:]
    J = torch.autograd.functional.jacobian(lambda x: network(x, config, tensors, output).flatten(), e)
    J = J.reshape(-1, T * D).numpy()
    return {"smallest": float(numpy.linalg.svd(J)[1][-1]), "jacobian": J.flatten().tolist()}


def clamped_walk(config, tensors, output, form, seed, steps, rand_eta, lr, inner, restarts):
    start = repeated(prompt(config, tensors), restarts)
    target = network(start, config, tensors, output).detach()
    e = start.clone()
    T, D = e.shape[1:]
    points = []
    clamped = []
    for n in range(steps + 1):
        d_out = distance("l1", network(e, config, tensors, output), target).tolist()
        d_in = (e - start).abs().sum(dim=(1, 2)).tolist()
        points.append({"outputDistance": d_out, "inputDistance": d_in, "clampedFrom": [*clamped]})
        if n == steps:
            return points
        clamped = [int(Stream(seed, f"clamp {r}").uniform(n, 0, D)) for r in range(restarts)]
        for r, i in enumerate(clamped):
            noise = torch.tensor(Stream(seed, f"noise {r}").normal(T * D, n * T * D)).view(T, D)
            if form == "code":
                e[r, :, i:] += rand_eta * noise[:, i:]
            else:
                e[r, :, :i] += rand_eta * (rand_eta * noise[:, :i])
        for _ in range(inner):
            x = e.detach().requires_grad_()
            distance("l1", network(x, config, tensors, output), target).sum().backward()
            for r, i in enumerate(clamped):
                if form == "code":
                    e[r, :, :i] -= lr * x.grad[r, :, :i]
                else:
                    e[r, :, i:] += lr * x.grad[r, :, i:]


def fully_connected(kind, T, D, batch):
    """The source's FCNet and its kin with weights from named streams; output and the gradient of its L1 distance to 0."""
    rows, enter, hidden, leave = {
        "invertible": (1, T * D, 4 * T * D, 4 * T * D),
        "notInvertible": (1, T * D, 4 * T * D, T * D),
        "perToken": (T, D, 4 * D, D),
    }[kind]
    net = torch.nn.Sequential(torch.nn.Linear(enter, hidden), torch.nn.GELU(), torch.nn.Linear(hidden, leave)).double()
    seed = 7
    with torch.no_grad():
        for layer, name in ((net[0], "input"), (net[2], "h2h")):
            for part in ("weight", "bias"):
                tensor = getattr(layer, part)
                bound = 1 / numpy.sqrt(layer.in_features)
                stream = Stream(seed, f"{name}.{part}")
                values = [numpy.float32(stream.uniform(i, -bound, bound)) for i in range(tensor.numel())]
                tensor.copy_(torch.tensor(numpy.array(values, dtype=numpy.float64)).view_as(tensor))
    e = torch.tensor(Stream(1, "e").normal(batch * T * D)).view(batch, T, D).requires_grad_()
    output = net(e.reshape(batch * rows, enter)).reshape(batch, -1)
    output.abs().sum().backward()
    return {
        "kind": kind,
        "length": T,
        "width": D,
        "batch": batch,
        "seed": seed,
        "output": output.flatten().tolist(),
        "gradient": e.grad.flatten().tolist(),
    }


def measures(config, tensors):
    """Distances of a part of the output, and means, for the lab's options of those names."""
    e = prompt(config, tensors)
    with torch.no_grad():
        target = network(e, config, tensors, "head")
        output = network(0.5 * e, config, tensors, "head")
    cases = []
    for start, channels in ((0, None), (-1, None), (2, None), (0, 3), (-2, 4)):
        o, t = output[:, start:, :channels], target[:, start:, :channels]
        count = o[0].numel()
        for metric, divisor in (("l1", count), ("l2", count**0.5), ("cosine", o.shape[1])):
            total = distance(metric, o, t).item()
            cases.append(
                {"metric": metric, "fromPosition": start, "channels": channels, "sum": total, "mean": total / divisor}
            )
    return cases


def main(folder, out):
    config, tensors = read_checkpoint(folder)
    orthogonal = [
        {"output": output, "vectors": vectors, "nullVector": null, "seed": 3, "learningRate": 0.05, "restarts": 2}
        for output, vectors, null in (
            ("block", "broadcast", "steady"),
            ("head", "broadcast", "fresh"),
            ("blockHead", "perToken", "steady"),
        )
    ]
    for walk in orthogonal:
        walk["points"] = orthogonal_walk(
            config, tensors, walk["output"], walk["vectors"], walk["nullVector"], 3, 6, 0.05, 2
        )
    clamped = [
        {"output": output, "form": form, "seed": 5, "randEta": 0.1, "learningRate": lr, "innerSteps": inner, "restarts": 2}
        for output, form, lr, inner in (("block", "code", 0.003, 4), ("head", "code", 0.001, 1), ("block", "equation", 0.003, 2))
    ]
    for walk in clamped:
        walk["points"] = clamped_walk(
            config, tensors, walk["output"], walk["form"], 5, 6, 0.1, walk["learningRate"], walk["innerSteps"], 2
        )
    summed = summed_gradient(prompt(config, tensors), config, tensors, "head")
    values = {
        "prompt": DESCENT_TARGET,
        "orthogonal": orthogonal,
        "clamped": clamped,
        "jacobian": jacobian_singular_value(config, tensors, "block"),
        "summedGradient": summed.flatten().tolist(),
        "measures": measures(config, tensors),
        "fullyConnected": [
            fully_connected("invertible", 2, 3, 2),
            fully_connected("notInvertible", 3, 2, 1),
            fully_connected("perToken", 3, 4, 2),
        ],
    }
    with open(out, "w") as file:
        json.dump(values, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
