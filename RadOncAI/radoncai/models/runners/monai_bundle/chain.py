"""A bundle's own steps around its network, run on images in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from radoncai.core.errors import ModelError, PlatformError, RadOncAIError
from radoncai.core.progress import Progress
from radoncai.models.runners.torch import is_out_of_memory

IMAGE, PRED = "image", "pred"
PREPARING, RUNNING, BACK = "preparing the image", "running the model", "bringing the contours to the image"
# steps that turn probabilities into labels, and steps that want labels
_DECIDING = ("AsDiscrete", "KeepLargest", "FillHoles", "RemoveSmall", "LabelFilter", "LabelToContour")


def steps_of(chain: Any) -> list[Any]:
    """The single steps of a Compose, a list or one step; a lazy Compose stays whole, for it works only so."""
    if chain is None:
        return []
    if isinstance(chain, (list, tuple)):
        return list(chain)
    return list(chain.transforms) if type(chain).__name__ == "Compose" and not chain.lazy else [chain]


def is_deciding(step: Any) -> bool:
    return type(step).__name__.startswith(_DECIDING)


def inverts(steps: Iterable[Any]) -> bool:
    """Whether the bundle itself brings its result back to the image's grid."""
    return any(type(step).__name__.startswith("Invert") for step in steps)


def run_steps(data: dict[str, Any], steps: Iterable[Any], name: str, progress: Progress, said: str) -> dict[str, Any]:
    """`data` after the steps. Raises ModelError that names the step, PlatformError, Cancelled."""
    steps = list(steps)
    for number, step in enumerate(steps):
        progress.step(said, number / len(steps))
        data = guarded(lambda step=step, data=data: step(data), name, f"step {type(step).__name__}")
    return data


def infer(image: Any, inferer: Any, network: Any, device: str, name: str, progress: Progress) -> Any:
    """The network's answer (channels, i, j, k) on the prepared image, tile by tile where the bundle says so."""
    import torch
    from monai.data import MetaTensor
    total, done = _tiles(image.shape[1:], inferer), 0

    def tile(batch: Any, *others: Any, **more: Any) -> Any:
        nonlocal done
        progress.step(RUNNING, min(1.0, done / total))
        done += len(batch)
        out = network(batch, *others, **more)
        return out[0] if isinstance(out, (list, tuple)) else out

    def run() -> Any:
        with torch.inference_mode():
            return inferer(image[None].to(device), tile)[0]
    progress.step(RUNNING)
    answer = guarded(run, name, "network")
    plain = torch.as_tensor(answer).detach().clone()
    return MetaTensor(plain.to(image.device), meta=dict(image.meta), applied_operations=image.applied_operations)


def guarded(run: Callable[[], Any], name: str, what: str) -> Any:
    """What `run` gives; what goes wrong in the bundle's own steps becomes one sentence."""
    import torch
    try:
        return run()
    except RadOncAIError:
        raise
    except Exception as problem:
        cause = _innermost(problem)
        if isinstance(cause, torch.OutOfMemoryError) or is_out_of_memory(cause):
            raise PlatformError(f"Not enough memory for the {what} of {name}; close other programs, crop the image or "
                                "choose --device cpu.") from problem
        reason = (str(cause).strip() or type(cause).__name__).splitlines()[0]
        raise ModelError(f"The {what} of the bundle {name} failed on this image ({reason}); "
                         "ask who made the bundle.") from problem


def _innermost(problem: BaseException) -> BaseException:
    """MONAI wraps the error of a step; the innermost one says what was wrong."""
    while problem.__cause__ is not None:
        problem = problem.__cause__
    return problem


def _tiles(size: tuple[int, ...], inferer: Any) -> int:
    """About how many tiles there will be, for the progress."""
    roi = getattr(inferer, "roi_size", None)
    if roi is None:
        return 1
    roi = np.broadcast_to(np.asarray(roi, float), len(size))
    roi = np.where(roi > 0, np.minimum(roi, size), size)
    overlap = np.broadcast_to(np.asarray(getattr(inferer, "overlap", 0.25), float), len(size))
    return int(np.prod(np.ceil((np.asarray(size) - roi) / np.maximum(1, roi * (1 - overlap))) + 1))
