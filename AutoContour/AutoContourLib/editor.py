"""Hand a structure to Slicer's Segment Editor, with overlap allowed there."""

from __future__ import annotations

import slicer


def edit(contours, volume, segment_id: str) -> None:
    """Open the Segment Editor on one structure; painting it erases no neighbour."""
    slicer.util.selectModule("SegmentEditor")
    editor = slicer.util.getModuleWidget("SegmentEditor").parameterSetNode
    editor.SetAndObserveSegmentationNode(contours)
    editor.SetAndObserveSourceVolumeNode(volume)
    editor.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteNone)
    if segment_id:
        editor.SetSelectedSegmentID(segment_id)
