"""The two architectures that were compared, and weights files that say which of them they belong to."""

from __future__ import annotations

from pathlib import Path

import torch
from prepare import ORGANS

from radoncai.models.networks import unet

NETWORKS = {
    "sub_voxel": ("SubVoxelUNet", {"inputs": 2, "outputs": len(ORGANS), "widths": [32, 64, 96, 128]}),
    "plain": ("UNet", {"dimensions": 3, "inputs": 2, "outputs": len(ORGANS), "widths": [12, 24, 48, 96, 128]}),
}


def build(name: str) -> torch.nn.Module:
    """A fresh network whose outputs start near zero probability."""
    kind, arguments = NETWORKS[name]
    network = getattr(unet, kind)(**arguments)
    torch.nn.init.constant_((network.unfold if name == "sub_voxel" else network.head).bias, -4.0)
    return network.to(memory_format=torch.channels_last_3d)


def save_weights(name: str, network: torch.nn.Module, path: Path) -> None:
    """Weights with the name of their architecture."""
    torch.save({"network": name, "weights": network.state_dict()}, path)


def load_weights(path: Path) -> tuple[str, torch.nn.Module]:
    """Architecture's name and the network in evaluation mode."""
    stored = torch.load(path, weights_only=True, map_location="cpu")
    network = build(stored["network"])
    network.load_state_dict({name: value.float() for name, value in stored["weights"].items()})
    return stored["network"], network.eval()


def take_over(network: torch.nn.Module, path: Path) -> int:
    """Copy from a bundle's model.pt the weights that have the same name and shape; how many tensors."""
    old = torch.load(path, weights_only=True, map_location="cpu")
    own = network.state_dict()
    same = {n: v.float() for n, v in old.items() if n in own and own[n].shape == v.shape}
    network.load_state_dict(own | same)
    return len(same)
