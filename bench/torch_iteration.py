"""One iteration of the inversion in PyTorch on the CPU, weights frozen: prints {"ms": median, "build": what ran}.

  torch_iteration.py FOLDER BLOCKS BATCH LENGTH OUTPUT
"""

import json
import os
import statistics
import sys
import time

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../test/reference"))
from gpt2_reference import distance, read_checkpoint, subnetwork

folder, blocks, batch, length, output = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
config, tensors = read_checkpoint(folder)
tensors = {name: tensor.float() for name, tensor in tensors.items()}
torch.manual_seed(0)
with torch.no_grad():
    point = torch.randn(batch, length, config["n_embd"]) * 0.02
    target = subnetwork(point, config, tensors, blocks, output)
e = (torch.randn(batch, length, config["n_embd"]) * 0.02).requires_grad_()


def iteration():
    began = time.perf_counter()
    e.grad = None
    distance("l1", subnetwork(e, config, tensors, blocks, output), target).sum().backward()
    return 1000 * (time.perf_counter() - began)


for _ in range(3):
    iteration()
blas = "OpenBLAS" if os.path.exists("/usr/lib/x86_64-linux-gnu/openblas-pthread") else "default BLAS"
build = f"Debian's PyTorch {torch.__version__}, {blas}; PyTorch's own wheels would be faster"
print(json.dumps({"ms": statistics.median(iteration() for _ in range(15)), "build": build}))
