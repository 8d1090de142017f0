"""Structures of a request or a result: a JSON object and a cropped array each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from radoncai.contour.table import structure_rows
from radoncai.core.errors import InputError
from radoncai.core.naming import annotated
from radoncai.core.structures import Algorithm, Box, Review, Structure, StructureSet, bounding_box, within
from radoncai.core.templates import ROLES, match
from radoncai.worker.arrays import load_array, save_array
from radoncai.worker.contours_as_read import source_of, with_contours
from radoncai.worker.image import Image
from radoncai.worker.protocol import field, optional

STATUSES = ("unreviewed", "needs_work", "approved", "rejected")
ORIGINS = ("AUTOMATIC", "SEMIAUTOMATIC", "MANUAL")


def structures_to_json(structures: StructureSet, image: Image, folder: Path) -> list[dict[str, Any]]:
    """One object a structure, masks as s_NN.npy (uint8, cropped) in the request's own axes."""
    rows = {row["structure"]: row for row in structure_rows(structures)}
    return [_to_json(s, rows[s.name], image, folder, f"s_{n:02d}.npy") for n, s in enumerate(structures)]


def structures_from_json(
    request: dict[str, Any], image: Image, folder: Path, leave_out: tuple[str, ...] = ()
) -> StructureSet:
    """The request's structures on the image's grid; empty ones are in `missing`, those of a status in `leave_out` too.

    Raises InputError for a mask that does not fit its box or the image, and for two of one name.
    """
    kept, origins, missing = [], [], {}
    for item in field(request, "structures", list):
        name = field(item, "name", str)
        if (item.get("status") or "") in leave_out:
            missing[name] = f"a person marked it as {str(item['status']).replace('_', ' ')}"
            continue
        structure = _from_json(item, image, folder)
        if structure is None:
            missing[name] = "it has no voxels"
        else:
            kept.append(with_contours(structure, item.get("read_from")))
            origins.append(item.get("read_from"))
    names = [s.name for s in kept]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice:
        raise InputError(f"Two structures are named {twice}; rename one of them.")
    source = source_of(kept, origins, image.volume.source)
    return annotated(StructureSet(image.volume.grid, tuple(kept), source, missing=missing))


def code_to_json(structure: Structure) -> dict[str, Any] | None:
    """The structure's code with category and modifier where the template of its name knows them."""
    if not structure.code:
        return None
    template = match(structure.standard_name) if structure.standard_name else None
    known = template if template and template.code == structure.code else None
    scheme, value, meaning = structure.code
    return {"scheme": scheme, "value": value, "meaning": meaning,
            "category": list(known.category) if known and known.category else None,
            "modifier": list(known.modifier) if known and known.modifier else None}


def _to_json(s: Structure, row: dict[str, Any], image: Image, folder: Path, file: str) -> dict[str, Any]:
    save_array(folder, file, image.turn.undo(s.mask).astype(np.uint8))
    algorithm = vars(s.algorithm) if s.algorithm.name else None
    return {"name": s.name, "standard_name": s.standard_name or None, "role": s.role, "color": list(s.color),
            "code": code_to_json(s), "box": [[b.start, b.stop] for b in image.own_box(s.box)], "array": file,
            "volume_cc": row["volume_cc"], "slices": row["slices"], "pieces": row["pieces"],
            "status": s.review.status, "origin": s.origin, "algorithm": algorithm, "findings": list(s.findings),
            "uncertainty": s.uncertainty, "reviewer": s.review.by or None, "reviewed_at": s.review.at or None,
            "comment": s.review.comment or None}


def _from_json(item: dict[str, Any], image: Image, folder: Path) -> Structure | None:
    name = item["name"]
    mask = load_array(folder, item.get("array")).astype(bool)
    own = _box(item, mask.shape, image)
    inner = bounding_box(mask)
    if inner is None:
        return None
    own = within(inner, own)
    mask = np.ascontiguousarray(image.turn.apply(mask[inner]))
    code = item.get("code")
    algorithm = item.get("algorithm") or {}
    return Structure(
        name, mask, image.box(own), standard_name=item.get("standard_name") or "",
        role=_one_of(item, "role", ROLES, "oar"), color=_color(item),
        code=(code["scheme"], code["value"], code["meaning"]) if code and code.get("value") else None,
        origin=_one_of(item, "origin", ORIGINS, "MANUAL"),
        algorithm=Algorithm(*(str(algorithm.get(k) or "") for k in ("name", "version", "weights"))),
        review=Review(_one_of(item, "status", STATUSES, "unreviewed"), *(
            str(item.get(k) or "") for k in ("reviewer", "reviewed_at", "comment"))),
        uncertainty=item.get("uncertainty"), findings=tuple(item.get("findings") or ()))


def _box(item: dict[str, Any], shape: tuple[int, ...], image: Image) -> Box:
    sides = field(item, "box", list)
    try:
        box = tuple(slice(int(a), int(b)) for a, b in sides)
    except (TypeError, ValueError):
        raise InputError(f"The box of {item['name']} is damaged; run again.") from None
    fits = len(box) == 3 and all(
        0 <= b.start < b.stop <= n and b.stop - b.start == m
        for b, n, m in zip(box, image.grid.shape, shape, strict=False)
    )
    if not fits:
        raise InputError(f"The structure {item['name']} does not lie on the image's voxels; choose the segmentation "
                         "that belongs to this image, or resample it.")
    return box


def _one_of(item: dict[str, Any], key: str, known: tuple[str, ...], default: str) -> str:
    value = optional(item, key, str) or default
    if value not in known:
        raise InputError(f"The structure {item['name']} has the unknown {key} {value!r}; choose one of "
                         f"{', '.join(known)}.")
    return value


def _color(item: dict[str, Any]) -> tuple[int, int, int]:
    color = optional(item, "color", list)
    return tuple(int(c) for c in color[:3]) if color and len(color) >= 3 else (255, 255, 0)


