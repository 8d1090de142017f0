"""Lungs on any CT by the air inside the body: airway out, left and right told apart. Classical image processing."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.contour.body import coarse_grid, nearest_index
from radoncai.core import morphology
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.structures import bounding_box
from radoncai.models.engine.sampling import resample_to

AIR_HU = -400.0
GAS_HU = -945.0
PIECE_CC = 3.0
LEAST_CC = 20.0
CRUMB_CC = 1.0
CLOSING_MM = 4.0
BOTH_SIDES = 0.2
THINNING_MM = (3.0, 5.0, 7.0, 9.0, 12.0, 16.0, 20.0)
AIRWAY_MM2 = (40.0, 900.0)
NO_CHEST = "no lung tissue on this scan"

Triple = tuple[float, float, float]


def lungs(hu: np.ndarray, body: np.ndarray, grid: Grid, progress: Progress) -> dict[str, np.ndarray | str]:
    """Lung_L and Lung_R as masks on the LPS grid, or the reason (text) why one was not found."""
    progress.step("finding the lungs")
    coarse = coarse_grid(grid)
    small = resample_to(hu, grid, coarse)
    inside = resample_to(body, grid, coarse) > 0.5
    sides = coarse_lungs(small, inside, coarse.spacing_mm)
    out: dict[str, np.ndarray | str] = {}
    for name, side in sides.items():
        out[name] = side if isinstance(side, str) else _refined(hu, body, side, _others(sides, name), grid, coarse)
    return out


def coarse_lungs(hu: np.ndarray, body: np.ndarray, spacing_mm: Triple) -> dict[str, np.ndarray | str]:
    """The same on a coarse grid; i runs to the patient's left."""
    air = (hu < AIR_HU) & body
    air &= ~airway(hu, body, spacing_mm)
    tissue = _lung_pieces(air, hu, spacing_mm)
    if not tissue.any():
        return {"Lung_L": NO_CHEST, "Lung_R": NO_CHEST}
    return _named(_sided(tissue, body, spacing_mm), spacing_mm)


def airway(hu: np.ndarray, body: np.ndarray, spacing_mm: Triple) -> np.ndarray:
    """Throat and windpipe: dark round spots near the body's middle, followed from the head down until they branch."""
    dark = (hu < -700.0) & body
    out = np.zeros_like(dark)
    pixel = spacing_mm[1] * spacing_mm[2]
    previous = np.zeros(dark.shape[1:], bool)
    for k in range(dark.shape[0] - 1, -1, -1):
        labels, n = ndimage.label(dark[k])
        middle = _middle(body[k])
        spots = np.zeros_like(previous)
        for number, box in enumerate(ndimage.find_objects(labels), 1):
            spot = labels[box] == number
            centre = (box[1].start + box[1].stop) / 2
            narrow = (box[1].stop - box[1].start) * spacing_mm[2] < 45.0
            follows = previous[box][spot].any() or not previous.any()
            near = abs(centre - middle) * spacing_mm[2] < 30.0
            if follows and near and narrow and AIRWAY_MM2[0] <= spot.sum() * pixel <= AIRWAY_MM2[1]:
                spots[box] |= spot
        out[k] = spots
        previous = spots if spots.any() else previous if k % 4 else np.zeros_like(previous)
    return ndimage.binary_dilation(out, np.ones((1, 3, 3)))


def _middle(plane: np.ndarray) -> float:
    columns = np.flatnonzero(plane.any(axis=0))
    return float(columns.mean()) if len(columns) else plane.shape[1] / 2


def _lung_pieces(air: np.ndarray, hu: np.ndarray, spacing_mm: Triple) -> np.ndarray:
    """Pieces that are big enough and not gas: parenchyma is denser than -945 HU away from the edge."""
    labels, n = ndimage.label(air)
    inner = ndimage.binary_erosion(air, morphology.disc(3.0, spacing_mm), border_value=0)
    size = np.bincount(labels.ravel(), minlength=n + 1) * np.prod(spacing_mm) / 1000.0
    keep = np.zeros(n + 1, bool)
    for number in np.flatnonzero(size >= PIECE_CC):
        values = hu[(labels == number) & inner] if number else ()
        keep[number] = len(values) > 0 and np.median(values) > GAS_HU
    return _beside_largest(labels, size * keep)


def _beside_largest(labels: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Pieces with a size that share slices with the largest one; gas far below that passes for lung does not."""
    if not size.any():
        return np.zeros(labels.shape, bool)
    boxes = ndimage.find_objects(labels)
    main = boxes[int(np.argmax(size)) - 1][0]
    keep = np.zeros(len(size), bool)
    for number in np.flatnonzero(size):
        own = boxes[number - 1][0]
        shared = min(own.stop, main.stop) - max(own.start, main.start)
        keep[number] = shared >= 0.5 * (own.stop - own.start)
    return keep[labels]


def _sided(tissue: np.ndarray, body: np.ndarray, spacing_mm: Triple) -> dict[str, np.ndarray]:
    """Every piece to the side its middle lies on; a piece that reaches far into both is parted first."""
    middle = _middle(body[tissue.any(axis=(1, 2))].any(axis=0))
    out = {"Lung_L": np.zeros_like(tissue), "Lung_R": np.zeros_like(tissue)}
    labels, n = ndimage.label(tissue)
    for number in range(1, n + 1):
        piece = labels == number
        columns = np.flatnonzero(piece) % piece.shape[2]
        left = np.mean(columns > middle)
        box = bounding_box(piece)
        piece = piece[box]
        parts = _two_parts(piece, spacing_mm) if BOTH_SIDES < left < 1 - BOTH_SIDES else (piece,)
        for part in parts:
            centre = box[2].start + np.mean(np.flatnonzero(part) % part.shape[2])
            out["Lung_L" if centre > middle else "Lung_R"][box] |= part
    return out


def _two_parts(piece: np.ndarray, spacing_mm: Triple) -> tuple[np.ndarray, ...]:
    """Two lungs that touch: thinned until they part, then each voxel to the nearer one; the piece if it never parts."""
    depth = ndimage.distance_transform_edt(np.pad(piece, ((1, 1), (0, 0), (0, 0)), mode="edge"), spacing_mm)[1:-1]
    for thinning in THINNING_MM:
        labels, _ = ndimage.label(depth > thinning)
        size = np.bincount(labels.ravel(), minlength=3)
        size[0] = 0
        order = np.argsort(size)[::-1]
        if size[order[1]] > 0.2 * size[order[0]]:
            seeds = np.where(labels == order[0], 1, np.where(labels == order[1], 2, 0))
            where = ndimage.distance_transform_edt(seeds == 0, spacing_mm, return_distances=False, return_indices=True)
            nearest = seeds[tuple(where)]
            return piece & (nearest == 1), piece & (nearest == 2)
    return (piece,)


def _named(sides: dict[str, np.ndarray], spacing_mm: Triple) -> dict[str, np.ndarray | str]:
    size = {name: mask.sum() * np.prod(spacing_mm) / 1000.0 for name, mask in sides.items()}
    if max(size.values()) < LEAST_CC:
        return dict.fromkeys(sides, NO_CHEST)
    return {name: mask if size[name] >= LEAST_CC else "only the other lung was found on this scan"
            for name, mask in sides.items()}


def _others(sides: dict[str, np.ndarray | str], name: str) -> np.ndarray | None:
    other = sides["Lung_R" if name == "Lung_L" else "Lung_L"]
    return None if isinstance(other, str) else other


def _refined(hu: np.ndarray, body: np.ndarray, side: np.ndarray, other: np.ndarray | None, grid: Grid,
             coarse: Grid) -> np.ndarray:
    """The image's own edge (-400 HU) within one coarse voxel of the coarse lung; vessels are filled."""
    k, j, i = (nearest_index(n, m, b / a) for n, m, a, b in
               zip(grid.shape, coarse.shape, grid.spacing_mm, coarse.spacing_mm, strict=True))
    near = ndimage.binary_dilation(side, np.ones((1, 3, 3)))
    if other is not None:
        near &= ~other
    out = np.zeros(grid.shape, bool)
    rounds = max(1, round(CLOSING_MM / max(grid.spacing_mm[1:])))
    for index in np.flatnonzero(side.any(axis=(1, 2))[k]):
        there = near[k[index]][np.ix_(j, i)]
        box = bounding_box(there, margin=rounds + 1)
        air = np.pad((hu[index][box] < AIR_HU) & there[box] & body[index][box], rounds)
        closed = ndimage.binary_fill_holes(ndimage.binary_closing(air, iterations=rounds))
        out[index][box] = closed[rounds:-rounds, rounds:-rounds] & there[box]
    return _without_crumbs(out, grid.voxel_cc)


def _without_crumbs(mask: np.ndarray, voxel_cc: float) -> np.ndarray:
    box = bounding_box(mask)
    if box is None:
        return mask
    labels, n = ndimage.label(mask[box])
    keep = np.bincount(labels.ravel(), minlength=n + 1) * voxel_cc >= CRUMB_CC
    keep[0] = False
    mask[box] = keep[labels]
    return mask
