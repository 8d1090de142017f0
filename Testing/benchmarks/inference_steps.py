"""The steps of inference.py that need the library, each in a process of its own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from radoncai.core.grid import Grid
from radoncai.core.volume import Volume

PIXEL_MM = 0.977
IMAGES = {"ct150": (150, 2.5), "ct1000": (1000, 1.0)}
SMALL_MM = (4.0, 4.0, 4.0)


def draw(folder: Path) -> None:
    """The drawn patient on 512 x 512 x 150 and x 1000 as .npy, the first also as DICOM; a small one as NIfTI."""
    from radoncai.core.resample import resample_array
    from radoncai.dicom.image import write_image
    from radoncai.dicom.series.ct_writer import write_ct_series
    from radoncai.phantom.patient import sample_patient

    patient = sample_patient(0, (5.0, 2.0, 2.0)).ct
    corner = patient.grid.corners()
    for name, (slices, thick) in IMAGES.items():
        origin = (*corner[0, :2], corner[:, 2].max() - (slices - 1) * thick)
        grid = Grid.axial((slices, 512, 512), (thick, PIXEL_MM, PIXEL_MM), origin)
        array = np.rint(resample_array(patient.array, patient.grid, grid, -1000.0)).astype(np.int16)
        np.save(folder / f"{name}.npy", array)
        if name == "ct150":
            write_ct_series(Volume(array, grid, "CT", "HU"), folder / name, patient_id="BENCH")
    small = sample_patient(0, SMALL_MM, z_range_mm=(-150.0, 158.0)).ct
    slices, rows, columns = small.array.shape
    part = (slice(0, slices), slice(0, rows), slice(columns // 2 - 30, columns // 2 + 30))
    (folder / "small").mkdir()
    write_image(small.crop(part), folder / "small" / "case_0000.nii.gz")


def run(image: Path, model: str, device: str, times: int, started: float) -> None:
    """`times` contour jobs on one image with the model kept loaded; JSON on stdout.

    `first` counts from `started`, the moment the parent made this process; `wall` and `cpu` are of each later run.
    """
    from radoncai.contour.job import contour
    from radoncai.models.catalogue import find, read_folder
    from radoncai.models.runners import warm

    warm.keep(2)
    folder = read_folder(Path(model)) if "/" in model else find(model)
    volume = read(image)
    wall, cpu = [], []
    for _ in range(times):
        before = time.perf_counter(), time.process_time()
        result = contour(volume, folder, device=device)
        wall.append(time.perf_counter() - before[0])
        cpu.append(time.process_time() - before[1])
        if len(wall) == 1:
            first = time.time() - started
    voxels = {s.name: s.voxels for s in result.structures}
    json.dump({"first": first, "wall": wall, "cpu": cpu, "device": result.device, "found": len(voxels),
               "steps": result.seconds}, sys.stdout)


def read(image: Path) -> Volume:
    if image.suffix == ".npy":
        array = np.load(image)
        thick = IMAGES[image.stem][1]
        return Volume(array, Grid.axial(array.shape, (thick, PIXEL_MM, PIXEL_MM)), "CT", "HU")
    from radoncai.dicom.image import read_image

    return read_image(image)


def differ(theirs: Path, ours: Path, dataset: Path) -> None:
    """Share of the labelled voxels that differ, and the lowest Dice, between a label map and our set; JSON."""
    from radoncai.dicom.masks.labels import read_labels
    from radoncai.dicom.raster import read_raster

    labels = {n: v for n, v in json.loads(dataset.read_text())["labels"].items() if isinstance(v, int) and v}
    array, structures = read_raster(theirs)[0], read_labels(ours)
    wrong, dice, total = np.zeros(array.shape, bool), [], int(np.count_nonzero(array))
    for name, value in labels.items():
        mask, found = array == value, structures.find(name)
        other = found.full(array.shape) if found else np.zeros(array.shape, bool)
        wrong |= mask != other
        if mask.any() or other.any():
            dice.append(2 * int((mask & other).sum()) / int(mask.sum() + other.sum()))
    json.dump({"differ": int(wrong.sum()) / max(1, total), "dice": min(dice), "n": len(dice)}, sys.stdout)


if __name__ == "__main__":
    step, *given = sys.argv[1:]
    if step == "draw":
        draw(Path(given[0]))
    elif step == "run":
        run(Path(given[0]), given[1], given[2], int(given[3]), float(given[4]))
    else:
        differ(*map(Path, given))
