"""Arrays as .npy files in the private folder of a request."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from radoncai.core.array_file import write_array
from radoncai.core.errors import InputError


def save_array(folder: Path, name: str, array: np.ndarray) -> str:
    """Write an array into the folder; returns its name. Raises PlatformError where the disk is full."""
    write_array(folder / name, array)
    return name


def load_array(folder: Path, name: object, dimensions: int = 3) -> np.ndarray:
    """Read an array of the folder. Raises InputError where it is missing, damaged, elsewhere or of another shape."""
    if not isinstance(name, str) or not name:
        raise InputError("The request names no array file; update the modules and the library together.")
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InputError("The request names an array outside its folder; this is refused.")
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise InputError(f"The array {path.name} is missing or cut off; run again.") from None
    if array.ndim != dimensions or 0 in array.shape:
        raise InputError(f"The array {path.name} has the shape {array.shape}; {dimensions} dimensions are needed.")
    return array
