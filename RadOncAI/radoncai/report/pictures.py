"""The pictures of a report: slices with contours, isodoses, tissues, always with the words that say what they are."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from radoncai.core.dose import Dose, Prescription
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.report.colours import OUTLINE_ROLES, TARGET_ROLES, TISSUES, Rgb, on_image, rgb, structure_colors
from radoncai.report.drawing import SOFT_TISSUE, STATUS, annotate, blend, grey, key, stroke, to_image, words
from radoncai.report.isodoses import Isodose, isodoses
from radoncai.report.places import box_lps, centroid, focus_box, spine_point, telling_point, three_views, whole
from radoncai.report.views import View, index_steps, sample

NOT_APPROVED = "AI contours, not approved"
NOT_A_PLAN = "Predicted dose, not a plan"
RESEARCH = "Research use"
DOSE_KINDS = {"predicted": NOT_A_PLAN, "mimicked": "Mimicked dose, not a plan", "clinical": RESEARCH}
LINE = 3.0  # pictures are made at twice the size they are shown at, so that contours come out at 1.5 px
ROUND = 0.3  # of a voxel: rounds the stairs of a mask without moving its edge


@dataclass(frozen=True, eq=False)
class Picture:
    """An image with what it shows in words. `status` is the sentence written into its corner."""

    image: Image.Image
    plane: str
    caption: str
    alt: str
    status: str
    shown: tuple[str, ...] = field(default=())

    @property
    def aspect(self) -> float:
        return self.image.width / self.image.height

    def data_uri(self, quality: int = 86) -> str:
        buffer = io.BytesIO()
        self.image.save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True)
        return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")

    def save(self, path: Path) -> None:
        """PNG or JPEG by the file's ending."""
        self.image.save(path)


def place_name(view: View) -> str:
    """'Axial, S -212.5 mm': the plane and where it lies along its normal in LPS."""
    letter, axis = {"axial": ("S", 2), "coronal": ("P", 1), "sagittal": ("L", 0)}[view.plane]
    return f"{view.plane.capitalize()}, {letter} {view.centre[axis]:+.1f} mm".replace("+-", "-")


def mask_field(structure: Structure, grid: Grid, view: View) -> tuple[np.ndarray, tuple[int, int]] | None:
    """Share 0 to 1 of the structure at the pixels around it, and the column and row of the first; None if outside."""
    part = grid.crop(structure.box)
    low, high = box_lps(grid, structure.box)
    corners = np.array([[(low, high)[n][a] for a, n in enumerate(c)] for c in np.ndindex(2, 2, 2)])
    axis = int(np.argmax(np.abs(np.cross(view.right, view.down))))
    if not low[axis] <= view.centre[axis] <= high[axis]:
        return None
    window = view.window(corners, margin=6)
    if window is None:
        return None
    inner, x, y = window
    values = sample(structure.mask, part, inner, fade=True)
    pixels = ROUND / np.abs(index_steps(grid, view)[1]).sum(axis=0)
    return ndimage.gaussian_filter(values, np.where(pixels < 0.8, 0.0, pixels)), (x, y)


def draw_structures(canvas: np.ndarray, view: View, structures: StructureSet, colors: dict[str, Rgb], *,
                    width: float = LINE, dash: tuple[float, float] | None = None) -> tuple[str, ...]:
    """Contours of all structures that the view cuts, outlines thin and first, targets thick and last; their names."""
    shown = []
    order = sorted(structures, key=lambda s: (s.role not in OUTLINE_ROLES, s.role in TARGET_ROLES))
    for structure in order:
        found = mask_field(structure, structures.grid, view)
        if found is None:
            continue
        values, at = found
        thick = width * (0.5 if structure.role in OUTLINE_ROLES else 1.25 if structure.role in TARGET_ROLES else 1.0)
        if stroke(canvas, values, 0.5, on_image(colors[structure.name]), at=at, width=thick, dash=dash):
            shown.append(structure.name)
    return tuple(n for n in structures.names if n in shown)


def finish(canvas: np.ndarray, view: View, status: str, what: str, shown: Sequence[str],
            entries: Sequence[tuple[str, Rgb]] = (), caption: str = "") -> Picture:
    """A finished canvas with title, letters, scale bar, status words and key; `what` goes into its alternative text."""
    image = to_image(canvas)
    annotate(image, view, place_name(view), status)
    key(image, entries)
    place = place_name(view)
    alt = f"{place.replace(', ', ' slice at ', 1)}, {what}{': ' + ', '.join(shown) if shown else ''}. {status}."
    return Picture(image, view.plane, caption, alt, status, tuple(shown))


def contour_picture(ct: Volume, structures: StructureSet, view: View, *, window: tuple[float, float] = SOFT_TISSUE,
                    status: str = NOT_APPROVED) -> Picture:
    """One slice of the CT with the contours that it cuts."""
    canvas = grey(ct, view, window)
    shown = draw_structures(canvas, view, structures, structure_colors(structures))
    return finish(canvas, view, status, "contours", shown)


def contour_pictures(ct: Volume, structures: StructureSet, *, status: str = NOT_APPROVED) -> list[Picture]:
    """Axial, coronal and sagittal slices where most structures are cut."""
    views = three_views(ct, telling_point(structures), focus_box(structures))
    return [contour_picture(ct, structures, view, status=status) for view in views]


def dose_picture(ct: Volume, structures: StructureSet, dose: Dose, levels: Sequence[Isodose], view: View, *,
                 legend: bool = True) -> Picture:
    """One slice with filled isodose bands at 30 %, a fine line at each level, and the contours."""
    canvas = grey(ct, view)
    field_gy = sample(dose.volume.array, dose.volume.grid, view)
    for lower, upper in zip(levels, [*levels[1:], None], strict=True):
        band = field_gy >= lower.gy if upper is None else (field_gy >= lower.gy) & (field_gy < upper.gy)
        blend(canvas, 0.30 * band, lower.color)
    for level in levels:
        stroke(canvas, field_gy, level.gy, level.color, width=1.2, halo=0.0)
    shown = draw_structures(canvas, view, structures, structure_colors(structures), width=0.8 * LINE)
    entries = [(level.words, level.color) for level in reversed(levels)] if legend else []
    kind = {"predicted": "predicted dose", "mimicked": "mimicked dose"}.get(dose.kind, "dose")
    return finish(canvas, view, DOSE_KINDS.get(dose.kind, RESEARCH), f"{kind} and contours", shown, entries)


def dose_pictures(ct: Volume, structures: StructureSet, dose: Dose,
                  prescription: Prescription | None) -> list[Picture]:
    """Axial, coronal and sagittal slices through the target with the highest prescription, or the hottest voxel."""
    levels = isodoses(dose, prescription)
    given = prescription.targets if prescription else {}
    targets = sorted((s for s in structures if s.name in given), key=lambda s: -given[s.name])
    if targets:
        through, focus = centroid(structures.grid, targets[0]), focus_box(structures, TARGET_ROLES)
    else:
        hottest = np.array(np.unravel_index(np.argmax(dose.volume.array), dose.volume.array.shape))
        through, focus = dose.volume.grid.to_lps(hottest[None, ::-1])[0], whole(dose.volume.grid)
    views = three_views(ct, through, focus, margin_mm=60.0)
    return [dose_picture(ct, structures, dose, levels, view, legend=view.plane == "axial") for view in views]


def _tissue_volume(ct: Volume, tissue: Volume | np.ndarray, level_mm: float) -> Volume:
    """The label map as a volume of one slice; a bare array lies on the CT's slice nearest to the level."""
    if isinstance(tissue, Volume):
        return tissue
    middle = ct.grid.to_lps((np.array([ct.grid.shape[::-1]]) - 1) / 2)[0]
    k = int(np.clip(round(ct.grid.to_index(np.array([[*middle[:2], level_mm]]))[0, 2]), 0, ct.grid.shape[0] - 1))
    grid = ct.grid.crop((slice(k, k + 1), slice(0, tissue.shape[0]), slice(0, tissue.shape[1])))
    return Volume(tissue[None], grid, ct.modality)


def tissue_picture(ct: Volume, tissue: Volume | np.ndarray, level_mm: float, *, overlay: bool = True,
                   areas_cm2: dict[int, float] | None = None, rows: int = 680) -> Picture:
    """The axial slice of the tissue label map with the labels half transparent on it, each label a whole pixel.

    `tissue` as in `BodySection`; `level_mm` (LPS S) places a bare array. `areas_cm2` go into the key.
    """
    labels = _tissue_volume(ct, tissue, level_mm)
    middle = labels.grid.to_lps((np.array([labels.grid.shape[::-1]]) - 1) / 2)[0]
    view = three_views(ct, middle, whole(ct.grid), rows=rows)[0]
    canvas = grey(ct, view)
    entries, shown = [], []
    if overlay:
        at = sample(labels.array, labels.grid, view, order=0)
        for number, (name, code) in TISSUES.items():
            if not (at == number).any():
                continue
            blend(canvas, 0.5 * (at == number), rgb(code))
            area = (areas_cm2 or {}).get(number)
            entries.append((name if area is None else f"{name} {area:.1f} cm2", rgb(code)))
            shown.append(name)
    what = "tissues" if overlay else "CT without overlay"
    return finish(canvas, view, RESEARCH, what, shown, entries, what.replace("tissues", "Tissues as measured"))


def level_picture(ct: Volume, level_mm: float, *, text: str = "L3", rows: int = 680) -> Picture:
    """The sagittal slice through the spine with the measured level as a line."""
    inside = whole(ct.grid)
    spine = spine_point(ct, level_mm)
    focus = (np.array([0, 0, max(inside[0][2], level_mm - 150)]), np.array([0, 0, min(inside[1][2], level_mm + 220)]))
    view = three_views(ct, spine, focus, rows=rows, margin_mm=0.0)[-1]
    image_y = float(view.to_pixel(np.array([[0, 0, level_mm]]))[0, 1])
    canvas = grey(ct, view)
    y = np.abs(np.arange(view.shape[0]) - image_y)
    share = np.repeat(np.clip(2.0 - y, 0, 1)[:, None], view.shape[1], axis=1).astype(np.float32)
    blend(canvas, 0.9 * share, STATUS)
    picture = finish(canvas, view, RESEARCH, f"the level of {text}", (), (), f"Level of {text}")
    words(ImageDraw.Draw(picture.image), (0.13 * picture.image.width, image_y - 6), text,
          color=STATUS, anchor="ld")
    return picture


def body_pictures(ct: Volume, level_mm: float, tissue: Volume | np.ndarray,
                  areas_cm2: dict[int, float] | None = None) -> list[Picture]:
    """The slice with tissues, the slice alone, and, where there are enough slices, the level on the sagittal view."""
    pictures = [tissue_picture(ct, tissue, level_mm, areas_cm2=areas_cm2),
                tissue_picture(ct, tissue, level_mm, overlay=False)]
    if ct.grid.shape[0] >= 8:
        pictures.append(level_picture(ct, level_mm))
    return pictures
