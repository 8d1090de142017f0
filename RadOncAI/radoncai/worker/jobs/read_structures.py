"""`read_structures`: an RTSTRUCT or a label map on the image's voxels, through the library's own readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from radoncai.dicom.structures import read_structures
from radoncai.worker.contours_as_read import origin_of
from radoncai.worker.image import read_place
from radoncai.worker.protocol import field
from radoncai.worker.structures import structures_to_json
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image (no voxels needed) and path; `same_patient` accepts another patient or frame, openly.

    Each structure carries `read_from`, which brings its polygons back while its mask stays as it is.
    """
    request = work.request
    path = Path(field(request, "path", str))
    image = read_place(request, work.folder)
    work.progress.step("reading the structures", 0.1)
    found = read_structures(path, image.volume, same_patient=bool(request.get("same_patient")))
    work.progress.step("handing the contours over", 0.7)
    rows = structures_to_json(found, image, work.folder)
    for row, structure in zip(rows, found, strict=True):
        row["read_from"] = origin_of(structure, path)
    return {"structures": rows, "not_found": [{"name": n, "reason": why} for n, why in found.missing.items()],
            "warnings": list(found.warnings), "label": found.label}
