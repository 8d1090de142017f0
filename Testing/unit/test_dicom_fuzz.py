"""Damaged files of every kind: read or refused in one sentence, quickly, in little memory, with nothing left behind."""

import logging
import os
import random
import resource
import signal
import tempfile
import warnings
from pathlib import Path

import pydicom
import pytest
from data.fuzz import bytes_changed, seeds, tags_changed
from pydicom.data import get_testdata_files

from radoncai.core.errors import InputError
from radoncai.dicom.check.judge import check_rtplan, check_rtstruct
from radoncai.dicom.convert import convert
from radoncai.dicom.dose import read_dose
from radoncai.dicom.image import read_image
from radoncai.dicom.masks.labels import read_labels
from radoncai.dicom.masks.seg import read_seg
from radoncai.dicom.registration import read_registration
from radoncai.dicom.rtdose.plan import read_prescription
from radoncai.dicom.rtstruct.reader import read_contours
from radoncai.dicom.series.series import list_series, read_series
from radoncai.dicom.structures import read_structures

CASES = 10000 if os.environ.get("RADONCAI_LONG") else 400
HANG_S, MOST_MB = 30, 700
NAMES = ("ct_0002.dcm", "rs.dcm", "rp.dcm", "rd.dcm", "enhanced.dcm", "seg.dcm", "reg.dcm", "s.seg.nrrd",
         "image.nrrd", "mask.nii.gz")


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    content = seeds(folder)
    return content, read_series(folder / "ct")


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def _hangs(_signal, _frame):
    raise TimeoutError(f"reading took more than {HANG_S} s")


def readers(name, ct):
    def structures(path):
        return read_structures(path, ct, same_patient=True)

    def checked(path):
        return (check_rtplan if path.name == "rp.dcm" else check_rtstruct)(path, ct)

    return {"rs.dcm": (structures, read_contours, checked), "rp.dcm": (read_prescription, checked),
            "rd.dcm": (read_dose,), "reg.dcm": (read_registration,), "seg.dcm": (read_seg, structures),
            "s.seg.nrrd": (read_labels, structures), "image.nrrd": (read_image,),
            "mask.nii.gz": (read_labels, read_image)}.get(name, (read_series, list_series))


def survive(path, ct, reading, out):
    """Every reader, and a conversion, end in a result or in one sentence."""
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(HANG_S)
    try:
        for read in (*reading, lambda p: convert(p, out / "o.seg.nrrd", ct, same_patient=True)):
            try:
                read(path)
            except InputError as error:
                said = str(error)
                assert "\n" not in said and 10 < len(said) < 900, said
                assert not list(out.iterdir())
            for made in out.iterdir():
                made.unlink()
    finally:
        signal.alarm(0)
    assert not list(Path(tempfile.gettempdir()).iterdir())


def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("how", ["bytes", "tags"])
def test_damaged_files_are_read_or_refused_in_one_sentence(material, tmp_path, how):
    hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed (extra: test)")
    from hypothesis import strategies as st

    content, ct = material
    names = [n for n in NAMES if how == "bytes" or n.endswith(".dcm")]
    edit = st.tuples(st.integers(0, 65535), st.integers(0, 24), st.binary(max_size=12)) if how == "bytes" else \
        st.tuples(st.integers(0, 9999), st.integers(0, 7), st.integers(0, 40))
    (tmp_path / "out").mkdir()
    before = megabytes()

    @hypothesis.settings(max_examples=CASES // 2, derandomize=True, deadline=None, database=None,
                         suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(st.sampled_from(names), st.lists(edit, min_size=1, max_size=6))
    def one_case(name, edits):
        try:
            damaged = (bytes_changed if how == "bytes" else tags_changed)(content[name], edits)
        except Exception:  # noqa: BLE001  pydicom cannot write every nonsense
            hypothesis.reject()
        path = tmp_path / name
        path.write_bytes(damaged)
        survive(path, ct, readers(name, ct), tmp_path / "out")

    one_case()
    assert megabytes() - before < MOST_MB


def test_files_damaged_at_random(material, tmp_path):
    """Without hypothesis, spread evenly over the files and their bytes and tags."""
    content, ct = material
    (tmp_path / "out").mkdir()
    rng = random.Random(99)
    for n in range(CASES // 2):
        name = NAMES[n % len(NAMES)]
        edits = range(rng.randint(1, 6))
        try:
            if name.endswith(".dcm") and rng.random() < 0.5:
                damaged = tags_changed(content[name], [(rng.randrange(9999), rng.randrange(8), rng.randrange(41))
                                                       for _ in edits])
            else:
                damaged = bytes_changed(content[name], [(rng.randrange(65536), rng.randrange(24),
                                                         rng.randbytes(rng.randrange(12))) for _ in edits])
        except Exception:  # noqa: BLE001  pydicom cannot write every nonsense
            continue
        (tmp_path / name).write_bytes(damaged)
        survive(tmp_path / name, ct, readers(name, ct), tmp_path / "out")


@pytest.mark.parametrize("name", NAMES)
def test_files_cut_anywhere(material, tmp_path, name):
    content, ct = material
    (tmp_path / "out").mkdir()
    for part in range(1, 12 if CASES < 1000 else 200):
        path = tmp_path / name
        path.write_bytes(content[name][:len(content[name]) * part // (12 if CASES < 1000 else 200)])
        survive(path, ct, readers(name, ct), tmp_path / "out")


WHEEL = sorted(p for p in (Path(pydicom.__file__).parent / "data").rglob("*")
               if p.is_file() and p.suffix not in (".py", ".pyc"))


def test_all_files_of_the_pydicom_wheel(material, tmp_path):
    assert len(WHEEL) > 150 and get_testdata_files()
    (tmp_path / "out").mkdir()
    every = (read_series, list_series, read_contours, read_prescription, read_dose, read_seg, read_registration)
    for path in WHEEL:
        survive(path, material[1], every, tmp_path / "out")


ODD = Path(__file__).parents[3] / "shared" / "data" / "rtstruct_odd"


@pytest.mark.slow
@pytest.mark.skipif(not ODD.is_dir(), reason="../shared/data/rtstruct_odd is not here")
def test_all_odd_files(material, tmp_path):
    (tmp_path / "out").mkdir()
    for path in sorted(p for p in ODD.rglob("*") if p.is_file() and p.suffix != ".md"):
        survive(path, material[1], (read_image, read_contours, read_prescription, read_dose), tmp_path / "out")
