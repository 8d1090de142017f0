"""qMRMLNodeComboBox: the nodes of some classes, as the scene has them now."""

from __future__ import annotations

from PySide6.QtCore import Property
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from ..properties import kept
from ..registry import stands_in
from ..signals import CppSignal
from .scene_widget import SceneWidget

NEW = "*new*"


@stands_in
class qMRMLNodeComboBox(SceneWidget, QWidget):
    currentNodeChanged = CppSignal("vtkMRMLNode*", "bool")
    currentNodeIDChanged = CppSignal("QString")
    nodeActivated = CppSignal("vtkMRMLNode*")
    nodeAdded = CppSignal("vtkMRMLNode*")
    nodeAddedByUser = CppSignal("vtkMRMLNode*")
    noneEnabled = kept(bool, "noneEnabled", False, after="_scene_changed")
    addEnabled = kept(bool, "addEnabled", True, after="_show")
    removeEnabled = kept(bool, "removeEnabled", True)
    editEnabled = kept(bool, "editEnabled", False)
    renameEnabled = kept(bool, "renameEnabled", False)
    selectNodeUponCreation = kept(bool, "selectNodeUponCreation", True)
    showHidden = kept(bool, "showHidden", False, after="_scene_changed")
    showChildNodeTypes = kept(bool, "showChildNodeTypes", True, after="_scene_changed")
    hideChildNodeTypes = kept("QStringList", "hideChildNodeTypes", [], after="_scene_changed")
    nodeTypes = kept("QStringList", "nodeTypes", [], after="_scene_changed")
    baseName = kept(str, "baseName", "")
    noneDisplay = kept(str, "noneDisplay", "None", after="_show")

    def __init__(self, parent: QWidget | None = None) -> None:
        QWidget.__init__(self, parent)
        self._start()
        self._current, self._filters = None, []
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._box = QComboBox()
        self._box.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self._box.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
        row.addWidget(self._box)
        self.setFocusProxy(self._box)
        self._box.connect("activated(int)", self._chosen)

    def currentNode(self):
        return self._scene.GetNodeByID(self._current) if self._scene and self._current else None

    def setCurrentNodeID(self, node_id: str | None) -> None:
        wanted = node_id or None
        if wanted == self._current or (wanted and wanted not in [n.GetID() for n in self._nodes()]):
            return
        self._current = wanted
        self._show()
        self.currentNodeChanged(self.currentNode())
        self.currentNodeIDChanged(wanted or "")

    currentNodeID = Property(str, lambda self: self._current or "", setCurrentNodeID)

    def setCurrentNode(self, node) -> None:
        self.setCurrentNodeID(node.GetID() if node is not None else None)

    def addAttribute(self, node_type: str, name: str, value=None) -> None:
        self._filters.append((node_type, name, value))
        self._scene_changed()

    def removeAttribute(self, node_type: str, name: str) -> None:
        self._filters = [f for f in self._filters if f[:2] != (node_type, name)]
        self._scene_changed()

    def nodeCount(self) -> int:
        return len(self._nodes())

    def nodeFromIndex(self, index: int):
        return self._nodes()[index]

    def addNode(self, node_type: str = ""):
        kind = node_type or self.nodeTypes[0]
        name = self.baseName or kind.removeprefix("vtkMRML").removesuffix("Node")
        node = self._scene.AddNewNodeByClass(kind, self._scene.GenerateUniqueName(name))
        for of_type, attribute, value in self._filters:
            if node.IsA(of_type):
                node.SetAttribute(attribute, value)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser(node)
        return node

    def removeCurrentNode(self) -> None:
        self._scene.RemoveNode(self.currentNode())

    def _nodes(self) -> list:
        found = {}
        for kind in self.nodeTypes if self._scene is not None else ():
            for i in range(self._scene.GetNumberOfNodesByClass(kind)):
                node = self._scene.GetNthNodeByClass(i, kind)
                if self._offered(node, kind):
                    found[node.GetID()] = node
        return list(found.values())

    def _offered(self, node, kind: str) -> bool:
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        if node.GetClassName() != kind and not self.showChildNodeTypes:
            return False
        if any(node.IsA(hidden) for hidden in self.hideChildNodeTypes):
            return False
        return all(not node.IsA(of_type) or _has(node, name, value) for of_type, name, value in self._filters)

    def _scene_changed(self) -> None:
        if self._scene is None or self._scene.IsClosing() or self._scene.IsBatchProcessing():
            return
        nodes = self._nodes()
        if self._current and self._current not in [n.GetID() for n in nodes]:
            self.setCurrentNodeID(None)
        if not self._current and nodes and not self.noneEnabled:
            self.setCurrentNode(nodes[0])
        self._show()

    def _show(self) -> None:
        nodes = self._nodes()
        self._box.clear()
        if self.noneEnabled:
            self._box.addItem(self.noneDisplay, None)
        elif not nodes:
            self._box.addItem("Select a " + _words(self.nodeTypes), None)
        for node in nodes:
            self._box.addItem(node.GetName(), node.GetID())
        if self.addEnabled:
            for kind in self.nodeTypes:
                self._box.addItem("Create new " + _words([kind]), NEW + kind)
        self._box.setCurrentIndex(max(0, self._box.findData(self._current)) if self._current else 0)

    def _chosen(self, index: int) -> None:
        data = self._box.itemData(index)
        if isinstance(data, str) and data.startswith(NEW):
            self.addNode(data.removeprefix(NEW))
        else:
            self.setCurrentNodeID(data)
        self.nodeActivated(self.currentNode())


def _has(node, name: str, value) -> bool:
    return node.GetAttribute(name) == value if value is not None else bool(node.GetAttribute(name))


def _words(kinds: list[str]) -> str:
    return " or ".join(kind.removeprefix("vtkMRML").removesuffix("Node") for kind in kinds)
