"""Write random head-and-neck phantoms as npz files: hu, spacing_mm and one mask an organ under OpenKBP's names.

    python training/phantoms/make.py --n 40 --out FOLDER [--seed 1000]

Arrays are [k, j, i]: k to the head, j to the back, i to the patient's left. Phantom number s is always the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from radoncai.phantom.patient import head_and_neck_variant

OPENKBP_NAMES = {"Brainstem": "Brainstem", "SpinalCord": "SpinalCord", "Parotid_R": "RightParotid",
                 "Parotid_L": "LeftParotid",
                 "Esophagus": "Esophagus", "Larynx": "Larynx", "Bone_Mandible": "Mandible"}


def random_spacing(rng: np.random.Generator) -> tuple[float, float, float]:
    """Slice, row, column in mm as they are spread in OpenKBP."""
    plane = float(np.clip(rng.normal(4.1, 0.55), 2.75, 5.4))
    return float(rng.choice((2.5, 3.0, 2.0), p=(0.6, 0.3, 0.1))), plane, plane


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=40)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seed, options.seed + options.n):
        rng = np.random.default_rng(seed)
        variant = head_and_neck_variant(rng, random_spacing(rng))
        masks = {OPENKBP_NAMES[name]: mask for name, mask in variant.masks.items()}
        np.savez_compressed(options.out / f"phantom_{seed}.npz", hu=variant.hu,
                            spacing_mm=np.array(variant.spacing_mm), **masks)
        print(f"phantom_{seed}.npz {variant.hu.shape}", flush=True)


if __name__ == "__main__":
    main()
