"""Reading DICOM segmentations: binary, fractional and label maps (PS3.3 A.51, C.8.20)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Algorithm, Structure, StructureSet
from radoncai.core.volume import Source, Volume
from radoncai.dicom.files import open_dicom
from radoncai.dicom.geometry import Stack, stack
from radoncai.dicom.series.frames import frame_headers
from radoncai.dicom.series.pixels import decode
from radoncai.dicom.series.planes import fitted, structures_upright
from radoncai.dicom.values import items, modality_of, number, numbers, text

_ORIGINS = {"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}
_MOST_VOXELS = 4e9


def read_seg(path: Path, volume: Volume | None = None) -> StructureSet:
    """A DICOM segmentation as structures, on the grid of `volume` or an axial one of its own.

    Segments without voxels are in `missing`; fractions count from one half. `source.slices` holds the file's own SOP
    UIDs. Voxels are moved without interpolation where both grids share their planes, which is not so for all:
    `warnings` says what was interpolated. InputError where the file is no segmentation, cut off or without a place.
    """
    data = open_dicom(path)
    if modality_of(data) != "SEG":
        raise InputError(f"{path} is no segmentation but {modality_of(data) or 'an object without a modality'}; "
                         "name the SEG file.")
    headers = frame_headers(data, path)
    placed, plane_of = _planes(headers, path, volume)
    if len(headers) * float(np.prod(placed.grid.shape[1:])) > _MOST_VOXELS:
        raise InputError(f"{path} holds more voxels than can be read; export its segments to several files.")
    frames, said = _frames(data, path, len(headers))
    structures, missing = [], {}
    for number_, item in _segments(data).items():
        made = _structure(number_, item, frames, headers, plane_of, placed.grid, text(data, "SegmentationType"))
        if made is None:
            missing[text(item, "SegmentLabel") or f"segment {number_}"] = "it has no voxels in the file"
        else:
            structures.append(made)
    source = Source(text(data, "PatientID"), text(data, "StudyInstanceUID"), text(data, "SeriesInstanceUID"),
                    text(data, "FrameOfReferenceUID"), ((text(data, "SOPClassUID"), text(data, "SOPInstanceUID")),))
    found = StructureSet(placed.grid, tuple(structures), source, text(data, "ContentLabel")[:16], missing, tuple(said))
    return structures_upright(found, str(path)) if volume is None else fitted(found, volume)


def _planes(headers: list[Dataset], path: Path, volume: Volume | None) -> tuple[Stack, np.ndarray]:
    """The grid of the segmentation and the number of the plane of each frame; planes without a frame are empty."""
    geometry = [[numbers(h, k) for h in headers] for k in
                ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")]
    for values, count in zip(geometry, (3, 6, 2), strict=True):
        if any(v is None or len(v) != count for v in values):
            raise InputError(f"{path} does not say where its frames lie; export the segmentation again.")
    positions, orientations, spacings = (np.array(v) for v in geometry)
    rows, columns = number(headers[0], "Rows", 0), number(headers[0], "Columns", 0)
    if min(rows, columns) < 1 or spacings.min() <= 0 or np.ptp(spacings, axis=0).max() > 1e-3:
        raise InputError(f"{path} states frames without a size or of several pixel spacings; export it again.")
    places, plane_of = np.unique(np.round(positions, 3), axis=0, return_inverse=True)
    stated = _image_distance(volume, orientations[0]) or abs(number(headers[0], "SpacingBetweenSlices") or 0.0)
    thickness = stated or abs(number(headers[0], "SliceThickness") or 1.0)
    if np.abs(orientations - orientations[0]).max() > 1e-3:
        raise InputError(f"{path} mixes frames of different orientation; export it on one set of planes.")
    placed = stack(places, np.tile(orientations[0], (len(places), 1)), tuple(spacings[0]), (int(rows), int(columns)),
                   thickness, f"The segmentation {path}", distance=stated or None)
    plane_of_place = np.empty(len(places), int)
    plane_of_place[placed.order] = np.rint(placed.planes).astype(int)
    return placed, plane_of_place[plane_of.ravel()]


def _image_distance(volume: Volume | None, orientation: np.ndarray) -> float:
    """Distance of the image's planes along the normal of the frames; 0 where the image has no such planes."""
    if volume is None:
        return 0.0
    grid = volume.source.planes.grid if volume.source.planes else volume.grid
    along = np.abs(np.cross(orientation[:3], orientation[3:]) @ grid.index_to_lps[:3, :3])
    return float(along.max()) if (np.sort(along)[:2] < 1e-3 * along.max()).all() else 0.0


def _frames(data: FileDataset, path: Path, count: int) -> tuple[np.ndarray, list[str]]:
    """(frames, rows, columns): booleans, or segment numbers of a label map."""
    if "PixelData" not in data:
        raise InputError(f"{path} is cut off: it holds no pixels; copy it again.")
    stored = decode(data, path)
    stored = stored[None] if stored.ndim == 2 else stored
    if stored.ndim != 3 or len(stored) != count:
        raise InputError(f"{path} is damaged: it describes {count} frames and holds others; copy it again.")
    kind = text(data, "SegmentationType").upper()
    if kind == "FRACTIONAL":
        most = number(data, "MaximumFractionalValue", 255) or 255
        meaning = text(data, "SegmentationFractionalType").lower()
        return stored * 2.0 >= most, [f"The segmentation is fractional ({meaning}); voxels count from one half."]
    return (stored if kind == "LABELMAP" else stored > 0), []


def _segments(data: Dataset) -> dict[int, Dataset]:
    return {int(number(item, "SegmentNumber", n)): item for n, item in enumerate(items(data, "SegmentSequence"), 1)}


def _structure(segment: int, item: Dataset, frames: np.ndarray, headers: list[Dataset], plane_of: np.ndarray,
               grid: Grid, kind: str) -> Structure | None:
    """One segment on the stored grid; None where it is empty."""
    if kind.upper() == "LABELMAP":
        mine = np.arange(len(frames))
    else:
        mine = np.array([n for n, h in enumerate(headers) if number(h, "ReferencedSegmentNumber", -1) == segment], int)
    drawn = {}
    for n in mine:
        plane = frames[n] == segment if kind.upper() == "LABELMAP" else frames[n]
        if plane.any():
            drawn[int(plane_of[n])] = drawn.get(int(plane_of[n]), False) | plane
    if not drawn:
        return None
    low = min(drawn)
    mask = np.zeros((max(drawn) - low + 1, *grid.shape[1:]), bool)
    for plane, pixels in drawn.items():
        mask[plane - low] = pixels
    new = Structure.from_full(text(item, "SegmentLabel") or f"segment {segment}", mask, **_attributes(item))
    box = (slice(new.box[0].start + low, new.box[0].stop + low), *new.box[1:])
    return Structure(new.name, new.mask, box, **_attributes(item))


def _attributes(item: Dataset) -> dict[str, object]:
    found: dict[str, object] = {}
    kind = text(item, "SegmentAlgorithmType").upper()
    found["origin"] = kind if kind in _ORIGINS else "MANUAL"
    if text(item, "SegmentAlgorithmName"):
        found["algorithm"] = Algorithm(text(item, "SegmentAlgorithmName"))
    for code in items(item, "SegmentedPropertyTypeCodeSequence")[:1]:
        triple = tuple(text(code, k) for k in ("CodingSchemeDesignator", "CodeValue", "CodeMeaning"))
        if all(triple):
            found["code"] = triple
    lab = numbers(item, "RecommendedDisplayCIELabValue")
    if lab is not None and len(lab) == 3:
        found["color"] = _rgb(lab)
    return found


def _rgb(stored: np.ndarray) -> tuple[int, int, int]:
    """sRGB of a CIELab colour in DICOM's 16 bit form (PS3.3 C.10.7.1.1), white point D50 to D65 by Bradford."""
    lightness = stored[0] / 65535 * 100
    a, b = stored[1] / 65535 * 255 - 128, stored[2] / 65535 * 255 - 128
    fy = (lightness + 16) / 116
    ratios = [f**3 if f > 6 / 29 else 3 * (6 / 29)**2 * (f - 4 / 29) for f in (fy + a / 500, fy, fy - b / 200)]
    xyz = np.array(ratios) * (0.9642, 1.0, 0.8249)
    to_linear = np.array([[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.2290, 1.4052]])
    linear = np.clip(to_linear @ xyz, 0, 1)
    shares = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return tuple(int(v) for v in np.rint(np.clip(shares, 0, 1) * 255))
