"""Rigid registration of two images of one patient by mutual information; the same images give the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from radoncai.core.errors import InputError, RadOncAIError
from radoncai.core.grid import Grid
from radoncai.core.morphology import body_mask
from radoncai.core.progress import Progress
from radoncai.core.resample import grid_like, grid_of, resample_array, to_sitk
from radoncai.core.volume import Volume

FINEST_MM = 2.0
LEVELS = ((4, 4.0, 1.0), (2, 2.0, 0.5), (1, 1.0, 0.25))  # shrink factor, smoothing in mm, share of voxels looked at
BINS = 32
SEED = 20
STEPS = 300
RELAXATION = 0.8  # 0.5, the usual one, stops early where turning the head changes little
CT_HU = (-300.0, 700.0)
COUCH_MM = 15.0
LEAST_OVERLAP, LEAST_GAIN, MOST_DEGREES = 0.3, 0.02, 25.0
TOO_LITTLE_OVERLAP = 0.1
LEAST_VALUES = 8


@dataclass(frozen=True, eq=False)
class Rigid:
    """`matrix`: 4x4, LPS mm of the moving image to LPS mm of the fixed one.

    `figures`: mutual information in nats (32 bins) where the images lay and where they lie now, the shift in mm of the
    moving image's middle, the turn in degrees, and the share of the fixed image's body that the moving image covers.
    `warnings` are sentences of doubt.
    """

    matrix: np.ndarray
    figures: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def register(fixed: Volume, moving: Volume, progress: Progress | None = None) -> Rigid:
    """Shift and turn that lay the moving image onto the fixed one, whatever their contrasts.

    Mattes mutual information (Mattes et al., IEEE Trans Med Imaging 2003;22:120) on voxels of 8, 4 and 2 mm, from
    three starts: as the files lie, middle on middle, and centre of mass on centre of mass. Turns beyond 25 degrees are
    not looked for. Raises InputError where the images cannot be compared (a mask, no contrast, under 10 % of the
    body in common), Cancelled.
    """
    progress = progress or Progress()
    progress.step("preparing the images")
    with _one_thread():
        return _registered(fixed, moving, progress)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums are taken in one order, and nothing waits for a busy core."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def _registered(fixed: Volume, moving: Volume, progress: Progress) -> Rigid:
    for name, volume in (("planning", fixed), ("moving", moving)):
        _refuse_mask(name, volume.array)
    target, body = _prepared(fixed)
    other, _ = _prepared(moving)
    best, found = _best_start(target, other, progress)
    for level, (shrink, smooth, share) in enumerate(LEVELS[1:], 1):
        found, best = _optimised(target, other, found, (shrink, smooth, share), progress, level)
    before = _information(target, other, sitk.Euler3DTransform())
    matrix = np.linalg.inv(_matrix(found))
    figures = {"information_before": _rounded(before, 4), "information_after": _rounded(-best, 4),
               **motion(matrix, moving.grid), "overlap": _rounded(_overlap(body, grid_of(target), matrix, moving), 3)}
    if figures["overlap"] < TOO_LITTLE_OVERLAP:
        raise InputError(f"Only {100 * figures['overlap']:.0f} % of the body on the planning image lies on the moving "
                         "image, too little to register them; choose images of the same part of the body, or register "
                         "the larger image onto the smaller one.")
    progress.finish()
    return Rigid(matrix, figures, _doubts(figures))


def motion(matrix: np.ndarray, grid: Grid) -> dict[str, float]:
    """How far a rigid 4x4 moves the middle of a grid (mm along L, P, S and in all), and its turn in degrees."""
    middle = grid.corners().mean(axis=0)
    shift = matrix[:3, :3] @ middle + matrix[:3, 3] - middle
    turn = np.degrees(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1)))
    named = dict(zip(("shift_l_mm", "shift_p_mm", "shift_s_mm"), shift, strict=True))
    return {k: _rounded(v, 2) for k, v in {**named, "shift_mm": np.linalg.norm(shift), "turn_degrees": turn}.items()}


def _refuse_mask(name: str, array: np.ndarray) -> None:
    """Raises InputError for an array of a few values, which the sums of an image's histogram say nothing about."""
    if len(np.unique(array.ravel()[::1 + array.size // 100_000])) >= LEAST_VALUES:
        return
    values = len(np.unique(array))
    if 1 < values < LEAST_VALUES:
        raise InputError(f"The {name} image holds only {values} values; it is a mask, not an image: choose the image.")


def _prepared(volume: Volume) -> tuple[sitk.Image, np.ndarray]:
    """The image on voxels of about 2 mm with its values clipped, without the couch; and where its body is."""
    spacing = tuple(max(FINEST_MM, s) for s in volume.grid.spacing_mm)
    grid = grid_like(volume.grid, spacing)
    if min(grid.shape) < 4:
        raise InputError(f"An image of {grid.shape[0]} slices is too thin to be registered; choose a whole series.")
    ct = volume.modality == "CT"
    array = resample_array(volume.array, volume.grid, grid, -1000.0 if ct else float(volume.array.min()),
                           antialias=True)
    low, high = CT_HU if ct else (float(v) for v in np.percentile(array, (1.0, 99.8)))
    if not high > low:
        raise InputError("An image without contrast cannot be registered; choose another one.")
    if ct:
        body = body_mask(array, grid.spacing_mm)
        near = ndimage.distance_transform_edt(~body, grid.spacing_mm) <= COUCH_MM if body.any() else ~body
        array = np.where(near, array, low)
    else:
        body = array > low + 0.1 * (high - low)
    return to_sitk(np.clip(array, low, high).astype(np.float32), grid), body


def _best_start(target: sitk.Image, other: sitk.Image, progress: Progress) -> tuple[float, sitk.Euler3DTransform]:
    """Metric and transform of the best start after the coarsest level."""
    results = []
    for kind in (None, sitk.CenteredTransformInitializerFilter.GEOMETRY,
                 sitk.CenteredTransformInitializerFilter.MOMENTS):
        start = sitk.Euler3DTransform()
        start.SetCenter(grid_of(target).corners().mean(axis=0).tolist())
        if kind is not None:
            start = sitk.Euler3DTransform(sitk.CenteredTransformInitializer(target, other, start, kind))
        try:
            moved, value = _optimised(target, other, start, LEVELS[0], progress, 0)
        except RuntimeError:  # the images do not meet from this start
            continue
        results.append((value, moved))
    if not results:
        raise InputError("The images do not show the same part of the body: they could not be laid onto each other.")
    return min(results, key=lambda r: r[0])


def _optimised(target: sitk.Image, other: sitk.Image, start: sitk.Euler3DTransform, level: tuple[int, float, float],
               progress: Progress, number: int) -> tuple[sitk.Euler3DTransform, float]:
    """The transform (fixed to moving points) of one level and its metric, which is minus the mutual information."""
    shrink, smooth, share = level
    method = _method(share)
    method.SetShrinkFactorsPerLevel([shrink])
    method.SetSmoothingSigmasPerLevel([smooth])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsRegularStepGradientDescent(2.0 * shrink, 0.002 * shrink, STEPS, RELAXATION, 1e-8)
    method.SetOptimizerScalesFromPhysicalShift()
    moved = sitk.Euler3DTransform(start)
    method.SetInitialTransform(moved, inPlace=True)
    stopped: list[RadOncAIError] = []

    def tell() -> None:
        try:
            progress.step("registering", (number + method.GetOptimizerIteration() / STEPS) / len(LEVELS))
        except RadOncAIError as stop:
            stopped.append(stop)
            method.StopRegistration()
    method.AddCommand(sitk.sitkIterationEvent, tell)
    method.Execute(target, other)
    if stopped:
        raise stopped[0]
    return moved, method.GetMetricValue()


def _method(share: float) -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetMetricSamplingStrategy(method.REGULAR if share < 1 else method.NONE)
    if share < 1:
        method.SetMetricSamplingPercentage(share, SEED)
    return method


def _information(target: sitk.Image, other: sitk.Image, transform: sitk.Transform) -> float | None:
    """Mutual information as the images lie, None where they do not meet."""
    method = _method(LEVELS[-1][2])
    method.SetInitialTransform(transform)
    try:
        return -method.MetricEvaluate(target, other)
    except RuntimeError:
        return None


def _matrix(transform: sitk.Euler3DTransform) -> np.ndarray:
    out = np.eye(4)
    out[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    centre, shift = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    out[:3, 3] = centre + shift - out[:3, :3] @ centre
    return out


def _overlap(body: np.ndarray, grid: Grid, matrix: np.ndarray, moving: Volume) -> float:
    index = np.argwhere(body)[::7]
    if not len(index):
        return 0.0
    points = grid.to_lps(index[:, ::-1]) @ np.linalg.inv(matrix)[:3, :3].T + np.linalg.inv(matrix)[:3, 3]
    at = moving.grid.to_index(points)
    return float(np.all((at > -0.5) & (at < np.array(moving.grid.shape[::-1]) - 0.5), axis=1).mean())


def _doubts(figures: dict[str, float]) -> tuple[str, ...]:
    said = []
    if figures["overlap"] < LEAST_OVERLAP:
        said.append(f"The images share only {100 * figures['overlap']:.0f} % of the body; look at the picture closely.")
    if figures["turn_degrees"] > MOST_DEGREES:
        said.append(f"The images are turned by {figures['turn_degrees']:.0f} degrees against each other, which is more "
                    "than is looked for; look at the picture closely.")
    if figures["information_before"] is not None and \
            figures["information_after"] < figures["information_before"] - LEAST_GAIN:
        said.append("The images fitted better as they lay before; do not use this registration.")
    return tuple(said)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(float(value), digits)
