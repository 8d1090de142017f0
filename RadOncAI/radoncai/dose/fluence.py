"""From fluence to dose on a coarse grid as a sparse linear map, and the fluence that an objective asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, optimize, sparse

from radoncai.dose.beams import (
    BeamModel,
    Fan,
    FluenceMap,
    beamlet_axis,
    fan,
    gaussian_matrix,
    primary,
    water_depth,
)

REACH_MM = 60.0


@dataclass(frozen=True, eq=False)
class Axes:
    """Voxel positions in mm from the isocentre: z (slices), y (rows), x (columns), ascending."""

    z: np.ndarray
    y: np.ndarray
    x: np.ndarray


@dataclass(frozen=True, eq=False)
class Objective:
    """Sum over voxels of under * (lower - d)+^2 + over * (d - upper)+^2 + push * d^2 + cap * (d - limit)+^2."""

    lower: np.ndarray
    under: np.ndarray
    upper: np.ndarray
    over: np.ndarray
    push: np.ndarray
    limit: np.ndarray
    cap: np.ndarray

    def value(self, dose: np.ndarray) -> tuple[float, np.ndarray]:
        """The sum and its gradient with respect to the dose."""
        a, b = np.maximum(self.lower - dose, 0), np.maximum(dose - self.upper, 0)
        c = np.maximum(dose - self.limit, 0)
        total = np.sum(self.under * a * a + self.over * b * b + self.push * dose * dose + self.cap * c * c)
        return float(total), 2 * (self.over * b - self.under * a + self.push * dose + self.cap * c)


def fluence_map(density: np.ndarray, target: np.ndarray, body: np.ndarray, axes: Axes,
                model: BeamModel) -> tuple[FluenceMap, np.ndarray]:
    """The sparse map to the voxels of `body`, and the depths [beams, k, j, i] in mm it was made from."""
    fans = [fan(model, a, axes.y, axes.x) for a in model.angles]
    depths = np.stack([water_depth(density, f, model, axes.y, axes.x) for f in fans])
    k, ji = np.nonzero(body.reshape(len(body), -1))
    seen = [(f.u.ravel()[ji], axes.z[k] * f.scale.ravel()[ji]) for f in fans]
    hit = target[body]
    us = beamlet_axis(np.concatenate([u[hit] for u, _ in seen]), model.beamlet, REACH_MM)
    zs = beamlet_axis(np.concatenate([z[hit] for _, z in seen]), model.beamlet, REACH_MM)
    indices, data = _entries(fans, depths[:, body], seen, ji, us, zs, model)
    shape = (len(k), 2 * len(fans) * len(us) * len(zs))
    pointer = np.arange(len(k) + 1, dtype=np.int32) * indices.shape[1]
    matrix = sparse.csr_array((data.ravel(), indices.ravel(), pointer), shape=shape)
    kernels = [tuple(gaussian_matrix(len(a), model.beamlet, s) for a in (us, zs)) for s in (model.narrow, model.wide)]
    allowed = np.stack([_aperture(u[hit], z[hit], us, zs, model) for u, z in seen])
    return FluenceMap(matrix, sparse.csr_array(matrix.T), allowed, *kernels), depths


def _entries(fans: list[Fan], depths: np.ndarray, seen: list, ji: np.ndarray, us: np.ndarray, zs: np.ndarray,
             model: BeamModel) -> tuple[np.ndarray, np.ndarray]:
    """Column indices and values, (points, 8 * beams): four neighbouring beamlets, narrow and wide."""
    n, plane = len(ji), len(us) * len(zs)
    indices, data = np.empty((n, len(fans), 2, 4), np.int32), np.empty((n, len(fans), 2, 4), np.float32)
    for b, (f, (u, z)) in enumerate(zip(fans, seen, strict=True)):
        fu, fz = (u - us[0]) / model.beamlet, (z - zs[0]) / model.beamlet
        u0 = np.clip(np.floor(fu), 0, len(us) - 2).astype(np.int32)
        z0 = np.clip(np.floor(fz), 0, len(zs) - 2).astype(np.int32)
        du, dz = fu - u0, fz - z0
        inside = (np.abs(du - 0.5) <= 0.5) & (np.abs(dz - 0.5) <= 0.5)
        dose = primary(depths[b], f.scale.ravel()[ji], model) * inside
        scattered = dose * (model.scatter * depths[b] / (depths[b] + model.scatter_depth))
        for q, (a, c) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
            weight = np.abs(1 - a - du) * np.abs(1 - c - dz)
            indices[:, b, 0, q] = b * plane + (u0 + a) * len(zs) + z0 + c
            data[:, b, 0, q], data[:, b, 1, q] = weight * dose, weight * scattered
    indices[:, :, 1] = indices[:, :, 0] + len(fans) * plane
    return indices.reshape(n, -1), data.reshape(n, -1)


def _aperture(u: np.ndarray, z: np.ndarray, us: np.ndarray, zs: np.ndarray, model: BeamModel) -> np.ndarray:
    """Beamlets within the margin of a target voxel as the beam sees it."""
    hit = np.zeros((len(us), len(zs)), bool)
    iu, iz = np.rint((u - us[0]) / model.beamlet).astype(int), np.rint((z - zs[0]) / model.beamlet).astype(int)
    hit[iu, iz] = True
    hit = ndimage.binary_closing(np.pad(hit, 2))[2:-2, 2:-2]
    return ndimage.distance_transform_edt(~hit, model.beamlet) <= model.aperture_margin + 0.1


def optimise(linear: FluenceMap, objective: Objective, start_gy: float, smooth: float, iterations: int) -> np.ndarray:
    """Bounded quasi-Newton descent from open fields; dose in Gy at the map's points.

    The fluence is scaled so that open fields of 1 give the targets `start_gy` on average.
    """
    where = linear.allowed
    unit = start_gy / max(float(linear.dose(where.astype(np.float32))[objective.under > 0].mean()), 1e-6)
    smooth = smooth * float(objective.under.sum()) * start_gy**2 / where.sum()
    grid = np.zeros(where.shape, np.float32)

    def value(v: np.ndarray) -> tuple[float, np.ndarray]:
        grid[where] = v
        total, slope = objective.value(linear.dose(grid) * unit)
        rough, rough_slope = _roughness(grid)
        gradient = linear.adjoint((slope * unit).astype(np.float32)) + smooth * rough_slope
        return total + smooth * rough, gradient[where].astype(np.float64)

    n = int(where.sum())
    bounds = optimize.Bounds(np.zeros(n), np.inf)
    found = optimize.minimize(value, np.ones(n), jac=True, method="L-BFGS-B", bounds=bounds,
                              options={"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 12})
    grid[where] = found.x
    return linear.dose(grid) * unit


def _roughness(v: np.ndarray) -> tuple[float, np.ndarray]:
    """Half the squared differences of neighbouring beamlets and their gradient."""
    a, b = np.diff(v, axis=1), np.diff(v, axis=2)
    g = np.zeros_like(v)
    g[:, 1:] += a
    g[:, :-1] -= a
    g[:, :, 1:] += b
    g[:, :, :-1] -= b
    return 0.5 * float((a * a).sum() + (b * b).sum()), g
