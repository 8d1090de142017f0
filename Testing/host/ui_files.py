""".ui files as Slicer reads them: classes of CTK and Slicer by name, connections that name C++ types."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from PySide6 import QtCore, QtUiTools

from .registry import registry


class _Loader(QtUiTools.QUiLoader):
    def createWidget(self, class_name: str, parent=None, name: str = ""):
        if class_name in registry:
            widget = registry[class_name](parent)
            widget.setObjectName(name)
            return widget
        if class_name.startswith(("qMRML", "qSlicer", "ctk")):
            raise NotImplementedError(f"the host has no widget class {class_name}")
        return super().createWidget(class_name, parent, name)


class UiLoader:
    """Stands for qt.QUiLoader."""

    def __init__(self, parent=None) -> None:
        self._loader = _Loader()

    def load(self, device, parent=None):
        """The top widget of the .ui file that `device` (a QFile) holds."""
        root = ElementTree.fromstring(_content(device))
        wires = root.find("connections")
        if wires is not None:
            root.remove(wires)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(root))
        buffer.open(QtCore.QIODevice.ReadOnly)
        widget = self._loader.load(buffer, parent)
        if widget is None:
            raise RuntimeError(self._loader.errorString())
        for wire in wires if wires is not None else ():
            _connect(widget, *(wire.findtext(key) for key in ("sender", "signal", "receiver", "slot")))
        return widget


def _content(device) -> bytes:
    if not device.isOpen():
        device.open(QtCore.QIODevice.ReadOnly)
    content = bytes(device.readAll().data())
    device.close()
    return content


def _connect(top, sender: str, signal: str, receiver: str, slot: str) -> None:
    _named(top, sender).connect(signal, getattr(_named(top, receiver), slot.partition("(")[0]))


def _named(top, name: str):
    found = top if top.objectName == name else top.findChild(QtCore.QObject, name)
    if found is None:
        raise RuntimeError(f"a connection of the .ui file names the unknown object {name}")
    return found
