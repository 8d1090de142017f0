"""Site presets: what stands in them, which model gives what, and the one set that comes out."""

import csv
import json
import shutil
import sys
from pathlib import Path

import pydicom
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from worker_requests import trunk_volume  # noqa: E402

from radoncai.cli.main import main  # noqa: E402
from radoncai.contour.images.placed import PLANNING, Placed  # noqa: E402
from radoncai.contour.job import contour  # noqa: E402
from radoncai.contour.presets.choose import choose, preset_row  # noqa: E402
from radoncai.contour.presets.preset import copy_preset, load_preset, preset_files, read_preset  # noqa: E402
from radoncai.contour.section import contour_section  # noqa: E402
from radoncai.contour.several import Images, run_shares  # noqa: E402
from radoncai.contour.write import merged, provenance  # noqa: E402
from radoncai.core.errors import Cancelled, InputError  # noqa: E402
from radoncai.core.progress import Progress  # noqa: E402
from radoncai.core.resources import resources  # noqa: E402
from radoncai.core.templates import match  # noqa: E402
from radoncai.dicom.series.ct_writer import write_ct_series  # noqa: E402
from radoncai.models.catalogue import catalogue  # noqa: E402
from radoncai.models.install import environments  # noqa: E402
from radoncai.report.contour_part import contour_part  # noqa: E402

MODELS = Path(__file__).parents[1] / "data" / "models"
OURS = ("breast", "head_and_neck", "pelvis", "thorax")
CHEST = [
    {"name": "External", "local_name": "Haut", "role": "external", "model": ["body"]},
    {"name": "Lungs", "local_name": "", "model": ["nowhere", "body:Lung_L+Lung_R"]},
    {"name": "Heart", "local_name": "Herz", "model": ["totalsegmentator_moon", "body:Heart"]},
    {"name": "SpinalCord", "local_name": "Myelon", "model": ["unet_onnx@9.9.9", "unet_onnx"]},
    {"name": "Lung_L", "local_name": "", "model": ["unet_onnx"]},
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folder with one small model and the preset `chest`."""
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RADONCAI_ENVIRONMENTS", raising=False)
    shutil.copytree(MODELS / "unet_onnx", tmp_path / "home" / "models" / "unet_onnx")
    write("chest", {"title": "Chest", "site": "thorax", "structures": CHEST})
    return tmp_path


def write(name, content):
    from radoncai.contour.presets.preset import own_folder
    own_folder().mkdir(parents=True, exist_ok=True)
    path = own_folder() / f"{name}.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize("name", OURS)
def test_presets_that_come_along_name_known_structures_and_outputs(name, tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path))
    preset = load_preset(name)
    models = catalogue((resources() / "Models",))
    for structure in preset.structures:
        template = match(structure.name)
        assert structure.name == "Breasts" or (template.name == structure.name and template.role == structure.role)
        for candidate in structure.candidates:
            if candidate.model in models:
                assert set(candidate.outputs) <= set(models[candidate.model].model.names), structure.name
            else:
                assert candidate.model.startswith("totalsegmentator_")
    assert preset.title and preset.site and not preset.own and preset.models


def test_outputs_of_totalsegmentator_are_those_of_its_table(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path))
    table = resources() / "Templates" / "totalsegmentator.csv"
    rows = list(csv.DictReader(line for line in table.read_text().splitlines() if not line.startswith("#")))
    gives = {}
    for row in rows:
        gives.setdefault(f"totalsegmentator_{row['task']}", set()).add(row["name"] or row["class"])
    for name in OURS:
        for structure in load_preset(name).structures:
            for candidate in structure.candidates:
                if candidate.model.startswith("totalsegmentator_"):
                    assert set(candidate.outputs) <= gives[candidate.model], (name, structure.name)


@pytest.mark.parametrize("content, words", [
    ("{", "damaged"), ({"title": "X"}, "lacks the key 'structures'"),
    ({"title": "X", "structures": []}, "no structures"),
    ({"title": "X", "structures": [{"name": "Heart"}]}, "lacks the key 'model'"),
    ({"title": "X", "structures": [{"name": "Heart", "model": "body"}]}, "no list of models"),
    ({"title": "X", "structures": [{"name": "Heart", "model": ["body:"]}]}, "no MODEL or MODEL:OUTPUT"),
    ({"title": "X", "structures": [{"name": "Heart", "role": "pump", "model": ["body"]}]}, "unknown role 'pump'"),
    ({"title": "X", "structures": [{"name": "Heart", "colour": 1, "model": ["body"]}]}, "unknown key 'colour'"),
    ({"title": "X", "structures": [{"name": "Heart", "model": ["body"]}, {
        "name": "Liver", "local_name": "heart", "model": ["body"]}]}, "two structures named"),
])
def test_a_damaged_preset_is_said_in_a_sentence(home, content, words):
    with pytest.raises(InputError, match=words) as said:
        read_preset(write("broken", content))
    assert "\n" not in str(said.value) and "broken.json" in str(said.value)
    assert main(["presets", "list"]) == 0


def test_a_copy_is_the_users_and_overrides_openly(home, capsys):
    path = copy_preset("thorax", "mine")
    assert load_preset("mine").own and load_preset("mine").structures == load_preset("thorax").structures
    with pytest.raises(InputError, match="already"):
        copy_preset("thorax", "mine")
    with pytest.raises(InputError, match="cannot be named"):
        copy_preset("thorax", "../mine")
    path.rename(path.with_name("thorax.json"))
    assert load_preset("thorax").own and preset_files()["thorax"] == path.with_name("thorax.json")
    assert main(["presets", "list", "--json"]) == 0
    rows = {r["name"]: r for r in json.loads(capsys.readouterr().out)["presets"]}
    assert rows["thorax"]["own"] and not rows["pelvis"]["own"]
    with pytest.raises(InputError, match="no preset moon; choose one of"):
        load_preset("moon")


def test_each_structure_gets_its_first_model_that_is_here(home):
    choice = choose(load_preset("chest"))
    assert {s.model.name: s.gives for s in choice.shares} == {
        "body": {"Haut": ("External",), "Lungs": ("Lung_L", "Lung_R")},
        "unet_onnx": {"Myelon": ("SpinalCord",), "Lung_L": ("Lung_L",)}}
    assert set(choice.unavailable) == {"Herz"}
    assert "totalsegmentator_moon is not installed" in choice.unavailable["Herz"]
    assert "has no Heart" in choice.unavailable["Herz"]
    assert choice.install == ("radoncai install totalsegmentator",)
    row = preset_row(load_preset("chest"))
    assert (row["ready"], row["total"]) == (4, 5)
    assert [s["model"] for s in row["structures"]] == ["body", "body", "", "unet_onnx", "unet_onnx"]
    few = choose(load_preset("chest"), wanted=["Myelon", "external"])
    assert few.labels == ("Haut", "Myelon") and not few.unavailable
    with pytest.raises(InputError, match="no Hert; did you mean Herz"):
        choose(load_preset("chest"), wanted=["Hert"])


def test_a_model_that_refuses_the_image_leaves_its_structures_out(home):
    volume = trunk_volume()
    other = type(volume)(volume.array, volume.grid, "MR", "1")
    choice = choose(load_preset("chest"), Placed(PLANNING, other))
    assert choice.shares == () and "made for CT" in choice.unavailable["Haut"]
    assert len(choose(load_preset("chest"), Placed(PLANNING, other), override=True).shares) == 2


def test_one_run_gives_one_set_under_the_clinics_names(home, capsys):
    volume = write_ct_series(trunk_volume(), home / "ct", patient_id="P1")
    assert main(["contour", str(home / "ct"), "--preset", "chest", "-o", str(home / "out"), "--json"]) == 0
    captured = capsys.readouterr()
    said = json.loads(captured.out)
    alone = contour(volume, "body").structures
    whole = alone.find("Lung_L").full(volume.array.shape) | alone.find("Lung_R").full(volume.array.shape)
    rows = {r["structure"]: r for r in said["structures"]}
    assert list(rows)[:2] == ["Haut", "Lungs"] and rows["Haut"]["standard_name"] == "External"
    assert rows["Lungs"]["volume_cc"] == pytest.approx(whole.sum() * volume.grid.voxel_cc, abs=1e-3)
    assert rows["Herz"]["status"] == "not_available" and rows["Herz"]["standard_name"] == "Heart"
    assert said["install"] == ["radoncai install totalsegmentator"]
    assert [m["name"] for m in said["models"]] == ["body", "unet_onnx"]
    assert "body: finding the body" in captured.err and "unet_onnx: running the model" in captured.err
    data = pydicom.dcmread(home / "out" / "rtstruct.dcm")
    described = {r.ROIName: r.get("ROIGenerationDescription", "") for r in data.StructureSetROISequence}
    assert "body" in described["Haut"] and "unet_onnx" in described["Lung_L"]
    assert "Herz" in data.StructureSetDescription
    csv_rows = list(csv.DictReader((home / "out" / "structures.csv").open()))
    assert {r["structure"]: r["status"] for r in csv_rows}["Herz"] == "not_available"


def test_provenance_says_for_each_model_what_it_read_and_took(home):
    write_ct_series(trunk_volume(), home / "ct", patient_id="P1")
    assert main(["contour", str(home / "ct"), "--preset", "chest", "-o", str(home / "out")]) == 0
    record = json.loads((home / "out" / "provenance.json").read_text())
    for model in record["models"]:
        assert set(model) == {"name", "version", "weights", "device", "inputs", "seconds", "structures", "passes",
                              "mirrored"}
        assert [i["series_uid"] for i in model["inputs"].values()] == [record["inputs"]["image"]["series_uid"]]
        assert model["seconds"] > 0
    assert record["models"][0]["structures"] == ["Haut", "Lungs"]
    assert record["name_mapping"]["Lungs"] == "Lung_L+Lung_R" and record["name_mapping"]["Haut"] == "External"
    assert record["options"]["preset"]["name"] == "chest" and len(record["options"]["preset"]["sha256"]) == 64
    assert any(key.startswith("unet_onnx: ") for key in record["seconds"])


def test_nothing_that_can_run_is_an_error_that_says_what_to_install(home, capsys):
    write("moon", {"title": "Moon", "structures": [{"name": "Heart", "model": ["totalsegmentator_moon"]}]})
    write_ct_series(trunk_volume(), home / "ct", patient_id="P1")
    assert main(["contour", str(home / "ct"), "--preset", "moon", "-o", str(home / "out")]) == 3
    assert "radoncai install totalsegmentator" in capsys.readouterr().err and not (home / "out").exists()


def test_a_cancel_in_the_second_model_stops_the_run(home):
    told = []

    def listen(step, fraction):
        told.append(step)
        if step == "unet_onnx: loading the model":
            progress.cancel()
    progress = Progress(listen)
    images = Images(Placed(PLANNING, trunk_volume()))
    with pytest.raises(Cancelled):
        run_shares(choose(load_preset("chest"), images.planning).shares, images, progress)
    assert told[0].startswith("body: ") and told[-1] == "unet_onnx: loading the model"


def test_structures_that_lack_the_same_model_share_one_line(home, capsys):
    few = [{"name": n, "model": ["totalsegmentator_moon"]} for n in ("Heart", "Liver", "Spleen")]
    write("few", {"title": "Few", "site": "thorax", "structures": [CHEST[0], *few]})
    write_ct_series(trunk_volume(), home / "ct", patient_id="P1")
    assert main(["contour", str(home / "ct"), "--preset", "few", "-o", str(home / "out")]) == 0
    out = capsys.readouterr().out
    assert "not available: Heart, Liver, Spleen: The model totalsegmentator_moon is not installed" in out
    assert out.count("is not installed") == 1


def test_where_only_weights_lack_the_weights_are_named_with_the_command(home, monkeypatch):
    monkeypatch.setattr(environments, "installed", lambda name: name == "totalsegmentator")
    said = choose(load_preset("chest"), wanted=["Herz"]).unavailable["Herz"]
    assert said.startswith("The weights of the model totalsegmentator_moon are not installed (radoncai install "
                           "totalsegmentator --weights totalsegmentator_moon).")


def test_the_report_tells_not_available_from_not_found(home):
    images = Images(Placed(PLANNING, trunk_volume()))
    choice = choose(load_preset("chest"), images.planning)
    results = run_shares(choice.shares, images, Progress())
    structures = merged(results, (), choice)
    part = contour_part(contour_section(results, structures, trunk_volume()))
    text = " ".join(str(value) for value in vars(part).values())
    assert "Herz not available" in text and "– no model" in text and "! The model totalsegmentator" not in text


def test_a_model_that_is_here_but_not_ready_is_explained_once(home):
    (home / "home" / "models" / "unet_onnx" / "model.onnx").unlink()
    choice = choose(load_preset("chest"))
    assert choice.unavailable["Lung_L"] == "The model unet_onnx cannot run here."
    assert [p for p in choice.problems if "its weights model.onnx are missing" in p] == list(choice.problems)
    images = Images(Placed(PLANNING, trunk_volume()))
    assert choice.problems[0] in provenance(run_shares(choice.shares, images, Progress()), trunk_volume(), {},
                                            choice).warnings
