"""Two frames of reference with a known motion between them."""

import numpy as np
import pytest
from data.odd_dicom import ball_volume, centre_and_cc, oriented_grid
from data.registrations import write_registration
from scipy.spatial.transform import Rotation

from radoncai.core.dose import Dose, Prescription
from radoncai.core.errors import InputError
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.convert import convert
from radoncai.dicom.image import read_image
from radoncai.dicom.masks.labels import read_labels
from radoncai.dicom.registration import find_registrations, read_registration
from radoncai.dicom.rtdose.plan import write_rtplan
from radoncai.dicom.rtdose.writer import write_rtdose
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series

AXIAL = (1, 0, 0, 0, 1, 0)
PLACE = (6.0, -20.0, 40.0)


def motion():
    """From the MR's frame to the CT's."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", (8, -5, 12), degrees=True).as_matrix()
    matrix[:3, 3] = (7.0, -11.0, 3.5)
    return matrix


@pytest.fixture
def pair(tmp_path):
    """CT and MR of one ball in two frames; the registration takes the MR to the CT."""
    ct_grid = oriented_grid(AXIAL, (25, 41, 43), (2.5, 2.0, 2.0), PLACE)
    inverse = np.linalg.inv(motion())
    in_mr = tuple(inverse[:3, :3] @ PLACE + inverse[:3, 3])
    mr_grid = oriented_grid(AXIAL, (27, 37, 45), (2.0, 2.2, 1.8), in_mr)
    ct = write_ct_series(ball_volume(ct_grid, PLACE, 15.0), tmp_path / "ct", patient_id="P1", seed="ct")
    mr = write_ct_series(ball_volume(mr_grid, in_mr, 15.0), tmp_path / "mr", patient_id="P1", seed="mr")
    write_registration(tmp_path / "reg.dcm", ct.source.frame_uid, {
        ct.source.frame_uid: [np.eye(4)], mr.source.frame_uid: [motion()]})
    return tmp_path, ct, mr


def test_matrices_are_read_both_ways_and_in_their_order(tmp_path):
    shift, turn = np.eye(4), motion()
    shift[0, 3] = 5
    path = write_registration(tmp_path / "reg.dcm", "1.1", {"1.2": [shift, turn], "1.3": [shift]})
    found = read_registration(path)
    assert np.allclose(found.between("1.2", "1.1"), turn @ shift, atol=1e-9)
    assert np.allclose(found.between("1.1", "1.2"), np.linalg.inv(turn @ shift), atol=1e-9)
    assert np.allclose(found.between("1.2", "1.3"), np.linalg.inv(shift) @ turn @ shift, atol=1e-9)
    assert found.between("1.2", "9") is None
    assert find_registrations(tmp_path, between=("1.3", "1.1")) == [path]
    assert find_registrations(tmp_path, between=("1.3", "7")) == []


@pytest.mark.parametrize("matrix, kind, words", [
    (np.diag([1, 1, -1, 1.0]), "RIGID", "mirrors"), (np.diag([1.2, 1, 1, 1.0]), "RIGID", "not rigid"),
    (np.eye(4)[:3], "RIGID", "16 numbers")])
def test_matrices_that_are_none_are_refused(tmp_path, matrix, kind, words):
    path = write_registration(tmp_path / "reg.dcm", "1.1", {"1.2": [matrix]}, kind)
    with pytest.raises(InputError, match=words):
        read_registration(path)


def test_an_image_is_moved_onto_the_other(pair):
    folder, ct, _ = pair
    said = convert(folder / "mr", folder / "moved.nrrd", read_series(folder / "ct"), registration=folder / "reg.dcm")
    moved = read_image(folder / "moved.nrrd")
    assert moved.grid.same_as(ct.grid, 1e-3) and np.allclose(centre_and_cc(moved)[0], PLACE, atol=0.1)
    assert any("moved by a registration" in s for s in said)


def test_contours_are_moved_onto_the_other_image(pair):
    folder, ct, mr = pair
    drawn = StructureSet(mr.grid, (Structure.from_full("GTV", mr.array > 0),), mr.source)
    write_rtstruct(drawn, mr, folder / "rs.dcm")
    with pytest.raises(InputError, match="reg.dcm relates them; add --registration"):
        convert(folder / "rs.dcm", folder / "out.seg.nrrd", ct)
    convert(folder / "rs.dcm", folder / "out.seg.nrrd", ct, registration=folder / "reg.dcm")
    gtv = read_labels(folder / "out.seg.nrrd")
    index = np.argwhere(gtv.structures[0].full(gtv.grid.shape)).mean(axis=0)[::-1]
    assert np.allclose(gtv.grid.to_lps(index[None])[0], PLACE, atol=0.6)
    assert gtv.volume_cc(gtv.structures[0]) == pytest.approx(drawn.volume_cc(drawn.structures[0]), rel=0.03)


def test_a_dose_is_moved_onto_the_other_image(pair):
    folder, ct, mr = pair
    plan = write_rtplan(Prescription({}), mr.source, folder / "rp.dcm")
    gray = (mr.array.astype(np.float32) + 1000) / 50
    write_rtdose(Dose(Volume(gray, mr.grid, "RTDOSE", "Gy", mr.source)), folder / "rd.dcm", plan=plan)
    convert(folder / "rd.dcm", folder / "dose.nrrd", ct, registration=folder / "reg.dcm")
    moved = read_image(folder / "dose.nrrd")
    index = np.indices(moved.array.shape)[::-1].reshape(3, -1).T
    weight = moved.array.reshape(-1, 1)
    assert np.allclose((moved.grid.to_lps(index) * weight).sum(axis=0) / weight.sum(), PLACE, atol=0.2)


def test_a_registration_of_others_is_refused(pair):
    folder, ct, mr = pair
    write_registration(folder / "other.dcm", "1.1", {"1.2": [np.eye(4)]})
    with pytest.raises(InputError, match="does not relate"):
        convert(folder / "mr", folder / "moved.nrrd", ct, registration=folder / "other.dcm")
    write_registration(folder / "other.dcm", ct.source.frame_uid, {mr.source.frame_uid: [motion()]}, patient="P2")
    with pytest.raises(InputError, match="not of one patient"):
        convert(folder / "mr", folder / "moved.nrrd", ct, registration=folder / "other.dcm")
    with pytest.raises(InputError, match="no registration but CT"):
        read_registration(next((folder / "ct").iterdir()))
    assert not (folder / "moved.nrrd").exists()
