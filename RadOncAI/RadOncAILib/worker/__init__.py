"""The client of the worker process: one for the application, without Qt but for its transport."""

from __future__ import annotations

from RadOncAILib.worker.client import Client, Job

__all__ = ["Client", "Job", "shared_client", "stop_shared_client"]

_shared: list[Client] = []


def shared_client() -> Client:
    """The application's client; its process starts with the first job and lives on between jobs."""
    if not _shared:
        import slicer

        from RadOncAILib.worker.qt_process import QtProcess

        _shared.append(Client(QtProcess))
        slicer.app.connect("aboutToQuit()", stop_shared_client)
    return _shared[0]


def stop_shared_client() -> None:
    """At the application's end: ends the process and removes what it left."""
    if _shared:
        import slicer

        slicer.app.disconnect("aboutToQuit()", stop_shared_client)
        _shared.pop().stop()
