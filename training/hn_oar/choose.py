"""Choose each organ's threshold and post-processing on early_stop; writes the JSON that export.py takes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from evaluate import BUNDLE, dice, load_runner
from predict import OVERLAP, probabilities
from prepare import ORGANS, STANDARD_NAMES, native_patients

from radoncai.core.morphology import largest_component

THRESHOLDS = (0.3, 0.4, 0.5, 0.6)
WORTH = 0.005


def organ_scores(probability: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Organ -> Dice [threshold, largest component off/on] for one patient."""
    wins = probability == probability.max(0)
    out = {}
    for n, organ in enumerate(ORGANS):
        if organ in masks:
            found = [(probability[n] > t) & wins[n] for t in THRESHOLDS]
            out[organ] = np.array([[dice(f, masks[organ]), dice(largest_component(f), masks[organ])] for f in found])
    return out


def choose(scores: dict[str, np.ndarray]) -> dict:
    """0.5 and no post-processing unless another choice gains more than WORTH in mean Dice."""
    thresholds, postprocess = {}, {}
    for organ, name in zip(ORGANS, STANDARD_NAMES, strict=True):
        table = scores[organ].mean(0)
        table[THRESHOLDS.index(0.5), 0] += WORTH
        best = np.unravel_index(table.argmax(), table.shape)
        thresholds[name] = THRESHOLDS[best[0]]
        postprocess[name] = ["largest_component"] if best[1] else []
    return {"thresholds": thresholds, "postprocess": postprocess}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    run = load_runner(BUNDLE, options.weights, "torch")
    collected: dict[str, list] = {organ: [] for organ in ORGANS}
    for _, hu, masks, spacing in native_patients(options.data, "early_stop"):
        for organ, table in organ_scores(probabilities(hu, spacing, run, OVERLAP), masks).items():
            collected[organ].append(table)
    scores = {organ: np.array(tables) for organ, tables in collected.items()}
    for organ, table in scores.items():
        print(organ, len(table), "threshold x (whole, largest):", table.mean(0).round(3).tolist())
    options.out.write_text(json.dumps(choose(scores), indent=1))


if __name__ == "__main__":
    main()
