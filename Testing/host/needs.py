"""Skip whole test files where the extra `panels` is not installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


class _Skipped(pytest.Module):
    def collect(self):
        pytest.skip(f"{self.missing} is not installed (pip install radoncai[panels])", allow_module_level=True)


def skipped_module(parent, path, packages: tuple[str, ...]):
    """A collector that skips the file and says why; None, so that pytest collects it, where nothing is missing."""
    missing = [package for package in packages if find_spec(package) is None]
    if not missing:
        return None
    module = _Skipped.from_parent(parent, path=path)
    module.missing = ", ".join(missing)
    return module
