"""Cache a CT without head and neck organs (an abdomen, a water phantom) as a background case."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from geometry import resample, resampled_shape
from prepare import ORGANS, SPACING
from scipy import ndimage

LABELS = {"Esophagus": 15, "SpinalCord": 79}
MARGIN_MM = 10.0


def read_lps(path: Path) -> tuple[np.ndarray, tuple[float, ...]]:
    """Array [k, j, i] with axes towards head, back and left, and spacing mm in that order."""
    image = sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS")
    return sitk.GetArrayFromImage(image), tuple(image.GetSpacing()[::-1])


def unsure_bits(labels: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Bits of organs that may be there: the label, widened by MARGIN_MM."""
    bits = np.zeros(labels.shape, np.uint8)
    for name, value in LABELS.items():
        mask = labels == value
        if mask.any():
            near = ndimage.distance_transform_edt(~mask, sampling=spacing) <= MARGIN_MM
            bits |= near.astype(np.uint8) << ORGANS.index(name)
    return bits


def to_background(hu: np.ndarray, unsure: np.ndarray, spacing: tuple[float, ...]) -> dict[str, np.ndarray]:
    """A cache entry in which every organ is known to be absent except where `unsure`."""
    shape = resampled_shape(hu.shape, spacing, SPACING)
    scale = tuple(t / s for s, t in zip(spacing, SPACING, strict=True))
    small = np.zeros(shape, np.uint8)
    for n in range(len(ORGANS)):
        small |= (resample(unsure >> n & 1, shape, scale) > 0).astype(np.uint8) << n
    hu = np.rint(resample(hu, shape, scale)).clip(-1000, 3095).astype(np.int16)
    return {"hu": hu, "bits": np.zeros(shape, np.uint8), "known": np.ones(len(ORGANS), bool), "unsure": small}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ct", type=Path, required=True)
    parser.add_argument("--labels", type=Path, help="label map with the values of LABELS, if the CT may hold those")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", required=True)
    options = parser.parse_args()
    hu, spacing = read_lps(options.ct)
    labels = read_lps(options.labels)[0] if options.labels else np.zeros(hu.shape, np.uint8)
    (options.work / "cache").mkdir(parents=True, exist_ok=True)
    entry = to_background(hu, unsure_bits(labels, spacing), spacing)
    np.savez(options.work / "cache" / f"background_{options.name}.npz", **entry)
    print(options.name, entry["hu"].shape)


if __name__ == "__main__":
    main()
