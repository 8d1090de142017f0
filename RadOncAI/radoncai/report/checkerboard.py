"""Two images in one, field by field: where edges run on across the fields, the images lie on each other."""

from __future__ import annotations

import numpy as np
from PIL import Image

from radoncai.core.resample import grid_like, resample_array
from radoncai.core.volume import Volume
from radoncai.report.drawing import annotate, grey, to_image
from radoncai.report.places import three_views, whole

FIELD_MM = 40.0
FINEST_MM = 1.5
GAP = 6
STATUS = "Registration, not accepted"


def checkerboard(fixed: Volume, moving: Volume) -> Volume:
    """uint8 0 to 255 on the fixed image's directions with voxels of 1.5 mm or more; fields of 40 mm from each image in
    turn. `moving` lies in the fixed image's patient space. Where the moving image ends the fixed one goes on.
    """
    grid = grid_like(fixed.grid, tuple(max(s, FINEST_MM) for s in fixed.grid.spacing_mm))
    board = _shade(resample_array(fixed.array, fixed.grid, grid, window(fixed)[0]), window(fixed))
    other = resample_array(moving.array, moving.grid, grid, float("nan"))
    k, j, i = np.ix_(*(np.arange(n, dtype=np.float32) for n in grid.shape))
    lps = (row[0] * i + row[1] * j + row[2] * k + row[3] for row in grid.index_to_lps[:3])
    fields = _is_other(*lps) & np.isfinite(other)
    board[fields] = _shade(other[fields], window(moving))
    return Volume(board, grid, "", "1", fixed.source)


def window(volume: Volume) -> tuple[float, float]:
    """The values that become black and white: soft tissue on CT, else nearly the whole range."""
    if volume.unit == "HU":
        return -160.0, 240.0
    low, high = (float(v) for v in np.percentile(volume.array[::2, ::2, ::2], (1.0, 99.5)))
    return low, max(high, low + 1e-6)


def checkerboard_picture(fixed: Volume, moving: Volume, status: str = STATUS) -> Image.Image:
    """Axial, coronal and sagittal view side by side through the middle of the moving image, which lies in the fixed
    image's patient space."""
    box = whole(moving.grid)
    tiles = []
    for view in three_views(fixed, (box[0] + box[1]) / 2, box, margin_mm=0.0):
        points = view.points()
        at = moving.grid.to_index(points.reshape(-1, 3)).reshape(points.shape)
        inside = ((at >= -0.5) & (at <= np.array(moving.grid.shape[::-1]) - 0.5)).all(axis=-1)
        fields = _is_other(*np.moveaxis(points, -1, 0)) & inside
        tile = to_image(np.where(fields[..., None], grey(moving, view), grey(fixed, view)))
        annotate(tile, view, f"{view.plane}, fields of {FIELD_MM / 10:.0f} cm", status)
        tiles.append(tile)
    out = Image.new("RGB", (sum(t.width for t in tiles) + GAP * (len(tiles) - 1), max(t.height for t in tiles)))
    for n, tile in enumerate(tiles):
        out.paste(tile, (sum(t.width + GAP for t in tiles[:n]), 0))
    return out


def _is_other(left: np.ndarray, posterior: np.ndarray, superior: np.ndarray) -> np.ndarray:
    """Whether the moving image's turn is at these LPS mm."""
    return sum(np.floor(mm / FIELD_MM).astype(np.int32) for mm in (left, posterior, superior)) % 2 == 1


def _shade(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return np.clip(np.rint((values - limits[0]) / (limits[1] - limits[0]) * 255.0), 0, 255).astype(np.uint8)
