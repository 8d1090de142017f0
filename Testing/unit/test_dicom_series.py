import gzip
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from data.odd_dicom import LANDMARK_HU, ORIGIN, SHAPE, axial_series, edit, series_of_orientation
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, generate_uid

from radoncai.core.errors import InputError
from radoncai.core.structures import StructureSet
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.series import list_series, read_series

PLACE = (12.5, -33.0, 41.5)
ODD = Path(__file__).parents[3] / "shared" / "data" / "rtstruct_odd"
REAL = Path(__file__).parents[3] / "shared" / "data" / "real_ct"


@pytest.fixture
def series(tmp_path):
    return axial_series(tmp_path), tmp_path


def refused(folder, *words, **options):
    with pytest.raises(InputError) as error:
        read_series(folder, **options)
    sentence = str(error.value)
    assert "\n" not in sentence and len(sentence) < 600
    for word in words:
        assert word in sentence
    return sentence


def test_a_written_series_is_read_back_exactly(series):
    volume, folder = series
    read = read_series(folder)
    assert np.array_equal(read.array, volume.array) and read.array.dtype == np.int16
    assert read.grid.same_as(volume.grid, 1e-6) and read.grid.is_axial
    assert read.source.slices == volume.source.slices and read.unit == "HU"
    assert read.source.patient_id == "P1" and read.source.header["SliceThickness"] == 3.0


def test_writing_twice_gives_equal_files(tmp_path):
    axial_series(tmp_path / "a")
    axial_series(tmp_path / "b")
    assert (tmp_path / "a/ct_0002.dcm").read_bytes() == (tmp_path / "b/ct_0002.dcm").read_bytes()


def test_names_numbers_and_order_of_files_do_not_matter(series):
    volume, folder = series
    edit(folder, lambda data, n: setattr(data, "InstanceNumber", 100 - n))
    for n, path in enumerate(sorted(folder.glob("*.dcm"))):
        (folder / f"deep{n % 2}").mkdir(exist_ok=True)
        path.rename(folder / f"deep{n % 2}" / f"x{(n * 7) % 5}{n}")
    read = read_series(folder)
    assert np.array_equal(read.array, volume.array)
    assert read.source.slices == volume.source.slices


@pytest.mark.parametrize("orientation", [
    (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, -1, 0), (-1, 0, 0, 0, -1, 0), (-1, 0, 0, 0, 1, 0), (0, -1, 0, 1, 0, 0),
    (0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, -1), (0, 0, 1, 1, 0, 0), (1, 0, -1.2e-16, 0, 1, 0)])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_landmark_stays_where_it_is(tmp_path, orientation, reverse):
    series_of_orientation(tmp_path, orientation, PLACE, reverse=reverse)
    volume = read_series(tmp_path)
    (at,) = np.argwhere(volume.array == LANDMARK_HU)
    assert np.allclose(volume.grid.to_lps(at[::-1][None])[0], PLACE, atol=1e-4)
    assert volume.grid.is_axial
    axial = abs(np.cross(orientation[:3], orientation[3:])[2]) > 0.5
    assert len(volume.source.slices) == (volume.grid.shape[0] if axial else 0)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, -1, 0), (1, 0, 0, 0, 1, 0)])
def test_the_reference_of_a_slice_follows_its_position(tmp_path, orientation):
    series_of_orientation(tmp_path, orientation, PLACE)
    volume = read_series(tmp_path)
    by_uid = {str(d.SOPInstanceUID): float(d.ImagePositionPatient[2])
              for d in map(pydicom.dcmread, tmp_path.glob("*.dcm"))}
    heights = [by_uid[uid] for _, uid in volume.source.slices]
    assert np.allclose(heights, volume.grid.to_lps(np.array([(0, 0, k) for k in range(SHAPE[0])]))[:, 2])


def test_each_slice_has_its_own_slope_and_intercept(series):
    volume, folder = series

    def rescale(data, n):
        data.RescaleSlope, data.RescaleIntercept = "0.5", str(n * 10)
    edit(folder, rescale)
    read = read_series(folder)
    assert read.array.dtype == np.float32
    expected = volume.array * 0.5 + np.arange(SHAPE[0])[:, None, None] * 10
    assert np.allclose(read.array, expected)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, RLELossless, DeflatedExplicitVRLittleEndian])
def test_other_transfer_syntaxes(series, syntax):
    volume, folder = series
    for path in folder.glob("*.dcm"):
        data = pydicom.dcmread(path)
        if syntax == RLELossless:
            data.compress(RLELossless)
        else:
            data.file_meta.TransferSyntaxUID = syntax
        data.save_as(path, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
    assert np.array_equal(read_series(folder).array, volume.array)


def test_a_single_slice_takes_its_thickness(series):
    volume, folder = series
    read = read_series(sorted(folder.glob("*.dcm"))[2])
    assert read.grid.shape == (1, *SHAPE[1:]) and read.grid.spacing_mm[0] == 3.0
    assert read.grid.origin_lps[2] == pytest.approx(ORIGIN[2] + 6.0)


def test_empty_uids_are_taken_from_the_file_header(series):
    _, folder = series

    def empty(data, n):
        data.SOPInstanceUID = data.SeriesInstanceUID = data.StudyInstanceUID = ""
        data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{n + 1}"
    for n, path in enumerate(sorted(folder.glob("*.dcm"))):
        data = pydicom.dcmread(path)
        empty(data, n)
        pydicom.dcmwrite(path, data, enforce_file_format=False)
    read = read_series(folder)
    assert [uid for _, uid in read.source.slices] == [f"1.2.3.{n + 1}" for n in range(SHAPE[0])]
    assert not read.source.is_dicom and "(study, series)" in read.source.warnings[0]
    with pytest.raises(InputError, match="no DICOM references"):
        write_rtstruct(StructureSet(read.grid), read, folder / "rs.dcm")


@pytest.mark.parametrize("keyword", ["FrameOfReferenceUID", "StudyInstanceUID", "SOPInstanceUID"])
def test_images_without_a_uid_are_read_and_contours_for_them_refused(series, keyword):
    volume, folder = series
    for path in sorted(folder.glob("*.dcm")):
        data = pydicom.dcmread(path)
        setattr(data, keyword, "")
        if keyword == "SOPInstanceUID":
            data.file_meta.MediaStorageSOPInstanceUID = ""
        pydicom.dcmwrite(path, data, enforce_file_format=False)
    read = read_series(folder)
    assert np.array_equal(read.array, volume.array) and "UIDs of the images are empty" in read.source.warnings[0]
    with pytest.raises(InputError, match="no DICOM references"):
        write_rtstruct(StructureSet(read.grid), read, folder / "rs.dcm")


def test_empty_and_foreign_folders(tmp_path):
    refused(tmp_path, "empty")
    refused(tmp_path / "nowhere", "does not exist")
    (tmp_path / "notes.dcm").write_text("these are my notes, not DICOM at all\n" * 20)
    refused(tmp_path, "DICOM")
    refused(tmp_path / "notes.dcm", "not a DICOM file")


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_truncated_files(series, keep):
    _, folder = series
    path = sorted(folder.glob("*.dcm"))[3]
    path.write_bytes(path.read_bytes()[:int(path.stat().st_size * keep)])
    refused(folder, "ct_0004.dcm", "cut off")


def test_missing_slices_are_named_or_interpolated(series):
    volume, folder = series
    for k in (2, 3):
        (folder / f"ct_{k + 1:04d}.dcm").unlink()
    refused(folder, "2 slices are missing", "number 3 at -94.0 mm", "4 at -91.0 mm", "--gaps interpolate")
    read = read_series(folder, gaps="interpolate")
    assert read.grid.same_as(volume.grid) and "interpolated" in read.source.warnings[0]
    expected = volume.array[1] * (2 / 3) + volume.array[4] / 3
    assert np.abs(read.array[2] - expected).max() <= 0.51
    assert read.source.slices[2] == ("", "") and read.source.slices[1] == volume.source.slices[1]


def test_uneven_and_repeated_positions(series):
    _, folder = series

    def move(data, n):
        if n == 3:
            data.ImagePositionPatient[2] += 0.7
    edit(folder, move)
    refused(folder, "uneven slice spacing")

    def repeat(data, n):
        if n == 3:
            data.ImagePositionPatient[2] = ORIGIN[2] + 6.0
    edit(folder, repeat)
    refused(folder, "twice")


def test_two_series_are_listed_and_chosen(tmp_path):
    first = axial_series(tmp_path / "a", description="plain")
    second = axial_series(tmp_path / "b", description="contrast", seed=5)
    sentence = refused(tmp_path, "2 series", '"plain"', '"contrast"', "6 slices", "--series NUMBER|UID")
    assert "patients" not in sentence
    numbers = {info.description: info.number for info in list_series(tmp_path)}
    assert np.array_equal(read_series(tmp_path, series=numbers["contrast"]).array, second.array)
    assert np.array_equal(read_series(tmp_path, series=first.source.series_uid).array, first.array)
    refused(tmp_path, "no series 7", '"plain"', series=7)


def test_two_patients_are_refused_without_their_names(tmp_path):
    axial_series(tmp_path / "a", patient="SECRET1")
    axial_series(tmp_path / "b", patient="SECRET2")
    sentence = refused(tmp_path, "2 patients")
    assert "SECRET" not in sentence
    series = list_series(tmp_path)
    edit(tmp_path / "b", lambda data, n: setattr(data, "SeriesInstanceUID", series[0].uid))
    refused(tmp_path, "2 patients")


def test_colour_multiframe_and_images_without_place(series, tmp_path):
    _, folder = series
    edit(folder, lambda data, n: setattr(data, "NumberOfFrames", 2))
    refused(folder, "multi-frame")

    def colour(data, n):
        data.NumberOfFrames, data.SamplesPerPixel, data.PhotometricInterpretation = 1, 3, "RGB"
    edit(folder, colour)
    refused(folder, "colour")

    def nowhere(data, n):
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        del data.ImagePositionPatient
    edit(folder, nowhere)
    refused(folder, "no image position")


def test_mixed_sizes_spacings_and_frames(series):
    _, folder = series

    def frame(data, n):
        if n == 2:
            data.FrameOfReferenceUID = generate_uid()
    edit(folder, frame)
    refused(folder, "frames of reference")

    def spacing(data, n):
        data.FrameOfReferenceUID = "1.2.3"
        if n == 2:
            data.PixelSpacing = ["1.3", "0.9"]
    edit(folder, spacing)
    refused(folder, "pixel spacing")


def test_localizers_and_other_objects_are_left_aside(series):
    volume, folder = series

    def localizer(data, n):
        if n == 5:
            data.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        if n == 0:
            data.Modality = "SEG"
    edit(folder, localizer)
    read = read_series(folder)
    assert np.array_equal(read.array, volume.array[1:5]) and "localizer" in read.source.warnings[0]


@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data/real_ct is not here")
def test_a_real_compressed_series_without_uids():
    volume = read_series(REAL / "ct_dicom_T11_T12" / "dicom")
    assert volume.grid.shape == (20, 512, 512) and volume.grid.spacing_mm[0] == pytest.approx(2.0)
    assert volume.grid.origin_lps[2] == pytest.approx(-804.5)
    assert volume.array[:, 250, 250].mean() > -200
    flipped = read_series(REAL / "abdominal_slice_pancreas")
    assert flipped.grid.origin_lps[1] == pytest.approx(-511 * 0.859375)


@pytest.mark.skipif(not ODD.is_dir(), reason="../shared/data/rtstruct_odd is not here")
def test_odd_real_slices(tmp_path):
    refused(ODD / "rtutils_oriented_0.dcm", "oblique")
    refused(ODD, "5 series", "--series")
    for name in ("ge_phantom_CT_1.dcm", "ge_phantom_CT_2.dcm"):
        shutil.copy(ODD / name, tmp_path)
    assert read_series(tmp_path).grid.spacing_mm[0] == pytest.approx(5.0)
    assert read_series(ODD / "dicompyler_breast_CT.dcm").grid.is_axial
    packed = tmp_path / "zipped"
    packed.mkdir()
    (packed / "a.dcm.gz").write_bytes(gzip.compress((ODD / "ge_phantom_CT_1.dcm").read_bytes()))
    assert read_series(packed).grid.shape[0] == 1


def test_a_file_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    """A deflated file and a gzipped one, each of a few kilobytes, with a limit of 1 MB in place of 2 GB."""
    from radoncai.dicom import files

    axial_series(tmp_path, shape=(1, 9, 11))
    path = next(tmp_path.glob("*.dcm"))
    data = pydicom.dcmread(path)
    data.PixelData = b"\0" * 3_000_000
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data.save_as(path, implicit_vr=False, little_endian=True)
    monkeypatch.setattr(files, "_MOST_BYTES", 1 << 20)
    assert path.stat().st_size < 20_000
    refused(path, "unpacks to more")
    path.rename(tmp_path / "plain")
    (tmp_path / "a.dcm.gz").write_bytes(gzip.compress(b"\0" * 128 + b"DICM" + b"\0" * 3_000_000))
    refused(tmp_path / "a.dcm.gz", "unpacks to more")
