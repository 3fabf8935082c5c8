#!/usr/bin/env python3
"""Hidden states as people have them: saved from transformers by forward hooks on the blocks.

Needs torch, transformers and safetensors.

  states_reference.py FOLDER OUT.safetensors ID…   states of the tokens behind every block of a GPT-2 checkpoint folder,
                                                   as hidden_states.N [1, T, D], and nothing said of where they come from
"""

import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM


def main(folder, out, *ids):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    kept = {}
    for number, block in enumerate(model.transformer.h, start=1):

        def keep(_block, _inputs, output, name=f"hidden_states.{number}"):
            states = output[0] if isinstance(output, tuple) else output
            kept[name] = states.detach().contiguous()

        block.register_forward_hook(keep)
    with torch.no_grad():
        model(torch.tensor([[int(id) for id in ids]]))
    save_file(kept, out)


main(*sys.argv[1:])
