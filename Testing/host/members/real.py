"""What the real classes define: Qt in PySide6, MRML and VTK in slicer-core, `slicer.util` in its own file."""

from __future__ import annotations

import inspect
import re
from functools import cache

from .table import Row

FOLDERS = {
    "MRMLCore": "Libs/MRML/Core",
    "MRMLLogic": "Libs/MRML/Logic",
    "MRMLDisplayableManager": "Libs/MRML/DisplayableManager",
    "vtkSegmentationCore": "Libs/vtkSegmentationCore",
    "vtkSlicerBaseLogic": "Base/Logic",
    "vtkAddon": "vtkAddon",
}
MODULE = re.compile(r"vtkSlicer(\w+)Module(MRML|Logic|VTKWidgets|MRMLDisplayableManager)")


@cache
def real_class(name: str):
    """The class of that name in slicer-core, VTK or PySide6; None for anything else."""
    if name == "slicer.util":
        import slicer.util

        return slicer.util
    if name.startswith("vtk"):
        import slicer
        import vtk

        return getattr(slicer, name, None) or getattr(vtk, name, None)
    return getattr(_qt(), name, None) if name.startswith("Q") else None


def _qt():
    import host

    host.start()
    import qt

    return qt


@cache
def candidates(member: str) -> tuple[str, ...]:
    """Classes that a member of unknown owner may belong to, likely ones first: VTK's methods are capitalised."""
    if not member[:1].isupper():
        from PySide6 import QtCore, QtGui, QtWidgets

        every = (name for source in (QtWidgets, QtGui, QtCore) for name in dir(source) if name.startswith("Q"))
        return ("QAction", "QFont", "QLabel", "QTableWidget", "QTreeWidgetItem", "QHeaderView", "QWidget", "QPalette",
                *every)  # fmt: skip
    import slicer

    plain = ("vtkImageData", "vtkPointData", "vtkMatrix4x4", "vtkTable", "vtkRenderWindow", "vtkTextActor",
             "vtkTextProperty", "vtkCoordinate", "vtkRendererCollection", "vtkRenderer", "vtkStringArray",
             "vtkMRMLMarkupsDisplayNode", "vtkMRMLMarkupsNode")  # fmt: skip
    nodes = [n for n in dir(slicer) if n.startswith(("vtkMRML", "vtkSeg", "vtkOriented", "vtkSlicer"))]
    return (*plain, *(name for name in nodes if "Annotation" not in name))


def definer(name: str, member: str) -> str:
    """The class in the ancestry of `name` that defines the member (or Qt signal `f(int)`); "" when none does."""
    cls = real_class(name)
    if cls is None:
        return ""
    if not inspect.isclass(cls):
        return name if hasattr(cls, member) else ""
    if "(" in member:
        from ..strict import own_signals

        return next((base.__name__ for base in reversed(cls.__mro__) if member in own_signals.get(base, ())), "")
    bases = [base for base in cls.__mro__ if base is not object and base.__name__ not in ("object", "Object")]
    if name.startswith("Q"):  # enumerators are found through the metaclass
        return next((base.__name__ for base in reversed(bases) if hasattr(base, member)), "")
    return next((base.__name__ for base in reversed(bases) if member in vars(base)), "")


def row(cls: str, member: str) -> Row | None:
    """The table's row of a member that the real class of that name has; None when it has not."""
    if not member:
        return Row(cls, "", "class", source(cls)) if real_class(cls) is not None else None
    owner = definer(cls, member)
    return Row(owner, member, kind(owner, member), source(owner)) if owner else None


def kind(cls: str, member: str) -> str:
    if "(" in member:
        return "signal"
    if cls == "slicer.util":
        return "class" if inspect.isclass(getattr(real_class(cls), member)) else "function"
    found = inspect.getattr_static(real_class(cls), member, None)
    if type(found).__name__ in ("QtProperty", "_ObjectName"):
        return "property"
    if type(found).__name__ == "Signal":
        return "signal"
    if callable(found) or isinstance(found, staticmethod | classmethod):
        return "class" if inspect.isclass(found) else "method"
    return "value"


def source(cls: str) -> str:
    """The file that declares the class, as far as the name of its library tells."""
    found = real_class(cls)
    if cls == "slicer.util":
        return "Slicer: Base/Python/slicer/util.py"
    if cls.startswith("Q"):
        return f"Qt: {found.__module__.removeprefix('PySide6.')}/{cls}"
    library = found.__module__.removeprefix("slicer_core.").removesuffix("Python")
    if found.__module__.startswith("vtkmodules"):
        return f"VTK: {library.removeprefix('vtkmodules.vtk')}/{cls}.h"
    module = MODULE.match(library)
    folder = f"Modules/Loadable/{module[1]}/{module[2]}" if module else FOLDERS.get(library, library)
    return f"Slicer: {folder}/{cls}.h"
