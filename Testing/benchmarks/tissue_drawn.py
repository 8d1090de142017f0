"""The bundled tissue model on drawn slices of a family it never trained on, through the path a CT takes.

    python Testing/benchmarks/tissue_drawn.py --n 50 [--json]

Dice of each tissue (regions of the network, and tissue after the Hounsfield ranges), area errors, and how often the
true area lies within one and two of the printed standard deviations: 68 and 95 % where these are right.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
from record import Row, emit, machine

from radoncai.bodycomp.job import measure_l3
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models import runners
from radoncai.models.catalogue import ModelFolder, find

RECIPE = Path(__file__).parents[2] / "training" / "l3_tissue" / "evaluate.py"
TISSUES = ("muscle", "imat", "vat", "sat")
WANTED = {"muscle": 0.93, "imat": 0.75, "vat": 0.93, "sat": 0.95}
LEVEL_MM = -500.0


def load_recipe() -> ModuleType:
    """The model's own evaluation: the drawn slices and the way they are compared."""
    spec = importlib.util.spec_from_file_location("l3_tissue_evaluate", RECIPE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def predictor(folder: ModelFolder) -> Callable[[np.ndarray], np.ndarray]:
    """The bundle's network as the job calls it."""
    runner = runners.open(folder, "cpu")
    return lambda batch: np.stack([runner.run(view, Progress()) for view in batch])


def as_scan(hu: np.ndarray, pixel_mm: float) -> Volume:
    """The slice as a CT of one slice."""
    grid = Grid.axial((1, *hu.shape), (5.0, pixel_mm, pixel_mm), (0.0, 0.0, LEVEL_MM))
    return Volume(np.asarray(hu, np.float32)[None], grid, "CT", "HU")


def examine(recipe: ModuleType, folder: ModelFolder, predict: Callable, seed: int, family: str) -> dict:
    """One drawn slice: the recipe's comparison, and what the job prints for it."""
    drawn = recipe.draw_test(seed, family)
    measured = measure_l3(as_scan(drawn.hu, drawn.pixel_mm), folder, level_mm=LEVEL_MM).measured
    return {**recipe.compare(drawn, predict), "printed": measured.values, "sd": measured.sd}


def within(results: list[dict], tissue: str, times: float) -> float | None:
    """Share of slices whose true area lies within so many standard deviations of the printed one, per cent."""
    key = f"{tissue}_cm2"
    known = [r for r in results if r["sd"][key] is not None]
    inside = [abs(r["printed"][key] - r["true"][key]) <= times * r["sd"][key] for r in known]
    return 100 * float(np.mean(inside)) if inside else None


def rows_of(results: list[dict], family: str) -> list[Row]:
    """Rows of one tissue after the other."""
    table, n, rows = f"l3_tissue on drawn slices, family {family}", len(results), []
    for tissue in TISSUES:
        for kind in ("tissue", "regions"):
            scores = [r[kind][tissue] for r in results]
            rows.append(Row(table, tissue, f"Dice {kind}", float(np.nanmean(scores)), "1", n))
            rows.append(Row(table, tissue, f"Dice {kind}, lowest", float(np.nanmin(scores)), "1", n))
        errors = np.array([r["printed"][f"{tissue}_cm2"] - r["true"][f"{tissue}_cm2"] for r in results])
        true = np.array([r["true"][f"{tissue}_cm2"] for r in results])
        sd = [r["sd"][f"{tissue}_cm2"] for r in results if r["sd"][f"{tissue}_cm2"] is not None]
        rows += [
            Row(table, tissue, "true area, mean", float(true.mean()), "cm2", n),
            Row(table, tissue, "area error, mean", float(errors.mean()), "cm2", n),
            Row(table, tissue, "area error, mean absolute", float(np.abs(errors).mean()), "cm2", n),
            Row(table, tissue, "printed sd, median", float(np.median(sd)) if sd else None, "cm2", len(sd)),
            Row(table, tissue, "true area within 1 sd", within(results, tissue, 1), "%", len(sd)),
            Row(table, tissue, "true area within 2 sd", within(results, tissue, 2), "%", len(sd)),
        ]
    return rows


def text_of(rows: list[Row], family: str, folder: ModelFolder) -> str:
    """Metrics down, tissues across."""
    cells = {(r.metric, r.row): r for r in rows}
    n = max(r.n for r in rows)
    lines = [
        f"## Tissue at L3, drawn slices of family {family}",
        "",
        f"{folder.name} {folder.version} on {n} slices that a program drew, of another family than the training's; no "
        "patient. `regions` is what the network says, `tissue` what is left after the Hounsfield ranges. The level is "
        "given, so the printed sd holds no term for it; a right sd holds the true area in 68 % (1 sd) and 95 % (2 sd) "
        "of the slices.",
        "",
        f"| metric | unit | {' | '.join(TISSUES)} |",
        "|---|---|" + "---:|" * len(TISSUES),
    ]
    for name in dict.fromkeys(r.metric for r in rows):
        found = [cells[name, t] for t in TISSUES]
        lines.append(f"| {name} | {found[0].unit} | {' | '.join(shown(r) for r in found)} |")
        if name == "Dice tissue":
            lines.append(f"| Dice tissue, at least | 1 | {' | '.join(f'{WANTED[t]:.2f}' for t in TISSUES)} |")
    return "\n".join([*lines, "", machine("numpy", "scipy", "onnxruntime")])


def shown(row: Row) -> str:
    return "-" if row.value is None else f"{row.value:.{3 if row.unit == '1' else 1}f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--family", choices=("A", "B", "P"), default="B", help="P is drawn like the sample patient")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    recipe, folder = load_recipe(), find("l3_tissue")
    predict, results = predictor(folder), []
    for n in range(args.n):
        results.append(examine(recipe, folder, predict, recipe.TEST_SEED + n, args.family))
        dices = " ".join(f"{t} {results[-1]['tissue'][t]:.3f}" for t in TISSUES)
        print(f"slice {n + 1} of {args.n}: {dices}", file=sys.stderr, flush=True)
    rows = rows_of(results, args.family)
    emit(
        rows,
        as_json=args.json,
        script=f"Testing/benchmarks/tissue_drawn.py --n {args.n} --family {args.family}",
        name=f"tissue_drawn {args.family}",
        text=text_of(rows, args.family, folder),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
