"""What hn_oar does on scans it was not made for: fine pixels, other body parts, head to pelvis."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from evaluate import BUNDLE, dice
from prepare import ORGANS, STANDARD_NAMES, native_patients
from prepare_background import read_lps
from scipy import ndimage

from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models import runners
from radoncai.models.catalogue import read_folder
from radoncai.models.engine.contours import segment
from radoncai.phantom.patient import sample_patient


def masks_of(hu: np.ndarray, spacing: tuple[float, ...], model: object, runner: object) -> dict[str, np.ndarray]:
    """The engine's masks by name, at the size of the image."""
    volume = Volume(hu, Grid(hu.shape, np.diag([*spacing[::-1], 1.0])), "CT", "HU")
    found = segment(volume, model, runner, STANDARD_NAMES, Progress()).found
    out = {}
    for name, part in found.items():
        out[name] = np.zeros(hu.shape, bool)
        out[name][part.box] = part.mask
    return out


def volumes_cc(masks: dict[str, np.ndarray], spacing: tuple[float, ...]) -> dict[str, float]:
    return {name: round(float(m.sum() * np.prod(spacing) / 1000), 2) for name, m in masks.items()}


def fine_pixels(hu: np.ndarray, truth: dict, spacing: tuple[float, ...], segmenter: object) -> dict[str, list]:
    """Dice on the patient's own pixels and on pixels a quarter as wide (interpolated)."""
    fine = np.rint(ndimage.zoom(hu.astype(np.float32), (1, 4, 4), order=1, grid_mode=True, mode="nearest"))
    thin = (spacing[0], spacing[1] / 4, spacing[2] / 4)
    a, b = segmenter(hu, spacing), segmenter(fine.astype(np.int16), thin)
    out = {}
    for organ, name in zip(ORGANS, STANDARD_NAMES, strict=True):
        if organ in truth and name in a and name in b:
            repeated = truth[organ].repeat(4, 1).repeat(4, 2)
            out[name] = [round(dice(a[name], truth[organ]), 3), round(dice(b[name], repeated), 3)]
    return out


def stacked(head: np.ndarray, spacing: tuple[float, ...], below: np.ndarray,
            other: tuple[float, ...]) -> tuple[np.ndarray, tuple[slice, ...]]:
    """A made-up head-to-pelvis scan, the other CT at the head's spacing twice under the head, and the head's box."""
    part = ndimage.zoom(below.astype(np.float32), [o / s for o, s in zip(other, spacing, strict=True)], order=1)
    shape = (2 * len(part) + len(head), *(max(a, b) for a, b in zip(part.shape[1:], head.shape[1:], strict=True)))
    out = np.full(shape, -1000, np.int16)
    for start, piece in ((0, part), (len(part), part), (2 * len(part), head)):
        j, i = ((n - m) // 2 for n, m in zip(shape[1:], piece.shape[1:], strict=True))
        box = (slice(start, start + len(piece)), slice(j, j + piece.shape[1]), slice(i, i + piece.shape[2]))
        out[box] = np.rint(piece)
    return out, box


def head_to_pelvis(hu: np.ndarray, truth: dict, spacing: tuple[float, ...], other: tuple, segmenter: object) -> None:
    """Print what is found below the head, and the Dice in it; slices without a whole patient are left out."""
    filled = np.flatnonzero((hu > -300).sum((1, 2)) * spacing[1] * spacing[2] > 8000)
    kept = slice(filled[0], filled[-1] + 1)
    scan, box = stacked(hu[kept], spacing, other[1], other[2])
    masks = segmenter(scan, spacing)
    low = {n: m[:box[0].start] for n, m in masks.items()}
    top = {n: round(dice(masks[n][box], truth[o][kept]), 3)
           for o, n in zip(ORGANS, STANDARD_NAMES, strict=True) if o in truth and n in masks}
    print("  head to pelvis", scan.shape, "cc below the head:", json.dumps(volumes_cc(low, spacing)), "Dice:", top)


def drawn_patient(segmenter: object) -> None:
    """Print Dice on the drawn patient from head to thighs, fine slices, and how far down each organ is found."""
    drawn = sample_patient(seed=1, spacing_mm=(2.0, 1.2, 1.2), whole_organs=True)
    grid = drawn.ct.grid
    masks = segmenter(drawn.ct.array, grid.spacing_mm)
    for name in STANDARD_NAMES:
        truth = drawn.truth.find(name).full(grid.shape)
        found = masks.get(name, np.zeros(grid.shape, bool))
        low = [int(np.flatnonzero(m.any((1, 2)))[0]) * grid.spacing_mm[0] if m.any() else None for m in (truth, found)]
        print(f"  drawn patient, {name}: Dice {dice(found, truth):.3f}, lowest slice {low[0]} mm, found {low[1]} mm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the OpenKBP folder")
    parser.add_argument("--ct", type=Path, nargs="*", default=[], help="CTs of other body parts (NRRD, NIfTI)")
    parser.add_argument("--patients", type=int, default=2)
    parser.add_argument("--model", type=Path, default=BUNDLE)
    parser.add_argument("--drawn", action="store_true", help="also the drawn patient from head to thighs")
    options = parser.parse_args()
    folder = read_folder(options.model)
    runner = runners.open(folder, "cpu")

    def segmenter(hu: np.ndarray, spacing: tuple[float, ...]) -> dict[str, np.ndarray]:
        return masks_of(hu, spacing, folder.model, runner)

    if options.drawn:
        drawn_patient(segmenter)
    others = [(path, *read_lps(path)) for path in options.ct]
    for path, hu, spacing in others:
        print(path.parent.name, hu.shape, "cc found:", json.dumps(volumes_cc(segmenter(hu, spacing), spacing)))
    for number, (name, hu, truth, spacing) in enumerate(native_patients(options.data, "early_stop")):
        if number == options.patients:
            break
        print(name, "Dice own pixels, fine pixels:", json.dumps(fine_pixels(hu, truth, spacing, segmenter)))
        if others:
            head_to_pelvis(hu, truth, spacing, others[0], segmenter)


if __name__ == "__main__":
    main()
