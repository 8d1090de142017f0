"""ONNX files through onnxruntime, on the CPU; float32 in and out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models.catalogue import ModelFolder
from radoncai.models.engine.passes import mirrored_order
from radoncai.models.runners import warm
from radoncai.models.weights import checked

ENDING = ".onnx"
# files in `weights` that are no external data of an .onnx file
OTHERS = (ENDING, ".pt", ".pth", ".ts", ".json", ".yaml", ".yml")


class OnnxRunner:
    """A session of one model."""

    def __init__(self, session: object, weights: str, device: str) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self.weights = weights
        self.device = device

    def run(self, inputs: np.ndarray, progress: Progress) -> np.ndarray:
        """(channels, ...) float32 to (outputs, ...) float32."""
        return self.call(np.asarray(inputs)[None])[0]

    def call(self, batch: np.ndarray) -> np.ndarray:
        """The file's input as it stands to its first output."""
        batch = np.ascontiguousarray(batch, np.float32)
        try:
            return self._session.run(None, {self._input: batch})[0]
        except Exception as problem:
            reason = _first_line(problem)
            if "alloc" in reason.lower():
                raise PlatformError("Not enough memory to run the model; close other programs.") from problem
            raise ModelError(f"The model failed on an input of shape {batch.shape}: {reason}.") from problem


def open(folder: ModelFolder, device: str, name: str | None = None) -> OnnxRunner:
    """The model's .onnx file, or the named one of several, loaded now or before (`warm`).

    Raises ModelError where file or package is missing, PlatformError without CUDA.
    """
    return warm.opened_file(folder, ENDING, device, load, name)


def load(folder: ModelFolder, device: str, name: str) -> OnnxRunner:
    """One .onnx file, its hash checked. Raises ModelError, PlatformError."""
    path = checked(folder.path, name, folder.model.weights)
    session = _session(path, device, _companions(folder))
    used = "cuda" if session.get_providers()[0].startswith("CUDA") else "cpu"
    return OnnxRunner(session, folder.model.weights[name], used)


def misfits(folder: ModelFolder) -> list[str]:
    """What contradicts `model.json` in the channels of its .onnx files, or keeps one from being read: clauses."""
    spec = folder.model
    if spec.runner != "onnx" or spec.task not in ("contour", "image"):
        return []
    wanted, said = (len(spec.inputs), len(mirrored_order(spec))), []
    try:
        companions = _companions(folder)
        for name in (n for n in spec.weights if n.endswith(ENDING)):
            for there, want, side in zip(channels(folder.path / name, companions), wanted, ("in", "out"), strict=True):
                if there not in (None, want):
                    said.append(f"{folder.id}: {name} has {there} channels {side}, by model.json it would have {want}")
    except ModelError as problem:
        said.append(f"{folder.id}: {str(problem).rstrip('.')}")
    return said


def channels(path: Path, companions: dict[str, bytes] | None = None) -> tuple[int | None, int | None]:
    """Channels that a file takes and gives, None where they are free. Raises ModelError."""
    session = _session(path, "cpu", companions or {})
    sizes = [side[0].shape[1] if len(side[0].shape) > 3 else None
             for side in (session.get_inputs(), session.get_outputs())]
    return tuple(n if isinstance(n, int) else None for n in sizes)


def _session(path: Path, device: str, companions: dict[str, bytes]) -> object:
    """The network in memory; it reads no file but `path`, what else it needs is in `companions`."""
    try:
        import onnxruntime
    except ImportError:
        raise ModelError(f"{path.name} needs onnxruntime; pip install onnxruntime.") from None
    providers = _providers(onnxruntime.get_available_providers(), device)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        if companions:
            sizes = [len(content) for content in companions.values()]
            options.add_external_initializers_from_files_in_memory(list(companions), list(companions.values()), sizes)
        # from memory, so that the file itself cannot make onnxruntime open others
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=providers)
    except Exception as problem:
        raise ModelError(_why(path, _first_line(problem))) from problem


def _companions(folder: ModelFolder) -> dict[str, bytes]:
    """Weights kept beside .onnx files, only those that `model.json` vouches for. Raises ModelError."""
    names = [n for n in folder.model.weights if not n.endswith(OTHERS)]
    return {name: checked(folder.path, name, folder.model.weights).read_bytes() for name in names}


def cores() -> int:
    """Processor cores this process may use; OMP_NUM_THREADS lowers it."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(count, int(limit)) if limit.isdigit() and int(limit) > 0 else count


def _providers(available: list[str], device: str) -> list[str]:
    has_cuda = "CUDAExecutionProvider" in available
    if device == "cuda" and not has_cuda:
        raise PlatformError("onnxruntime has no CUDA here; choose --device cpu or install torch with CUDA.")
    first = ["CUDAExecutionProvider"] if has_cuda and device != "cpu" else []
    return [*first, "CPUExecutionProvider"]


def _why(path: Path, reason: str) -> str:
    if "external" in reason.lower() or "model_path" in reason:
        return f"{path} wants to read other files, for which model.json names no hash; ask who made it for one file."
    return f"{path} cannot be loaded ({reason}); install the model again."


def _first_line(problem: Exception) -> str:
    return (str(problem).strip() or type(problem).__name__).splitlines()[0]
