"""The sample patient: one deterministic CT from vertex to thighs with its truth, and its random relatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.phantom import abdomen, body, head, neck, pelvis, spine, targets, texture, thorax
from radoncai.phantom.canvas import Canvas
from radoncai.phantom.tissue import MUSCLES, lookup
from radoncai.phantom.variant import Variant, head_and_neck_variant

# where the drawing's origin (cord at the skull base) lies in the scanner's LPS frame, mm
DRAWING_TO_LPS = (1.25, 32.5, -418.0)
REACH_Z, REACH_Y, REACH_X = (-838.0, 158.0), (-240.0, 240.0), (-240.0, 240.0)
# how far down a head-and-neck planner contours organs that go on below, mm in the drawing
CONTOURED_TO = {"SpinalCord": -262.0, "Esophagus": -205.0}
OARS = ("Brainstem", "SpinalCord", "Parotid_L", "Parotid_R", "Esophagus", "Larynx", "Bone_Mandible", "Lung_L", "Lung_R")
TARGETS = ("PTV_7000", "PTV_5600")
ROLES = {"External": "external"} | dict.fromkeys(TARGETS, "ptv")
COLORS = {"Brainstem": (255, 128, 128), "SpinalCord": (255, 255, 0), "Parotid_L": (0, 200, 255),
          "Parotid_R": (0, 255, 128),
          "Esophagus": (200, 100, 50), "Larynx": (255, 150, 0), "Bone_Mandible": (140, 140, 255),
          "Lung_L": (90, 160, 255),
          "Lung_R": (90, 200, 220), "PTV_7000": (255, 0, 0), "PTV_5600": (255, 0, 255), "External": (180, 220, 180)}


@dataclass(frozen=True, eq=False)
class Phantom:
    """CT (HU int16), true structures on its grid, S of the middle of each vertebral body C1 to L5 (LPS mm), and
    the tissue map of the slice through the middle of L3: 0 other, 1 muscle, 2 SAT, 3 VAT, 4 IMAT; `l3_slice` is its k.
    """

    ct: Volume
    truth: StructureSet
    vertebrae: dict[str, float]
    tissue: np.ndarray
    l3_slice: int
    crest_s_mm: float


def sample_patient(seed: int = 0, spacing_mm: tuple[float, float, float] = (3.0, 1.5, 1.5), quick: bool = False,
                   z_range_mm: tuple[float, float] = REACH_Z, noise_hu: float = 10.0,
                   hu_changes: dict[str, float] | None = None, whole_organs: bool = False) -> Phantom:
    """Draw the patient; the same seed and spacing give the same voxels.

    `spacing_mm` is (slice, row, column); `quick` draws at (6, 4, 4). `z_range_mm` cuts the scan, in mm above the cord
    at the skull base: vertex +138, L3 -492, thighs -838. Contours of a planning session are in `truth`: PTV_5600
    contains PTV_7000; cord and oesophagus end where a head-and-neck planner stops (`whole_organs`: at L1 and the
    stomach). `hu_changes` adds HU to tissues by name
    (`radoncai.phantom.tissue`), such as {"kidney": 60} for a later contrast phase. Arms leave the field of view below
    the shoulders. Raises InputError for spacings that cannot show the anatomy.
    """
    spacing = (6.0, 4.0, 4.0) if quick else tuple(float(s) for s in spacing_mm)
    if not all(0.5 <= s <= 10.0 for s in spacing):
        raise InputError(f"A spacing of {spacing} mm cannot show the sample patient; use 0.5 to 10 mm.")
    axes = [np.arange(low + s / 2, high, s) for (low, high), s in zip((z_range_mm, REACH_Y, REACH_X), spacing,
        strict=True)]
    canvas = Canvas(*axes, np.random.default_rng(seed))
    draw_patient(canvas)
    for name, lowest in ({} if whole_organs else CONTOURED_TO).items():
        canvas.unmark(name, lowest)
    l3_slice = nearest_slice(canvas, spine.vertebra_middles()["L3"])
    grid = Grid.axial(canvas.label.shape, spacing, tuple(a[0] + d for a,
                                                         d in zip(axes[::-1], DRAWING_TO_LPS, strict=True)))
    truth = structures(canvas, grid)
    canvas.bits = None
    hu = texture.partial_volume(texture.hounsfield(canvas, hu_changes), canvas.spacing,
                                0.6 * min(2.0, max(1.0, spacing[1])))
    tissue = tissue_map(canvas.label[l3_slice], hu[l3_slice])
    texture.add_noise(hu, canvas.rng, noise_hu, 0.8)
    texture.add_streaks(hu, canvas.z, canvas.rng, 0.8 * noise_hu)
    ct = Volume(texture.finish(hu), grid, "CT", "HU")
    levels = {name: z + DRAWING_TO_LPS[2] for name, z in spine.vertebra_middles().items()}
    return Phantom(ct, truth, levels, tissue, l3_slice, pelvis.CREST_Z + DRAWING_TO_LPS[2])


def draw_patient(canvas: Canvas) -> None:
    """Everything from vertex to thighs in the order that lets later organs cut into earlier ones."""
    body.draw_body(canvas)
    thorax.draw_chest(canvas)
    pelvis.draw_pelvic_cavity(canvas)
    abdomen.draw_abdomen(canvas)
    pelvis.draw_pelvis(canvas)
    neck.draw_neck_muscles(canvas)
    spine.draw_spine(canvas)
    thorax.draw_chest_bones(canvas)
    head.draw_head(canvas)
    neck.draw_throat(canvas)
    neck.draw_larynx(canvas)
    neck.draw_glands(canvas)
    neck.draw_neck_vessels(canvas)
    neck.draw_windpipe(canvas)
    targets.draw_tumour(canvas)
    targets.mark_targets(canvas)
    thorax.remember_lungs(canvas)
    body.draw_couch(canvas)


def nearest_slice(canvas: Canvas, z: float) -> int:
    """Index of the slice nearest z."""
    return int(np.argmin(np.abs(canvas.z - z)))


def tissue_map(label: np.ndarray, hu: np.ndarray) -> np.ndarray:
    """Tissues (rows, columns) of a slice from its labels and its HU before noise: 1 muscle, 2 SAT, 3 VAT, 4 IMAT.

    The drawn compartments are divided by the Alberta protocol's ranges (muscle -29 to 150, SAT and IMAT -190 to -30,
    VAT -150 to -50 HU), so that a fat plane thinner than a pixel counts as what the scanner shows.
    """
    lean = lookup((*MUSCLES, "imat", "fat"))[label]
    out = np.zeros(label.shape, np.uint8)
    out[lean & (hu > -30) & (hu <= 150)] = 1
    out[lookup(("sat", "fascia"))[label] & (hu >= -190) & (hu <= -30)] = 2
    out[lookup(("vat",))[label] & (hu >= -150) & (hu <= -50)] = 3
    out[lean & (hu >= -190) & (hu <= -30)] = 4
    return out


def structures(canvas: Canvas, grid: Grid) -> StructureSet:
    """The marked structures that the drawn range holds; others are named as missing."""
    found, missing = [], {}
    for name in (*OARS, *TARGETS, "External"):
        mask = canvas.marked(name)
        if mask.any():
            found.append(Structure.from_full(name, mask, standard_name=name, role=ROLES.get(name, "oar"),
                                             color=COLORS[name]))
        else:
            missing[name] = "outside the drawn range"
    return StructureSet(grid, tuple(found), label="Sample patient, drawn", missing=missing)


__all__ = ["Phantom", "Variant", "head_and_neck_variant", "sample_patient"]
