"""The steps of rtstruct.py that need the library, each run as a process of its own; figures as JSON on stdout."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # for Testing/data
SHAPE, SPACING_MM = (150, 512, 512), (2.5, 0.977, 0.977)
ORIGIN = (-250.0, -250.0, -180.0)
READERS = ("oncologist", "radiographer")
DRAWING = {"exact": {}, "smooth": {"contours": "smooth"}, "xor": {"holes": "xor"}}


def make(folder: Path) -> dict[str, float]:
    """The CT series, and the masks in one file, cropped and packed."""
    from data.rois import twenty_rois

    from radoncai.core.grid import Grid
    from radoncai.core.structures import bounding_box
    from radoncai.core.volume import Volume
    from radoncai.dicom.series.ct_writer import write_ct_series

    kept = {}
    for name, mask in twenty_rois(SHAPE, SPACING_MM).items():
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
        from radoncai.dicom.series.series import read_series

        read = read_series(folder / "ct")
        grid, source = read.grid, read.source
    volume = Volume(np.broadcast_to(np.int16(0), shape), grid, "CT", "HU", source)
    boxes, masks = load(folder, size)
    drawn = tuple(Structure(n, m, tuple(slice(*b) for b in boxes[n])) for n, m in masks.items())
    return volume, StructureSet(grid, drawn, source)


def write(folder: Path, way: str, size: str = "") -> dict[str, float]:
    from radoncai.dicom.rtstruct.writer import write_rtstruct

    volume, structures = place(folder, size)
    path = folder / f"{way}{size}.dcm"
    used = measured(lambda: write_rtstruct(structures, volume, path, **DRAWING[way]))[1]
    return {**used, "file": path.stat().st_size / 1e6}


def read(folder: Path, way: str, size: str = "") -> dict[str, float]:
    from radoncai.dicom.rtstruct.reader import read_rtstruct

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
    from data.plain_reader import area, mask_of, polygons_of

    _, structures = place(folder, "")
    contours = polygons_of(folder / f"{way}.dcm", structures.grid)
    ratios, dice = {}, {}
    for s in structures:
        planes = contours.get(s.name, {})
        mask, true = mask_of(planes, SHAPE), s.full(SHAPE)
        dice[s.name] = 2 * int((mask & true).sum()) / (int(mask.sum()) + s.voxels)
        ratios[s.name] = sum(map(area, planes.values())) / s.voxels
    low, high = min(ratios, key=ratios.get), max(ratios, key=ratios.get)
    worst = min(dice, key=dice.get)
    return {f"volume ratio, lowest ({low})": ratios[low], f"volume ratio, highest ({high})": ratios[high],
            f"Dice{'' if dice[worst] == 1 else f' ({worst})'}": dice[worst]}


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

    from data.two_readers import image_on, masks

    from radoncai.core.structures import StructureSet
    from radoncai.dicom.rtstruct.reader import read_rtstruct
    from radoncai.dicom.rtstruct.writer import write_rtstruct

    differ = count = 0
    seconds = {"writing": 0.0, "reading": 0.0}
    for path in sorted(data.glob("*.npz")):
        grid, drawn = masks(path)
        volume = image_on(grid)
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            write_rtstruct(StructureSet(grid, drawn), volume, Path(folder) / "rs.dcm", **DRAWING[way])
            between = time.perf_counter()
            found = read_rtstruct(Path(folder) / "rs.dcm", volume)
            seconds["reading"] += time.perf_counter() - between
            seconds["writing"] += between - start
        count += len(drawn)
        for a in drawn:
            b = found.find(a.name)
            if b is None or a.box != b.box or not np.array_equal(a.mask, b.mask):
                differ += a.voxels if b is None else int((a.full(grid.shape) ^ b.full(grid.shape)).sum())
    return {"masks": count, "voxels that differ": differ, "writing all, seconds": seconds["writing"],
            "reading all, seconds": seconds["reading"]}


def readers_series(data: Path, folder: Path, scan: str) -> dict[str, float]:
    """A CT series painted from one scan's masks, and the sets of both readers on it as RTSTRUCT, exact and smooth."""
    from data.two_readers import masks, write_ct

    from radoncai.core.structures import StructureSet
    from radoncai.dicom.rtstruct.writer import write_rtstruct

    grid, painted = masks(data / f"{scan}_{READERS[0]}.npz")
    ct = write_ct(grid, painted, folder / "ct")
    for reader in READERS:
        for way in ("exact", "smooth"):
            drawn = StructureSet(grid, masks(data / f"{scan}_{reader}.npz")[1], ct.source)
            write_rtstruct(drawn, ct, folder / f"{reader} {way}.dcm", **DRAWING[way])
    return {"slices": grid.shape[0]}


def readers_judged(data: Path, folder: Path, scan: str, way: str) -> dict[str, float]:
    """Both readers' sets on the painted series, as our reader and the plain one read them."""
    from data.plain_reader import mask_of, polygons_of

    from radoncai.dicom.rtstruct.reader import read_rtstruct
    from radoncai.dicom.series.series import read_series

    ct = read_series(folder / "ct")
    ours, plain = {}, {}
    for reader in READERS:
        path = folder / f"{reader} {way}.dcm"
        ours |= {(reader, s.name): s.full(ct.grid.shape) for s in read_rtstruct(path, ct)}
        plain |= {(reader, name): mask_of(p, ct.grid.shape) for name, p in polygons_of(path, ct.grid).items()}
    return {**beside_readers(data, scan, ours.get, "our reader"),
            **beside_readers(data, scan, plain.get, "plain reader")}


def readers_compared(data: Path, folder: Path, scan: str, place: str) -> dict[str, float]:
    """The same from masks of another program, folder/READER PLACE/NAME.nrrd."""
    import SimpleITK as sitk

    def seen(key: tuple[str, str]) -> np.ndarray:
        return sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"{key[0]} {place}" / f"{key[1]}.nrrd"))) > 0

    return beside_readers(data, scan, seen, "plastimatch")


def beside_readers(data: Path, scan: str, seen: Callable[[tuple[str, str]], np.ndarray], who: str) -> dict[str, float]:
    """Voxels that differ from the readers' masks, and the lowest Dice; `seen` gives the mask of (reader, name)."""
    from data.two_readers import masks

    count, differ, dice = 0, 0, 1.0
    for reader in READERS:
        grid, drawn = masks(data / f"{scan}_{reader}.npz")
        for s in drawn:
            true, found = s.full(grid.shape), seen((reader, s.name))
            count, differ = count + 1, differ + int((true ^ found).sum())
            dice = min(dice, 2 * int((true & found).sum()) / (int(found.sum()) + s.voxels))
    return {"masks": count, f"voxels that differ, {who}": differ, f"Dice, {who}": dice}


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
             "readers": readers, "readers_series": readers_series, "readers_judged": readers_judged,
             "readers_compared": readers_compared}
    print(json.dumps(steps[sys.argv[1]](Path(sys.argv[2]), *(Path(a) if "/" in a else a for a in sys.argv[3:]))))
