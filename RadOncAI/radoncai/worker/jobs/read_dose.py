"""`read_dose`: an RTDOSE, or NRRD and NIfTI in Gy, through the library's own readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from radoncai.dicom.dose import read_dose
from radoncai.dicom.same_patient import check_same_patient
from radoncai.worker.doses import dose_to_json
from radoncai.worker.image import read_place
from radoncai.worker.protocol import field
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image (no voxels needed), path, same_patient."""
    request = work.request
    image = read_place(request, work.folder)
    work.progress.step("reading the dose", 0.1)
    dose = read_dose(Path(field(request, "path", str)))
    said = check_same_patient(image.volume.source, dose.volume.source, "the images and the dose",
                              same_patient=bool(request.get("same_patient")))
    work.progress.step("handing the dose over", 0.8)
    warnings = [*said, *dose.volume.source.warnings]
    return {"dose": {**dose_to_json(dose, work.folder), "kind": dose.kind}, "kind": dose.kind,
            "comment": dose.comment, "warnings": warnings}
