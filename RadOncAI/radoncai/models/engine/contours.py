"""From images to masks with a network of tiles: model grid, body crop, tiles, and the way back to the image."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from radoncai.core.errors import PlatformError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models.engine.back import Chances, to_image
from radoncai.models.engine.channels import Channels, prepare
from radoncai.models.engine.orientation import to_lps
from radoncai.models.engine.passes import mean_of_passes, mirrored_order
from radoncai.models.engine.windows import STEP, slabs
from radoncai.models.options import PLAIN, RunOptions
from radoncai.models.runners import TileRunner
from radoncai.models.segmentation import Segmentation
from radoncai.models.spec import ModelSpec

MULTIPLE = 32
IN_MEMORY = 1 << 29


def segment(volume: Volume, spec: ModelSpec, runner: TileRunner, names: tuple[str, ...], progress: Progress,
            options: RunOptions = PLAIN, images: Mapping[str, Volume] | None = None) -> Segmentation:
    """Masks of the outputs `names` on the volume's grid. A structure does not depend on which others are asked for.

    `images` are further images by name, in the volume's patient space. Flips (paired organs swapped), the members of an
    ensemble and further grids are averaged as probabilities, these on the first grid. Raises InputError, ModelError,
    PlatformError, Cancelled.
    """
    progress.step("preparing the image")
    turned, turn = to_lps(volume)
    first, *further = (prepare(turned, replace(spec, spacing_mm=mm), images)
                       for mm in (spec.spacing_mm, *spec.further_spacings_mm))
    chances, passes = _chances(first, turned.grid, runner, options, progress, STEP)
    for number, channels in enumerate(further, 2):
        more, again = _chances(channels, turned.grid, runner, options, progress, f"{STEP} on grid {number}")
        chances.average(more, number, progress)
        passes += again
    found = to_image(chances, names, progress, options.uncertainty)
    back = {name: replace(f, mask=np.ascontiguousarray(turn.undo(f.mask)), box=turn.undo_box(f.box, turned.grid.shape))
            for name, f in found.found.items()}
    chart = None if found.entropy is None else np.ascontiguousarray(turn.undo(found.entropy))
    return Segmentation(back, found.missing, chart, passes, options.mirrors(spec))


def _chances(channels: Channels, grid: Grid, runner: TileRunner, options: RunOptions, progress: Progress,
             step: str) -> tuple[Chances, int]:
    """What the network says on the grid of the channels, of an image on `grid`, and how many passes are averaged."""
    parts, passes = outputs(channels, runner, options, progress, step)
    values = room((len(mirrored_order(channels.spec)), *channels.shape))
    for part, slab in parts:
        values[:, part] = slab
    return Chances(values, channels.box, channels.grid, grid, channels.spec), passes


def outputs(channels: Channels, runner: TileRunner, options: RunOptions, progress: Progress,
            step: str = STEP) -> tuple[Iterator[tuple[slice, np.ndarray]], int]:
    """The network over the box, slab by slab (`slabs`), after the activation, and how many passes are averaged."""
    spec = channels.spec
    run, passes = mean_of_passes(spec, runner, options, progress)
    patch = spec.patch or tuple(-(-n // MULTIPLE) * MULTIPLE for n in channels.shape)
    patch = (1, *patch) if len(patch) == 2 else patch
    return slabs(run, channels.tile, channels.shape, patch, spec.overlap, len(mirrored_order(spec)), progress,
                 channels.has_body, step), passes


def room(shape: tuple[int, ...], kind: type = np.float16) -> np.ndarray:
    """Zeros for a network's values: float32 in memory, or `kind` in a file that goes with the array if they are many.

    Raises PlatformError where the disk has no room.
    """
    count = int(np.prod(shape, dtype=np.int64))
    if 4 * count <= IN_MEMORY:
        return np.zeros(shape, np.float32)
    need, folder = count * np.dtype(kind).itemsize, tempfile.gettempdir()
    if shutil.disk_usage(folder).free < 1.1 * need:
        raise PlatformError(f"The disk of {folder} has no room for {need / 1e9:.1f} GB of intermediate values; free "
                            "some, or set TMPDIR to a larger disk.")
    return np.memmap(tempfile.TemporaryFile(prefix="radoncai-"), kind, "w+", shape=shape)
