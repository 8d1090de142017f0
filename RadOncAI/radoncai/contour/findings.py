"""First plausibility checks of contours, as sentences (the checks of contouring.md 6.2, one by one)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from radoncai.core.structures import Structure, StructureSet
from radoncai.core.templates import StructureTemplate, match
from radoncai.core.volume import Volume
from radoncai.models.engine.orientation import turn_of

ANY_NUMBER_OF_PIECES = ("Bowel", "Bag_Bowel", "BoneMarrow", "Bone_Pelvic")
HOLLOW = ("Larynx", "Trachea", "Esophagus", "Bowel", "Bag_Bowel", "Colon", "Rectum", "Stomach", "Cavity", "Pharynx",
          "Musc_Constrict", "Breast", "Bronchus", "Carina", "Glottis", "Lips", "Anus", "Sinus", "Cochlea", "Skin",
          "External", "Body", "Ear", "Femur", "Femoral", "Rib", "Sternum", "Vertebra", "VB", "Teeth", "Skull")
CRUMB_CC = 0.1
TRUNK_AND_ARMS = 3
MOST_VOXELS = 5_000_000
AREA_STEP = 3.0
LEAST_AREA_MM2 = 30.0
RATIO = (0.6, 1.6)
LUNG_RATIO = (0.5, 1.6)
LUNG_HU = -600.0
BONE_HU = 150.0
SOFT_HU = (-50.0, 300.0)
GAS_HU = -400.0
GAS_SHARE = 0.05


@dataclass(frozen=True)
class Shape:
    """What the checks need of one structure: volume, pieces (cc, largest first), area of each slice, mean LPS point."""

    volume_cc: float
    pieces_cc: tuple[float, ...]
    areas_mm2: np.ndarray
    center_lps: np.ndarray
    cut: tuple[str, ...]


def describe(structure: Structure, structures: StructureSet) -> Shape:
    """Measure a structure on the grid of its set. `cut` names the borders of the scan that it touches."""
    grid = structures.grid
    along = turn_of(grid).axes[0]
    across = tuple(a for a in range(3) if a != along)
    areas = np.count_nonzero(structure.mask, axis=across) * grid.voxel_cc * 1000.0 / grid.spacing_mm[along]
    return Shape(structure.voxels * grid.voxel_cc, pieces_cc(structure.mask, grid.voxel_cc), areas,
                 center_lps(structure, structures), _cut(structure, structures))


def center_lps(structure: Structure, structures: StructureSet) -> np.ndarray:
    """Mean position of a structure's voxels, LPS mm."""
    index = []
    for axis, box in enumerate(structure.box):
        counts = np.count_nonzero(structure.mask, axis=tuple(a for a in range(3) if a != axis))
        index.append(box.start + float(counts @ np.arange(len(counts))) / counts.sum())
    return structures.grid.to_lps(np.array([index[::-1]]))[0]


def pieces_cc(mask: np.ndarray, voxel_cc: float) -> tuple[float, ...]:
    """Volumes of the pieces that touch not even at a corner, largest first; very large masks are looked at coarsely."""
    counts = mask.astype(np.uint8)
    while counts.size > MOST_VOXELS:
        counts = sum(np.pad(counts, ((0, 0), (0, counts.shape[1] % 2), (0, counts.shape[2] % 2)))[:, a::2, b::2]
                     for a in (0, 1) for b in (0, 1))
    labels, n = ndimage.label(counts, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), weights=counts.ravel(), minlength=n + 1)[1:]
    return tuple(float(s) * voxel_cc for s in np.sort(sizes)[::-1])


def check_all(structures: StructureSet, volume: Volume) -> StructureSet:
    """The set with each structure's findings filled in. `volume` lies on the grid of the set."""
    shapes = {s.name: describe(s, structures) for s in structures}
    checked = tuple(replace(s, findings=tuple(check(s, shapes, volume))) for s in structures)
    return replace(structures, structures=checked)


def check(structure: Structure, shapes: dict[str, Shape], volume: Volume) -> list[str]:
    """Sentences about one structure; an empty list where nothing stands out."""
    shape, template = shapes[structure.name], match(structure.standard_name or structure.name)
    if structure.role == "external":
        return _pieces(shape, structure) if len(shape.pieces_cc) > TRUNK_AND_ARMS else []
    found = [f"It touches {' and '.join(shape.cut)} of the scan, so its volume was not judged."] if shape.cut else []
    found += _volume(shape, template) + _pieces(shape, structure) + _slices(shape, template)
    found += _sides(structure, shapes)
    return found + _values(structure, volume)


def _cut(structure: Structure, structures: StructureSet) -> tuple[str, ...]:
    turn = turn_of(structures.grid)
    ends = (("the lowest slice", "the highest slice"), ("the front border", "the back border"),
            ("the right border", "the left border"))
    out = []
    for axis, flip, (first, last) in zip(turn.axes, turn.flips, ends, strict=True):
        box = structure.box[axis]
        if box.start == 0:
            out.append(last if flip else first)
        if box.stop == structures.grid.shape[axis]:
            out.append(first if flip else last)
    return tuple(out)


def _volume(shape: Shape, template: StructureTemplate | None) -> list[str]:
    if shape.cut or template is None or template.volume_cc is None:
        return []
    low, high = template.volume_cc
    if low <= shape.volume_cc <= high:
        return []
    word = "small" if shape.volume_cc < low else "large"
    return [f"Its volume of {shape.volume_cc:.3g} cc is unusually {word} (usual: {low:g} to {high:g} cc)."]


def _pieces(shape: Shape, structure: Structure) -> list[str]:
    if len(shape.pieces_cc) < 2 or structure.name.startswith(ANY_NUMBER_OF_PIECES):
        return []
    crumbs = sum(p < CRUMB_CC for p in shape.pieces_cc)
    small = f", {crumbs} of them under {CRUMB_CC:g} cc" if crumbs else ""
    return [f"It lies in {len(shape.pieces_cc)} separate pieces{small}."]


def _slices(shape: Shape, template: StructureTemplate | None) -> list[str]:
    areas, found = shape.areas_mm2, []
    if (areas == 0).any():
        found.append(f"{int((areas == 0).sum())} slices inside it are empty.")
    pairs = np.stack([areas[:-1], areas[1:]])[:, 1:-1] if len(areas) > 4 else np.zeros((2, 0))
    low, high = pairs.min(axis=0, initial=np.inf), pairs.max(axis=0, initial=0)
    jumps = int(((low > LEAST_AREA_MM2) & (high > AREA_STEP * low)).sum())
    if jumps:
        often = "once" if jumps == 1 else f"{jumps} times"
        found.append(f"Its area jumps more than threefold between neighbouring slices, {often}.")
    band = template.slice_area_cm2 if template else None
    if band and len(areas):
        area = float(np.median(areas)) / 100.0
        if not band[0] <= area <= band[1]:
            found.append(f"Its area of {area:.2g} cm2 a slice is unusual (usual: {band[0]:g} to {band[1]:g} cm2).")
    return found


def _sides(structure: Structure, shapes: dict[str, Shape]) -> list[str]:
    other = partner(structure.name)
    if other not in shapes:
        return []
    own, twin, found = shapes[structure.name], shapes[other], []
    is_left = structure.name.endswith("_L")
    if (own.center_lps[0] > twin.center_lps[0]) != is_left:
        found.append(f"It lies on the wrong side of {other}; left and right may be swapped.")
    low, high = LUNG_RATIO if structure.name.startswith("Lung") else RATIO
    ratio = own.volume_cc / twin.volume_cc
    left_over_right = ratio if is_left else 1 / ratio
    if not own.cut and not twin.cut and not low <= left_over_right <= high:
        found.append(f"Its volume is {ratio:.2g} times that of {other}.")
    return found


def partner(name: str) -> str | None:
    """The other side of a paired organ: Parotid_L for Parotid_R."""
    if name.endswith(("_L", "_R")):
        return name[:-1] + ("R" if name.endswith("_L") else "L")
    return None


def _values(structure: Structure, volume: Volume) -> list[str]:
    if volume.modality not in ("CT", "") or structure.role != "oar":
        return []
    values = volume.array[structure.box][structure.mask]
    mean = float(values.mean())
    if structure.name.startswith("Lung"):
        return [f"Its mean of {mean:.0f} HU is too dense for lung."] if mean > LUNG_HU else []
    if structure.name.startswith("Bone"):
        return [f"Its mean of {mean:.0f} HU is too soft for bone."] if mean < BONE_HU else []
    if match(structure.standard_name or structure.name) is None or structure.name.startswith(HOLLOW):
        return []
    if not SOFT_HU[0] <= mean <= SOFT_HU[1]:
        return [f"Its mean of {mean:.0f} HU is unusual for soft tissue."]
    gas = float(np.mean(values < GAS_HU))
    return [f"{100 * gas:.0f} % of it is air."] if gas > GAS_SHARE else []
