"""The outline of head, neck and trunk, skin, fat under the skin, and the couch."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.phantom.canvas import Canvas, both, draw, ellipses, interpolate, smooth_noise, tube
from radoncai.phantom.spine import canal_y
from radoncai.phantom.tissue import ID

# z, x, y of the widest place, half width, front, turn, back
HEAD = [
    (149, 0, -15, 16, 18, 0, 18), (144, 0, -15, 40, 44, 0, 43), (136, 0, -14, 54, 58, 0, 59),
    (122, 0, -13, 65, 73, 0, 76), (108, 0, -12, 71, 82, 0, 85), (90, 0, -10, 75.5, 90, 0, 91),
    (70, 0, -10, 77, 95, 0, 94), (50, 0, -8, 78, 98, 0, 95), (30, 0, -8, 76, 101, 0, 95),
    (15, 0, -10, 75, 105, 0, 88), (0, 0, -14, 74, 106, 0, 86), (-15, 0, -18, 71, 104, 0, 82),
    (-30, 0, -18, 67, 101, 0, 76), (-42, 0, -14, 64, 99, 0, 72), (-51, 0, -8, 62, 100, 0, 66),
    (-57, 0, -3, 62, 89, 0, 61), (-64, 0, 0, 62, 80, 0, 60), (-70, 0, 2, 62, 75, 0, 60), (-78, 0, 4, 63, 73, 0, 62),
    (-90, 0, 8, 66, 75, 0, 66), (-105, 0, 16, 70, 77, 0, 70), (-130, 0, 25, 70, 81, 0, 75),
    (-150, 0, 30, 64, 91, 0, 70), (-172, 0, 30, 56, 101, 0, 60),
]
TRUNK = [
    (-84, 0, 46, 66, 8, 0, 18), (-92, 0, 49, 92, 15, 0, 27), (-103, 0, 52, 136, 26, 0, 37),
    (-114, 0, 48, 174, 40, 0, 48), (-125, 0, 42, 196, 58, 0, 60), (-140, 0, 35, 212, 83, 0, 75),
    (-160, 0, 30, 221, 95, 0, 86), (-180, 0, 25, 223, 103, 0, 92), (-200, 0, 15, 216, 108, 0, 102),
    (-220, 0, 8, 200, 115, 0, 108), (-240, 0, 5, 184, 122, 0, 111), (-270, 0, 0, 172, 123, 0, 116),
    (-330, 0, 0, 168, 124, 0, 116), (-400, 0, -5, 165, 121, 0, 121), (-460, 0, -10, 162, 119, 0, 126),
    (-520, 0, -12, 166, 120, 0, 128), (-580, 0, -12, 175, 120, 0, 128), (-640, 0, -10, 183, 112, 0, 126),
    (-690, 0, -8, 185, 106, 0, 124), (-725, 0, -6, 182, 98, 0, 118), (-745, 0, -4, 172, 80, 0, 100),
]
LEG = [(-860, 86, 8, 80, 78), (-800, 88, 6, 83, 84), (-760, 90, 5, 88, 92), (-730, 92, 4, 88, 98),
       (-705, 90, 4, 84, 98)]
ARMS = [(178, 42, -168, 42), (196, 44, -190, 46), (212, 42, -230, 46), (236, 38, -275, 45), (275, 34, -330, 43)]
# z, mm of skin and fat in front, at the sides, at the back
FAT_UNDER_SKIN = [
    (150, 5, 5, 5), (60, 5, 5, 6), (20, 5, 7, 7), (-20, 6, 9, 9), (-60, 6, 5, 9), (-100, 4, 5, 9), (-150, 7, 9, 12),
    (-220, 11, 12, 12), (-330, 13, 13, 14), (-400, 15, 13, 16), (-492, 22, 17, 22), (-560, 25, 20, 25),
    (-640, 26, 26, 28), (-740, 18, 24, 22), (-850, 12, 16, 16),
]
SKIN_MM = 2.2
ALL_MUSCLE_BELOW = -130.0


def draw_body(canvas: Canvas, fatness: float = 1.0) -> None:
    """Head, trunk and upper arms as fat, marked as External; skin, and what lies under the fat (fat or muscle)."""
    draw(canvas, ellipses(canvas, HEAD, power=2.15, rough=0.006), "sat")
    draw_face(canvas)
    draw(canvas, ellipses(canvas, TRUNK, power=2.45, rough=0.006), "sat")
    both(canvas, LEG, "sat", power=2.15, rough=0.006)
    for side in (1, -1):
        tube(canvas, [(side * x, y, z, r) for x, y, z, r in ARMS], "sat", flat=(0.95, 1.0, 0.9))
    layers_under_skin(canvas, fatness)


def draw_face(canvas: Canvas) -> None:
    """Nose, lips, chin, ears: what stands out of the smooth outline."""
    nose = [(8, 0, -116, 15, 8), (14, 0, -121, 15, 12), (24, 0, -120, 12, 12), (38, 0, -112, 9, 9), (54, 0, -106, 8, 4)]
    draw(canvas, ellipses(canvas, nose, rough=0), "sat")
    draw(canvas, ellipses(canvas, [(-22, 0, -114, 22, 8), (-14, 0, -117, 24, 9), (-5, 0, -116, 22, 8)], rough=0), "sat")
    draw(canvas, ellipses(canvas, [(-54, 0, -104, 20, 8), (-44, 0, -110, 22, 9), (-32, 0, -112, 22, 8)], rough=0),
         "sat")
    both(canvas, [(-14, 76, -2, 4, 9, 20), (0, 79, 2, 5, 14, 20), (22, 82, 6, 5, 18, 24), (40, 81, 4, 4, 12, 20)],
         "sat")


def layers_under_skin(canvas: Canvas, fatness: float) -> None:
    table = np.array(FAT_UNDER_SKIN, float)
    order = np.argsort(table[:, 0])
    thick = np.stack([np.interp(canvas.z, table[order, 0], table[order, c]) for c in (1, 2, 3)], -1) * fatness
    strands = smooth_noise(canvas, canvas.label.shape, (40, 24, 24))
    for k in range(len(canvas.z)):
        inside = canvas.label[k] > 0
        if not inside.any():
            continue
        inside = ndimage.binary_fill_holes(inside)
        rows, cols = (slice(w[0], w[-1] + 1) for w in (np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))))
        canvas.bits[k, rows, cols][inside[rows, cols]] |= canvas.bit("External")
        part = np.pad(inside[rows, cols], 1)
        depth = ndimage.distance_transform_edt(part, canvas.spacing[1:])[1:-1, 1:-1]
        y, x = canvas.y[rows, None], canvas.x[None, cols]
        up = (y - y.mean()) / (np.hypot(y - y.mean(), 0.75 * x) + 1e-6)
        front, back = np.clip(-up, 0, 1) ** 2, np.clip(up, 0, 1) ** 2
        under = thick[k, 0] * front + thick[k, 1] * (1 - front - back) + thick[k, 2] * back
        sheet = (np.abs(depth / under - 0.58 - 0.10 * strands[k, rows, cols]) * under < 0.7) & (strands[k, rows,
            cols] > -0.6)
        label = np.where(sheet & (under > 8), ID["fascia"], ID["sat"])
        label = np.where(depth > under, deep_tissue(float(canvas.z[k]), y, x), label)
        label = np.where(depth <= SKIN_MM, ID["skin"], label)
        view = canvas.label[k, rows, cols]
        view[inside[rows, cols]] = label[inside[rows, cols]]


def deep_tissue(z: float, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Label under the fat before muscles are drawn: muscle in nape, shoulders and trunk, fat around throat and face."""
    if z > 4 or z < ALL_MUSCLE_BELOW:
        return np.full(np.broadcast_shapes(y.shape, x.shape), ID["fat" if z > 4 else "muscle"])
    nape = y > float(canal_y(z)) + 9 - 0.3 * np.abs(x)
    return np.where(nape, ID["muscle"], ID["fat"])


def draw_couch(canvas: Canvas, top_y: float = 119.0) -> None:
    """A flat couch of thin shell and foam under the back, and a foam rest under the head."""
    air = canvas.label == 0
    y = canvas.y[None, :, None]
    x = np.abs(canvas.x)[None, None, :]
    shell = ((y > top_y) & (y < top_y + 3.2) | (y > top_y + 36) & (y < top_y + 39)) & (x < 205)
    canvas.label[np.broadcast_to((y >= top_y + 3) & (y <= top_y + 36) & (x < 205), air.shape) & air] = ID["couch_foam"]
    canvas.label[np.broadcast_to(shell, air.shape) & air] = ID["couch_shell"]
    first, v = interpolate(canvas, [(-75, 90, 100), (-60, 66, 110), (0, 60, 120), (90, 62, 120), (130, 62, 110)])
    for n, (rest, half) in enumerate(v):
        k = first + n
        hollow = rest + (np.abs(canvas.x)[None, :] / 75.0) ** 2 * -8
        rest_here = (canvas.y[:, None] > hollow) & (canvas.y[:, None] < top_y) & (np.abs(canvas.x)[None] < half)
        canvas.label[k][rest_here & (canvas.label[k] == 0)] = ID["couch_foam"]
