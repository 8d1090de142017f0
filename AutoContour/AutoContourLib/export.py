"""Contours leave as RTSTRUCT: what hinders it, the worker's request, and SlicerRT's exporter; without Qt."""

from __future__ import annotations

import slicer
from RadOncAILib.scene import freshness, geometry, segmentation
from RadOncAILib.scene.image import image_request, why_no_files
from slicer.i18n import tr as _

from radoncai.core.errors import InputError

from . import results


def volume_of(contours, otherwise=None):
    """The image that the contours lie on."""
    role = contours.GetReferenceImageGeometryReferenceRole()
    return contours.GetNodeReference(role) or otherwise


def why_not(volume, contours) -> str:
    """Why the contours cannot be written for the original images, "" where they can."""
    if contours is None or contours.GetSegmentation().GetNumberOfSegments() == 0:
        return _("There are no contours to write.")
    if volume is None:
        return _("The image of these contours is not in the scene; load it.")
    if any(not segment.GetName().strip() for _id, segment in segmentation.segments(contours)):
        return _("A structure has no name; give it one.")
    changed = freshness.out_of_date(contours)
    if changed:
        return _("Out of date: {what}. Run again first.").format(what="; ".join(changed))
    return geometry.why_no_export(volume, contours) or why_no_files(volume)


def export_request(folder, volume, contours, output, label: str, *, profile: str = "generic", drawn: str = "",
                   holes: str = "", add_to: str = "") -> dict:
    """The fields of the jobs `check_structures` and `write_structures`. Raises InputError with what hinders it.

    `profile` names the planning system; `drawn` is "exact" or "smooth", `holes` "keyhole" or "xor", each "" for what
    the profile has. `add_to` is an RTSTRUCT into a copy of which they go, "" for a new file.
    """
    problem = why_not(volume, contours)
    if problem:
        raise InputError(problem)
    return {"image": image_request(volume), "output": str(output), "label": label, "profile": profile,
            "contours": drawn, "holes": holes, "add_to": add_to or None, "not_found": results.absent(contours),
            "structures": segmentation.structures_request(contours, volume, folder)}


def state_of(contours) -> tuple | None:
    """What changes with an edit, a new name or a new status of any structure."""
    if contours is None:
        return None
    rows = tuple((segment_id, segment.GetName(), segmentation.status(segment), segment.GetMTime())
                 for segment_id, segment in segmentation.segments(contours))
    return contours.GetID(), rows


def slicer_rt_is_there() -> bool:
    return hasattr(slicer.modules, "dicomrtimportexport")


def export_with_slicer_rt(volume, contours, folder: str) -> str:
    """SlicerRT's own exporter: writes the CT once more, as a new series. Gives "" or what went wrong."""
    from DicomRtImportExportPlugin import DicomRtImportExportPluginClass

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    plugin = DicomRtImportExportPluginClass()
    items = [hierarchy.GetItemByDataNode(node) for node in (volume, contours)]
    exportables = [plugin.examineForExport(item) for item in items]
    if not all(exportables):
        return _("SlicerRT cannot export these contours; image and contours must lie in one study.")
    first = [found[0] for found in exportables]
    for exportable in first:
        exportable.directory = folder
    for tag, value in _patient_tags(hierarchy, items[0]).items():
        first[0].setTag(tag, value)
    return plugin.export(first)


def _patient_tags(hierarchy, item: int) -> dict[str, str]:
    constants = slicer.vtkMRMLSubjectHierarchyConstants
    patient = hierarchy.GetItemAncestorAtLevel(item, constants.GetDICOMLevelPatient())
    study = hierarchy.GetItemAncestorAtLevel(item, constants.GetDICOMLevelStudy())
    names = {"PatientName": patient, "PatientID": patient, "PatientSex": patient, "StudyDate": study,
             "StudyTime": study, "StudyDescription": study}
    values = {tag: hierarchy.GetItemAttribute(owner, f"DICOM.{tag}") for tag, owner in names.items() if owner}
    return {tag: value for tag, value in values.items() if value}
