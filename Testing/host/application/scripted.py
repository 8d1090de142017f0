"""Scripted modules: load, open, reload, unload."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import slicer

from .module import Module

ROOT = Path(__file__).parents[3]
BUILT_IN = Path(__file__).parents[1] / "modules"
OURS = ("RadOncAI", "AutoContour", "DosePredict", "BodyComposition")


def load_module(name) -> Module:
    """Instantiate the module class of a file after the modules it depends on; imports no panel code."""
    path = _file_of(name)
    loaded = getattr(slicer.modules, path.stem.lower(), None)
    if loaded is not None:
        return loaded
    for folder in [path.parent] + [ROOT / ours for ours in OURS]:
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    python = _run(path)
    module = Module(path.stem, str(path))
    instance = getattr(python, path.stem)(module)
    for needed in module.dependencies:
        if not hasattr(slicer.modules, needed.lower()):
            load_module(needed)
    module.widgetRepresentationCreationEnabled = hasattr(python, path.stem + "Widget")
    setattr(slicer.modules, path.stem.lower(), module)
    setattr(slicer.modules, path.stem + "Instance", instance)
    if hasattr(instance, "setup"):
        instance.setup()
    _finish_start_up()
    return module


def _file_of(name) -> Path:
    path = Path(name)
    if path.suffix == ".py":
        return path.resolve()
    ours = ROOT / str(name) / f"{name}.py"
    if not ours.is_file():
        raise RuntimeError(f"the host has no module {name}")
    return ours


def _run(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    python = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = python
    spec.loader.exec_module(python)
    return python


def _finish_start_up() -> None:
    """`startupCompleted` comes once in the life of the application: whoever waited for it hears it now."""
    application = slicer.app
    if hasattr(application, "startupCompleted"):
        application.startupCompleted()
        application.startupCompleted.disconnect()


def enter_module(module):
    """Open a module's panel as a person does; the panel that was open is left. Returns the Python widget."""
    module = load_module(module) if isinstance(module, (str, Path)) else module
    slicer.util.mainWindow().moduleSelector().selectModule(module.name)
    return module.widgetRepresentation().self()


def reload_module(name: str):
    """The Reload button; returns the new Python widget."""
    module = getattr(slicer.modules, name.lower())
    module.widgetRepresentation().self().onReload()
    return module.widgetRepresentation().self()


def leave_application() -> None:
    """Quit, without ending the process: slots of `aboutToQuit`, then every module's cleanup."""
    slicer.app.aboutToQuit()
    slicer.util.mainWindow().moduleSelector()._selected = ""
    for module in [m for m in vars(slicer.modules).values() if isinstance(m, Module) and m.path]:
        slicer.app.moduleManager().moduleAboutToBeUnloaded(module.name)
        if Path(module.path).parent == BUILT_IN:
            continue
        for entry in (module.name.lower(), module.name + "Instance", module.name + "Widget"):
            if hasattr(slicer.modules, entry):
                delattr(slicer.modules, entry)
