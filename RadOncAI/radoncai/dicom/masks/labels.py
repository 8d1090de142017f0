"""Label maps: Slicer's segmentation file (.seg.nrrd) and plain ones, as structure sets."""

from __future__ import annotations

import csv
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from radoncai.core.errors import InputError, PlatformError
from radoncai.core.grid import Grid
from radoncai.core.provenance import file_hash
from radoncai.core.structures import Algorithm, Review, Structure, StructureSet
from radoncai.core.volume import Source
from radoncai.dicom.raster import read_raster, stem, write_raster
from radoncai.dicom.series.planes import structures_upright

_SLICER_STATUS = {"unreviewed": "notstarted", "approved": "completed", "needs_work": "flagged", "rejected": "flagged"}
_STATUS = {"notstarted": "unreviewed", "inprogress": "needs_work", "completed": "unreviewed", "flagged": "needs_work"}
MOST_LABELS = 400


@dataclass(frozen=True)
class _Layer:
    """One label map of a segmentation file with what it holds so far."""

    array: np.ndarray
    names: list[str]


def read_labels(path: Path) -> StructureSet:
    """A label map or Slicer segmentation as a structure set on the file's own grid, or on an axial one around it.

    Names come from Slicer's segment fields, else from NAME_labels.csv (value, name) beside the file, else a map with
    one value is named by its file and others "label_3". InputError where the file holds no labels.
    """
    array, grid, header = read_raster(path, oblique="keep")
    source = Source(sha256=file_hash(Path(path)))
    layers = array if array.ndim == 4 else array[..., None]
    if layers.dtype.kind == "f" and not np.array_equal(layers, np.rint(layers)):
        raise InputError(f"{path} is an image, no label map: its values are not whole numbers.")
    try:
        structures, missing = _segments(layers, header) if "Segment0_Name" in header else _plain(layers, Path(path))
    except ValueError as error:
        raise InputError(f"The segment fields of {path} are damaged; save the segmentation again.") from error
    found = StructureSet(grid, tuple(structures), source, stem(path), missing)
    return found if grid.is_axial else structures_upright(found, str(path))


def write_seg_nrrd(structures: StructureSet, path: Path) -> Path:
    """Write Slicer's .seg.nrrd: a plain label map where nothing overlaps, else one layer more for what does.

    Names, colours, codes, review status, role and algorithm stand in the segment fields. Empty structures are left
    out. At most 255 structures a layer.
    """
    layers: list[_Layer] = []
    fields: list[str] = []
    for n, s in enumerate(s for s in structures if s.mask.any()):
        number = _layer_for(s, layers, structures.grid)
        fields += _segment_fields(n, s, number, len(layers[number].names))
    array = layers[0].array if len(layers) == 1 else np.stack([la.array for la in layers], axis=3) if layers \
        else np.zeros(structures.grid.shape, np.uint8)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open("wb") as file:
            file.write(_nrrd_header(structures.grid, len(layers), fields))
            packer = zlib.compressobj(3, zlib.DEFLATED, 31)
            file.write(packer.compress(array.tobytes()) + packer.flush())
    except OSError as error:
        raise PlatformError(f"Cannot write {path} ({error.strerror}); choose another folder.") from error
    return Path(path)


def write_label_map(structures: StructureSet, path: Path) -> tuple[str, ...]:
    """Write one label map (NIfTI or NRRD) and NAME_labels.csv (value, name) beside it; says what overlaps."""
    labels = np.zeros(structures.grid.shape, np.uint8 if len(structures) < 256 else np.uint16)
    hidden: list[str] = []
    table = []
    for n, s in enumerate((s for s in structures if s.mask.any()), 1):
        window = labels[s.box]
        if (window[s.mask] > 0).any():
            hidden.append(s.name)
        window[s.mask] = n
        table.append((n, s.name))
    write_raster(labels, structures.grid, path)
    with (Path(path).parent / f"{stem(path)}_labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("value", "name"), *table])
    if not hidden:
        return ()
    return (f"Structures overlap and a label map holds one value a voxel: {', '.join(hidden[:6])} took voxels of "
            "earlier structures; write .seg.nrrd or a folder of masks to keep all.",)


def _segments(layers: np.ndarray, header: dict[str, str]) -> tuple[list[Structure], dict[str, str]]:
    structures, missing = [], {}
    n = 0
    while f"Segment{n}_Name" in header:
        field = {k.split("_", 1)[1]: v for k, v in header.items() if k.startswith(f"Segment{n}_")}
        layer, value = int(field.get("Layer", 0)), int(field.get("LabelValue", n + 1))
        mask = layers[..., layer] == value if layer < layers.shape[3] else np.zeros(1, bool)
        if mask.any():
            structures.append(_from_fields(mask, field))
        else:
            missing[field["Name"]] = "it has no voxels in the file"
        n += 1
    return structures, missing


def _from_fields(mask: np.ndarray, field: dict[str, str]) -> Structure:
    tags = dict(t.split(":", 1) for t in field.get("Tags", "").split("|") if ":" in t)
    shares = (field.get("Color", "1 1 0") + " 0 0 0").split()[:3]
    color = tuple(int(np.clip(float(share) * 255 + 0.5, 0, 255)) for share in shares)
    status = tags.get("RadOncAI.Status") or _STATUS.get(tags.get("Segmentation.Status", ""), "unreviewed")
    new = Structure.from_full(field["Name"], mask, color=color)
    algorithm = (tags.get("RadOncAI.Algorithm", "") + "//").split("/")
    return replace(new, standard_name=tags.get("RadOncAI.StandardName", ""), role=tags.get("RadOncAI.Role", "oar"),
                   origin=tags.get("RadOncAI.Origin", "MANUAL"), algorithm=Algorithm(*algorithm[:3]),
                   review=Review(status), code=_code(tags.get("TerminologyEntry", "")))


def _plain(layers: np.ndarray, path: Path) -> tuple[list[Structure], dict[str, str]]:
    labels = layers[..., 0].astype(np.int64)
    values = [int(v) for v in np.unique(labels) if v]
    if len(values) > MOST_LABELS:
        raise InputError(f"{path} is an image, no label map: it has {len(values)} different values.")
    names = _names_beside(path)
    if len(values) == 1 and not names:
        names = {values[0]: stem(path)}
    structures = [Structure.from_full(names.get(v, f"label_{v}"), labels == v) for v in values]
    return structures, {name: "it has no voxels in the file" for v, name in names.items() if v not in values}


def _names_beside(path: Path) -> dict[int, str]:
    table = path.parent / f"{stem(path)}_labels.csv"
    if not table.is_file():
        return {}
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if len(row) >= 2 and row[0].strip().isdigit()]
    return {int(row[0]): row[1].strip() for row in rows}


def _layer_for(structure: Structure, layers: list[_Layer], grid: Grid) -> int:
    """Draw into the first layer where the structure overlaps nothing; its number."""
    free = [n for n, la in enumerate(layers)
            if len(la.names) < 255 and not la.array[structure.box][structure.mask].any()]
    if not free:
        layers.append(_Layer(np.zeros(grid.shape, np.uint8), []))
    number = free[0] if free else len(layers) - 1
    layer = layers[number]
    layer.names.append(structure.name)
    layer.array[structure.box][structure.mask] = len(layer.names)
    return number


def _segment_fields(n: int, s: Structure, layer: int, value: int) -> list[str]:
    """Slicer's header fields of one segment; fields end at a line, tags at a bar."""
    extent = " ".join(f"{b.start} {b.stop - 1}" for b in reversed(s.box))
    tags = {"TerminologyEntry": _terminology(s),
            "Segmentation.Status": _SLICER_STATUS.get(s.review.status, "notstarted"),
            "RadOncAI.Status": s.review.status, "RadOncAI.StandardName": s.standard_name, "RadOncAI.Role": s.role,
            "RadOncAI.Origin": s.origin,
            "RadOncAI.Algorithm": "/".join((s.algorithm.name, s.algorithm.version, s.algorithm.weights)).rstrip("/")}
    pairs = {"Color": " ".join(f"{c / 255:.6g}" for c in s.color), "ColorAutoGenerated": "0", "Extent": extent,
             "ID": f"Segment_{n + 1}", "LabelValue": str(value), "Layer": str(layer), "Name": _one_line(s.name),
             "NameAutoGenerated": "0",
             "Tags": "|".join(f"{k}:{_one_line(v).replace('|', '/')}" for k, v in tags.items() if v) + "|"}
    return [f"Segment{n}_{k}:={v}" for k, v in pairs.items()]


def _terminology(s: Structure) -> str:
    """Slicer's text for a coded anatomical structure."""
    if not s.code:
        return ""
    scheme, value, meaning = (_one_line(part).replace("^", " ").replace("~", " ") for part in s.code)
    return ("Segmentation category and type - DICOM master list~SCT^123037004^Anatomical Structure~"
            f"{scheme}^{value}^{meaning}~^^~Anatomic codes - DICOM master list~^^~^^")


def _code(entry: str) -> tuple[str, str, str] | None:
    parts = entry.split("~")
    code = tuple(parts[2].split("^")[:3]) if len(parts) > 2 else ()
    return code if len(code) == 3 and all(code) else None


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def _nrrd_header(grid: Grid, layers: int, fields: list[str]) -> bytes:
    k, j, i = grid.shape
    vectors = [f"({','.join(repr(float(v)) for v in column)})" for column in grid.index_to_lps[:3, :3].T]
    many = layers > 1
    lines = ["NRRD0004", "# Segmentation written by RadOncAI", "type: unsigned char", f"dimension: {3 + many}",
             "space: left-posterior-superior", f"sizes: {f'{layers} ' if many else ''}{i} {j} {k}",
             f"space directions: {'none ' if many else ''}{' '.join(vectors)}",
             f"kinds: {'list ' if many else ''}domain domain domain", "encoding: gzip",
             f"space origin: ({','.join(repr(float(v)) for v in grid.origin_lps)})", *fields,
             "Segmentation_ContainedRepresentationNames:=Binary labelmap|", "Segmentation_ConversionParameters:=",
             "Segmentation_MasterRepresentation:=Binary labelmap", "Segmentation_ReferenceImageExtentOffset:=0 0 0"]
    return ("\n".join(lines) + "\n\n").encode()
