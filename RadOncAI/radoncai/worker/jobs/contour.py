"""`contour`: one model on one image, masks back as cropped arrays."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from radoncai.contour.job import contour
from radoncai.contour.write import provenance
from radoncai.dicom.labels import write_seg_nrrd
from radoncai.models.catalogue import find
from radoncai.worker.image import read_image
from radoncai.worker.model import in_short
from radoncai.worker.protocol import field, optional
from radoncai.worker.structures import structures_to_json
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image, model, structures (null: all), device, override; `keep` also writes structures.seg.nrrd."""
    request, progress = work.request, work.progress
    folder = find(field(request, "model", str))
    wanted = optional(request, "structures", list)
    progress.step("reading the image")
    image = read_image(request, work.folder)
    found = contour(image.volume, folder, structures=wanted, device=optional(request, "device", str) or "auto",
                    progress=progress, override=bool(request.get("override")))
    progress.step("handing the contours over")
    result = {"structures": structures_to_json(found.structures, image, work.folder),
              "not_found": [{"name": n, "reason": why} for n, why in found.structures.missing.items()],
              "model": in_short(folder, found.weights), "warnings": list(found.warnings),
              "provenance": asdict(provenance([found], image.volume, {"structures": wanted or "all"})),
              "device": found.device, "seconds": found.seconds, "seg_file": None}
    if request.get("keep"):
        progress.step("writing files")
        result["seg_file"] = write_seg_nrrd(found.structures, work.folder / "structures.seg.nrrd").name
    return result
