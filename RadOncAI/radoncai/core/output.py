"""Writing results: all of them or none."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from radoncai.core.errors import InputError, PlatformError


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target`; when the block ends well each file moves in, else nothing is left.

    Files of equal name are replaced, other files in the target stay. Raises InputError where the target is a
    file, PlatformError where it cannot be written or the disk is full.
    """
    target = Path(target).absolute()
    if target.exists() and not target.is_dir():
        raise InputError(f"The output {target} is a file; name a folder with -o.")
    anchor = next(p for p in (target.parent, *target.parent.parents) if p.is_dir())
    try:
        place = Path(tempfile.mkdtemp(prefix=".radoncai-", dir=anchor))
    except OSError as error:
        raise PlatformError(f"Cannot write to {anchor} ({error.strerror}); choose another folder with -o.") from error
    try:
        yield place
        _move_in(place, target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise PlatformError(f"The disk of {anchor} is full; free some space and run again.") from error
        raise
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _move_in(place: Path, target: Path) -> None:
    for source in sorted(p for p in place.rglob("*") if p.is_file()):
        goal = target / source.relative_to(place)
        goal.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, goal)
