"""Private folders for arrays: made for one request, removed with it, swept up after a crash."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from pathlib import Path

from radoncai.core.errors import PlatformError

PREFIX = "radoncai-"
STALE_S = 2 * 24 * 3600.0


class PrivateFolders:
    """Folders that only this user may enter, in `place` or the system's temporary folder."""

    def __init__(self, place: Path | None = None) -> None:
        self._place = place
        self._made: set[Path] = set()
        atexit.register(self.remove_all)
        self._sweep()

    def new(self) -> Path:
        """Raises PlatformError where the disk refuses."""
        try:
            made = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=self._place))
        except OSError as error:
            raise PlatformError(f"The temporary folder cannot be written ({error.strerror}); free some space or "
                                "choose another one in the settings.") from error
        self._made.add(made)
        return made

    def remove(self, folder: Path) -> None:
        """Only what was made here; a file that is still open stays until the end."""
        folder = Path(folder)
        if folder in self._made:
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                self._made.discard(folder)

    def remove_all(self) -> None:
        for folder in list(self._made):
            self.remove(folder)

    def _sweep(self) -> None:
        """Folders of applications that crashed two days ago or more."""
        place = self._place or Path(tempfile.gettempdir())
        for folder in place.glob(f"{PREFIX}*-*"):
            try:
                if folder.is_dir() and time.time() - folder.stat().st_mtime > STALE_S:
                    shutil.rmtree(folder, ignore_errors=True)
            except OSError:
                continue
