"""Dose on OpenKBP patients: from arrays, and through DICOM and the command. The second counts.

    python Testing/benchmarks/openkbp.py --data ../shared/data/openkbp --split validation [--json]

Each patient becomes a DICOM CT series with RTSTRUCT (HU = stored value - 1000). `radoncai dose` reads it; its RTDOSE is
read back onto the patient's grid and scored. Patients without CT are scored from arrays alone, with their dose volume
as External, which tells the model where dose is. Contours: hn_contours.py.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np
from openkbp_score import TARGETS, dose_error, dvh_errors
from record import Row, emit, machine

from radoncai.cli.main import main as radoncai
from radoncai.core.dose import Prescription
from radoncai.core.grid import Grid
from radoncai.core.resample import resample_array
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.rtdose.writer import read_rtdose
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series

STANDARD = {"RightParotid": "Parotid_R", "LeftParotid": "Parotid_L", "Mandible": "Bone_Mandible"}
LEVEL_GY = {"PTV70": 70.0, "PTV63": 63.0, "PTV56": 56.0}


@dataclass
class Scores:
    """What is collected over the patients of one way."""

    dose: list[float] = field(default_factory=list)
    cells: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def add_dose(self, patient: dict, predicted: np.ndarray, seconds: float) -> None:
        self.dose.append(dose_error(patient["dose"], predicted, patient["possible_dose_mask"]))
        predicted = predicted * patient["possible_dose_mask"]
        for cell, error in dvh_errors(patient["dose"], predicted, patient["structures"], patient["spacing_mm"]).items():
            self.cells.setdefault(cell, []).append(error)
        self.seconds.append(seconds)


def load_module(data: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("openkbp_load", data / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_nouns(patient: dict) -> tuple[Volume, StructureSet]:
    """CT in HU and structures with OpenKBP's names; without CT the dose volume is the External of a body of water."""
    grid = Grid(patient["dose"].shape, patient["index_to_lps"])
    structures = [
        Structure.from_full(n, m, role="ptv" if n in TARGETS else "oar", standard_name=STANDARD.get(n, n))
        for n, m in patient["structures"].items()
    ]
    if "ct" in patient:
        hu = patient["ct"] - np.int16(1000)
    else:
        body = patient["possible_dose_mask"]
        hu = np.where(body, 0, -1000).astype(np.int16)
        structures.append(Structure.from_full("External", body, role="external", standard_name="External"))
    return Volume(hu, grid, "CT", "HU"), StructureSet(grid, tuple(structures))


def prescription(patient: dict) -> dict[str, float]:
    return {name: LEVEL_GY[name] for name in TARGETS if name in patient["structures"]}


def from_arrays(patient: dict, scores: Scores) -> None:
    from radoncai.dose.job import predict_dose

    volume, structures = as_nouns(patient)
    start = time.perf_counter()
    result = predict_dose(volume, structures, Prescription(prescription(patient), 35), "hn_dose")
    scores.add_dose(patient, onto(result.dose.volume, volume.grid), time.perf_counter() - start)


def through_dicom(patient: dict, scores: Scores, folder: Path) -> None:
    volume, structures = as_nouns(patient)
    volume = write_ct_series(volume, folder / "ct", patient_id=patient["id"])
    write_rtstruct(StructureSet(volume.grid, structures.structures, volume.source), volume, folder / "rs.dcm")
    given = ",".join(f"{name}={gy:g}" for name, gy in prescription(patient).items())
    seconds = command(
        "dose",
        folder / "ct",
        "--structures",
        folder / "rs.dcm",
        "--prescription",
        given,
        "--fractions",
        35,
        "-o",
        folder / "dose",
    )
    dose = read_rtdose(folder / "dose" / "rtdose.dcm")
    scores.add_dose(patient, onto(dose.volume, volume.grid), seconds)


def command(*arguments: object) -> float:
    """Run a command in this process; wall seconds."""
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = radoncai([str(a) for a in arguments])
    if code:
        raise SystemExit(f"radoncai {arguments[0]} ended with {code}: {said.getvalue().strip().splitlines()[-1]}")
    return time.perf_counter() - start


def onto(dose: Volume, grid: Grid) -> np.ndarray:
    """The dose on the patient's grid, 0 outside its own."""
    return resample_array(dose.array.astype(np.float32), dose.grid, grid, outside=0.0)


def rows_of(way: str, split: str, scores: Scores) -> list[Row]:
    """Overall figures, then one a cell."""
    name = f"openkbp {split}"
    every_cell = [e for errors in scores.cells.values() for e in errors]
    rows = [
        Row(name, way, "dose score", float(np.mean(scores.dose)), "Gy", len(scores.dose)),
        Row(name, way, "DVH score", float(np.mean(every_cell)), "Gy", len(scores.dose)),
    ]
    rows += [
        Row(name, way, cell, float(np.mean(errors)), "Gy", len(errors)) for cell, errors in sorted(scores.cells.items())
    ]
    return [*rows, Row(name, way, "dose time", float(np.median(scores.seconds)), "s", len(scores.seconds))]


def text_of(rows: list[Row], split: str) -> str:
    """One Markdown table: metrics down, ways across."""
    ways = list(dict.fromkeys(r.row for r in rows))
    cells = {(r.metric, r.row): r for r in rows}
    lines = [
        f"## OpenKBP, {split}",
        "",
        "Dose score and DVH score as the challenge defines them; contours have their own table. The simplest rival, "
        "boosted trees on 14 geometric features, reaches dose score 3.73 and DVH score 2.27 Gy on the 33 validation "
        "patients (the data's `baseline.py`). Patients without CT get their dose volume as External, which tells the "
        "model where dose is: their figures are not comparable with the others.",
        "",
        f"| metric | unit | {' | '.join(f'{w} | n' for w in ways)} |",
        "|---|---|" + "---:|---:|" * len(ways),
    ]
    for metric in dict.fromkeys(r.metric for r in rows):
        found = [cells.get((metric, w)) for w in ways]
        unit = next(r.unit for r in found if r)
        lines.append(
            f"| {metric} | {unit} | " + " | ".join(f"{r.value:.3f} | {r.n}" if r else "- | -" for r in found) + " |"
        )
    return "\n".join([*lines, "", machine("numpy", "scipy", "onnxruntime", "pydicom", "SimpleITK")])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--limit", type=int, help="only the first patients; changes no document")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    load = load_module(args.data)
    ways = {"from arrays": Scores(), "through DICOM": Scores()}
    for path in load.list_patients(args.split)[: args.limit]:
        patient = load.read_patient(path)
        from_arrays(patient, ways["from arrays"])
        if "ct" in patient:
            with tempfile.TemporaryDirectory() as folder:
                through_dicom(patient, ways["through DICOM"], Path(folder))
        done = ways["from arrays"]
        print(f"{patient['id']}: dose error {done.dose[-1]:.2f} Gy", file=sys.stderr, flush=True)
    rows = [r for way, scores in ways.items() if scores.dose for r in rows_of(way, args.split, scores)]
    emit(
        rows,
        as_json=args.json or args.limit is not None,
        script=f"Testing/benchmarks/openkbp.py --split {args.split}",
        name=f"openkbp {args.split}",
        text=text_of(rows, args.split),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
