"""The steps of rtstruct.py that run in the peers' environment: rt-utils, dcmrtstruct2nii, platipy; pydicom 2.4."""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from pathlib import Path

import numpy as np

SHAPE = (150, 512, 512)


class Clock:
    """Seconds and processor seconds spent inside `with`."""

    def __init__(self) -> None:
        self.wall = self.used = 0.0

    def __enter__(self) -> None:
        self.start = time.perf_counter(), time.process_time()

    def __exit__(self, *problem: object) -> None:
        self.wall += time.perf_counter() - self.start[0]
        self.used += time.process_time() - self.start[1]

    def figures(self) -> dict[str, float]:
        return {"time": self.wall, "processor time": self.used,
                "peak memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def masks(folder: Path):
    """Name and full mask, slice first."""
    with np.load(folder / "masks.npz") as data:
        for key in data.files:
            if key.startswith("box_"):
                name = key[4:]
                box = tuple(slice(int(a), int(b)) for a, b in data[key])
                shape = tuple(s.stop - s.start for s in box)
                full = np.zeros(SHAPE, bool)
                full[box] = np.unpackbits(data[f"bits_{name}"], count=int(np.prod(shape))).reshape(shape)
                yield name, full


def write(folder: Path) -> dict[str, float]:
    from rt_utils import RTStructBuilder

    clock = Clock()
    with clock:
        builder = RTStructBuilder.create_new(dicom_series_path=str(folder / "ct"))
    for name, mask in masks(folder):
        turned = np.moveaxis(mask, 0, 2)
        with clock:
            builder.add_roi(mask=turned, name=name)
    with clock:
        builder.save(str(folder / "rt-utils.dcm"))
    return {**clock.figures(),
            "file": (folder / "rt-utils.dcm").stat().st_size / 1e6}


def read(folder: Path, way: str) -> dict[str, float]:
    from rt_utils import RTStructBuilder

    clock = Clock()
    with clock:
        found = RTStructBuilder.create_from(dicom_series_path=str(folder / "ct"),
                                            rt_struct_path=str(folder / f"{way}.dcm"))
    differ, dice, refused = 0, [], 0
    for name, true in masks(folder):
        try:
            with clock:
                mask = np.moveaxis(found.get_roi_mask_by_name(name), 2, 0)
        except Exception:  # noqa: BLE001  whatever a peer raises counts as not read
            refused += 1
            continue
        differ += int((mask ^ true).sum())
        dice.append(2 * int((mask & true).sum()) / (int(mask.sum()) + int(true.sum())))
    return {**clock.figures(), "voxels that differ": differ, "Dice": min(dice, default=0.0),
            **({"structures refused": refused} if refused else {})}


def nii(folder: Path, way: str) -> dict[str, float]:
    from dcmrtstruct2nii import dcmrtstruct2nii

    place = folder / f"nii_{way}"
    place.mkdir()
    clock = Clock()
    with clock:
        dcmrtstruct2nii(str(folder / f"{way}.dcm"), str(folder / "ct"), str(place), convert_original_dicom=False)
    return clock.figures()


def platipy(folder: Path, way: str) -> dict[str, float]:
    from platipy.dicom.io.rtstruct_to_nifti import convert_rtstruct

    place = folder / f"platipy_{way}"
    place.mkdir()
    clock = Clock()
    with clock:
        convert_rtstruct(str(folder / "ct"), str(folder / f"{way}.dcm"), prefix="mask_", output_dir=str(place))
    return clock.figures()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    steps = {"write": write, "read": read, "nii": nii, "platipy": platipy}
    print(json.dumps(steps[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])))
