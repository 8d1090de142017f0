"""Cache OpenKBP patients at the model's spacing: int16 HU and one byte of organ bits a voxel."""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
from geometry import resample, resampled_shape

ORGANS = ("Brainstem", "SpinalCord", "RightParotid", "LeftParotid", "Esophagus", "Larynx", "Mandible")
SETTINGS = json.loads(Path(__file__).with_name("bundle.json").read_text())
SPACING, *FURTHER_SPACINGS = (tuple(mm) for mm in (SETTINGS["spacing_mm"], *SETTINGS["further_spacings_mm"]))
STANDARD_NAMES = tuple(output["name"] for output in SETTINGS["outputs"])
PATCH = tuple(SETTINGS["patch"])
AIR = -1000


def openkbp(data: Path) -> ModuleType:
    """The data folder's own reader."""
    spec = importlib.util.spec_from_file_location("openkbp_load", data / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def native_patients(data: Path, split: str) -> Iterator[tuple[str, np.ndarray, dict, tuple[float, ...]]]:
    """(id, HU int16 [k, j, i], organ -> mask, spacing mm) of each patient of a split."""
    load = openkbp(data)
    for path in load.list_patients(split):
        p = load.read_patient(path)
        yield p["id"], p["ct"] - np.int16(1000), p["structures"], p["spacing_mm"]


def to_model_grid(hu: np.ndarray, masks: dict[str, np.ndarray], spacing: tuple[float, ...]) -> dict[str, np.ndarray]:
    """HU int16, bits uint8 (bit n = ORGANS[n]) and known (bool, 7) at SPACING, cropped to the data."""
    shape = resampled_shape(hu.shape, spacing, SPACING)
    scale = tuple(t / s for s, t in zip(spacing, SPACING, strict=True))
    bits = np.zeros(shape, np.uint8)
    for n, name in enumerate(ORGANS):
        if name in masks:
            bits |= (resample(masks[name], shape, scale) > 0.5).astype(np.uint8) << n
    small = np.rint(resample(hu, shape, scale)).astype(np.int16)
    filled = np.nonzero((small > AIR + 200) | (bits > 0))
    box = tuple(slice(a.min(), a.max() + 1) for a in filled)
    known = np.array([name in masks for name in ORGANS])
    return {"hu": np.ascontiguousarray(small[box]), "bits": np.ascontiguousarray(bits[box]), "known": known}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the OpenKBP folder")
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    folder = options.work / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for split in ("fit", "early_stop"):
        for name, hu, masks, spacing in native_patients(options.data, split):
            entry = to_model_grid(hu, masks, spacing)
            np.savez(folder / f"{split}_{name}.npz", **entry)
            sizes[name] = entry["hu"].shape
    print(json.dumps(sizes))


if __name__ == "__main__":
    main()
