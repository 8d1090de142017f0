"""Fixtures for tests that drive panels on the host: real Qt, real MRML."""

import os
import tempfile

import host
import pytest
from host.needs import skipped_module

os.environ["RADONCAI_HOME"] = tempfile.mkdtemp(prefix="radoncai-")  # what runs are remembered, not a person's
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def slicer_host():
    """`slicer` with `qt`, `ctk` and the main window; at the end the application is left, as a person leaves it."""
    yield host.start()
    host.leave_application()


@pytest.fixture
def scene(slicer_host):
    """`slicer` with an empty scene and no database; an exception in a slot or observer fails the test."""
    host.close_scene()
    slicer_host.dicomDatabase.closeDatabase()
    host.errors.clear()
    yield slicer_host
    host.close_scene()
    kept = list(host.errors)
    host.errors.clear()
    assert not kept, f"exceptions in slots: {kept}"


def pytest_pycollect_makemodule(module_path, parent):
    """Skip the folder's tests, with the reason, where the extra is not installed."""
    return skipped_module(parent, module_path, ("slicer_core", "vtk", "PySide6"))
