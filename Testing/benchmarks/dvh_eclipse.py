"""Our DVH of one prostate dose beside those of Eclipse, CERR and SlicerRT on the same contours.

    python Testing/benchmarks/dvh_eclipse.py --data ../shared/data/dvh_eclipse_prostate [--json]

The folder holds the dose (`dose_gy.nrrd`), the contours (`contours_lps.npz`), each program's DVH (`dvh_*.csv`) and the
metrics read from them (`metrics.csv`). Ours come from `radoncai.dose.dvh` and `radoncai.dose.metrics`.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from record import Row, emit, machine

from radoncai.core.grid import Grid
from radoncai.core.structures import Contour, Structure
from radoncai.core.volume import Volume
from radoncai.dose.dvh import Dvh, dvh_of
from radoncai.dose.metrics import metric

TABLE = "DVH, Eclipse prostate"
PROGRAMS = {"eclipse": "Eclipse", "cerr": "CERR", "slicerrt": "SlicerRT"}
COLUMNS = {"Dmean[Gy]": "mean_gy", **{f"D{p}%[Gy]": f"D{p}%_gy" for p in (98, 95, 50, 5, 2)}, "volume": "volume_cm3"}
WITHIN = "DVH points within 1 %/1 % of Eclipse"
OURS = "RadOncAI"

Curve = tuple[np.ndarray, np.ndarray]


def read_dvhs(data: Path) -> dict[str, Dvh]:
    """Our DVH of each structure of the folder."""
    image = sitk.ReadImage(str(data / "dose_gy.nrrd"))
    array = sitk.GetArrayFromImage(image)
    grid = Grid.axial(array.shape, image.GetSpacing()[::-1], image.GetOrigin())
    dose = Volume(array, grid, unit="Gy")
    drawn = np.load(data / "contours_lps.npz")
    points = np.split(drawn["points_mm"].astype(float), np.cumsum(drawn["contour_npoints"])[:-1])
    nothing = np.zeros((0, 0, 0), bool), (slice(0, 0),) * 3
    out = {}
    for n, name in enumerate(drawn["names"]):
        contours = tuple(Contour(p) for p, s in zip(points, drawn["contour_structure"], strict=True) if s == n)
        out[str(name)] = dvh_of(Structure(str(name), *nothing, contours=contours), grid, dose)
    return out


def read_metrics(data: Path) -> dict[tuple[str, str], dict[str, float]]:
    """(program, structure) to the metrics under our names."""
    with (data / "metrics.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["source"] in PROGRAMS]
    return {
        (PROGRAMS[r["source"]], r["structure"]): {name: float(r[column]) for name, column in COLUMNS.items()}
        for r in rows
    }


def read_curves(data: Path, program: str) -> dict[str, Curve]:
    """Structure to dose in Gy and cumulative volume in per cent, as the program wrote them."""
    with (data / f"dvh_{program}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    dose = np.array([float(r["dose_gy"]) for r in rows])
    names = [n for n in rows[0] if n.endswith(" [%vol]")]
    return {n.removesuffix(" [%vol]"): (dose, np.array([float(r[n]) for r in rows])) for n in names}


def agreement(reference: Curve, other: Curve) -> float:
    """Share of the reference's points with gamma <= 1 at 1 % of volume and 1 % of the greatest dose (Ebert 2010)."""
    dose, volume = reference
    fine = np.arange(0, dose.max() + 1, 0.01)
    found = np.interp(fine, *other, right=0.0)
    distance = ((fine[None] - dose[:, None]) / (0.01 * dose.max())) ** 2 + (found[None] - volume[:, None]) ** 2
    return float((distance.min(1) <= 1).mean())


def our_metrics(dvh: Dvh) -> dict[str, float | None]:
    found = {name: metric(dvh, name, partial=True).value for name in COLUMNS if name != "volume"}
    return {**found, "volume": dvh.volume_cc}


def rows_of(data: Path) -> list[Row]:
    """Each program's figure, its difference to Eclipse, and the share of points that agree."""
    dvhs, theirs = read_dvhs(data), read_metrics(data)
    curves = {label: read_curves(data, program) for program, label in PROGRAMS.items()}
    curves[OURS] = {name: (d.dose_gy, d.cumulative_pct) for name, d in dvhs.items()}
    rows = []
    for structure, dvh in dvhs.items():
        eclipse = theirs["Eclipse", structure]
        for label in (OURS, *PROGRAMS.values()):
            found = our_metrics(dvh) if label == OURS else theirs[label, structure]
            for name, value in found.items():
                unit = "cm3" if name == "volume" else "Gy"
                rows.append(Row(TABLE, label, f"{structure} {name}", value, unit, 1))
                if label != "Eclipse":
                    apart = None if value is None else value - eclipse[name]
                    rows.append(Row(TABLE, label, f"{structure} {name}, difference", apart, unit, 1))
            if label != "Eclipse":
                reference = curves["Eclipse"][structure]
                share = 100 * agreement(reference, curves[label][structure])
                rows.append(Row(TABLE, label, f"{structure} {WITHIN}", share, "%", len(reference[0])))
    return rows


def text_of(rows: list[Row]) -> str:
    """Eclipse's figure, then each program's difference to it."""
    cells = {(r.row, r.metric): r.value for r in rows}
    labels = (OURS, "CERR", "SlicerRT")
    lines = [
        "## DVH beside Eclipse",
        "",
        "One prostate dose and its contours (SlicerRT's test data): Eclipse's figure, and what the others differ from "
        "it by. The last row of a structure is the share of Eclipse's DVH points within 1 % of volume and 1 % of the "
        "greatest dose. CERR's table lists bin centres, half a bin (0.1 Gy) below the others. The programs close the "
        "ends of a structure differently; that is most of the difference of BODY and rectum. The rectum's D98% lies "
        "on a flat tail, where half a per cent of volume is 3 Gy. Limit for ours: mean of PTV, bladder and femoral "
        "heads within 0.06 Gy, 97.5 % of the points.",
        "",
        f"| structure | metric | unit | Eclipse | {' | '.join(f'{label}' for label in labels)} |",
        "|---|---|---|---:|" + "---:|" * len(labels),
    ]
    for row in rows:
        if row.row == "Eclipse":
            structure, name = row.metric.rsplit(" ", 1)
            apart = " | ".join(signed(cells[label, f"{row.metric}, difference"]) for label in labels)
            lines.append(f"| {structure} | {name} | {row.unit} | {row.value:.2f} | {apart} |")
            if name == "volume":
                shares = " | ".join(f"{cells[label, f'{structure} {WITHIN}']:.1f}" for label in labels)
                lines.append(f"| {structure} | points within 1 %/1 % | % | | {shares} |")
    return "\n".join([*lines, "", machine("numpy", "scipy", "SimpleITK")])


def signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = rows_of(args.data)
    script = "Testing/benchmarks/dvh_eclipse.py"
    emit(rows, as_json=args.json, script=script, name="dvh_eclipse", text=text_of(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
