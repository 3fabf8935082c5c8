#!/usr/bin/env python3
"""What `inversion-lab doctor --checkpoint S --json` prints, from PyTorch instead, and how far the two are apart.

  doctor.py CHECKPOINT [--blocks N] [--own] [--revision R]    print the figures, as the lab does
  doctor.py CHECKPOINT … --compare FILE                       hold them against the lab's (- reads standard input)

Uses Hugging Face's transformers where they are installed (CHECKPOINT is then a folder or a hub id), otherwise, or with
--own, the network of gpt2_reference.py (a folder). For example:

  npm run --silent inversion-lab -- doctor --checkpoint openai-community/gpt2 --json |
    python3 test/reference/doctor.py openai-community/gpt2 --compare -
"""

import argparse
import json
import sys

import torch

PROMPT = [464, 6766, 318, 4171, 13]  # "The sky is blue."


def with_transformers(checkpoint, revision, blocks):
    """The states of every tap, each [T, D] or [T, V]."""
    from transformers import GPT2LMHeadModel

    model = GPT2LMHeadModel.from_pretrained(checkpoint, revision=revision, torch_dtype=torch.float32).eval()
    network = model.transformer
    if blocks is not None:
        network.h = network.h[:blocks]
    ids = torch.tensor([[id % model.config.vocab_size for id in PROMPT]])
    states = []
    hooks = [block.register_forward_hook(lambda _, __, out: states.append(out[0] if isinstance(out, tuple) else out))
             for block in network.h]
    with torch.no_grad():
        embedding = network.wte(ids) + network.wpe(torch.arange(ids.shape[1]))
        final = network(ids).last_hidden_state
        logits = model.lm_head(final)
    for hook in hooks:
        hook.remove()
    return ids[0].tolist(), taps_of(embedding, states, final, logits)


def with_our_own(folder, blocks):
    from gpt2_reference import read_checkpoint, subnetwork

    config, tensors = read_checkpoint(folder)
    tensors = {name: tensor.float() for name, tensor in tensors.items()}
    blocks = config["n_layer"] if blocks is None else blocks
    ids = [id % config["vocab_size"] for id in PROMPT]
    e = (tensors["wte.weight"][ids] + tensors["wpe.weight"][: len(ids)]).unsqueeze(0)
    at = lambda depth, output: subnetwork(e, config, tensors, depth, output)
    states = [at(depth, "block") for depth in range(1, blocks + 1)]
    return ids, taps_of(e, states, at(blocks, "finalNorm"), at(blocks, "head"))


def taps_of(embedding, states, final, logits):
    names = ["embedding", *(f"block {index + 1}" for index in range(len(states))), "finalNorm", "logits"]
    return {name: value[0] for name, value in zip(names, [embedding, *states, final, logits])}


def figures(values):
    flat = values.flatten().double()
    cosines = torch.cos(torch.arange(len(flat), dtype=torch.float64))
    return {"norm": flat.norm().item(), "checksum": (flat * cosines).sum().item()}


def report(arguments):
    try:
        if arguments.own:
            raise ImportError
        ids, taps = with_transformers(arguments.checkpoint, arguments.revision, arguments.blocks)
        program = "transformers"
    except ImportError:
        ids, taps = with_our_own(arguments.checkpoint, arguments.blocks)
        program = "gpt2_reference.py"
    probabilities = torch.softmax(taps["logits"][-1].double(), dim=0)
    best = probabilities.topk(5)
    return {
        "program": f"{program}, PyTorch {torch.__version__}",
        "tokenIds": ids,
        "taps": [{"tap": name, **figures(values)} for name, values in taps.items()],
        "nextTokens": [
            {"id": id, "probability": probability} for probability, id in zip(best.values.tolist(), best.indices.tolist())
        ],
    }


def compare(ours, theirs):
    """Prints the largest differences and returns whether they are those of float32."""
    if ours["tokenIds"] != theirs["tokenIds"] or len(ours["taps"]) != len(theirs["taps"]):
        print("The two are not about the same tokens and depth.")
        return False
    worst = 0.0
    for a, b in zip(ours["taps"], theirs["taps"]):
        apart = max(abs(a[key] - b[key]) for key in ("norm", "checksum")) / a["norm"]
        worst = max(worst, apart)
        print(f"{a['tap']:12}{apart:10.1e} of its norm")
    a, b = (sorted((token["id"], token["probability"]) for token in side["nextTokens"]) for side in (ours, theirs))
    same = [id for id, _ in a] == [id for id, _ in b]
    apart = max(abs(p - q) for (_, p), (_, q) in zip(a, b)) if same else float("nan")
    print(f"next tokens {'differ' if not same else f'are the same, probabilities within {apart:.1e}'}")
    return same and worst < 1e-4


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--revision")
    parser.add_argument("--blocks", type=int)
    parser.add_argument("--own", action="store_true", help="do not use transformers")
    parser.add_argument("--compare", metavar="FILE", help="what the lab printed")
    arguments = parser.parse_args()
    ours = report(arguments)
    if arguments.compare is None:
        print(json.dumps(ours, indent=1))
    else:
        with sys.stdin if arguments.compare == "-" else open(arguments.compare) as file:
            lines = [json.loads(line) for line in file]
        sys.exit(0 if compare(ours, next(line for line in lines if line["type"] == "checkpoint")) else 1)
