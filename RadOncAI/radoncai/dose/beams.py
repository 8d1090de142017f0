"""Nine coplanar photon beams: depth in water, what each beam sees, and a sparse map from fluence to dose.

Coordinates: mm from the isocentre, x to the patient's left, y to posterior, z to the head (LPS axes). A beam of
gantry angle g comes from (sin g, -cos g) in (x, y), as IEC 61217 has it for a patient who lies head first, supine.
Each beam has its fan coordinates: u across the beam and z, both scaled to the isocentre plane, and t along it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

NINE_BEAMS = tuple(range(0, 360, 40))


@dataclass(frozen=True)
class BeamModel:
    """A 6 MV photon beam in a few numbers; lengths in mm. Fitted to OpenKBP's doses, see training/hn_dose."""

    angles: tuple[float, ...] = NINE_BEAMS
    source_distance: float = 1000.0
    attenuation: float = 0.00656
    build_up: float = 1.95
    narrow: float = 4.5
    wide: float = 15.6
    scatter: float = 0.0524
    scatter_depth: float = 80.0
    beamlet: float = 5.0
    aperture_margin: float = 8.0


@dataclass(frozen=True, eq=False)
class Fan:
    """Fan coordinates of every voxel for one beam: u, t [j, i] in mm and the magnification m = SAD / (SAD + t)."""

    angle: float
    u: np.ndarray
    t: np.ndarray
    scale: np.ndarray


def relative_density(hu: np.ndarray) -> np.ndarray:
    """Electron density relative to water: 0 at -1000 HU, 1 at 0, 1.5 at 1000 and beyond, linear between."""
    return np.interp(hu, (-1000.0, 0.0, 1000.0), (0.0, 1.0, 1.5)).astype(np.float32)


def fan(model: BeamModel, angle: float, y: np.ndarray, x: np.ndarray) -> Fan:
    """Fan coordinates of the plane that the row positions `y` and column positions `x` (mm) span."""
    s, c = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    along = -s * x[None] + c * y[:, None]
    scale = model.source_distance / (model.source_distance + along)
    return Fan(angle, (c * x[None] + s * y[:, None]) * scale, along, scale)


def bilinear(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """Sparse (points, shape[0] * shape[1]) operator that interpolates a plane at fractional indices; 0 outside."""
    r, c = rows.ravel(), columns.ravel()
    r0, c0 = np.floor(r).astype(np.int32), np.floor(c).astype(np.int32)
    point, index, weight = [], [], []
    for dr in (0, 1):
        for dc in (0, 1):
            w = (1 - np.abs(r - r0 - dr)) * (1 - np.abs(c - c0 - dc))
            inside = (r0 + dr >= 0) & (r0 + dr < shape[0]) & (c0 + dc >= 0) & (c0 + dc < shape[1]) & (w > 0)
            point.append(np.flatnonzero(inside))
            index.append(((r0 + dr) * shape[1] + c0 + dc)[inside])
            weight.append(w[inside].astype(np.float32))
    entries = (np.concatenate(weight), (np.concatenate(point), np.concatenate(index)))
    return sparse.csr_array(sparse.coo_array(entries, shape=(r.size, shape[0] * shape[1])))


def water_depth(density: np.ndarray, beam: Fan, model: BeamModel, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Water-equivalent depth in mm of every voxel of `density` [k, j, i], along the beam's rays within the slice."""
    step = float(min(y[1] - y[0], x[1] - x[0]))
    us = np.arange(beam.u.min() - step, beam.u.max() + 2 * step, step)
    ts = np.arange(beam.t.min() - step, beam.t.max() + 2 * step, step)
    s, c = np.sin(np.deg2rad(beam.angle)), np.cos(np.deg2rad(beam.angle))
    lateral = us[None] * (model.source_distance + ts[:, None]) / model.source_distance
    px, py = -s * ts[:, None] + c * lateral, c * ts[:, None] + s * lateral
    to_fan = bilinear((py - y[0]) / (y[1] - y[0]), (px - x[0]) / (x[1] - x[0]), density.shape[1:])
    rays = (to_fan @ density.reshape(len(density), -1).T).reshape(len(ts), len(us), -1)
    depth = np.cumsum(rays, 0) - 0.5 * rays
    back = bilinear((beam.t - ts[0]) / step, (beam.u - us[0]) / step, (len(ts), len(us)))
    out = back @ depth.reshape(len(ts) * len(us), -1) * step
    return np.ascontiguousarray(out.T.reshape(density.shape), np.float32)


def primary(depth: np.ndarray, scale: np.ndarray, model: BeamModel) -> np.ndarray:
    """Dose of a wide beam without scatter over depth: build-up, attenuation, inverse square."""
    rise = 1.0 - 0.6 * np.exp(-depth / model.build_up)
    return (rise * np.exp(-model.attenuation * depth) * scale**2).astype(np.float32)


@dataclass(frozen=True, eq=False)
class FluenceMap:
    """Linear map from fluence to dose on `points` voxels.

    `matrix` is (points, 2 * beams * us * zs): the first half carries the narrow (primary), the second the wide
    (scatter) part. `allowed` [beams, us, zs] marks the beamlets that see the target. `narrow` and `wide` are the
    (matrix over u, matrix over z) of the two lateral kernels.
    """

    matrix: sparse.csr_array
    transposed: sparse.csr_array
    allowed: np.ndarray
    narrow: tuple[np.ndarray, np.ndarray]
    wide: tuple[np.ndarray, np.ndarray]

    def dose(self, fluence: np.ndarray) -> np.ndarray:
        """Dose at the points of a fluence [beams, us, zs]."""
        parts = [np.matmul(np.matmul(u, fluence), z) for u, z in (self.narrow, self.wide)]
        return self.matrix @ np.concatenate([p.ravel() for p in parts])

    def count(self, apertures: np.ndarray) -> np.ndarray:
        """Sum over beams of how open [0, 1] the aperture [beams, us, zs] is on the ray through each point."""
        weights = self.matrix.data.reshape(self.matrix.shape[0], len(apertures), 2, 4)[:, :, 0]
        index = self.matrix.indices.reshape(weights.shape[0], len(apertures), 2, 4)[:, :, 0]
        total = weights.sum(-1)
        return ((weights * apertures.ravel()[index]).sum(-1) / np.maximum(total, 1e-9)).sum(-1)

    def adjoint(self, residual: np.ndarray) -> np.ndarray:
        """The transpose of `dose`: from points to fluence [beams, us, zs]."""
        both = (self.transposed @ residual).reshape(2, *self.allowed.shape)
        return sum(np.matmul(np.matmul(u.T, g), z.T) for (u, z), g in zip((self.narrow, self.wide), both, strict=True))


def gaussian_matrix(n: int, step: float, sigma: float) -> np.ndarray:
    """(n, n) convolution with a Gaussian of unit sum, zero outside."""
    d = (np.arange(n)[:, None] - np.arange(n)[None]) * step
    reach = int(np.ceil(4 * sigma / step))
    total = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / sigma) ** 2).sum()
    return (np.exp(-0.5 * (d / sigma) ** 2) / total).astype(np.float32)


def beamlet_axis(values: np.ndarray, step: float, reach: float) -> np.ndarray:
    """Centres of beamlets, multiples of `step`, that cover the values and `reach` mm beyond them."""
    return np.arange(np.floor((values.min() - reach) / step), np.ceil((values.max() + reach) / step) + 1) * step
