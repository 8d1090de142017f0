"""The steps of rtstruct.py that need the library, each run as a process of its own; figures as JSON on stdout."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SHAPE, SPACING_MM = (150, 512, 512), (2.5, 0.977, 0.977)
ORIGIN = (-250.0, -250.0, -180.0)
DRAWING = {"exact": {}, "smooth": {"contours": "smooth"}, "xor": {"holes": "xor"}}


def make(folder: Path) -> dict[str, float]:
    """The CT series, and the masks in one file, cropped and packed."""
    from radoncai.core.grid import Grid
    from radoncai.core.structures import bounding_box
    from radoncai.core.volume import Volume
    from radoncai.dicom.ct_writer import write_ct_series

    spec = importlib.util.spec_from_file_location("rois", Path(__file__).parents[1] / "data" / "rois.py")
    rois = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rois)
    kept = {}
    for name, mask in rois.twenty_rois(SHAPE, SPACING_MM).items():
        box = bounding_box(mask)
        kept[f"box_{name}"] = [(s.start, s.stop) for s in box]
        kept[f"bits_{name}"] = np.packbits(mask[box])
    np.savez(folder / "masks.npz", **kept)
    grid = Grid.axial(SHAPE, SPACING_MM, ORIGIN)
    write_ct_series(Volume(np.zeros(SHAPE, np.int16), grid, "CT", "HU"), folder / "ct", patient_id="TWENTY")
    return {}


def enlarge(folder: Path, size: str) -> dict[str, float]:
    """The same structures repeated to 1000 slices, or with each pixel cut into four."""
    boxes, masks = load(folder)
    kept = {}
    for name, mask in masks.items():
        box = list(boxes[name])
        if size == "1000 slices":
            full = np.zeros((SHAPE[0], *mask.shape[1:]), bool)
            full[box[0][0]:box[0][1]] = mask
            mask, box[0] = np.concatenate([full] * 7)[:1000], (0, 1000)
        else:
            mask = mask.repeat(2, axis=1).repeat(2, axis=2)
            box = [box[0], *((2 * a, 2 * b) for a, b in box[1:])]
        kept[f"box_{name}"], kept[f"bits_{name}"] = box, np.packbits(mask)
    np.savez(folder / f"masks {size}.npz", **kept)
    return {}


def load(folder: Path, size: str = "") -> tuple[dict[str, list[tuple[int, int]]], dict[str, np.ndarray]]:
    """Box and cropped mask of each structure."""
    boxes, masks = {}, {}
    with np.load(folder / (f"masks {size}.npz" if size else "masks.npz")) as data:
        for key in data.files:
            if key.startswith("box_"):
                name = key[4:]
                boxes[name] = [(int(a), int(b)) for a, b in data[key]]
                shape = tuple(b - a for a, b in boxes[name])
                masks[name] = np.unpackbits(data[f"bits_{name}"], count=int(np.prod(shape))).reshape(shape).view(bool)
    return boxes, masks


def place(folder: Path, size: str):
    """The images' grid and references without voxels, and the structures on it."""
    from radoncai.core.grid import Grid
    from radoncai.core.structures import Structure, StructureSet
    from radoncai.core.volume import Source, Volume

    shape = {"": SHAPE, "1000 slices": (1000, 512, 512), "1024 matrix": (150, 1024, 1024)}[size]
    spacing = (2.5, 0.4885, 0.4885) if size == "1024 matrix" else SPACING_MM
    if size:
        images = tuple(("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{k}") for k in range(shape[0]))
        grid, source = Grid.axial(shape, spacing, ORIGIN), Source("TWENTY", "1.2.3", "1.2.4", "1.2.5", images)
    else:
        from radoncai.dicom.series import read_series

        read = read_series(folder / "ct")
        grid, source = read.grid, read.source
    volume = Volume(np.broadcast_to(np.int16(0), shape), grid, "CT", "HU", source)
    boxes, masks = load(folder, size)
    drawn = tuple(Structure(n, m, tuple(slice(*b) for b in boxes[n])) for n, m in masks.items())
    return volume, StructureSet(grid, drawn, source)


def write(folder: Path, way: str, size: str = "") -> dict[str, float]:
    from radoncai.dicom.rtstruct_writer import write_rtstruct

    volume, structures = place(folder, size)
    path = folder / f"{way}{size}.dcm"
    used = measured(lambda: write_rtstruct(structures, volume, path, **DRAWING[way]))[1]
    return {**used, "file": path.stat().st_size / 1e6}


def read(folder: Path, way: str, size: str = "") -> dict[str, float]:
    from radoncai.dicom.rtstruct_reader import read_rtstruct

    volume, structures = place(folder, size)
    found, used = measured(lambda: read_rtstruct(folder / f"{way}{size}.dcm", volume))
    used["memory above the masks"] -= sum(s.mask.nbytes for s in found) / 1e6
    differ, dice = 0, 1.0
    for a, b in zip(structures, found, strict=True):
        same = a.box == b.box and np.array_equal(a.mask, b.mask)
        if not same:
            x, y = a.full(volume.grid.shape), b.full(volume.grid.shape)
            differ += int((x ^ y).sum())
            dice = min(dice, 2 * int((x & y).sum()) / (a.voxels + b.voxels))
    return {**used, "contours": sum(len(s.contours) for s in found), "voxels that differ": differ, "Dice": dice}


def judge(folder: Path, way: str) -> dict[str, float]:
    """Volume of the polygons, and the voxels that a plain reader gets: even-odd over the contours of each slice."""
    import pydicom

    _, structures = place(folder, "")
    data = pydicom.dcmread(folder / f"{way}.dcm")
    names = {r.ROINumber: r.ROIName for r in data.StructureSetROISequence}
    contours = {names[r.ReferencedROINumber]: r.get("ContourSequence", ()) for r in data.ROIContourSequence}
    ratios, dice = {}, {}
    for s in structures:
        planes: dict[int, list[np.ndarray]] = {}
        for c in contours.get(s.name, ()):
            raw = c.get_item("ContourData").value
            text = raw if isinstance(raw, bytes) else "\\".join(map(str, raw)).encode()
            points = np.array(text.strip(b" \0").split(b"\\"), float).reshape(-1, 3)
            index = (points - structures.grid.origin_lps) / (SPACING_MM[2], SPACING_MM[1], SPACING_MM[0])
            planes.setdefault(int(np.rint(index[0, 2])), []).append(index[:, :2])
        mask = np.zeros(SHAPE, bool)
        for k, polygons in planes.items():
            mask[k] = even_odd(polygons)
        true = s.full(SHAPE)
        dice[s.name] = 2 * int((mask & true).sum()) / (int(mask.sum()) + s.voxels)
        ratios[s.name] = sum(map(area, planes.values())) / s.voxels
    low, high = min(ratios, key=ratios.get), max(ratios, key=ratios.get)
    worst = min(dice, key=dice.get)
    return {f"volume ratio, lowest ({low})": ratios[low], f"volume ratio, highest ({high})": ratios[high],
            f"Dice{'' if dice[worst] == 1 else f' ({worst})'}": dice[worst]}


def even_odd(polygons: list[np.ndarray]) -> np.ndarray:
    """Voxel centres with an odd number of edges to their left, all polygons of the slice together."""
    toggles = np.zeros((SHAPE[1], SHAPE[2] + 1), np.int32)
    for polygon in polygons:
        x0, y0 = np.round(polygon, 6).T
        for ax, ay, bx, by in zip(x0, y0, np.roll(x0, -1), np.roll(y0, -1), strict=True):
            if ay != by:
                rows = np.arange(max(0, int(np.ceil(min(ay, by)))), min(SHAPE[1], int(np.ceil(max(ay, by)))))
                at = np.round(ax + (rows - ay) * (bx - ax) / (by - ay), 6)
                toggles[rows, np.clip(np.ceil(at), 0, SHAPE[2]).astype(int)] += 1
    return np.cumsum(toggles[:, :-1], axis=1) % 2 == 1


def area(polygons: list[np.ndarray]) -> float:
    """Even-odd area of a slice in pixels, exact: between two heights of points the width inside changes linearly."""
    start = np.concatenate(polygons)
    end = np.concatenate([np.roll(p, -1, axis=0) for p in polygons])
    heights = np.unique(start[:, 1])
    middle = (heights[1:] + heights[:-1]) / 2
    first = np.searchsorted(heights, np.minimum(start[:, 1], end[:, 1]))
    count = np.searchsorted(heights, np.maximum(start[:, 1], end[:, 1])) - first
    edge = np.repeat(np.arange(len(start)), count)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    slope = (end - start)[edge, 0] / (end - start)[edge, 1]
    x = start[edge, 0] + (middle[line] - start[edge, 1]) * slope
    order = np.lexsort((x, line))
    x, line = x[order], line[order]
    return float(((x[1::2] - x[::2]) * np.diff(heights)[line[::2]]).sum())


def compare(folder: Path, masks: Path) -> dict[str, float]:
    """Masks that another program made, NAME.nrrd or mask_NAME.nii.gz, beside the true ones."""
    import SimpleITK as sitk

    _, structures = place(folder, "")
    differ, dice, lost = 0, [], 0
    for s in structures:
        path = next((p for p in (masks / f"{s.name}.nrrd", masks / f"mask_{s.name}.nii.gz") if p.exists()), None)
        if path is None:
            lost += 1
            dice.append(0.0)
            continue
        found, true = sitk.GetArrayFromImage(sitk.ReadImage(str(path))) > 0, s.full(SHAPE)
        differ += int((found ^ true).sum())
        dice.append(2 * int((found & true).sum()) / (int(found.sum()) + s.voxels))
    return {"voxels that differ": differ, "Dice": min(dice), **({"structures lost": lost} if lost else {})}


def readers(data: Path, way: str) -> dict[str, float]:
    """Every mask of the two readers, written and read on its own grid."""
    import tempfile

    from radoncai.core.grid import Grid
    from radoncai.core.structures import Structure, StructureSet
    from radoncai.core.volume import Source, Volume
    from radoncai.dicom.rtstruct_reader import read_rtstruct
    from radoncai.dicom.rtstruct_writer import write_rtstruct

    differ = masks = 0
    seconds = {"writing": 0.0, "reading": 0.0}
    for path in sorted(data.glob("*.npz")):
        with np.load(path) as z:
            i, j, k = (int(n) for n in z["size_ijk"])
            spacing = tuple(float(v) for v in z["spacing_ijk_mm"])[::-1]
            grid = Grid.axial((k, j, i), spacing, tuple(float(v) for v in z["origin_mm"]))
            drawn = []
            for name in (str(n) for n in z["names"]):
                b = [int(n) for n in z[f"bbox_{name}"]]
                shape = (b[1] - b[0], b[3] - b[2], b[5] - b[4])
                if np.prod(shape):
                    mask = np.unpackbits(z[f"bits_{name}"], count=int(np.prod(shape))).reshape(shape).astype(bool)
                    drawn.append(Structure(name, mask, (slice(b[0], b[1]), slice(b[2], b[3]), slice(b[4], b[5]))))
        images = tuple(("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{n}") for n in range(k))
        volume = Volume(np.broadcast_to(np.int16(0), grid.shape), grid, "CT", "HU",
                        Source("P", "1.2.3", "1.2.4", "1.2.5", images))
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            write_rtstruct(StructureSet(grid, tuple(drawn)), volume, Path(folder) / "rs.dcm", **DRAWING[way])
            between = time.perf_counter()
            found = read_rtstruct(Path(folder) / "rs.dcm", volume)
            seconds["reading"] += time.perf_counter() - between
            seconds["writing"] += between - start
        masks += len(drawn)
        for a in drawn:
            b = found.find(a.name)
            if b is None or a.box != b.box or not np.array_equal(a.mask, b.mask):
                differ += a.voxels if b is None else int((a.full(grid.shape) ^ b.full(grid.shape)).sum())
    return {"masks": masks, "voxels that differ": differ, "writing all, seconds": seconds["writing"],
            "reading all, seconds": seconds["reading"]}


def measured(action: Callable[[], object]) -> tuple[object, dict[str, float]]:
    """Result, seconds, processor seconds, and the peak of memory above what was there before, MB."""
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    wall, used = time.perf_counter(), time.process_time()
    result = action()
    figures = {"time": time.perf_counter() - wall, "processor time": time.process_time() - used}
    return result, {**figures, "memory above the masks": (memory("VmHWM") - before) / 1e3}


def memory(field: str) -> float:
    """kB of this process, from the kernel."""
    return float(re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text()).group(1))


if __name__ == "__main__":
    steps = {"make": make, "enlarge": enlarge, "write": write, "read": read, "judge": judge, "compare": compare,
             "readers": readers}
    print(json.dumps(steps[sys.argv[1]](Path(sys.argv[2]), *(Path(a) if "/" in a else a for a in sys.argv[3:]))))
