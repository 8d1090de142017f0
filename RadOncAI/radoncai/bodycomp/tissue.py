"""From one CT slice to tissue labels: network regions, then Hounsfield ranges.

Labels 1 muscle, 2 SAT, 3 VAT, 4 IMAT, 5 unclassified fat (fat of the cavity outside the VAT range). Ranges: Aubrey 2014
(Alberta protocol). The network is handed in as `predict`: (n, 2, 256, 256) float32 to (n, 5, 256, 256) logits in the
order other, muscle, IMAT, VAT, SAT.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radoncai.bodycomp.field import Field, channels, find_field, slice_body
from radoncai.core.morphology import largest_component

Predict = Callable[[np.ndarray], np.ndarray]

LABELS = {"muscle": 1, "sat": 2, "vat": 3, "imat": 4, "unclassified_fat": 5}
MUSCLE_HU, IMAT_HU, VAT_HU, SAT_HU = (-29.0, 150.0), (-190.0, -30.0), (-150.0, -50.0), (-190.0, -30.0)
NORMAL_MUSCLE_HU = 30.0
PROTOCOL = "muscle -29..150, IMAT -190..-30, VAT -150..-50, SAT -190..-30 HU"
_OTHER, _MUSCLE, _IMAT, _VAT, _SAT = range(5)
_DENOISE_MM = 0.9
_VARIANTS = ((0.0, 0.0, (0, 0)), (8.0, 0.0, (3, -4)), (-8.0, 0.0, (-4, 3)), (0.0, 0.6, (4, 5)))


@dataclass(frozen=True)
class TissueSlice:
    """`labels` uint8 (rows, columns) on the CT's pixels; `variants` one dict of numbers for each of 8 views.

    `uncertain` is the share of body pixels where the mirrored pair is undecided (entropy above 0.35).
    """

    labels: np.ndarray
    field: Field
    variants: tuple[dict[str, float], ...]
    uncertain: float


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along axis 1."""
    power = np.exp(logits - logits.max(1, keepdims=True))
    return power / power.sum(1, keepdims=True)


def denoised(hu: np.ndarray, spacing_mm: tuple[float, float]) -> np.ndarray:
    """Light smoothing (0.9 mm) for the decision between ranges only; mean HU are taken from the image itself."""
    return ndimage.gaussian_filter(np.asarray(hu, np.float32), [_DENOISE_MM / s for s in spacing_mm])


def label_tissue(regions: np.ndarray, hu: np.ndarray) -> np.ndarray:
    """Labels 1 to 5 from regions (0 other, 1 muscle, 2 IMAT, 3 VAT, 4 SAT) and denoised HU of the same shape.

    Muscle and IMAT regions are one compartment: the range decides between them.
    """
    def within(limits: tuple[float, float]) -> np.ndarray:
        return (np.round(hu) >= limits[0]) & (np.round(hu) <= limits[1])

    compartment = (regions == _MUSCLE) | (regions == _IMAT)
    out = np.zeros(np.shape(regions), np.uint8)
    out[compartment & within(MUSCLE_HU)] = LABELS["muscle"]
    out[compartment & within(IMAT_HU)] = LABELS["imat"]
    out[(regions == _VAT) & within(SAT_HU)] = LABELS["unclassified_fat"]
    out[(regions == _VAT) & within(VAT_HU)] = LABELS["vat"]
    out[(regions == _SAT) & within(SAT_HU)] = LABELS["sat"]
    return out


def numbers(labels: np.ndarray, hu: np.ndarray, smooth: np.ndarray, pixel_mm2: float) -> dict[str, float]:
    """Areas in cm2 and mean HU (nan where there is no pixel); `smooth` splits normal from low attenuation muscle."""
    area = pixel_mm2 / 100.0
    out = {f"{name}_cm2": float((labels == value).sum()) * area for name, value in LABELS.items()}
    muscle = labels == LABELS["muscle"]
    fat = np.isin(labels, (LABELS["sat"], LABELS["vat"], LABELS["imat"]))
    out["muscle_hu"] = float(hu[muscle].mean()) if muscle.any() else float("nan")
    out["fat_hu"] = float(hu[fat].mean()) if fat.any() else float("nan")
    out["nama_cm2"] = float((muscle & (np.round(smooth) >= NORMAL_MUSCLE_HU)).sum()) * area
    out["lama_cm2"] = out["muscle_cm2"] - out["nama_cm2"]
    return out


def _views(image: np.ndarray, variants: tuple) -> np.ndarray:
    """Each variant plain and mirrored, (2 * n, 2, 256, 256)."""
    out = []
    for offset, blur, shift in variants:
        view = np.roll(image, shift, (0, 1)) + offset
        view = ndimage.gaussian_filter(view, blur) if blur else view
        out += [channels(view), channels(view[:, ::-1])]
    return np.ascontiguousarray(np.stack(out))


def _unview(share: np.ndarray, variants: tuple) -> np.ndarray:
    """Turn the views' probabilities back onto the field's pixels."""
    out = np.empty_like(share)
    for n, (_, _, shift) in enumerate(variants):
        back = (-shift[0], -shift[1])
        out[2 * n] = np.roll(share[2 * n], back, (1, 2))
        out[2 * n + 1] = np.roll(share[2 * n + 1][..., ::-1], back, (1, 2))
    return out


def segment_slice(hu: np.ndarray, spacing_mm: tuple[float, float], predict: Predict,
                  spread: bool = True) -> TissueSlice:
    """Tissues of one upright slice (rows to the back, columns to the left) in HU; `spacing_mm` (row, column).

    The regions are the mean over all views: the slice and its mirror image, with `spread` eight of them: mirror x
    (plain, +8 HU, -8 HU, blurred), shifted by 3 to 5 pixels, whose numbers `variants` holds. Raises InputError without
    a body.
    """
    hu = np.asarray(hu, np.float32)
    field = find_field(hu, spacing_mm)
    image = field.sample(hu)
    chosen = _VARIANTS if spread else _VARIANTS[:1]
    share = _unview(softmax(predict(_views(image, chosen))), chosen)
    labels = label_tissue(_regions(share.mean(0), field, hu), denoised(hu, spacing_mm))
    smooth = denoised(image, (field.pixel_mm,) * 2)
    variants = tuple(numbers(label_tissue(p.argmax(0), smooth), image, smooth, field.pixel_mm ** 2) for p in share)
    return TissueSlice(labels, field, variants if spread else (), _uncertain(share[:2].mean(0)))


def segment_regions(hu: np.ndarray, spacing_mm: tuple[float, float], predict: Predict) -> np.ndarray:
    """The network's regions alone (0 other, 1 muscle, 2 IMAT, 3 VAT, 4 SAT) on the CT's pixels, mirror averaged."""
    field = find_field(hu, spacing_mm)
    share = _unview(softmax(predict(_views(field.sample(hu), _VARIANTS[:1]))), _VARIANTS[:1]).mean(0)
    return _regions(share, field, hu)


def _regions(share: np.ndarray, field: Field, hu: np.ndarray) -> np.ndarray:
    """The most probable region of each CT pixel, each probability interpolated linearly; arms are cut away."""
    best = np.argmax([field.back(p) for p in share[1:]] + [1e-6 + field.back(share[0])], axis=0)
    trunk = ndimage.binary_dilation(slice_body(hu, field.spacing_mm), iterations=2)
    tissue = (best != 4) & trunk
    trunk = ndimage.binary_fill_holes(largest_component(tissue)) if tissue.any() else trunk
    return np.where(tissue & trunk, best + 1, _OTHER).astype(np.uint8)


def _uncertain(mean: np.ndarray) -> float:
    entropy = -(mean * np.log(mean + 1e-9)).sum(0)
    tissue = mean[1:].sum(0) > 0.5
    return float((entropy[tissue] > 0.35).mean()) if tissue.any() else 1.0
