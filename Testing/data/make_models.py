"""Small real models in every format but nnU-Net's (make_nnunet.py), trained for a minute each on the sample patient.

    python Testing/data/make_models.py [NAME ...]        writes Testing/data/models/NAME

One network can stand in several formats, so that tests can ask for the same labels from each.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import bundle_settings  # noqa: E402
from drawn_mr import HEAD_MM, drawn_mr  # noqa: E402

MODELS = Path(__file__).parent / "models"
CHEST_MM, CHEST = (-420.0, -110.0), ("Lung_L", "Lung_R", "SpinalCord")
HEAD = ("Brainstem", "Bone_Mandible")
SPACING, PATCH, HEAD_PATCH = (8.0, 6.0, 6.0), (16, 56, 64), (40, 40, 24)
OURS = {"dimensions": 3, "inputs": 1, "outputs": 4, "widths": [8, 16, 32, 32]}
MONAIS = {"spatial_dims": 3, "in_channels": 1, "out_channels": 4, "channels": [8, 16, 32, 32], "strides": [2, 2, 2],
          "num_res_units": 1, "norm": "instance"}
TWO = {**MONAIS, "in_channels": 2, "out_channels": 3, "channels": [8, 16, 32], "strides": [2, 2]}
CT_RULE = {"clip": [-1000, 1000], "mean": 0, "std": 1000, "outside": -1000}
AUTHOR = "The RadOncAI developers"


def chest() -> tuple[np.ndarray, np.ndarray]:
    """(1, k, j, i) scaled CT and the labels of CHEST from 1 on."""
    from radoncai.phantom.patient import sample_patient
    patient = sample_patient(spacing_mm=SPACING, z_range_mm=CHEST_MM)
    return scaled(patient.ct.array)[None], label_map(patient.truth, CHEST)


def head() -> tuple[np.ndarray, np.ndarray]:
    """(2, i, j, k) scaled CT and MR in RAS order and the labels of HEAD."""
    from radoncai.core.resample import resample
    from radoncai.phantom.patient import sample_patient
    patient = sample_patient(spacing_mm=SPACING, z_range_mm=HEAD_MM)
    mr = resample(mr_beside_ct(), patient.ct.grid).array / 1000
    images = np.stack([scaled(patient.ct.array), mr.astype(np.float32)])
    return ras(images), ras(label_map(patient.truth, HEAD))


def mr_beside_ct() -> Any:
    """The drawn MR on a grid of its own, in the CT's patient space."""
    from radoncai.core.grid import Grid
    from radoncai.core.volume import Volume
    mr, matrix = drawn_mr((0, 0, 0), (0, 0, 0))
    return Volume(mr.array, Grid(mr.grid.shape, matrix @ mr.grid.index_to_lps), "MR", "1")


def scaled(hu: np.ndarray) -> np.ndarray:
    return (np.clip(hu, -1000, 1000) / 1000).astype(np.float32)


def ras(array: np.ndarray) -> np.ndarray:
    """[..., k, j, i] along S, P, L as [..., i, j, k] along R, A, S."""
    return np.ascontiguousarray(np.swapaxes(array, -1, -3)[..., ::-1, ::-1, :])


def label_map(truth: Any, names: tuple[str, ...]) -> np.ndarray:
    out = np.zeros(truth.grid.shape, np.int64)
    for number, name in enumerate(names, 1):
        out[truth.find(name).full(truth.grid.shape)] = number
    return out


def trained(network: Any, image: np.ndarray, labels: np.ndarray, patch: tuple[int, ...], steps: int) -> Any:
    """Cross entropy, rare labels weighted, on random tiles of one image; the same seed gives the same weights."""
    import torch
    rng = np.random.default_rng(5)
    share = np.bincount(labels.ravel()) / labels.size
    weight = torch.tensor(1 / np.sqrt(share / share.max()), dtype=torch.float32)
    optimiser = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, steps)
    for _ in range(steps):
        corner = [int(rng.integers(0, n - p + 1)) for n, p in zip(labels.shape, patch, strict=True)]
        box = tuple(slice(c, c + p) for c, p in zip(corner, patch, strict=True))
        x = torch.from_numpy(image[(slice(None), *box)] + rng.normal(0, 0.01, (1, *patch)).astype(np.float32))[None]
        loss = torch.nn.functional.cross_entropy(network(x), torch.from_numpy(labels[box])[None], weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    print(f"  {type(network).__name__}: last loss {loss.item():.3f}")
    return network.eval()


@cache
def our_network() -> Any:
    from radoncai.models.networks.unet import UNet
    return trained(seeded(lambda: UNet(**OURS)), *chest(), PATCH, 200)


@cache
def monai_network() -> Any:
    from monai.networks.nets import UNet
    return trained(seeded(lambda: UNet(**MONAIS)), *chest(), PATCH, 200)


@cache
def two_channel_network() -> Any:
    from monai.networks.nets import UNet
    return trained(seeded(lambda: UNet(**TWO)), *head(), HEAD_PATCH, 160)


def seeded(make: Callable[[], Any]) -> Any:
    import torch
    torch.manual_seed(7)
    torch.use_deterministic_algorithms(True)
    return make()


def state(network: Any) -> dict[str, Any]:
    """Half precision: half the size, and it loads into full."""
    return {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}


def through_half(network: Any) -> Any:
    """The network with the weights that its stored form has, so that every format holds the same ones."""
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state(network).items()})
    return network


def unet_onnx(folder: Path) -> dict[str, Any]:
    export_onnx(through_half(our_network()), folder / "model.onnx", PATCH)
    return {"title": "Lungs and cord, ONNX", "runner": "onnx", **tiles()}


def unet_torch(folder: Path) -> dict[str, Any]:
    import torch
    torch.save(state(our_network()), folder / "model.pt")
    return {"title": "Lungs and cord, torch", "runner": "torch", **tiles(),
            "network": {"class": "unet.UNet", "arguments": OURS}}


def unet_torchscript(folder: Path) -> dict[str, Any]:
    import torch
    traced = torch.jit.trace(through_half(our_network()), torch.zeros(1, 1, *PATCH))
    torch.jit.save(torch.jit.freeze(traced), folder / "model.ts")
    return {"title": "Lungs and cord, TorchScript", "runner": "torchscript", **tiles()}


def unet_monai(folder: Path) -> dict[str, Any]:
    import torch
    torch.save(state(monai_network()), folder / "model.pt")
    return {"title": "Lungs and cord, a network of MONAI", "runner": "torch", **tiles(),
            "network": {"class": "monai.networks.nets.UNet", "arguments": MONAIS}}


def tiles() -> dict[str, Any]:
    return {"inputs": [{"name": "CT", "normalisation": CT_RULE}], "outputs": [{"name": n} for n in CHEST],
            "activation": "softmax", "spacing_mm": SPACING, "patch": PATCH, "overlap": 0.5}


def denoise(folder: Path) -> dict[str, Any]:
    """CT in, CT with less noise out: a 3 x 3 x 3 correction on the image's own grid."""
    export_onnx(denoiser(), folder / "model.onnx", (16, 32, 32))
    scale = {"mean": CT_RULE["mean"], "std": CT_RULE["std"], "clip": [-1024, 3000]}
    return {"title": "Less noise", "runner": "onnx", "task": "image", "activation": "none", "unit": "HU",
            "inputs": [{"name": "CT", "normalisation": {**CT_RULE, "clip": [-1024, 3000]}}],
            "outputs": [{"name": "CT", "normalisation": scale}], "patch": [16, 64, 64], "overlap": 0.25}


def denoiser() -> Any:
    """Trained on a noisy drawing of the chest against one without noise."""
    import torch
    from torch import nn

    from radoncai.phantom.patient import sample_patient

    class Correction(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers = (nn.Conv3d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv3d(8, 8, 3, padding=1), nn.ReLU(),
                      nn.Conv3d(8, 1, 1))
            self.layers = nn.Sequential(*layers)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.layers(x)
    noisy, clean = (torch.from_numpy(sample_patient(spacing_mm=SPACING, z_range_mm=CHEST_MM, noise_hu=hu).ct.array
                                     .astype(np.float32) / CT_RULE["std"])[None, None] for hu in (50.0, 0.0))
    network, rng = seeded(Correction), np.random.default_rng(5)
    optimiser = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, 600)
    for _ in range(600):
        k, j, i = (int(rng.integers(0, n - p + 1)) for n, p in zip(noisy.shape[2:], (16, 40, 40), strict=True))
        box = (..., slice(k, k + 16), slice(j, j + 40), slice(i, i + 40))
        loss = torch.nn.functional.mse_loss(10 * network(noisy[box]), 10 * clean[box])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    print(f"  Correction: last loss {100 * loss.item() ** 0.5:.1f} HU")
    return network.eval()


def bundle(folder: Path) -> dict[str, Any]:
    write_bundle(folder, bundle_settings.one_image(CHEST, SPACING, PATCH, MONAIS), monai_network())
    return {}


def bundle_two_images(folder: Path) -> dict[str, Any]:
    write_bundle(folder, bundle_settings.two_images(HEAD, SPACING, HEAD_PATCH, TWO), two_channel_network())
    return {}


def write_bundle(folder: Path, settings: tuple[dict, dict], network: Any) -> None:
    """The three files of a bundle that `python -m monai.bundle run` runs."""
    import torch
    for name, content in zip(("metadata", "inference"), settings, strict=True):
        path = folder / "configs" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (folder / "models").mkdir()
    torch.save(through_half(network).state_dict(), folder / "models" / "model.pt")


def export_onnx(network: Any, path: Path, patch: tuple[int, ...]) -> None:
    import torch
    axes = {2: "k", 3: "j", 4: "i"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (torch.zeros(1, 1, *patch),), str(path), opset_version=17, dynamo=False,
                          input_names=["input"], output_names=["output"],
                          dynamic_axes={"input": axes, "output": axes})


def finish(folder: Path, content: dict[str, Any]) -> None:
    """model.json with the hashes of all files that steer a run, and card.json."""
    if not content:
        from radoncai.models.runners.monai_bundle import describe
        content = describe(folder)
        content.pop("card")
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".md")
    hashes = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    content = {"version": "0.1.0", "task": "contour", "modality": ["CT"], **content, "name": folder.name,
               "sites": ["thorax"], "licence": "Apache-2.0", "weights": hashes}
    card = {"title": content["title"], "intended_use": "Tests of this program.", "not_intended": "People.",
            "training_data": "The drawn sample patient.", "method": "A few hundred steps of Adam on tiles.",
            "metrics": [], "limits": "It has seen one drawn patient.", "licence": "Apache-2.0", "contact": AUTHOR,
            "date": "2026-11-21"}
    for name, value in (("model", content), ("card", card)):
        (folder / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    print(f"{folder.name}: {size / 1000:.0f} kB")
    assert size < 1_000_000, "a test model must stay below 1 MB"


MAKERS = (unet_onnx, unet_torch, unet_torchscript, unet_monai, denoise, bundle, bundle_two_images)


def main(names: list[str]) -> None:
    for make in MAKERS:
        if names and make.__name__ not in names:
            continue
        folder = MODELS / make.__name__
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        finish(folder, make(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
