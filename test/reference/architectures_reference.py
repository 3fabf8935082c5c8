#!/usr/bin/env python3
"""Tiny random checkpoints of every architecture and variant, and what transformers makes of them in float64.

Needs torch, transformers and safetensors.

  architectures_reference.py OUT [NAME…]   one folder each: config.json and model.safetensors in bfloat16, as transformers
                                           writes them, then changed as the variant wants; states.safetensors with
                                           token_ids [T], block.N [T, D], finalNorm [T, D], logits [T, V], and gradient
                                           [T, D] of half the sum of the squared logits for the input embedding

transformers computes RMSNorm, softmax and rotary angles in float32 whatever the model's type: its modules are given a torch
whose float32 is float64.
"""

import json
import os
import shutil
import sys
import zlib

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, modeling_rope_utils

VOCABULARY, LENGTH = 24, 12
IDS = [3, 0, 7, 19, 22, 7, 1, 11, 11, 23, 5, 2]


class WideTorch:
    """torch, but that its float32 has 64 bits."""

    def __getattr__(self, name):
        return torch.float64 if name in ("float32", "float") else getattr(torch, name)


def widen(model):
    for module in {type(part).__module__ for part in model.modules()}:
        if module.startswith("transformers."):
            sys.modules[module].torch = WideTorch()
    modeling_rope_utils.torch = WideTorch()
    torch.Tensor.float = torch.Tensor.double


def gpt2(**changes):
    return dict(model_type="gpt2", n_embd=16, n_layer=2, n_head=2, n_positions=16, vocab_size=VOCABULARY, **changes)


def llama(model_type="llama", **changes):
    sizes = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)
    return dict(model_type=model_type, max_position_embeddings=16, vocab_size=VOCABULARY, **{**sizes, **changes})


def neox(**changes):
    sizes = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2)
    return dict(model_type="gpt_neox", max_position_embeddings=16, vocab_size=VOCABULARY, **{**sizes, **changes})


LLAMA3 = dict(
    rope_type="llama3",
    rope_theta=300.0,
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=64,
)
WINDOWS = dict(use_sliding_window=True, sliding_window=3, max_window_layers=1)

# Each: config.json, what is done to its tensors, and what the reading needs where transformers cannot compute in float64.
VARIANTS = {
    "gpt2-cerebras": dict(config=gpt2(activation_function="gelu", n_inner=40)),
    "gpt2-crfm": dict(
        config=gpt2(scale_attn_by_inverse_layer_idx=True, reorder_and_upcast_attn=True),
        reading=dict(reorder_and_upcast_attn=False),
    ),
    "gpt2-unscaled": dict(config=gpt2(scale_attn_weights=False, activation_function="relu")),
    "gpt2-silu": dict(config=gpt2(activation_function="silu", layer_norm_epsilon=1.0)),
    "gpt2-tanh": dict(config=gpt2(activation_function="tanh")),
    "gpt2-quick": dict(config=gpt2(activation_function="quick_gelu")),
    "gpt2-fast": dict(config=gpt2(activation_function="gelu_fast")),
    "gpt2-unbiased": dict(config=gpt2(activation_function="gelu"), drop=lambda name: name.endswith(".bias")),
    "gpt2-head-alone": dict(config=gpt2(), drop=lambda name: name == "transformer.wte.weight", both=True),
    "gpt2-own-head": dict(config=gpt2(), both=True, differ=True),
    "llama-grouped": dict(config=llama()),
    "llama-tied": dict(config=llama(tie_word_embeddings=True, rms_norm_eps=1e-5, num_key_value_heads=4)),
    "llama-biased": dict(config=llama(attention_bias=True, mlp_bias=True, head_dim=6, num_key_value_heads=1)),
    "llama-linear": dict(config=llama(), stored=dict(rope_scaling=dict(type="linear", factor=2.5), rope_theta=5e3)),
    "llama-llama3": dict(config=llama(rope_parameters=LLAMA3, head_dim=8, num_hidden_layers=1, hidden_act="gelu")),
    "mistral": dict(config=llama("mistral", sliding_window=4, head_dim=8)),
    "qwen2": dict(config=llama("qwen2", **WINDOWS), without="layer_types"),
    "gpt-neox": dict(config=neox(), stored=dict(rotary_pct=0.5, rotary_emb_base=500)),
    "gpt-neox-serial": dict(config=neox(use_parallel_residual=False, attention_bias=False, tie_word_embeddings=True)),
    "qwen3": dict(config=llama("qwen3", head_dim=6, tie_word_embeddings=True, **WINDOWS)),
}


def fill(model, name):
    """No weight is trivial, and each is a number of bfloat16."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    for key, weight in model.named_parameters():
        drawn = torch.randn(weight.shape, generator=generator)
        if weight.dim() == 1:
            drawn = 0.2 * drawn + (1.0 if key.endswith("weight") else 0.0)
        elif "wte" not in key and "embed" not in key and "lm_head" not in key:
            drawn = drawn * 1.5 / max(weight.shape) ** 0.5
        weight.data = drawn.to(torch.bfloat16)


def make(folder, name, config, drop=None, both=False, differ=False, reading=None, stored=None, without=None):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    kept = dict(config)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kept.pop("model_type"), **kept))
    fill(model, name)
    model.save_pretrained(folder)
    generation = os.path.join(folder, "generation_config.json")
    if os.path.exists(generation):
        os.remove(generation)
    weights = os.path.join(folder, "model.safetensors")
    tensors = load_file(weights)
    if both:
        embedding = tensors["transformer.wte.weight"]
        tensors["lm_head.weight"] = embedding.flip(0).contiguous() if differ else embedding.clone()
    save_file({key: value for key, value in tensors.items() if not (drop and drop(key))}, weights, {"format": "pt"})
    path = os.path.join(folder, "config.json")
    with open(path) as file:
        written = json.load(file)
    written.pop("transformers_version")
    if without is not None:
        written.pop(without)
    if stored is not None:
        written.pop("rope_parameters")
        written.update(stored)
    with open(path, "w") as file:
        json.dump(written, file, indent=1)
        file.write("\n")


def base_of(model):
    return getattr(model, model.base_model_prefix)


def states(folder, reading=None):
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float64, attn_implementation="eager", **(reading or {})
    ).eval()
    widen(model)
    base = base_of(model)
    # The angles were made while float32 was narrow.
    for part in model.modules():
        if "RotaryEmbedding" in type(part).__name__:
            part.__init__(part.config)
    blocks = base.h if hasattr(base, "h") else base.layers
    norm = next(getattr(base, name) for name in ("ln_f", "norm", "final_layer_norm") if hasattr(base, name))
    kept = {"token_ids": torch.tensor(IDS)}

    def keep(name):
        def hook(_module, _inputs, output):
            value = output[0] if isinstance(output, tuple) else output
            kept[name] = value.detach()[0].clone()

        return hook

    for number, block in enumerate(blocks, start=1):
        block.register_forward_hook(keep(f"block.{number}"))
    norm.register_forward_hook(keep("finalNorm"))
    embedding = model.get_input_embeddings()(torch.tensor([IDS])).detach().requires_grad_()
    logits = model(inputs_embeds=embedding, use_cache=False).logits
    (logits.square().sum() / 2).backward()
    kept["logits"] = logits.detach()[0].clone()
    kept["gradient"] = embedding.grad[0].clone()
    assert all(value.dtype in (torch.float64, torch.int64) for value in kept.values())
    save_file(kept, os.path.join(folder, "states.safetensors"))


def main(out, *names):
    transformers.logging.set_verbosity_error()
    narrow = torch.Tensor.float
    for name, variant in VARIANTS.items():
        if names and name not in names:
            continue
        torch.Tensor.float = narrow
        folder = os.path.join(out, name)
        make(folder, name, **variant)
        states(folder, variant.get("reading"))
        print(name)


main(*sys.argv[1:])
