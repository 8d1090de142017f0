"""Contours of `hn_oar` on OpenKBP patients through DICOM and the command, beside a plain U-Net and two human readers.

    python Testing/benchmarks/hn_contours.py --data ../shared/data/openkbp --readers ../shared/data/two_reader_hn \\
        [--plain MODEL_FOLDER] [--split validation] [--rows FILE] [--json]

Each patient becomes a DICOM CT series; `radoncai contour` reads it and its RTSTRUCT is read back onto OpenKBP's grid.
`--plain` is the model folder of the plain U-Net (training/hn_oar/README.md), run the same way. The readers drew other
patients on finer scans: their figures say how far two people agree, not what can be reached here.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from openkbp import STANDARD, as_nouns, command, load_module
from openkbp_score import ORGANS, dice
from record import Row, emit, machine

from radoncai.contour.surface import surface_distances
from radoncai.core.grid import Grid
from radoncai.core.resample import resample_array
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.models.catalogue import find, read_folder
from radoncai.models.engine.sampling import model_grid

TOLERANCE_MM = 3.0
CONTOURS_LEFT_OUT = {"pt_221": ORGANS, "pt_215": ("SpinalCord",), "pt_216": ("SpinalCord",)}
READERS = {"Brainstem": "Brainstem", "SpinalCord": "Spinal_Cord", "RightParotid": "Parotid_Rt",
           "LeftParotid": "Parotid_Lt", "Mandible": "Mandible"}
SHARED = ", shared slices"
BETWEEN = "between"
TITLES = {"hn_oar": "hn_oar", "grid": "the truth on that grid and back", "readers": "two readers",
          "coarse": "a reader on that grid and back", BETWEEN: "hn_oar and plain U-Net"}
Pair = tuple[str, str, float, float]


def agreement(first: np.ndarray, second: np.ndarray, spacing_mm: tuple[float, ...]) -> tuple[float, float]:
    """Dice, and surface Dice at 3 mm; (0, 0) where one is empty."""
    if not first.any() or not second.any():
        return 0.0, 0.0
    distances = surface_distances(first, second, tuple(float(s) for s in spacing_mm))
    return dice(first, second), distances.surface_dice(TOLERANCE_MM)


def in_shared_slices(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both masks in the slices in which both are drawn: what is left when nobody's habit of ending an organ counts."""
    shared = (first.any((1, 2)) & second.any((1, 2)))[:, None, None]
    return first & shared, second & shared


def there_and_back(mask: np.ndarray, grid: Grid, coarse: Grid) -> np.ndarray:
    """The mask as shares of coarse voxels, and these interpolated back: the best that a coarse grid can say."""
    shares = resample_array(mask.astype(np.float32), grid, coarse, outside=0.0)
    return resample_array(shares, coarse, grid, outside=0.0) > 0.5


def of_models(data: Path, split: str, names: list[str], limit: int | None) -> Iterator[tuple[str, Pair]]:
    """(column, (patient, organ, Dice, surface Dice)); a structure that was not found counts as 0.

    Columns: the model; the model in the slices that it and the truth share; BETWEEN, two models against each other.
    """
    load = load_module(data)
    for path in load.list_patients(split)[:limit]:
        patient = load.read_patient(path)
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            volume = write_ct_series(as_nouns(patient)[0], place / "ct", patient_id=patient["id"])
            found = []
            for name in names:
                command("contour", place / "ct", "--model", name, "-o", place / name)
                found.append(read_rtstruct(place / name / "rtstruct.dcm", volume))
        for organ, truth in patient["structures"].items():
            if organ not in ORGANS:
                continue
            drawn = [one.find(STANDARD.get(organ, organ)) for one in found]
            masks = [d.full(truth.shape) if d else np.zeros_like(truth) for d in drawn]
            for name, mask in zip(names, masks, strict=True):
                for column, pair in ((name, (truth, mask)), (name + SHARED, in_shared_slices(truth, mask))):
                    yield column, (patient["id"], organ, *agreement(*pair, patient["spacing_mm"]))
            if len(masks) == 2:
                yield BETWEEN, (patient["id"], organ, *agreement(*masks, patient["spacing_mm"]))
        print(patient["id"], file=sys.stderr, flush=True)


def of_grid(data: Path, split: str, limit: int | None, spacing_mm: tuple[float, ...]) -> Iterator[Pair]:
    """OpenKBP's own contours on the model's first grid and back."""
    load = load_module(data)
    for path in load.list_patients(split)[:limit]:
        patient = load.read_patient(path)
        grid = Grid(patient["ct"].shape, patient["index_to_lps"])
        for organ in ORGANS:
            if (truth := patient["structures"].get(organ)) is not None:
                back = there_and_back(truth, grid, model_grid(grid, spacing_mm))
                yield (patient["id"], organ, *agreement(truth, back, patient["spacing_mm"]))


def of_readers(folder: Path, spacing_mm: tuple[float, ...]) -> Iterator[tuple[str, Pair]]:
    """The two readers against each other, and the oncologist's contour on the model's first grid and back."""
    spec = importlib.util.spec_from_file_location("two_readers", folder / "load.py")
    load = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(load)
    for path in sorted(folder.glob("*_oncologist.npz")):
        scan = path.stem.removesuffix("_oncologist")
        first, second = (load.load(folder / f"{scan}_{who}.npz", list(READERS.values()))
                         for who in ("oncologist", "radiographer"))
        spacing = tuple(float(s) for s in first["spacing_ijk_mm"][::-1])
        for organ, name in READERS.items():
            a, b = _cropped(first["masks"][name], second["masks"][name])
            yield "readers", (scan, organ, *agreement(a, b, spacing))
            yield "readers" + SHARED, (scan, organ, *agreement(*in_shared_slices(a, b), spacing))
            grid = Grid(a.shape, np.diag([*spacing[::-1], 1.0]))
            back = there_and_back(a, grid, model_grid(grid, spacing_mm))
            yield "coarse", (scan, organ, *agreement(a, back, spacing))


def _cropped(first: np.ndarray, second: np.ndarray, margin: int = 12) -> tuple[np.ndarray, np.ndarray]:
    where = np.nonzero(first | second)
    box = tuple(slice(max(0, w.min() - margin), w.max() + margin + 1) for w in where)
    return first[box], second[box]


def mean(pairs: list[Pair], organ: str, everyone: bool) -> tuple[float, float, int] | None:
    """Dice, surface Dice and n of an organ."""
    kept = [p[2:] for p in pairs if p[1] == organ and (everyone or organ not in CONTOURS_LEFT_OUT.get(p[0], ()))]
    return (*np.mean(kept, 0), len(kept)) if kept else None


def table(found: dict[str, list[Pair]], everyone: bool) -> dict[tuple[str, str], tuple[float, float, int]]:
    """(organ, column) to Dice, surface Dice, n; the row "mean" is over organs."""
    cells = {(o, c): m for c, pairs in found.items() for o in ORGANS if (m := mean(pairs, o, everyone))}
    for column in found:
        own = [v[:2] for (_, c), v in cells.items() if c == column]
        if own:
            cells["mean", column] = (*np.mean(own, 0), len(own))
    return cells


def title(column: str) -> str:
    return TITLES.get(column.removesuffix(SHARED), "plain U-Net")


def lines_of(found: dict[str, list[Pair]], everyone: bool) -> list[str]:
    """One Markdown table; organs down, columns across."""
    cells = table(found, everyone)
    heads = " | ".join(f"{title(c)}: Dice | surface Dice | n" for c in found)
    lines = [f"| structure | {heads} |", "|---|" + "---:|" * 3 * len(found)]
    for organ in (*ORGANS, "mean"):
        row = [cells.get((organ, c)) for c in found]
        lines.append(f"| {STANDARD.get(organ, organ)} | "
                     + " | ".join(f"{v[0]:.3f} | {v[1]:.3f} | {v[2]}" if v else "- | - | -" for v in row) + " |")
    return lines


def text_of(found: dict[str, list[Pair]], split: str, plain: str, spacing_mm: tuple[float, ...]) -> str:
    """`plain`: how the plain U-Net was trained."""
    mm = " x ".join(map(str, spacing_mm))
    whole = {c: p for c, p in found.items() if c != BETWEEN and not c.endswith(SHARED)}
    models = {c: p for c, p in whole.items() if c not in ("readers", "coarse")}
    shared = {c: p for c, p in found.items() if c not in whole}
    return "\n".join([
        f"## Head and neck organs, {split}", "",
        f"Through a DICOM CT series and `radoncai contour`, read back onto OpenKBP's grid. Surface Dice at "
        f"{TOLERANCE_MM:g} mm as DeepMind's surface-distance defines it. A structure that was not found counts as 0. "
        "pt_221 and the cords of pt_215 and pt_216 are left out (CT and contours do not fit, or no cord was drawn); "
        "the second table holds them. The two readers drew seven other scans at about 1 x 1 x 2.5 mm "
        "(Nikolov et al.; the mandible of one scan is a copy); larynx and esophagus are not among their organs. "
        f"The columns there and back say what voxels of {mm} mm, the grid hn_oar was trained on, allow."
        + (f" The plain U-Net: {plain}" if plain else ""), "",
        *lines_of(whole, False), "", "With pt_221 and the odd cords:", "", *lines_of(models, True), "",
        "Only the slices in which both are drawn: where people end an organ above and below is their habit"
        + ("; and how far the two networks agree with each other, in all slices" if BETWEEN in found else "") + ":",
        "", *lines_of(shared, False), "",
        machine("numpy", "scipy", "onnxruntime", "pydicom")])


def rows_of(found: dict[str, list[Pair]], split: str) -> list[Row]:
    rows = []
    for everyone in (False, True):
        end = ", nobody left out" if everyone else ""
        for (organ, column), (value, surface, n) in table(found, everyone).items():
            rows += [Row(f"hn contours {split}", column, f"Dice {organ}{end}", float(value), "1", n),
                     Row(f"hn contours {split}", column, f"surface Dice 3 mm {organ}{end}", float(surface), "1", n)]
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--readers", type=Path)
    parser.add_argument("--plain", type=Path, help="model folder of a plain U-Net")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--limit", type=int, help="only the first patients; changes no document")
    parser.add_argument("--rows", type=Path, help="write one row a column, patient and organ here")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    names, how = ["hn_oar"], ""
    with tempfile.TemporaryDirectory() as home:
        os.environ["RADONCAI_HOME"] = home
        if args.plain:
            folder = read_folder(args.plain)
            names, how = [*names, folder.name], folder.card.get("training_note", "")
            (Path(home) / "models").mkdir()
            (Path(home) / "models" / names[1]).symlink_to(args.plain.resolve(), target_is_directory=True)
        found: dict[str, list[Pair]] = {name: [] for name in names}
        for column, pair in of_models(args.data, args.split, names, args.limit):
            found.setdefault(column, []).append(pair)
        spacing_mm = find("hn_oar").model.spacing_mm
    found["grid"] = list(of_grid(args.data, args.split, args.limit, spacing_mm))
    if args.readers:
        for column, pair in of_readers(args.readers, spacing_mm):
            found.setdefault(column, []).append(pair)
    if args.rows:
        args.rows.write_text(json.dumps([{"column": c, "patient": p, "organ": o, "dice": d, "surface_dice": s}
                                         for c, pairs in found.items() for p, o, d, s in pairs], indent=1))
    text = text_of(found, args.split, how, spacing_mm)
    emit(rows_of(found, args.split), as_json=args.json or args.limit is not None, text=text,
         script=f"Testing/benchmarks/hn_contours.py --split {args.split}", name=f"hn contours {args.split}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
