"""Dice and area errors of l3_tissue on drawn slices of family B, which it never trained on.

python training/l3_tissue/evaluate.py [--n 50] [--bundle Resources/Models/l3_tissue] [--json]

The slices are drawn on 384 x 384 pixels and go through the path a CT takes: crop to the body, resampling, mirror
average, way back to the CT's pixels. `regions` is what the network says, `tissue` what is left after the HU rules.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "RadOncAI"), str(Path(__file__).parent)]

from drawing.slices import Drawn, draw_slice  # noqa: E402

from radoncai.bodycomp.tissue import (  # noqa: E402
    LABELS,
    denoised,
    label_tissue,
    numbers,
    segment_regions,
    segment_slice,
)

TISSUES = {"muscle": 1, "imat": 2, "vat": 3, "sat": 4}
TEST_SEED, CALIBRATION_SEED = 900_000, 800_000


def onnx_predict(file: Path, threads: int = 1):
    """The network as a function of arrays, from its ONNX file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda batch: session.run(None, {name: batch})[0]


def draw_test(seed: int, family: str = "B") -> Drawn:
    fill = float(np.random.default_rng(seed).uniform(0.62, 0.95))
    return draw_slice(seed, family, 384, fill)


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    total = int(found.sum()) + int(truth.sum())
    return float("nan") if total == 0 else 2 * int((found & truth).sum()) / total


def compare(drawn: Drawn, predict) -> dict[str, dict[str, float]]:
    """One slice: Dice of regions and of tissue, areas found and true (cm2, regions under the same HU rules)."""
    spacing = (drawn.pixel_mm, drawn.pixel_mm)
    regions = segment_regions(drawn.hu, spacing, predict)
    tissue = segment_slice(drawn.hu, spacing, predict)
    smooth = denoised(drawn.hu, spacing)
    true_tissue = label_tissue(drawn.label, smooth)
    area = drawn.pixel_mm ** 2
    out = {"found": numbers(tissue.labels, drawn.hu, smooth, area),
           "true": numbers(true_tissue, drawn.hu, smooth, area),
           "spread": {k: float(np.std([v[k] for v in tissue.variants], ddof=1)) for k in tissue.variants[0]},
           "regions": {n: dice(regions == v, drawn.label == v) for n, v in TISSUES.items()},
           "tissue": {n: dice(tissue.labels == LABELS[n], true_tissue == LABELS[n]) for n in TISSUES}}
    return out


def rows_of(results: list[dict], family: str) -> list[dict]:
    table, out = f"Drawn slices of family {family}, through the path a CT takes", []
    for name in TISSUES:
        for kind in ("regions", "tissue"):
            scores = np.array([r[kind][name] for r in results])
            for metric, value in (("mean", np.nanmean(scores)), ("SD", np.nanstd(scores, ddof=1)),
                                  ("minimum", np.nanmin(scores))):
                out.append({"table": table, "row": name, "metric": f"Dice {kind} {metric}", "unit": "",
                            "value": round(float(value), 4), "n": len(results)})
        error = [abs(r["found"][f"{name}_cm2"] - r["true"][f"{name}_cm2"]) for r in results]
        out.append({"table": table, "row": name, "metric": "mean absolute area error", "unit": "cm2", "n": len(results),
                    "value": round(float(np.mean(error)), 2)})
    return out


def evaluate(predict, n: int, first_seed: int, family: str = "B") -> list[dict]:
    return [compare(draw_test(first_seed + i, family), predict) for i in range(n)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--bundle", type=Path, default=ROOT / "Resources" / "Models" / "l3_tissue")
    parser.add_argument("--family", choices=("A", "B", "P"), default="B")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begun = time.monotonic()
    results = evaluate(onnx_predict(options.bundle / "model.onnx"), options.n, TEST_SEED, options.family)
    rows = rows_of(results, options.family)
    if options.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['row']:7s} {row['metric']:28s} {row['value']:8} {row['unit']}")
    print(f"{options.n} slices, {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
