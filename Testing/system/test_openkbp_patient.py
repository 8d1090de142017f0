"""A real head-and-neck patient as a DICOM series through contour, dose, dvh and compare."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "openkbp"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/openkbp is not here")]
PATIENT = "pt_201"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """The patient on disk, every command run once: folder, patient, what each command printed."""
    import contextlib
    import io

    import openkbp

    from radoncai.cli.main import main
    from radoncai.core.dose import Dose, Prescription
    from radoncai.core.structures import StructureSet
    from radoncai.core.volume import Volume
    from radoncai.dicom.rtdose.plan import write_rtplan
    from radoncai.dicom.rtdose.writer import write_rtdose
    from radoncai.dicom.rtstruct.writer import write_rtstruct
    from radoncai.dicom.series.ct_writer import write_ct_series

    folder = tmp_path_factory.mktemp("openkbp")
    patient = openkbp.load_module(DATA).read_patient(DATA / "validation" / f"{PATIENT}.kbp")
    volume, structures = openkbp.as_nouns(patient)
    volume = write_ct_series(volume, folder / "ct", patient_id=PATIENT)
    write_rtstruct(StructureSet(volume.grid, structures.structures, volume.source), volume, folder / "rs.dcm")
    plan = write_rtplan(Prescription(openkbp.prescription(patient), 35), volume.source, folder / "rp.dcm", title="Plan")
    write_rtdose(
        Dose(Volume(patient["dose"], volume.grid, "RTDOSE", "Gy", volume.source)), folder / "rd.dcm", plan=plan
    )
    given = ",".join(f"{name}={gy:g}" for name, gy in openkbp.prescription(patient).items())
    commands = {
        "contour": ("contour", folder / "ct", "--model", "hn_oar"),
        "dose": (
            "dose",
            folder / "ct",
            "--structures",
            folder / "rs.dcm",
            "--prescription",
            given,
            "--fractions",
            35,
            "--goals",
            "openkbp_hn",
        ),
        "dvh": (
            "dvh",
            "--dose",
            folder / "rd.dcm",
            "--structures",
            folder / "rs.dcm",
            "--prescription",
            given,
            "--goals",
            "openkbp_hn",
        ),
        "compare": ("compare", folder / "rs.dcm", folder / "contour" / "rtstruct.dcm", "--ct", folder / "ct"),
    }
    said = {}
    for name, command in commands.items():
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert main([*map(str, command), "-o", str(folder / name), "--json"]) == 0, name
        said[name] = json.loads(out.getvalue())
    return folder, patient, said


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_organs_are_found_where_a_person_drew_them(case):
    folder, patient, _ = case
    rows = table(folder / "compare" / "compare.csv")
    found = {r["structure"]: float(r["dice"]) for r in rows if r["dice"]}
    organs = [n for n in patient["structures"] if not n.startswith("PTV")]
    assert np.mean([found.get(n, 0.0) for n in organs]) > 0.55


def test_the_predicted_dose_is_near_the_planned_one_and_says_what_it_is(case):
    import openkbp
    import pydicom

    from radoncai.core.grid import Grid
    from radoncai.dicom.rtdose.writer import read_rtdose

    folder, patient, _ = case
    dose = read_rtdose(folder / "dose" / "rtdose.dcm")
    predicted = openkbp.onto(dose.volume, Grid(patient["dose"].shape, patient["index_to_lps"]))
    assert openkbp.dose_error(patient["dose"], predicted, patient["possible_dose_mask"]) < 5.0
    assert "PREDICTION, NOT A PLAN" in pydicom.dcmread(folder / "dose" / "rtdose.dcm").DoseComment


def test_every_predicted_metric_of_a_known_kind_has_a_band_around_it(case):
    rows = [
        r
        for r in table(case[0] / "dose" / "dvh_metrics.csv")
        if r["metric"] in ("Dmean[Gy]", "D95%[Gy]") and r["value"]
    ]
    assert rows and all(float(r["low"]) <= float(r["high"]) for r in rows)


def test_the_dvh_of_the_planned_dose_agrees_with_its_voxels(case):
    folder, patient, _ = case
    rows = {(r["structure"], r["metric"]): r["value"] for r in table(folder / "dvh" / "dvh_metrics.csv")}
    mean = float(rows["PTV70", "Dmean[Gy]"])
    assert mean == pytest.approx(float(patient["dose"][patient["structures"]["PTV70"]].mean()), abs=1.5)
    assert rows["PTV70", "D95%[Gy]"]


def test_a_given_dose_has_no_band_and_its_goals_a_verdict(case):
    goals = table(case[0] / "dvh" / "goals.csv")
    assert {r["verdict"] for r in goals} <= {"pass", "near", "fail", "unknown"}
    assert all(r["low"] == "" for r in goals)


def test_provenance_names_inputs_and_models_and_no_patient(case):
    folder, _, _ = case
    for name in ("contour", "dose"):
        text = (folder / name / "provenance.json").read_text()
        assert json.loads(text)["models"][0]["weights"] and PATIENT not in text


def test_tables_stack(case):
    folder, _, _ = case
    for path in folder.glob("*/*.csv"):
        assert list(table(path)[0])[:2] == ["case", "run"], path
