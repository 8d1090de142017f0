"""MONAI bundles: the labels that MONAI's own program gives, from the same folder and none of its code."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("monai", reason="monai is not installed")
sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
import SimpleITK as sitk  # noqa: E402
from make_models import CHEST, CHEST_MM, HEAD, MODELS, mr_beside_ct  # noqa: E402

from radoncai.contour.job import contour  # noqa: E402
from radoncai.core.errors import Cancelled, InputError, ModelError, PlatformError  # noqa: E402
from radoncai.core.grid import Grid  # noqa: E402
from radoncai.core.progress import Progress  # noqa: E402
from radoncai.core.resample import to_sitk  # noqa: E402
from radoncai.core.volume import Volume  # noqa: E402
from radoncai.models import runners  # noqa: E402
from radoncai.models.catalogue import read_folder  # noqa: E402
from radoncai.models.runners.monai_bundle import describe  # noqa: E402
from radoncai.models.weights import sha256  # noqa: E402
from radoncai.phantom.patient import sample_patient  # noqa: E402

# Dice that a minute of training reaches on another drawing of the chest; the cord is one voxel wide there
LEAST = (0.85, 0.85, 0.2)


@pytest.fixture(scope="module")
def chest():
    return sample_patient(seed=3, spacing_mm=(5.0, 4.0, 4.5), z_range_mm=CHEST_MM)


@pytest.fixture(scope="module")
def head():
    from drawn_mr import HEAD_MM
    return sample_patient(seed=3, spacing_mm=(5.0, 4.0, 4.0), z_range_mm=HEAD_MM)


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / max(1, np.count_nonzero(a) + np.count_nonzero(b))


def labels_of(structures, names):
    out = np.zeros(structures.grid.shape, np.uint8)
    for number, name in enumerate(names, 1):
        if name in structures.names:
            out[structures.find(name).full(out.shape)] = number
    return out


def turned(volume):
    """The same voxels, stored from head to feet and with rows and columns swapped."""
    matrix = volume.grid.index_to_lps.copy()
    matrix[:3, 3] = volume.grid.to_lps(np.array([[0, 0, volume.grid.shape[0] - 1]]))[0]
    matrix[:3, :3] = matrix[:3, [1, 0, 2]] * [1, 1, -1]
    array = np.ascontiguousarray(volume.array[::-1].transpose(0, 2, 1))
    return Volume(array, Grid(array.shape, matrix), volume.modality, volume.unit)


def monai_labels(bundle, images, tmp_path):
    """What `python -m monai.bundle run` writes for images stored as NIfTI, [k, j, i] on the first one's grid."""
    pytest.importorskip("fire", reason="fire is not installed, monai.bundle needs it")
    pytest.importorskip("ignite", reason="pytorch-ignite is not installed, the evaluator needs it")
    pytest.importorskip("nibabel", reason="nibabel is not installed, monai reads NIfTI with it")
    root = tmp_path / "bundle"
    shutil.copytree(bundle, root)
    (root / "data").mkdir()
    for name, volume in images.items():
        sitk.WriteImage(to_sitk(volume.array, volume.grid), str(root / "data" / f"{name}.nii.gz"))
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", "configs/inference.json", "--meta_file",
               "configs/metadata.json", "--bundle_root", str(root)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (written,) = (root / "eval").rglob("*.nii.gz")
    return sitk.GetArrayFromImage(sitk.ReadImage(str(written))).astype(np.uint8)


def assert_same_labels(ours, theirs):
    """Design 3: at most 0.1 % of labelled voxels differ, and every structure has Dice 0.995 or more."""
    assert theirs.max() > 1 and ours.shape == theirs.shape
    assert np.count_nonzero(ours != theirs) <= 0.001 * np.count_nonzero(theirs)
    assert all(dice(ours == n, theirs == n) >= 0.995 for n in np.unique(theirs)[1:])


@pytest.mark.slow
def test_the_same_labels_as_monais_own_program(chest, tmp_path):
    result = contour(chest.ct, read_folder(MODELS / "bundle"), device="cpu")
    theirs = monai_labels(MODELS / "bundle", {"ct": chest.ct}, tmp_path)
    assert_same_labels(labels_of(result.structures, CHEST), theirs)


@pytest.mark.slow
def test_the_same_labels_with_two_images_on_grids_of_their_own(head, tmp_path):
    folder, mr = read_folder(MODELS / "bundle_two_images"), mr_beside_ct()
    assert mr.grid.shape != head.ct.grid.shape
    result = contour(head.ct, folder, device="cpu", images={"MR": mr})
    theirs = monai_labels(folder.path, {"ct": head.ct, "mr": mr}, tmp_path)
    assert_same_labels(labels_of(result.structures, HEAD), theirs)


def test_structures_lie_where_they_were_drawn(chest):
    seen = []
    result = contour(chest.ct, read_folder(MODELS / "bundle"), device="cpu", uncertainty=True,
                     progress=Progress(lambda step, fraction: seen.append((step, fraction))))
    for name, least in zip(CHEST, LEAST, strict=True):
        found, truth = result.structures.find(name), chest.truth.find(name)
        assert dice(found.full(chest.ct.grid.shape), truth.full(chest.ct.grid.shape)) > least, name
        assert found.standard_name == name and 0 < found.uncertainty < 5
    assert result.entropy.shape == chest.ct.grid.shape and result.entropy.max() > 200
    assert sum(step == "running the model" for step, _ in seen) > 4
    assert all(0 <= fraction <= 1 for _, fraction in seen)


def test_the_image_may_be_stored_in_any_order(chest):
    folder = read_folder(MODELS / "bundle")
    upright = labels_of(contour(chest.ct, folder, device="cpu").structures, CHEST)
    stored = labels_of(contour(turned(chest.ct), folder, device="cpu").structures, CHEST)
    back = stored.transpose(0, 2, 1)[::-1]
    assert np.count_nonzero(back != upright) <= 0.001 * np.count_nonzero(upright)


def test_only_the_structures_asked_for(chest):
    folder = read_folder(MODELS / "bundle")
    some, whole = contour(chest.ct, folder, structures=["SpinalCord"]), contour(chest.ct, folder)
    assert some.structures.names == ("SpinalCord",)
    assert (some.structures.find("SpinalCord").full(chest.ct.grid.shape)
            == whole.structures.find("SpinalCord").full(chest.ct.grid.shape)).all()


def test_both_images_count_and_a_missing_one_is_named(head):
    folder, mr = read_folder(MODELS / "bundle_two_images"), mr_beside_ct()
    result = contour(head.ct, folder, device="cpu", images={"MR": mr})
    for name in HEAD:
        found, truth = (s.find(name).full(head.ct.grid.shape) for s in (result.structures, head.truth))
        assert dice(found, truth) > 0.35, name
        apart = [np.mean(np.nonzero(found), axis=1) - np.mean(np.nonzero(truth), axis=1)] * np.array((5.0, 4.0, 4.0))
        assert np.linalg.norm(apart) < 12, name
    dark = contour(head.ct, folder, device="cpu", images={"MR": mr.with_array(mr.array * 0)})
    assert (labels_of(dark.structures, HEAD) != labels_of(result.structures, HEAD)).sum() > 500
    with pytest.raises((ModelError, InputError), match="MR"):
        contour(head.ct, folder, device="cpu")


def test_cancel_between_two_tiles(chest):
    def listen(step, fraction):
        if step == "running the model" and fraction > 0.3:
            progress.cancel()
    progress = Progress(listen)
    with pytest.raises(Cancelled):
        contour(chest.ct, read_folder(MODELS / "bundle"), device="cpu", progress=progress)


def changed(tmp_path, change, name="bundle", metadata=None):
    """The bundle with other settings, its hashes made anew."""
    root = shutil.copytree(MODELS / name, tmp_path / "changed")
    for file, act in (("inference", change), ("metadata", metadata)):
        path = root / "configs" / f"{file}.json"
        content = json.loads(path.read_text())
        if act:
            act(content)
        path.write_text(json.dumps(content))
    model = json.loads((root / "model.json").read_text())
    model["weights"] = {name: sha256(root / name) for name in model["weights"]}
    (root / "model.json").write_text(json.dumps(model))
    return read_folder(root)


def test_a_bundle_that_does_not_go_back_is_brought_back(chest, tmp_path):
    """Its probabilities are interpolated linearly before they are decided, as MONAI's inverse of Spacingd does."""
    def without_inverse(content):
        steps = content["postprocessing"]["transforms"]
        steps[:] = [s for s in steps if s["_target_"] != "Invertd"]
    result = contour(chest.ct, changed(tmp_path, without_inverse), device="cpu")
    whole = contour(chest.ct, read_folder(MODELS / "bundle"), device="cpu")
    for name in CHEST:
        a, b = (r.structures.find(name).full(chest.ct.grid.shape) for r in (result, whole))
        assert dice(a, b) > 0.97, name


def test_references_macros_and_arithmetic_of_settings(chest, tmp_path):
    def rewritten(content):
        content["half"] = [8, 28, 32]
        content["doubled"] = "$[2 * n for n in @half]"  # nobody asks for it, so that its code is never looked at
        content["inferer"]["roi_size"] = ["$@half::0 * 2", "$@half#1 * 2", "$int(@half::2 / 0.5)"]
        content["inferer"]["sw_device"] = "@device"
        content["shape"] = {"patch": "%inferer::roi_size"}
        content["preprocessing"]["transforms"][3]["pixdim"] = "$(8.0, 6.0) + (6.0,)"
        content["preprocessing"]["transforms"].append(
            {"_target_": "monai.transforms.CastToTyped", "keys": "image", "dtype": "$torch.float32"})
        content["preprocessing"]["transforms"].insert(
            0, {"_target_": "RandFlipd", "keys": "image", "prob": 1.0, "_disabled_": "$not False"})
    result = contour(chest.ct, changed(tmp_path, rewritten), device="cpu")
    same = contour(chest.ct, read_folder(MODELS / "bundle"), device="cpu")
    assert (labels_of(result.structures, CHEST) == labels_of(same.structures, CHEST)).all()


def test_settings_in_yaml(chest, tmp_path):
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    folder = changed(tmp_path, None)
    path = folder.path / "configs" / "inference.json"
    path.with_suffix(".yaml").write_text(yaml.safe_dump(json.loads(path.read_text())))
    path.unlink()
    model = json.loads((folder.path / "model.json").read_text())
    del model["weights"]["configs/inference.json"]
    model["weights"]["configs/inference.yaml"] = sha256(path.with_suffix(".yaml"))
    (folder.path / "model.json").write_text(json.dumps(model))
    assert contour(chest.ct, read_folder(folder.path), device="cpu").structures.names == CHEST


def test_what_a_model_json_says_of_a_bundle():
    said = describe(MODELS / "bundle_two_images")
    assert said["name"] == "head_ct_and_mr_test_bundle" and said["runner"] == "monai_bundle"
    assert [o["name"] for o in said["outputs"]] == list(HEAD)
    assert [(i["name"], i["modality"]) for i in said["images"]] == [("CT", "CT"), ("MR", "MR")]
    assert [i["image"] for i in said["inputs"]] == ["CT", "MR"] and said["modality"] == ["CT"]
    assert set(said["weights"]) == {"configs/metadata.json", "configs/inference.json", "models/model.pt"}
    assert said["card"]["training_data"] == "The drawn sample patient."


def test_labels_get_their_standard_names(tmp_path):
    def other_words(content):
        pred = content["network_data_format"]["outputs"]["pred"]
        pred["channel_def"] = {"0": "background", "1": "left lung", "2": "Lung Right", "3": "my organ"}
    folder = changed(tmp_path, None, metadata=other_words)
    assert [o["name"] for o in describe(folder.path)["outputs"]] == ["Lung_L", "Lung_R", "my_organ"]


@pytest.mark.parametrize("missing", ["configs/metadata.json", "configs/inference.json", "models/model.pt"])
def test_a_folder_that_is_no_bundle_is_said(tmp_path, missing):
    root = shutil.copytree(MODELS / "bundle", tmp_path / "b")
    (root / missing).unlink()
    with pytest.raises(ModelError, match=f"lacks {missing}"):
        describe(root)
    with pytest.raises(ModelError, match=f"lacks {missing}"):
        runners.open(read_folder(root), "cpu")


def test_outputs_that_do_not_fit_the_bundle_are_said(tmp_path):
    folder = changed(tmp_path, None)
    model = json.loads((folder.path / "model.json").read_text())
    model["outputs"] = model["outputs"][:2]
    (folder.path / "model.json").write_text(json.dumps(model))
    with pytest.raises(ModelError, match="names 2 outputs, the bundle's metadata 3"):
        runners.open(read_folder(folder.path), "cpu")


def test_a_step_that_fails_is_named(chest, tmp_path):
    def wrong(content):
        content["preprocessing"]["transforms"][4]["keys"] = "label"
    with pytest.raises(ModelError, match="step ScaleIntensityRanged of the bundle bundle failed on this image"):
        contour(chest.ct, changed(tmp_path, wrong), device="cpu")


def test_an_image_too_big_for_the_memory_is_said_before_anything_runs(chest, monkeypatch):
    """Three labels and a background on 62 x 120 x 107 voxels: 16 copies of 3 MB."""
    from radoncai.models.runners.monai_bundle import runner
    monkeypatch.setattr(runner, "available_mb", lambda: 20)
    with pytest.raises(PlatformError, match="needs about 0.0 GB of memory for its 3 labels"):
        contour(chest.ct, read_folder(MODELS / "bundle"), device="cpu")
    assert contour(chest.ct, read_folder(MODELS / "bundle"), device="cpu", override=True).structures.names == CHEST


def test_describing_needs_neither_torch_nor_monai():
    code = ("import sys; from pathlib import Path; from radoncai.models.runners.monai_bundle import describe; "
            f"describe(Path({str(MODELS / 'bundle')!r})); print(' '.join({{m.split('.')[0] for m in sys.modules}}))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(out.stdout.split()) & {"torch", "monai"}
