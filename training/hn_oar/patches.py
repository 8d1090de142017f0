"""Random training patches: which patient, where, and how it is bent, cut and re-lit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from prepare import AIR, ORGANS, PATCH, SPACING
from torch import Tensor
from torch.nn import functional

MIDDLE = [n for n, name in enumerate(ORGANS) if "Parotid" not in name]
CENTRED = 0.75
ORGAN_WEIGHTS = {"Esophagus": 2.0, "Larynx": 2.0}
RIGHT, LEFT = ORGANS.index("RightParotid"), ORGANS.index("LeftParotid")
MAX_VOXELS = 4000


@dataclass(frozen=True)
class Case:
    """One cached patient: hu int16 and bits uint8 [k, j, i]; known and unsure are organ flags.

    `unsure` bits mark voxels where an organ must not be taught although it is known elsewhere.
    """

    name: str
    hu: np.ndarray
    bits: np.ndarray
    known: np.ndarray
    unsure: np.ndarray
    voxels: tuple[np.ndarray | None, ...]

    def middle(self) -> np.ndarray:
        """[j, i] of the middle of the organs, in i of those that lie in the middle of the body."""
        j = np.concatenate([v[:, 1] for v in self.voxels if v is not None])
        i = [v[:, 2] for n, v in enumerate(self.voxels) if v is not None and n in MIDDLE]
        return np.array([(j.min() + j.max()) / 2, np.median(np.concatenate(i)) if i else self.hu.shape[2] / 2])


def load_case(path: Path) -> Case:
    """Read a cached npz and remember some voxels of each organ to centre patches on."""
    stored = np.load(path)
    bits, rng = stored["bits"], np.random.default_rng(0)
    voxels = []
    for n in range(len(ORGANS)):
        found = np.argwhere(bits >> n & 1).astype(np.int16)
        keep = rng.permutation(len(found))[:MAX_VOXELS]
        voxels.append(found[keep] if len(found) else None)
    unsure = stored["unsure"] if "unsure" in stored else np.zeros((1, 1, 1), np.uint8)
    return Case(path.stem, stored["hu"], bits, stored["known"], unsure, tuple(voxels))


def choose_centre(cases: Sequence[Case], rng: np.random.Generator) -> tuple[Case, np.ndarray]:
    """A patient and a patch centre: mostly the slices of a random known organ, one in ten anywhere.

    Three in four of the organs' patches lie across the middle of the head or neck and so hold all organs there.
    """
    if rng.random() < 0.1:
        case = cases[rng.integers(len(cases))]
        return case, rng.uniform(0, 1, 3) * np.array(case.hu.shape)
    weights = np.array([ORGAN_WEIGHTS.get(name, 1.0) for name in ORGANS])
    organ = rng.choice(len(ORGANS), p=weights / weights.sum())
    having = [c for c in cases if c.voxels[organ] is not None]
    case = having[rng.integers(len(having))] if having else cases[rng.integers(len(cases))]
    found = case.voxels[organ]
    if found is None:
        return case, np.array(case.hu.shape) / 2 + rng.normal(0, (8, 6, 6))
    centre = found[rng.integers(len(found))].astype(float)
    if rng.random() < CENTRED:
        centre[1:] = case.middle()
    return case, centre + rng.normal(0, (8, 6, 6))


def random_affine(rng: np.random.Generator) -> np.ndarray:
    """3x3 on voxel offsets [k, j, i]: scale by up to a fifth, turns of 4 degrees (8 in nodding), no flip."""
    angles = np.deg2rad(rng.normal(0, (4, 4, 8)))
    turn = np.eye(3)
    for (a, b), angle in zip(((1, 2), (0, 2), (0, 1)), angles, strict=True):
        r = np.eye(3)
        r[a, a] = r[b, b] = np.cos(angle)
        r[a, b], r[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ r
    scale = rng.uniform(0.87, 1.15) * rng.uniform(0.93, 1.07, 3)
    return np.diag(1 / np.array(SPACING)) @ turn @ np.diag(scale * SPACING)


def random_bend(rng: np.random.Generator) -> Tensor:
    """Displacements (k, j, i, 3) in voxels of a whole patch: cubes of 5 cm move by up to 6 mm (standard deviation)."""
    knots = torch.from_numpy(rng.normal(0, 1, (3, 5, 5, 6)).astype(np.float32)) * float(rng.uniform(0, 6))
    smooth = functional.interpolate(knots[None], PATCH, mode="trilinear", align_corners=True)[0]
    return smooth.permute(1, 2, 3, 0) / torch.tensor(SPACING)


def sample(case: Case, centre: np.ndarray, affine: np.ndarray, bend: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """HU, organ bits and unsure bits of a patch around `centre`; beyond the scan there is air and no organ."""
    axes = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in PATCH]
    offsets = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
    position = offsets @ torch.tensor(affine.T, dtype=torch.float32) + torch.tensor(centre, dtype=torch.float32) + bend
    size = torch.tensor(case.hu.shape, dtype=torch.float32)
    grid = ((position + 0.5) / size * 2 - 1).flip(-1)[None]

    def read(array: np.ndarray, mode: str) -> Tensor:
        source = torch.from_numpy(array).float()[None, None]
        return functional.grid_sample(source, grid, mode=mode, padding_mode="zeros", align_corners=False)[0, 0]

    hu = read(case.hu - np.int16(AIR), "bilinear") + AIR
    bits = read(case.bits, "nearest").to(torch.uint8)
    whole = case.unsure.shape == case.hu.shape
    unsure = read(case.unsure, "nearest").to(torch.uint8) if whole else torch.zeros_like(bits)
    return hu, bits, unsure


def relight(hu: Tensor, rng: np.random.Generator) -> Tensor:
    """Another scanner: offset, contrast, blur, noise."""
    hu = hu * rng.uniform(0.94, 1.06) + rng.uniform(-20, 20)
    if rng.random() < 0.15:
        soft = functional.avg_pool3d(hu[None, None], 3, 1, 1, count_include_pad=False)[0, 0]
        part = rng.uniform(-0.5, 0.8)
        hu = hu + part * (soft - hu)
    if rng.random() < 0.3:
        noise = torch.randn(hu.shape, generator=torch.Generator().manual_seed(int(rng.integers(2**31))))
        hu = hu + noise * rng.uniform(5, 35)
    return hu.clamp(-1000, 4000)


def add_couch(hu: Tensor, rng: np.random.Generator) -> None:
    """In one patch of seven a curved shell (headrest, couch) lies behind the patient, as OpenKBP cut most away."""
    if rng.random() > 0.15:
        return
    body = (hu > -400).any(0)
    rows = torch.nonzero(body.any(1))
    if not len(rows):
        return
    j, i = torch.meshgrid(*[torch.arange(n, dtype=torch.float32) for n in hu.shape[1:]], indexing="ij")
    middle, bend = hu.shape[2] / 2 + rng.uniform(-10, 10), rng.uniform(0, 0.02)
    depth = j - float(rows.max()) - rng.uniform(-1, 4) + bend * (i - middle) ** 2
    shell = (depth >= 0) & (depth < rng.uniform(0.8, 4))
    behind = (hu > -400).flip(1).cummax(1).values.flip(1).logical_not()
    value = float(rng.choice([-900, -700, -400, 50])) + rng.uniform(-50, 150)
    hu[behind & shell[None]] = value


def cut_field_of_view(hu: Tensor, bits: Tensor, rng: np.random.Generator) -> None:
    """In one patch of seven the scan ends early, above or below."""
    if rng.random() < 0.15:
        n = int(rng.integers(4, len(hu) * 2 // 3))
        gone = slice(0, n) if rng.random() < 0.5 else slice(len(hu) - n, len(hu))
        hu[gone], bits[gone] = AIR, 0


def normalise(hu: Tensor) -> Tensor:
    """(2, k, j, i): HU clipped to -1000..1500 and to -160..240, each scaled to -1..1."""
    wide = (hu.clamp(-1000, 1500) - 250) / 1250
    soft = (hu.clamp(-160, 240) - 40) / 200
    return torch.stack([wide, soft])


def unpack(bits: Tensor) -> Tensor:
    """(7, k, j, i) float masks of organ bits."""
    return torch.stack([(bits >> n & 1).float() for n in range(len(ORGANS))])


def make_patch(case: Case, centre: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Network input (2, ...), target (7, ...) and weight (7, ...): 0 where nobody knows.

    Where another organ was drawn an unknown organ cannot be: those voxels do count.
    """
    hu, bits, unsure = sample(case, centre, random_affine(rng), random_bend(rng))
    add_couch(hu, rng)
    cut_field_of_view(hu, bits, rng)
    x, target = normalise(relight(hu, rng)), unpack(bits)
    other = (bits > 0).float()
    known = torch.from_numpy(case.known)
    weight = torch.stack([torch.ones_like(other) if k else other for k in known]) * (1 - unpack(unsure))
    if rng.random() < 0.5:
        order = list(range(len(ORGANS)))
        order[RIGHT], order[LEFT] = LEFT, RIGHT
        x, target, weight = x.flip(-1), target[order].flip(-1), weight[order].flip(-1)
    return x, target, weight
