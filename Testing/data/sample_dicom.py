"""The drawn sample patient as DICOM: CT series and the structures it was drawn with."""

from __future__ import annotations

from pathlib import Path

PERSON = {"PatientSize": 1.74, "PatientWeight": 74.0, "PatientSex": "M"}


def sample_patient(folder: Path) -> Path:
    """Write the patient once; `folder/ct` holds the slices, `folder/truth.dcm` the RTSTRUCT. Returns `folder`."""
    if (folder / "truth.dcm").is_file():
        return folder
    from radoncai.core.structures import StructureSet
    from radoncai.dicom.rtstruct.writer import write_rtstruct
    from radoncai.dicom.series.ct_writer import write_ct_series
    from radoncai.phantom.patient import sample_patient as draw

    phantom = draw()
    volume = write_ct_series(
        phantom.ct, folder / "ct", patient_id="SAMPLE", patient_name="Sample^Drawn",
        series_description="Drawn sample patient", header=PERSON,
    )  # fmt: skip
    truth = StructureSet(volume.grid, phantom.truth.structures, volume.source)
    write_rtstruct(truth, volume, folder / "truth.dcm", label="TRUTH", description="What the phantom was drawn with")
    return folder
