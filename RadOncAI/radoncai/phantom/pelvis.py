"""Sacrum, iliac wings up to the middle of L4, hips, and the organs between them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.phantom.canvas import Canvas, ball, both, draw, ellipses, fill, tube
from radoncai.phantom.thorax import muscle_planes
from radoncai.phantom.tissue import BONES, FATS, ID, MUSCLES, SOFT, lookup

CREST_Z = -527.0
# front to back line of the wing at two heights, as (x, y)
WING_HIGH = np.array([(46, 84), (66, 80), (92, 66), (114, 42), (126, 10), (128, -24), (120, -52)], float)
WING_LOW = np.array([(50, 84), (58, 72), (68, 54), (78, 36), (86, 18), (92, 2), (94, -18)], float)


def draw_pelvis(canvas: Canvas) -> None:
    if not canvas.shows(-860, CREST_Z):
        return
    draw_buttock_and_iliacus(canvas)
    muscle_planes(canvas, (-850, -545), 0.05)
    draw_bladder_and_prostate(canvas)
    draw_sacrum(canvas)
    for side in (1, -1):
        draw_wing(canvas, side)
        draw_hip(canvas, side)


def draw_pelvic_cavity(canvas: Canvas) -> None:
    """Fat inside the pelvis, and fat planes of groin and buttock; before psoas and bowel, which lie in it."""
    cavity = [(-634, 0, -18, 122, 86, 0, 72), (-650, 0, -12, 104, 82, 0, 70), (-668, 0, -4, 74, 72, 0, 68),
              (-690, 0, 4, 52, 64, 0, 68), (-715, 0, 10, 44, 52, 0, 56), (-738, 0, 20, 28, 26, 0, 34)]
    draw(canvas, ellipses(canvas, cavity, power=2.7, rough=0.04), "vat", ("muscle", "fat", "imat"))
    both(canvas, [(-740, 40, 40, 14, 22), (-720, 44, 46, 12, 22), (-700, 46, 50, 6, 14)], "fat", ("muscle",), rough=0.1)
    both(canvas, [(-640, 78, -74, 10, 10), (-690, 60, -72, 20, 14), (-740, 60, -68, 18, 14), (-845, 64, -58, 10, 10)],
         "fat", ("muscle",), rough=0.1)


def draw_bladder_and_prostate(canvas: Canvas) -> None:
    over = ("vat", "gut_wall", "gut_fluid", "gut_gas")
    ball(canvas, (0, -28, -678), (44, 34, 30), "gut_wall", over, rough=0.04)
    ball(canvas, (0, -28, -678), (40.5, 30.5, 26.5), "bladder", ("gut_wall",), rough=0.04)
    ball(canvas, (0, -12, -716), (23, 17, 18), "prostate", ("vat", "muscle", "gut_wall"), rough=0.06)
    ball(canvas, (0, 10, -694), (26, 6, 7), "prostate", ("vat",), rough=0.15)
    rectum = [(-650, 1, 48, 19, 17), (-672, 0, 52, 20, 17), (-698, 0, 44, 17, 15), (-722, 0, 34, 14, 13),
              (-745, 0, 40, 10, 12)]
    stack = ellipses(canvas, rectum, rough=0.06)
    draw(canvas, stack, "gut_wall", ("vat", "muscle", "fat"))
    draw(canvas, stack.inset(3.4, 1), "faeces", ("gut_wall",))
    ball(canvas, (0, 44, -668), (10, 6, 10), "gut_gas", ("faeces",), rough=0.2)


def draw_sacrum(canvas: Canvas) -> None:
    """Wedge of spongy bone with its canal and foramina, joined to the wings by a thin joint."""
    keys = [(-576, 0, 40, 25, 15, 0, 12), (-590, 0, 50, 46, 20, 0, 22), (-612, 0, 64, 52, 20, 0, 20),
            (-636, 0, 78, 45, 16, 0, 16),
            (-660, 0, 86, 32, 10, 0, 12), (-684, 0, 88, 18, 7, 0, 8), (-705, 0, 84, 9, 5, 0, 5),
            (-720, 0, 78, 5, 4, 0, 4)]
    stack = ellipses(canvas, keys, power=2.2, rough=0.03)
    draw(canvas, stack, "cortical", (*SOFT, "disc"))
    draw(canvas, stack.inset(1.7, 1), "spongy", ("cortical",))
    draw(canvas, ellipses(canvas, [(-665, 0, 90, 4, 3), (-640, 0, 84, 7, 4), (-612, 0, 74, 10, 6),
                                   (-588, 0, 62, 12, 7)]), "thecal", BONES)
    for z, x, y in ((-604, 19, 62), (-626, 17, 76), (-646, 15, 84)):
        both(canvas, [(z - 6, x, y, 3, 4), (z, x, y, 5, 5), (z + 6, x, y, 3, 4)], "fat", BONES)


def wing_line(z: float) -> np.ndarray:
    """The wing's curve from back to front at height z, (7, 2) as (x, y)."""
    low = float(np.clip((-585.0 - z) / 80.0, 0, 1) ** 1.2)
    return WING_HIGH * (1 - low) + WING_LOW * low


def draw_buttock_and_iliacus(canvas: Canvas) -> None:
    """Muscle outside the wings, and iliacus lining them inside."""
    soft = (*FATS, *MUSCLES)
    for k in np.flatnonzero((canvas.z < CREST_Z) & (canvas.z > -672)):
        z = float(canvas.z[k])
        line = wing_line(z)
        outline = np.concatenate([line, line[::-1] * (-1, 1)])
        hit = fill(outline, canvas.x, canvas.y)
        inside = np.zeros(canvas.label[k].shape, bool)
        inside[hit[0], hit[1]] = hit[2]
        y, x = canvas.y[:, None], np.abs(canvas.x)[None, :]
        grow = np.clip((CREST_Z - z) / 45, 0, 1)
        reach = 12 + (np.array([line[3, 1], line[-1, 1]]) - 12) @ (1 - grow, grow)
        deep = lookup(soft)[canvas.label[k]] & ~lookup(("sat", "fascia"))[canvas.label[k]]
        outer = deep & ~inside & (y > reach) & (x > 40 * grow) & (y < 70 + 40 * grow)
        canvas.label[k][outer & (canvas.label[k] != ID["muscle_fatty"])] = ID["muscle"]
        depth = ndimage.distance_transform_edt(inside | (y < line[-1, 1]), canvas.spacing[1:])
        lining = inside & (depth < 15 * np.clip((CREST_Z - 8 - z) / 70, 0, 1)) & (y < 55) & (y > line[-1,
            1] + 4) & (x > 40)
        canvas.label[k][lining & deep] = ID["muscle"]


def draw_wing(canvas: Canvas, side: int) -> None:
    """Iliac wing as a curved sheet; its edge, the crest, is thicker and reaches CREST_Z."""
    thick = max(2.5, 0.55 * canvas.spacing[0])
    for z in np.arange(-672.0, CREST_Z - 2.0, max(2.0, 0.5 * canvas.spacing[0])):
        low = np.clip((-585.0 - z) / 80.0, 0, 1) ** 1.2
        line = wing_line(float(z))
        high = np.clip((z + 600.0) / (CREST_Z - 3.0 + 600.0), 0, 1)
        first = 0.0 if high <= 0 else 0.44 * high ** 1.6
        last = 1.0 if high <= 0 else 1.0 - 0.44 * high ** 1.6
        if z < -620:
            first = np.clip((-620 - z) / 40, 0, 1) * 0.45
        edge = 1.0 + 0.5 * (z > CREST_Z - 14)
        count = max(12, int(44 * min(1.0, 2.0 / canvas.fine)))
        at = np.linspace(first, last, count) * (len(line) - 1)
        for n, s in enumerate(at):
            i = min(int(s), len(line) - 2)
            x, y = line[i] + (s - i) * (line[i + 1] - line[i])
            rim = 1.35 if n in (0, 1, count - 2, count - 1) else 1.0
            r = 3.6 * edge * rim * (1 + 0.5 * low)
            ball(canvas, (side * x, y, z), (r, r, thick), "cortical", SOFT)
            ball(canvas, (side * x, y, z), (r - 1.7, r - 1.7, thick), "spongy", ("cortical",))


def draw_hip(canvas: Canvas, side: int) -> None:
    """Socket, pubis, ischium, femoral head, neck, trochanters and shaft."""
    over = (*SOFT, "bone")
    arms = ([(side * 92, 0, -660, 13), (side * 92, -2, -672, 20)],
            [(side * 84, -26, -684, 11), (side * 52, -50, -698, 8), (side * 14, -56, -712, 10)],
            [(side * 94, 18, -690, 13), (side * 78, 34, -728, 13), (side * 64, 30, -752, 12)],
            [(side * 64, 24, -754, 8), (side * 36, -16, -740, 6.5), (side * 14, -48, -724, 7)])
    ball(canvas, (side * 90, -6, -690), (31, 31, 31), "cortical", over)
    for arm in arms:
        tube(canvas, arm, "cortical", over)
    ball(canvas, (side * 90, -6, -690), (29, 29, 29), "spongy", ("cortical",))
    for arm in arms:
        tube(canvas, arm, "spongy", ("cortical",), less=1.9)
    box = canvas.window((side * 90 - 34, -40, -724), (side * 90 + 34, 30, -656))
    z, y, x = canvas.mesh(box)
    label = canvas.label[box]
    globe = (x - side * 90) ** 2 + (y + 6) ** 2 + (z + 690) ** 2 < 31.5 ** 2
    mouth = (side * (x - side * 90) - 0.45 * (z + 690) > 8) & globe
    label[mouth & lookup(("cortical", "spongy"))[label]] = ID["muscle"]
    ball(canvas, (side * 91, -6, -691), (26.5, 26.5, 26.5), "muscle_wall", (*BONES, *SOFT))
    femur = ([(side * 92, -6, -692, 16), (side * 112, 2, -708, 14.5), (side * 130, 10, -722, 16)],
             [(side * 134, 14, -712, 15), (side * 133, 13, -745, 17), (side * 130, 8, -790, 14.5),
              (side * 127, 4, -850, 13.5)])
    for part in femur:
        tube(canvas, part, "cortical", (*SOFT, "cortical"))
    ball(canvas, (side * 142, 20, -708), (15, 17, 17), "cortical", SOFT)
    ball(canvas, (side * 91, -6, -691), (24, 24, 24), "cortical", (*SOFT, "muscle_wall"))
    ball(canvas, (side * 91, -6, -691), (22.6, 22.6, 22.6), "spongy", ("cortical",))
    tube(canvas, femur[0], "spongy", ("cortical",), less=2.2)
    ball(canvas, (side * 142, 20, -708), (13, 15, 15), "spongy", ("cortical",))
    tube(canvas, femur[1][1:], "marrow", ("cortical",), less=5.5)
    ball(canvas, (0, -56, -714), (3, 9, 15), "disc", (*SOFT, *BONES))
