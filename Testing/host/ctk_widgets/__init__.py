"""The module `ctk`: stand-ins for the CTK widgets that panels use."""

from __future__ import annotations

import sys
import types

from ..registry import registry


def make_module() -> types.ModuleType:
    """Put the module `ctk` into `sys.modules`."""
    from ..dicom import qt_classes  # noqa: F401
    from . import choices, collapsible, numbers, paths  # noqa: F401

    module = types.ModuleType("ctk", "CTK as panels see it inside Slicer")
    module.__getattr__ = _find
    sys.modules["ctk"] = module
    return module


def _find(name: str):
    if name.startswith("ctk") and name in registry:
        return registry[name]
    raise AttributeError(f"module 'ctk' has no attribute '{name}' (on the host)")
