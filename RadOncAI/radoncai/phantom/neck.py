"""Throat, larynx, glands, muscles and vessels between jaw and collar bones."""

from __future__ import annotations

import numpy as np

from radoncai.phantom.canvas import Canvas, ball, both, draw, ellipses, muscle, tube
from radoncai.phantom.head import arch
from radoncai.phantom.spine import canal_y
from radoncai.phantom.tissue import FATS, SOFT

OESOPHAGUS = [(-100, 1.5, -25), (-112, 2.3, -19.5), (-125, 3, -13), (-140, 4, -4), (-160, 5, 6), (-180, 5, 14),
              (-200, 4, 20),
              (-230, 3, 26), (-260, 4, 28), (-300, 8, 24), (-340, 16, 14), (-375, 24, 2), (-392, 30, -6)]
TRACHEA = [(-104, 0, -36), (-115, 0, -33), (-130, 0, -27), (-145, 0, -19), (-165, -1, -9), (-185, -2, -1),
           (-205, -3, 5), (-214, -3, 8)]
LARYNX = [(-66, 0, -42, 12.5, 11.5), (-71, 0, -41.5, 14, 13.5), (-80, 0, -40, 14.5, 14.5), (-90, 0, -39, 14.2, 14.2),
          (-97, 0, -38, 13, 12.5), (-101, 0, -37.5, 12.5, 12)]


def around_cord(rows: list) -> list:
    """Rows (z, x, y behind the cord's middle, rx, ry[, degrees]) with y made absolute."""
    return [(z, x, y + float(canal_y(z)), *rest) for z, x, y, *rest in rows]


def draw_neck_muscles(canvas: Canvas) -> None:
    """Deep and superficial muscles of the nape, levators, scalenes, sternomastoids, prevertebral muscles."""
    muscles = (
        [(2, 14, 30, 13, 9), (-20, 14, 25, 13, 12), (-60, 14, 24, 14, 14), (-100, 15, 25, 14, 15),
         (-140, 18, 26, 16, 16)],
        [(4, 22, 48, 19, 7, -25), (-20, 20, 43, 20, 8, -20), (-50, 20, 42, 21, 8, -18), (-90, 24, 46, 22, 8, -14),
         (-130, 30, 48, 26, 7)],
        [(4, 32, 50, 14, 3, -40), (-30, 26, 54, 24, 3.2, -28), (-60, 30, 56, 28, 3.6, -24), (-90, 40, 56, 36, 5, -22),
         (-118, 60, 50, 50, 8, -10)],
        [(-2, 46, 8, 7, 12), (-40, 45, 9, 10, 13), (-80, 46, 14, 12, 15, -15), (-115, 54, 20, 13, 15, -30),
         (-140, 66, 24, 14, 14, -30)],
        [(-4, 38, 25, 13, 11, -40), (-50, 38, 27, 12, 13, -40), (-90, 40, 31, 13, 12, -40)],
        [(-40, 32, -10, 7, 9), (-80, 36, -9, 10, 11, -20), (-110, 42, -12, 13, 12, -20), (-138, 50, -18, 13, 10)],
        [(-70, 24, -20, 5, 6), (-95, 29, -20, 7, 7), (-125, 36, -26, 8, 7), (-150, 44, -30, 6, 6)],
        [(4, 8, -21, 8, 4), (-20, 9, -27, 8, 4.5), (-60, 10, -28, 8, 5), (-110, 11, -27, 8, 5), (-150, 10, -26, 5, 3)],
    )
    for keys in muscles:
        packed = [(z, x, y, 1.12 * rx, 1.12 * ry, *rest) for z, x, y, rx, ry, *rest in around_cord(keys)]
        muscle(canvas, packed, rim_mm=1.1, rough=0.13, power=2.5)
    sterno = [(4, 62, 12, 6, 9), (-15, 62, 4, 6.5, 13, -10), (-40, 57, -6, 6.5, 16, -25), (-65, 51, -17, 7, 16, -38),
              (-90, 43, -30, 7, 15, -48),
              (-115, 32, -42, 6, 13, -58), (-138, 20, -50, 4.5, 9, -70), (-154, 12, -56, 3, 5)]
    muscle(canvas, sterno)
    both(canvas, [(-62, 8, -62, 6, 2.2), (-95, 9, -60, 6, 2.2), (-130, 11, -52, 7, 2.2), (-152, 12, -52, 8, 2)],
         "muscle", FATS)


def draw_throat(canvas: Canvas) -> None:
    """Constrictor ring and airway from soft palate to the entrance of the larynx; hyoid and epiglottis."""
    wall = [(-8, 0, -35, 22, 8), (-25, 0, -38, 22, 11), (-45, 0, -38, 22, 13), (-60, 0, -39, 20, 14),
            (-72, 0, -33, 18, 8), (-100, 0, -27, 14, 4.5)]
    draw(canvas, ellipses(canvas, wall), "mucosa", SOFT)
    air = [(-8, 0, -36, 11, 4), (-20, 0, -37, 12, 5), (-35, 0, -39, 13, 7), (-48, 0, -43, 14, 7), (-58, 0, -44, 13, 8),
           (-66, 0, -42, 9, 7)]
    draw(canvas, ellipses(canvas, air, power=2.4, rough=0.1), "airway", (*SOFT, "mucosa", "tongue"))
    ball(canvas, (0, -51, -56), (11, 1.8, 9), "mucosa", ("airway",))
    draw(canvas, arch(canvas, [(-61, 19, -67, -42, 4.5), (-55, 20, -69, -40, 5)]), "bone", (*SOFT, "mucosa"))
    draw(canvas, ellipses(canvas, [(-68, 0, -57, 11, 5), (-60, 0, -60, 13, 7)]), "fat", SOFT)


def draw_larynx(canvas: Canvas) -> None:
    """Cartilages, vocal folds and the air between; the contour is the whole box as drawn for planning."""
    box = ellipses(canvas, LARYNX, power=2.4, rough=0.02)
    draw(canvas, box, None, None, mark="Larynx")
    draw(canvas, box.inset(1.5), "mucosa", SOFT)
    shield = [(-95, 15, -54, -30, 2.6), (-86, 16, -57, -29, 2.8), (-76, 17, -57, -29, 2.8), (-69, 17, -52, -29, 2.4)]
    draw(canvas, arch(canvas, shield), "cartilage", (*SOFT, "mucosa"))
    draw(canvas, ellipses(canvas, [(-105, 0, -36.5, 12, 12), (-97, 0, -36, 12, 12)]), "cartilage", (*SOFT, "mucosa"))
    ball(canvas, (0, -26.5, -95), (9, 3.5, 8), "cartilage", (*SOFT, "mucosa"))
    for side in (1, -1):
        ball(canvas, (side * 5, -30, -86), (3, 2.5, 5), "cartilage", ("mucosa",))
        ball(canvas, (side * 13, -31, -74), (3, 4, 8), "airway", ("mucosa", *SOFT), rough=0.2)
    air = [(-64, 0, -42, 10, 7), (-72, 0, -41, 7, 8), (-80, 0, -41, 5, 9), (-86, 0, -42, 2.2, 9), (-89, 0, -41, 3, 9),
           (-95, 0, -38, 7.5, 9),
           (-105, 0, -36.5, 8.5, 8.8)]
    draw(canvas, ellipses(canvas, air), "airway", None)


def draw_glands(canvas: Canvas) -> None:
    """Submandibular glands, thyroid, and lymph nodes along the jugular veins."""
    for side in (1, -1):
        ball(canvas, (side * 32, -61, -45), (9.5, 14, 13.5), "submandibular", (*FATS, "mucosa"), rough=0.15)
        for x, y, z, r in ((44, -16, -38, 5), (42, -16, -62, 4), (38, -20, -84, 4), (46, -4, -95, 3.5),
                           (10, -92, -58, 3)):
            shift = canvas.rng.normal(0, 2, 3)
            ball(canvas, (side * (x + shift[0]), y + shift[1] + float(canal_y(z)) * 0.5, z + shift[2]),
                 (r * 0.8, r, 1.4 * r), "node", FATS)
    both(canvas, [(-90, 17, -33, 4, 7), (-102, 18, -33, 7, 10), (-116, 18, -29, 8, 11), (-128, 16, -24, 6, 8)],
         "thyroid", (*SOFT, "mucosa"), cap=5)
    draw(canvas, ellipses(canvas, [(-114, 0, -45, 14, 2.6), (-104, 0, -47, 14, 2.6)]), "thyroid", SOFT)


def draw_neck_vessels(canvas: Canvas) -> None:
    """Carotids, jugulars, vertebral arteries, with contrast."""
    over = (*SOFT, "mucosa")
    for side in (1, -1):
        tube(canvas, [(side * 24, -22, 14, 2.5), (side * 27, -27, -10, 2.7), (side * 29, -33, -40, 3.6),
                      (side * 27, -33, -56, 4.2),
                      (side * 25, -31, -80, 3.6), (side * 24, -24, -110, 3.7), (side * 20, -22, -140, 4),
                      (side * 17, -22, -165, 4.5)],
             "vessel", over)
        tube(canvas, [(side * 30, -33, -58, 2.4), (side * 36, -40, -40, 2.3), (side * 46, -34, -18, 2.2)], "vessel",
             over)
        tube(canvas, [(side * 32, -14, 12, 4), (side * 34, -19, -12, 4.5), (side * 38, -24, -45, 5.5),
                      (side * 36, -26, -75, 6.2),
                      (side * 34, -25, -105, 6.5), (side * 28, -34, -135, 7), (side * 24, -42, -158, 7.5)], "vessel",
             over, flat=(1.1, 0.9, 1))
        tube(canvas, [(side * 52, -30, -42, 1.8), (side * 56, -18, -75, 1.8), (side * 50, -14, -110, 2)], "vessel",
             FATS)
        up = [(side * 14.5, float(canal_y(z)) - 12, z, 1.9) for z in (-18, -40, -70, -100, -116)]
        tube(canvas, up, "vessel", (*SOFT, "bone"))
        tube(canvas, [(side * 17, -20, -150, 4), (side * 35, -20, -138, 4), (side * 70, -14, -140, 4),
                      (side * 110, -2, -158, 3.8)], "vessel", over)


def draw_windpipe(canvas: Canvas) -> None:
    """Trachea with rings, and the oesophagus behind it, a little air inside."""
    first = [(z, x, y, 10.2, 9.6) for z, x, y in TRACHEA]
    draw(canvas, ellipses(canvas, first, rough=0.02), "airway_wall", None)
    draw(canvas, ellipses(canvas, [(z, x, y, 8.8, 8.4) for z, x, y in TRACHEA], rough=0.02), "airway", None)
    gullet = [(z, x, y, 8.3 if z > -360 else 9.5, 5.6 if z > -220 else 6.4) for z, x, y in OESOPHAGUS]
    stack = ellipses(canvas, gullet, rough=0.08)
    draw(canvas, stack, "oesophagus", (*SOFT, "mucosa", "lung", "lung_vessel", "airway_wall", "cartilage"),
         mark="Esophagus")
    for z in canvas.rng.uniform(-300, -110, 9):
        keys = np.array(gullet)
        x, y = (float(np.interp(z, keys[::-1, 0], keys[::-1, c])) for c in (1, 2))
        ball(canvas, (x, y, z), (2.6, 1.8, 8), "airway", ("oesophagus",))
