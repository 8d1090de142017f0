"""`contour`: one model, or all models of a preset, on the images of one patient; masks back as cropped arrays."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from radoncai.contour.images.placed import PLANNING, Placed
from radoncai.contour.job import ContourResult
from radoncai.contour.presets.choose import Choice, Share, choose, refuse_empty
from radoncai.contour.presets.preset import load_preset
from radoncai.contour.several import Images, run_shares
from radoncai.contour.write import least_sure, merged, provenance
from radoncai.dicom.masks.labels import write_seg_nrrd
from radoncai.models.catalogue import find
from radoncai.models.options import RunOptions
from radoncai.worker.arrays import save_array
from radoncai.worker.further_images import placed_images
from radoncai.worker.image import Image, read_image
from radoncai.worker.model import in_short
from radoncai.worker.protocol import field, optional
from radoncai.worker.structures import structures_to_json
from radoncai.worker.words import for_panel
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image, model or preset, structures (null: all), images, device, override, flips, uncertainty; `keep` also
    writes structures.seg.nrrd."""
    request, progress = work.request, work.progress
    name = optional(request, "preset", str)
    preset = load_preset(name) if name else None
    folder = None if preset else find(field(request, "model", str))
    wanted = optional(request, "structures", list)
    options = RunOptions(optional(request, "device", str) or "auto", bool(request.get("flips")),
                         bool(request.get("uncertainty")), bool(request.get("override")))
    progress.step("reading the image")
    image = read_image(request, work.folder)
    images = Images(Placed(PLANNING, image.volume), placed_images(request, image.volume, work.folder))
    choice = choose(preset, images.planning, images.others, wanted=wanted, override=options.override) if preset else \
        Choice((Share(folder, tuple(wanted) if wanted is not None else None),))
    if preset:
        refuse_empty(choice, preset)
    results = run_shares(choice.shares, images, progress, options)
    progress.step("handing the contours over")
    structures = merged(results, (), choice if preset else None)
    asked = {"structures": wanted or "all", "flips": options.flips, "uncertainty": options.uncertainty}
    record = provenance(results, image.volume, {**asked, "preset": preset.described} if preset else asked, choice)
    missing = [{"name": n, "reason": for_panel(why)} for n, why in structures.missing.items()]
    models = [in_short(r.model, r.weights) for r in results]
    model = models[0] if preset is None else {"name": preset.name, "title": preset.title, "version": "", "weights": "",
                                              "preset": True}
    result = {"structures": structures_to_json(structures, image, work.folder),
              "not_found": [m for m in missing if m["name"] not in structures.unavailable],
              "not_available": [m for m in missing if m["name"] in structures.unavailable],
              "install": list(choice.install), "model": model, "models": models,
              "warnings": list(record.warnings), "provenance": asdict(record), "device": results[0].device,
              "entropy": _entropy(results, image, work.folder), "seconds": record.seconds, "seg_file": None}
    if request.get("keep"):
        progress.step("writing files")
        result["seg_file"] = write_seg_nrrd(structures, work.folder / "structures.seg.nrrd").name
    return result


def _entropy(results: list[ContourResult], image: Image, folder: Path) -> dict[str, str] | None:
    """How unsure the models are of each voxel, in the request's own axes."""
    chart = least_sure(results, image.volume)
    return None if chart is None else {"array": save_array(folder, "entropy.npy", image.turn.undo(chart))}
