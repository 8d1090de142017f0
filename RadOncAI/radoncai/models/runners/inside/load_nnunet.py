"""A trained nnU-Net folder in memory, inside its private environment: plans as data, checkpoints with weights_only."""

from __future__ import annotations

import importlib.util
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serve import Refused

NETWORKS = "dynamic_network_architectures."
LAYERS = "torch.nn."


@dataclass
class Stage:
    """One configuration with the weights of its folds."""

    predictor: object
    parameters: list
    device: str

    @property
    def labels(self) -> object:
        return self.predictor.label_manager

    def passes(self, mirror: bool) -> int:
        axes = self.predictor.allowed_mirroring_axes if mirror else None
        return len(self.parameters) * 2 ** len(axes or ())


def load(request: dict) -> list[Stage]:
    """The stages of a request, in order. Raises Refused."""
    import torch

    device = request["device"]
    if device == "cuda" and not torch.cuda.is_available():
        raise Refused("platform", "nnU-Net's environment finds no CUDA device; choose --device cpu.")
    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    return [load_stage(stage, place, request["trusted"]) for stage in request["stages"]]


def load_stage(stage: dict, device: str, trusted: bool) -> Stage:
    import torch
    from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    folder = Path(stage["folder"])
    dataset = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    plans = PlansManager(json.loads((folder / "plans.json").read_text(encoding="utf-8")))
    checkpoints = [read(folder / f"fold_{fold}" / stage["checkpoint"], trusted) for fold in stage["folds"]]
    first = checkpoints[0]
    configuration = plans.get_configuration(first["init_args"]["configuration"])
    check_names(configuration, folder)
    channels = determine_num_input_channels(plans, configuration, dataset)
    heads = plans.get_label_manager(dataset).num_segmentation_heads
    build = builder(first["trainer_name"], stage.get("code"))
    network = build(plans, configuration, channels, heads)
    parameters = [weights(c) for c in checkpoints]
    try:
        for one in parameters:
            network.load_state_dict(one)
    except RuntimeError:
        raise Refused("model", f"The weights in {folder} do not fit the network of its plans: the trainer "
                               f"{first['trainer_name']} changes it; put the .py file of the trainer into the model's "
                               "folder and install it again.") from None
    predictor = predictor_class()(use_mirroring=False, device=torch.device(device), allow_tqdm=False)
    predictor.manual_initialization(network, plans, configuration, parameters, dataset, first["trainer_name"],
                                    first.get("inference_allowed_mirroring_axes"))
    return Stage(predictor, parameters, device)


def read(path: Path, trusted: bool) -> dict:
    """A checkpoint's content. Without `trusted` nothing but tensors, numbers and texts is read. Raises Refused."""
    import torch

    torch.serialization.add_safe_globals(numbers())
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:
        if "weights_only" not in str(problem).lower() and "unsupported" not in str(problem).lower():
            raise Refused("model", f"The checkpoint {path} cannot be read; install the model again.") from problem
    if not trusted:
        raise Refused("model", f"The checkpoint {path} holds more than weights, which could be a program.", "pickle")
    return torch.load(path, map_location="cpu", weights_only=False)


def numbers() -> list:
    """What numpy's scalars and arrays are made of, under their names of numpy 1 and 2: data, no code."""
    import numpy as np
    from numpy._core import multiarray

    found: list = [np.ndarray, np.dtype, *{type(np.dtype(t)) for t in ("f8", "f4", "f2", "i8", "i4", "u8", "u1", "?")}]
    for name in ("scalar", "_reconstruct"):
        function = getattr(multiarray, name)
        found += [(function, f"numpy.{core}.multiarray.{name}") for core in ("core", "_core")]
    return found


def weights(checkpoint: dict) -> dict:
    return {k.removeprefix("module.").removeprefix("_orig_mod."): v for k, v in checkpoint["network_weights"].items()}


def check_names(configuration: object, folder: Path) -> None:
    """The plans name classes that are imported: only networks and layers may be. Raises Refused."""
    arguments = configuration.network_arch_init_kwargs
    named = [arguments[key] for key in configuration.network_arch_init_kwargs_req_import if arguments[key] is not None]
    wrong = [n for n in named if not str(n).startswith(LAYERS)]
    if not str(configuration.network_arch_class_name).startswith(NETWORKS):
        wrong.insert(0, configuration.network_arch_class_name)
    if wrong:
        raise Refused("model", f"{folder / 'plans.json'} names {wrong[0]}, which is no network or layer that is known "
                               "to be harmless; it was not loaded.")


def builder(trainer: str, code: str | None) -> Callable:
    """How the trainer builds its network: as the plans say, unless its class does otherwise."""
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    found = from_file(code, trainer) if code else from_package(trainer)
    build = (found or nnUNetTrainer).build_network_architecture
    if "plans_manager" in inspect.signature(build).parameters:
        return lambda plans, configuration, channels, heads: build(plans, configuration, channels, heads,
                                                                   enable_deep_supervision=False)
    return lambda plans, configuration, channels, heads: build(
        configuration.network_arch_class_name, configuration.network_arch_init_kwargs,
        configuration.network_arch_init_kwargs_req_import, channels, heads, enable_deep_supervision=False)


def from_package(trainer: str) -> type | None:
    """One of nnU-Net's own trainers; None where it has none of the name or cannot import it here."""
    from nnunetv2.training.nnUNetTrainer import nnUNetTrainer as home

    folder = Path(home.__file__).parent
    for file in sorted(folder.rglob("*.py")):
        if f"class {trainer}(" in file.read_text(encoding="utf-8"):
            name = ".".join(file.relative_to(folder).with_suffix("").parts)
            try:
                return getattr(importlib.import_module(f"nnunetv2.training.nnUNetTrainer.{name}"), trainer)
            except ImportError:
                return None
    return None


def from_file(code: str, trainer: str) -> type:
    """A trainer that the model brings; only called once a person agreed to it."""
    spec = importlib.util.spec_from_file_location("model_trainer", code)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, trainer)


def predictor_class() -> type:
    """nnU-Net's predictor that says after each tile how far it is."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    class Predictor(nnUNetPredictor):
        def begin(self, report: Callable, step: str, members: int) -> None:
            self._report, self._step, self._members, self._done, self._tiles = report, step, members, 0, 1

        def _internal_get_sliding_window_slicers(self, image_size: tuple) -> list:
            slicers = super()._internal_get_sliding_window_slicers(image_size)
            self._tiles = len(slicers) * self._members
            return slicers

        def _internal_maybe_mirror_and_predict(self, x: object) -> object:
            out = super()._internal_maybe_mirror_and_predict(x)
            self._done += 1
            self._report(self._step, min(1.0, self._done / self._tiles))
            return out

    return Predictor
