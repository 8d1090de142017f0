"""Subject hierarchy items for data nodes, which Slicer's Qt plug-ins make and slicer-core does not."""

from __future__ import annotations

SHOWN = ("vtkMRMLVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLTableNode", "vtkMRMLPlotChartNode",
         "vtkMRMLPlotSeriesNode", "vtkMRMLMarkupsNode", "vtkMRMLModelNode", "vtkMRMLTransformNode",
         "vtkMRMLTextNode")  # fmt: skip


def keep_items(slicer, scene) -> None:
    """Make an item for each data node that comes, and drop it when the node goes."""
    from vtkmodules.util.misc import calldata_type
    from vtkmodules.util.vtkConstants import VTK_OBJECT

    def tree():
        return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)

    @calldata_type(VTK_OBJECT)
    def added(caller, event, node) -> None:
        if node.GetHideFromEditors() or not any(node.IsA(kind) for kind in SHOWN):
            return
        if scene.IsImporting() or scene.IsClosing() or tree().GetItemByDataNode(node):
            return
        tree().CreateItem(tree().GetSceneItemID(), node)

    @calldata_type(VTK_OBJECT)
    def leaves(caller, event, node) -> None:
        if scene.IsClosing() or node.IsA("vtkMRMLSubjectHierarchyNode"):
            return
        item = tree().GetItemByDataNode(node)
        if item:
            tree().RemoveItem(item, False, False)

    scene.AddObserver(scene.NodeAddedEvent, added)
    scene.AddObserver(scene.NodeAboutToBeRemovedEvent, leaves)
