"""Choose each organ's threshold and post-processing on early_stop; writes the JSON that export.py takes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from evaluate import dice
from networks import load_weights
from predict import mirrored_too, probabilities, torch_runner
from prepare import ORGANS, STANDARD_NAMES, native_patients

from radoncai.core.morphology import largest_component
from radoncai.core.structures import bounding_box

THRESHOLDS = tuple(n / 20 for n in range(6, 19))
WORTH = 0.002
HARM = 0.003


def organ_scores(probability: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Organ -> Dice [threshold, largest component off/on] for one patient."""
    wins = probability == probability.max(0)
    out = {}
    for n, organ in enumerate(ORGANS):
        if organ in masks:
            box = bounding_box((probability[n] > THRESHOLDS[0]) & wins[n] | masks[organ])
            chance, won, truth = (array[box] for array in (probability[n], wins[n], masks[organ]))
            found = [(chance > t) & won for t in THRESHOLDS]
            out[organ] = np.array([[dice(f, truth), dice(largest_component(f), truth)] for f in found])
    return out


def choose(table: np.ndarray) -> tuple[int, int]:
    """(threshold's index, largest component 0 or 1) from Dice [patient, threshold, largest].

    Of the thresholds within WORTH of the best mean Dice the one nearest 0.5; the largest component, which keeps
    false pieces out of scans that early_stop does not hold, unless it costs more than HARM.
    """
    mean = table.mean(0)
    largest = int((mean[:, 1] - mean[:, 0]).max() > -HARM)
    good = np.flatnonzero(mean[:, largest] > mean[:, largest].max() - WORTH)
    return int(min(good, key=lambda n: abs(THRESHOLDS[n] - 0.5))), largest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=Path, help="write one row a patient and organ with the choices, as evaluate.py")
    parser.add_argument("--flips", action="store_true", help="with each patch's mirror image, to see what it is worth")
    options = parser.parse_args()
    run = torch_runner(load_weights(options.weights)[1], half=True)
    run = mirrored_too(run) if options.flips else run
    collected: dict[str, list] = {organ: [] for organ in ORGANS}
    for patient, hu, masks, spacing in native_patients(options.data, "early_stop"):
        for organ, table in organ_scores(probabilities(hu, spacing, run), masks).items():
            collected[organ].append((patient, table))
    out, rows = {"thresholds": {}, "postprocess": {}}, []
    for organ, name in zip(ORGANS, STANDARD_NAMES, strict=True):
        table = np.array([t for _, t in collected[organ]])
        n, largest = choose(table)
        out["thresholds"][name], out["postprocess"][name] = THRESHOLDS[n], ["largest_component"] if largest else []
        rows += [{"patient": p, "organ": organ, "dice": float(t[n, largest])} for p, t in collected[organ]]
        print(organ, len(table), "threshold x (whole, largest):", table.mean(0).round(3).tolist())
    print("mean", round(float(np.mean([np.mean([r["dice"] for r in rows if r["organ"] == o]) for o in ORGANS])), 4))
    options.out.write_text(json.dumps(out, indent=1))
    if options.rows:
        options.rows.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
