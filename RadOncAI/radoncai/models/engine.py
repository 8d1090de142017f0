"""From a CT to masks with a network: model grid, body crop, tiles, and each structure's probability back to the CT."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from scipy import ndimage

from radoncai.core import morphology
from radoncai.core.errors import InputError, ModelError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.structures import Box, bounding_box
from radoncai.core.volume import Volume
from radoncai.models.clean import clean
from radoncai.models.options import PLAIN, RunOptions
from radoncai.models.orientation import to_lps
from radoncai.models.runners import TileRunner
from radoncai.models.sampling import box_back, model_grid, resample_to, slices_back
from radoncai.models.segmentation import Found, Segmentation
from radoncai.models.spec import InputSpec, ModelSpec
from radoncai.models.windows import sliding_window

MARGIN_MM = 12.0
UNSURE = (0.2, 0.8)
MULTIPLE = 32


def normalised(array: np.ndarray, rule: InputSpec) -> np.ndarray:
    """`(clip(array) - mean) / std` as `model.json` says, float32."""
    out = np.clip(array, *rule.clip) if rule.clip else np.asarray(array)
    return ((out - np.float32(rule.mean)) / np.float32(rule.std)).astype(np.float32)


def segment(volume: Volume, spec: ModelSpec, runner: TileRunner, names: tuple[str, ...], progress: Progress,
            options: RunOptions = PLAIN, images: Mapping[str, Volume] | None = None) -> Segmentation:
    """Masks of the outputs `names` on the volume's grid. A structure does not depend on which others are asked for.

    `options.flips` also runs each tile mirrored left to right, paired organs swapped, and takes the mean.
    `images` are further images by name, in the volume's patient space. Raises ModelError, PlatformError, Cancelled.
    """
    progress.step("preparing the image")
    turned, turn = to_lps(volume)
    target = model_grid(turned.grid, spec.spacing_mm)
    small = resample_to(turned.array, turned.grid, target)
    body = morphology.body_mask(small, target.spacing_mm)
    box = body_box(body, target.spacing_mm)
    if box is None:
        raise InputError("No patient was found on the image: nothing is denser than air; check that it is a CT in HU.")
    chances = probabilities(small[box][None], spec, runner, progress, options.flips, body[box])
    progress.step("bringing the contours to the image")
    result = to_image(chances, box, target, turned.grid, spec, names, progress)
    back = {name: Found(np.ascontiguousarray(turn.undo(f.mask)), turn.undo_box(f.box, turned.grid.shape), f.uncertainty)
            for name, f in result.found.items()}
    return Segmentation(back, result.missing)


def body_box(body: np.ndarray, spacing_mm: tuple[float, float, float]) -> Box | None:
    """The body's box with 12 mm around it; None where there is no body."""
    box = bounding_box(body)
    if box is None:
        return None
    margin = [int(np.ceil(MARGIN_MM / s)) for s in spacing_mm]
    return tuple(slice(max(0, b.start - m), min(n, b.stop + m))
                 for b, m, n in zip(box, margin, body.shape, strict=True))


def probabilities(channels: np.ndarray, spec: ModelSpec, runner: TileRunner, progress: Progress,
                  flips: bool = False, active: np.ndarray | None = None) -> np.ndarray:
    """(channels, k, j, i) in the inputs' units on the model's grid to (outputs, k, j, i) after the activation.

    A single image serves all inputs: the same CT through several windows. Tiles without `active` voxels are 0.
    """
    if len(channels) == 1:
        channels = np.broadcast_to(channels, (len(spec.inputs), *channels.shape[1:]))
    if len(channels) != len(spec.inputs):
        raise ModelError(f"The model {spec.name} wants {len(spec.inputs)} images, {len(channels)} were given.")
    inputs = np.stack([normalised(c, rule) for c, rule in zip(channels, spec.inputs, strict=True)])
    fill = np.array([normalised(np.float32(rule.outside), rule) for rule in spec.inputs], np.float32)
    activate, swap = _activation(spec.activation), mirrored_order(spec)

    def run(tile: np.ndarray) -> np.ndarray:
        out = activate(runner.run(tile, progress))
        if len(out) != len(swap):
            raise ModelError(f"The model {spec.name} gives {len(out)} outputs; its model.json names {len(swap)}.")
        if flips:
            mirrored = activate(runner.run(np.ascontiguousarray(tile[..., ::-1]), progress))[..., ::-1]
            out = (out + mirrored[swap]) / 2
        return out
    size = channels.shape[1:]
    patch = spec.patch or tuple(-(-n // MULTIPLE) * MULTIPLE for n in size)
    return sliding_window(run, inputs, patch, spec.overlap, len(swap), progress, fill, active=active)


def mirrored_order(spec: ModelSpec) -> list[int]:
    """For each output channel the channel it becomes in a mirror: organs whose names end in _L and _R swap."""
    names = (["background"] if spec.activation == "softmax" else []) + list(spec.names)
    swap = {"_L": "_R", "_R": "_L"}
    partner = [name[:-2] + swap[name[-2:]] if name[-2:] in swap else name for name in names]
    return [names.index(p) if p in names else n for n, p in enumerate(partner)]


def unsure_share(chance: np.ndarray, inside: np.ndarray) -> float:
    """Voxels with a probability between 0.2 and 0.8, as a share of the structure's voxels (contouring.md 6.2, 10)."""
    unsure = int(np.count_nonzero((chance > UNSURE[0]) & (chance < UNSURE[1])))
    return round(float(unsure) / max(1, int(np.count_nonzero(inside))), 4)


def to_image(chances: np.ndarray, box: Box, target: Grid, grid: Grid, spec: ModelSpec, names: tuple[str, ...],
             progress: Progress) -> Segmentation:
    """Probabilities (outputs, k, j, i) of `box` on the model's grid to masks on the image's grid.

    One structure at a time is interpolated linearly inside its own box; where several reach their threshold the
    largest probability wins.
    """
    first = len(chances) - len(spec.names)
    boxes, shares, missing = {}, {}, {}
    for n, name in enumerate(spec.names):
        chance = _cleaned(chances[first + n], spec, name)
        inside = chance >= threshold(spec, name)
        if (own := bounding_box(inside)) is None:
            missing[name] = f"the model found nothing (highest probability {float(chance.max()):.2f})"
        else:
            shares[name] = unsure_share(chance, inside)
            boxes[name] = box_back(_shifted(own, box), target, grid)
    wanted = {name: boxes[name] for name in names if name in boxes}
    rivals = [name for name in boxes if name in wanted or any(_meet(boxes[name], w) for w in wanted.values())]
    masks = _largest_wins(chances, box, target, grid, spec, {n: boxes[n] for n in rivals}, progress)
    found = {}
    for name in wanted:
        mask = clean(masks[name][0], spec, name)
        inner = bounding_box(mask)
        if inner is None:
            missing[name] = "the model found nothing that another structure does not cover"
        else:
            found[name] = Found(mask[inner].copy(), _shifted(inner, masks[name][1]), shares[name])
    return Segmentation(found, {name: missing[name] for name in names if name in missing})


def threshold(spec: ModelSpec, name: str) -> float:
    """The least probability of a structure's voxels; where classes exclude each other the largest decides anyway."""
    return spec.thresholds.get(name, 0.2 if spec.activation == "softmax" else 0.5)


def _cleaned(chance: np.ndarray, spec: ModelSpec, name: str) -> np.ndarray:
    """Far specks go before they blow up the box; one voxel around the largest piece stays for interpolation."""
    inside = chance >= threshold(spec, name)
    if "largest_component" not in spec.postprocess.get(name, ()) or not inside.any():
        return chance
    keep = ndimage.binary_dilation(morphology.largest_component(inside), np.ones((3, 3, 3)))
    chance[~keep] = np.minimum(chance[~keep], 0.19)
    return chance


def _largest_wins(chances: np.ndarray, box: Box, target: Grid, grid: Grid, spec: ModelSpec, boxes: dict[str, Box],
                  progress: Progress) -> dict[str, tuple[np.ndarray, Box]]:
    if not boxes:
        return {}
    all_parts = list(zip(*boxes.values(), strict=True))
    union = tuple(slice(min(p.start for p in parts), max(p.stop for p in parts)) for parts in all_parts)
    best = np.zeros([b.stop - b.start for b in union], np.float16)
    label = np.zeros(best.shape, np.uint8 if len(spec.names) < 256 else np.uint16)
    first = len(chances) - len(spec.names)
    if first:
        for k, plane in _planes(chances[0], box, target, grid, union):
            best[k - union[0].start] = plane
    for done, (name, own) in enumerate(boxes.items()):
        progress.step("bringing the contours to the image", done / len(boxes))
        n = spec.names.index(name)
        least = threshold(spec, name)
        inner = _relative(own, union)[1:]
        for k, plane in _planes(chances[first + n], box, target, grid, own):
            there, mark = best[k - union[0].start][inner], label[k - union[0].start][inner]
            wins = (plane.astype(np.float16) > there) & (plane >= least)
            there[wins] = plane[wins]
            mark[wins] = n + 1
    return {name: (label[_relative(own, union)] == spec.names.index(name) + 1, own) for name, own in boxes.items()}


def _planes(chance: np.ndarray, box: Box, target: Grid, grid: Grid, own: Box) -> Iterator[tuple[int, np.ndarray]]:
    """Slices of `own` on the image's grid from values that cover `box` of the model's grid."""
    return slices_back(chance, tuple(b.start for b in box), target, grid, own)


def _activation(kind: str) -> Callable[[np.ndarray], np.ndarray]:
    if kind == "sigmoid":
        return lambda x: 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    if kind == "softmax":
        def softmax(x: np.ndarray) -> np.ndarray:
            e = np.exp(x - x.max(axis=0))
            return e / e.sum(axis=0)
        return softmax
    return lambda x: x


def _shifted(inner: Box, outer: Box) -> Box:
    return tuple(slice(o.start + i.start, o.start + i.stop) for i, o in zip(inner, outer, strict=True))


def _relative(inner: Box, outer: Box) -> Box:
    return tuple(slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))


def _meet(a: Box, b: Box) -> bool:
    return all(x.start < y.stop and y.start < x.stop for x, y in zip(a, b, strict=True))
