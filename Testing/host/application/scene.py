"""The MRML scene with Slicer's application logic and module logics; no Qt here."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

from ..dicom import make_database
from ..quiet import quiet
from .core import CoreApplication
from .module import Module
from .subject_hierarchy import keep_items

STANDIN = Path(__file__).parents[1] / "standin"
COLOR_FILES = ("GenericColors.txt", "GenericAnatomyColors.txt")
LOGICS = json.loads(Path(__file__).with_name("logics.json").read_text())


def start_scene():
    """Set `slicer.mrmlScene`, `slicer.modules`, `slicer.app` once a process; returns `slicer`."""
    import slicer

    if hasattr(slicer, "mrmlScene"):
        return slicer
    import slicer.util

    slicer.__path__.append(str(STANDIN))
    sys.path.append(str(STANDIN.with_name("python")))
    slicer.modules = types.SimpleNamespace()
    with quiet():
        scene, logic = _application_scene(slicer)
        slicer.mrmlScene, slicer.app = scene, CoreApplication(logic)
        _module_logics(slicer, scene, logic)
    _let_archives_be_read(slicer, scene)
    keep_items(slicer, scene)
    slicer.dicomDatabase = make_database()
    return slicer


def _application_scene(slicer):
    """The order matters: application logic, colours, slice logics, factories, presets, crosshair."""
    from vtkmodules.vtkCommonCore import vtkCollection

    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetMRMLScene(scene)
    logic.GetColorLogic().SetMRMLScene(scene)
    logic.GetColorLogic().AddDefaultColorNodes()
    for name in COLOR_FILES:
        scene.AddNode(_color_file(slicer, name))
    logic.SetSliceLogics(vtkCollection())
    logic.SetViewLogics(vtkCollection())
    for kind in ("SliceView", "ThreeDView"):
        factory = getattr(slicer, f"vtkMRML{kind}DisplayableManagerFactory").GetInstance()
        factory.SetMRMLApplicationLogic(logic)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    return scene, logic


def _let_archives_be_read(slicer, scene) -> None:
    """A scene archive (.mrb) is unpacked into the cache folder of the scene's data manager."""
    cache, manager = slicer.vtkCacheManager(), slicer.vtkDataIOManager()
    cache.SetRemoteCacheDirectory(slicer.app.temporaryPath)
    cache.SetMRMLScene(scene)
    manager.SetCacheManager(cache)
    scene.SetCacheManager(cache)
    scene.SetDataIOManager(manager)


def _color_file(slicer, name: str):
    """A colour table under the id that Slicer's colour file has; random colours, as the file is Slicer's."""
    node = slicer.vtkMRMLColorTableNode()
    node.SetTypeToRandom()
    node.SetName(name.partition(".")[0])
    node.SetSingletonTag(f"File{name}")
    node.SaveWithSceneOff()
    return node


def _module_logics(slicer, scene, application) -> None:
    for name, class_name in LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLApplicationLogic(application)
        logic.SetMRMLScene(scene)
        application.SetModuleLogic(name, logic)
        setattr(slicer.modules, name.lower(), Module(name, logic=logic))


def close_scene() -> None:
    """Empty the scene; singletons such as colour tables and views stay."""
    import slicer

    slicer.mrmlScene.Clear(0)
    if "PySide6.QtCore" in sys.modules:
        from ..event_loop import pump

        pump()
