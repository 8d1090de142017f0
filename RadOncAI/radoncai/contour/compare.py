"""Contour sets side by side: overlap, surface distances, added path length, volumes and shifts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from radoncai.contour.findings import center_lps
from radoncai.contour.surface import surface_distances
from radoncai.core.errors import InputError
from radoncai.core.naming import same_meaning
from radoncai.core.progress import Progress
from radoncai.core.structures import Box, Structure, StructureSet
from radoncai.core.tables import COLUMNS
from radoncai.core.templates import tolerance_mm
from radoncai.models.engine.orientation import turn_of


@dataclass(frozen=True)
class Comparison:
    """`rows` have the columns of compare.csv; None is an empty cell.

    `reasons` tells for (other, structure) why its cells are empty, `said` are sentences about names and grids.
    """

    rows: tuple[dict[str, object], ...] = ()
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    said: tuple[str, ...] = ()


def compare(reference: StructureSet, others: Sequence[tuple[str, StructureSet]], *, label: str = "reference",
            structures: Sequence[str] | None = None, mapping: Mapping[str, str] | None = None,
            tolerance: float | None = None, progress: Progress | None = None) -> Comparison:
    """Compare each (label, set) with the reference, structure by structure.

    Names match exactly, then by `mapping` (reference name -> other name), then by alias, which is said. `structures`
    limits to these reference names, `tolerance` (mm) replaces each structure's own. Raises InputError, Cancelled.
    """
    progress = progress or Progress()
    unknown = [n for n in structures or () if n not in reference.names]
    if unknown:
        raise InputError(f"The reference has no {unknown[0]}; it has {', '.join(reference.names) or 'no structures'}.")
    rows, reasons, said = [], {}, []
    for name, other in others:
        _same_grid(reference, other, name)
        pairs, words = matched(reference, other, name, mapping, structures)
        said += words
        for n, (ours, theirs, why) in enumerate(pairs):
            progress.step(f"comparing {name}", n / len(pairs))
            row = _row(reference, other, ours, theirs, tolerance) if ours and theirs else _lone(reference, ours, theirs)
            shown = (ours or theirs).name
            rows.append({"reference": label, "other": name, "structure": shown, **row})
            if why:
                reasons[name, shown] = why
    progress.finish()
    return Comparison(tuple(rows), reasons, tuple(said))


Pair = tuple[Structure | None, Structure | None, str]


def matched(reference: StructureSet, other: StructureSet, label: str, mapping: Mapping[str, str] | None = None,
            structures: Sequence[str] | None = None) -> tuple[list[Pair], list[str]]:
    """(reference structure, other structure, reason why one is None) and what was said about names."""
    wanted = [s for s in reference if structures is None or s.name in structures]
    taken = {s.name for s in wanted if other.find(s.name)} | set((mapping or {}).values())
    pairs: list[Pair] = []
    said = []
    for ours in wanted:
        name = (mapping or {}).get(ours.name, ours.name)
        theirs, why = other.find(name), f"not in {label}"
        if theirs is None and name == ours.name:
            free = [n for n in same_meaning(name, other.names) if n not in taken]
            if len(free) == 1:
                theirs = other.find(free[0])
                taken.add(free[0])
                said.append(f"{ours.name} was compared with {free[0]} of {label}.")
            elif free:
                why = f"{' and '.join(free)} of {label} could both be meant"
        why = other.missing.get(name, why)
        pairs.append((ours, theirs, "" if theirs else why))
    if structures is None:
        used = {theirs.name for _, theirs, _ in pairs if theirs}
        pairs += [(None, s, "not in the reference") for s in other if s.name not in used]
    return pairs, said


def dice(first: np.ndarray, second: np.ndarray) -> float | None:
    """2 n(A and B) / (n(A) + n(B)); None where both are empty."""
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return float(2.0 * np.count_nonzero(first & second) / total) if total else None


def added_path_mm(reference: np.ndarray, other: np.ndarray, spacing_mm: tuple[float, float, float],
                  axis: int = 0) -> float:
    """Length of the reference's contour pixels, slice by slice along `axis`, that `other` does not share, in mm.

    A contour pixel belongs to the mask and has one of its four neighbours outside (Vaassen 2020, added path length).
    """
    cross = np.expand_dims(ndimage.generate_binary_structure(2, 1), axis)
    edges = [mask & ~ndimage.binary_erosion(mask, cross) for mask in (reference, other)]
    pixel = float(np.sqrt(np.prod([s for n, s in enumerate(spacing_mm) if n != axis])))
    return float(np.count_nonzero(edges[0] & ~edges[1])) * pixel


def _same_grid(reference: StructureSet, other: StructureSet, name: str) -> None:
    if not reference.grid.same_as(other.grid):
        raise InputError(f"The contours of {name} lie on another grid than the reference; give the CT with --ct.")


def _row(reference: StructureSet, other: StructureSet, ours: Structure, theirs: Structure,
         tolerance: float | None) -> dict[str, object]:
    grid = reference.grid
    first, second = _together(ours, theirs)
    volume = reference.volume_cc(ours)
    limit = tolerance if tolerance is not None else tolerance_mm(ours.standard_name or ours.name, volume)
    surfaces = surface_distances(first, second, grid.spacing_mm)
    axial = turn_of(grid).axes[0]
    return {"dice": dice(first, second), "surface_dice": surfaces.surface_dice(limit), "tolerance_mm": limit,
            "hd95_mm": surfaces.hausdorff_mm(95.0), "mean_surface_mm": float(np.mean(surfaces.mean_mm())),
            "apl_mm": added_path_mm(first, second, grid.spacing_mm, axial), "volume_ref_cc": volume,
            "volume_other_cc": other.volume_cc(theirs), **_shift(reference, other, ours, theirs)}


def _lone(reference: StructureSet, ours: Structure | None, theirs: Structure | None) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(COLUMNS["compare"].split()[3:])
    if ours:
        row["volume_ref_cc"] = reference.volume_cc(ours)
    if theirs:
        row["volume_other_cc"] = theirs.voxels * reference.grid.voxel_cc
    return row


def _shift(reference: StructureSet, other: StructureSet, ours: Structure, theirs: Structure) -> dict[str, float]:
    """From the reference's centre to the other's, LPS mm."""
    move = center_lps(theirs, other) - center_lps(ours, reference)
    return {f"shift_{axis}_mm": float(m) for axis, m in zip("lps", move, strict=True)}


def _together(ours: Structure, theirs: Structure) -> tuple[np.ndarray, np.ndarray]:
    """Both masks in the smallest box that holds both, one voxel wider so that every edge has an outside."""
    low = [min(a.start, b.start) - 1 for a, b in zip(ours.box, theirs.box, strict=True)]
    high = [max(a.stop, b.stop) + 1 for a, b in zip(ours.box, theirs.box, strict=True)]
    return tuple(_placed(s, low, high) for s in (ours, theirs))


def _placed(structure: Structure, low: list[int], high: list[int]) -> np.ndarray:
    out = np.zeros([h - n for n, h in zip(low, high, strict=True)], bool)
    box: Box = tuple(slice(b.start - n, b.stop - n) for b, n in zip(structure.box, low, strict=True))
    out[box] = structure.mask
    return out
