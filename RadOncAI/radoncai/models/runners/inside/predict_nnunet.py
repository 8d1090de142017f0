"""One image through nnU-Net's own predictor, inside its private environment. A job of `serve.py`.

The same steps in the same order as nnU-Net's `predict_single_npy_array`, so the labels are the same; what differs:
checkpoints are read with weights_only, and each class comes back to the image's grid alone, so that memory does not
grow with their number.
"""

from __future__ import annotations

import numpy as np
from load_nnunet import Stage, load

UNSURE = (0.2, 0.8)
SLAB = 8
_kept: dict[str, list[Stage]] = {}


def run(request: dict, report: object) -> dict:
    """Fields: array_folder, stages (folder, folds, checkpoint, code), key, spacing, device, mirror, uncertainty, names,
    trusted. The image (channels, k, j, i) float32 lies in image.npy.

    `names` are the places of the wanted classes or regions in the order of dataset.json, background not counted.
    Answers `arrays` (mask of each place that was found, cropped; entropy), `boxes`, `shares`, `entropies`, `device`.
    """
    folder = request["array_folder"]
    report("loading the model", 0.0)
    if request["key"] not in _kept:
        _kept.clear()
        _kept[request["key"]] = load(request)
    stages = _kept[request["key"]]
    image = np.load(f"{folder}/image.npy", mmap_mode="r")
    before, labels = None, None
    for number, stage in enumerate(stages):
        step = "running the model" if number == len(stages) - 1 else "running the first stage"
        logits, chances, properties = predict(stage, image, request, before, report, step)
        if number < len(stages) - 1:
            before = labelled(stage, logits, properties)[None].astype(np.float32)
    report("bringing the contours to the image", 0.0)
    stage = stages[-1]
    places = request["names"]
    shares, sums = certainty(stage, logits, chances, places, request["uncertainty"])
    arrays, boxes = {}, {}
    if stage.labels.has_regions:
        masks = ((p, region(stage, logits, properties, p)) for p in places)
    else:
        labels = labelled(stage, logits, properties)
        masks = ((p, labels == stage.labels.foreground_labels[p]) for p in places)
    for done, (place, mask) in enumerate(masks):
        report("bringing the contours to the image", done / len(places))
        box = bounding_box(mask)
        if box is not None:
            boxes[place] = [[b.start, b.stop] for b in box]
            arrays[f"mask_{place}"] = f"mask_{place}.npy"
            np.save(f"{folder}/mask_{place}.npy", np.ascontiguousarray(mask[box]))
    if request["uncertainty"]:
        arrays["entropy"] = "entropy.npy"
        entropy = on_image(stage, sums["map"][None], properties)
        np.save(f"{folder}/entropy.npy", np.clip(np.rint(255 * entropy), 0, 255).astype(np.uint8))
    return {"arrays": arrays, "boxes": boxes, "shares": shares, "entropies": sums["mean"], "device": stage.device,
            "passes": stage.passes(request["mirror"]),
            "mirrored": stage.passes(request["mirror"]) > stage.passes(False)}


def predict(stage: Stage, image: np.ndarray, request: dict, before: np.ndarray | None, report: object,
            step: str) -> tuple:
    """Mean logits over the folds, mean probabilities over several folds where asked for, and nnU-Net's properties."""
    import torch

    predictor = stage.predictor
    report("preparing the image", 0.0)
    preprocessor = predictor.configuration_manager.preprocessor_class(verbose=False)
    data, seg, properties = preprocessor.run_case_npy(np.asarray(image), before, {"spacing": request["spacing"]},
                                                      predictor.plans_manager, predictor.configuration_manager,
                                                      predictor.dataset_json)
    if before is not None:
        from nnunetv2.utilities.label_handling.label_handling import convert_labelmap_to_one_hot

        data = np.vstack((data, convert_labelmap_to_one_hot(seg[0], stage.labels.foreground_labels, data.dtype)))
    data = torch.from_numpy(data)
    predictor.use_mirroring = bool(request["mirror"])
    predictor.begin(report, step, len(stage.parameters))
    logits, chances = None, None
    spread = request["uncertainty"] and len(stage.parameters) > 1
    with torch.inference_mode():
        for parameters in stage.parameters:
            predictor.list_of_parameters = [parameters]
            one = predictor.predict_logits_from_preprocessed_data(data).cpu()
            if spread:
                chance = stage.labels.apply_inference_nonlin(one).half()
                chances = chance if chances is None else chances.add_(chance)
            logits = one if logits is None else logits.add_(one)
        if len(stage.parameters) > 1:
            logits /= len(stage.parameters)
        if spread:
            chances /= len(stage.parameters)
    report(step, 1.0)
    return logits, chances, properties


def resampled(stage: Stage, channels: object, properties: dict) -> object:
    """(1, k, j, i) from the network's grid to the cropped image's."""
    predictor = stage.predictor
    forward, configuration = predictor.plans_manager.transpose_forward, predictor.configuration_manager
    shape = properties["shape_after_cropping_and_before_resampling"]
    spacing = [properties["spacing"][i] for i in forward]
    current = configuration.spacing
    if len(current) != len(shape):
        current = [spacing[0], *current]
    return configuration.resampling_fn_probabilities(channels, shape, current, spacing)


def whole(stage: Stage, part: np.ndarray, properties: dict) -> np.ndarray:
    """The cropped image's voxels in the whole image, axes in the image's order."""
    out = np.zeros(properties["shape_before_cropping"], part.dtype)
    out[tuple(slice(*b) for b in properties["bbox_used_for_cropping"])] = part
    return out.transpose(stage.predictor.plans_manager.transpose_backward)


def on_image(stage: Stage, channels: np.ndarray, properties: dict) -> np.ndarray:
    return whole(stage, np.asarray(resampled(stage, channels, properties)[0]), properties)


def labelled(stage: Stage, logits: object, properties: dict) -> np.ndarray:
    """The label of the largest logit, the first of equal ones, as argmax over all classes at once would give it."""
    labels = stage.labels
    if labels.has_regions:
        out = None
        for place, value in enumerate(labels.regions_class_order):
            mask = region(stage, logits, properties, place)
            out = np.zeros(mask.shape, np.uint8) if out is None else out
            out[mask] = value
        return out
    best, label = None, None
    for channel, value in enumerate(labels.all_labels):
        here = np.asarray(resampled(stage, logits[channel:channel + 1], properties)[0])
        if best is None:
            best, label = here.copy(), np.zeros(here.shape, np.uint8 if max(labels.all_labels) < 256 else np.uint16)
        else:
            wins = here > best
            best[wins], label[wins] = here[wins], value
    return whole(stage, label, properties)


def region(stage: Stage, logits: object, properties: dict, place: int) -> np.ndarray:
    """Where a region is likelier than not."""
    here = resampled(stage, logits[place:place + 1], properties)
    chance = np.asarray(stage.labels.apply_inference_nonlin(here)[0])
    return whole(stage, chance > 0.5, properties)


def certainty(stage: Stage, logits: object, chances: object, places: list[int], entropy: bool) -> tuple[dict, dict]:
    """On the network's grid: share of unsure voxels a class, and with `entropy` its mean and the map of the largest.

    In slabs, so that no second copy of all classes is made. Entropy is that of being inside or not, in bits.
    """
    first = 0 if stage.labels.has_regions else 1
    count = {p: [0, 0, 0.0] for p in places}
    largest = np.zeros(logits.shape[1:], np.float32) if entropy else None
    for start in range(0, logits.shape[1], SLAB):
        part = np.s_[:, start:start + SLAB]
        each = stage.labels.apply_inference_nonlin(logits[part]) if chances is None else chances[part].float()
        winner = None if stage.labels.has_regions else each.argmax(0).numpy()
        for p in places:
            chance = each[p + first].numpy()
            inside = chance > 0.5 if winner is None else winner == p + first
            count[p][0] += int(np.count_nonzero((chance > UNSURE[0]) & (chance < UNSURE[1])))
            count[p][1] += int(np.count_nonzero(inside))
            if entropy:
                bits = binary_entropy(chance)
                count[p][2] += float(bits[inside].sum())
                np.maximum(largest[start:start + SLAB], bits, out=largest[start:start + SLAB])
    shares = {p: round(unsure / max(1, inside), 4) for p, (unsure, inside, _) in count.items()}
    means = {p: round(bits / max(1, inside), 4) for p, (_, inside, bits) in count.items()} if entropy else {}
    return shares, {"mean": means, "map": largest}


def binary_entropy(chance: np.ndarray) -> np.ndarray:
    """Bits, 0 to 1."""
    p = np.clip(chance, 1e-6, 1 - 1e-6)
    return (-(p * np.log2(p) + (1 - p) * np.log2(1 - p))).astype(np.float32)


def bounding_box(mask: np.ndarray) -> tuple[slice, ...] | None:
    out = []
    for axis in range(mask.ndim):
        where = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        if not len(where):
            return None
        out.append(slice(int(where[0]), int(where[-1]) + 1))
    return tuple(out)


