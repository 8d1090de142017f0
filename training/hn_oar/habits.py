"""How long contours were drawn along the patient, and whether two networks miss the same patients."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from evaluate import EXCLUDED
from prepare import ORGANS, native_patients


def lengths_mm(data: Path) -> dict[str, list[float]]:
    """Organ -> from its lowest to its highest slice, of each patient of fit and early_stop that has it."""
    out = {organ: [] for organ in ORGANS}
    for split in ("fit", "early_stop"):
        for _, _, masks, spacing in native_patients(data, split):
            for organ in ORGANS:
                if organ in masks and masks[organ].any():
                    slices = np.flatnonzero(masks[organ].any((1, 2)))
                    out[organ].append((slices[-1] - slices[0] + 1) * spacing[0])
    return out


def together(rows: list[dict], organ: str, columns: tuple[str, str]) -> float:
    """Correlation of two columns' Dice over the patients."""
    dice = [{r["patient"]: r["dice"] for r in rows if r["column"] == column and r["organ"] == organ
             and (r["patient"], organ) not in EXCLUDED} for column in columns]
    return float(np.corrcoef([[d[p] for p in dice[0]] for d in dice])[0, 1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the OpenKBP folder")
    parser.add_argument("--rows", type=Path, required=True, help="rows of hn_contours.py --plain")
    parser.add_argument("--columns", nargs=2, default=("hn_oar", "hn_oar_plain"))
    options = parser.parse_args()
    rows, lengths = json.loads(options.rows.read_text()), lengths_mm(options.data)
    for organ in ORGANS:
        drawn = np.array(lengths[organ])
        print(f"{organ}: {drawn.mean():.0f} mm, standard deviation {drawn.std():.1f}, n {len(drawn)}; Dice of "
              f"{' and '.join(options.columns)} correlate by {together(rows, organ, tuple(options.columns)):.2f}")


if __name__ == "__main__":
    main()
