"""Draw training slices into shards: python training/l3_tissue/draw.py --work FOLDER [--n 4000]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from drawing.slices import draw_slice  # noqa: E402

SHARD = 50
PHANTOM_SHARE = 0.12


def draw_shard(number: int) -> tuple[np.ndarray, np.ndarray]:
    """HU int16 and labels uint8, (50, 256, 256) each; about one slice in eight is phantom-like."""
    first = number * SHARD
    names = np.where(np.random.default_rng(number).random(SHARD) < PHANTOM_SHARE, "P", "A")
    drawn = [draw_slice(first + i, str(name)) for i, name in enumerate(names)]
    return np.stack([np.round(d.hu) for d in drawn]).astype(np.int16), np.stack([d.label for d in drawn])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--n", type=int, default=4000)
    options = parser.parse_args()
    folder = options.work / "slices"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(options.n // SHARD):
        target = folder / f"{number:04d}.npz"
        if target.exists():
            continue
        hu, label = draw_shard(number)
        partial = folder / "partial.tmp.npz"
        np.savez_compressed(partial, hu=hu, label=label)
        partial.rename(target)


if __name__ == "__main__":
    main()
