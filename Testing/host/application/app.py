"""slicer.app: qSlicerApplication, the names that panels and slicer.util use."""

from __future__ import annotations

import os

from PySide6.QtCore import Property, QObject, QSettings
from PySide6.QtWidgets import QApplication

from ..registry import stands_in
from ..signals import CppSignal
from .core import CoreApplication
from .module import Module


@stands_in
class qSlicerModuleManager(QObject):
    moduleAboutToBeUnloaded = CppSignal("QString")
    moduleLoaded = CppSignal("QString")

    def modulesNames(self) -> tuple[str, ...]:
        import slicer

        return tuple(m.name for m in vars(slicer.modules).values() if isinstance(m, Module))

    def module(self, name: str) -> Module | None:
        import slicer

        return getattr(slicer.modules, name.lower(), None)


@stands_in
class qSlicerExtensionsManagerModel(QObject):
    """No extension is ever installed here; what was asked for is kept."""

    interactive = False

    def __init__(self) -> None:
        super().__init__()
        self._asked: list[str] = []

    def isExtensionInstalled(self, name: str) -> bool:
        return False

    def installExtensionFromServer(self, name: str, restart: bool = True, update: bool = True) -> bool:
        self._asked.append(name)
        return False


@stands_in
class qSlicerApplication(QApplication):
    startupCompleted = CppSignal("")
    mrmlSceneChanged = CppSignal("vtkMRMLScene*")
    majorVersion, minorVersion = 5, 13
    revision = "host"
    releaseType = "Experimental"
    documentationBaseUrl = "https://slicer.readthedocs.io/en/latest/"

    def __init__(self, core: CoreApplication) -> None:
        super().__init__(["Slicer"])
        self._core, self._testing, self._layout = core, True, None
        self._manager, self._extensions = qSlicerModuleManager(), qSlicerExtensionsManagerModel()
        self.setApplicationName("Slicer")
        self.setOrganizationName("host")
        QSettings.setDefaultFormat(QSettings.IniFormat)
        QSettings.setPath(QSettings.IniFormat, QSettings.UserScope, core.temporaryPath)
        self._settings = QSettings(os.path.join(core.temporaryPath, "Slicer.ini"), QSettings.IniFormat)

    temporaryPath = Property(str, lambda self: self._core.temporaryPath)
    slicerHome = Property(str, lambda self: self._core.temporaryPath)

    def applicationLogic(self):
        return self._core.applicationLogic()

    def mrmlScene(self):
        return self.applicationLogic().GetMRMLScene()

    def moduleManager(self) -> qSlicerModuleManager:
        return self._manager

    def extensionsManagerModel(self) -> qSlicerExtensionsManagerModel:
        return self._extensions

    def coreIOManager(self):
        return self._core.coreIOManager()

    ioManager = coreIOManager

    def layoutManager(self):
        if self._layout is None:
            from ..views.layout_manager import qSlicerLayoutManager

            self._layout = qSlicerLayoutManager()
        return self._layout

    def testingEnabled(self) -> bool:
        return self._testing

    def settings(self) -> QSettings:
        return self._settings

    userSettings = revisionUserSettings = settings

    def moduleDocumentationUrl(self, name: str) -> str:
        return self.documentationBaseUrl + name

    def pauseRender(self) -> None:
        pass

    def resumeRender(self) -> None:
        pass

    def restart(self) -> None:
        raise RuntimeError("the application would restart here")
