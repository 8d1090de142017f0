"""The image of a request: voxels as a file, geometry, and the DICOM files it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer

from radoncai.core.array_file import write_array
from radoncai.core.errors import InputError
from RadOncAILib.scene import hierarchy
from RadOncAILib.scene.geometry import lps_from_node, shape_of, why_not_run
from RadOncAILib.scene.nodes import VolumeNode

MODALITY_TAG = "0008,0060"
MODALITY = "RadOncAI.Modality"
# By the first slice's UID: panels ask after every change, and a database answers one slice at a time.
_FILES: dict[str, list[str]] = {}


def image_request(volume: VolumeNode, folder: Path | None = None, file: str = "ct.npy") -> dict[str, Any]:
    """The volume as a request's `image`; its voxels go to `file` in `folder`, with None only `shape` is given.

    Geometry is the volume's own frame in LPS mm, array [k, j, i]. Raises InputError for a volume without voxels, with
    several components or under a non-linear transform, and PlatformError where the disk is full.
    """
    refusal = why_no_image(volume)
    if refusal:
        raise InputError(refusal)
    request = {"name": volume.GetName(), "ijk_to_lps": lps_from_node(volume).ravel().tolist(),
               "modality": modality_of(volume), "files": files_of(volume), "shape": list(shape_of(volume))}
    if folder is not None:
        write_array(Path(folder) / file, slicer.util.arrayFromVolume(volume))
        request["array"] = file
    return request


def why_no_image(volume: VolumeNode) -> str:
    """Why the volume cannot be worked on, "" where it can."""
    image = volume.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0:
        return f"{volume.GetName()} has no voxels; load it again."
    if image.GetNumberOfScalarComponents() != 1:
        return f"{volume.GetName()} has several values a voxel; choose a CT."
    return why_not_run(volume)


def instance_uids(volume: VolumeNode) -> list[str]:
    """SOP instance UIDs of the slices in voxel order, [] where the volume is not from DICOM."""
    return (volume.GetAttribute("DICOM.instanceUIDs") or "").split()


def files_of(volume: VolumeNode) -> list[str]:
    """The DICOM files of the slices; [] where the volume is not from DICOM or one is not in the database."""
    database, uids = open_database(), instance_uids(volume)
    if not uids or database is None:
        return []
    known = _FILES.get(uids[0], [])
    if len(known) == len(uids) and [known[0], known[-1]] == [database.fileForInstance(uids[n]) for n in (0, -1)]:
        return list(known)
    files = [database.fileForInstance(uid) for uid in uids]
    if not all(files):
        return []
    _FILES[uids[0]] = files
    return list(files)


def why_no_files(volume: VolumeNode) -> str:
    """Why nothing can be written that refers to the volume's slices, "" where it can."""
    if not instance_uids(volume):
        return f"{volume.GetName()} was not loaded from DICOM; results can be kept as .seg.nrrd."
    if not files_of(volume):
        return f"The source images of {volume.GetName()} are not in the DICOM database; import the series again."
    return ""


def modality_of(volume: VolumeNode) -> str:
    """CT, MR, ... from the subject hierarchy or the DICOM database; "" where nobody says."""
    said = volume.GetAttribute(MODALITY) or hierarchy.series_attribute(volume, "DICOM.Modality")
    uids, database = instance_uids(volume), open_database()
    if said or not uids or database is None:
        return said
    return database.instanceValue(uids[0], MODALITY_TAG)


def open_database() -> Any:
    """`slicer.dicomDatabase` where there is one and it is open, else None."""
    database = getattr(slicer, "dicomDatabase", None)
    return database if database is not None and database.isOpen else None
