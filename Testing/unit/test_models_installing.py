"""From somebody's folder, archive or file into the catalogue: whole or not at all."""

import hashlib
import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from radoncai.core.errors import ModelError
from radoncai.models import agreements
from radoncai.models.catalogue import added, catalogue, damages, find, own_place, scan, search, verify, versions
from radoncai.models.install.describing import facts_from
from radoncai.models.install.installing import add, install, remove
from radoncai.models.spec import read_spec

REAL = Path(__file__).parents[1] / "data" / "models"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def make(place, name="organs", version="1.0.0", **changes):
    """A model folder with weights that are no network."""
    folder = place / f"{name}-from"
    folder.mkdir(parents=True)
    (folder / "weights.onnx").write_bytes(b"numbers")
    model = {"name": name, "version": version, "task": "contour", "runner": "onnx", "sites": ["pelvis"],
             "outputs": [{"name": "Bladder"}], "licence": "MIT",
             "weights": {"weights.onnx": hashlib.sha256(b"numbers").hexdigest()}, **changes}
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "LICENSE").write_text("MIT")
    return folder


def left_behind() -> list[str]:
    return sorted(p.name for p in own_place().iterdir()) if own_place().exists() else []


def test_a_folder_is_copied_and_found(tmp_path):
    source = make(tmp_path)
    folder = install(source)
    shutil.rmtree(source)
    assert find("organs").path == folder.path == own_place() / "organs-1.0.0"
    assert [t for t in verify(folder) if "card" not in t] == []
    assert (folder.path / "LICENSE").is_file()


def test_an_archive_is_unpacked_and_nothing_of_it_stays(tmp_path):
    make(tmp_path)
    with zipfile.ZipFile(tmp_path / "organs.zip", "w") as archive:
        for path in (tmp_path / "organs-from").iterdir():
            archive.write(path, f"organs/{path.name}")
    assert install(tmp_path / "organs.zip").id == "organs@1.0.0"
    assert left_behind() == ["organs-1.0.0"]


def test_versions_stand_side_by_side_and_each_is_reached(tmp_path):
    install(make(tmp_path / "a", version="1.9.0"))
    install(make(tmp_path / "b", version="1.10.0"))
    assert [f.version for f in versions() if f.name == "organs"] == ["1.10.0", "1.9.0"]
    assert find("organs").version == "1.10.0" and find("organs@1.9.0").version == "1.9.0"
    with pytest.raises(ModelError, match=r"no version 2 here; there is 1\.10\.0, 1\.9\.0"):
        find("organs@2")
    with pytest.raises(ModelError, match=r"several: organs@1\.10\.0, organs@1\.9\.0"):
        remove("organs")
    remove("organs@1.10.0")
    assert find("organs").version == "1.9.0"


def test_the_same_version_twice_is_refused_and_the_first_stays(tmp_path):
    first = install(make(tmp_path / "a"))
    with pytest.raises(ModelError, match=r"organs 1\.0\.0 is installed already"):
        install(make(tmp_path / "b", title="another"))
    assert find("organs").title == first.title and left_behind() == ["organs-1.0.0"]


@pytest.mark.parametrize(("change", "said"), [
    ({"name": "../../evil"}, "calls its name '../../evil'"),
    ({"version": "1/2"}, "calls its version '1/2'"),
    ({"weights": {"weights.onnx": "0" * 64}}, "has changed since the model was made"),
    ({"weights": {"other.onnx": "0" * 64}}, "other.onnx is missing"),
    ({"weights": {"../secret.onnx": "0" * 64}}, "leads outside"),
    ({"runner": "magic"}, "the value of 'runner'")])
def test_what_is_wrong_is_refused_and_leaves_nothing(tmp_path, change, said):
    (tmp_path / "secret.onnx").write_bytes(b"x")
    folder = make(tmp_path)
    model = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**model, **change}))
    with pytest.raises(ModelError, match=said):
        install(folder)
    assert left_behind() == []


def test_a_link_that_leads_outside_is_refused(tmp_path):
    folder = make(tmp_path)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "notes.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(ModelError, match="notes.txt leads outside"):
        install(folder)
    assert left_behind() == []


def test_programs_and_unnamed_weights_are_not_copied(tmp_path):
    folder = make(tmp_path)
    (folder / "run.py").write_text("print()")
    (folder / "other.pt").write_bytes(b"x")
    path = install(folder).path
    assert sorted(p.name for p in path.iterdir()) == ["LICENSE", "model.json", "weights.onnx"]


def test_a_restricting_licence_is_agreed_to_before_anything_is_kept(tmp_path):
    folder = make(tmp_path, licence="CC BY-NC 4.0")
    with pytest.raises(ModelError, match="not free for every use.*--agree"):
        install(folder)
    assert left_behind() == []
    installed = install(folder, agreed=("licence",))
    assert agreements.needed(installed) == ()


def test_an_added_folder_stays_where_it_is_and_is_forgotten_again(tmp_path):
    make(tmp_path / "shelf")
    assert [f.id for f in add(tmp_path / "shelf")] == ["organs@1.0.0"]
    assert find("organs").path == tmp_path / "shelf" / "organs-from"
    with pytest.raises(ModelError, match="is added and cannot be removed"):
        remove("organs")
    shutil.move(tmp_path / "shelf", tmp_path / "away")
    assert "is gone" in str(scan()[1][tmp_path / "shelf"])
    remove(str(tmp_path / "shelf"))
    assert added() == () and (tmp_path / "away" / "organs-from").is_dir()
    with pytest.raises(ModelError, match=r"holds no folder with a model\.json"):
        add(tmp_path)


def test_a_bundled_model_cannot_be_removed():
    with pytest.raises(ModelError, match="body is bundled and cannot be removed"):
        remove("body")


def test_search_by_site_modality_structure_and_words(tmp_path):
    install(make(tmp_path, modality=["MR"], title="Bladder on MR"))
    every = list(catalogue().values())
    assert [f.name for f in search(every, site="Pelvis", task="contour")] == ["body", "organs"]
    assert [f.name for f in search(every, modality="mr")] == ["organs"]
    assert [f.name for f in search(every, structure="Left Parotid")] == ["hn_oar"]
    assert [f.name for f in search(every, text="bladder mr")] == ["organs"]
    assert search(every, text="bladder kidney") == []


def test_real_models_of_each_format_get_a_model_json(tmp_path):
    for name in ("unet_onnx", "bundle", "unet_torchscript"):
        shutil.copytree(REAL / name, tmp_path / name)
    (tmp_path / "bundle" / "model.json").unlink()
    (tmp_path / "bundle" / "card.json").unlink()
    bundle = install(tmp_path / "bundle", facts={"name": "chest"})
    assert bundle.model.runner == "monai_bundle" and all(len(h) == 64 for h in bundle.model.weights.values())
    assert [t for t in verify(bundle) if "card" not in t] == []
    script = install(tmp_path / "unet_torchscript")
    assert [a.kind for a in agreements.needed(script)] == ["code"]


def test_a_trained_nnunet_folder_gets_a_model_json(tmp_path):
    shutil.copytree(REAL / "nnunet_3d", tmp_path / "nnunet_3d")
    for name in ("model.json", "card.json"):
        (tmp_path / "nnunet_3d" / name).unlink()
    folder = install(tmp_path / "nnunet_3d", facts={"name": "heads", "licence": "MIT"})
    assert folder.model.runner == "nnunet" and folder.model.names and damages(folder) == []
    assert folder.card["licence"] == "MIT" and any("checkpoint" in name for name in folder.model.weights)


def test_a_hostile_archive_leaves_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("model/model.json", "{}")
        archive.writestr("../../evil.txt", "evil")
    with pytest.raises(ModelError, match="outside its folder"):
        install(tmp_path / "evil.zip")
    assert left_behind() == [] and not list(tmp_path.rglob("evil.txt"))


def test_an_onnx_file_alone_needs_its_names_and_spacing(tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    with pytest.raises(ModelError, match="add --structures A,B.* and --spacing-mm"):
        install(REAL / "unet_onnx" / "model.onnx")
    facts = facts_from({"name": "lungs", "structures": "Lung_L,Lung_R,SpinalCord", "spacing_mm": "8,6,6",
                        "patch": "24,40,40", "clip": "-1000,1000"})
    folder = install(REAL / "unet_onnx" / "model.onnx", facts=facts)
    assert folder.model.activation == "softmax" and folder.model.inputs[0].std == 1000.0
    with pytest.raises(ModelError, match="gives 4 channels and 2 structures"):
        install(REAL / "unet_onnx" / "model.onnx", facts={**facts, **facts_from({"structures": "A,B", "name": "two"})})


def test_other_files_and_folders_are_refused_with_what_is_needed(tmp_path):
    (tmp_path / "net.pt").write_bytes(b"x")
    with pytest.raises(ModelError, match="net.pt alone does not say what network"):
        install(tmp_path / "net.pt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="is no model that is known here"):
        install(tmp_path / "empty")
    with pytest.raises(ModelError, match="There is nothing at"):
        install(tmp_path / "absent")
    make(tmp_path / "two", "a")
    make(tmp_path / "two", "b")
    with pytest.raises(ModelError, match="holds several models"):
        install(tmp_path / "two")
    with pytest.raises(ModelError, match="'3,1' is not what spacing_mm takes"):
        facts_from({"spacing_mm": "3,1"})


def test_a_tar_of_the_folder_itself_is_unpacked_and_tricks_stay_refused(tmp_path):
    source = make(tmp_path)
    with tarfile.open(tmp_path / "organs.tar", "w") as archive:
        archive.add(source, ".")
    assert install(tmp_path / "organs.tar").id == "organs@1.0.0"
    for name in ("./../evil", "", ".."):
        with tarfile.open(tmp_path / "evil.tar", "w") as archive:
            archive.addfile(tarfile.TarInfo(name))
        with pytest.raises(ModelError, match="outside its folder"):
            install(tmp_path / "evil.tar")


@pytest.mark.parametrize(("change", "said"), [
    ({"flipss": True}, "holds the key 'flipss', which nothing reads; write 'flips' if that is meant"),
    ({"license": "CC BY-NC 4.0"}, "write 'licence' if that is meant"),
    ({"colour": "red"}, "begin with _ or x_"),
    ({"runner": "onx"}, "is 'onx'; choose onnx, torch,"),
    ({"spacing_mm": [1, 2]}, r"is \[1, 2\]; it takes three numbers above 0")])
@pytest.mark.parametrize("packed", [False, True])
def test_an_error_names_the_own_path_the_value_and_what_may_stand_there(tmp_path, change, said, packed):
    source = make(tmp_path, **change)
    if packed:
        source = Path(shutil.make_archive(str(tmp_path / "organs"), "zip", source))
    with pytest.raises(ModelError, match=said) as error:
        install(source)
    assert str(source) in str(error.value) and ".installing" not in str(error.value)
    assert "install the model again" not in str(error.value)


def test_notes_of_a_persons_own_pass_and_an_unknown_key_is_a_finding(tmp_path):
    folder = install(make(tmp_path, _note="mine", x_made_with="scanner 3"))
    assert damages(folder) == []
    path = folder.path / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "flipss": True}))
    assert "organs@1.0.0: model.json holds the key 'flipss'" in damages(find("organs"))[0]


def test_a_name_that_makes_no_folder_names_the_option(tmp_path):
    with pytest.raises(ModelError, match=r"\(--as gives it another\)"):
        install(make(tmp_path, "organs", **{"title": "x"}), facts={"name": "a/b"})


@pytest.mark.parametrize("place", sorted(REAL.glob("*/model.json")), ids=lambda p: p.parent.name)
def test_the_models_made_here_hold_no_unknown_key(place):
    assert read_spec(place).unknown == ()
