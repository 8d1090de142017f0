"""Dice of a training checkpoint on drawn phantoms, at the model's spacing."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from evaluate import BUNDLE, dice, load_runner
from predict import labels, predict
from prepare import ORGANS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantoms", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="a state dict of training instead of the bundle's")
    parser.add_argument("--rows", type=Path, help="write one row a phantom and organ here")
    options = parser.parse_args()
    run = load_runner(BUNDLE, options.weights, "onnx")
    rows = []
    for path in sorted(options.phantoms.glob("*.npz")):
        stored = np.load(path)
        found = labels(predict(stored["hu"], run))
        rows += [{"patient": path.stem, "organ": organ, "dice": dice(found[n], (stored["bits"] >> n & 1).astype(bool))}
                 for n, organ in enumerate(ORGANS)]
    for organ in ORGANS:
        values = [r["dice"] for r in rows if r["organ"] == organ]
        print(f"{organ:14s} {np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f}, n {len(values)})")
    if options.rows:
        options.rows.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
