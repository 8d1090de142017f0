"""Draw random head and neck phantoms at the model's spacing, as cache entries for training or tests."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from prepare import SPACING, STANDARD_NAMES

from radoncai.phantom.variant import head_and_neck_variant


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder; train.py reads it with --phantoms")
    parser.add_argument("--first", type=int, default=0, help="first seed; from 1000 on for tests")
    parser.add_argument("--count", type=int, default=64)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in range(options.first, options.first + options.count):
        drawn = head_and_neck_variant(np.random.default_rng(seed), SPACING)
        bits = sum(drawn.masks[name].astype(np.uint8) << n for n, name in enumerate(STANDARD_NAMES))
        known = np.ones(len(STANDARD_NAMES), bool)
        np.savez(options.out / f"phantom_{seed}.npz", hu=drawn.hu, bits=bits.astype(np.uint8), known=known)


if __name__ == "__main__":
    main()
