"""Watches contours while they are edited, in this panel and in the Segment Editor."""

from __future__ import annotations

import getpass
from collections.abc import Callable

import qt
import slicer
from RadOncAILib.scene import review, segmentation

SETTLE_MS = 300


class Reviewing:
    """An edit takes an approval back; a structure that changed without being selected gets a finding.

    Works on while another module is open. `on_change` is called after something was settled.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.on_change = on_change
        self._watches: dict[str, review.ReviewWatch] = {}
        self._soon = qt.QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(SETTLE_MS)
        self._soon.connect("timeout()", self.settle)

    def watch(self, node) -> None:
        """Begin to watch a segmentation node; twice is once."""
        if node is not None and node.GetID() not in self._watches:
            self._watches[node.GetID()] = review.ReviewWatch(node, lambda: selected_in_editor(node), self._soon.start)

    def settle(self) -> None:
        """Look at what was edited now, without waiting for a pause."""
        self._soon.stop()
        for node_id, watch in list(self._watches.items()):
            if slicer.mrmlScene.GetNodeByID(node_id) is None:
                self._watches.pop(node_id).close()
            else:
                watch.settle()
        self.on_change()

    def close(self) -> None:
        self._soon.stop()
        while self._watches:
            self._watches.popitem()[1].close()

    def mark(self, node, segment_ids: list[str], word: str) -> None:
        """A person's word about structures, with name and time."""
        self.settle()
        for segment_id in segment_ids:
            review.set_review(node, segment_id, word, reviewer())


def selected_in_editor(node) -> str | None:
    """The segment that a person edits in the Segment Editor, None where it edits another node or nothing."""
    editor = slicer.mrmlScene.GetSingletonNode("SegmentEditor", "vtkMRMLSegmentEditorNode")
    if editor is None or editor.GetSegmentationNode() is not node:
        return None
    return editor.GetSelectedSegmentID() or None


def reviewer() -> str:
    """Who sits here: the name of the system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def ours() -> list:
    """Segmentation nodes of the scene that came from RadOncAI."""
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    return [n for n in nodes if segmentation.attribute(n, "model") or segmentation.attribute(n, "label")]
