"""Shoulder girdle, ribs and sternum, lungs, heart and great vessels."""

from __future__ import annotations

import numpy as np

from radoncai.phantom.canvas import Canvas, ball, both, draw, ellipses, put, smooth_noise, spline_points, threads, tube
from radoncai.phantom.spine import canal_y, vertebrae
from radoncai.phantom.tissue import ID, SOFT

# inner side of the rib cage: z, x, y of the widest place, half width, front, turn, back
CAGE = [
    (-126, 0, 44, 46, 16, 0, 20), (-136, 0, 42, 68, 30, 0, 30), (-150, 0, 40, 88, 46, 0, 38),
    (-168, 0, 36, 104, 66, 0, 48), (-190, 0, 28, 116, 84, 0, 60), (-215, 0, 20, 125, 98, 0, 70),
    (-260, 0, 12, 132, 106, 0, 80), (-320, 0, 8, 137, 108, 0, 84), (-380, 0, 4, 138, 106, 0, 86),
    (-430, 0, 2, 136, 104, 0, 84), (-470, 0, 0, 132, 100, 0, 80),
]
# of each rib: how far it runs round the cage in degrees, how far it falls in mm
RIBS = [(150, 30), (150, 48), (150, 60), (150, 70), (150, 82), (150, 92), (150, 102), (140, 112), (128, 120),
        (112, 124),
        (80, 98), (50, 70)]
DOME_Z = (-322.0, -338.0)


def draw_chest(canvas: Canvas) -> None:
    """Soft parts of the chest; bones come after the spine."""
    draw_shoulder_fat(canvas)
    draw_lungs(canvas)
    draw_mediastinum(canvas)
    draw_heart_and_vessels(canvas)
    draw_lung_vessels(canvas)


def draw_shoulder_fat(canvas: Canvas) -> None:
    """Fat of neck base and armpits, and thin planes between the muscles of shoulder and back."""
    draw(canvas, ellipses(canvas, [(-128, 0, -8, 66, 44), (-140, 0, -8, 82, 38), (-158, 0, -22, 74, 30),
                                   (-170, 0, -32, 56, 18)],
                  rough=0.08), "fat", ("muscle",))
    both(canvas, [(-150, 128, 20, 8, 10), (-175, 136, 8, 20, 32, 25), (-210, 147, 4, 20, 38, 20),
                  (-245, 152, 8, 14, 38, 15), (-275, 150, 12, 4, 26)],
         "fat", ("muscle",), rough=0.15)
    muscle_planes(canvas, (-290, -97), 0.055)


def muscle_planes(canvas: Canvas, z_range: tuple[float, float], half: float) -> None:
    """Turn the zero surfaces of smooth noise inside muscle into fat: bundles with fat between them."""
    box = canvas.window((-240, -140, z_range[0]), (240, 140, z_range[1]))
    label = canvas.label[box]
    if not label.size:
        return
    noise = smooth_noise(canvas, label.shape, (60, 30, 38))
    label[(np.abs(noise) < half) & (label == ID["muscle"])] = ID["fat"]
    streak = smooth_noise(canvas, label.shape, (30, 10, 14))
    label[(streak > 1.65) & (label == ID["muscle"])] = ID["imat"]


def draw_lungs(canvas: Canvas) -> None:
    """Fill the rib cage above the diaphragm with lung."""
    cage = ellipses(canvas, CAGE, power=2.35, rough=0.015)
    draw(canvas, cage, "lung", (*SOFT,))
    box = canvas.window((-150, -130, -480), (150, 130, -300))
    z, y, x = canvas.mesh(box)
    if z.size:
        put(canvas, box, z < diaphragm(x, y), "vat", ("lung",))


def diaphragm(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of the diaphragm at (x, y), mm: two domes that fall to front, sides and deep to the back."""
    right = DOME_Z[0] - 70 * (((x + 68) / 78) ** 2 + ((y + 8) / 92) ** 2) - 42 * np.clip((y - 20) / 60, 0, 1.2) ** 2
    left = DOME_Z[1] - 70 * (((x - 70) / 78) ** 2 + ((y + 4) / 92) ** 2) - 42 * np.clip((y - 20) / 60, 0, 1.2) ** 2
    middle = -352 - 60 * ((y + 10) / 95) ** 2 - 0.02 * x ** 2
    return np.maximum(np.maximum(right, left), middle)


def draw_mediastinum(canvas: Canvas) -> None:
    """Fat between the lungs; the bed of the spine and its muscles."""
    over = ("lung",)
    keys = [(-124, 0, 20, 34, 40), (-145, 0, 12, 32, 42), (-170, 0, 4, 30, 56), (-200, 0, -8, 30, 70),
            (-230, 4, -18, 32, 80), (-260, 10, -26, 30, 82),
            (-300, 12, -30, 34, 84), (-345, 12, -30, 36, 80), (-380, 5, -20, 30, 70)]
    draw(canvas, ellipses(canvas, keys, power=2.2, rough=0.06), "fat", over)
    for v in vertebrae():
        if -440 < v.z < -125:
            box = canvas.window((-60, -80, v.z - 18), (60, 130, v.z + 18))
            _, y, x = canvas.mesh(box)
            bed = (np.abs(x) / 25) ** 2 + ((y - v.body_y - 2) / 22) ** 2 < 1
            put(canvas, box, np.broadcast_to(bed, canvas.label[box].shape), "fat", over)
            behind = (x / 38) ** 2 + ((y - v.canal_y - 22) / 28) ** 2 < 1
            put(canvas, box, np.broadcast_to(behind, canvas.label[box].shape), "muscle", over)


def draw_heart_and_vessels(canvas: Canvas) -> None:
    over = (*SOFT, "lung", "lung_vessel")
    ball(canvas, (14, -42, -296), (62, 52, 52), "fat", ("lung",), rough=0.08)
    ball(canvas, (16, -42, -298), (57, 46, 47), "heart", over, rough=0.1)
    for centre, radii in (((34, -44, -304), (27, 27, 34)), ((-10, -62, -302), (26, 20, 32)),
                          ((-32, -38, -285), (18, 20, 30)), ((8, -8, -276), (30, 16, 22))):
        ball(canvas, centre, radii, "blood", ("heart",), rough=0.12)
    tube(canvas, [(0, -40, -272, 14), (-18, -50, -240, 15.5), (-12, -38, -212, 15), (6, -14, -200, 13.5),
                  (18, 18, -206, 12.5), (23, 32, -225, 12)],
         "blood", over)
    aorta = [(23, 32, -225, 12), (26, 32, -270, 11.8), (24, 26, -320, 11.5), (16, 10, -370, 10.5)]
    tube(canvas, aorta, "blood", over)
    tube(canvas, [(8, -58, -268, 13), (12, -48, -240, 13), (6, -24, -228, 11), (-24, -14, -230, 9.5),
                  (-44, -8, -236, 7)], "blood", over)
    tube(canvas, [(8, -44, -236, 11), (28, -18, -224, 10), (44, -4, -228, 7.5)], "blood", over)
    tube(canvas, [(-24, -40, -160, 7), (-27, -40, -200, 9.5), (-30, -34, -250, 10), (-30, -30, -275, 11)], "blood",
         over)
    tube(canvas, [(24, -42, -158, 7.5), (8, -52, -172, 7), (-14, -48, -186, 7), (-26, -42, -196, 8)], "blood", over)
    tube(canvas, [(-24, -18, -320, 12), (-22, -8, -350, 12)], "blood", over)
    tube(canvas, [(-10, -28, -203, 6.5), (-14, -26, -180, 6), (-17, -22, -160, 5)], "blood", over)
    tube(canvas, [(2, -24, -196, 4.2), (8, -22, -178, 4.2), (16, -22, -158, 4.2)], "blood", over)
    tube(canvas, [(14, -4, -194, 5), (20, 4, -175, 4.8), (24, -4, -152, 4.5)], "blood", over)


def draw_lung_vessels(canvas: Canvas) -> None:
    """Main bronchi and vessel trees from the hila outwards, thinning, each with a few branches."""
    for side in (1, -1) if canvas.shows(-400, -120) else ():
        tube(canvas, [(-3, 8, -212, 8), (side * 16, 10, -226, 7.2), (side * 34, 10, -238, 6)], "airway_wall", None)
        tube(canvas, [(-3, 8, -212, 6.6), (side * 16, 10, -226, 5.8), (side * 34, 10, -238, 4.6)], "airway", None)
        hilum = np.array([side * 42.0, 4.0, -240.0])
        ball(canvas, tuple(hilum), (11, 14, 20), "blood", ("lung", "fat"), rough=0.3)
        twigs: list[np.ndarray] = []
        for _ in range(22):
            way = canvas.rng.normal(size=3) * (0.55, 1, 1.5) + (side * 1.0, 0, 0.1)
            branch(canvas, hilum, way / np.linalg.norm(way), canvas.rng.uniform(2.4, 4.0), 4, twigs)
        threads(canvas, np.concatenate(twigs), "lung_vessel", ("lung",))


def branch(canvas: Canvas, start: np.ndarray, way: np.ndarray, radius: float, depth: int, out: list) -> None:
    """Collect a bent vessel and its daughters as rows (x, y, z, radius)."""
    length = canvas.rng.uniform(22, 42)
    bend = canvas.rng.normal(0, 0.25, 3)
    end = start + length * (way + 0.5 * bend)
    middle = start + 0.5 * length * way
    out.append(spline_points([(*start, radius), (*middle, 0.85 * radius), (*end, 0.7 * radius)], 0.8))
    if depth and radius > 0.6:
        for _ in range(2):
            turn = way + canvas.rng.normal(0, 0.45, 3)
            branch(canvas, end, turn / np.linalg.norm(turn), 0.7 * radius, depth - 1, out)


def draw_chest_bones(canvas: Canvas) -> None:
    """Ribs with cartilage, sternum, clavicles, scapulae, upper humeri."""
    draw_ribs(canvas)
    over = (*SOFT, "lung", "lung_vessel")
    sternum = [(-164, 0, -66, 20, 6), (-172, 0, -71, 26, 7), (-190, 0, -80, 20, 6.5), (-212, 0, -91, 14, 5.5),
               (-250, 0, -102, 16, 5.5),
               (-300, 0, -106, 19, 5.5), (-322, 0, -106, 14, 5), (-345, 0, -106, 6, 3)]
    stack = ellipses(canvas, sternum, power=2.5, rough=0.03)
    draw(canvas, stack, "cortical", over)
    draw(canvas, stack.inset(1.6, 1), "spongy", ("cortical",))
    for side in (1, -1) if canvas.shows(-340, -100) else ():
        collar = [(side * 17, -62, -160, 8), (side * 45, -52, -149, 6), (side * 85, -26, -136, 5.5),
                  (side * 125, 8, -122, 5.5), (side * 158, 34, -116, 6)]
        tube(canvas, collar, "cortical", over)
        tube(canvas, collar, "spongy", ("cortical",), less=2.4)
        draw_scapula(canvas, side)
        draw_humerus(canvas, side)


def draw_ribs(canvas: Canvas) -> None:
    """Twelve pairs on the cage: each starts at its vertebra, falls forward, ends in cartilage."""
    cage = np.array([(z, yc, half, front, back) for z, _, yc, half, front, _, back in CAGE], float)[::-1]
    for n, v in enumerate(u for u in vertebrae() if u.name[0] == "T"):
        if not canvas.z[0] - 10 < v.z < canvas.z[-1] + 130:
            continue
        sweep, drop = np.deg2rad(RIBS[n][0]), RIBS[n][1]
        angles = np.linspace(0.14, sweep, 26)
        rise = 30 * np.clip(angles / sweep * 5 - 4, 0, 1) if 4 < n < 10 else 0
        z = v.z + 6 - drop * (angles / sweep) ** 1.15 + rise
        yc, half, front, back = (np.interp(z, cage[:, 0], cage[:, c]) for c in range(1, 5))
        sx, cy = np.sin(angles), np.cos(angles)
        x = (half + 4.5) * np.abs(sx) ** 0.86
        y = yc + np.where(cy > 0, back + 4, front + 4) * np.sign(cy) * np.abs(cy) ** 0.86
        radius = 5.4 if n < 10 else 4.6
        for side in (1, -1):
            neck_y = float(canal_y(v.z)) - 6
            points = [(side * (v.half_width + 2), neck_y, v.z + 6, radius)]
            points += [(side * a, b, c, radius) for a, b, c in zip(x, y, z, strict=True)]
            draw_rib(canvas, points, sweep)


def draw_rib(canvas: Canvas, points: list, sweep: float) -> None:
    over = (*SOFT, "lung", "lung_vessel")
    line = spline_points(points, max(2.0, 0.7 * canvas.fine))
    bony = int(len(line) * (0.80 if sweep > 2 else 1.0))
    for n, (x, y, z, r) in enumerate(line):
        ball(canvas, (x, y, z), (0.72 * r, 0.72 * r, 1.35 * r), "cortical" if n < bony else "cartilage", over)
    for x, y, z, r in line[:bony]:
        ball(canvas, (x, y, z), (0.72 * r - 1.3, 0.72 * r - 1.3, 1.35 * r - 1.8), "spongy", ("cortical",))


def draw_scapula(canvas: Canvas, side: int) -> None:
    """Blade as a thin sheet against the ribs, spine with acromion, neck with socket."""
    over = SOFT
    step = max(2.0, 0.6 * canvas.fine)
    for z in np.arange(-270, -128, step):
        t = (z + 270) / 142
        inner, outer = 88 - 10 * t, 96 + 54 * min(1.0, t * 1.15)
        for s in np.linspace(0, 1, int(72 / step)):
            x = inner + (outer - inner) * s
            y = 93 - 42 * s ** 1.1 * min(1, t * 1.4) - 16 * t * (1 - s)
            thick = 1.5 + (2.6 * max(0, s - 0.8) * 5) + 1.3 * (s < 0.06)
            ball(canvas, (side * x, y, z), (1.1 * step, thick, 1.1 * step), "bone", over)
    tube(canvas, [(side * 84, 90, -158, 3.5), (side * 120, 86, -146, 4.5), (side * 152, 74, -130, 6),
                  (side * 176, 54, -118, 6.5), (side * 172, 38, -116, 5)],
         "bone", over, flat=(1, 1.2, 0.8))
    ball(canvas, (side * 152, 46, -152), (8, 11, 17), "cortical", over, rough=0.1)
    ball(canvas, (side * 151, 46, -152), (6, 9, 14.5), "spongy", ("cortical", "bone"))
    tube(canvas, [(side * 148, 34, -136, 6), (side * 142, 16, -132, 5), (side * 148, 4, -140, 5)], "bone", over)


def draw_humerus(canvas: Canvas, side: int) -> None:
    over = SOFT
    ball(canvas, (side * 180, 42, -150), (24, 24, 25), "fat", ("muscle",))
    shaft = [(side * 184, 41, -156, 19), (side * 190, 42, -178, 13.5), (side * 200, 42, -205, 11),
             (side * 214, 42, -235, 10.5), (side * 240, 37, -280, 10.5),
             (side * 275, 34, -330, 10.5)]
    tube(canvas, shaft, "cortical", over)
    ball(canvas, (side * 178, 42, -149), (22, 22.5, 23), "cortical", (*over, "bone"))
    ball(canvas, (side * 178, 42, -149), (20, 20.5, 21), "spongy", ("cortical",))
    tube(canvas, shaft[:2], "spongy", ("cortical",), less=3.0)
    tube(canvas, shaft[1:], "marrow", ("cortical",), less=4.2)


def remember_lungs(canvas: Canvas) -> None:
    """Mark both lungs with the vessels inside them, after everything that cuts into them was drawn."""
    lung = np.isin(canvas.label, [ID["lung"], ID["lung_vessel"]])
    left = canvas.x[None, None, :] > 0
    canvas.bits[lung & left] |= canvas.bit("Lung_L")
    canvas.bits[lung & ~left] |= canvas.bit("Lung_R")
