"""A stand-in for what Slicer's application adds to its libraries, for tests and the preview; it never ships.

`start()` makes `import slicer, qt, ctk, vtk` look as panels expect: real MRML and logic classes (slicer-core), real Qt
(PySide6) with PythonQt's manners, and our own short CTK and qMRML widgets. `start_scene()` does without Qt."""

from __future__ import annotations

from pathlib import Path

from .errors import errors

__all__ = [
    "close_scene",
    "dicom_database",
    "enter_module",
    "errors",
    "grab",
    "leave_application",
    "load_module",
    "pump",
    "reload_module",
    "start",
    "start_scene",
    "wait_until",
]


def start_scene():
    """Scene, module logics and `slicer.util`, without Qt; returns `slicer`."""
    from .application.scene import start_scene

    return start_scene()


def start(main_window: bool = False):
    """Everything, once a process; `main_window` shows the window with the views. Returns `slicer`."""
    from .application.start import start

    return start(main_window)


def load_module(name):
    """Load a scripted module, by the name of one of ours or by its file, as the module manager does."""
    from .application.scripted import load_module

    return load_module(name)


def enter_module(module):
    """Leave the panel that is open and open this one; returns the module's Python widget."""
    from .application.scripted import enter_module

    return enter_module(module)


def reload_module(name: str):
    """What the Reload button does; returns the new Python widget."""
    from .application.scripted import reload_module

    return reload_module(name)


def leave_application() -> None:
    """What happens when a person quits: `aboutToQuit`, then every module is unloaded."""
    from .application.scripted import leave_application

    leave_application()


def close_scene() -> None:
    """File > Close scene."""
    from .application.scene import close_scene

    close_scene()


def dicom_database(folder):
    """Let `slicer.dicomDatabase` be an index of the DICOM files in a folder; returns it."""
    from .dicom import use_folder

    return use_folder(Path(folder))


def pump(seconds: float = 0.0) -> None:
    """Run the event loop for so long, at least once."""
    from .event_loop import pump

    pump(seconds)


def wait_until(condition, seconds: float = 10.0, what: str = "") -> None:
    """Run the event loop until the condition holds; TimeoutError otherwise."""
    from .event_loop import wait_until

    wait_until(condition, seconds, what)


def grab(widget, path=None):
    """A picture of a widget as numpy array (rows, columns, 3), written to `path` where given."""
    from .pictures import grab

    return grab(widget, path)
