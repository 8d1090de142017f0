"""One image through TotalSegmentator's own function, inside its private environment. A job of `serve.py`.

What differs from calling it plainly: checkpoints are read with weights_only, plans may name networks and layers only,
everything runs in this process (no pools that die silently), and each tile is reported.
"""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
from load_nnunet import LAYERS, NETWORKS, numbers
from predict_nnunet import bounding_box
from serve import Refused

_patched = []


def run(request: dict, report: object) -> dict:
    """Fields: array_folder, affine (16 numbers, index to RAS mm), task, mode, subset (classes or null), device,
    labels (the wanted ones), parts (how many networks will run). The image [i, j, k] lies in image.npy.

    Answers `arrays` (mask of each label found, cropped), `boxes`, `device`.
    """
    import torch

    report("loading the model", 0.0)
    patch(request["parts"], report)
    from totalsegmentator.python_api import totalsegmentator

    if request["device"] == "cuda" and not torch.cuda.is_available():
        raise Refused("platform", "TotalSegmentator's environment finds no CUDA device; choose --device cpu.")
    place = "gpu" if request["device"] != "cpu" and torch.cuda.is_available() else "cpu"
    folder = request["array_folder"]
    affine = np.array(request["affine"], float).reshape(4, 4)
    image = nibabel.Nifti1Image(np.load(f"{folder}/image.npy"), affine)
    try:
        done = totalsegmentator(image, None, ml=True, task=request["task"], fast=request["mode"] == "fast",
                                fastest=request["mode"] == "fastest", roi_subset=request["subset"], device=place,
                                quiet=True, nr_thr_resamp=1, nr_thr_saving=1, skip_saving=True)
    except SystemExit:
        raise Refused("model", f"TotalSegmentator's task {request['task']} needs a licence number; enter it with "
                               "totalseg_set_license -l NUMBER.") from None
    report("bringing the contours to the image", 0.0)
    labels = np.asarray(done.dataobj)
    arrays, boxes = {}, {}
    for number in request["labels"]:
        mask = labels == number
        if (box := bounding_box(mask)) is not None:
            boxes[number] = [[b.start, b.stop] for b in box]
            arrays[f"mask_{number}"] = f"mask_{number}.npy"
            np.save(f"{folder}/mask_{number}.npy", np.ascontiguousarray(mask[box]))
    return {"arrays": arrays, "boxes": boxes, "device": "cuda" if place == "gpu" else "cpu"}


def patch(parts: int, report: object) -> None:
    """Once: safe loading and everything in this process. Each time: whom to report to."""
    import torch
    import totalsegmentator.nnunet  # noqa: F401, it patches nnU-Net itself when it is imported
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities import get_network_from_plans as plans

    if not _patched:
        torch.serialization.add_safe_globals(numbers())
        torch.load = only_weights(torch.load)
        plans.pydoc = OnlyNetworks(plans.pydoc)
        nnUNetPredictor.predict_from_files = in_this_process
        _patched.append(Tiles(nnUNetPredictor))
    _patched[0].begin(parts, report)


def only_weights(load: object) -> object:
    def call(file: object, *rest: object, **more: object) -> object:
        try:
            return load(file, *rest, **(more | {"weights_only": True}))
        except Exception as problem:
            if "weights_only" in str(problem).lower():
                raise Refused("model", f"The checkpoint {file} holds more than weights, which could be a program; it "
                                       "was not loaded.") from problem
            raise
    return call


class OnlyNetworks:
    """Stands for `pydoc` where nnU-Net looks up the classes that plans name."""

    def __init__(self, pydoc: object) -> None:
        self._pydoc = pydoc

    def locate(self, name: str) -> object:
        if not str(name).startswith((NETWORKS, LAYERS)):
            raise Refused("model", f"The plans name {name}, which is no network or layer that is known to be harmless; "
                                   "it was not loaded.")
        return self._pydoc.locate(name)


def in_this_process(self: object, source: object, target: object, save_probabilities: bool = False,
                    overwrite: bool = True, *rest: object, folder_with_segs_from_prev_stage: object = None,
                    **more: object) -> object:
    """Each file is named, because nnU-Net looks through a folder with forked processes, which hang beside threads."""
    ending = f"_0000{self.dataset_json['file_ending']}"
    cases = sorted(file.name.removesuffix(ending) for file in Path(source).glob(f"*{ending}"))
    images, masks = [[f"{source}/{case}{ending}"] for case in cases], [f"{target}/{case}" for case in cases]
    return self.predict_from_files_sequential(images, masks, save_probabilities, overwrite,
                                              folder_with_segs_from_prev_stage)


class Tiles:
    """Counts the tiles of one network after the other."""

    def __init__(self, predictor: type) -> None:
        self._parts, self._report, self._part, self._done, self._tiles = 1, None, 0, 0, 1
        slicers, tile = predictor._internal_get_sliding_window_slicers, predictor._internal_maybe_mirror_and_predict

        def counted(this: object, size: tuple) -> list:
            found = slicers(this, size)
            self._part, self._done, self._tiles = self._part + 1, 0, len(found)
            return found

        def reported(this: object, x: object) -> object:
            out = tile(this, x)
            self._done += 1
            whole = (self._part - 1 + min(1.0, self._done / self._tiles)) / max(self._parts, self._part)
            self._report("running the model", whole)
            return out
        predictor._internal_get_sliding_window_slicers = counted
        predictor._internal_maybe_mirror_and_predict = reported

    def begin(self, parts: int, report: object) -> None:
        self._parts, self._report, self._part = parts, report, 0
