"""The files of a contour run: profile, smooth contours, adding to a set, and what is said about it."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from data.shapes import ball

from radoncai.cli.main import main
from radoncai.contour.job import ContourResult
from radoncai.contour.write import RtstructOptions, write_results
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.tables import cell
from radoncai.core.volume import Source, Volume
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.models.catalogue import find

SHAPE, SPACING = (7, 40, 43), (3.0, 1.1, 0.9)
SOURCE = Source("P1", "1.2.3", "1.2.3.1", "1.2.3.2",
                tuple(("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.9.{k}") for k in range(SHAPE[0])))
CT = Volume(np.zeros(SHAPE, np.int16), Grid.axial(SHAPE, SPACING, (-10.0, -20.0, -30.0)), "CT", "HU", SOURCE)
MASKS = {"Lung_L": ball(SHAPE, SPACING, 12.0), "Lung_R": ball(SHAPE, SPACING, 9.0)}


def result():
    drawn = tuple(Structure.from_full(n, m, origin="AUTOMATIC") for n, m in MASKS.items())
    return ContourResult(StructureSet(CT.grid, drawn, SOURCE, "", {"External": "nothing there"}), find("body"), "cpu",
                         "", (), {})


def write(folder, **options):
    folder.mkdir()
    _, record = write_results([result()], CT, folder, Progress(), rtstruct=RtstructOptions(**options))
    return record, pydicom.dcmread(folder / "rtstruct.dcm")


def points(data):
    return sum(c.NumberOfContourPoints for r in data.ROIContourSequence for c in r.ContourSequence)


def test_the_profile_decides_how_contours_are_drawn_and_the_option_overrides(tmp_path):
    exact, a = write(tmp_path / "a")
    smooth, b = write(tmp_path / "b", profile="eclipse")
    _, c = write(tmp_path / "c", profile="eclipse", contours="exact")
    assert exact.options["rtstruct"]["contours"] == "exact" and smooth.options["rtstruct"]["contours"] == "smooth"
    assert points(a) == points(c) != points(b)
    for record, name in ((exact, "a"), (smooth, "b")):
        assert "every voxel the same" in record.options["rtstruct"]["read_back"] and record.warnings == ()
        assert all(np.array_equal(s.full(SHAPE), MASKS[s.name]) for s in read_rtstruct(tmp_path / name / "rtstruct.dcm",
                                                                                      CT))
    assert "External (nothing there)" in a.StructureSetDescription
    assert json.loads((tmp_path / "b" / "provenance.json").read_text())["options"]["rtstruct"]["profile"] == "eclipse"


def test_an_over_long_study_id_is_written_cut_and_said_once(tmp_path):
    source = replace(SOURCE, header={"StudyID": "A_STUDY_OF_20_LETTER", "StudyDescription": "kept"})
    record = write_results([result()], replace(CT, source=source), tmp_path, Progress())[1]
    data = pydicom.dcmread(tmp_path / "rtstruct.dcm")
    assert (data.StudyID, data.StudyDescription) == ("A_STUDY_OF_20_LE", "kept")
    assert [w for w in record.warnings if "StudyID" in w] == [
        "StudyID of the images: longer than DICOM allows, so it was written cut."]


def test_what_pydicom_says_of_values_stays_off_the_terminal():
    code = "import logging, radoncai.dicom, pydicom; logging.basicConfig(); pydicom.Dataset().StudyID = 'x' * 20"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_organs_are_added_to_a_persons_set(tmp_path):
    own = Structure.from_full("lung_l", MASKS["Lung_R"], role="ptv")
    write_rtstruct(StructureSet(CT.grid, (own,), SOURCE, "Mine"), CT, tmp_path / "own.dcm")
    record, data = write(tmp_path / "a", add_to=tmp_path / "own.dcm")
    assert [r.ROIName for r in data.StructureSetROISequence] == ["lung_l", "Lung_R"]
    assert [r.ROIGenerationAlgorithm for r in data.StructureSetROISequence] == ["MANUAL", "AUTOMATIC"]
    assert record.options["rtstruct"]["kept"] == "Kept of the existing set: 1 of 1 ROIs, byte for byte."
    assert "1 structure," in record.options["rtstruct"]["read_back"]
    assert any("Lung_L was left out" in w for w in record.warnings)
    write_rtstruct(result().structures, CT, tmp_path / "both.dcm")
    with pytest.raises(InputError, match="nothing was added"):
        write(tmp_path / "b", add_to=tmp_path / "both.dcm")


@pytest.mark.parametrize("options, words", [
    (["--add-to", "nowhere.dcm"], "nowhere.dcm does not exist"),
    (["--profile", "moon"], "no profile moon"),
    (["--contours", "round"], "invalid choice"),
])
def test_wrong_options_are_refused_before_the_model_runs(tmp_path, capsys, options, words):
    assert main(["contour", str(tmp_path), "--model", "body", *options, "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert words in said and "finding the body" not in said and not (tmp_path / "out").exists()


def test_sentences_in_a_cell_are_joined_by_a_space_and_words_by_semicolons():
    assert (cell(["One. Two.", "Three."]), cell(["a", "b"])) == ("One. Two. Three.", "a; b")
