"""Bytes changed at random: each file is read or refused in one sentence, never anything else."""

import logging
import warnings

import numpy as np
import pytest
from data.odd_dicom import axial_series

from radoncai.core.dose import Dose, Prescription
from radoncai.core.errors import InputError
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.masks.labels import read_labels, write_seg_nrrd
from radoncai.dicom.rtdose.plan import read_prescription, write_rtplan
from radoncai.dicom.rtdose.writer import read_rtdose, write_rtdose
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.series import read_series


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    ct = axial_series(folder / "ct")
    mask = np.random.default_rng(0).random(ct.grid.shape) < 0.5
    structures = StructureSet(ct.grid, (Structure.from_full("Noise", mask), Structure.from_full("All", mask | True)))
    write_rtstruct(structures, ct, folder / "rs.dcm")
    write_seg_nrrd(structures, folder / "s.seg.nrrd")
    plan = write_rtplan(Prescription({"PTV": 70.0}, 35), ct.source, folder / "rp.dcm")
    gray = np.abs(ct.array.astype(np.float32))
    write_rtdose(Dose(Volume(gray, ct.grid, "RTDOSE", "Gy", ct.source)), folder / "rd.dcm", plan=plan)
    readers = {"ct/ct_0001.dcm": read_series, "rs.dcm": lambda path: read_rtstruct(path, ct),
               "rp.dcm": read_prescription, "rd.dcm": read_rtdose, "s.seg.nrrd": read_labels}
    return {name: ((folder / name).read_bytes(), reader) for name, reader in readers.items()}


@pytest.mark.parametrize("name", ["ct/ct_0001.dcm", "rs.dcm", "rp.dcm", "rd.dcm", "s.seg.nrrd"])
def test_damaged_files_are_read_or_refused_in_one_sentence(study, tmp_path, name):
    content, reader = study[name]
    rng = np.random.default_rng(7)
    path = tmp_path / name.replace("/", "_")
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(40):
                path.write_bytes(damaged(content, rng))
                try:
                    reader(path)
                except InputError as error:
                    assert "\n" not in str(error) and len(str(error)) < 500
    finally:
        logging.disable(logging.NOTSET)


def damaged(content, rng):
    out = bytearray(content)
    for _ in range(rng.integers(1, 8)):
        at = int(rng.integers(min(len(out), 2500)))
        kind = rng.integers(3)
        if kind == 0:
            out[at] = int(rng.integers(256))
        elif kind == 1:
            del out[at:at + int(rng.integers(1, 20))]
        else:
            out[at:at] = rng.integers(0, 256, int(rng.integers(1, 10)), dtype=np.uint8).tobytes()
    return bytes(out)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_structure_set_that_is_cut_off_is_never_read_in_part(study, tmp_path, share):
    content, reader = study["rs.dcm"]
    path = tmp_path / "cut.dcm"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="damaged or cut off"):
        reader(path)
