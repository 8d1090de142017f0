"""Abdominal wall, muscles beside the spine, organs, bowel and great vessels below the diaphragm."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.phantom.canvas import Canvas, ball, draw, ellipses, muscle, smooth_noise, spline_points, tube
from radoncai.phantom.neck import around_cord
from radoncai.phantom.spine import canal_y
from radoncai.phantom.thorax import diaphragm
from radoncai.phantom.tissue import FATS, ID, SOFT

WALL_TOP, WALL_BOTTOM = -425.0, -640.0
# z, thickness of the three side layers together, thickness of the rectus
WALL = [(-425, 11, 7), (-460, 13, 9), (-492, 15, 10), (-540, 16, 11), (-600, 14, 12), (-655, 12, 13)]
PLANE_MM = 1.2
RECTUS = (2.5, 62.0)
OUTER = [ID["air"], ID["skin"], ID["sat"], ID["fascia"]]


def draw_abdomen(canvas: Canvas) -> None:
    if not canvas.shows(-700, -320):
        return
    draw_wall(canvas)
    long_back_muscles(canvas)
    draw_back_muscles(canvas)
    draw_solid_organs(canvas)
    draw_great_vessels(canvas)
    draw_gut(canvas)


def draw_wall(canvas: Canvas) -> None:
    """Three flat muscles with fat planes at the sides, rectus in front, visceral fat inside."""
    table = np.array(WALL[::-1], float)
    first, stop = np.searchsorted(canvas.z, (WALL_BOTTOM, WALL_TOP))
    waves = smooth_noise(canvas, (stop - first, len(canvas.y), len(canvas.x)), (60, 45, 45))
    for k in range(first, stop):
        z = float(canvas.z[k])
        side, front = (float(np.interp(z, table[:, 0], table[:, c])) for c in (1, 2))
        label = canvas.label[k]
        inner = np.isin(label, [ID["muscle"], ID["vat"], ID["fat"], ID["imat"]])
        if not inner.any():
            continue
        under = ndimage.distance_transform_edt(np.isin(label, OUTER, invert=True), canvas.spacing[1:])
        y, x = canvas.y[:, None], np.abs(canvas.x)[None, :]
        behind = np.clip((y - float(canal_y(z)) - 4) / 30, 0, 1) * np.clip((104 - x) / 30, 0, 1)
        wall = wall_layers(under, x, y, side * (1 + 0.10 * waves[k - first]) * (1 - 0.6 * behind), front, z)
        block = (x < 0.1 * (z + 492) * (z < -492) + 72) & (y > float(canal_y(z)) + 1)
        wall = np.where(block, ID["imat"], wall)
        kept = (label == ID["vat"]) & (under > 0.5 * side)
        canvas.label[k] = np.where(inner & ~kept & (y < 98), wall, label)


def wall_layers(under: np.ndarray, x: np.ndarray, y: np.ndarray, side: np.ndarray, front: float,
                z: float) -> np.ndarray:
    """Label by depth below the fat under the skin, |x| and y: outer, inner and transverse muscle, or rectus."""
    outer, inner = 0.34 * side, 0.76 * side
    layers = np.select([under < outer, under < outer + PLANE_MM, under < inner, under < inner + 0.8 * PLANE_MM,
                        under < side + PLANE_MM],
                       [ID["muscle_wall"], ID["imat"], ID["muscle_wall"], ID["imat"], ID["muscle_wall"]], ID["vat"])
    middle, half = (RECTUS[0] + RECTUS[1]) / 2, (RECTUS[1] - RECTUS[0]) / 2
    belly = np.clip(1 - ((x - middle) / half) ** 4, 0, 1) ** 0.5
    rectus = np.where((x > RECTUS[0]) & (under < front * belly + 0.3), ID["muscle_wall"], ID["vat"])
    rectus = np.where((x > 2 * half) & (under < front), ID["imat"], rectus)
    rectus = np.where((x <= RECTUS[0]) & (under < 3.0), ID["imat"], rectus)
    in_front = (y < float(canal_y(z)) - 75) & (x < RECTUS[1] + 3.5)
    return np.where(in_front, rectus, layers)


def draw_back_muscles(canvas: Canvas) -> None:
    """Quadratus lumborum and psoas; the long back muscles are drawn with the chest."""
    quadratus = [(-415, 52, -2, 7, 6), (-450, 62, -1, 10, 10), (-492, 70, 0, 11, 14, -15), (-520, 76, -1, 11, 15, -25),
                 (-545, 82, -2, 8, 10, -30)]
    psoas = [(-410, 24, -22, 5, 8), (-440, 30, -22, 9, 12), (-470, 34, -21, 12, 16), (-492, 37, -19, 14.5, 19),
             (-527, 41, -20, 17, 21),
             (-562, 48, -28, 18, 20), (-600, 60, -52, 19, 18), (-640, 74, -92, 19, 17), (-690, 84, -132, 18, 15),
             (-720, 92, -124, 14, 14)]
    for keys in (quadratus, psoas):
        for side in (1, -1):
            stack = ellipses(canvas, around_cord(keys), rough=0.05)
            stack = stack if side > 0 else stack.mirrored()
            draw(canvas, stack.inset(-1.2), "imat", ("muscle", "muscle_wall"))
            draw(canvas, stack, "muscle", (*FATS, "muscle_wall"))


def long_back_muscles(canvas: Canvas) -> None:
    """Erector spinae and multifidus from neck to sacrum, marbled with fat lower down."""
    keys = [(-130, 18, 25, 16, 14), (-180, 24, 23, 22, 12), (-240, 27, 22, 26, 12), (-330, 29, 23, 29, 14),
            (-400, 31, 23, 31, 18),
            (-450, 35, 23, 33, 23), (-492, 37, 23, 34, 26), (-540, 37, 23, 34, 26), (-580, 34, 22, 27, 20),
            (-620, 24, 18, 18, 12),
            (-650, 16, 15, 9, 6)]
    over = (*FATS, "lung", "muscle_wall")
    for side in (1, -1):
        stack = ellipses(canvas, around_cord(keys), power=2.3, rough=0.03)
        stack = stack if side > 0 else stack.mirrored()
        draw(canvas, stack.inset(-1.3), "fat", ("muscle", "muscle_wall", "lung"))
        draw(canvas, stack, "muscle_fatty", over)
    box = canvas.window((-90, 0, -660), (90, 130, -300))
    label = canvas.label[box]
    if label.size:
        marble = smooth_noise(canvas, label.shape, (26, 6, 6))
        label[(label == ID["muscle_fatty"]) & (marble > 1.5)] = ID["imat"]
    muscle(canvas, around_cord([(-300, 7, 22, 6, 10), (-400, 8, 22, 7, 11), (-492, 10, 22, 9, 13),
                                (-590, 10, 20, 9, 11)]))


def draw_solid_organs(canvas: Canvas) -> None:
    over = ("vat",)
    box = canvas.window((-150, -125, -510), (95, 110, -310))
    z, y, x = canvas.mesh(box)
    label = canvas.label[box]
    bumps = smooth_noise(canvas, label.shape, 45)
    right = ((x + 74) / 76) ** 2 + ((y + 6) / 98) ** 2 + ((z + 392) / 92) ** 2
    left = ((x - 2) / 72) ** 2 + ((y + 62) / 44) ** 2 + ((z + 376) / 32) ** 2
    hilum = ((x + 18) / 24) ** 2 + ((y + 10) / 40) ** 2 + ((z + 430) / 36) ** 2
    below = z < diaphragm(x, y) - 4
    lobes = (right + 0.06 * bumps < 1) | (left + 0.08 * bumps < 1)
    label[lobes & (hilum > 1) & below & (label == ID["vat"])] = ID["liver"]
    sheet = (z < diaphragm(x, y)) & ~below & (label == ID["vat"])
    label[sheet] = ID["muscle_wall"]
    ball(canvas, (-46, -52, -442), (14, 20, 25), "gallbladder", ("vat", "liver"), rough=0.08)
    ball(canvas, (106, 38, -388), (29, 47, 48), "spleen", over, rough=0.12)
    for side, high in ((1, -455), (-1, -470)):
        kidney = [(side * 50, 27, high + 48, 12), (side * 57, 31, high + 25, 24), (side * 63, 32, high, 26),
                  (side * 68, 30, high - 25, 24),
                  (side * 72, 27, high - 46, 14)]
        tube(canvas, kidney, "kidney", over, flat=(1, 0.95, 0.8))
        ball(canvas, (side * 49, 24, high), (13, 9, 24), "vat", ("kidney",), rough=0.15)
        ball(canvas, (side * 50, 24, high), (7, 5, 15), "kidney_pelvis", ("vat",), rough=0.2)
        tube(canvas, [(side * 38, 20, high - 12, 2.6), (side * 34, 4, high - 60, 2), (side * 30, 6, -590, 2)],
             "kidney_pelvis", over)
    draw_liver_vessels(canvas)
    pancreas = [(-36, -30, -455, 15), (-10, -36, -448, 11), (18, -38, -440, 10), (52, -18, -425, 10), (84, 12, -405, 8)]
    tube(canvas, pancreas, "pancreas", over, flat=(1, 1, 1.2))


def draw_liver_vessels(canvas: Canvas) -> None:
    """Hepatic veins towards the vena cava and portal branches from the hilum."""
    for x, y, z in ((-90, -50, -400), (-60, -70, -385), (-112, 10, -395), (-80, 45, -410), (-20, -62, -375)):
        tube(canvas, [(x, y, z, 2.2), (0.55 * x - 12, 0.5 * y, z + 12, 3.2), (-22, -8, -352, 4.2)], "blood", ("liver",))
    for x, y, z in ((-95, -20, -430), (-100, 30, -440), (-75, -40, -425), (-88, 10, -465), (0, -58, -385)):
        tube(canvas, [(-44, -24, -415, 4.5), (0.5 * x - 22, 0.5 * y - 12, 0.5 * z - 207, 3.5), (x, y, z, 2)], "blood",
             ("liver",))


def draw_great_vessels(canvas: Canvas) -> None:
    """Aorta from the diaphragm, inferior vena cava, their branches, and the portal vein."""
    over = (*SOFT, "liver", "pancreas")
    tube(canvas, [(16, 10, -370, 10.5), (11, 4, -400, 10), (9, -5, -435, 9.5), (8, -10, -470, 9), (7, -13, -500, 8.8),
                  (5, -14, -522, 8.5)], "blood", over)
    tube(canvas, [(-22, -8, -345, 12), (-20, -4, -390, 12), (-19, -6, -440, 12), (-18, -8, -490, 11.5),
                  (-16, -9, -535, 11)], "blood", over, flat=(1.1, 0.8, 1))
    for side in (1, -1):
        tube(canvas, [(5, -14, -520, 7), (side * 20, -12, -545, 6), (side * 38, -6, -585, 5.5),
                      (side * 54, -22, -630, 5), (side * 62, -62, -690, 5),
                      (side * 62, -70, -740, 4.8), (side * 66, -58, -845, 4.2)], "blood", over)
        tube(canvas, [(-16, -8, -532, 9), (side * 22, 0, -560, 7), (side * 40, 8, -600, 6.5),
                      (side * 52, -8, -640, 6.5), (side * 52, -58, -695, 6.5),
                      (side * 53, -64, -740, 6), (side * 58, -50, -845, 5)], "blood", over)
        tube(canvas, [(side * 4, -8, -452, 3.5), (side * 28, 6, -456, 3), (side * 46, 22, -462, 3)], "blood", ("vat",))
    tube(canvas, [(6, -16, -450, 4.5), (2, -34, -480, 4), (-4, -44, -520, 3.5), (-10, -46, -560, 2.5)], "blood", over)
    tube(canvas, [(-8, -42, -500, 5), (-6, -38, -455, 6), (-26, -28, -430, 7), (-44, -24, -415, 6)], "blood", over)


def gut(canvas: Canvas, points: list, content: str, wall_mm: float = 2.4, gas_above: float | None = None,
        over: tuple = ("vat",)) -> None:
    """A piece of gut: wall, content, and gas in front of y = middle - `gas_above` x radius (patient supine)."""
    tube(canvas, points, "gut_wall", over)
    line = spline_points(points, 0.45 * min(p[3] for p in points))
    for x, y, z, r in line:
        ball(canvas, (x, y, z), (r - wall_mm,) * 3, content, ("gut_wall",))
    if gas_above is None:
        return
    for x, y, z, r in line:
        inner = r - wall_mm
        box = canvas.window(np.array([x, y, z]) - inner, np.array([x + inner, y - gas_above * inner, z + inner]))
        zz, yy, xx = canvas.mesh(box)
        label = canvas.label[box]
        gas = ((xx - x) ** 2 + (yy - y) ** 2 + (zz - z) ** 2 <= inner ** 2) & (label == ID[content])
        label[gas] = ID["gut_gas"]


def draw_gut(canvas: Canvas) -> None:
    """Stomach, duodenum, colon with faeces and gas, small bowel as many loops pressed together."""
    rng = canvas.rng
    stomach = [(30, -4, -388, 14), (58, -6, -386, 27), (70, -28, -410, 31), (56, -58, -440, 27), (18, -72, -458, 22),
               (-14, -60, -456, 15)]
    gut(canvas, stomach, "gut_fluid", 4.0, 0.2)
    gut(canvas, [(-14, -58, -456, 13), (-38, -40, -450, 13), (-46, -18, -478, 12.5), (-38, -14, -512, 12.5),
                 (0, -30, -522, 11.5), (28, -26, -500, 11.5)],
        "gut_fluid")
    ascending = [(-92, -22, -600, 29), (-104, -14, -560, 27), (-108, -8, -520, 25), (-104, -16, -478, 25),
                 (-88, -44, -468, 24)]
    transverse = [(-88, -48, -470, 24), (-58, -74, -492, 22), (-8, -86, -512, 21), (46, -80, -492, 21),
                  (88, -48, -452, 21), (104, -8, -436, 20)]
    descending = [(106, -4, -436, 18), (114, 10, -470, 17), (114, 12, -520, 16), (108, 0, -570, 16),
                  (88, -18, -612, 17)]
    sigmoid = [(88, -18, -612, 17), (56, -30, -632, 18), (20, -14, -622, 18), (4, 14, -636, 18), (2, 46, -650, 18)]
    for points, content, gas in ((ascending, "faeces", 0.75), (transverse, "faeces", 0.15),
                                 (descending, "faeces", None), (sigmoid, "faeces", 0.6)):
        haustra = [(x, y, z, r * rng.uniform(0.9, 1.06)) for x, y, z, r in points]
        gut(canvas, haustra, content, 2.6, gas)
    for n in range(96):
        z = rng.uniform(-655, -500) if n % 3 else rng.uniform(-530, -452)
        x, y = rng.uniform(-72, 84) if n % 3 else rng.uniform(25, 86), rng.uniform(-92,
            -24 if abs(z + 560) < 60 else -34)
        way = rng.normal(size=3) * (1, 0.6, 0.8)
        way *= rng.uniform(22, 36) / np.linalg.norm(way)
        side = rng.normal(size=3) * 10
        r = rng.uniform(10, 13.5)
        loop = [(x, y, z, r), (x + way[0] / 2 + side[0], y + way[1] / 2 + side[1], z + way[2] / 2 + side[2], r),
                (x + way[0], y + way[1], z + way[2], r)]
        gut(canvas, loop, "gut_fluid", 2.2, 0.3 if rng.random() < 0.2 else None)
