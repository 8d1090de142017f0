"""What in a slice makes its numbers doubtful: calibration, a field that cuts the body, contrast."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.bodycomp.field import slice_body
from radoncai.bodycomp.tissue import LABELS

SENTENCES = {
    "field_cut": "The field of view cuts the body: SAT, and perhaps muscle, is larger than measured.",
    "air_calibration": "Air around the body is not at -1000 HU: densities and fat areas may be shifted.",
    "sat_median": "Subcutaneous fat lies outside -115 to -90 HU: calibration, oedema or low tube voltage.",
    "contrast": "Contrast was given: muscle density reads 7 to 8 HU higher than without (van Vugt, Clin Nutr).",
    "low_kv": "Tube voltage of 100 kV or less: density and fat areas differ from those at 120 kV.",
    "level_given": "The level was given, not checked.",
    "level_methods_disagree": "The methods that look for L3 do not agree: check the vertebra.",
    "level_one_method": "Only one method found L3: check the vertebra.",
    "resampled": "The images are oblique or of a tilted gantry: the slice was interpolated, which blurs fat in muscle.",
    "interpolated_slice": "The slice was interpolated between its neighbours: no image lies there.",
    "uncertain_regions": "The network is undecided on more than a quarter of the tissue: look at the borders.",
}
AIR_HU, AIR_OFF_HU = -1000.0, 30.0
SAT_MEDIAN_HU = (-115.0, -90.0)
CUT_MM = 40.0
PAD_HU = -1010.0


def slice_flags(hu: np.ndarray, labels: np.ndarray, spacing_mm: tuple[float, float]) -> list[str]:
    """Short flags of one slice: `air_calibration`, `sat_median`, `field_cut`; empty when nothing is wrong."""
    body = slice_body(hu, spacing_mm)
    flags = []
    if field_cut_mm(hu, body, spacing_mm) > CUT_MM:
        flags.append("field_cut")
    air = air_hu(hu, body, spacing_mm)
    if air is not None and abs(air - AIR_HU) > AIR_OFF_HU:
        flags.append("air_calibration")
    sat = hu[labels == LABELS["sat"]]
    if sat.size > 200 and not SAT_MEDIAN_HU[0] <= np.median(sat) <= SAT_MEDIAN_HU[1]:
        flags.append("sat_median")
    return flags


def air_hu(hu: np.ndarray, body: np.ndarray, spacing_mm: tuple[float, float]) -> float | None:
    """Median HU outside the body, 10 mm or more away, without couch and padding; None where there is too little."""
    away = ndimage.binary_dilation(body, iterations=max(1, int(10 / min(spacing_mm))))
    outside = hu[~away & (hu < -900) & (hu > -1023)]
    return float(np.median(outside)) if outside.size > 200 else None


def field_cut_mm(hu: np.ndarray, body: np.ndarray, spacing_mm: tuple[float, float]) -> float:
    """Length of the body's edge on the image's border or on the padding outside a round field, mm."""
    border = max(int(body[0].sum()), int(body[-1].sum())) * spacing_mm[1]
    border += (int(body[:, 0].sum()) + int(body[:, -1].sum())) * spacing_mm[0]
    rim = ndimage.binary_dilation(body, iterations=2) & ~body
    padded = ndimage.binary_opening(hu <= max(PAD_HU, float(hu.min()) + 0.5) if hu.min() < PAD_HU else hu < -1e9,
                                    iterations=2)
    share = float((rim & padded).sum()) / max(1, int(rim.sum()))
    around = float(rim.sum()) / 2 * float(np.mean(spacing_mm))
    return border + (share * around if share < 0.5 else 0.0)


def contrast_of(header: dict[str, object]) -> str | None:
    """`given` where the header names a contrast agent, else None: its absence proves nothing."""
    agent = str(header.get("ContrastBolusAgent") or "").strip()
    return "given" if agent and agent.upper() not in ("NONE", "NO", "WITHOUT") else None
