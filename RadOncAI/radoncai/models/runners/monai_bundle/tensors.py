"""Volumes as MONAI's image tensors and back: MONAI reads (i, j, k) in RAS, this library [k, j, i] in LPS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from radoncai.core.errors import ModelError
from radoncai.core.grid import Grid
from radoncai.core.resample import resample
from radoncai.core.volume import Volume

_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def image_tensor(volumes: Sequence[Volume], channel_first: bool) -> Any:
    """A MetaTensor as MONAI's image reader gives it: one image, or several on the first one's grid as channels."""
    import torch
    from monai.data import MetaTensor
    from monai.utils import MetaKeys, SpaceKeys
    first = volumes[0]
    planes = [_plane(first)] + [_plane(resample(v, first.grid)) for v in volumes[1:]]
    array = np.stack(planes) if channel_first or len(planes) > 1 else planes[0]
    affine = torch.from_numpy(_TO_RAS @ first.grid.index_to_lps)
    channel = 0 if array.ndim == 4 else float("nan")
    meta = {MetaKeys.ORIGINAL_AFFINE: affine.clone(), MetaKeys.SPATIAL_SHAPE: np.array(first.grid.shape[::-1]),
            MetaKeys.SPACE: SpaceKeys.RAS, MetaKeys.ORIGINAL_CHANNEL_DIM: channel}
    return MetaTensor(torch.from_numpy(array), affine=affine, meta=meta)


def _plane(volume: Volume) -> np.ndarray:
    return np.ascontiguousarray(np.transpose(volume.array, (2, 1, 0)), np.float32)


def grid_of(tensor: Any) -> Grid:
    """The grid of a MetaTensor (channels, i, j, k)."""
    return Grid(tuple(int(n) for n in tensor.shape[:0:-1]), _TO_RAS @ np.asarray(tensor.affine.cpu(), float))


def masks_of(pred: Any, labels: Mapping[int, str], background: bool, name: str) -> dict[str, np.ndarray]:
    """Label name to boolean [k, j, i] from (channels, i, j, k): a label map, or one channel a label.

    Channels that exclude each other (`background` is one of them) are decided by the largest, others at 0.5.
    """
    values = np.asarray(pred.detach().cpu())
    if len(values) == 1 and not background and len(labels) == 1:
        chosen = {label: values[0] > 0.5 for label in labels.values()}
    elif len(values) == 1:
        rounded = np.rint(values[0]).astype(np.int32)
        chosen = {label: rounded == number for number, label in labels.items()}
    elif max(labels) >= len(values):
        raise ModelError(f"The bundle {name} gives {len(values)} channels; its metadata name label {max(labels)}.")
    elif background:
        largest = values.argmax(axis=0)
        chosen = {label: largest == number for number, label in labels.items()}
    else:
        chosen = {label: values[number] > 0.5 for number, label in labels.items()}
    return {label: np.transpose(mask, (2, 1, 0)) for label, mask in chosen.items()}


def chances_of(pred: Any, grid: Grid, labels: Mapping[int, str]) -> dict[str, np.ndarray]:
    """Label name to probabilities [k, j, i]; empty where `pred` holds none, or not on this grid."""
    if pred.ndim != 4 or not pred.is_floating_point() or not grid_of(pred).same_as(grid, 0.1):
        return {}
    values = np.asarray(pred.detach().cpu())
    single = len(values) == 1 and len(labels) == 1
    if (not single and max(labels) >= len(values)) or values.min() < -1e-4 or values.max() > 1 + 1e-4:
        return {}
    return {label: np.transpose(values[0 if single else number], (2, 1, 0)) for number, label in labels.items()}
