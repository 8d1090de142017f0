"""Random head-neck-shoulder phantoms on a coarse grid, to mix into the training of contour models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radoncai.phantom import body, head, neck, spine, texture, thorax
from radoncai.phantom.canvas import Canvas, ball
from radoncai.phantom.posture import bend, random_posture
from radoncai.phantom.tissue import SOFT

ORGANS = ("Brainstem", "SpinalCord", "Parotid_L", "Parotid_R", "Esophagus", "Larynx", "Bone_Mandible")


@dataclass(frozen=True, eq=False)
class Variant:
    """`hu` int16 [k, j, i] (i to the patient's left, j to the back, k to the head), spacing in array order, masks."""

    hu: np.ndarray
    spacing_mm: tuple[float, float, float]
    masks: dict[str, np.ndarray]


def draw_head_and_neck(canvas: Canvas, fatness: float = 1.0) -> None:
    """Everything from vertex to chest in the order that lets later organs cut into earlier ones."""
    body.draw_body(canvas, fatness)
    thorax.draw_chest(canvas)
    neck.draw_neck_muscles(canvas)
    spine.draw_spine(canvas)
    thorax.draw_chest_bones(canvas)
    head.draw_head(canvas)
    neck.draw_throat(canvas)
    neck.draw_larynx(canvas)
    neck.draw_glands(canvas)
    neck.draw_neck_vessels(canvas)
    neck.draw_windpipe(canvas)


def random_hu(rng: np.random.Generator) -> dict[str, float]:
    """HU offsets of one patient: contrast phase, muscle, fat, glands, calcified cartilage, bone density."""
    contrast, fat, soft, dense = rng.uniform(-105, 90), rng.normal(0, 7), rng.normal(0, 9), rng.normal(0, 120)
    changes = dict.fromkeys(("vessel", "blood", "lung_vessel"), contrast)
    changes |= {"thyroid": 0.35 * contrast + rng.normal(0, 12), "submandibular": 0.2 * contrast + rng.normal(0, 12),
                "parotid": rng.normal(0, 24), "cartilage": rng.uniform(-70, 260), "tooth": rng.normal(0, 300)}
    changes |= dict.fromkeys(("sat", "fat", "imat", "vat"), fat)
    changes |= dict.fromkeys(("muscle", "muscle_fatty", "tongue", "mucosa", "oesophagus", "node"), soft)
    changes |= dict.fromkeys(("brain", "brainstem", "white_matter", "cord", "thecal"), rng.normal(0, 6))
    changes |= dict.fromkeys(("cortical", "mandible_cortical", "bone", "mandible_marrow", "spongy"), dense)
    return changes


def add_tumour(canvas: Canvas, rng: np.random.Generator) -> None:
    """Now and then a mass at the throat and enlarged nodes in the neck."""
    over = (*SOFT, "mucosa", "tongue", "airway")
    if rng.random() < 0.6:
        centre = (rng.normal(0, 16), rng.normal(-46, 8), rng.uniform(-70, 0))
        ball(canvas, centre, tuple(rng.uniform(7, 17, 3)), "tumour", over, rough=0.3)
    for _ in range(rng.integers(0, 3)):
        centre = (rng.choice((-1, 1)) * rng.normal(42, 4), rng.normal(-18, 5), rng.uniform(-90, -20))
        ball(canvas, centre, tuple(rng.uniform(5, 13, 3)), "node", SOFT, rough=0.2)


def head_and_neck_variant(rng: np.random.Generator, spacing_mm: tuple[float, float, float] = (2.5, 3.9,
    3.9)) -> Variant:
    """One random patient: sizes, posture, HU, field of view, noise and dental streaks differ.

    `spacing_mm` is (slice, row, column). Masks are those of ORGANS under TG-263 names; all are present.
    """
    low, high = rng.uniform(-245, -165), rng.uniform(62, 115)
    canvas = Canvas(np.arange(low - 45, min(high + 30, 146), 2.5), np.arange(-158, 150, 2.6),
                    np.arange(-262, 263, 2.6), rng, vary=0.05)
    draw_head_and_neck(canvas, float(rng.uniform(0.6, 1.7)))
    add_tumour(canvas, rng)
    hu = texture.hounsfield(canvas, random_hu(rng))
    hu = texture.partial_volume(hu, canvas.spacing, 0.9)
    z, y, x = (np.arange(a, b, s) for a, b, s in ((low, high, spacing_mm[0]), (-170, 170, spacing_mm[1]),
                                                  (-250, 250, spacing_mm[2])))
    posture = random_posture(rng, tuple(float(a[-1] - a[0]) for a in (z, y, x)))
    hu, bits = bend(canvas, hu, posture, z, y, x)
    if rng.random() < 0.6:
        texture.add_dental_streaks(hu, z, y, x, rng)
    texture.add_noise(hu, rng, float(rng.uniform(5, 22)), 0.6)
    texture.add_streaks(hu, z, rng, float(rng.uniform(0, 30)))
    hu[hu < -950] = -1000
    masks = {name: (bits & canvas.bit(name)) > 0 for name in ORGANS}
    return Variant(texture.finish(hu), spacing_mm, masks)
