"""slicer.app.coreIOManager(): what slicer.util's load and save functions ask."""

from __future__ import annotations

import json
from pathlib import Path

import slicer

FILE_TYPES = json.loads(Path(__file__).with_name("file_types.json").read_text())


class CoreIOManager:
    """Reads and writes through the storage node that a node class brings."""

    def fileType(self, name: str) -> str:
        return next((kind for kind, t in FILE_TYPES.items() if name.lower().endswith(tuple(t["endings"]))), "")

    def fileWriterFileType(self, node) -> str:
        return next((kind for kind, t in FILE_TYPES.items() if node.IsA(t["node"])), "")

    def loadNodes(self, kind: str, properties: dict, loaded, messages=None) -> bool:
        path = Path(properties["fileName"])
        if not path.is_file() or kind not in FILE_TYPES:
            return False
        is_label = kind == "VolumeFile" and properties.get("labelmap")
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode" if is_label else FILE_TYPES[kind]["node"])
        storage = slicer.mrmlScene.AddNode(node.CreateDefaultStorageNode())
        storage.SetFileName(str(path))
        node.SetAndObserveStorageNodeID(storage.GetID())
        if not storage.ReadData(node):
            slicer.mrmlScene.RemoveNode(storage)
            slicer.mrmlScene.RemoveNode(node)
            return False
        node.SetName(properties.get("name") or path.name.split(".")[0])
        if hasattr(node, "CreateDefaultDisplayNodes"):
            node.CreateDefaultDisplayNodes()
        loaded.AddItem(node)
        return True

    def saveNodes(self, kind: str, properties: dict, messages=None) -> bool:
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        storage = node.GetStorageNode() or node.CreateDefaultStorageNode()
        storage.SetFileName(properties["fileName"])
        return bool(storage.WriteData(node))
