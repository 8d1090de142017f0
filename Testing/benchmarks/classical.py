"""Models without weights, on the drawn sample patient and real CT: python Testing/benchmarks/classical.py --data FOLDER

FOLDER is laid out as ../shared/data/real_ct. The rows go into the cards of `body` and `l3_level` by
`radoncai models card NAME --fill ROWS --only Dice|level`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from record import Row, emit, machine

from radoncai.bodycomp.level import find_level
from radoncai.contour.compare import dice
from radoncai.contour.job import contour
from radoncai.core.errors import InputError
from radoncai.core.volume import Volume
from radoncai.dicom.image import read_image
from radoncai.dicom.raster import read_raster
from radoncai.phantom.patient import sample_patient

LUNG_LOBES = {"Lung_L": (10, 11), "Lung_R": (12, 13, 14)}
L3_LABEL = 29
NAME = "models without weights"


def contours(data: str, volume: Volume, truth: dict[str, np.ndarray]) -> list[Row]:
    """Dice of each true mask (on the volume's grid) with what `body` draws; 0 where it draws nothing."""
    found = contour(volume, "body", override=True).structures
    rows = []
    for name, mask in truth.items():
        drawn = found.find(name)
        value = dice(mask, drawn.full(mask.shape)) if drawn is not None else 0.0
        rows.append(Row(data, name, "Dice", value, "1", 1))
    return rows


def level(data: str, volume: Volume, true_s_mm: float) -> list[Row]:
    """Error of the level in mm, upwards; no value where it refuses."""
    try:
        error = round(find_level(volume).level_mm - true_s_mm, 2)
    except InputError:
        error = None
    return [Row(data, "L3", "error of the level", error, "mm", 1)]


def drawn() -> list[Row]:
    data = "drawn sample patient, 3 x 1.5 x 1.5 mm"
    patient = sample_patient()
    names = ("External", "Lung_L", "Lung_R")
    truth = {s.name: s.full(patient.ct.grid.shape) for s in patient.truth if s.name in names}
    return contours(data, patient.ct, truth) + level(data, patient.ct, patient.vertebrae["L3"])


def real(folder: Path) -> list[Row]:
    """The abdomen's labels are another model's, not a person's; the phantom's BODY is its maker's."""
    data = "real CT of the abdomen with the lung bases, 3 mm, against the labels of TotalSegmentator, not of a person"
    ct = read_image(folder / "abdomen_3mm" / "ct.nrrd", modality="CT")
    labels, _, _ = read_raster(folder / "abdomen_3mm" / "labels_total117.nrrd", oblique="keep")
    truth = {name: np.isin(labels, numbers) for name, numbers in LUNG_LOBES.items()}
    k, j, i = np.argwhere(labels == L3_LABEL).mean(0)
    rows = contours(data, ct, truth) + level(data, ct, float(ct.grid.to_lps(np.array([[i, j, k]]))[0, 2]))
    water = read_image(folder / "tg119_phantom" / "ct.nrrd", modality="CT")
    bits, _, _ = read_raster(folder / "tg119_phantom" / "structures_bits.nrrd", oblique="keep")
    body = {"External": (bits & 4) > 0}
    return rows + contours("TG-119 water phantom, 3 x 3 x 2.5 mm, against its BODY", water, body)


def text_of(rows: list[Row]) -> str:
    lines = ["## Models without weights", "", "`body` and `l3_level`, which are rules; one image each.", "",
             "| image | structure | figure | value |", "|---|---|---|---:|"]
    lines += [f"| {r.table} | {r.row} | {r.metric} [{r.unit}] | {'refused' if r.value is None else f'{r.value:.3g}'} |"
              for r in rows]
    return "\n".join([*lines, "", machine("numpy", "scipy", "SimpleITK")])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="real CT; without it only the drawn patient, and no document changes")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = (real(args.data) if args.data else []) + drawn()
    emit(rows, as_json=args.json or args.data is None, script="Testing/benchmarks/classical.py", name=NAME,
         text=text_of(rows))


if __name__ == "__main__":
    main()
