"""Hand the regions to Slicer's Segment Editor."""

from __future__ import annotations

import slicer


def edit(regions, volume) -> None:
    """Open the Segment Editor; a pixel belongs to one tissue, so painting one takes it from the others."""
    slicer.util.selectModule("SegmentEditor")
    editor = slicer.util.getModuleWidget("SegmentEditor").parameterSetNode
    editor.SetAndObserveSegmentationNode(regions)
    editor.SetAndObserveSourceVolumeNode(volume)
    editor.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments)
    first = regions.GetSegmentation().GetNthSegmentID(0)
    if first:
        editor.SetSelectedSegmentID(first)
