"""Vertebrae C1 to the sacrum with discs, canal, cord, and the curve they lie on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from radoncai.phantom.canvas import Canvas, ball, draw, ellipses, put, tube
from radoncai.phantom.tissue import BONES, SOFT

# z and y of the middle of the canal
CURVE = [(70, -1), (30, -1.5), (0, 0), (-30, -1), (-50, -0.5), (-60, 1.8), (-80, 6), (-100, 12), (-120, 22), (-140, 32),
         (-160, 42), (-180, 50), (-200, 56), (-220, 60), (-260, 63), (-310, 63), (-360, 60), (-400, 55), (-440, 49),
         (-480, 45), (-520, 44), (-555, 49), (-590, 60), (-640, 84), (-690, 88)]
# name, z of the body's middle, height, half width, half depth, canal half width, canal half depth, transverse reach
LEVELS = [
    ("C2", -31, 18, 9.5, 8, 11.5, 8.5, 26), ("C3", -51, 13.5, 10.5, 8, 11.5, 7.5, 27),
          ("C4", -69, 13, 11, 8, 12, 7.3, 28),
    ("C5", -86, 12.5, 11.5, 8.2, 12, 7.3, 29), ("C6", -103, 12.5, 12.5, 8.5, 12, 7.4, 30),
    ("C7", -120.5, 13.5, 13.5, 8.8, 11.5, 7.5, 34), ("T1", -139, 15.5, 14, 9, 10.5, 7.5, 32),
    ("T2", -159, 16.5, 14, 9.5, 9, 7.5, 30), ("T3", -180, 17.5, 13.5, 10, 8.5, 7.5, 28),
    ("T4", -201.5, 18, 13.5, 11, 8.5, 7.5, 28), ("T5", -223.5, 18.5, 13.5, 12, 8.5, 7.5, 28),
    ("T6", -246, 19, 14, 13, 8.5, 7.5, 27), ("T7", -269, 19.5, 14.5, 13.5, 8.5, 7.5, 27),
          ("T8", -292.5, 20, 15, 14, 8.5, 7.5, 26),
    ("T9", -316.5, 20.5, 15.5, 14.5, 8.5, 7.5, 25), ("T10", -341.5, 21.5, 16.5, 15, 9, 7.5, 24),
    ("T11", -367.5, 22, 17.5, 15, 9.5, 7.8, 27), ("T12", -394.5, 23.5, 19, 15, 11, 8, 27),
          ("L1", -424.5, 23.5, 20.5, 15.5, 11.5, 8.2, 36),
    ("L2", -457.5, 24, 21.5, 16, 11.8, 8, 42), ("L3", -492, 24.5, 23, 16.5, 12, 7.8, 48),
          ("L4", -527, 24.5, 24, 17, 12.5, 7.8, 46),
    ("L5", -562, 24.5, 25, 17.2, 13.5, 7.8, 47),
]
ENDPLATE_MM = 2.1


@dataclass(frozen=True)
class Vertebra:
    """One vertebra in the drawing frame; `slope` is dy/dz of the canal there."""

    name: str
    z: float
    height: float
    half_width: float
    half_depth: float
    canal_half_width: float
    canal_half_depth: float
    reach: float
    canal_y: float
    slope: float

    @property
    def body_y(self) -> float:
        return self.canal_y - self.canal_half_depth - self.half_depth - 0.5


def canal_y(z: np.ndarray | float) -> np.ndarray:
    """y of the middle of the spinal canal at z, mm."""
    keys = np.array(CURVE[::-1], float)
    return PchipInterpolator(keys[:, 0], keys[:, 1], extrapolate=True)(z)


def vertebrae() -> list[Vertebra]:
    """C2 to L5 from above, on the curve."""
    return [Vertebra(*row, float(canal_y(row[1])), float(canal_y(row[1] + 6) - canal_y(row[1] - 6)) / 12)
            for row in LEVELS]


def vertebra_middles() -> dict[str, float]:
    """z of the middle of each body, C1 (its ring) to L5, mm in the drawing frame."""
    return {"C1": -11.0} | {name: float(z) for name, z, *_ in LEVELS}


def draw_spine(canvas: Canvas) -> None:
    """Discs first, bodies and arches over them, then the canal is carved and filled."""
    low, high = canvas.z[0] - 30, canvas.z[-1] + 30
    shown = [v for v in vertebrae() if low < v.z < high]
    draw_discs(canvas, shown)
    for v in shown:
        draw_vertebral_body(canvas, v)
        draw_arch(canvas, v)
    draw_atlas_and_dens(canvas)
    draw_canal(canvas)


def draw_discs(canvas: Canvas, shown: list[Vertebra]) -> None:
    keys = [(v.z, 0, v.body_y, v.half_width * 0.97, v.half_depth * 0.97) for v in shown if v.name != "C2"]
    if not keys:
        return
    keys.insert(0, (shown[0].z, *keys[0][1:])) if shown[0].name == "C2" else None
    if shown[-1].name == "L5":
        keys.append((-590, 0, 36, 24, 17))
    draw(canvas, ellipses(canvas, keys, power=2.4, rough=0.01), "disc")


def draw_vertebral_body(canvas: Canvas, v: Vertebra) -> None:
    """Tilted superellipse cylinder: waisted, cortical shell, endplates, spongy inside."""
    reach = np.array([v.half_width + 3, v.half_depth + 3 + abs(v.slope) * v.height,
                      v.height / 2 + abs(v.slope) * v.half_depth + 2])
    centre = np.array([0.0, v.body_y, v.z])
    box = canvas.window(centre - reach, centre + reach)
    z, y, x = canvas.mesh(box)
    norm = np.hypot(1, v.slope)
    across = ((y - v.body_y) - (z - v.z) * v.slope) / norm
    along = ((z - v.z) + (y - v.body_y) * v.slope) / norm
    waist = 1 + 0.09 * (2 * along / v.height) ** 2 - 0.05
    back = np.where(across > 0, 0.55 * np.exp(-((x / (0.5 * v.half_width)) ** 2)), 0) * (across > 0.5 * v.half_depth)
    round_body = (np.abs(x) / (v.half_width * waist)) ** 2.5 + (np.abs(across) / (v.half_depth * waist)) ** 2.5
    far = round_body ** 0.4 + 0.12 * back
    inside = (far <= 1) & (np.abs(along) <= v.height / 2)
    put(canvas, box, inside, "endplate")
    shell = 1.1 / v.half_depth
    put(canvas, box, inside & (far < 1 - shell), "trabecular")
    put(canvas, box, inside & (np.abs(along) > v.height / 2 - max(ENDPLATE_MM, 1.05 * canvas.spacing[0])), "endplate")


def draw_arch(canvas: Canvas, v: Vertebra) -> None:
    """Pedicles, laminae, joints, transverse and spinous processes."""
    neck, chest = v.name[0] == "C", v.name[0] == "T"
    w, back = v.canal_half_width, v.canal_y + v.canal_half_depth
    r = 2.6 if neck else 3.0 if chest else 3.8
    drop = -2 if neck else -0.55 * v.height if chest else -0.1 * v.height
    long = (18 if v.name != "C7" else 28) if neck else 26 if chest else 28
    over = (*SOFT, "disc", "lung", "thecal", "csf")
    for side in (1, -1):
        pedicle_x = side * (w + r * 0.8)
        high = v.z + (0 if neck else 0.18 * v.height)
        tube(canvas, [(pedicle_x, v.body_y + v.half_depth * 0.6, high, r), (pedicle_x, back - 3, high, r)], "bone",
             over,
             flat=(1, 1, 1.4))
        tube(canvas, [(pedicle_x, back - 3, high - 1, r), (side * w * 0.6, back + 1.5, v.z - 2, r),
                      (0, back + 5, v.z + drop * 0.3, r)],
             "bone", over, flat=(0.8, 0.8, 1.5))
        ball(canvas, (side * (w + r + 2), back - 1, v.z - v.height / 2), (r + 2, r + 1.5, r + 3.5), "cortical", over)
        ball(canvas, (side * (w + r + 2), back - 1, v.z - v.height / 2), (r + 0.5, r, r + 2), "bone", ("cortical",))
        if neck:
            ball(canvas, (side * (w + 7.5), v.canal_y - 1, v.z - 1), (6.5, 7.5, 0.47 * 18), "cortical", over, power=2.5)
            ball(canvas, (side * (w + 7.5), v.canal_y - 1, v.z - 1), (5, 6, 6.8), "bone", ("cortical",), power=2.5)
        tip_y = v.body_y + 2 if neck else back + 9 if chest else back - 10
        tip_z = v.z + (0 if neck else 2)
        tube(canvas, [(pedicle_x, back - (10 if neck else 2), high, r), (side * v.reach, tip_y, tip_z, r * 0.85)],
             "bone", over,
             flat=(1, 1, 1.1))
    end_z = v.z + drop - (2 if neck else 0)
    thick = (1, 1, 1.2) if neck else (0.8, 1, 1.6) if chest else (0.9, 1, 2.6)
    tube(canvas, [(0, back + 4, v.z + drop * 0.3, r), (0, back + long * 0.6, v.z + drop * 0.7, r),
                  (0, back + long, end_z, r + 0.5)],
         "bone", over, flat=thick)


def draw_atlas_and_dens(canvas: Canvas) -> None:
    """Ring of C1 with its lateral masses and the dens of C2 inside it."""
    y = float(canal_y(-11))
    over = (*SOFT, "mucosa", "disc", "csf")
    for side in (1, -1):
        front = [(0, y - 21, -11, 3.0), (side * 9, y - 19, -11, 3.0), (side * 18, y - 11, -11, 4.5)]
        rear = [(side * 19, y - 6, -12, 4.0), (side * 15, y + 10, -13, 2.8), (0, y + 18, -13, 3.2)]
        tube(canvas, front, "bone", over, flat=(1, 1, 1.6))
        tube(canvas, rear, "bone", over, flat=(1, 1, 1.4))
        ball(canvas, (side * 18, y - 8, -11), (7, 9, 8.5), "cortical", over)
        ball(canvas, (side * 18, y - 8, -11), (5.3, 7.2, 6.8), "bone", ("cortical",))
        tube(canvas, [(side * 22, y - 6, -12, 3.5), (side * 36, y - 4, -13, 3.5)], "bone", over)
        ball(canvas, (side * 16, y - 4, -24), (7, 7, 5), "bone", (*over, "trabecular"))
    ball(canvas, (0, y - 15, -14), (5, 5.5, 13), "cortical", over)
    ball(canvas, (0, y - 15, -14), (3.5, 4, 11), "spongy", ("cortical",))


def draw_canal(canvas: Canvas) -> None:
    """Epidural fat, sac and cord; the cord ends at L1, nerve roots go on."""
    sac = [(0, 0, float(canal_y(0)), 11, 9.5), (-20, 0, float(canal_y(-20)), 10, 8.5)]
    cord = [(0.01, 0, float(canal_y(0)), 8.2, 7.2), (-12, 0, float(canal_y(-12)), 7.6, 6.6),
            (-35, 0, float(canal_y(-35)), 6.8, 6.0)]
    for v in vertebrae():
        sac.append((v.z, 0, v.canal_y, v.canal_half_width - 1.6, v.canal_half_depth - 0.8))
        size = (6.6, 5.6) if v.name[0] == "C" else (5.9, 5.4) if v.z > -225 else (4.9, 4.6)
        if v.z < -35 and v.z > -430:
            cord.append((v.z, 0, v.canal_y, *size))
    sac = [row for n, row in enumerate(sac) if n == 0 or row[0] < sac[n - 1][0]]
    cord.append((-436, 0, float(canal_y(-436)), 2.5, 2.5))
    sac.append((-600, 0, float(canal_y(-600)), 6, 5))
    canal = [(z, x, y, rx + 1.4, ry + 1.0) for z, x, y, rx, ry in sac]
    draw(canvas, ellipses(canvas, canal, rough=0.0), "fat", (*SOFT, *BONES, "disc", "csf"))
    draw(canvas, ellipses(canvas, sac, rough=0.01), "thecal", (*SOFT, *BONES, "disc", "csf"))
    draw(canvas, ellipses(canvas, cord, rough=0.015), "cord", ("thecal", "fat", "csf"), mark="SpinalCord")
