"""Where models and tables lie: the source tree, Slicer's installed layout, or an installed wheel."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from radoncai.core.errors import PlatformError


@cache
def resources() -> Path:
    """The `Resources` folder that holds `Templates` and `Models`; `RADONCAI_RESOURCES` overrides."""
    override = os.environ.get("RADONCAI_RESOURCES")
    if override:
        return Path(override)
    for parent in Path(__file__).resolve().parents:
        if (parent / "Resources" / "Templates").is_dir():
            return parent / "Resources"
    raise PlatformError("The Resources folder of RadOncAI was not found; reinstall it or set RADONCAI_RESOURCES.")


def user_folder() -> Path:
    """Where a user's own models and templates live; `RADONCAI_HOME` overrides."""
    return Path(os.environ.get("RADONCAI_HOME", Path.home() / ".radoncai"))
