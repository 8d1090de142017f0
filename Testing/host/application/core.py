"""What `slicer.app` can do without Qt: enough for a module's Logic."""

from __future__ import annotations

import atexit
import shutil
import tempfile


class CoreApplication:
    """slicer.app without a window; `start()` puts the one with Qt in its place."""

    def __init__(self, logic) -> None:
        self._logic = logic
        self.temporaryPath = tempfile.mkdtemp(prefix="host-")
        atexit.register(shutil.rmtree, self.temporaryPath, ignore_errors=True)

    def applicationLogic(self):
        return self._logic

    def layoutManager(self) -> None:
        return None

    def testingEnabled(self) -> bool:
        return True

    def coreIOManager(self):
        from .files import CoreIOManager

        return CoreIOManager()

    ioManager = coreIOManager

    def pauseRender(self) -> None:
        pass

    def resumeRender(self) -> None:
        pass

    def processEvents(self) -> None:
        pass
