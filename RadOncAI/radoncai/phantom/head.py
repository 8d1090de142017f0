"""Skull, brain, eyes, sinuses, jaws, teeth, mouth and the parotids."""

from __future__ import annotations

import numpy as np

from radoncai.phantom.canvas import Canvas, Stack, ball, both, draw, ellipses, interpolate, put, smooth_noise, tube
from radoncai.phantom.tissue import BONES, FATS, ID, SOFT

VAULT = [
    (141, 0, -15, 18, 20, 0, 20), (137, 0, -15, 36, 40, 0, 40), (129, 0, -14, 49, 55, 0, 55),
    (116, 0, -13, 60, 68, 0, 70), (102, 0, -12, 66, 76, 0, 79), (86, 0, -10, 70, 83, 0, 85),
    (66, 0, -9, 71, 87, 0, 87), (56, 0, -8, 70, 80, 0, 88), (48, 0, -4, 69, 62, 0, 84), (34, 0, 4, 66, 60, 0, 74),
    (22, 0, 8, 63, 56, 0, 66), (11, 0, 20, 53, 38, 0, 50), (4, 0, 22, 44, 31, 0, 40), (-2, 0, 16, 34, 22, 0, 32),
    (-6, 0, 10, 26, 16, 0, 22), (-9, 0, 6, 20, 14, 0, 16),
]
BRAINSTEM = [
    (0, 0, 0, 8.2, 7.2), (10, 0, -0.4, 9.2, 8), (20, 0, -0.9, 10.7, 9.4), (27, 0, -1.5, 13.5, 11.3),
    (36, 0, -2.2, 15, 12.6), (46, 0, -1.6, 14.6, 12.8), (54, 0, -0.6, 14, 12.2), (58, 0, 0, 13, 11),
]
PAROTID = [
    (24, 65, -29, 7, 10), (10, 61.5, -28, 11, 14), (0, 59.5, -26, 13, 15.3), (-10, 58.5, -25, 13.2, 15.2),
    (-20, 57.5, -26, 11.5, 14), (-30, 56, -27, 9, 12.5), (-41, 54, -29, 6.5, 9),
]
# z, half width of the jaw's arch, its front, its back, thickness
JAW = [
    (-15, 39, -102, -58, 8), (-24, 43, -107, -52, 8.6), (-34, 44, -109, -50, 8.6), (-42, 42, -109, -58, 8.4),
    (-48, 34, -108, -74, 8.4), (-53, 22, -106, -88, 7),
]
RAMUS = [(9, 53, -42, 4.5, 15.5), (0, 52, -45, 4.6, 16), (-12, 50, -48, 4.8, 17), (-22, 47.5, -50, 5.2, 17),
         (-34, 45, -52, 5, 13)]


def draw_head(canvas: Canvas) -> None:
    """Everything above the neck; the spine must already be there for the joint of skull and atlas."""
    if not canvas.shows(-60, 160):
        return
    draw_skull_and_brain(canvas)
    draw_brain_inside(canvas)
    draw_temporal_bone(canvas)
    draw_face_bones(canvas)
    draw_eyes(canvas)
    draw_chewing_muscles(canvas)
    draw_mandible(canvas)
    draw_mouth(canvas)
    draw_air_spaces(canvas)
    draw_teeth(canvas)
    both(canvas, PAROTID, "parotid", (*SOFT, "mucosa"), mark="Parotid", power=2.3, rough=0.06, cap=4)
    both(canvas, [(12, 54, -24, 2.8, 2.8), (-15, 52, -27, 3, 3), (-40, 50, -28, 3, 3)], "vessel", ("parotid", *SOFT))


def draw_skull_and_brain(canvas: Canvas) -> None:
    """Two tables with diploe between, then the brain as one mass inside."""
    vault = ellipses(canvas, VAULT, power=2.2, rough=0.008)
    draw(canvas, vault, "cortical")
    draw(canvas, vault.inset(1.7, 1), "diploe")
    draw(canvas, vault.inset(4.8, 1), "cortical")
    inner = vault.inset(6.6, 2)
    draw(canvas, inner, "csf")
    draw(canvas, inner.inset(1.6, 1), "brain")
    draw(canvas, inner.inset(5.5, 2), "brain", mark="brain")
    draw(canvas, ellipses(canvas, [(-11, 0, 3, 13, 13), (0, 0, 4, 13, 15), (7, 0, 5, 14, 16)]), "csf",
         ("cortical", "diploe"))


def draw_brain_inside(canvas: Canvas) -> None:
    """White matter, furrows, ventricles, tentorium, brainstem and the water around it."""
    box = canvas.window((-70, -100, -5), (70, 90, 142))
    label = canvas.label[box]
    shape = label.shape
    deep = canvas.marked("brain")[box]
    folds = smooth_noise(canvas, shape, (7, 5, 5))
    z, y, x = canvas.mesh(box)
    rim = (label == ID["brain"]) & ~deep
    label[rim & (folds > 0.75)] = ID["csf"]
    core = (x / 52) ** 2 + ((y + 12) / 78) ** 2 + ((z - 62) / 55) ** 2
    label[deep & (z > 30) & (core + 0.22 * folds < 0.72) & (np.abs(x) > 2)] = ID["white_matter"]
    label[(label != 0) & deep & (np.abs(x) < 1.4) & (z > 62) & (core > 0.25)] = ID["csf"]
    for side in (1, -1):
        tube(canvas, [(side * 6, -48, 78, 4), (side * 10, -25, 86, 5), (side * 14, 2, 84, 5), (side * 22, 22, 74, 6.5),
                      (side * 24, 40, 70, 4)], "csf", ("brain", "white_matter"), flat=(0.8, 1, 1))
        ball(canvas, (side * 11, -14, 74), (8, 16, 7), "brain", ("white_matter",))
        ball(canvas, (side * 20, 6, 45), (9, 5, 5), "csf", ("brain", "white_matter"))
        ball(canvas, (side * 28, 38, 22), (26, 24, 17), "white_matter", ("brain",), rough=0.15)
        ball(canvas, (side * 28, 38, 22), (17, 15, 9), "brain", ("white_matter",), rough=0.2)
    ball(canvas, (0, -14, 72), (2.2, 13, 9), "csf", ("brain", "white_matter"))
    around = [(z0, x0, y0 + 0.5, rx + 4, ry + 4) for z0, x0, y0, rx, ry in BRAINSTEM]
    draw(canvas, ellipses(canvas, around), "csf", ("brain", "white_matter"))
    both(canvas, [(22, 14, 8, 9, 6), (38, 16, 9, 9, 7)], "white_matter", ("csf",))
    ball(canvas, (0, -26, 58), (11, 8, 6), "csf", ("brain", "white_matter"))
    stem = ellipses(canvas, BRAINSTEM, power=2.2, rough=0.03, cap=0)
    draw(canvas, stem, "brainstem", ("csf", "brain", "white_matter", "fat", "thecal", "cortical", "diploe"),
         mark="Brainstem")
    ball(canvas, (0, 15.5, 29), (8, 4, 9), "csf", ("brain", "white_matter", "csf"))


def draw_temporal_bone(canvas: Canvas) -> None:
    """Clivus, petrous ridges, mastoids with air cells, ear canal, joint of the skull on C1."""
    tube(canvas, [(0, -17, 2, 5), (0, -21, 14, 6), (0, -27, 30, 7), (0, -31, 44, 5)], "cortical", None,
         flat=(2.2, 0.75, 1))
    tube(canvas, [(0, -18, 4, 4), (0, -22, 14, 4.5), (0, -28, 30, 5)], "spongy", ("cortical",), flat=(2.0, 0.6, 1))
    for side in (1, -1):
        ball(canvas, (side * 13, -5, -1), (6, 9, 6), "bone", None)
        tube(canvas, [(side * 60, 2, 20, 12), (side * 42, -10, 24, 10), (side * 22, -22, 28, 6)], "cortical", None,
             flat=(1, 1, 0.9))
        ball(canvas, (side * 58, 9, 4), (11, 13, 22), "cortical", None, rough=0.1)
        tube(canvas, [(side * 34, -36, 17, 5), (side * 55, -40, 19, 5), (side * 66, -44, 24, 4)], "cortical", None,
             flat=(1, 3, 0.7))
        box = canvas.window((min(side * 44, side * 70), -6, -14), (max(side * 44, side * 70), 26, 30))
        z, y, x = canvas.mesh(box)
        inside = ((np.abs(x) - 57) / 8.5) ** 2 + ((y - 10) / 11) ** 2 + ((z - 6) / 17) ** 2 < 1
        put(canvas, box, inside & (smooth_noise(canvas, inside.shape, 4.0) > -0.1), "airway", ("cortical",))
        ball(canvas, (side * 48, -4, 20), (4, 4, 4), "airway", ("cortical",))
        tube(canvas, [(side * 84, -2, 17, 3.2), (side * 70, -2, 17, 3.2), (side * 52, -3, 18, 2.8)], "airway", None)
        ball(canvas, (side * 36, -14, 24), (3.5, 4, 3.5), "airway", ("cortical",))


def draw_face_bones(canvas: Canvas) -> None:
    """Orbit walls, cheek bones, upper jaw and palate."""
    over = (*SOFT, "skin")
    over = tuple(n for n in over if n != "skin")
    ball(canvas, (0, -80, 60), (62, 26, 10), "cortical", over, power=3)
    ball(canvas, (0, -80, 60), (59, 23, 7), "diploe", ("cortical",), power=3)
    for side in (1, -1):
        ball(canvas, (side * 33, -78, 46), (22, 27, 18.5), "cortical", over, power=2.6)
        tube(canvas, [(side * 67, -18, 22, 3.5), (side * 69, -38, 22, 3.2), (side * 65, -58, 23, 3.5),
                      (side * 53, -76, 26, 5)],
             "cortical", over, flat=(0.7, 1, 1.3))
        tube(canvas, [(side * 53, -76, 27, 6), (side * 44, -87, 24, 5.5), (side * 32, -95, 20, 4)], "bone", over)
        ball(canvas, (side * 30, -77, 18), (15.6, 18.4, 18.4), "cortical", over, power=2.6)
        tube(canvas, [(side * 22, -45, 18, 3), (side * 20, -47, 4, 3), (side * 19, -50, -8, 2.5)], "cortical", over,
             flat=(0.5, 1.6, 1))
        tube(canvas, [(side * 5, -104, 52, 3), (side * 6, -112, 40, 3)], "cortical", (*over, "cortical"))
    ball(canvas, (0, -80, -1), (26, 30, 3.5), "bone", over, power=3)
    draw(canvas, ellipses(canvas, [(-14, 0, -80, 27, 26), (2, 0, -80, 27, 27)], power=2.6), "mucosa", over)
    ball(canvas, (0, -80, -1), (26, 30, 3.5), "bone", ("mucosa",), power=3)
    draw(canvas, arch(canvas, [(-13, 29, -106, -58, 8), (-4, 30, -106, -56, 9), (4, 29, -104, -56, 8)]), "bone", over)


def draw_eyes(canvas: Canvas) -> None:
    for side in (1, -1):
        ball(canvas, (side * 32, -80, 47), (19.5, 26, 15.5), "fat", ("cortical", "diploe", *FATS), power=2.4)
        for dx, dz in ((0, 12), (0, -12), (11, 0), (-11, 0)):
            tube(canvas, [(side * 20, -58, 46, 2), (side * 30 + 0.7 * dx, -72, 47 + 0.7 * dz, 2.6),
                          (side * 32 + dx, -86, 47 + dz, 1.6)],
                 "muscle", ("fat",))
        tube(canvas, [(side * 12, -48, 47, 2.4), (side * 22, -62, 46, 2.4), (side * 30, -78, 47, 2.6)], "brainstem",
             ("fat", "cortical", "diploe"))
        ball(canvas, (side * 32, -91, 47), (12.2, 12.2, 12.2), "eye_wall", None)
        ball(canvas, (side * 32, -91, 47), (10.9, 10.9, 10.9), "vitreous", None)
        ball(canvas, (side * 32, -100, 47), (4.6, 2.2, 4.6), "lens", None)


def draw_air_spaces(canvas: Canvas) -> None:
    """Frontal, ethmoid, sphenoid and maxillary sinuses, nose with septum and conchae, upper throat."""
    for side in (1, -1):
        ball(canvas, (side * 10, -92, 66), (8, 5, 9), "airway", BONES, rough=0.25)
        ball(canvas, (side * 29, -77, 19), (14, 16.5, 16.5), "airway", None, power=2.5, rough=0.12)
        ball(canvas, (side * 29, -84, 5), (9, 6, 2.5), "mucosa", ("airway",))
        ball(canvas, (side * 7, -46, 40), (7, 10, 9), "airway", None, power=2.5, rough=0.1)
    box = canvas.window((-14, -104, 34), (14, -56, 58))
    z, y, x = canvas.mesh(box)
    cells = smooth_noise(canvas, (box[0].stop - box[0].start, box[1].stop - box[1].start, box[2].stop - box[2].start),
                         4.0)
    inside = (np.abs(x) < 11.5) & (np.abs(x) > 1.2) & (y > -100) & (y < -58) & (z > 34) & (z < 56)
    put(canvas, box, inside, "cartilage", None)
    put(canvas, box, inside & (cells > -0.55), "airway", None)
    nose = [(4, 0, -85, 13, 30), (12, 0, -88, 14, 34), (24, 0, -86, 12, 34), (36, 0, -84, 9, 30)]
    draw(canvas, ellipses(canvas, nose, power=2.6), "mucosa", None)
    draw(canvas, ellipses(canvas, [(5, 0, -86, 11, 31), (12, 0, -88, 11.5, 33), (24, 0, -87, 9, 34),
                                   (36, 0, -84, 5, 28)], power=2.6), "airway", None)
    for side in (1, -1):
        tube(canvas, [(side * 9, -108, 10, 3.5), (side * 8.5, -85, 10, 4.2), (side * 8, -62, 11, 3.2)], "mucosa", None,
             flat=(1, 1, 1.3))
        tube(canvas, [(side * 7, -104, 23, 2.5), (side * 6.5, -84, 23, 2.8), (side * 6, -64, 23, 2.2)], "mucosa", None,
             flat=(1, 1, 1.6))
        tube(canvas, [(side * 6, -117, 10, 4.0), (side * 7, -121, 5, 4.2)], "airway", None)
    draw(canvas, ellipses(canvas, [(4, 0, -86, 0.9, 31), (24, 0, -86, 1.1, 34), (40, 0, -84, 1.1, 28)], rough=0),
         "cartilage", ("airway", "mucosa"))
    throat = [(-12, 0, -36, 13, 5), (0, 0, -38, 14, 8), (12, 0, -43, 13, 12), (24, 0, -48, 12, 10), (30, 0, -52, 9, 6)]
    draw(canvas, ellipses(canvas, [(z, x, y, rx + 5, ry + 5) for z, x, y, rx, ry in throat]), "mucosa", SOFT)
    draw(canvas, ellipses(canvas, throat, power=2.8, rough=0.08), "airway", (*SOFT, "mucosa", "bone", "cortical"))


def draw_chewing_muscles(canvas: Canvas) -> None:
    """Temporalis, masseter, pterygoids, cheek and lip muscle."""
    both(canvas, [(92, 70, -38, 2, 20), (70, 71, -40, 4, 26), (50, 68, -44, 7, 26), (30, 62, -46, 9, 20),
                  (14, 57, -48, 6, 12)], "muscle", FATS)
    both(canvas, [(20, 63, -50, 4, 12), (5, 61.5, -50, 6.5, 19), (-15, 58.5, -53, 7.5, 20), (-32, 53, -56, 6.5, 16),
                  (-40, 49, -58, 3, 9)],
         "muscle", FATS)
    both(canvas, [(22, 40, -46, 13, 8), (12, 42, -44, 12, 9), (2, 40, -45, 8, 11)], "muscle", FATS)
    both(canvas, [(10, 33, -48, 6, 13), (-10, 38, -46, 7, 15), (-28, 41, -46, 6, 14), (-36, 41, -48, 3, 9)], "muscle",
         FATS)
    both(canvas, [(8, 44, -80, 2.2, 18, -20), (-12, 45, -78, 2.4, 22, -20), (-30, 46, -78, 2.4, 20, -20)], "muscle",
         FATS)
    draw(canvas, ellipses(canvas, [(-24, 0, -116, 20, 5), (-14, 0, -119, 22, 6), (-4, 0, -117, 18, 5)]), "muscle", FATS)
    draw(canvas, ellipses(canvas, [(-52, 0, -111, 16, 4), (-40, 0, -116, 18, 4), (-30, 0, -116, 18, 4)]), "muscle",
         FATS)


def arch(canvas: Canvas, keys: list, thick_scale: float = 1.0, inset: float = 0.0) -> Stack:
    """Horseshoe of given thickness, open to the back: rows (z, half width, front y, back y, thickness)."""
    first, v = interpolate(canvas, keys)
    t = np.linspace(-1, 1, 41)
    stacks = []
    for half, front, back, thick in v:
        a = t * np.pi / 2
        x, y = half * np.sign(np.sin(a)) * np.abs(np.sin(a)) ** 0.85, back + (front - back) * np.cos(a) ** 0.9
        dx, dy = np.gradient(x), np.gradient(y)
        norm = np.hypot(dx, dy)
        nx, ny = dy / norm, -dx / norm
        h = max(0.6, thick * thick_scale / 2 - inset) * np.sqrt(np.clip(1.03 - np.abs(t) ** 14, 0.05, 1))
        stacks.append(np.concatenate([np.stack([x + nx * h, y + ny * h], -1),
                                      np.stack([x - nx * h, y - ny * h], -1)[::-1]]))
    return Stack(first, np.array(stacks))


def draw_mandible(canvas: Canvas) -> None:
    """Body as a horseshoe, rami, condyles, coronoids; cortical shell around marrow."""
    over = (*SOFT, "mucosa", "muscle")
    size = 1 + canvas.vary * canvas.rng.normal()
    keys = [(z, half * size, front, back, thick) for z, half, front, back, thick in JAW]
    draw(canvas, arch(canvas, keys), "mandible_cortical", over, mark="Bone_Mandible")
    for side in (1, -1):
        ramus = ellipses(canvas, RAMUS, power=2.6, rough=0.02)
        ramus = ramus if side > 0 else ramus.mirrored()
        draw(canvas, ramus, "mandible_cortical", over, mark="Bone_Mandible")
        for end in ([(53, -40, 7, 5.5), (53, -31, 16, 4.5), (53, -24, 22, 4.8)],
                    [(53, -52, 7, 4), (53, -56, 15, 3), (53, -57, 22, 2.2)]):
            tube(canvas, [(side * x, y, z, r) for x, y, z, r in end], "mandible_cortical", over, mark="Bone_Mandible",
                 flat=(0.8, 1.2, 1))
        ball(canvas, (side * 54, -23, 22), (9, 4.5, 5), "mandible_cortical", (*over, "cortical"), mark="Bone_Mandible")
        draw(canvas, ramus.inset(2.2, 1), "mandible_marrow", ("mandible_cortical",))
    draw(canvas, arch(canvas, keys[:-1], inset=2.6), "mandible_marrow", ("mandible_cortical",))


def draw_mouth(canvas: Canvas) -> None:
    """Tongue with its fat septum, floor of the mouth, soft palate, tonsils, the throat at mouth level."""
    ball(canvas, (0, -80, -38), (38, 28, 15), "muscle", FATS, power=2.4, rough=0.08)
    ball(canvas, (0, -74, -22), (33, 34, 19), "tongue", (*SOFT, "mucosa"), power=2.4, rough=0.06)
    both(canvas, [(-46, 22, -84, 6, 14, 12), (-38, 26, -80, 7, 16, 12), (-30, 28, -80, 5, 14, 12)], "submandibular",
         ("muscle", "tongue"))
    box = canvas.window((-0.8, -98, -48), (0.8, -56, -20))
    put(canvas, box, np.ones(canvas.label[box].shape, bool), "imat", ("tongue", "muscle"))
    for side in (1, -1):
        tube(canvas, [(side * 8, -98, -44, 3.5), (side * 12, -75, -47, 3.5), (side * 14, -62, -54, 3)], "muscle", FATS)
        tube(canvas, [(side * 12, -96, -50, 3.5), (side * 18, -80, -53, 4), (side * 27, -66, -52, 3.5)], "muscle", FATS)
        ball(canvas, (side * 19, -42, -18), (6, 8, 13), "mucosa", SOFT, rough=0.1)
    draw(canvas, ellipses(canvas, [(-18, 0, -42, 9, 5), (-8, 0, -47, 14, 6), (0, 0, -52, 15, 7)]), "mucosa", SOFT)


def draw_teeth(canvas: Canvas) -> None:
    """Two rows of roots and crowns on the arches of the jaws, some teeth missing."""
    for crown, root, half, front, back in ((-16, -7, 28, -106, -66), (-20, -28, 31, -104, -64)):
        for n, a in enumerate(np.linspace(-0.86, 0.86, 14)):
            if canvas.rng.random() < 0.12:
                continue
            x, y = half * np.sin(a * np.pi / 2), back + (front - back) * np.cos(a * np.pi / 2)
            wide = 2.6 if 4 < n < 9 else 3.8
            ball(canvas, (x, y, crown), (wide, wide, 4), "tooth", None)
            ball(canvas, (x, y, (crown + root) / 2), (0.6 * wide, 0.6 * wide, abs(root - crown) * 0.8), "cortical",
                 None)
