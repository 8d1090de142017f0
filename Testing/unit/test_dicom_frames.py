"""Multi-frame images, phases in one series, copies, uneven slices, compressed and swapped pixels."""

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from data.enhanced import write_enhanced
from data.odd_dicom import SHAPE, axial_series, ball_volume, centre_and_cc, edit, noise_volume, oriented_grid
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRBigEndian, generate_uid

from radoncai.core.errors import InputError
from radoncai.core.structures import Structure, StructureSet
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import list_series, read_series

BALL, MIDDLE = (12.5, -33.0, 41.5), (10.0, -30.0, 40.0)


def ball(orientation=(1, 0, 0, 0, 1, 0)):
    return ball_volume(oriented_grid(orientation, (23, 31, 37), (2.5, 2.0, 1.7), MIDDLE), BALL, 18.0)


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (-1, 0, 0, 0, -1, 0)])
def test_enhanced_images_are_read_frame_by_frame(tmp_path, modality, orientation):
    written = ball(orientation)
    write_enhanced([written], tmp_path / "enhanced.dcm", modality)
    volume = read_series(tmp_path)
    centre, cc = centre_and_cc(volume)
    assert np.allclose(centre, BALL, atol=0.02) and cc == pytest.approx(centre_and_cc(written)[1])
    assert volume.modality == modality and volume.grid.is_axial
    stored = read_series(tmp_path, as_stored=True)
    assert np.array_equal(stored.array, written.array) and stored.grid.same_as(written.grid, 0.01)
    positions = [f.PlanePositionSequence[0].ImagePositionPatient for f in
                 pydicom.dcmread(tmp_path / "enhanced.dcm").PerFrameFunctionalGroupsSequence]
    for k, number in enumerate(stored.source.frames):
        assert np.allclose(np.array(positions[number - 1], float), stored.grid.to_lps(np.array([(0, 0, k)]))[0])


def test_time_points_of_a_multi_frame_file_are_listed_and_chosen(tmp_path):
    early, late = noise_volume(seed=1), noise_volume(seed=2)
    write_enhanced([early, late], tmp_path / "enhanced.dcm")
    assert [info.phase for info in list_series(tmp_path)] == ["time point 1", "time point 2"]
    assert np.array_equal(read_series(tmp_path, series=2).array, late.array)


def test_multi_frame_files_without_places_or_with_too_few_are_refused(tmp_path):
    write_enhanced([noise_volume()], tmp_path / "enhanced.dcm")
    edit(tmp_path, lambda data, n: data.PerFrameFunctionalGroupsSequence.pop())
    with pytest.raises(InputError, match="states 6 frames and describes 5"):
        read_series(tmp_path)
    edit(tmp_path, lambda data, n: delattr(data, "PerFrameFunctionalGroupsSequence"))
    with pytest.raises(InputError, match="does not say where its frames lie"):
        read_series(tmp_path)


def four_d(folder, change, phases=3):
    """Phases of one series, each with its own noise; `change(data, phase)` marks the file."""
    volumes = []
    for phase in range(phases):
        volumes.append(axial_series(folder / f"p{phase}", seed=phase, description="4D"))
        edit(folder / f"p{phase}", lambda data, n, phase=phase: _mark(data, n, phase, change))
    return volumes


def _mark(data, n, phase, change):
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.InstanceNumber = 100 * phase + n
    change(data, phase)


@pytest.mark.parametrize("change, word", [
    (lambda d, p: setattr(d, "TemporalPositionIdentifier", p + 1), "time point 2"),
    (lambda d, p: setattr(d, "NominalPercentageOfRespiratoryPhase", 10.0 * p), "respiratory phase % 10"),
    (lambda d, p: setattr(d, "SeriesDescription", f"4D {p * 10}%"), "description 4D 10%"),
    (lambda d, p: setattr(d, "AcquisitionNumber", p + 4), "acquisition 5"),
    (lambda d, p: None, "pass 2 by instance number")])
def test_phases_of_a_4d_ct_in_one_series_are_told_apart(tmp_path, change, word):
    volumes = four_d(tmp_path, change)
    found = list_series(tmp_path)
    assert len(found) == 3 and found[1].phase.startswith(word) and word in str(found[1])
    assert np.array_equal(read_series(tmp_path, series=2).array, volumes[1].array)
    with pytest.raises(InputError, match="3 series"):
        read_series(tmp_path)
    with pytest.raises(InputError, match="holds 3 volumes"):
        read_series(tmp_path, series=found[0].uid)


def test_phases_in_series_of_their_own_are_listed_by_their_description(tmp_path):
    for percent in (0, 50):
        axial_series(tmp_path / str(percent), seed=percent, description=f"Gated {percent}.0%")
    assert ['"Gated 0.0%"' in str(i) or '"Gated 50.0%"' in str(i) for i in list_series(tmp_path)] == [True, True]


def test_copies_of_files_and_twins_of_images_count_once(tmp_path):
    volume = axial_series(tmp_path)
    shutil.copy(tmp_path / "ct_0003.dcm", tmp_path / "again.dcm")
    read = read_series(tmp_path)
    assert np.array_equal(read.array, volume.array) and "1 files were copies" in read.source.warnings[0]
    data = pydicom.dcmread(tmp_path / "again.dcm")
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.save_as(tmp_path / "again.dcm")
    read = read_series(tmp_path)
    assert np.array_equal(read.array, volume.array) and "came twice with the same pixels" in read.source.warnings[0]


def test_uneven_slices_are_refused_or_interpolated_in_place(tmp_path):
    grid = oriented_grid((1, 0, 0, 0, 1, 0), (61, 13, 15), (1.0, 4.0, 4.0), MIDDLE)
    write_ct_series(ball_volume(grid, BALL, 16.0), tmp_path, patient_id="P1")
    heights = {*range(0, 20, 2), *range(20, 40, 1), *range(40, 61, 3)}
    edit(tmp_path, lambda data, n: None if n in heights else False)
    with pytest.raises(InputError, match="missing"):
        read_series(tmp_path)
    read = read_series(tmp_path, gaps="interpolate")
    centre, _ = centre_and_cc(read)
    assert np.allclose(centre, BALL, atol=0.4) and read.grid.spacing_mm[0] == pytest.approx(1.0)

    def shift(data, n):
        data.ImagePositionPatient[2] += 0.3 * (n % 3)
    edit(tmp_path, shift)
    with pytest.raises(InputError, match="uneven slice spacing.*--gaps interpolate"):
        read_series(tmp_path)
    read = read_series(tmp_path, gaps="interpolate")
    assert "uneven slice spacing" in read.source.warnings[0]
    named = [k for k, (_, uid) in enumerate(read.source.slices) if uid]
    assert len(read.source.slices) == read.grid.shape[0] and named[0] == 0
    assert np.allclose(centre_and_cc(read)[0], BALL, atol=0.6)


def test_a_ramp_is_exact_between_uneven_slices(tmp_path):
    volume = axial_series(tmp_path)
    heights = np.array([0, 3, 7, 9, 13.1, 18]) * 1.0

    def ramp(data, n):
        data.ImagePositionPatient[2] = f"{-100 + heights[n]:.3f}"
        data.PixelData = np.full(SHAPE[1:], round(heights[n] * 20), "<i2").tobytes()
    edit(tmp_path, ramp)
    read = read_series(tmp_path, gaps="interpolate")
    at = read.grid.to_lps(np.array([(0, 0, k) for k in range(read.grid.shape[0])]))[:, 2] + 100
    assert at[0] == 0 and at[-1] == pytest.approx(18) and np.abs(read.array[:, 2, 3] - at * 20).max() <= 1
    assert volume.grid.shape[0] < read.grid.shape[0] < 4 * volume.grid.shape[0]


def test_big_endian(tmp_path):
    volume = axial_series(tmp_path)
    for path in tmp_path.glob("*.dcm"):
        data = pydicom.dcmread(path)
        data.PixelData = data.pixel_array.astype(">i2").tobytes()
        data.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        pydicom.dcmwrite(path, data, implicit_vr=False, little_endian=False)
    assert np.array_equal(read_series(tmp_path).array, volume.array)


@pytest.mark.parametrize("name", ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_RLE.dcm",
                                  "MR_small_expb.dcm", "MR_small_implicit.dcm"])
def test_compressed_twins_of_one_image_have_its_values(name):
    truth = read_series(get_testdata_file("MR_small.dcm"))
    read = read_series(get_testdata_file(name))
    assert np.array_equal(read.array, truth.array) and read.grid.same_as(truth.grid)


@pytest.mark.parametrize("program", [("dcmcjpeg", "+e1"), ("dcmcjpeg", "+el"), ("dcmcjpls", "+el"), ("dcmcrle",)],
                         ids=" ".join)
def test_what_dcmtk_compresses_without_loss(tmp_path, program):
    if not shutil.which(program[0]):
        pytest.skip(f"{program[0]} is not installed")
    volume = axial_series(tmp_path / "plain", shape=(2, 19, 23))
    (tmp_path / "packed").mkdir()
    for path in sorted((tmp_path / "plain").glob("*.dcm")):
        subprocess.run([*program, str(path), str(tmp_path / "packed" / path.name)], check=True)
    syntax = pydicom.dcmread(next((tmp_path / "packed").iterdir())).file_meta.TransferSyntaxUID
    assert syntax.is_compressed and np.array_equal(read_series(tmp_path / "packed").array, volume.array)


def test_unknown_private_tags_do_no_harm(tmp_path):
    volume = axial_series(tmp_path)

    def private(data, n):
        block = data.private_block(0x0099, "NOBODY KNOWS", create=True)
        block.add_new(0x01, "UN", b"\x01\x02\x03\x04" * 500)
        block.add_new(0x02, "SQ", [pydicom.Dataset()])
        data.add_new(0x00991099, "UN", b"no creator")
    edit(tmp_path, private)
    assert np.array_equal(read_series(tmp_path).array, volume.array)


@pytest.mark.parametrize("name", ["MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
                                  "MR_small.dcm"])
def test_a_size_that_the_file_cannot_hold_is_refused_before_memory_is_asked_for(tmp_path, name):
    data = pydicom.dcmread(get_testdata_file(name))
    data.Rows = data.Columns = 65535
    data.save_as(tmp_path / "x.dcm")
    with pytest.raises(InputError, match="states 8.6 GB of pixels and holds"):
        read_series(tmp_path / "x.dcm")


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1)])
def test_contours_name_the_frame_they_lie_on(tmp_path, orientation):
    write_enhanced([ball(orientation)], tmp_path / "ct" / "enhanced.dcm")
    volume = read_series(tmp_path / "ct")
    drawn = StructureSet(volume.grid, (Structure.from_full("Ball", volume.array > 0),), volume.source)
    write_rtstruct(drawn, volume, tmp_path / "rs.dcm")
    back = read_rtstruct(tmp_path / "rs.dcm", volume).find("Ball").full(volume.grid.shape)
    assert np.array_equal(back, volume.array > 0)
    image = pydicom.dcmread(tmp_path / "ct" / "enhanced.dcm")
    places = [np.array(f.PlanePositionSequence[0].ImagePositionPatient, float)
              for f in image.PerFrameFunctionalGroupsSequence]
    normal = np.cross(orientation[:3], orientation[3:])
    for item in pydicom.dcmread(tmp_path / "rs.dcm").ROIContourSequence[0].ContourSequence:
        reference = item.ContourImageSequence[0]
        assert reference.ReferencedSOPInstanceUID == image.SOPInstanceUID
        points = np.array(item.ContourData, float).reshape(-1, 3)
        assert np.abs((points - places[int(reference.ReferencedFrameNumber) - 1]) @ normal).max() < 0.01


def test_contours_on_interpolated_slices_name_no_image(tmp_path):
    axial_series(tmp_path / "ct")
    (tmp_path / "ct" / "ct_0003.dcm").unlink()
    volume = read_series(tmp_path / "ct", gaps="interpolate")
    drawn = StructureSet(volume.grid, (Structure.from_full("All", np.ones(volume.grid.shape, bool)),), volume.source)
    write_rtstruct(drawn, volume, tmp_path / "rs.dcm")
    contours = pydicom.dcmread(tmp_path / "rs.dcm").ROIContourSequence[0].ContourSequence
    named = ["ContourImageSequence" in item for item in contours]
    assert named == [True, True, False, True, True, True]
