"""The files of the image job."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from radoncai.core.progress import Progress
from radoncai.core.provenance import Provenance, describe, run_stamp
from radoncai.core.volume import Volume
from radoncai.dicom.common import cut_short
from radoncai.dicom.image import write_image
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.translate.job import ImageResult

OF_THE_PATIENT = ("PatientName", "PatientBirthDate", "PatientSex", "PatientAge", "PatientSize", "PatientWeight",
                  "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber", "ReferringPhysicianName",
                  "PatientPosition", "BodyPartExamined")
SERIES_NUMBER = 900
NO_SERIES = "No DICOM series was written: {why}; image.nrrd holds the image."


def write_results(result: ImageResult, volume: Volume, folder: Path, progress: Progress,
                  options: dict[str, object] | None = None, inputs: dict[str, dict] | None = None) -> Provenance:
    """Write image.nrrd, provenance.json and, where it is a CT made from DICOM, the series as dicom/*.dcm.

    `volume` is the image that was translated, `inputs` what provenance says of all images that were read. The series
    has UIDs of its own in the study and frame of reference of its source; ImageType says DERIVED.
    """
    progress.step("writing files")
    write_image(result.image, folder / "image.nrrd")
    why = no_series(result, volume)
    if not why:
        write_series(result, volume, folder / "dicom")
    of_dicom = volume.source.is_dicom or volume.source.without_uids
    said = tuple(cut_short(volume.source)) if not why else (NO_SERIES.format(why=why),) if of_dicom else ()
    warnings = (*result.warnings, *said)
    model = {"name": result.model.name, "version": result.model.version, "weights": result.weights,
             "passes": result.passes, "mirrored": result.mirrored}
    record = Provenance("image", run_stamp(), inputs or {"image": describe(volume.source)}, (model,),
                        {**(options or {}), "passes": result.passes}, result.device, result.seconds,
                        tuple(w for w in warnings if w.startswith("Overridden")), warnings=warnings)
    record.write(folder / "provenance.json")
    return record


def no_series(result: ImageResult, volume: Volume) -> str:
    """Why no DICOM series can be written, "" where one can."""
    if volume.source.without_uids:
        return "the UIDs of the images are empty"
    if not volume.source.is_dicom:
        return "the input is no DICOM"
    if result.image.modality != "CT":
        return "only CT in HU is written as DICOM"
    return ""


def write_series(result: ImageResult, volume: Volume, folder: Path) -> Volume:
    """The image as a CT series beside its source: same patient, study and frame of reference."""
    now, source = datetime.now(), volume.source
    by = f"{result.model.title} {result.model.version}"
    header = {key: source.header[key] for key in OF_THE_PATIENT if source.header.get(key) not in (None, "")}
    header |= {"SeriesNumber": SERIES_NUMBER, "DerivationDescription": f"Image made by the AI model {by}; not approved"}
    return write_ct_series(result.image, folder, patient_id=source.patient_id,
                           series_description=f"AI-made: {by}"[:64], study_uid=source.study_uid,
                           frame_uid=source.frame_uid, date=now.strftime("%Y%m%d"), time=now.strftime("%H%M%S"),
                           seed=f"{source.series_uid} {by} {result.weights} {now.isoformat()}", header=header)
