"""The drawing board: stacks of closed outlines, tubes and balls, painted as labels into [k, j, i].

All lengths are mm in the drawing frame: x to the patient's left, y to the back, z to the head. The origin is the
middle of the spinal cord where it meets the brainstem.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from radoncai.phantom.tissue import FATS, ID, lookup

ANGLES = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)


@dataclass
class Canvas:
    """Voxel centres (mm, ascending), the label volume, one bit a marked structure, and how much shapes vary."""

    z: np.ndarray
    y: np.ndarray
    x: np.ndarray
    rng: np.random.Generator
    vary: float = 0.02
    label: np.ndarray = None
    bits: np.ndarray = None
    marks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        shape = (len(self.z), len(self.y), len(self.x))
        self.label = np.zeros(shape, np.uint8)
        self.bits = np.zeros(shape, np.uint16)
        self._steps = [(float(a[0]), float(a[1] - a[0])) for a in (self.z, self.y, self.x)]

    @property
    def spacing(self) -> tuple[float, float, float]:
        return tuple(float(a[1] - a[0]) for a in (self.z, self.y, self.x))

    @property
    def fine(self) -> float:
        """The smallest voxel side, mm: drawing in steps much below it wastes time."""
        return min(s for _, s in self._steps)

    def shows(self, low_z: float, high_z: float) -> bool:
        """Whether any slice lies between two heights, mm."""
        return bool(self.z[0] <= high_z and self.z[-1] >= low_z)

    def bit(self, name: str) -> int:
        if name not in self.marks:
            self.marks.append(name)
        return 1 << self.marks.index(name)

    def unmark(self, name: str, below_z: float) -> None:
        """Take a mark back below a height, mm."""
        self.bits[self.z < below_z] &= np.uint16(0xFFFF ^ self.bit(name))

    def marked(self, name: str) -> np.ndarray:
        return (self.bits & self.bit(name)) > 0

    def window(self, low: np.ndarray, high: np.ndarray) -> tuple[slice, slice, slice]:
        """The index box that covers (x, y, z) from `low` to `high`."""
        box = []
        for a, n, (first, step) in zip((self.z, self.y, self.x), (2, 1, 0), self._steps, strict=True):
            start = max(0, math.ceil((low[n] - first) / step - 1e-9))
            box.append(slice(start, max(start, min(len(a), math.floor((high[n] - first) / step + 1e-9) + 1))))
        return tuple(box)

    def mesh(self, box: tuple[slice, slice, slice]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Broadcastable z, y, x of a box."""
        return self.z[box[0], None, None], self.y[None, box[1], None], self.x[None, None, box[2]]


@dataclass(frozen=True)
class Stack:
    """Outlines (slices, points, 2) as (x, y) from slice `first` upwards."""

    first: int
    points: np.ndarray

    def mirrored(self) -> Stack:
        return Stack(self.first, self.points * (-1.0, 1.0))

    def inset(self, mm: float, ends: int = 0) -> Stack:
        """Moved inwards along the normals; `ends` slices are left out at the top and bottom."""
        ahead, behind = np.roll(self.points, -1, 1), np.roll(self.points, 1, 1)
        tangent = ahead - behind
        normal = np.stack([-tangent[..., 1], tangent[..., 0]], -1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
        centre = self.points.mean(1, keepdims=True)
        sign = np.sign(((centre - self.points) * normal).sum((1, 2)))[:, None, None]
        moved = self.points + normal * sign * mm
        return Stack(self.first + ends, moved[ends:len(moved) - ends])


def interpolate(canvas: Canvas, keys: np.ndarray) -> tuple[int, np.ndarray]:
    """Monotone interpolation of key rows (z first) at the slices they span: first slice, (slices, columns)."""
    keys = np.asarray(keys, float)
    keys = keys[np.argsort(keys[:, 0])]
    first, stop = np.searchsorted(canvas.z, (keys[0, 0] - 1e-6, keys[-1, 0] + 1e-6))
    return int(first), PchipInterpolator(keys[:, 0], keys[:, 1:])(canvas.z[first:stop])


def wobble(canvas: Canvas, n: int, amplitude: float, along_mm: float = 14.0) -> np.ndarray:
    """Radial factor (n, angles) that varies smoothly with angle and z."""
    if n == 0 or amplitude <= 0:
        return np.ones((n, len(ANGLES)))
    knots = max(2, int(n * canvas.spacing[0] / along_mm) + 2)
    waves = canvas.rng.normal(size=(knots, 2, 5)) / (1.0 + np.arange(5))
    at = np.linspace(0, knots - 1, n)
    low = np.minimum(at.astype(int), knots - 2)
    mix = (at - low)[:, None, None]
    waves = waves[low] * (1 - mix) + waves[low + 1] * mix
    order = np.arange(1, 6)[:, None] * ANGLES
    return 1.0 + amplitude * 0.6 * (waves[:, 0] @ np.cos(order) + waves[:, 1] @ np.sin(order))


def ellipses(canvas: Canvas, keys: list, power: float = 2.0, rough: float = 0.03, cap: float = 0.0) -> Stack:
    """Superellipses from rows (z, x, y, rx, ry[, degrees[, ry_back]]); `cap` rounds both ends over so many mm."""
    keys = np.array([(*row, 0.0, row[4])[:7] if len(row) == 5 else (*row, row[4])[:7] for row in keys], float)
    small = min(1.0, 20.0 / float(keys[:, 3].max()))
    scale, shift = 1 + small * canvas.vary * canvas.rng.normal(size=2), 40 * canvas.vary * canvas.rng.normal(size=2)
    first, v = interpolate(canvas, keys)
    v[:, :2] += shift * min(1.0, float(np.abs(keys[:, 3]).max()) / 20)
    rx, front, back = v[:, 2] * scale[0], v[:, 3] * scale[1], v[:, 5] * scale[1]
    if cap:
        z = canvas.z[first:first + len(v)]
        ends = np.minimum(z - keys[:, 0].min(), keys[:, 0].max() - z)
        round_off = np.sqrt(np.clip(1 - (1 - np.minimum(ends / cap, 1)) ** 2, 0.02, 1))
        rx, front, back = rx * round_off, front * round_off, back * round_off
    c, s = np.cos(ANGLES), np.sin(ANGLES)
    grow = wobble(canvas, len(v), rough)
    dx = rx[:, None] * np.sign(c) * np.abs(c) ** (2 / power) * grow
    dy = np.where(s < 0, front[:, None], back[:, None]) * np.sign(s) * np.abs(s) ** (2 / power) * grow
    turn = np.deg2rad(v[:, 4])
    ct, st = np.cos(turn)[:, None], np.sin(turn)[:, None]
    return Stack(first, np.stack([v[:, 0, None] + dx * ct - dy * st, v[:, 1, None] + dx * st + dy * ct], -1))


def outlines(canvas: Canvas, keys: list[tuple[float, list]], rough_mm: float = 0.0, smooth: bool = True) -> Stack:
    """Closed outlines given by the same number of (x, y) points at each z, joined by periodic cubic splines."""
    rows = np.array([[z, *np.ravel(points)] for z, points in keys], float)
    first, v = interpolate(canvas, rows)
    points = v.reshape(len(v), -1, 2)
    if rough_mm:
        knots = canvas.rng.normal(size=(max(2, len(v) // 5 + 2), points.shape[1], 2)) * rough_mm
        at = np.linspace(0, len(knots) - 1, len(v))
        low = np.minimum(at.astype(int), len(knots) - 2)
        points = points + knots[low] + (at - low)[:, None, None] * (knots[low + 1] - knots[low])
    if smooth:
        n = points.shape[1]
        weights = CubicSpline(np.arange(n + 1), np.eye(n)[np.arange(n + 1) % n], bc_type="periodic")
        points = np.einsum("mn,knc->kmc", weights(np.arange(0, n, 0.2)), points)
    return Stack(first, points)


def fill(points: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[slice, slice, np.ndarray] | None:
    """Pixel centres inside a closed outline by the even-odd rule: rows, columns, mask; None where there are none."""
    low, high = points.min(0), points.max(0)
    rows = slice(*np.searchsorted(y, (low[1], high[1])))
    cols = slice(*np.searchsorted(x, (low[0], high[0])))
    if rows.stop <= rows.start or cols.stop <= cols.start:
        return None
    x0, y0 = points.T
    x1, y1 = np.roll(points, -1, 0).T
    line = y[rows, None]
    row, edge = np.nonzero((y0 <= line) != (y1 <= line))
    cross = x0[edge] + (y[rows][row] - y0[edge]) * (x1 - x0)[edge] / (y1 - y0)[edge]
    toggle = np.zeros((rows.stop - rows.start, cols.stop - cols.start + 1), np.int32)
    np.add.at(toggle, (row, np.clip(np.searchsorted(x, cross) - cols.start, 0, toggle.shape[1] - 1)), 1)
    return rows, cols, (np.cumsum(toggle, 1)[:, :-1] & 1).astype(bool)


def put(canvas: Canvas, box: tuple, inside: np.ndarray, tissue: str | None, over: tuple | None = None,
        mark: str | None = None) -> None:
    """Paint `inside` of a box as a tissue where the present label is in `over`, and mark it."""
    label = canvas.label[box]
    if over is not None:
        inside = inside & lookup(over)[label]
    if tissue is not None:
        label[inside] = ID[tissue]
    if mark is not None:
        canvas.bits[box][inside] |= canvas.bit(mark)


def draw(canvas: Canvas, stack: Stack, tissue: str | None, over: tuple | None = None, mark: str | None = None) -> None:
    """Fill a stack of outlines."""
    for n, points in enumerate(stack.points):
        hit = fill(points, canvas.x, canvas.y)
        if hit is not None:
            put(canvas, (stack.first + n, *hit[:2]), hit[2], tissue, over, mark)


def both(canvas: Canvas, keys: list, tissue: str | None, over: tuple | None = None, mark: str | None = None,
         power: float = 2.0, rough: float = 0.03, cap: float = 0.0) -> None:
    """Ellipses given for the left (x > 0), drawn on both sides; `mark` gets _L and _R."""
    for side, name in ((1, "_L"), (-1, "_R")):
        stack = ellipses(canvas, keys, power, rough, cap)
        draw(canvas, stack if side > 0 else stack.mirrored(), tissue, over, mark + name if mark else None)


def muscle(canvas: Canvas, keys: list, rim_mm: float = 1.3, rough: float = 0.04, power: float = 2.0) -> None:
    """Ellipses on both sides as muscle with a thin plane of fat around, so that neighbours stay apart."""
    for side in (1, -1):
        stack = ellipses(canvas, keys, power, rough)
        stack = stack if side > 0 else stack.mirrored()
        draw(canvas, stack.inset(-rim_mm), "fat", ("muscle",))
        draw(canvas, stack, "muscle", FATS)


def ball(canvas: Canvas, centre: tuple, radii: tuple, tissue: str | None, over: tuple | None = None,
         mark: str | None = None, rough: float = 0.0, power: float = 2.0) -> None:
    """Superellipsoid at (x, y, z) with radii (rx, ry, rz); `rough` bends its surface smoothly."""
    more = 1 + rough
    box = canvas.window([c - r * more for c, r in zip(centre, radii, strict=True)],
                        [c + r * more for c, r in zip(centre, radii, strict=True)])
    if any(b.stop <= b.start for b in box):
        return
    z, y, x = canvas.mesh(box)
    parts = [(x - centre[0]) / radii[0], (y - centre[1]) / radii[1], (z - centre[2]) / radii[2]]
    parts = [p * p if power == 2.0 else np.abs(p) ** power for p in parts]
    far = parts[0] + parts[1] + parts[2]
    if rough:
        far = far * (1 + rough * smooth_noise(canvas, far.shape, 0.9 * min(radii)))
    put(canvas, box, far <= 1, tissue, over, mark)


def spline_points(points: list, step_mm: float) -> np.ndarray:
    """Points about every `step_mm` on the Catmull-Rom spline through rows (x, y, z, ...)."""
    points = np.asarray(points, float)
    length = np.linalg.norm(np.diff(points[:, :3], axis=0), axis=1)
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    out = []
    for n, long in enumerate(length):
        t = np.arange(0, 1, step_mm / max(long, step_mm))[:, None]
        p0, p1, p2, p3 = ends[n:n + 4]
        out.append(p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))))
    return np.concatenate([*out, points[-1:]])


def tube(canvas: Canvas, points: list, tissue: str, over: tuple | None = None, mark: str | None = None,
         flat: tuple = (1.0, 1.0, 1.0), less: float = 0.0) -> None:
    """Tube along a spline through rows (x, y, z, radius); `flat` scales the radius by axis, `less` thins it."""
    wide = max(p[3] for p in points) * flat[2] + 15.0
    if not canvas.shows(min(p[2] for p in points) - wide, max(p[2] for p in points) + wide):
        return
    step = max(0.4 * canvas.fine, 0.5 * (min(p[3] for p in points) - less))
    for x, y, z, r in spline_points(points, step):
        if r - less > 0.3:
            ball(canvas, (x, y, z), tuple((r - less) * f for f in flat), tissue, over, mark)


def threads(canvas: Canvas, points: np.ndarray, tissue: str, over: tuple) -> None:
    """Thin tubes in one go: rows (x, y, z, radius), points close to one another."""
    points = points[points[:, 3] > 0.35 * canvas.spacing[1]]
    sphere = np.array([(a, b, c) for a in (-0.7, 0, 0.7) for b in (-0.7, 0, 0.7) for c in (-0.7, 0, 0.7)
                       if a * a + b * b + c * c <= 1.0])
    at = (points[:, None, :3] + sphere * points[:, None, 3:]).reshape(-1, 3)
    index = [np.rint((at[:, n] - a[0]) / (a[1] - a[0])).astype(int) for n,
             a in ((2, canvas.z), (1, canvas.y), (0, canvas.x))]
    ok = np.all([(0 <= i) & (i < n) for i, n in zip(index, canvas.label.shape, strict=True)], axis=0)
    index = tuple(i[ok] for i in index)
    allowed = lookup(over)[canvas.label[index]]
    canvas.label[tuple(i[allowed] for i in index)] = ID[tissue]


def smooth_noise(canvas: Canvas, shape: tuple, scale_mm: float | tuple) -> np.ndarray:
    """Correlated noise of about unit SD, (shape), correlation length `scale_mm` (one, or z, y, x)."""
    scale = np.broadcast_to(np.asarray(scale_mm, float), 3)
    counts = [max(2, int(n * s / c) + 2) for n, s, c in zip(shape, canvas.spacing, scale, strict=True)]
    noise = canvas.rng.standard_normal(counts, dtype=np.float32) * 1.6
    for axis, (n, m) in enumerate(zip(shape, counts, strict=True)):
        at = np.linspace(canvas.rng.uniform(0, 0.5), m - 1.001, n)
        low = at.astype(int)
        mix = (at - low).astype(np.float32)
        mix = (mix * mix * (3 - 2 * mix)).reshape([-1 if a == axis else 1 for a in range(3)])
        noise = np.take(noise, low, axis) * (1 - mix) + np.take(noise, low + 1, axis) * mix
    return noise
