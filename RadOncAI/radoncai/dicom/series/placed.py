"""Which slice files form a volume, and where: the checks before any pixel is read."""

from __future__ import annotations

from collections import Counter

import numpy as np

from radoncai.core.errors import InputError
from radoncai.dicom.geometry import Stack, stack
from radoncai.dicom.series.frames import frame_headers, is_multi_frame
from radoncai.dicom.series.pixels import stored_pixels
from radoncai.dicom.series.scan import SliceFile
from radoncai.dicom.values import number, numbers, text


def place_slices(items: list[SliceFile], where: str, gaps: str) -> tuple[Stack, list[SliceFile], list[str]]:
    """The stack that slice files form, the files in its order, and what was said; InputError for what forms none.

    `gaps`: "refuse" or "interpolate" missing slices and uneven spacing; `where` names the series.
    """
    items, notes = _image_slices(items, where)
    _refuse_unlike(items, where)
    items, twins = _without_twins(items)
    if twins:
        notes.append(f"{twins} images of the series came twice with the same pixels; one of each was taken.")
    placed = _stack(items, where, gaps)
    if len(placed.gaps) and gaps == "refuse":
        raise InputError(_gap_sentence(placed, where))
    return placed, [items[n] for n in placed.order], notes


def _image_slices(items: list[SliceFile], where: str) -> tuple[list[SliceFile], list[str]]:
    """The slices without the localizers of the same series; InputError for what is no plain slice."""
    kept = [item for item in items if not item.localizer]
    notes = [f"{len(items) - len(kept)} localizer images of the series were left out."] if 0 < len(kept) < len(items) \
        else []
    for item in kept or items:
        data = item.data
        if number(data, "SamplesPerPixel", 1) != 1 or not text(data, "PhotometricInterpretation",
                                                               "MONOCHROME2").startswith("MONOCHROME"):
            raise InputError(f"{where} holds colour images; name a CT, MR or PET series.")
        if item.frame is None and is_multi_frame(data):
            frame_headers(data, item.path)
        if (numbers(data, "ImagePositionPatient") is None or numbers(data, "ImageOrientationPatient") is None
                or numbers(data, "PixelSpacing") is None):
            raise InputError(f"{item.path} states no image position, orientation or pixel spacing; "
                             "it is no slice of a volume, or the file is cut off.")
        if any(len(numbers(data, k)) != n for k, n in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6),
                                                       ("PixelSpacing", 2))):
            raise InputError(f"{item.path} states an image position, orientation or pixel spacing with too few or "
                             "too many numbers; export it again.")
    return kept or items, notes


def _refuse_unlike(items: list[SliceFile], where: str) -> None:
    """All slices must share size, pixel spacing, frame of reference and modality."""
    sizes = {(int(number(i.data, "Rows", 0)), int(number(i.data, "Columns", 0))) for i in items}
    if len(sizes) > 1:
        raise InputError(f"{where} mixes images of {' and '.join(f'{r} x {c}' for r, c in sorted(sizes)[:3])} pixels; "
                         "keep those of one size in the folder.")
    if min(min(sizes)) < 1:
        raise InputError(f"{where} has images without rows or columns; the files are damaged, copy them again.")
    spacings = np.array([numbers(i.data, "PixelSpacing") for i in items])
    if np.ptp(spacings, axis=0).max() > 1e-3 or spacings.min() <= 0:
        raise InputError(f"{where} mixes images of different pixel spacing; keep those of one kind in the folder.")
    if len({text(i.data, "FrameOfReferenceUID") for i in items}) > 1:
        raise InputError(f"{where} mixes images of different frames of reference; keep those of one in the folder.")


def _without_twins(items: list[SliceFile]) -> tuple[list[SliceFile], int]:
    """Images of one place whose pixels are equal count once; others stay, for `stack` to refuse."""
    places = [tuple(np.round(numbers(i.data, "ImagePositionPatient"), 2)) for i in items]
    repeated = {place for place, count in Counter(places).items() if count > 1}
    kept: list[SliceFile] = []
    seen: dict[tuple, np.ndarray] = {}
    for item, place in zip(items, places, strict=True):
        if place in repeated and item.frame is None:
            pixels = stored_pixels(item.path)[0]
            if place in seen and np.array_equal(seen[place], pixels):
                continue
            seen.setdefault(place, pixels)
        kept.append(item)
    return kept, len(items) - len(kept)


def _stack(items: list[SliceFile], where: str, gaps: str) -> Stack:
    first = items[0].data
    positions = np.array([numbers(i.data, "ImagePositionPatient") for i in items])
    orientations = np.array([numbers(i.data, "ImageOrientationPatient") for i in items])
    thickness = number(first, "SliceThickness") or number(first, "SpacingBetweenSlices") or 1.0
    spacing = tuple(float(v) for v in numbers(first, "PixelSpacing"))
    shape = (int(number(first, "Rows")), int(number(first, "Columns")))
    return stack(positions, orientations, spacing, shape, abs(thickness), where, uneven=gaps == "interpolate")


def _gap_sentence(placed: Stack, where: str) -> str:
    missing = placed.gaps
    direction = placed.grid.directions[:, 2]
    at = placed.grid.to_lps(np.array([(0, 0, n) for n in missing])) @ direction
    which = ", ".join(f"{n + 1} at {v:.1f} mm" for n, v in list(zip(missing, at, strict=True))[:5])
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    plural = "slice is" if len(missing) == 1 else "slices are"
    return (f"{where}: {len(missing)} {plural} missing in the middle (number {which}{more}); find the files, or add "
            "--gaps interpolate.")
