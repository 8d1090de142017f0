"""Can a model run here and now? Answered without loading anything heavy."""

from __future__ import annotations

import importlib.util
from importlib import import_module

from radoncai.models import agreements
from radoncai.models.catalogue import ModelFolder

# runner: packages this Python needs, as pip takes them, and the name that `radoncai install` knows them by
PACKAGES = {"onnx": ({"onnxruntime": "onnxruntime>=1.20"}, ""),
            "torch": ({"torch": "torch>=2.6"}, "torch"),
            "torchscript": ({"torch": "torch>=2.6"}, "torch"),
            "monai_bundle": ({"torch": "torch>=2.6", "monai": "monai>=1.5"}, "monai")}
ENVIRONMENTS = ("nnunet", "totalsegmentator")


def why_not(folder: ModelFolder) -> str:
    """Why a model cannot run now, in one sentence that names what to do; "" where it can."""
    runner = folder.model.runner
    if importlib.util.find_spec(f"radoncai.models.runners.{runner}") is None:
        return f"It needs the runner {runner}, which this version does not have."
    missing = [name for name in folder.model.weights if not (folder.path / name).is_file()]
    if missing:
        return f"Its weights {', '.join(missing)} are missing; install it again."
    if name := install(folder):
        return f"It needs {name}, which is not installed; radoncai install {name} brings it."
    if packages := missing_packages(runner):
        return f"It needs {', '.join(packages)}, which is not installed."
    own = getattr(import_module(f"radoncai.models.runners.{runner}"), "why_not", None)
    return own(folder) if own else ""


def not_agreed(folder: ModelFolder) -> str:
    """That a person must agree to the model's code before it runs, "" where nobody must; a panel asks by itself."""
    if all(a.kind != "code" for a in agreements.needed(folder)):
        return ""
    return f"It brings a program that nobody agreed to yet; radoncai models agree {folder.id}."


def install(folder: ModelFolder) -> str:
    """What `radoncai install` must bring before the model can run, "" for nothing."""
    runner = folder.model.runner
    if runner in ENVIRONMENTS:
        from radoncai.models.install import environments
        return "" if environments.installed(runner) else runner
    return PACKAGES[runner][1] if missing_packages(runner) else ""


def missing_packages(runner: str) -> list[str]:
    """Requirements of a runner, as pip takes them, that this Python lacks."""
    packages = PACKAGES.get(runner, ({}, ""))[0]
    return [text for name, text in packages.items() if importlib.util.find_spec(name) is None]
