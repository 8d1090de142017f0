"""Contoured structures, kept cropped so that forty of them fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import Source

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Algorithm:
    """What drew a structure: model name, version and hash of its weights."""

    name: str = ""
    version: str = ""
    weights: str = ""


@dataclass(frozen=True)
class Review:
    """unreviewed, needs_work, approved or rejected; who said so, when, and why."""

    status: str = "unreviewed"
    by: str = ""
    at: str = ""
    comment: str = ""


@dataclass(frozen=True, eq=False)
class Contour:
    """A closed planar polygon, (n, 3) LPS mm. `kind` is the DICOM geometric type, `text` its numbers as read."""

    points: np.ndarray
    kind: str = "CLOSED_PLANAR"
    image_uid: str = ""
    text: bytes = b""


@dataclass(frozen=True, eq=False)
class Structure:
    """One structure on the grid of its set.

    `mask` is boolean and covers `box` only. `contours` are kept as read and dropped when the mask is edited.
    `standard_name` is the TG-263 name from the template, "" where unknown.
    """

    name: str
    mask: np.ndarray
    box: Box
    standard_name: str = ""
    role: str = "oar"
    color: tuple[int, int, int] = (255, 255, 0)
    code: tuple[str, str, str] | None = None
    origin: str = "MANUAL"
    algorithm: Algorithm = Algorithm()
    review: Review = Review()
    uncertainty: float | None = None
    contours: tuple[Contour, ...] = ()
    findings: tuple[str, ...] = ()

    @classmethod
    def from_full(cls, name: str, mask: np.ndarray, **attributes: object) -> Structure:
        """Crop a full-size mask. Raises InputError for an empty one: unknown is not empty."""
        box = bounding_box(mask)
        if box is None:
            raise InputError(f"The structure {name} has no voxels; leave it out instead.")
        return cls(name, np.ascontiguousarray(mask[box], dtype=bool), box, **attributes)

    def full(self, shape: tuple[int, int, int]) -> np.ndarray:
        """The mask at the size of the whole grid."""
        out = np.zeros(shape, bool)
        out[self.box] = self.mask
        return out

    def with_mask(self, mask: np.ndarray) -> Structure:
        """An edited copy: contours as read no longer hold, an approval is taken back, AUTOMATIC is SEMIAUTOMATIC."""
        new = Structure.from_full(self.name, mask)
        origin = "SEMIAUTOMATIC" if self.origin == "AUTOMATIC" else self.origin
        return replace(self, mask=new.mask, box=new.box, contours=(), review=Review(), origin=origin)

    @property
    def voxels(self) -> int:
        return int(np.count_nonzero(self.mask))

    @property
    def slices(self) -> int:
        return int(self.mask.any(axis=(1, 2)).sum())


@dataclass(frozen=True, eq=False)
class StructureSet:
    """Ordered structures on one grid. `missing` maps what was asked for and is not there to the reason.

    `unavailable` are those of `missing` that no model was there for.
    """

    grid: Grid
    structures: tuple[Structure, ...] = ()
    source: Source = Source()
    label: str = ""
    missing: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    unavailable: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Structure]:
        return iter(self.structures)

    def __len__(self) -> int:
        return len(self.structures)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(s.name for s in self.structures)

    def find(self, name: str) -> Structure | None:
        """By its exact name."""
        return next((s for s in self.structures if s.name == name), None)

    def volume_cc(self, structure: Structure) -> float:
        return structure.voxels * self.grid.voxel_cc


def within(inner: Box, outer: Box) -> Box:
    """A box that is given relative to `outer`, on the grid of `outer`."""
    return tuple(slice(o.start + i.start, o.start + i.stop) for i, o in zip(inner, outer, strict=True))


def bounding_box(mask: np.ndarray, margin: int = 0) -> Box | None:
    """Smallest box around the true voxels, grown by `margin` voxels inside the array; None where there are none."""
    out = []
    for axis in range(mask.ndim):
        where = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        if not len(where):
            return None
        out.append(slice(max(0, int(where[0]) - margin), min(mask.shape[axis], int(where[-1]) + 1 + margin)))
    return tuple(out)
