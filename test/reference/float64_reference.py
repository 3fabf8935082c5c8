#!/usr/bin/env python3
"""Outputs and gradients of small GPT-2 networks in float64, one for each width of a head, by PyTorch.

  float64_reference.py OUT

Every number that goes in is made by `numbers` from a name, exactly, and by the test in the same way. Of what comes out, OUT
holds the norm and projections onto SIGNS vectors of signs: the mean square of a difference's projections is the square of
its norm, so that a few numbers tell how far two long vectors are from each other.
"""

import json
import sys

import numpy
import torch

from gpt2_reference import block_shapes, gradients

HEAD_WIDTHS = [8, 16, 20, 32, 48, 64, 80]
OUTPUTS = ["block", "finalNorm", "head"]
HEADS, BLOCKS, BATCH, LENGTH, VOCABULARY = 2, 2, 2, 5, 13
SIGNS = 16


def words(name, count):
    """32-bit words of a name: its FNV-1a hash as a start, steps of the golden ratio, and MurmurHash3's finalizer."""
    start = 0x811C9DC5
    for byte in name.encode():
        start = (start ^ byte) * 0x01000193 % 2**32
    word = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B9) + numpy.uint32(start)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        word ^= word >> numpy.uint32(shift)
        word *= numpy.uint32(factor)
    return word ^ (word >> numpy.uint32(16))


def numbers(name, shape):
    """Even numbers between -1/2 and 1/2 with 24 bits: float32 holds them too."""
    values = (words(name, int(numpy.prod(shape))) >> numpy.uint32(8)).astype(numpy.float64) / 2**24 - 0.5
    return torch.tensor(values.reshape(shape))


def weights(width):
    D, F = width, 2 * width
    shapes = {"wte.weight": (VOCABULARY, D), "ln_f.weight": (D,), "ln_f.bias": (D,), "lm_head.weight": (VOCABULARY, D)}
    for i in range(BLOCKS):
        shapes.update(block_shapes(i, D, F))
    return {name: numbers(name, shape) / 2 for name, shape in shapes.items()}


def projected(values):
    values = values.flatten().numpy()
    signs = [1.0 - 2.0 * (words(f"signs {index}", values.size) >> numpy.uint32(31)) for index in range(SIGNS)]
    return {"norm": float(numpy.linalg.norm(values)), "projections": [float(values @ sign) for sign in signs]}


def main(out):
    networks = []
    for head_width in HEAD_WIDTHS:
        width = HEADS * head_width
        config = {"n_head": HEADS, "layer_norm_epsilon": 1e-5}
        tensors = weights(width)
        e, e_target = (4 * numbers(name, (BATCH, LENGTH, width)) for name in ("embedding", "target"))
        for output in OUTPUTS:
            value, distance, gradient = gradients(e, e_target, config, tensors, BLOCKS, output, "l2")
            networks.append(
                {
                    "headWidth": head_width,
                    "output": output,
                    "value": projected(value),
                    "distance": distance.tolist(),
                    "gradient": projected(gradient),
                }
            )
    sizes = {"heads": HEADS, "blocks": BLOCKS, "batch": BATCH, "length": LENGTH, "vocabulary": VOCABULARY}
    with open(out, "w") as file:
        json.dump({**sizes, "networks": networks}, file, indent=1)


if __name__ == "__main__":
    main(sys.argv[1])
