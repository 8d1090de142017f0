"""The place of a result in the subject hierarchy: beside the CT, in its study."""

from __future__ import annotations

import slicer

from RadOncAILib.scene.nodes import HierarchyNode, Node, VolumeNode

REFERENCED_SERIES = "DicomRtImport.RoiReferencedSeriesUid"
REFERENCED_INSTANCES = "DICOM.ReferencedInstanceUIDs"


def subject_hierarchy() -> HierarchyNode:
    """The scene's subject hierarchy node."""
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def item_of(node: Node) -> int:
    """The node's item, made at the top of the hierarchy where no plug-in has made one."""
    tree = subject_hierarchy()
    return tree.GetItemByDataNode(node) or tree.CreateItem(tree.GetSceneItemID(), node)


def study_of(node: Node) -> int:
    """The item of the study that holds the node, 0 where none does."""
    tree = subject_hierarchy()
    item = tree.GetItemByDataNode(node)
    return tree.GetItemAncestorAtLevel(item, "Study") if item else 0


def put_under_study(node: Node, volume: VolumeNode) -> bool:
    """Move the node beside the volume. False where the volume lies in no study: then exporters will not take it."""
    tree = subject_hierarchy()
    parent = tree.GetItemParent(item_of(volume))
    tree.SetItemParent(item_of(node), parent)
    return bool(study_of(volume))


def refer_to_images(node: Node, volume: VolumeNode) -> None:
    """Name the volume's series and images at a segmentation's item, where SlicerRT and the SEG exporter look."""
    tree = subject_hierarchy()
    item, image = item_of(node), item_of(volume)
    series, instances = tree.GetItemUID(image, "DICOM"), volume.GetAttribute("DICOM.instanceUIDs")
    if series:
        tree.SetItemAttribute(item, REFERENCED_SERIES, series)
    if instances:
        tree.SetItemAttribute(item, REFERENCED_INSTANCES, instances)


def series_attribute(node: Node, name: str) -> str:
    """An attribute of the node's own item, such as DICOM.Modality; "" where it has none."""
    tree = subject_hierarchy()
    item = tree.GetItemByDataNode(node)
    return (tree.GetItemAttribute(item, name) or "") if item else ""


def set_attribute_once(item: int, name: str, value: str) -> None:
    """Set an item's attribute unless somebody set it before."""
    tree = subject_hierarchy()
    if item and not tree.GetItemAttribute(item, name):
        tree.SetItemAttribute(item, name, value)
