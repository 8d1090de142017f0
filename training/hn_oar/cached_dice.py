"""Dice of one network, or of the mean of several, on cached patients at the model's spacing: threshold 0.5."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from networks import load_weights
from patches import load_case
from prepare import ORGANS
from train import early_stop_dice


class Mean(torch.nn.Module):
    """The mean of several networks' logits."""

    def __init__(self, networks: list[torch.nn.Module]) -> None:
        super().__init__()
        self.networks = torch.nn.ModuleList(networks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return sum(network(x).float() for network in self.networks) / len(self.networks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--weights", type=Path, nargs="+", required=True, help="last.pt of one or several trainings")
    parser.add_argument("--pool", choices=("fit", "early_stop"), default="early_stop")
    parser.add_argument("--every", type=int, default=1, help="6: each sixth patient")
    options = parser.parse_args()
    cases = [load_case(p) for p in sorted((options.work / "cache").glob(f"{options.pool}_*.npz"))[::options.every]]
    dice = early_stop_dice(Mean([load_weights(p)[1] for p in options.weights]).eval(), cases, "cpu")
    organs = dict(zip(ORGANS, dice.round(3).tolist(), strict=True))
    print(f"{len(cases)} patients, mean {np.nanmean(dice):.4f}", organs)


if __name__ == "__main__":
    main()
