"""Files and shapes of the real world: other programs' RTSTRUCT, two readers' masks."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from data.two_readers import FOLDER as READERS
from data.two_readers import image_on, masks

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Source, Volume
from radoncai.dicom.check.judge import check_rtstruct
from radoncai.dicom.files import open_dicom
from radoncai.dicom.rtdose.writer import read_rtdose
from radoncai.dicom.rtstruct.extend import add_to_rtstruct
from radoncai.dicom.rtstruct.reader import read_contours, read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.series import read_series
from radoncai.dicom.values import modality_of

DATA = Path(__file__).parents[3] / "shared" / "data"
ODD = DATA / "rtstruct_odd"
FILES = sorted(p for p in ODD.rglob("*") if p.is_file() and p.suffix in (".dcm", ".gz")) if ODD.is_dir() else []
SETS = [p for p in FILES if "RS" in p.name or "rtstruct" in p.name]
READ = {"RTSTRUCT": read_contours, "RTDOSE": read_rtdose, "CT": read_series}


def sentence(error):
    text = str(error)
    return 20 < len(text) < 500 and "\n" not in text and text.rstrip()[-1] in ".;"


@pytest.mark.skipif(not FILES, reason="../shared/data/rtstruct_odd is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_odd_files_are_read_or_refused_in_one_sentence(path):
    try:
        found = READ.get(modality_of(open_dicom(path)), read_series)(path)
        assert found is not None
    except InputError as error:
        assert sentence(error), str(error)


@pytest.mark.skipif(not SETS, reason="../shared/data/rtstruct_odd is not here")
@pytest.mark.parametrize("path", SETS, ids=lambda p: p.name)
def test_other_programs_sets_are_read_checked_and_added_to(path, tmp_path):
    file = read_contours(path)
    points = np.concatenate([c.points for roi in file.rois for c in roi.contours])
    low, high = points.min(axis=0), points.max(axis=0)
    shape = tuple(int(n) + 3 for n in np.ceil((high - low)[::-1] / (5.0, 3.0, 3.0)))
    grid = Grid.axial(shape, (5.0, 3.0, 3.0), tuple(low - 3.0))
    images = tuple(("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{k}") for k in range(shape[0]))
    volume = Volume(np.zeros(shape, np.int16), grid, "CT", "HU",
                    Source(file.source.patient_id, "1.2.3", "1.2.4", file.source.frame_uid or "1.2.5", images))
    found = read_rtstruct(path, volume)
    assert len(found) + len(found.missing) == len(file.rois)
    assert any("placed by their position" in w for w in found.warnings)
    assert check_rtstruct(path, volume, "eclipse")
    mask = np.zeros(shape, bool)
    mask[1, 1:4, 1:4] = True
    new = StructureSet(grid, (Structure.from_full("New_One", mask),))
    add_to_rtstruct(path, new, volume, tmp_path / "rs.dcm")
    after = read_contours(tmp_path / "rs.dcm")
    assert [r.structure.name for r in after.rois] == [*(r.structure.name for r in file.rois), "New_One"]
    for a, b in zip(file.rois, after.rois, strict=False):
        assert (a.number, [c.text for c in a.contours]) == (b.number, [c.text for c in b.contours])
        assert (a.structure.role, a.structure.color, a.structure.origin) == (b.structure.role, b.structure.color,
                                                                            b.structure.origin)


def test_files_of_the_pydicom_wheel_are_read_or_refused():
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.stat().st_size < 2e6]
    assert len(files) > 50
    for path in files:
        for read in (read_contours, check_rtstruct):
            try:
                read(path)
            except InputError as error:
                assert sentence(error), (path, str(error))


@pytest.mark.skipif(not READERS.is_dir(), reason="../shared/data/two_reader_hn is not here")
@pytest.mark.parametrize("contours", ["exact", "smooth"])
@pytest.mark.parametrize("reader", ["oncologist", "radiographer"])
def test_masks_of_two_readers_come_back_voxel_for_voxel(reader, contours, tmp_path):
    grid, drawn = masks(READERS / f"TCGA-CV-5978_{reader}.npz")
    volume = image_on(grid)
    write_rtstruct(StructureSet(grid, drawn, volume.source), volume, tmp_path / "rs.dcm", contours=contours)
    found = read_rtstruct(tmp_path / "rs.dcm", volume)
    assert len(found) == len(drawn) > 15 and not found.warnings
    for a, b in zip(drawn, found, strict=True):
        assert (a.name, a.box) == (b.name, b.box) and np.array_equal(a.mask, b.mask)
