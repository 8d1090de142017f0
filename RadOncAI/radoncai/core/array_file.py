"""Writing an array so that a full disk is said in a sentence."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np

from radoncai.core.errors import PlatformError

FULL = tuple(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name))


def write_array(path: Path, array: np.ndarray) -> Path:
    """Write .npy. Raises PlatformError where the disk is full or refuses; then no part of the file stays.

    numpy's own writer loses the reason why the disk refused.
    """
    array = np.ascontiguousarray(array)
    try:
        with Path(path).open("wb") as file:
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
            file.write(memoryview(array).cast("B") if array.size else b"")
    except OSError as error:
        if Path(path).is_file():
            Path(path).unlink()
        raise PlatformError(disk_sentence(Path(path).parent, error)) from error
    return Path(path)


def disk_sentence(folder: Path, error: OSError) -> str:
    """What is wrong with the disk, and what to do."""
    if error.errno in FULL:
        return f"The disk of {folder} is full; free some space and run again."
    return f"Cannot write to {folder} ({error.strerror or type(error).__name__}); choose another folder."
