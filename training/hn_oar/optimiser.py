"""Muon (K. Jordan and others, 2024) for the convolutions' weights and AdamW for the rest.

torch.optim.Muon takes matrices alone; here a kernel counts as a matrix (out, in * k * j * i).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

MUON_RATE = 0.02
ADAM_RATE = 1.5e-3
# of the quintic iteration: singular values end between 0.7 and 1.2
A, B, C = 3.4445, -4.7750, 2.0315
STEPS = 5
LAST = ("head", "unfold")


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with its singular values brought near one."""
    x = matrix.bfloat16()
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(STEPS):
        gram = x @ x.T
        x = A * x + (B * gram + C * gram @ gram) @ x
    return (x if wide else x.T).float()


class Muon(torch.optim.Optimizer):
    """One step: Nesterov momentum of the gradient, made orthogonal, scaled by sqrt(out / in) where that is above 1."""

    def __init__(self, weights: Iterable[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.01) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                mean.lerp_(p.grad, 1 - group["momentum"])
                ahead = p.grad.lerp(mean, group["momentum"])
                flat = ahead.reshape(len(p), -1)
                update = orthogonal(flat) * max(1.0, flat.shape[0] / flat.shape[1]) ** 0.5
                p.mul_(1 - group["lr"] * group["decay"]).add_(update.reshape(p.shape), alpha=-group["lr"])


def optimisers_of(network: torch.nn.Module) -> list[torch.optim.Optimizer]:
    """Muon for the kernels but the last layer's, AdamW for that and for what has no kernel."""
    named = list(network.named_parameters())
    kernels = [p for name, p in named if p.ndim == 5 and not name.startswith(LAST)]
    rest = [p for name, p in named if p.ndim != 5 or name.startswith(LAST)]
    return [Muon(kernels, MUON_RATE), torch.optim.AdamW(rest, ADAM_RATE, weight_decay=1e-3, fused=True)]
