"""From probabilities on a model's grid to masks on the image's, one structure at a time inside its own box."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from radoncai.core import morphology
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.structures import Box, bounding_box, within
from radoncai.models.engine.clean import cleaned
from radoncai.models.engine.sampling import box_back, slices_back
from radoncai.models.segmentation import Found, Segmentation
from radoncai.models.spec import ModelSpec

UNSURE = (0.2, 0.8)
STEP = "bringing the contours to the image"
SPECK = 0.19


@dataclass(frozen=True, eq=False)
class Chances:
    """Probabilities (outputs, k, j, i), background first where it has a channel, in `box` of the model's grid `target`.

    `grid` is the image's. Arrays may lie on disk; what is cleaned away is overwritten.
    """

    values: np.ndarray
    box: Box
    target: Grid
    grid: Grid
    spec: ModelSpec

    def of(self, name: str) -> np.ndarray:
        """(k, j, i) of one structure."""
        return self.values[len(self.values) - len(self.spec.names) + self.spec.names.index(name)]

    @property
    def background(self) -> np.ndarray | None:
        return self.values[0] if len(self.values) > len(self.spec.names) else None

    def average(self, more: Chances, number: int, progress: Progress) -> None:
        """Take in grid `number`, interpolated linearly: `values` become the mean of so many grids. Raises Cancelled."""
        for n, (own, other) in enumerate(zip(self.values, more.values, strict=True)):
            progress.step("averaging the grids", n / len(self.values))
            for k, plane in slices_back(other, more.first(), more.target, self.target, self.box):
                there = own[k - self.box[0].start]
                there += (plane - there) / number

    def first(self) -> tuple[int, int, int]:
        return tuple(b.start for b in self.box)


def threshold(spec: ModelSpec, name: str) -> float:
    """The least probability of a structure's voxels; where classes exclude each other the largest decides anyway."""
    return spec.thresholds.get(name, 0.2 if spec.activation == "softmax" else 0.5)


def to_image(chances: Chances, names: tuple[str, ...], progress: Progress, uncertainty: bool = False) -> Segmentation:
    """Masks on the image's grid; with `uncertainty` also each structure's mean entropy and the map of entropies.

    Probabilities are interpolated linearly; where several structures reach their threshold the largest wins, and a
    structure does not depend on which others are asked for. Raises Cancelled.
    """
    spec, boxes, found, missing = chances.spec, {}, {}, {}
    for n, name in enumerate(spec.names):
        progress.step(STEP, 0.5 * n / len(spec.names))
        chance = chances.of(name)
        _drop_far_specks(chance, spec, name)
        inside = chance >= threshold(spec, name)
        if (own := bounding_box(inside)) is None:
            missing[name] = f"the model found nothing (highest probability {float(chance.max()):.2f})"
            continue
        boxes[name] = box_back(within(own, chances.box), chances.target, chances.grid)
        if name in names:
            part, mask = chance[own].astype(np.float32), inside[own]
            mean = round(float(entropy(part[mask]).mean()), 4) if uncertainty else None
            found[name] = Found(mask, own, unsure_share(chance, inside), mean)
    masks = _largest_wins(chances, _with_rivals(boxes, names), progress)
    for name in tuple(found):
        if left := cleaned(masks[name], spec, name, boxes[name]):
            found[name] = replace(found[name], mask=left[0], box=left[1])
        else:
            missing[name] = "the model found nothing that another structure does not cover"
            del found[name]
    chart = entropy_map(chances, names) if uncertainty else None
    return Segmentation(found, {name: missing[name] for name in names if name in missing}, chart)


def entropy(chance: np.ndarray) -> np.ndarray:
    """-p log2 p - (1-p) log2 (1-p) in bits: 0 where a model is sure of a voxel, 1 where it may toss a coin."""
    p = np.clip(np.asarray(chance, np.float32), 1e-7, 1 - 1e-7)
    return -p * np.log2(p) - (1 - p) * np.log2(1 - p)


def entropy_map(chances: Chances, names: tuple[str, ...]) -> np.ndarray:
    """uint8 on the image's grid, 0 .. 255 = 0 .. 1 bit, of each voxel's structures the least sure one; 0 elsewhere.

    Entropies are taken on the model's grid and then interpolated: an edge between sure voxels is no doubt.
    """
    worst = np.zeros(chances.values.shape[1:], np.uint8)
    for k in range(len(worst)):
        sure = np.min([np.abs(chances.of(name)[k].astype(np.float32) - 0.5) for name in names], axis=0)
        worst[k] = np.rint(255 * entropy(0.5 - sure))
    out = np.zeros(chances.grid.shape, np.uint8)
    box = box_back(chances.box, chances.target, chances.grid)
    for k, plane in slices_back(worst, chances.first(), chances.target, chances.grid, box):
        out[k][box[1:]] = np.rint(plane)
    return out


def unsure_share(chance: np.ndarray, inside: np.ndarray) -> float:
    """Voxels with a probability between 0.2 and 0.8, as a share of the structure's voxels (contouring.md 6.2, 10)."""
    unsure = int(np.count_nonzero((chance > UNSURE[0]) & (chance < UNSURE[1])))
    return round(float(unsure) / max(1, int(np.count_nonzero(inside))), 4)


def _drop_far_specks(chance: np.ndarray, spec: ModelSpec, name: str) -> None:
    """Far specks go before they blow up the box; one voxel around the largest piece stays for interpolation."""
    inside = chance >= threshold(spec, name)
    if "largest_component" not in spec.postprocess.get(name, ()) or not inside.any():
        return
    keep = ndimage.binary_dilation(morphology.largest_component(inside), np.ones((3, 3, 3)))
    chance[~keep] = np.minimum(chance[~keep], SPECK)


def _with_rivals(boxes: dict[str, Box], names: tuple[str, ...]) -> dict[str, Box]:
    wanted = [boxes[name] for name in names if name in boxes]
    return {name: box for name, box in boxes.items() if any(_meet(box, other) for other in wanted)}


def _largest_wins(chances: Chances, boxes: dict[str, Box], progress: Progress) -> dict[str, np.ndarray]:
    """Name to mask in its box on the image's grid."""
    if not boxes:
        return {}
    spec = chances.spec
    union = tuple(slice(min(p.start for p in parts), max(p.stop for p in parts))
                  for parts in zip(*boxes.values(), strict=True))
    best = np.zeros([b.stop - b.start for b in union], np.float16)
    label = np.zeros(best.shape, np.uint8 if len(spec.names) < 256 else np.uint16)
    if chances.background is not None:
        for k, plane in slices_back(chances.background, chances.first(), chances.target, chances.grid, union):
            best[k - union[0].start] = plane
    for done, (name, own) in enumerate(boxes.items()):
        progress.step(STEP, 0.5 + 0.5 * done / len(boxes))
        number, least = spec.names.index(name) + 1, threshold(spec, name)
        inner = _relative(own, union)[1:]
        for k, plane in slices_back(chances.of(name), chances.first(), chances.target, chances.grid, own):
            there, mark = best[k - union[0].start][inner], label[k - union[0].start][inner]
            wins = (plane.astype(np.float16) > there) & (plane >= least)
            there[wins] = plane[wins]
            mark[wins] = number
    return {name: label[_relative(own, union)] == spec.names.index(name) + 1 for name, own in boxes.items()}


def _relative(inner: Box, outer: Box) -> Box:
    return tuple(slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))


def _meet(a: Box, b: Box) -> bool:
    return all(x.start < y.stop and y.start < x.stop for x, y in zip(a, b, strict=True))
