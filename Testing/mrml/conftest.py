"""Fixtures for tests on the real MRML scene, without Qt."""

import os
import tempfile

import host
import pytest
from host.needs import skipped_module

os.environ["RADONCAI_HOME"] = tempfile.mkdtemp(prefix="radoncai-")  # what runs are remembered, not a person's


@pytest.fixture(scope="session")
def slicer_host():
    """`slicer` with `slicer.mrmlScene` and `slicer.modules`; no window."""
    return host.start_scene()


@pytest.fixture
def scene(slicer_host):
    """`slicer` with an empty scene and no database."""
    host.close_scene()
    slicer_host.dicomDatabase.closeDatabase()
    yield slicer_host
    host.close_scene()


@pytest.fixture(scope="module")
def client():
    """The worker behind a pipe, as it runs without Qt."""
    from RadOncAILib.worker import Client
    from RadOncAILib.worker.pipe import PipeProcess

    client = Client(PipeProcess)
    yield client
    client.stop()


def pytest_pycollect_makemodule(module_path, parent):
    """Skip the folder's tests, with the reason, where the extra is not installed."""
    return skipped_module(parent, module_path, ("slicer_core", "vtk"))
