"""Planning targets of an oropharynx cancer with a node on the left."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.phantom.canvas import Canvas, ball, both, draw, ellipses
from radoncai.phantom.tissue import SOFT

SKIN_GAP_MM = 5.0


def draw_tumour(canvas: Canvas) -> None:
    """A mass of tongue base and left tonsil, and a left jugulodigastric node."""
    ball(canvas, (11, -52, -34), (14, 13, 17), "tumour", (*SOFT, "mucosa", "tongue", "airway"), rough=0.2)
    ball(canvas, (43, -14, -40), (9, 12, 14), "tumour", SOFT, rough=0.12)


def mark_targets(canvas: Canvas) -> None:
    """PTV_7000 around both, PTV_5600 both sides of the neck with PTV_7000 inside it, 5 mm under the skin."""
    ball(canvas, (7, -48, -33), (31, 27, 35), None, mark="PTV_7000", rough=0.08)
    ball(canvas, (41, -18, -41), (18, 23, 29), None, mark="PTV_7000", rough=0.08)
    neck = [(8, 35, -20, 9, 12), (-5, 38, -20, 12, 15), (-25, 42, -20, 14, 18), (-50, 42, -20, 14, 21),
            (-75, 41, -21, 14, 21),
            (-100, 40, -22, 14.5, 19), (-122, 38, -26, 16, 16), (-134, 36, -30, 14, 12)]
    both(canvas, neck, None, mark="chain", power=2.3, cap=6)
    throat = [(-6, 0, -36, 27, 11), (-30, 0, -40, 30, 16), (-58, 0, -42, 26, 16), (-64, 0, -42, 22, 13)]
    draw(canvas, ellipses(canvas, throat, power=2.4, cap=4), None, mark="chain_L")
    low, high = np.searchsorted(canvas.z, (-140, 12))
    if high <= low:
        return
    inside = canvas.marked("External")[low:high]
    reach = [max(1, int(np.ceil(SKIN_GAP_MM / s))) for s in canvas.spacing[1:]]
    deep = np.stack([ndimage.distance_transform_edt(np.pad(s, reach[0]), canvas.spacing[1:])[reach[0]:-reach[0],
        reach[0]:-reach[0]]
                     > SKIN_GAP_MM for s in inside])
    bits = canvas.bits[low:high]
    high_dose = (bits & canvas.bit("PTV_7000") > 0) & deep
    low_dose = (bits & (canvas.bit("chain_L") | canvas.bit("chain_R")) > 0) & deep | high_dose
    bits[~high_dose] &= np.uint16(0xFFFF ^ canvas.bit("PTV_7000"))
    bits[low_dose] |= canvas.bit("PTV_5600")
